//! Clients that mean harm, or are many: slow ones, ten thousand at once, too large and malformed ones.

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::daemon::{Dice, Place, wait_for};
use support::net::{MARKS, assert_each_once, complete, http, memory, metric, number, numbers, port, record};

const FILE: &str = "[sink.file.clean]\npath = 'DIR/out/clean.log'\n";

fn got(place: &Place) -> Vec<u64> {
    numbers(&place.read("out/clean.log"))
}

/// Clients that send a byte now and then until they are told to stop, or are closed.
struct Drip {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<bool>>,
}

impl Drip {
    fn new(port: u16, clients: usize, text: &str) -> Drip {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..clients).map(|_| {
            let (stop, text) = (stop.clone(), text.to_string());
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            std::thread::spawn(move || {
                for byte in text.bytes().cycle() {
                    if stream.write_all(&[byte]).is_err() {
                        return true;
                    }
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
                false
            })
        });
        Drip { threads: threads.collect(), stop }
    }

    /// True when all of them were closed by the other side.
    fn closed(self) -> bool {
        wait_for("all are closed", || self.threads.iter().all(|t| t.is_finished()));
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().all(|t| t.join().unwrap())
    }
}

#[test]
fn slow_heads_hold_a_place_for_ten_seconds() {
    let (input, ops) = (port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n\
         [source.http.in]\naddress = '127.0.0.1:{input}'\nmax_connections = 30\n{FILE}"
    ));
    let daemon = place.start_ready();
    let drip = Drip::new(input, 30, &format!("POST /?{} HTTP/1.1\r\nX: {}", MARKS[0], MARKS[1].repeat(20)));
    let refused = || metric(ops, "logveil_refused_total{source=\"in\",reason=\"connections\"}");
    let post = || http(input, "POST /", record(0).as_bytes()).0;
    wait_for("a refused client", || post() == 0 && refused() > 0);
    assert_eq!(http(ops, "GET /healthz", b"").0, 200);
    wait_for("a client that is served", || post() == 200);
    assert!(drip.closed());
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &MARKS);
}

#[test]
fn slow_frames_hold_a_place_for_the_idle_time() {
    let (tcp, ops) = (port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n\
         [source.syslog.tcp]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\nmax_connections = 30\nidle = '2s'\n{FILE}"
    ));
    let daemon = place.start_ready();
    let drip = Drip::new(tcp, 30, &format!("<13>{}", record(9).repeat(3)));
    let send = || {
        let sent = TcpStream::connect(("127.0.0.1", tcp)).and_then(|mut s| {
            s.write_all(format!("<13>{}\n", record(0)).as_bytes())?;
            s.read(&mut [0])
        });
        drop(sent);
    };
    wait_for("a refused client", || {
        send();
        metric(ops, "logveil_refused_total{source=\"tcp\",reason=\"connections\"}") > 0
    });
    wait_for("a client that is served", || {
        send();
        place.read("out/clean.log").contains("n=0 ")
    });
    assert!(drip.closed());
    assert!(metric(ops, "logveil_refused_total{source=\"tcp\",reason=\"idle\"}") >= 30);
    assert!(daemon.stop().success());
    assert!(got(&place).iter().all(|n| *n == 0), "nothing of a frame without end");
    place.assert_clean(&["key"], &MARKS);
}

/// As many open files as this process may have.
fn open_files() -> u64 {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
    most.unwrap_or(1 << 20)
}

/// All of them are open at the same time, and each sends a record. `LOGVEIL_CONNECTIONS` says how many.
#[test]
fn ten_thousand_connections_at_once() {
    let wanted = number("LOGVEIL_CONNECTIONS", 10_000);
    let all = wanted.min(open_files().saturating_sub(500));
    if all < wanted {
        eprintln!("{all} connections only: no right to open more files");
    }
    let (tcp, ops) = (port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n\
         [source.syslog.tcp]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\nmax_connections = {all}\n{FILE}"
    ));
    let daemon = place.start_ready();
    let mut open: Vec<_> = (0..all).map(|_| TcpStream::connect(("127.0.0.1", tcp)).unwrap()).collect();
    // Torn frames first, so that each connection holds something.
    let text: Vec<_> = (0..all).map(|n| format!("<13>{}\n", record(n))).collect();
    open.iter_mut().zip(&text).for_each(|(s, t)| s.write_all(&t.as_bytes()[..20]).unwrap());
    // One more than it may have.
    let mut more = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    let _ = more.write_all(b"<13>n=0 too many end\n");
    wait_for("one too many", || metric(ops, "logveil_refused_total{source=\"tcp\",reason=\"connections\"}") == 1);
    open.iter_mut().zip(&text).for_each(|(s, t)| s.write_all(&t.as_bytes()[20..]).unwrap());
    wait_for("a record of each", || complete(&got(&place), all));
    let kib = memory(daemon.child.id(), "VmHWM");
    println!("{all} connections, peak {kib} KiB");
    assert!(kib < (64 << 10) + 16 * all, "{kib} KiB");
    drop(open);
    assert!(daemon.stop().success());
    assert_each_once(got(&place), all, &place.read("said"));
    place.assert_clean(&["key"], &MARKS);
}

