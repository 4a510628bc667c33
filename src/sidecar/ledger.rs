//! Who got what: the lines of a recipient's disclosures. What has no line yet stands in the checkpoint.

use super::durable;
use crate::engine::{Disclosed, Engine};
use jiff::Timestamp;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A line of this time at most.
const HOUR: Duration = Duration::from_secs(3600);

/// The ledger of one sink with a recipient's view.
pub struct Ledger {
    path: PathBuf,
    done: Disclosed,
    since: Instant,
    /// A line that a daemon before this one left in its checkpoint.
    left: Option<Value>,
}

impl Ledger {
    /// The ledger at `path`; `left` is the line of the checkpoint.
    pub fn new(path: PathBuf, left: Option<Value>) -> Ledger {
        Ledger { path, done: Disclosed::default(), since: Instant::now(), left }
    }

    /// Adds what the view of an engine disclosed.
    pub fn add(&mut self, done: &[Disclosed]) {
        done.iter().skip(1).for_each(|d| self.done.merge(d));
    }

    /// The line of what has none yet; nothing when nothing was disclosed.
    pub fn line(&self, engine: &Engine) -> Option<Value> {
        let some = self.done.records > 0 || self.done.refused > 0;
        some.then(|| engine.disclosure(1, &self.done, Timestamp::now())).flatten()
    }

    /// True when it is time for a line.
    pub fn due(&self) -> bool {
        self.left.is_some() || self.since.elapsed() >= HOUR
    }

    /// Writes the line that was left, and the one of what has none yet.
    ///
    /// # Errors
    /// Those of the file; it may be called again.
    pub fn write(&mut self, engine: &Engine) -> io::Result<()> {
        let mut text = Vec::new();
        for line in self.left.iter().chain(&self.line(engine)) {
            writeln!(text, "{line}")?;
        }
        if !text.is_empty() {
            let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
            file.write_all(&text)?;
            durable::sync(&file)?;
        }
        (self.left, self.done, self.since) = (None, Disclosed::default(), Instant::now());
        Ok(())
    }
}
