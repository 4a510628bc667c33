//! A sidecar that a test starts, asks, stops and kills.

use super::{key_file, logveil};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A folder with a key, a configuration, and a place for the daemon's state and words.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    /// A folder whose configuration is `text` behind the common head; `DIR` stands for the folder.
    pub fn new(text: &str) -> Place {
        let dir = tempfile::tempdir().unwrap();
        key_file(dir.path());
        let place = Place { dir };
        place.configure(text);
        place
    }

    pub fn configure(&self, text: &str) {
        let head = "state_dir = 'DIR/state'\n[engine]\nkey_file = 'DIR/key'\ntag = 'none'\n";
        let text = format!("{head}{text}").replace("DIR", self.dir.path().to_str().unwrap());
        fs::write(self.at("logveil.toml"), text).unwrap();
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.at(name)).unwrap_or_default()).into_owned()
    }

    /// A daemon that runs; its words go to `said`.
    pub fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// A daemon with more environment.
    pub fn start_with(&self, env: &[(&str, &str)]) -> Daemon {
        let said = File::options().append(true).create(true).open(self.at("said")).unwrap();
        let config = self.at("logveil.toml");
        let child = logveil(&["sidecar", "-c", config.to_str().unwrap()])
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(File::create(self.at("stdout")).unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        Daemon { child }
    }

    /// A daemon that is ready.
    pub fn start_ready(&self) -> Daemon {
        let before = self.read("said").matches("ready").count();
        let mut daemon = self.start();
        wait_for("the daemon is ready", || {
            assert!(daemon.child.try_wait().unwrap().is_none(), "{}", self.read("said"));
            self.read("said").matches("ready").count() > before
        });
        daemon
    }

    /// Every byte that was written below the folder, the inputs named `except` left out.
    pub fn all_bytes(&self, except: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        walk(self.dir.path(), &mut files);
        files.retain(|p| !except.iter().any(|e| p.strip_prefix(self.dir.path()).unwrap().starts_with(e)));
        files.into_iter().map(|p| (p.clone(), fs::read(&p).unwrap_or_default())).collect()
    }

    /// Fails when one of the marks stands in any byte written.
    pub fn assert_clean(&self, except: &[&str], marks: &[&str]) {
        for (path, bytes) in self.all_bytes(except) {
            for mark in marks {
                assert!(memchr::memmem::find(&bytes, mark.as_bytes()).is_none(), "{} holds {mark}", path.display());
            }
        }
    }
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files)
        } else if path.is_file() {
            files.push(path)
        }
    }
}

/// A process that is killed when the test ends.
pub struct Daemon {
    pub child: Child,
}

impl Daemon {
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(rustix::process::Signal::TERM);
        let mut status = None;
        wait_for("the daemon ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a file that may be written to: the last one is none before its end is there.
pub fn whole_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n'))
}

/// Waits until something holds; half a minute at most.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until `count` is `all`, or has not grown for ten seconds: the caller says what is missing then.
pub fn wait_while_growing(all: u64, mut count: impl FnMut() -> u64) {
    let (mut most, mut since) = (count(), Instant::now());
    while most < all && since.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(100));
        let now = count();
        if now > most {
            (most, since) = (now, Instant::now());
        }
    }
}

/// Numbers that do not repeat from run to run of a test, but do for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
