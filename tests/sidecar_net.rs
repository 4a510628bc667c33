//! Sources and sinks of the network: each one end to end, and what they do with faults.

mod support;

use rustix::process::Signal;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;
use support::daemon::{Place, wait_for};
use support::net::{certificate, metric, port};

const PHONE: &str = "13800138001";
const FILE: &str = "[sink.file.clean]\npath = 'DIR/out/clean.log'\n";

fn lines(place: &Place) -> usize {
    place.read("out/clean.log").lines().count()
}

/// One request on a connection of its own: status and body.
fn http(port: u16, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!("{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let (first, rest) = head.split_once("\r\n").unwrap();
    let (line, headers) = first.split_once('|').map_or((first.to_string(), String::new()), |(a, b)| {
        let (extra, version) = b.rsplit_once(" HTTP").unwrap();
        (format!("{a} HTTP{version}"), format!("{extra}\r\n"))
    });
    // The server may answer and close before it has read all of a body that is too large.
    let head = format!("{line}\r\n{rest}{headers}Content-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, b)| b.into()))
}

#[test]
fn syslog_over_every_transport() {
    let (udp, tcp, ops) = (port(), port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n\
         [source.syslog.udp]\ntransport = 'udp'\naddress = '127.0.0.1:{udp}'\n\
         [source.syslog.tcp]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\n\
         [source.syslog.gram]\ntransport = 'unixgram'\naddress = 'DIR/gram.sock'\n\
         [source.syslog.unix]\ntransport = 'unix'\naddress = 'DIR/unix.sock'\nkeep_header = true\n{FILE}"
    ));
    let daemon = place.start_ready();
    let nginx = |what: &str| format!("<190>Nov 23 16:18:46 vm nginx: {what} mobile={PHONE} end");
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(nginx("udp").as_bytes(), ("127.0.0.1", udp)).unwrap();
    UnixDatagram::unbound().unwrap().send_to(nginx("gram").as_bytes(), place.at("gram.sock")).unwrap();
    let mut lf = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    lf.write_all(format!("{}\n{}", nginx("lf one"), nginx("lf two, no end")).as_bytes()).unwrap();
    drop(lf);
    let mut counted = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    let text = nginx("counted") + "\n";
    counted.write_all(format!("{} {text}{} {text}", text.len(), text.len()).as_bytes()).unwrap();
    UnixStream::connect(place.at("unix.sock")).unwrap().write_all((nginx("unix") + "\n").as_bytes()).unwrap();
    wait_for("seven records", || lines(&place) == 7);
    let out = place.read("out/clean.log");
    for start in ["udp mobile=phone_", "gram mobile=phone_", "lf one mobile=phone_", "lf two, no end mobile=phone_"] {
        assert!(out.lines().any(|l| l.starts_with(start) && l.ends_with(" end")), "{start}\n{out}");
    }
    assert_eq!(out.matches("counted mobile=phone_").count(), 2, "{out}");
    assert!(out.contains("<190>Nov 23 16:18:46 vm nginx: unix mobile=phone_"), "{out}");
    // Malformed frames end their connection and nothing else.
    for bad in [&b"99999999999 <13>x"[..], b"12x <13>", &[b'9'; 100], b"0"] {
        let mut s = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
        s.write_all(bad).unwrap();
    }
    counted.write_all(format!("{} {text}", text.len()).as_bytes()).unwrap();
    wait_for("one more", || lines(&place) == 8);
    // Counts are published with commits.
    wait_for("counts", || http(ops, "GET /metrics", b"").1.contains("logveil_records_total{sink=\"clean\"} 8"));
    // Each connection has a task of its own.
    wait_for("refusals", || metric(ops, "logveil_refused_total{source=\"tcp\",reason=\"framing\"}") > 0);
    let (status, page) = http(ops, "GET /metrics", b"");
    assert_eq!(status, 200);
    assert!(page.contains("logveil_findings_total{sink=\"clean\",entity=\"phone"), "{page}");
    assert!(!page.contains(PHONE));
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &[PHONE]);
}

