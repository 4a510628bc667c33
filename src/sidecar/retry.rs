//! Again and again, with growing waits, until it works or the lane must end.

use super::lane::Control;
use super::log::Quiet;
use super::metrics::{Metrics, label};
use super::tail::Stopped;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// First wait before a failed write is tried again.
const FIRST: Duration = Duration::from_millis(20);
/// Longest wait.
const LONGEST: Duration = Duration::from_secs(5);
/// How soon it is seen that the lane must end.
const LOOK: Duration = Duration::from_millis(10);

/// How the sink of one lane is tried again.
#[derive(Clone)]
pub struct Retry {
    /// Name of the sink.
    pub name: String,
    /// What the lane is told.
    pub control: Arc<Control>,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
    /// Where it tells why.
    pub quiet: Arc<Quiet>,
}

impl Retry {
    /// Does something with the sink until it works.
    ///
    /// # Errors
    /// [`Stopped`] when the lane must end first.
    pub fn persist(&self, mut action: impl FnMut() -> io::Result<()>) -> Result<(), Stopped> {
        let Err(mut error) = action() else { return Ok(()) };
        let _failing = self.control.fails();
        let mut wait = FIRST;
        loop {
            self.metrics.sink_errors.get_or_create(&label("sink", &self.name)).inc();
            self.quiet.warn(&format!("sink {}: {error}; it is tried again", self.name));
            let until = Instant::now() + jitter(wait);
            while Instant::now() < until {
                if self.control.abandoned() {
                    return Err(Stopped);
                }
                self.control.beat();
                std::thread::sleep(LOOK);
            }
            wait = (wait * 2).min(LONGEST);
            match action() {
                Ok(()) => return Ok(()),
                Err(e) => error = e,
            }
        }
    }
}

/// Between half of a time and all of it.
pub fn jitter(time: Duration) -> Duration {
    let mut raw = [0; 4];
    // Without randomness all wait alike.
    let _ = getrandom::fill(&mut raw);
    time.mul_f64(0.5 + 0.5 * f64::from(u32::from_ne_bytes(raw)) / f64::from(u32::MAX))
}
