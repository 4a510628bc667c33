//! A stop under load: senders that never rest, or never finish, don't hold it up, and what was taken is written.

mod support;

use rustix::process::Signal;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use support::daemon::{Place, wait_for};
use support::net::{MARKS, certificate, numbers, port, record};

const FILE: &str = "[sink.file.clean]\npath = 'DIR/out/clean.log'\n";

/// Stops a daemon while `send` gives it records one by one, and never rests.
fn stops_under(source: &str, before: impl FnOnce(&Place), connect: impl FnOnce(&Place) -> Box<dyn Write + Send>) {
    let place = Place::new(&format!("{source}{FILE}"));
    before(&place);
    let daemon = place.start_ready();
    let (mut to, over) = (connect(&place), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for n in 0.. {
                if over.load(Ordering::Relaxed) || to.write_all((record(n) + "\n").as_bytes()).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        wait_for("records", || numbers(&place.read("out/clean.log")).len() > 100);
        let status = daemon.stop();
        over.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        assert!(status.success(), "{status}: {}", place.read("said"));
    });
    let got = numbers(&place.read("out/clean.log"));
    assert!(got.iter().enumerate().all(|(n, got)| *got == n as u64), "{got:?}");
    place.assert_clean(&["key"], &MARKS);
}

fn syslog(transport: &str, address: &str) -> String {
    format!("[source.syslog.in]\ntransport = '{transport}'\naddress = '{address}'\n")
}

#[test]
fn connections_that_never_rest() {
    let to = port();
    let connect = move |_: &Place| Box::new(TcpStream::connect(("127.0.0.1", to)).unwrap()) as Box<dyn Write + Send>;
    stops_under(&syslog("tcp", &format!("127.0.0.1:{to}")), |_| {}, connect);
    let connect = |place: &Place| Box::new(UnixStream::connect(place.at("s.sock")).unwrap()) as Box<dyn Write + Send>;
    stops_under(&syslog("unix", "DIR/s.sock"), |_| {}, connect);
}

/// A socket as a file.
struct Datagrams(UdpSocket);

impl Write for Datagrams {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Nobody listens any more when the daemon is gone.
        self.0.send(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn datagrams_that_never_rest() {
    let to = port();
    let connect = move |_: &Place| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", to)).unwrap();
        Box::new(Datagrams(socket)) as Box<dyn Write + Send>
    };
    stops_under(&syslog("udp", &format!("127.0.0.1:{to}")), |_| {}, connect);
}

#[test]
fn a_pipe_that_never_rests() {
    let make = |place: &Place| {
        assert!(std::process::Command::new("mkfifo").arg(place.at("pipe")).status().unwrap().success());
    };
    let open = |place: &Place| {
        // For both directions, as the daemon has it: the end of the other side is no error.
        Box::new(File::options().read(true).write(true).open(place.at("pipe")).unwrap()) as Box<dyn Write + Send>
    };
    stops_under("[source.stream.in]\npath = 'DIR/pipe'\n", make, open);
}

#[test]
fn requests_that_never_end() {
    let to = port();
    let place = Place::new(&format!("[source.http.in]\naddress = '127.0.0.1:{to}'\n{FILE}"));
    let daemon = place.start_ready();
    // One is in the middle of its head, one in the middle of its body.
    let mut half = TcpStream::connect(("127.0.0.1", to)).unwrap();
    half.write_all(b"POST / HTTP/1.1\r\nHo").unwrap();
    let mut body = TcpStream::connect(("127.0.0.1", to)).unwrap();
    write!(body, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nn=0 mobile={}", MARKS[0]).unwrap();
    let (next, answered) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Ok(mut stream) = TcpStream::connect(("127.0.0.1", to)) else { return };
                let text = record(n) + "\n";
                let head = format!(
                    "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    text.len()
                );
                let mut answer = String::new();
                let sent =
                    stream.write_all((head + &text).as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
                if sent.is_err() || !answer.starts_with("HTTP/1.1 200") {
                    return;
                }
                answered.store(n + 1, Ordering::Relaxed);
            }
        });
        wait_for("records", || answered.load(Ordering::Relaxed) > 20);
        let status = daemon.stop();
        assert!(status.success(), "{status}: {}", place.read("said"));
    });
    let got = numbers(&place.read("out/clean.log"));
    let all = answered.load(Ordering::Relaxed);
    assert!((0..all).all(|n| got.contains(&n)), "{all} were answered: {got:?}");
    place.assert_clean(&["key"], &MARKS);
}

#[test]
fn handshakes_that_never_begin() {
    let (syslog, http) = (port(), port());
    let tls = "cert = 'DIR/cert.pem'\nkey = 'DIR/tls.key'\n";
    let place = Place::new(&format!(
        "[source.syslog.in]\ntransport = 'tls'\naddress = '127.0.0.1:{syslog}'\n{tls}\
         [source.http.in2]\naddress = '127.0.0.1:{http}'\n{tls}{FILE}"
    ));
    if !certificate(place.dir.path()) {
        return;
    }
    let text = fs::read_to_string(place.at("logveil.toml")).unwrap();
    fs::write(place.at("logveil.toml"), format!("drain = '3s'\n{text}")).unwrap();
    let daemon = place.start_ready();
    let silent = [syslog, http].map(|to| TcpStream::connect(("127.0.0.1", to)).unwrap());
    let status = daemon.stop();
    assert!(status.success(), "{status}: {}", place.read("said"));
    drop(silent);
}

/// Who is told that the daemon is ready may ask for a reload at once: that must not end it.
#[test]
fn a_reload_may_come_at_once() {
    let place = Place::new(&format!("[source.file.a]\ninclude = ['DIR/in/*.log']\n{FILE}"));
    fs::create_dir(place.at("in")).unwrap();
    let socket = UnixDatagram::bind(place.at("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    for n in 1..=20 {
        let daemon = place.start_with(&[("NOTIFY_SOCKET", place.at("notify").to_str().unwrap())]);
        let mut buf = [0; 256];
        while !buf.starts_with(b"READY=1") {
            socket.recv(&mut buf).unwrap();
        }
        daemon.signal(Signal::HUP);
        wait_for("the reload", || place.read("said").matches("reloaded").count() == n);
        assert!(daemon.stop().success(), "{}", place.read("said"));
    }
}
