//! One sink and the thread that feeds it: reads its files, takes what sources push, de-identifies, writes, and commits offsets and
//! output together.

use super::batch::Raw;
use super::bell::{Bell, Call};
use super::checkpoint::{Checkpoint, Saved};
use super::ledger::Ledger;
use super::log::Quiet;
use super::metrics::{Metrics, label, labels};
use super::press::Press;
use super::sink::Sink;
use super::tail::{Feed, Stopped, Tail};
use crate::engine::{Clean, Engine, Format};
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest wait between two looks at files.
const REST: Duration = Duration::from_millis(100);
/// Shortest wait between two looks at files.
const BLINK: Duration = Duration::from_millis(1);
/// Longest time that written records wait for their commit.
const COMMIT: Duration = Duration::from_millis(250);
/// Pushed batches of one turn, and those that one commit answers at most.
const GROUP: usize = 256;
/// Longest wait before a failed write is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// An engine, and the formats that the configuration fixes for some sources.
type Working = (Arc<Engine>, Arc<HashMap<PathBuf, Format>>);

/// What the rest of the daemon tells a lane, and sees of it.
pub struct Control {
    engine: Mutex<Working>,
    generation: AtomicU64,
    stopping: AtomicBool,
    abandon: AtomicBool,
    beats: AtomicU64,
    failing: AtomicBool,
    /// Wakes the lane.
    pub bell: Arc<Bell>,
}

impl Control {
    /// A lane that works with this engine; formats are fixed for some sources.
    pub fn new(engine: Engine, fixed: HashMap<PathBuf, Format>) -> Control {
        Control {
            engine: Mutex::new((Arc::new(engine), Arc::new(fixed))),
            generation: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            abandon: AtomicBool::new(false),
            beats: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            bell: Arc::default(),
        }
    }

    /// Gives the lane another engine; it changes between two blocks.
    pub fn reload(&self, engine: Engine, fixed: HashMap<PathBuf, Format>) {
        *self.lock() = (Arc::new(engine), Arc::new(fixed));
        self.generation.fetch_add(1, Ordering::Release);
        self.bell.ring(Call::Records);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Working> {
        self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Asks the lane to write what it has and end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.bell.ring(Call::Records);
    }

    /// Asks the lane to end at once.
    pub fn abandon(&self) {
        self.abandon.store(true, Ordering::Release);
    }

    /// Rises while the lane lives.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// True while the sink refuses what it is given.
    pub fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }
}

/// One sink with its sources.
pub struct Lane {
    /// Name of the sink.
    pub name: String,
    /// Files that it follows, by source.
    pub tails: Vec<(String, Tail)>,
    /// What sources push.
    pub inbox: Receiver<Arc<Raw>>,
    /// Where records go.
    pub sink: Box<dyn Sink>,
    /// Where progress is saved.
    pub checkpoint: Checkpoint,
    /// Where a recipient's disclosures are recorded.
    pub ledger: Ledger,
    /// What it is told.
    pub control: Arc<Control>,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
}

/// How a turn with one engine ended.
enum Turn {
    Reload,
    Done,
}

impl Lane {
    /// Works until it is asked to stop; true when everything it took was written.
    pub fn run(mut self) -> bool {
        loop {
            // The number first: an engine that comes in between is taken once more, never missed.
            let generation = self.control.generation.load(Ordering::Acquire);
            let (engine, fixed) = self.control.lock().clone();
            match self.turn(&engine, &fixed, generation) {
                Ok(Turn::Reload) => {}
                Ok(Turn::Done) => return true,
                Err(Stopped) => return false,
            }
        }
    }

