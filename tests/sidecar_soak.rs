//! File to file at a steady rate, with rotation of input and output: memory stays flat, every record comes once and in order.
//!
//! `LOGVEIL_SOAK` says for how many seconds (20), `LOGVEIL_SOAK_RATE` how many megabytes a second (50). Half an hour:
//! `LOGVEIL_SOAK=1800 cargo test --profile iter --features sidecar --test sidecar_soak -- --nocapture`

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::daemon::{Place, wait_for};
use support::net::{MARKS, memory, metric, number, port};

/// Bytes of an input file before it is rotated.
const ROTATE: u64 = 128 << 20;
/// Bytes that are written before the daemon has them: a slow machine must not fill the disk.
const AHEAD: u64 = 128 << 20;

fn line(n: u64, text: &mut Vec<u8>) {
    let _ = writeln!(
        text,
        "n={n} {} - - [28/Nov/2026:10:11:45 +0800] \"GET /search/{}?q=shoes&mobile={}&page={} HTTP/1.1\" 200 {} \
         \"https://www.example.com/list\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\" end",
        MARKS[2],
        n % 977,
        MARKS[0],
        n % 10,
        n * 31 % 90_000
    );
}

/// Follows the outputs in their order, checks them, and removes those that are finished.
struct Checker {
    out: PathBuf,
    file: Option<(File, u64)>,
    rest: Vec<u8>,
    /// The number that comes next.
    next: u64,
}

fn inode(file: &File) -> u64 {
    file.metadata().unwrap().ino()
}

impl Checker {
    /// Finished outputs, the oldest first. Names don't tell within a second once one of them was removed.
    fn finished(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(&self.out).into_iter().flatten().flatten().map(|e| e.path());
        let mut all: Vec<_> = all.filter(|p| !p.ends_with("clean.log")).collect();
        all.sort_by_key(|p| fs::metadata(p).and_then(|m| m.modified()).ok());
        all
    }

    /// The oldest output that is there.
    fn oldest(&self) -> Option<File> {
        let live = File::open(self.out.join("clean.log")).ok();
        // The live one may be finished meanwhile, and then it is among these.
        match self.finished().first() {
            Some(path) => File::open(path).ok(),
            None => live,
        }
    }

    /// Reads what is there.
    fn look(&mut self) {
        let mut buf = vec![0; 1 << 20];
        loop {
            if self.file.is_none() {
                self.file = self.oldest().map(|f| (f, 0));
            }
            let Some(ino) = self.file.as_ref().map(|(f, _)| inode(f)) else { return };
            // Looked for before the read: a finished file gets no more.
            let over = self.finished().into_iter().find(|p| fs::metadata(p).is_ok_and(|m| m.ino() == ino));
            let Some((file, offset)) = &mut self.file else { return };
            let n = file.read_at(&mut buf, *offset).unwrap();
            *offset += n as u64;
            let mut new = &buf[..n];
            while let Some(end) = memchr::memchr(b'\n', new) {
                self.rest.extend_from_slice(&new[..end]);
                self.check();
                new = &new[end + 1..];
            }
            self.rest.extend_from_slice(new);
            match (n, over) {
                (0, Some(path)) => {
                    fs::remove_file(path).unwrap();
                    self.file = None;
                }
                (0, None) => return,
                _ => {}
            }
        }
    }

    fn check(&mut self) {
        let text = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&text);
        assert!(text.starts_with(&format!("n={} ", self.next)), "{} comes next, not {text}", self.next);
        assert!(text.ends_with(" end") && MARKS.iter().all(|m| !text.contains(m)), "{text}");
        self.next += 1;
    }
}

/// Writes, rotates, and removes inputs that came out.
struct Writer {
    dir: PathBuf,
    file: File,
    /// Rotated files with the number behind their last record.
    rotated: Vec<(PathBuf, u64)>,
    n: u64,
    written: u64,
}

impl Writer {
    fn open(dir: &std::path::Path) -> File {
        File::options().append(true).create(true).open(dir.join("access.log")).unwrap()
    }

    fn block(&mut self) {
        let mut block = Vec::new();
        while block.len() < 256 << 10 {
            line(self.n, &mut block);
            self.n += 1;
        }
        self.file.write_all(&block).unwrap();
        self.written += block.len() as u64;
        if self.file.metadata().unwrap().len() >= ROTATE {
            let path = self.dir.join(format!("access.log.{:012}", self.n));
            fs::rename(self.dir.join("access.log"), &path).unwrap();
            self.rotated.push((path, self.n));
            self.file = Writer::open(&self.dir);
        }
    }

    /// Bytes that wait, by records.
    fn ahead(&self, next: u64) -> u64 {
        (self.n - next) * (self.written / self.n.max(1))
    }

    fn clean(&mut self, next: u64) {
        while self.rotated.first().is_some_and(|r| r.1 <= next) {
            fs::remove_file(self.rotated.remove(0).0).unwrap();
        }
    }
}

#[test]
fn memory_stays_flat_and_nothing_is_lost() {
    let (seconds, rate) = (number("LOGVEIL_SOAK", 20), number("LOGVEIL_SOAK_RATE", 50));
    let ops = port();
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n[source.file.web]\ninclude = ['DIR/in/access.log']\nrotate_wait = '1s'\n\
         [sink.file.clean]\npath = 'DIR/out/clean.log'\nrotate_size = '64MiB'\n"
    ));
    let dir = place.at("in");
    fs::create_dir(&dir).unwrap();
    let mut writer = Writer { file: Writer::open(&dir), dir, rotated: Vec::new(), n: 0, written: 0 };
    let mut checker = Checker { out: place.at("out"), file: None, rest: Vec::new(), next: 0 };
    let daemon = place.start_ready();
    let (started, length) = (Instant::now(), Duration::from_secs(seconds));
    let (mut samples, mut late) = (Vec::new(), Duration::ZERO);
    while started.elapsed() < length {
        writer.block();
        if writer.written >> 22 != (writer.written - (256 << 10)) >> 22 {
            checker.look();
            writer.clean(checker.next);
            samples.push(memory(daemon.child.id(), "VmRSS"));
        }
        while writer.ahead(checker.next) > AHEAD {
            checker.look();
            std::thread::sleep(Duration::from_millis(5));
        }
        let due = Duration::from_micros(writer.written / rate);
        late = late.max(started.elapsed().saturating_sub(due));
        std::thread::sleep(due.saturating_sub(started.elapsed()));
    }
    let wall = started.elapsed();
    wait_for("the last record", || {
        checker.look();
        checker.next == writer.n
    });
    wait_for("the count", || metric(ops, "logveil_records_total{sink=\"clean\"}") == writer.n);
    samples.push(memory(daemon.child.id(), "VmRSS"));
    let (early, later) = samples.split_at(samples.len() / 3);
    let (early, later) = (early.iter().max().unwrap_or(&0), later.iter().max().unwrap());
    println!(
        "{} bytes, {} records in {wall:?}: {:.1} MB/s; resident KiB: first third {early}, later {later}; latest writer {late:?}",
        writer.written,
        writer.n,
        writer.written as f64 / 1e6 / wall.as_secs_f64()
    );
    assert!(*later < 64 << 10, "{later} KiB");
    assert!(*later <= early + (4 << 10), "resident memory grows: {early} KiB, then {later} KiB");
    assert!(daemon.stop().success());
    place.assert_clean(&["in", "key"], &MARKS);
}