#[test]
fn http_answers_when_the_sink_has_the_records() {
    let (input, ops) = (port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n\
         [source.http.in]\naddress = '127.0.0.1:{input}'\nmax_body = '64KiB'\ntimeout = '1s'\n{FILE}"
    ));
    let daemon = place.start_ready();
    let body = format!("{{\"mobile\":\"{PHONE}\",\"n\":1}}\n{{\"mobile\":\"{PHONE}\",\"n\":2}}");
    for n in 1..20 {
        assert_eq!(http(input, "POST /", body.as_bytes()).0, 200);
        assert_eq!(lines(&place), 2 * n, "the answer came before the records were there");
    }
    let before = lines(&place);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(body.as_bytes()).unwrap();
    assert_eq!(http(input, "POST /|Content-Encoding: gzip", &gz.finish().unwrap()).0, 200);
    assert_eq!(http(input, "POST /|Content-Encoding: zstd", &zstd::encode_all(body.as_bytes(), 1).unwrap()).0, 200);
    assert_eq!(lines(&place), before + 4);
    // What is refused, and how.
    assert_eq!(http(input, "GET /", b"").0, 405);
    assert_eq!(http(input, "POST /|Content-Encoding: br", b"x").0, 415);
    assert_eq!(http(input, "POST /|Content-Encoding: gzip", b"no gzip").0, 400);
    assert_eq!(http(input, "POST /", &[b'x'; 100_000]).0, 413);
    let bomb = zstd::encode_all(&vec![b'x'; 10 << 20][..], 1).unwrap();
    assert_eq!(http(input, "POST /|Content-Encoding: zstd", &bomb).0, 413);
    // A sender that never ends its body.
    let mut slow = TcpStream::connect(("127.0.0.1", input)).unwrap();
    write!(slow, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nmobile={PHONE}").unwrap();
    let mut answer = String::new();
    let _ = slow.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(lines(&place), before + 4);
    assert_eq!(http(ops, "GET /healthz", b"").0, 200);
    assert_eq!(http(ops, "GET /readyz", b"").0, 200);
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &[PHONE]);
}

#[test]
fn a_reload_loses_no_record_and_a_bad_one_changes_nothing() {
    let (input, ops) = (port(), port());
    let text = |policy: &str| {
        format!(
            "policy = '{policy}'\n[ops]\nlisten = '127.0.0.1:{ops}'\n\
             [source.http.in]\naddress = '127.0.0.1:{input}'\n{FILE}"
        )
    };
    let place = Place::new(&text("jdcloud-2021"));
    let daemon = place.start_ready();
    let post = || assert_eq!(http(input, "POST /", format!("mobile={PHONE}\n").as_bytes()).0, 200);
    post();
    place.configure(&text("jdcloud-2o21"));
    let (status, said) = http(ops, "POST /reload", b"");
    assert!(status == 409 && said.contains("jdcloud-2021"), "{status} {said}");
    post();
    place.configure(&text("web-minimal"));
    daemon.signal(Signal::HUP);
    wait_for("the reload", || place.read("said").contains("reloaded"));
    post();
    place.configure(&text("web-minimal").replace("clean.log", "other.log"));
    let (status, said) = http(ops, "POST /reload", b"");
    assert!(status == 409 && said.contains("restart"), "{status} {said}");
    let out = place.read("out/clean.log");
    let out: Vec<_> = out.lines().collect();
    assert_eq!(out.len(), 3);
    assert!(out[0] == out[1] && out[0].contains("phone_") && !out[2].contains("phone_"), "{out:?}");
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &[PHONE]);
}

