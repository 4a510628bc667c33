//! The daemon's own log: structured, rate limited, and never about a value.

use super::config::LogForm;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line of a kind in this time.
const PACE: Duration = Duration::from_secs(10);

/// Lets one message of a kind through in ten seconds and counts the others.
#[derive(Default)]
pub struct Quiet(Mutex<Pace>);

#[derive(Default)]
struct Pace {
    last: Option<Instant>,
    held: u64,
}

impl Quiet {
    /// How many were held back since the last one, when it is time for another.
    fn due(&self) -> Option<u64> {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pace.last.is_some_and(|t| t.elapsed() < PACE) {
            pace.held += 1;
            return None;
        }
        pace.last = Some(Instant::now());
        Some(std::mem::take(&mut pace.held))
    }

    /// Warns, when it is time.
    pub fn warn(&self, message: &str) {
        if let Some(held) = self.due() {
            tracing::warn!(held, "{message}");
        }
    }
}

/// Sends the log to standard error, and keeps values out of messages about panics.
pub fn start(form: LogForm) {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    // A second start in one process keeps the first one's log.
    let _ = match form {
        LogForm::Text => log.try_init(),
        LogForm::Json => log.json().try_init(),
    };
    std::panic::set_hook(Box::new(|info| {
        // The payload may hold a slice of a record.
        let place = info.location().map_or("an unknown place".into(), |l| format!("{}:{}", l.file(), l.line()));
        tracing::error!("internal error at {place}");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_ten_seconds() {
        let quiet = Quiet::default();
        assert_eq!(quiet.due(), Some(0));
        assert_eq!((quiet.due(), quiet.due()), (None, None));
        quiet.0.lock().unwrap().last = Instant::now().checked_sub(PACE);
        assert_eq!(quiet.due(), Some(2));
    }
}
