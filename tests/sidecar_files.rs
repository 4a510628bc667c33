//! From file to file: rotation of every kind, restarts and kills lose nothing and repeat nothing.

mod support;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use support::daemon::{Dice, Place, wait_for, wait_while_growing, whole_lines};

const FILES: &str = "[source.file.web]\ninclude = ['DIR/in/access.log']\nrotate_wait = '300ms'\n\
                     [sink.file.clean]\npath = 'DIR/out/clean.log'\n";
const PHONE: &str = "13800138001";

fn append(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

fn line(n: u64) -> String {
    format!("n={n} mobile={PHONE} tail {}\n", "x".repeat((n % 90) as usize))
}

/// The numbers of the lines of all outputs, in the order of their files.
fn numbers(place: &Place) -> Vec<u64> {
    let files = fs::read_dir(place.at("out")).into_iter().flatten();
    let mut files: Vec<_> = files.map(|e| e.unwrap().path()).collect();
    // Finished files end in their time; the one without is the youngest.
    files.sort_by_key(|p| (p.ends_with("clean.log"), p.clone()));
    // One that was finished meanwhile has another name.
    let text: String = files.iter().map(|p| String::from_utf8(fs::read(p).unwrap_or_default()).unwrap()).collect();
    assert!(!text.contains(PHONE));
    numbers_of(&text)
}

fn numbers_of(text: &str) -> Vec<u64> {
    let number = |l: &str| l.strip_prefix("n=").unwrap().split(' ').next().unwrap().parse().unwrap();
    whole_lines(text).map(number).collect()
}

fn shift(dir: &Path) {
    for i in (1..9).rev() {
        for end in ["", ".gz"] {
            let _ =
                fs::rename(dir.join(format!("access.log.{i}{end}")), dir.join(format!("access.log.{}{end}", i + 1)));
        }
    }
}

fn gzip(path: &Path) {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(&fs::read(path).unwrap()).unwrap();
    let time = fs::metadata(path).unwrap().modified().unwrap();
    let packed = format!("{}.gz", path.display());
    let mut f = File::create(&packed).unwrap();
    f.write_all(&e.finish().unwrap()).unwrap();
    f.set_modified(time).unwrap();
    fs::remove_file(path).unwrap();
}

/// Rotates as logrotate does; the writer stands still.
fn rotate(dir: &Path, how: u64, file: &mut File) {
    let path = dir.join("access.log");
    shift(dir);
    match how {
        0 | 1 => {
            fs::rename(&path, dir.join("access.log.1")).unwrap();
            *file = append(&path);
            if how == 1 {
                gzip(&dir.join("access.log.1"));
            }
        }
        _ => {
            fs::copy(&path, dir.join("access.log.1")).unwrap();
            file.set_len(0).unwrap();
        }
    }
}

#[test]
fn rotation_of_every_kind_while_it_runs() {
    for how in 0..3 {
        let place = Place::new(FILES);
        let dir = place.at("in");
        fs::create_dir(&dir).unwrap();
        let mut file = append(&dir.join("access.log"));
        let daemon = place.start_ready();
        for n in 0..2000 {
            file.write_all(line(n).as_bytes()).unwrap();
            if n % 250 == 200 && how == 2 {
                // A copy can be told from another file when something of it was read.
                wait_for("some lines", || place.read("out/clean.log").lines().count() as u64 > n - 50);
            }
            if n % 250 == 249 {
                // Times of files are no finer than some milliseconds.
                std::thread::sleep(Duration::from_millis(10));
                rotate(&dir, how, &mut file);
            }
        }
        wait_while_growing(2000, || place.read("out/clean.log").lines().count() as u64);
        println!("rotation {how}");
        assert!(daemon.stop().success());
        assert_each_once(&place, 2000);
        if how == 0 {
            let got = numbers(&place);
            let back: Vec<_> = got.windows(2).filter(|w| w[0] > w[1]).collect();
            assert!(back.is_empty(), "files are read in the order of their rotation: {back:?}\n{}", place.read("said"));
        }
    }
}

#[test]
fn rotation_of_every_kind_while_it_is_down() {
    for how in 0..3 {
        let place = Place::new(FILES);
        let dir = place.at("in");
        fs::create_dir(&dir).unwrap();
        let mut file = append(&dir.join("access.log"));
        let mut n = 0;
        for round in 0..4 {
            let daemon = place.start_ready();
            for _ in 0..100 {
                file.write_all(line(n).as_bytes()).unwrap();
                n += 1;
            }
            wait_for("lines", || place.read("out/clean.log").lines().count() as u64 >= n);
            assert!(daemon.stop().success());
            // Copies of copytruncate have one generation only: a second one would be of a file that nobody read.
            for _ in 0..if how == 2 { 1 } else { 1 + round } {
                for _ in 0..50 {
                    file.write_all(line(n).as_bytes()).unwrap();
                    n += 1;
                }
                rotate(&dir, how, &mut file);
            }
        }
        let daemon = place.start_ready();
        let mut patience = 2000;
        wait_for("all lines", || {
            patience -= 1;
            patience < 0 || place.read("out/clean.log").lines().count() as u64 >= n
        });
        assert!(daemon.stop().success());
        assert_each_once(&place, n);
    }
}

/// Fails when a number below `all` is missing or there twice.
fn assert_each_once(place: &Place, all: u64) {
    let mut got = numbers(place);
    got.sort_unstable();
    let lost: Vec<_> = (0..all).filter(|n| got.binary_search(n).is_err()).collect();
    let twice: Vec<_> = got.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
    let show = |v: &[u64]| format!("{} {:?}", v.len(), &v[..v.len().min(5)]);
    let said = place.read("said");
    let mut files: Vec<_> = fs::read_dir(place.at("in")).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    let ok = lost.is_empty() && twice.is_empty();
    assert!(ok, "lost {}, twice {} of {all}\n{said}\n{files:?}", show(&lost), show(&twice));
}

/// A server writes on to a file that was moved away, while the daemon has had no news of it since its start.
#[test]
fn a_quiet_file_is_followed_where_it_is_moved() {
    for (to, folder) in [("in/access.log.1", "in"), ("old/access.log.1", "old")] {
        let place = Place::new(&FILES.replace("300ms", "2s"));
        fs::create_dir(place.at("in")).unwrap();
        fs::create_dir_all(place.at(folder)).unwrap();
        let mut server = append(&place.at("in/access.log"));
        let write = |file: &mut File, from: u64| {
            (from..from + 10).for_each(|n| file.write_all(line(n).as_bytes()).unwrap());
        };
        write(&mut server, 0);
        let daemon = place.start_ready();
        wait_for("the first records", || numbers(&place).len() == 10);
        assert!(daemon.stop().success());
        let daemon = place.start_ready();
        // Longer than it takes to look at folders.
        std::thread::sleep(Duration::from_millis(1200));
        fs::rename(place.at("in/access.log"), place.at(to)).unwrap();
        let mut new = append(&place.at("in/access.log"));
        write(&mut server, 10);
        std::thread::sleep(Duration::from_millis(700));
        write(&mut server, 20);
        write(&mut new, 30);
        wait_while_growing(40, || numbers(&place).len() as u64);
        assert!(daemon.stop().success());
        // Two files that are written to at the same time have no order.
        let mut got = numbers(&place);
        got.sort_unstable();
        assert_eq!(got, (0..40).collect::<Vec<_>>(), "{to}");
    }
}

/// A server ends old requests in a file that was rotated, and finished, long ago.
#[test]
fn late_records_of_a_rotated_file_are_read() {
    let place = Place::new(FILES);
    fs::create_dir(place.at("in")).unwrap();
    let mut server = append(&place.at("in/access.log"));
    let write = |file: &mut File, from: u64| {
        (from..from + 10).for_each(|n| file.write_all(line(n).as_bytes()).unwrap());
    };
    write(&mut server, 0);
    let mut daemon = place.start_ready();
    wait_for("the first records", || numbers(&place).len() == 10);
    fs::rename(place.at("in/access.log"), place.at("in/access.log.1")).unwrap();
    let mut new = append(&place.at("in/access.log"));
    for from in [10, 30, 50] {
        // Longer than `rotate_wait` and a look at the folder.
        std::thread::sleep(Duration::from_millis(1500));
        write(&mut new, from);
        wait_for("the new file", || numbers(&place).len() as u64 == from + 10);
        wait_for("the end of the old file", || place.read("state/clean.checkpoint").contains("\"done\":true"));
        if from == 30 {
            assert!(daemon.stop().success());
            daemon = place.start_ready();
        }
        write(&mut server, from + 10);
        wait_while_growing(from + 20, || numbers(&place).len() as u64);
        assert_eq!(numbers(&place), (0..from + 20).collect::<Vec<_>>());
    }
    assert!(daemon.stop().success());
}

/// Kills at random times, under load and rotation. `LOGVEIL_KILLS` says how many.
#[test]
fn kills_lose_nothing_and_repeat_nothing() {
    let kills: u64 = std::env::var("LOGVEIL_KILLS").map_or(40, |v| v.parse().unwrap());
    let place = Place::new(&FILES.replace("clean.log'\n", "clean.log'\nrotate_size = '1MiB'\n"));
    let dir = place.at("in");
    fs::create_dir(&dir).unwrap();
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writer = {
        let (stop, written, dir) = (stop.clone(), written.clone(), dir.clone());
        std::thread::spawn(move || {
            let mut dice = Dice(7);
            let mut file = append(&dir.join("access.log"));
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                let mut text = String::new();
                for _ in 0..dice.roll(200) {
                    text += &line(n);
                    n += 1;
                }
                // Writers end a write anywhere.
                let cut = dice.roll(text.len() as u64 + 1) as usize;
                file.write_all(&text.as_bytes()[..cut]).unwrap();
                file.write_all(&text.as_bytes()[cut..]).unwrap();
                if dice.roll(40) == 0 {
                    let dated = dir.join(format!("access.log-{:06}", n));
                    fs::rename(dir.join("access.log"), &dated).unwrap();
                    file = append(&dir.join("access.log"));
                    if dice.roll(2) == 0 {
                        gzip(&dated);
                    }
                }
                std::thread::sleep(Duration::from_millis(1 + dice.roll(4)));
            }
            written.store(n, Ordering::Relaxed);
        })
    };
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id()));
    for _ in 0..kills {
        let daemon = place.start();
        std::thread::sleep(Duration::from_millis(dice.roll(500)));
        daemon.kill();
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let all = written.load(Ordering::Relaxed);
    let daemon = place.start_ready();
    wait_while_growing(all, || numbers(&place).len() as u64);
    assert!(daemon.stop().success());
    assert_each_once(&place, all);
    place.assert_clean(&["in"], &[PHONE]);
}