#[test]
fn a_fifo_and_standard_input() {
    let place = Place::new(&format!("[source.stream.pipe]\npath = 'DIR/pipe'\n{FILE}"));
    let status = std::process::Command::new("mkfifo").arg(place.at("pipe")).status().unwrap();
    assert!(status.success());
    let daemon = place.start_ready();
    for n in 0..3 {
        // Writers come and go.
        let mut pipe = fs::File::options().write(true).open(place.at("pipe")).unwrap();
        pipe.write_all(format!("n={n} mobile={PHONE}\n").as_bytes()).unwrap();
    }
    wait_for("three records", || lines(&place) == 3);
    assert!(daemon.stop().success());
    place.configure(&format!("[source.stream.stdin]\npath = '-'\n{FILE}"));
    let mut child = support::logveil(&["sidecar", "-c", place.at("logveil.toml").to_str().unwrap()])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("one mobile={PHONE}\ntwo, no end").as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success(), "the end of its only input ends it");
    let out = place.read("out/clean.log");
    assert!(out.contains("one mobile=phone_") && out.ends_with("two, no end\n"), "{out}");
    place.assert_clean(&["key"], &[PHONE]);
}

/// Two daemons in a row: files to HTTP, HTTP to a file. The second one is down for a while, and the first one is killed.
#[test]
fn a_sink_that_is_down_gets_everything_later() {
    let input = port();
    let first = Place::new(&format!(
        "[source.file.web]\ninclude = ['DIR/in/access.log']\n\
         [sink.http.next]\nurl = 'http://127.0.0.1:{input}/'\nmax_wait = '300ms'\nbatch = '4KiB'\n"
    ));
    let second = Place::new(&format!("[source.http.in]\naddress = '127.0.0.1:{input}'\n{FILE}"));
    fs::create_dir(first.at("in")).unwrap();
    let mut file = fs::File::create(first.at("in/access.log")).unwrap();
    let mut write = |from: u32, to: u32| {
        for n in from..to {
            file.write_all(format!("n={n} mobile={PHONE}\n").as_bytes()).unwrap();
        }
    };
    let there = |n: u32| {
        let out = second.read("out/clean.log");
        (0..n).all(|i| out.contains(&format!("n={i} mobile=")))
    };
    write(0, 500);
    let one = first.start_ready();
    wait_for("a failed send", || first.read("said").contains("tried again"));
    let two = second.start_ready();
    wait_for("the first records", || there(500));
    two.kill();
    write(500, 1000);
    std::thread::sleep(Duration::from_millis(700));
    one.kill();
    let one = first.start_ready();
    let two = second.start_ready();
    wait_for("all records", || there(1000));
    assert!(one.stop().success());
    assert!(two.stop().success());
    let check = |verb: &str| {
        let config = first.at("logveil.toml").display().to_string();
        support::run(&["sidecar", "buffer", verb, "-c", &config], b"")
    };
    let (code, said, err) = check("check");
    assert!(code == 0 && String::from_utf8_lossy(&said).contains("0 damaged"), "{err}");
    first.assert_clean(&["key", "in"], &[PHONE]);
    second.assert_clean(&["key"], &[PHONE]);
}

#[test]
fn a_damaged_buffer_costs_the_damaged_records_only() {
    let input = port();
    let place = Place::new(&format!(
        "[source.file.web]\ninclude = ['DIR/in/access.log']\n\
         [sink.http.next]\nurl = 'http://127.0.0.1:{input}/'\nmax_wait = '300ms'\n"
    ));
    fs::create_dir(place.at("in")).unwrap();
    fs::write(place.at("in/access.log"), "").unwrap();
    let one = place.start_ready();
    let mut file = fs::File::options().append(true).open(place.at("in/access.log")).unwrap();
    // A frame for each record: damage then costs few of them.
    for n in 0..20 {
        let before = fs::read(place.at("state/next.checkpoint")).unwrap_or_default();
        file.write_all(format!("n={n} mobile={PHONE}\n").as_bytes()).unwrap();
        wait_for("a commit", || fs::read(place.at("state/next.checkpoint")).unwrap_or_default() != before);
    }
    one.kill();
    let segment = fs::read_dir(place.at("state/next.buffer")).unwrap().map(|e| e.unwrap().path());
    let segment =
        segment.filter(|p| p.extension().is_some_and(|e| e == "seg")).max_by_key(|p| p.metadata().unwrap().len());
    let segment = segment.unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xFF;
    fs::write(&segment, &bytes).unwrap();
    let config = place.at("logveil.toml").display().to_string();
    let (code, said, _) = support::run(&["sidecar", "buffer", "check", "-c", &config], b"");
    assert!(code == 1 && String::from_utf8_lossy(&said).contains("1 damaged places"));
    let second = Place::new(&format!("[source.http.in]\naddress = '127.0.0.1:{input}'\n{FILE}"));
    let (one, two) = (place.start_ready(), second.start_ready());
    let count = || (0..20).filter(|n| second.read("out/clean.log").contains(&format!("n={n} mobile="))).count();
    wait_for("the others", || count() >= 15 && second.read("out/clean.log").contains("n=19 "));
    assert!(count() < 20, "a damaged record was delivered");
    assert!(one.stop().success() && two.stop().success());
    place.assert_clean(&["key", "in"], &[PHONE]);
}

