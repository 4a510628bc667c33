//! From the disk buffer to the other side: in order, again and again until it is taken, slower when it is not.

mod http;
mod syslog;

pub use http::HttpRemote;
pub use syslog::SyslogRemote;

use super::buffer::{Buffered, Reader};
use super::durable;
use super::log::Quiet;
use super::metrics::{Metrics, label, labels};
use super::retry::jitter;
use super::source::Stop;
use std::fs::OpenOptions;
use std::future::Future;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Shortest wait after a failure.
const SHORTEST: Duration = Duration::from_millis(100);
/// Failures in a row that open the circuit.
const FAILURES: u32 = 5;
/// Largest dead-letter file; then a new one is begun and the one before is dropped.
const DEAD: u64 = 64 << 20;

/// What the other side said.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has them.
    Taken,
    /// It may take them later.
    Later(String),
    /// It will never take these.
    Refused(String),
}

/// The other side.
pub trait Remote: Send {
    /// Sends records.
    fn send<'a>(&'a mut self, batch: &'a [Buffered]) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;
}

/// How a sink is delivered.
pub struct Delivery {
    /// Name of the sink.
    pub name: String,
    /// The buffer.
    pub reader: Reader,
    /// The other side.
    pub remote: Box<dyn Remote>,
    /// Most bytes of one batch.
    pub batch: usize,
    /// Longest wait after a failure.
    pub longest: Duration,
    /// Where refused records go.
    pub dead: PathBuf,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
}

impl Delivery {
    /// Delivers until it is time to stop and the buffer is empty, or `Stop` of the drain comes.
    pub async fn run(mut self, mut stop: Stop, mut abandon: Stop) {
        let quiet = Quiet::default();
        let mut failures = 0;
        loop {
            let batch = match self.gather(if failures >= FAILURES { 1 } else { self.batch }) {
                Ok(batch) => batch,
                Err(e) => {
                    quiet.warn(&format!("sink {}: disk buffer: {e}", self.name));
                    self.reader.rewind();
                    Vec::new()
                }
            };
            self.count();
            if batch.is_empty() {
                if *stop.0.borrow() && self.reader.is_empty() {
                    break;
                }
                let shared = self.reader.shared.clone();
                tokio::select! {
                    () = shared.more.notified() => {}
                    () = stop.asked(), if !*stop.0.borrow() => {}
                    () = abandon.asked() => break,
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                }
                continue;
            }
            let outcome = tokio::select! {
                outcome = self.remote.send(&batch) => outcome,
                () = abandon.asked() => break,
            };
            let outcome = match outcome {
                Outcome::Refused(why) => tokio::select! {
                    outcome = self.refused(batch, &why, &quiet) => outcome,
                    () = abandon.asked() => break,
                },
                Outcome::Taken => {
                    self.taken(&batch, &quiet);
                    Ok(())
                }
                Outcome::Later(why) => Err(why),
            };
            match outcome {
                Ok(()) => failures = 0,
                Err(why) => {
                    failures += 1;
                    self.reader.rewind();
                    self.metrics.sink_errors.get_or_create(&label("sink", &self.name)).inc();
                    quiet.warn(&format!("sink {}: {why}; it is tried again", self.name));
                    let wait = jitter((SHORTEST * 2u32.pow(failures.min(16) - 1)).min(self.longest));
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = abandon.asked() => break,
                    }
                }
            }
            self.metrics.circuit.get_or_create(&label("sink", &self.name)).set(i64::from(failures >= FAILURES));
        }
        if let Err(e) = self.reader.save() {
            tracing::warn!("sink {}: disk buffer: {e}", self.name);
        }
    }

    fn gather(&mut self, most: usize) -> io::Result<Vec<Buffered>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < most {
            let Some(record) = self.reader.pull()? else { break };
            bytes += record.bytes().len();
            batch.push(record);
        }
        Ok(batch)
    }

    fn taken(&mut self, batch: &[Buffered], quiet: &Quiet) {
        for record in batch {
            if let Err(e) = self.reader.delivered(record) {
                quiet.warn(&format!("sink {}: disk buffer: {e}", self.name));
            }
        }
        let lines = batch.iter().map(|r| u64::from(r.lines)).sum();
        self.metrics.delivered.get_or_create(&label("sink", &self.name)).inc_by(lines);
    }

    /// One bad record must not take others with it: each is sent alone, and those that are refused again go to the
    /// dead-letter file.
    ///
    /// # Errors
    /// Why the rest has to be sent again.
    async fn refused(&mut self, batch: Vec<Buffered>, why: &str, quiet: &Quiet) -> Result<(), String> {
        for record in batch {
            let one = std::slice::from_ref(&record);
            match self.remote.send(one).await {
                Outcome::Taken => self.taken(one, quiet),
                Outcome::Later(why) => return Err(why),
                Outcome::Refused(_) => {
                    self.bury(&record).map_err(|e| format!("dead-letter file: {e}"))?;
                    quiet.warn(&format!("sink {}: {why}; it went to the dead-letter file", self.name));
                    self.metrics.dead.get_or_create(&labels(("sink", &self.name), ("reason", "refused"))).inc();
                    if let Err(e) = self.reader.delivered(&record) {
                        quiet.warn(&format!("sink {}: disk buffer: {e}", self.name));
                    }
                }
            }
        }
        Ok(())
    }

    fn bury(&self, record: &Buffered) -> io::Result<()> {
        if std::fs::metadata(&self.dead).is_ok_and(|m| m.len() > DEAD) {
            std::fs::rename(&self.dead, self.dead.with_extension("dead.1"))?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.dead)?;
        file.write_all(record.bytes())?;
        durable::sync(&file)
    }

    fn count(&mut self) {
        let of = label("sink", &self.name);
        let bytes = i64::try_from(self.reader.shared.bytes()).unwrap_or(i64::MAX);
        self.metrics.buffered.get_or_create(&of).set(bytes);
        self.metrics.damaged.get_or_create(&of).inc_by(std::mem::take(&mut self.reader.damaged));
    }
}
