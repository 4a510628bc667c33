//! Wakes a lane that rests: something came, or a file changed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why a lane was woken; the more urgent is larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// A file changed.
    File,
    /// A source pushed records.
    Records,
}

/// One lane listens, many ring.
#[derive(Default)]
pub struct Bell {
    rung: Mutex<Option<Call>>,
    heard: Condvar,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Option<Call>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the lane, or has it not rest the next time.
    pub fn ring(&self, call: Call) {
        let mut rung = self.lock();
        if *rung < Some(call) {
            *rung = Some(call);
            self.heard.notify_one();
        }
    }

    /// Waits for a call.
    pub fn wait(&self, longest: Duration) -> Option<Call> {
        let rung = self.lock();
        let waited = self.heard.wait_timeout_while(rung, longest, |rung| rung.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_not_missed() {
        let bell = Bell::default();
        assert_eq!(bell.wait(Duration::from_millis(1)), None);
        [Call::Records, Call::File].into_iter().for_each(|c| bell.ring(c));
        assert_eq!((bell.wait(Duration::ZERO), bell.wait(Duration::ZERO)), (Some(Call::Records), None));
        std::thread::scope(|s| {
            s.spawn(|| bell.ring(Call::File));
            assert_eq!(bell.wait(Duration::from_secs(60)), Some(Call::File));
        });
    }
}