#[test]
fn ten_thousand_connections_do_not_stop_it() {
    let tcp = port();
    let place = Place::new(&format!(
        "[source.syslog.tcp]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\nmax_connections = 100\n{FILE}"
    ));
    let daemon = place.start_ready();
    let mut first = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    first.write_all(b"<13>first\n").unwrap();
    wait_for("the first record", || lines(&place) == 1);
    let mut open = std::collections::VecDeque::new();
    for _ in 0..10_000 {
        if let Ok(mut s) = TcpStream::connect(("127.0.0.1", tcp)) {
            let _ = s.write_all(b"<13>torn");
            open.push_back(s);
        }
        if open.len() > 400 {
            open.pop_front();
        }
    }
    first.write_all(b"<13>still here\n").unwrap();
    wait_for("a record of the first connection", || place.read("out/clean.log").contains("still here"));
    drop(open);
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    assert!(kib < 64 << 10, "{kib} KiB");
    assert!(daemon.stop().success());
}

#[test]
fn a_wrong_configuration_is_told_with_line_and_remedy() {
    let place = Place::new("[source.file.web]\ninclude = ['/var/log/x.log']\n[sink.stdout.o]\ninptus = ['web']\n");
    let config = place.at("logveil.toml").display().to_string();
    let (code, _, err) = support::run(&["sidecar", "-c", &config, "--check"], b"");
    assert!(code == 78 && err.contains("logveil.toml:8:1") && err.contains("did you mean `inputs`"), "{code} {err}");
    place.configure("[source.file.web]\ninclude = ['/var/log/x.log']\n[sink.stdout.o]\n");
    let (code, out, err) = support::run(&["sidecar", "-c", &config, "--check"], b"");
    assert!(code == 0 && String::from_utf8_lossy(&out).contains("all good"), "{code} {err}");
    assert!(!place.at("state").exists(), "a check leaves no trace");
}

#[test]
fn an_address_that_is_taken_ends_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (ops, udp) = (taken.local_addr().unwrap().port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n[source.file.web]\ninclude = ['DIR/in/*.log']\n\
         [source.syslog.udp]\ntransport = 'udp'\naddress = '127.0.0.1:{udp}'\n{FILE}"
    ));
    let mut daemon = place.start();
    let mut status = None;
    wait_for("it ends", || {
        status = daemon.child.try_wait().unwrap();
        status.is_some()
    });
    let said = place.read("said");
    assert!(!status.unwrap().success() && said.contains(&format!("ops.listen 127.0.0.1:{ops}")), "{said}");
}

