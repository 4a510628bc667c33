//! Signals and waiting: what a filter in a live pipe must know of its process.

use crate::input::Readiness;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long input is read on after a request to stop (Apache closes the pipe some 3 ms after SIGTERM on a graceful
/// restart, and 3 s after it on a stop).
const DRAIN: Duration = Duration::from_millis(2500);

/// Set by SIGTERM and SIGINT.
pub fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, flag.clone())?;
    }
    Ok(flag)
}

/// An input that ends when its process is asked to stop and nothing more comes.
pub struct Stoppable<R> {
    inner: R,
    stop: Arc<AtomicBool>,
    asked: Option<Instant>,
    /// Plain files never keep a reader waiting.
    waits: bool,
}

impl<R: Read + AsFd> Stoppable<R> {
    /// Wraps an input.
    pub fn new(inner: R, stop: Arc<AtomicBool>, waits: bool) -> Self {
        Stoppable { inner, stop, asked: None, waits }
    }

    /// Waits for input in short turns, so that a request to stop is seen. False: the time is over.
    fn wait(&mut self) -> bool {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                let asked = *self.asked.get_or_insert_with(Instant::now);
                if asked.elapsed() >= DRAIN {
                    return false;
                }
            }
            let turn = if self.asked.is_some() { 20 } else { 200 };
            if readable(self.inner.as_fd(), turn) {
                return true;
            }
        }
    }
}

impl<R: Read + AsFd> Read for Stoppable<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.waits && !self.wait() || !self.waits && self.stop.load(Ordering::Relaxed) {
            return Ok(0);
        }
        self.inner.read(out)
    }
}

/// Tells whether a descriptor has input now.
pub struct Poll<'a>(pub BorrowedFd<'a>);

impl Readiness for Poll<'_> {
    fn ready(&self) -> bool {
        readable(self.0, 0)
    }
}

fn readable(fd: BorrowedFd<'_>, millis: i64) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    let wait = Timespec { tv_sec: 0, tv_nsec: millis * 1_000_000 };
    match poll(&mut fds, Some(&wait)) {
        Ok(n) => n > 0,
        // An interrupted wait is looked at again by the caller.
        Err(_) => false,
    }
}
