//! Faults of disks, sinks, files and the clock: each with the outcome that docs/sidecar.md promises, and no planted value in any
//! byte written.

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{FileExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use support::daemon::{Daemon, Dice, Place, wait_for, wait_while_growing};
use support::net::{MARKS, assert_each_once, complete, http, memory, metric, number, numbers, port, record};

const FILE: &str = "[sink.file.clean]\npath = 'DIR/out/clean.log'\n";
/// What a test wrote by itself.
const INPUTS: [&str; 2] = ["key", "in"];

fn input(place: &Place, name: &str) -> File {
    fs::create_dir_all(place.at("in")).unwrap();
    File::options().append(true).create(true).open(place.at("in").join(name)).unwrap()
}

fn write(file: &mut File, range: std::ops::Range<u64>) {
    let text: String = range.map(|n| record(n) + "\n").collect();
    file.write_all(text.as_bytes()).unwrap();
}

/// A daemon that takes HTTP and writes a file.
fn receiver(input: u16) -> Place {
    Place::new(&format!("[source.http.in]\naddress = '127.0.0.1:{input}'\n{FILE}"))
}

/// `LOGVEIL_DOWN` says for how many seconds.
#[test]
fn a_sink_is_down_for_a_while() {
    let seconds = number("LOGVEIL_DOWN", 3);
    let (next, ops) = (port(), port());
    let first = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n[source.file.web]\ninclude = ['DIR/in/access.log']\n\
         [sink.http.next]\nurl = 'http://127.0.0.1:{next}/'\nmax_wait = '300ms'\n"
    ));
    let second = receiver(next);
    let mut file = input(&first, "access.log");
    let one = first.start_ready();
    let (started, mut all) = (Instant::now(), 0);
    while started.elapsed() < Duration::from_secs(seconds) {
        write(&mut file, all..all + 20);
        all += 20;
        std::thread::sleep(Duration::from_millis(10));
    }
    wait_for("the circuit is open", || metric(ops, "logveil_circuit_open{sink=\"next\"}") == 1);
    assert!(metric(ops, "logveil_buffer_bytes{sink=\"next\"}") > 0);
    assert_eq!(http(ops, "GET /healthz", b"").0, 200);
    let two = second.start_ready();
    wait_for("all is delivered", || metric(ops, "logveil_delivered_total{sink=\"next\"}") == all);
    wait_for("the circuit is closed", || metric(ops, "logveil_circuit_open{sink=\"next\"}") == 0);
    fs::write(first.at("page"), http(ops, "GET /metrics", b"").1).unwrap();
    assert!(one.stop().success() && two.stop().success());
    let got = numbers(&second.read("out/clean.log"));
    assert!(got.is_sorted());
    assert_each_once(got, all, &first.read("said"));
    first.assert_clean(&INPUTS, &MARKS);
    second.assert_clean(&["key"], &MARKS);
}

/// A backlog of many files is larger than the buffer, and the sink is down: sources wait, and all of it arrives later.
#[test]
fn a_full_buffer_makes_sources_wait() {
    let next = port();
    let first = Place::new(&format!(
        "[source.file.web]\ninclude = ['DIR/in/*.log']\n\
         [sink.http.next]\nurl = 'http://127.0.0.1:{next}/'\nmax_wait = '300ms'\nbuffer = '16MiB'\n"
    ));
    let second = receiver(next);
    let (files, each) = (3, 80_000);
    for n in 0..files {
        write(&mut input(&first, &format!("{n}.log")), n * each..(n + 1) * each);
    }
    let one = first.start_ready();
    wait_for("a full buffer", || first.read("said").contains("the disk buffer is full"));
    let buffer = first.all_bytes(&INPUTS).into_iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "seg"));
    let bytes: usize = buffer.map(|(_, b)| b.len()).sum();
    // One turn of reading may go over: 2 MiB of each file.
    assert!(bytes <= (16 + 8 + 2 * files as usize) << 20, "{bytes}");
    first.assert_clean(&INPUTS, &MARKS);
    let two = second.start_ready();
    let all = files * each;
    wait_while_growing(all, || second.read("out/clean.log").lines().count() as u64);
    assert_each_once(numbers(&second.read("out/clean.log")), all, &first.read("said"));
    assert!(one.stop().success() && two.stop().success());
    second.assert_clean(&["key"], &MARKS);
}