#[test]
fn what_is_too_large_is_left_out_and_counted() {
    let (tcp, udp, input, ops) = (port(), port(), port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n\
         [source.syslog.tcp]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\nmax_message = '1KiB'\n\
         [source.syslog.udp]\ntransport = 'udp'\naddress = '127.0.0.1:{udp}'\nmax_message = '1KiB'\n\
         [source.http.in]\naddress = '127.0.0.1:{input}'\nmax_body = '4KiB'\n\
         [source.stream.pipe]\npath = 'DIR/pipe'\nmax_record = '1KiB'\n{FILE}"
    ));
    assert!(std::process::Command::new("mkfifo").arg(place.at("pipe")).status().unwrap().success());
    let daemon = place.start_ready();
    let huge = record(99).repeat(200);
    let mut stream = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    stream.write_all(format!("<13>{}\n<13>{huge}\n<13>{}\n", record(0), record(1)).as_bytes()).unwrap();
    let mut counted = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    let frame = |text: &str| format!("{} <13>{text}", text.len() + 4);
    let text = [frame(&record(2)), frame(&huge), frame(&record(3))].concat();
    let _ = counted.write_all(text.as_bytes());
    let gram = UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in [record(4), huge.clone(), record(5)] {
        gram.send_to(format!("<13>{text}").as_bytes(), ("127.0.0.1", udp)).unwrap();
    }
    assert_eq!(http(input, "POST /", record(6).as_bytes()).0, 200);
    assert_eq!(http(input, "POST /", huge.as_bytes()).0, 413);
    assert_eq!(http(input, "POST /", record(7).as_bytes()).0, 200);
    let mut pipe = File::options().write(true).open(place.at("pipe")).unwrap();
    pipe.write_all(format!("{}\n{huge}\n{}\n", record(8), record(9)).as_bytes()).unwrap();
    wait_for("the others", || [0, 1, 2, 4, 5, 6, 7, 8, 9].iter().all(|n| got(&place).contains(n)));
    let refused =
        |source: &str| metric(ops, &format!("logveil_refused_total{{source=\"{source}\",reason=\"too_long\"}}"));
    wait_for("counts", || ["tcp", "udp", "in", "pipe"].iter().all(|s| refused(s) == 1));
    // What follows a length that can't be right has no beginning: the connection ends.
    wait_for("its end", || metric(ops, "logveil_refused_total{source=\"tcp\",reason=\"framing\"}") == 1);
    std::fs::write(place.at("page"), http(ops, "GET /metrics", b"").1).unwrap();
    assert!(daemon.stop().success());
    assert!(!got(&place).contains(&99));
    place.assert_clean(&["key"], &MARKS);
}

/// Bytes that are no frames, with planted values between them. What can be read as a record is one, de-identified.
#[test]
fn noise_harms_nobody() {
    let (tcp, udp, input, ops) = (port(), port(), port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\nlog = 'json'\n\
         [source.syslog.tcp]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\n\
         [source.syslog.udp]\ntransport = 'udp'\naddress = '127.0.0.1:{udp}'\n\
         [source.http.in]\naddress = '127.0.0.1:{input}'\n{FILE}"
    ));
    let daemon = place.start_ready();
    let mut dice = Dice(0x1234_5678);
    let gram = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..300 {
        let mut noise: Vec<u8> = (0..dice.roll(400)).map(|_| dice.roll(256) as u8).collect();
        let start =
            ["", "<", "<999999>", "0 ", "7 <13>", "99999999999999999999 ", "<13>1 - - - - - [", "POST / HTTP/9\r\n"];
        let mut bytes = start[dice.roll(8) as usize].as_bytes().to_vec();
        bytes.append(&mut noise);
        bytes.extend_from_slice(format!("\n{}\0{}\r\n", record(1), record(2)).as_bytes());
        for port in [tcp, input, ops] {
            let _ = TcpStream::connect(("127.0.0.1", port)).unwrap().write_all(&bytes);
        }
        gram.send_to(&bytes, ("127.0.0.1", udp)).unwrap();
    }
    let mut good = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    good.write_all(format!("<13>last {}\n", record(3)).as_bytes()).unwrap();
    wait_for("a record behind the noise", || place.read("out/clean.log").contains("last n=3 mobile=phone_"));
    assert_eq!(http(input, "POST /", record(4).as_bytes()).0, 200);
    assert!(metric(ops, "logveil_refused_total{source=\"tcp\",reason=\"framing\"}") > 0);
    std::fs::write(place.at("page"), http(ops, "GET /metrics", b"").1).unwrap();
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &MARKS);
}
