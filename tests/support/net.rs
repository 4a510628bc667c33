//! Ports, requests, and lines that can be counted.

use super::daemon::whole_lines;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Values that must never be in a byte written.
pub const MARKS: [&str; 3] = ["13800138001", "11010519491231002X", "203.0.113.77"];

/// A port of the loopback that is free now. The system gives it to no connection before the daemon has it: it is below those.
pub fn port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + (n % 20_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Makes `cert.pem` for the loopback and `tls.key` in a folder; false where that can't be done.
pub fn certificate(dir: &Path) -> bool {
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(dir.join("tls.key"))
        .arg("-out")
        .arg(dir.join("cert.pem"))
        .stderr(std::process::Stdio::null())
        .status();
    let well = made.is_ok_and(|s| s.success());
    if !well {
        eprintln!("skipped: no openssl to make a certificate");
    }
    well
}

/// The `n`th record, without its end; every mark is in it.
pub fn record(n: u64) -> String {
    format!("n={n} mobile={}&idcard={}&ip={} end", MARKS[0], MARKS[1], MARKS[2])
}

/// Status and body of a request on a connection of its own; status 0 when it was closed without an answer.
pub fn http(port: u16, line: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let len = body.len();
    let head = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n");
    // The server may answer and close before it has read all.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, b)| b.into()))
}

/// A value of the page of metrics; 0 when it is not there.
pub fn metric(ops: u16, name: &str) -> u64 {
    let page = http(ops, "GET /metrics", b"").1;
    page.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0)
}

/// The numbers of records in a text; fails on a line that is torn. The last one may be in the making.
pub fn numbers(text: &str) -> Vec<u64> {
    let number = |l: &str| {
        let whole = l.strip_prefix("n=").filter(|l| l.ends_with(" end"));
        whole.and_then(|l| l.split(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("a torn record: {l:?}"))
    };
    whole_lines(text).map(number).collect()
}

/// True when each number below `all` is there.
pub fn complete(got: &[u64], all: u64) -> bool {
    let mut seen = vec![false; all as usize];
    got.iter().filter(|n| **n < all).for_each(|n| seen[*n as usize] = true);
    seen.iter().all(|s| *s)
}

/// Fails when a number below `all` is missing or there twice.
pub fn assert_each_once(mut got: Vec<u64>, all: u64, said: &str) {
    got.sort_unstable();
    let lost: Vec<_> = (0..all).filter(|n| got.binary_search(n).is_err()).collect();
    let twice: Vec<_> = got.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
    let show = |v: &[u64]| format!("{} {:?}", v.len(), &v[..v.len().min(5)]);
    assert!(lost.is_empty() && twice.is_empty(), "lost {}, twice {} of {all}\n{said}", show(&lost), show(&twice));
}

/// A number that the environment may set.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |v| v.parse().unwrap())
}

/// Resident memory of a process in KiB: `VmRSS` now, `VmHWM` at its peak.
pub fn memory(pid: u32, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix(what)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