    fn turn(&mut self, engine: &Engine, fixed: &HashMap<PathBuf, Format>, generation: u64) -> Result<Turn, Stopped> {
        let control = self.control.clone();
        let mut work = Work {
            press: Press::new(engine, fixed),
            engine,
            out: Out {
                sink: &mut *self.sink,
                checkpoint: &mut self.checkpoint,
                ledger: &mut self.ledger,
                control: &control,
                metrics: &self.metrics,
                name: &self.name,
                quiet: Quiet::default(),
            },
            source: PathBuf::new(),
            dirty: None,
        };
        // Before the first record: what is written later and not committed is known as such after a crash.
        self.tails.iter_mut().for_each(|(_, tail)| tail.begin());
        commit(&mut work, &self.tails, false)?;
        let mut held: Vec<Arc<Raw>> = Vec::new();
        let mut rest = BLINK;
        loop {
            control.beat();
            let mut busy = false;
            let mut ended = false;
            let reload = control.generation.load(Ordering::Acquire) != generation;
            for _ in 0..if reload { 0 } else { GROUP - held.len().min(GROUP) } {
                match self.inbox.try_recv() {
                    Ok(raw) => {
                        work.push(&raw)?;
                        // Memory is given back at once where nobody waits for the commit.
                        if raw.awaited() {
                            held.push(raw)
                        } else {
                            finish(&raw, work.out.metrics, work.out.name)
                        }
                        busy = true;
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        ended = true;
                        break;
                    }
                }
            }
            let stopping = control.stopping.load(Ordering::Acquire);
            if !stopping && !reload {
                for (source, tail) in &mut self.tails {
                    work.source = PathBuf::from(&*source);
                    busy |= tail.poll(&mut work)?;
                }
            }
            let last = stopping && ended && !busy;
            if work.due(&held, busy) || reload || last {
                commit(&mut work, &self.tails, reload || last)?;
                held.drain(..).for_each(|raw| finish(&raw, work.out.metrics, work.out.name));
            }
            if last {
                return Ok(Turn::Done);
            }
            if reload {
                return Ok(Turn::Reload);
            }
            if busy {
                rest = BLINK;
                continue;
            }
            match control.bell.wait(rest) {
                Some(Call::Records) => rest = BLINK,
                Some(Call::File) => {
                    // A server that writes a line at a time is read in larger pieces.
                    std::thread::sleep(BLINK);
                    rest = BLINK;
                }
                None => rest = (rest * 2).min(REST),
            }
        }
    }
}

/// Tells a source that this sink has its records.
fn finish(raw: &Raw, metrics: &Metrics, sink: &str) {
    raw.done();
    metrics.latency.get_or_create(&label("sink", sink)).observe(raw.received.elapsed().as_secs_f64());
}

/// Makes the sink keep what it has, and saves how that came about. `last`: the engine is not used after it.
fn commit(work: &mut Work<'_, '_>, tails: &[(String, Tail)], last: bool) -> Result<(), Stopped> {
    let files = || tails.iter().map(|(name, tail)| (name.clone(), tail.marks())).collect();
    let engine = work.engine;
    work.out.ledger.add(&work.press.take_disclosed());
    work.out.persist(|out| {
        let sink = out.sink.commit()?;
        if last || out.ledger.due() {
            out.ledger.write(engine)?;
        }
        out.checkpoint.save(Saved { time: 0, files: files(), sink, disclosed: out.ledger.line(engine) })
    })?;
    work.out.persist(|out| match out.sink.turn()? {
        Some(mark) => out.checkpoint.amend(mark),
        None => Ok(()),
    })?;
    work.dirty = None;
    work.count();
    let of = label("sink", work.out.name);
    let sum = |f: fn(&Tail) -> u64| i64::try_from(tails.iter().map(|(_, t)| f(t)).sum::<u64>()).unwrap_or(i64::MAX);
    work.out.metrics.lag.get_or_create(&of).set(sum(Tail::lag));
    work.out.metrics.lost.get_or_create(&of).set(sum(|t| t.lost));
    Ok(())
}

/// The sink behind its retries.
struct Out<'a> {
    sink: &'a mut dyn Sink,
    checkpoint: &'a mut Checkpoint,
    ledger: &'a mut Ledger,
    control: &'a Control,
    metrics: &'a Metrics,
    name: &'a str,
    quiet: Quiet,
}

