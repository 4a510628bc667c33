//! Commits under way: the lane goes on while the disk is waited for, and nobody is answered before it has answered. The disk is
//! made slow, or made to fail, by strace.

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use support::daemon::{Daemon, Dice, Place, wait_for, wait_while_growing};
use support::net::{MARKS, assert_each_once, http, number, numbers, port, record};

/// A daemon whose calls of `fdatasync` are tampered with; nothing where strace can't do that.
struct Tampered {
    strace: Daemon,
    pid: rustix::process::Pid,
}

impl Tampered {
    fn start(place: &Place, how: &str) -> Option<Tampered> {
        let said = File::options().append(true).create(true).open(place.at("said")).unwrap();
        let before = place.read("said").matches("ready").count();
        let child = std::process::Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e"])
            .arg(format!("inject=fdatasync:{how}"))
            .arg(env!("CARGO_BIN_EXE_logveil"))
            .env_remove("LOGVEIL_KEY_FILE")
            .env_remove("LOGVEIL_POLICY")
            .args(["sidecar", "-c", place.at("logveil.toml").to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn();
        let Ok(child) = child else {
            eprintln!("skipped: strace is not installed");
            return None;
        };
        let mut strace = Daemon { child };
        let mut ended = false;
        wait_for("the daemon is ready", || {
            ended = strace.child.try_wait().unwrap().is_some();
            ended || place.read("said").matches("ready").count() > before
        });
        if ended {
            eprintln!("skipped: strace can't trace here: {}", place.read("said"));
            return None;
        }
        let id = strace.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let pid = children.trim().parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
        Some(Tampered { strace, pid })
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid, signal).unwrap();
    }

    /// Kills the daemon, at once.
    fn kill(mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.strace.child.wait().unwrap();
    }

    /// Asks it to stop; true when it ended well.
    fn stop(mut self) -> bool {
        self.signal(rustix::process::Signal::TERM);
        let mut status = None;
        wait_for("the daemon ends", || {
            status = self.strace.child.try_wait().unwrap();
            status.is_some()
        });
        status.is_some_and(|s| s.success())
    }
}

impl Drop for Tampered {
    fn drop(&mut self) {
        // A daemon outlives its tracer.
        let _ = rustix::process::kill_process(self.pid, rustix::process::Signal::KILL);
    }
}

const FILE: &str =
    "[source.file.web]\ninclude = ['DIR/in/access.log']\n[sink.file.clean]\npath = 'DIR/out/clean.log'\n";

fn input(place: &Place) -> File {
    fs::create_dir_all(place.at("in")).unwrap();
    File::options().append(true).create(true).open(place.at("in/access.log")).unwrap()
}

fn write(file: &mut File, range: std::ops::Range<u64>) {
    let text: String = range.map(|n| record(n) + "\n").collect();
    file.write_all(text.as_bytes()).unwrap();
}

/// The status of the answer to a post, when it comes.
fn post(to: u16, n: u64) -> Receiver<u16> {
    let (tell, answer) = channel();
    std::thread::spawn(move || tell.send(http(to, "POST /", (record(n) + "\n").as_bytes()).0));
    answer
}

/// All outputs, the finished ones first.
fn outputs(place: &Place) -> (String, usize) {
    let files = fs::read_dir(place.at("out")).into_iter().flatten();
    let mut files: Vec<_> = files.map(|e| e.unwrap().path()).collect();
    files.sort_by_key(|p| (p.ends_with("clean.log"), p.clone()));
    // One that was finished meanwhile has another name.
    (files.iter().map(|p| fs::read_to_string(p).unwrap_or_default()).collect(), files.len())
}

#[test]
fn a_slow_disk_holds_up_answers_and_nothing_else() {
    let to = port();
    let place = Place::new(&format!("[source.http.in]\naddress = '127.0.0.1:{to}'\n{FILE}"));
    let mut file = input(&place);
    // Longer than it takes to look.
    let Some(daemon) = Tampered::start(&place, "delay_enter=15s") else { return };
    let written = || numbers(&place.read("out/clean.log"));
    let answer = post(to, 1000);
    wait_for("the posted record", || written() == [1000]);
    // The commit is under way, and the lane goes on.
    for n in 0..5 {
        write(&mut file, n * 100..(n + 1) * 100);
        wait_for("records of the file", || written().len() as u64 == 1 + (n + 1) * 100);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(answer.try_recv().is_err(), "an answer before the disk has the record");
    let saved = fs::read_to_string(place.at("state/clean.checkpoint")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(saved["sink"]["length"], 0, "a mark of what may not be on the disk");
    daemon.kill();
    assert_ne!(answer.recv().unwrap(), 200);
    // What nobody vouched for is taken back and read again; the sender was not answered and would repeat.
    let daemon = place.start_ready();
    wait_for("all records of the file", || written().len() >= 500);
    assert!(daemon.stop().success());
    assert_each_once(written(), 500, &place.read("said"));
    place.assert_clean(&["in", "key"], &MARKS);
}

/// Another program rotates the output while a commit is under way, which never ends.
#[test]
fn an_output_that_was_moved_away_is_cut_as_well() {
    let place = Place::new(FILE);
    let mut file = input(&place);
    let Some(daemon) = Tampered::start(&place, "delay_enter=15s") else { return };
    write(&mut file, 0..100);
    wait_for("records", || numbers(&place.read("out/clean.log")).len() == 100);
    fs::rename(place.at("out/clean.log"), place.at("out/clean.log.1")).unwrap();
    daemon.kill();
    let daemon = place.start_ready();
    write(&mut file, 100..200);
    wait_while_growing(200, || numbers(&outputs(&place).0).len() as u64);
    assert!(daemon.stop().success());
    assert_each_once(numbers(&outputs(&place).0), 200, &place.read("said"));
}

#[test]
fn a_failing_disk_is_asked_again_before_anything_is_answered() {
    let (to, ops) = (port(), port());
    let place =
        Place::new(&format!("[ops]\nlisten = '127.0.0.1:{ops}'\n[source.http.in]\naddress = '127.0.0.1:{to}'\n{FILE}"));
    let mut file = input(&place);
    let Some(daemon) = Tampered::start(&place, "error=ENOSPC:when=1..8") else { return };
    assert_eq!(http(ops, "GET /readyz", b"").0, 200);
    let answer = post(to, 0);
    wait_for("a sink that fails", || http(ops, "GET /readyz", b"").0 == 503);
    assert!(answer.try_recv().is_err(), "an answer before the disk has the record");
    assert!(place.read("said").contains("No space left on device"));
    write(&mut file, 1..100);
    assert_eq!(answer.recv().unwrap(), 200);
    wait_for("all records", || numbers(&place.read("out/clean.log")).len() >= 100);
    wait_for("a sink that works", || http(ops, "GET /readyz", b"").0 == 200);
    assert!(daemon.stop());
    assert_each_once(numbers(&place.read("out/clean.log")), 100, &place.read("said"));
    place.assert_clean(&["in", "key"], &MARKS);
}

/// What an error of the device took is not vouched for by the next call: the daemon ends, and its next start writes it again.
#[test]
fn a_disk_that_loses_what_was_written_ends_the_daemon() {
    let place = Place::new(FILE);
    let mut file = input(&place);
    let Some(mut daemon) = Tampered::start(&place, "error=EIO") else { return };
    write(&mut file, 0..100);
    wait_for("records", || numbers(&place.read("out/clean.log")).len() >= 100);
    let mut status = None;
    wait_for("the daemon ends", || {
        status = daemon.strace.child.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(74));
    drop(daemon);
    let daemon = place.start_ready();
    write(&mut file, 100..200);
    wait_for("all records", || numbers(&place.read("out/clean.log")).len() >= 200);
    assert!(daemon.stop().success());
    assert_each_once(numbers(&place.read("out/clean.log")), 200, &place.read("said"));
    place.assert_clean(&["in", "key"], &MARKS);
}

/// Posts one record after the other until there is no answer; the numbers of those that were answered.
fn post_on(to: u16, next: &AtomicU64) -> Vec<u64> {
    let mut answered = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", to)) else { return answered };
        let body = record(n) + "\n";
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut answer = String::new();
        let done = stream.write_all((head + &body).as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
        match done {
            Ok(_) if answer.starts_with("HTTP/1.1 200") => answered.push(n),
            _ => return answered,
        }
    }
}

#[test]
fn what_was_answered_survives_kills() {
    let to = port();
    let place = Place::new(&format!(
        "[source.http.in]\naddress = '127.0.0.1:{to}'\n[sink.file.clean]\npath = 'DIR/out/clean.log'\nrotate_size = '16KiB'\n"
    ));
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id()));
    let (next, mut answered) = (AtomicU64::new(0), Vec::new());
    for _ in 0..number("LOGVEIL_KILLS", 6) {
        let Some(daemon) = Tampered::start(&place, "delay_enter=5ms") else { return };
        std::thread::scope(|s| {
            let senders: Vec<_> = (0..4).map(|_| s.spawn(|| post_on(to, &next))).collect();
            std::thread::sleep(Duration::from_millis(dice.roll(400)));
            daemon.kill();
            senders.into_iter().for_each(|sender| answered.extend(sender.join().unwrap()));
        });
    }
    assert!(place.start_ready().stop().success());
    let mut got = numbers(&outputs(&place).0);
    got.sort_unstable();
    let twice: Vec<_> = got.windows(2).filter(|w| w[0] == w[1]).collect();
    let lost: Vec<_> = answered.iter().filter(|n| got.binary_search(n).is_err()).collect();
    assert!(!answered.is_empty() && lost.is_empty() && twice.is_empty(), "{lost:?} {twice:?} of {}", answered.len());
    place.assert_clean(&["key"], &MARKS);
}

/// New files are begun, and the daemon is killed, while commits are under way.
#[test]
fn rotation_and_kills_on_a_slow_disk() {
    let place = Place::new(&FILE.replace("clean.log'\n", "clean.log'\nrotate_size = '64KiB'\n"));
    let mut file = input(&place);
    let mut dice = Dice(0x2545_F491_4F6C_DD1D ^ u64::from(std::process::id()));
    let mut n = 0;
    for _ in 0..number("LOGVEIL_KILLS", 6) {
        let Some(daemon) = Tampered::start(&place, "delay_enter=40ms") else { return };
        for _ in 0..dice.roll(200) {
            let more = 1 + dice.roll(40);
            write(&mut file, n..n + more);
            n += more;
            std::thread::sleep(Duration::from_millis(1 + dice.roll(8)));
        }
        daemon.kill();
    }
    let Some(daemon) = Tampered::start(&place, "delay_enter=40ms") else { return };
    wait_while_growing(n, || outputs(&place).0.lines().count() as u64);
    assert!(daemon.stop());
    let (text, files) = outputs(&place);
    let got = numbers(&text);
    assert!(files > 1 && got.is_sorted(), "{files} files");
    assert_each_once(got, n, &place.read("said"));
    place.assert_clean(&["in", "key"], &MARKS);
}