/// Many datagrams come with one call, each by itself, and what the kernel holds when it is time to stop is taken too.
#[test]
fn datagrams_come_in_bursts() {
    for udp in [true, false] {
        let (port, ops) = (port(), port());
        let source = match udp {
            true => format!("transport = 'udp'\naddress = '127.0.0.1:{port}'\n"),
            false => "transport = 'unixgram'\naddress = 'DIR/gram.sock'\n".into(),
        };
        let place = Place::new(&format!(
            "[ops]\nlisten = '127.0.0.1:{ops}'\n[source.syslog.in]\nmax_message = '1KiB'\n{source}{FILE}"
        ));
        let daemon = place.start_ready();
        let (net, gram) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UnixDatagram::unbound().unwrap());
        let send = |message: &[u8]| match udp {
            true => net.send_to(message, ("127.0.0.1", port)).unwrap(),
            false => gram.send_to(message, place.at("gram.sock")).unwrap(),
        };
        let burst = |from: usize| {
            (from..from + 300).for_each(|n| {
                let long = if n % 50 == 7 { 1024 + n % 4096 } else { n % 900 };
                send(format!("<190>Nov 23 16:18:46 vm nginx: n={n} mobile={PHONE} {}", "x".repeat(long)).as_bytes());
            });
        };
        burst(0);
        wait_for("the first burst", || lines(&place) == 294);
        assert_eq!(metric(ops, "logveil_refused_total{source=\"in\",reason=\"too_long\"}"), 6);
        burst(300);
        assert!(daemon.stop().success());
        let text = place.read("out/clean.log");
        let got: Vec<usize> = text.lines().map(|l| l[2..l.find(' ').unwrap()].parse().unwrap()).collect();
        let want: Vec<_> = (0..600).filter(|n| n % 50 != 7).collect();
        assert_eq!(got, want);
        place.assert_clean(&[], &[PHONE]);
    }
}

#[test]
fn the_configuration_of_deploy_is_good() {
    let text =
        fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/logveil.toml")).unwrap();
    let place = Place::new("");
    let key = place.at("key").display().to_string();
    let config = place.at("deploy.toml");
    fs::write(&config, text.replace("/etc/logveil/key", &key)).unwrap();
    let (code, _, err) = support::run(&["sidecar", "--check", "-c", config.to_str().unwrap()], b"");
    assert_eq!(code, 0, "{err}");
}

/// Two daemons in a row over TLS, with a certificate of their own.
#[test]
fn syslog_over_tls_in_both_directions() {
    let tls = port();
    let second = Place::new(&format!(
        "[source.syslog.in]\ntransport = 'tls'\naddress = '127.0.0.1:{tls}'\ncert = 'DIR/cert.pem'\nkey = 'DIR/tls.key'\n{FILE}"
    ));
    if !certificate(second.dir.path()) {
        return;
    }
    let first = Place::new(&format!(
        "[source.file.web]\ninclude = ['DIR/in/*.log']\n[sink.syslog.next]\ntransport = 'tls'\n\
         address = '127.0.0.1:{tls}'\nca = '{}'\nmax_wait = '300ms'\n",
        second.at("cert.pem").display()
    ));
    fs::create_dir(first.at("in")).unwrap();
    let text: String = (0..300).map(|n| format!("n={n} mobile={PHONE} end\n")).collect();
    fs::write(first.at("in/a.log"), text).unwrap();
    let (two, one) = (second.start_ready(), first.start_ready());
    wait_for("all records", || lines(&second) == 300);
    let out = second.read("out/clean.log");
    assert!(
        out.lines().enumerate().all(|(n, l)| l.starts_with(&format!("n={n} mobile=phone_")) && l.ends_with(" end"))
    );
    // Somebody who speaks no TLS.
    TcpStream::connect(("127.0.0.1", tls)).unwrap().write_all(b"<13>plain text\n").unwrap();
    assert!(one.stop().success() && two.stop().success());
    assert_eq!(lines(&second), 300);
    first.assert_clean(&["key", "in"], &[PHONE]);
    second.assert_clean(&["key"], &[PHONE]);
}