/// A server that takes its time: the first request gets no answer, each of the others is read in small steps and answered late.
fn slow_server(listener: TcpListener, got: Arc<Mutex<Vec<String>>>) {
    let mut first = true;
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        while let Some(body) = slow_request(&mut stream) {
            if std::mem::take(&mut first) {
                std::thread::sleep(Duration::from_secs(2));
                break;
            }
            got.lock().unwrap().push(body);
            std::thread::sleep(Duration::from_millis(20));
            if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
                break;
            }
        }
    }
}

/// The body of one request; nothing when the connection ends first.
fn slow_request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut buf) = (Vec::new(), [0; 2048]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(body.into());
            }
        }
        match stream.read(&mut buf) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buf[..n]),
            _ => return None,
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_slow_sink_gets_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let next = listener.local_addr().unwrap().port();
    let got = Arc::new(Mutex::new(Vec::new()));
    let to = got.clone();
    std::thread::spawn(move || slow_server(listener, to));
    let place = Place::new(&format!(
        "[source.file.web]\ninclude = ['DIR/in/access.log']\n[sink.http.next]\n\
         url = 'http://127.0.0.1:{next}/'\ntimeout = '1s'\nmax_wait = '300ms'\nbatch = '16KiB'\n"
    ));
    let all = 20_000;
    write(&mut input(&place, "access.log"), 0..all);
    let daemon = place.start_ready();
    let text = || got.lock().unwrap().concat();
    wait_for("all records", || complete(&numbers(&text()), all));
    assert!(memory(daemon.child.id(), "VmHWM") < 64 << 10);
    assert!(place.read("said").contains("tried again"), "the first request was given up");
    assert!(daemon.stop().success());
    // What was given up is sent again, and in order.
    let mut got = numbers(&text());
    assert!(got.len() < all as usize + 5000, "{}", got.len());
    got.sort_unstable();
    got.dedup();
    assert_each_once(got, all, &place.read("said"));
    fs::write(place.at("got"), text()).unwrap();
    place.assert_clean(&INPUTS, &MARKS);
}

/// The segment with most bytes.
fn segment(place: &Place) -> PathBuf {
    let all = fs::read_dir(place.at("state/next.buffer")).unwrap().map(|e| e.unwrap().path());
    let all = all.filter(|p| p.extension().is_some_and(|e| e == "seg"));
    all.max_by_key(|p| p.metadata().unwrap().len()).unwrap()
}