impl Out<'_> {
    /// Does something with the sink until it works or the lane must end.
    fn persist(&mut self, mut action: impl FnMut(&mut Self) -> io::Result<()>) -> Result<(), Stopped> {
        let mut wait = Duration::from_millis(20);
        loop {
            let Err(e) = action(self) else {
                self.control.failing.store(false, Ordering::Relaxed);
                return Ok(());
            };
            self.control.failing.store(true, Ordering::Relaxed);
            self.metrics.sink_errors.get_or_create(&label("sink", self.name)).inc();
            self.quiet.warn(&format!("sink {}: {e}; it is tried again", self.name));
            let until = Instant::now() + jitter(wait);
            while Instant::now() < until {
                if self.control.abandon.load(Ordering::Acquire) {
                    return Err(Stopped);
                }
                self.control.beat();
                std::thread::sleep(Duration::from_millis(10));
            }
            wait = (wait * 2).min(RETRY);
        }
    }

    fn write(&mut self, clean: &Clean<'_>) -> Result<(), Stopped> {
        self.control.beat();
        self.persist(|out| {
            if let Some(mark) = out.sink.prepare(clean)? {
                out.checkpoint.amend(mark)?;
            }
            out.sink.write(clean)
        })
    }
}

/// Between half of a time and all of it.
pub fn jitter(time: Duration) -> Duration {
    let mut raw = [0; 4];
    // Without randomness all wait alike.
    let _ = getrandom::fill(&mut raw);
    time.mul_f64(0.5 + 0.5 * f64::from(u32::from_ne_bytes(raw)) / f64::from(u32::MAX))
}

/// What one turn works with.
struct Work<'e, 'a> {
    press: Press<'e>,
    engine: &'e Engine,
    out: Out<'a>,
    /// The file source that is read now.
    source: PathBuf,
    /// Since when something waits for a commit.
    dirty: Option<Instant>,
}

impl Work<'_, '_> {
    fn push(&mut self, raw: &Raw) -> Result<(), Stopped> {
        self.dirty.get_or_insert_with(Instant::now);
        let out = &mut self.out;
        self.press.records(&raw.source, &raw.source, &raw.bytes, &mut |clean| out.write(clean))
    }

    /// True when it is time to commit.
    fn due(&self, held: &[Arc<Raw>], busy: bool) -> bool {
        let Some(since) = self.dirty else { return false };
        !busy && !held.is_empty() || held.len() >= GROUP || since.elapsed() >= COMMIT || self.out.sink.full()
    }

    fn count(&mut self) {
        let (tally, failed) = self.press.take_counts();
        let (m, sink) = (self.out.metrics, self.out.name);
        let of = label("sink", sink);
        m.records.get_or_create(&of).inc_by(tally.records);
        m.bytes_in.get_or_create(&of).inc_by(tally.bytes_in);
        m.bytes_out.get_or_create(&of).inc_by(tally.bytes_out);
        for ((entity, clause), n) in self.press.take_clauses() {
            let mut of = labels(("sink", sink), ("entity", entity));
            of.push(("clause", clause.into()));
            m.findings.get_or_create(&of).inc_by(n);
        }
        for (what, n) in [("value", tally.unfit), ("record", tally.suppressed_records), ("failed", failed)] {
            m.suppressed.get_or_create(&labels(("sink", sink), ("what", what))).inc_by(n);
        }
    }
}

impl Feed for Work<'_, '_> {
    fn records(&mut self, stream: &Path, bytes: &[u8]) -> Result<(), Stopped> {
        self.dirty.get_or_insert_with(Instant::now);
        let out = &mut self.out;
        self.press.records(&self.source, stream, bytes, &mut |clean| out.write(clean))
    }

    fn long(&mut self, _: &Path, input: &mut dyn Read) -> Result<(), Stopped> {
        self.dirty.get_or_insert_with(Instant::now);
        let out = &mut self.out;
        self.press.long(input, &mut |clean| out.write(clean))
    }
}
