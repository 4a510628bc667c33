//! How far is it? Bars on a terminal, JSON lines elsewhere; messages pass between the bars.

use super::args::ProgressMode;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Files below this size have no bar of their own.
const OWN_BAR: u64 = 16 << 20;

/// Progress of a run.
pub struct Progress {
    bars: Option<(MultiProgress, ProgressBar)>,
    json: Option<Duration>,
    started: Instant,
    files: u64,
    bytes: u64,
    done: AtomicU64,
    files_done: AtomicU64,
    ended: Mutex<bool>,
    wake: Condvar,
}

/// Progress of one file.
pub struct Bar<'p> {
    progress: &'p Progress,
    own: Option<ProgressBar>,
}

impl Progress {
    /// Progress over this many files and bytes.
    pub fn new(mode: ProgressMode, interval: f64, files: u64, bytes: u64) -> Progress {
        let tty = mode == ProgressMode::Auto && std::io::stderr().is_terminal();
        let bars = tty.then(|| {
            let multi = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            let total = multi.add(ProgressBar::new(bytes));
            total.set_style(style("total {bar:24} {bytes}/{total_bytes} {binary_bytes_per_sec} ETA {eta} {msg}"));
            (multi, total)
        });
        let every = Duration::try_from_secs_f64(interval).unwrap_or(Duration::from_secs(5)).max(MIN);
        Progress {
            bars,
            json: (mode == ProgressMode::Json).then_some(every),
            started: Instant::now(),
            files,
            bytes,
            done: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
            ended: Mutex::new(false),
            wake: Condvar::new(),
        }
    }

    /// Begins a file.
    pub fn file(&self, name: &str, size: u64) -> Bar<'_> {
        let own = self.bars.as_ref().filter(|_| size >= OWN_BAR).map(|(multi, _)| {
            let bar = multi.add(ProgressBar::new(size));
            bar.set_style(style("{msg:28!} {bar:24} {bytes}/{total_bytes} {binary_bytes_per_sec}"));
            bar.set_message(name.to_owned());
            bar
        });
        Bar { progress: self, own }
    }

    /// Counts a file that is finished, one way or another.
    pub fn finished(&self) {
        let n = self.files_done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some((_, total)) = &self.bars {
            total.set_message(format!("{n}/{} files", self.files));
        }
    }

    /// Prints a message to standard error.
    pub fn say(&self, message: &str) {
        match &self.bars {
            Some((multi, _)) => multi.suspend(|| eprintln!("logveil: {message}")),
            None => eprintln!("logveil: {message}"),
        }
    }

    /// Prints JSON lines until [`Progress::end`]; returns at once when nobody asked for them.
    pub fn tick(&self) {
        if let Some(every) = self.json {
            self.each(every, |line| eprintln!("{line}"));
        }
    }

    /// A line each interval and one at the end, also when the end came first: a run too short for
    /// an interval still says that it is done.
    fn each(&self, every: Duration, mut say: impl FnMut(serde_json::Value)) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !*ended {
                ended = self.wake.wait_timeout(ended, every).unwrap_or_else(PoisonError::into_inner).0;
            }
            say(self.line());
            if *ended {
                return;
            }
        }
    }

    /// Ends the bars and the lines.
    pub fn end(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
        if let Some((multi, total)) = &self.bars {
            total.finish_and_clear();
            let _ = multi.clear();
        }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    fn line(&self) -> serde_json::Value {
        let (seconds, done) = (self.seconds(), self.done.load(Ordering::Relaxed));
        let rate = done as f64 / seconds.max(1e-9);
        let eta = self.bytes.saturating_sub(done) as f64 / rate.max(1.0);
        serde_json::json!({
            "progress": {
                "seconds": (seconds * 1e3).round() / 1e3,
                "files_done": self.files_done.load(Ordering::Relaxed),
                "files": self.files,
                "bytes_done": done,
                "bytes": self.bytes,
                "mb_per_s": (rate / 1e5).round() / 10.0,
                "eta_seconds": (eta * 10.0).round() / 10.0,
            }
        })
    }
}

/// Lines come no closer than this.
const MIN: Duration = Duration::from_millis(20);

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

impl Bar<'_> {
    /// Counts bytes of the input.
    pub fn advance(&self, n: u64) {
        self.progress.done.fetch_add(n, Ordering::Relaxed);
        if let Some((_, total)) = &self.progress.bars {
            total.inc(n);
        }
        if let Some(own) = &self.own {
            own.inc(n);
        }
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let (Some(own), Some((multi, _))) = (&self.own, &self.progress.bars) {
            own.finish_and_clear();
            multi.remove(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_shorter_than_the_interval_has_its_last_line() {
        let progress = Progress::new(ProgressMode::Json, 60.0, 1, 7);
        progress.file("a", 7).advance(7);
        progress.finished();
        progress.end();
        let mut lines = Vec::new();
        progress.each(Duration::from_secs(60), |line| lines.push(line));
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["progress"]["files_done"], &lines[0]["progress"]["bytes_done"]), (&1.into(), &7.into()));
    }
}