#[test]
fn systemd_hears_what_it_wants_to_hear() {
    let place = Place::new(&format!("[source.stream.pipe]\npath = 'DIR/pipe'\n{FILE}"));
    assert!(std::process::Command::new("mkfifo").arg(place.at("pipe")).status().unwrap().success());
    let socket = UnixDatagram::bind(place.at("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let path = place.at("notify").display().to_string();
    let daemon = place.start_with(&[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "3000000")]);
    let hear = |word: &str| {
        let mut buf = [0; 256];
        loop {
            let n = socket.recv(&mut buf).unwrap();
            if String::from_utf8_lossy(&buf[..n]).contains(word) {
                return;
            }
        }
    };
    hear("READY=1");
    hear("WATCHDOG=1");
    daemon.signal(Signal::TERM);
    hear("STOPPING=1");
    assert!(daemon.stop().success());
}

#[test]
fn a_socket_of_systemd() {
    let udp = port();
    let place = Place::new(&format!("[source.syslog.web]\ntransport = 'udp'\naddress = 'systemd:0'\n{FILE}"));
    let config = place.at("logveil.toml").display().to_string();
    let child = std::process::Command::new("systemd-socket-activate")
        .args(["-d", "-l", &format!("127.0.0.1:{udp}"), env!("CARGO_BIN_EXE_logveil"), "sidecar", "-c", &config])
        .stderr(fs::File::create(place.at("said")).unwrap())
        .spawn();
    let Ok(child) = child else {
        eprintln!("skipped: systemd-socket-activate is not installed");
        return;
    };
    let daemon = support::daemon::Daemon { child };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    wait_for("a record", || {
        socket.send_to(format!("<13>mobile={PHONE}").as_bytes(), ("127.0.0.1", udp)).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        place.read("out/clean.log").contains("mobile=phone_")
    });
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &[PHONE]);
}

/// Values in every place that a client controls, and every fault that answers them: none of them is in any byte written.
#[test]
fn canaries_under_faults() {
    let (input, tcp, ops, nobody) = (port(), port(), port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\nlog = 'json'\n\
         [source.http.in]\naddress = '127.0.0.1:{input}'\nmax_body = '4KiB'\ntimeout = '300ms'\n\
         [source.syslog.tcp]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\nmax_message = '1KiB'\n\
         [sink.http.down]\nurl = 'http://127.0.0.1:{nobody}/'\nmax_wait = '200ms'\n{FILE}"
    ));
    let daemon = place.start_ready();
    let canary = format!("mobile={PHONE}&idcard=11010519491231002X&ip=203.0.113.77");
    let long = canary.repeat(200);
    for body in [canary.as_bytes(), long.as_bytes(), b""] {
        for head in [
            "POST /".to_string(),
            format!("POST /?{canary}"),
            format!("GET /{canary}"),
            format!("POST /|Content-Encoding: {canary}"),
            "POST /|Content-Encoding: gzip".into(),
            format!("{canary} /"),
            format!("POST /|{canary}"),
        ] {
            http(input, &head, body);
            http(ops, &head, body);
        }
    }
    for frame in [format!("{canary}\n"), format!("9{canary}"), format!("<13>{long}\n"), format!("<13>1 {canary}")] {
        TcpStream::connect(("127.0.0.1", tcp)).unwrap().write_all(frame.as_bytes()).unwrap();
    }
    let mut torn = TcpStream::connect(("127.0.0.1", input)).unwrap();
    write!(torn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{canary}").unwrap();
    drop(torn);
    wait_for("records and failed sends", || lines(&place) > 2 && place.read("said").contains("tried again"));
    let (_, page) = http(ops, "GET /metrics", b"");
    fs::write(place.at("page"), page).unwrap();
    drop(daemon);
    let marks = [PHONE, "11010519491231002X", "203.0.113.77"];
    place.assert_clean(&["key"], &marks);
    // After a kill, a damaged buffer and a new start.
    for (path, mut bytes) in place.all_bytes(&["key", "in"]) {
        if path.extension().is_some_and(|e| e == "seg") && bytes.len() > 40 {
            bytes[30] ^= 1;
            fs::write(path, bytes).unwrap();
        }
    }
    let daemon = place.start_ready();
    assert_eq!(http(input, "POST /", canary.as_bytes()).0, 200);
    daemon.kill();
    place.assert_clean(&["key"], &marks);
}