/// The disk of the output is full for a while: nothing is lost, nothing is there twice.
#[test]
fn a_full_disk_is_waited_for() {
    let place = Place::new(FILES);
    let (dir, out) = (place.at("in"), place.at("out"));
    fs::create_dir(&dir).unwrap();
    fs::create_dir(&out).unwrap();
    let mount =
        |args: &[&str]| std::process::Command::new("mount").args(args).arg(&out).status().is_ok_and(|s| s.success());
    if !mount(&["-t", "tmpfs", "-o", "size=100k", "tmpfs"]) {
        eprintln!("skipped: no right to mount a small file system");
        return;
    }
    let _mounted = Mounted(out.clone());
    let mut file = append(&dir.join("access.log"));
    (0..2000).for_each(|n| file.write_all(line(n).as_bytes()).unwrap());
    let daemon = place.start_ready();
    wait_for("a full disk", || place.read("said").contains("it is tried again"));
    assert!(numbers_of(&place.read("out/clean.log")).windows(2).all(|w| w[0] + 1 == w[1]), "no torn records");
    let grown = mount(&["-o", "remount,size=16m"]);
    wait_for("all lines", || place.read("out/clean.log").lines().count() >= 2000);
    assert!(grown && daemon.stop().success());
    assert_each_once(&place, 2000);
    place.assert_clean(&["in", "key"], &[PHONE]);
}