#[test]
fn a_buffer_always_opens() {
    // What is done to it, and whether every record survives that.
    type Damage = (&'static str, fn(&Place), bool);
    let damages: [Damage; 6] = [
        ("cut in the middle", |p| File::options().write(true).open(segment(p)).unwrap().set_len(500).unwrap(), false),
        ("cut to nothing", |p| File::create(segment(p)).map(drop).unwrap(), false),
        (
            "overwritten",
            |p| File::options().write(true).open(segment(p)).unwrap().write_all_at(&[0xF5; 300], 200).unwrap(),
            false,
        ),
        ("removed", |p| fs::remove_file(segment(p)).unwrap(), false),
        ("another file between", |p| fs::write(p.at("state/next.buffer/ffff.seg"), "no segment").unwrap(), true),
        ("a damaged place", |p| fs::write(p.at("state/next.buffer/cursor"), "{\"segment\":").unwrap(), true),
    ];
    for (what, damage, all_there) in damages {
        let next = port();
        let first = Place::new(&format!(
            "[source.file.web]\ninclude = ['DIR/in/access.log']\n\
             [sink.http.next]\nurl = 'http://127.0.0.1:{next}/'\nmax_wait = '300ms'\n"
        ));
        let mut file = input(&first, "access.log");
        let one = first.start_ready();
        for n in 0..8 {
            write(&mut file, n..n + 1);
            let before = fs::read(first.at("state/next.checkpoint")).unwrap_or_default();
            wait_for("a commit", || fs::read(first.at("state/next.checkpoint")).unwrap_or_default() != before);
        }
        one.kill();
        damage(&first);
        write(&mut file, 8..9);
        let second = receiver(next);
        let (one, two) = (first.start_ready(), second.start_ready());
        wait_for(what, || second.read("out/clean.log").contains("n=8 "));
        assert!(one.stop().success() && two.stop().success());
        let got = numbers(&second.read("out/clean.log"));
        assert!(got.windows(2).all(|w| w[0] < w[1]), "{what}: {got:?}");
        assert!(!all_there || got.len() == 9, "{what}: {got:?}");
        first.assert_clean(&INPUTS, &MARKS);
        second.assert_clean(&["key"], &MARKS);
    }
}

#[test]
fn a_damaged_checkpoint_is_told_and_not_guessed() {
    let place = Place::new(&format!("[source.file.web]\ninclude = ['DIR/in/access.log']\n{FILE}"));
    write(&mut input(&place, "access.log"), 0..10);
    let daemon = place.start_ready();
    wait_for("a commit", || committed(&place) == Some(9));
    daemon.kill();
    let path = place.at("state/clean.checkpoint");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let mut daemon = place.start();
    let mut status = None;
    wait_for("it ends", || {
        status = daemon.child.try_wait().unwrap();
        status.is_some()
    });
    let said = place.read("said");
    assert!(status.unwrap().code() != Some(0) && said.contains("clean.checkpoint: no checkpoint"), "{said}");
    fs::write(&path, whole).unwrap();
    assert!(place.start_ready().stop().success());
    assert_each_once(numbers(&place.read("out/clean.log")), 10, &said);
    place.assert_clean(&INPUTS, &MARKS);
}

/// The user of a daemon that a test of root starts: root reads everything.
const NOBODY: u32 = 65534;

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
}

fn start_as_nobody(place: &Place) -> Daemon {
    let config = place.at("logveil.toml");
    let mut command = support::logveil(&["sidecar", "-c", config.to_str().unwrap()]);
    if rustix::process::geteuid().is_root() {
        [place.dir.path(), &place.at("key"), &place.at("in")].into_iter().for_each(give);
        command.uid(NOBODY).gid(NOBODY);
    }
    let said = File::options().append(true).create(true).open(place.at("said")).unwrap();
    let daemon = Daemon { child: command.stderr(said).spawn().unwrap() };
    wait_for("the daemon is ready", || place.read("said").contains("ready"));
    daemon
}