/// A file system that goes with its test.
struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Nothing would be found in UTF-16: a file that begins with it is left where it is, records that show it are left out.
#[test]
fn utf16_never_passes() {
    let place =
        Place::new("[source.file.all]\ninclude = ['DIR/in/*.log*']\n[sink.file.clean]\npath = 'DIR/out/clean.log'\n");
    let wide =
        |mark: &[u8], text: &str| [mark, &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat();
    let dir = place.at("in");
    fs::create_dir(&dir).unwrap();
    let text = line(1).repeat(50);
    fs::write(dir.join("wide.log"), wide(b"\xFF\xFE", &text)).unwrap();
    fs::write(dir.join("bare.log"), wide(b"", &text)).unwrap();
    let plain = format!("n=2 {}\n", "plain ".repeat(50));
    fs::write(dir.join("late.log"), [plain.as_bytes(), &wide(b"", &text), b"\n", line(3).as_bytes()].concat()).unwrap();
    fs::write(dir.join("packed.log"), zstd::encode_all(&wide(b"\xFF\xFE", &text)[..], 1).unwrap()).unwrap();
    fs::write(dir.join("good.log"), line(4)).unwrap();
    let daemon = place.start_ready();
    let got = || {
        let text = place.read("out/clean.log");
        let mut got =
            numbers_of(&text.lines().filter(|l| l.starts_with("n=")).map(|l| format!("{l}\n")).collect::<String>());
        got.sort_unstable();
        got
    };
    wait_for("what can be read", || got() == [2, 3, 4]);
    // Warnings are limited, so of the two files one is named.
    wait_for("it is said", || place.read("said").contains("is UTF-16"));
    assert!(daemon.stop().success());
    assert_eq!(got(), [2, 3, 4]);
    let digits: String = PHONE.chars().flat_map(|c| [c, '\0']).collect();
    place.assert_clean(&["in"], &[PHONE, &digits[..21]]);
}

/// Lines in GBK are read as GBK, whatever stands around them, and written back in it.
#[test]
fn gbk_is_read_line_by_line() {
    let place =
        Place::new("[source.file.a]\ninclude = ['DIR/in/a.log']\n[sink.file.clean]\npath = 'DIR/out/clean.log'\n");
    let text = "n=1 姓名：张三 地址：北京市海淀区1号\r\n";
    let gbk = |t: &str| encoding_rs::GBK.encode(t).0.into_owned();
    fs::create_dir(place.at("in")).unwrap();
    let torn: &[u8] = b"n=2 \xff\x80\xd5 end\n";
    let all = [text.as_bytes(), &gbk(text), &gbk(text), torn, &gbk(text), b"n=3 plain\n", text.as_bytes()].concat();
    fs::write(place.at("in/a.log"), all).unwrap();
    let daemon = place.start_ready();
    let got = || fs::read(place.at("out/clean.log")).unwrap_or_default();
    wait_for("all lines", || got().iter().filter(|b| **b == b'\n').count() == 7);
    assert!(daemon.stop().success());
    let clean = "n=1 姓名：张* 地址：北京市****\r\n";
    let want =
        [clean.as_bytes(), &gbk(clean), &gbk(clean), torn, &gbk(clean), b"n=3 plain\n", clean.as_bytes()].concat();
    assert!(got() == want, "{}", got().escape_ascii());
}