#[test]
fn an_unreadable_file_does_not_hold_up_the_others() {
    let place = Place::new(&format!("[source.file.web]\ninclude = ['DIR/in/*.log']\n{FILE}"));
    write(&mut input(&place, "a.log"), 0..100);
    write(&mut input(&place, "b.log"), 100..200);
    let mode = |mode| fs::set_permissions(place.at("in/b.log"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o000);
    fs::create_dir(place.at("in/folder.log")).unwrap();
    symlink(place.at("in/nothing"), place.at("in/dangling.log")).unwrap();
    symlink(place.at("in/loop.log"), place.at("in/loop.log")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(place.at("in/pipe.log")).status().unwrap().success());
    let daemon = start_as_nobody(&place);
    let got = || numbers(&place.read("out/clean.log"));
    wait_for("records of the readable file", || got().len() == 100);
    wait_for("a word about the other one", || place.read("said").contains("in/b.log: Permission denied"));
    // A folder that is shut for a while.
    fs::set_permissions(place.at("in"), fs::Permissions::from_mode(0o000)).unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    fs::set_permissions(place.at("in"), fs::Permissions::from_mode(0o755)).unwrap();
    mode(0o644);
    wait_for("records of both files", || got().len() == 200);
    std::thread::sleep(Duration::from_millis(1200));
    assert!(daemon.stop().success());
    assert_each_once(got(), 200, &place.read("said"));
    place.assert_clean(&INPUTS, &MARKS);
}

/// The library that gives a process another clock.
fn faketime() -> Option<PathBuf> {
    let roots = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let found = roots.iter().map(|r| Path::new(r).join("faketime/libfaketimeMT.so.1")).find(|p| p.exists());
    if found.is_none() {
        eprintln!("skipped: libfaketime is not installed");
    }
    found
}

#[test]
fn the_clock_jumps() {
    const DAY: u64 = 86_400;
    let Some(library) = faketime() else { return };
    let place = Place::new(
        "[source.file.web]\ninclude = ['DIR/in/access.log']\nrotate_wait = '300ms'\n\
         [sink.file.clean]\npath = 'DIR/out/clean.log'\nrotate_age = '1h'\n",
    );
    let clock = place.at("clock").display().to_string();
    let env = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", &clock),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ];
    let mut file = input(&place, "access.log");
    let all = |place: &Place| {
        let files = place.all_bytes(&[]).into_iter().filter(|(p, _)| p.starts_with(place.at("out")));
        numbers(&files.map(|(_, b)| String::from_utf8(b).unwrap()).collect::<String>())
    };
    let mut n = 50;
    let start = |place: &Place| {
        let before = place.read("said").matches("ready").count();
        let daemon = place.start_with(&env);
        wait_for("the daemon is ready", || place.read("said").matches("ready").count() > before);
        daemon
    };
    // Days from now; the last one is set while the daemon is down.
    let jumps = [0_i64, 400, -400, 0, -800];
    fs::write(&clock, "+0d\n").unwrap();
    write(&mut file, 0..50);
    let mut daemon = Some(start(&place));
    // A file that is rotated before a fresh daemon looked is none of its own.
    wait_for("the first records", || complete(&all(&place), 50));
    for (round, days) in jumps.into_iter().enumerate() {
        if round + 1 == jumps.len() {
            assert!(daemon.take().is_some_and(|d: Daemon| d.stop().success()));
        }
        fs::write(&clock, format!("{days:+}d\n")).unwrap();
        let time = match days < 0 {
            true => SystemTime::now() - Duration::from_secs(days.unsigned_abs() * DAY),
            false => SystemTime::now() + Duration::from_secs(days.unsigned_abs() * DAY),
        };
        write(&mut file, n..n + 50);
        file.set_modified(time).unwrap();
        fs::rename(place.at("in/access.log"), place.at(&format!("in/access.log.{round}"))).unwrap();
        file = input(&place, "access.log");
        write(&mut file, n + 50..n + 100);
        file.set_modified(time).unwrap();
        n += 100;
        daemon.get_or_insert_with(|| start(&place));
        let since = Instant::now();
        while !complete(&all(&place), n) {
            let got = all(&place).len();
            assert!(since.elapsed() < Duration::from_secs(20), "{got} of {n} at {days:+} days\n{}", place.read("said"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(daemon.is_some_and(|d| d.stop().success()));
    let said = place.read("said");
    assert!(!said.contains("could not be made anew"), "{said}");
    assert!(
        place.all_bytes(&[]).iter().filter(|(p, _)| p.starts_with(place.at("out"))).count() > 1,
        "no new file by age"
    );
    assert_each_once(all(&place), n, &said);
    place.assert_clean(&INPUTS, &MARKS);
}

/// It starts while `copytruncate` is at work: half of the copy is there.
#[test]
fn a_copy_in_the_making_is_no_new_file() {
    let place =
        Place::new(&format!("[source.file.web]\ninclude = ['DIR/in/access.log']\nrotate_wait = '300ms'\n{FILE}"));
    let mut file = input(&place, "access.log");
    write(&mut file, 0..1000);
    let daemon = place.start_ready();
    wait_for("a commit", || committed(&place) == Some(999));
    daemon.kill();
    write(&mut file, 1000..1200);
    let bytes = fs::read(place.at("in/access.log")).unwrap();
    let mut copy = input(&place, "access.log.1");
    copy.write_all(&bytes[..bytes.len() / 2]).unwrap();
    let daemon = place.start_ready();
    std::thread::sleep(Duration::from_millis(300));
    copy.write_all(&bytes[bytes.len() / 2..]).unwrap();
    file.set_len(0).unwrap();
    write(&mut file, 1200..1300);
    let got = || numbers(&place.read("out/clean.log"));
    wait_for("all records", || complete(&got(), 1300));
    std::thread::sleep(Duration::from_millis(1500));
    assert!(daemon.stop().success());
    assert_each_once(got(), 1300, &place.read("said"));
}

/// The number of the last record that a checkpoint vouches for.
fn committed(place: &Place) -> Option<u64> {
    let saved: serde_json::Value = serde_json::from_slice(&fs::read(place.at("state/clean.checkpoint")).ok()?).ok()?;
    let length = saved["sink"]["length"].as_u64()?;
    let from = length.saturating_sub(4096);
    let mut bytes = vec![0; (length - from) as usize];
    File::open(place.at("out/clean.log")).ok()?.read_exact_at(&mut bytes, from).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().last()?.strip_prefix("n=")?.split(' ').next()?.parse().ok()
}

/// `copytruncate` under kills, as far as it can be promised: nothing is written between copy and cut, and something of each
/// file was committed before the next cut.
#[test]
fn copies_under_kills() {
    let kills = number("LOGVEIL_KILLS", 20);
    let place =
        Place::new(&format!("[source.file.web]\ninclude = ['DIR/in/access.log']\nrotate_wait = '300ms'\n{FILE}"));
    let mut file = input(&place, "access.log");
    let mut dice = Dice(0x2545_F491_4F6C_DD1D ^ u64::from(std::process::id()));
    let (mut n, mut first, mut cuts) = (0, 0, 0);
    let mut work = |dice: &mut Dice, n: &mut u64, until: Instant| {
        while Instant::now() < until {
            let more = 1 + dice.roll(100);
            write(&mut file, *n..*n + more);
            *n += more;
            if *n > first && dice.roll(8) == 0 && committed(&place).is_some_and(|c| c >= first) {
                for i in (1..6).rev() {
                    let _ = fs::rename(
                        place.at(&format!("in/access.log.{i}")),
                        place.at(&format!("in/access.log.{}", i + 1)),
                    );
                }
                fs::copy(place.at("in/access.log"), place.at("in/access.log.1")).unwrap();
                file.set_len(0).unwrap();
                (first, cuts) = (*n, cuts + 1);
            }
            std::thread::sleep(Duration::from_millis(1 + dice.roll(8)));
        }
        cuts
    };
    for _ in 0..kills {
        let daemon = place.start();
        let millis = dice.roll(700);
        work(&mut dice, &mut n, Instant::now() + Duration::from_millis(millis));
        daemon.kill();
        let millis = dice.roll(30);
        work(&mut dice, &mut n, Instant::now() + Duration::from_millis(millis));
    }
    let daemon = place.start_ready();
    let cuts = work(&mut dice, &mut n, Instant::now() + Duration::from_secs(1));
    let got = || numbers(&place.read("out/clean.log"));
    wait_while_growing(n, || got().len() as u64);
    assert!(daemon.stop().success());
    println!("{kills} kills, {cuts} cuts, {n} records");
    assert!(cuts > 0);
    assert_each_once(got(), n, &place.read("said"));
    place.assert_clean(&INPUTS, &MARKS);
}
