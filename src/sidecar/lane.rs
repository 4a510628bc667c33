//! One sink and the thread that feeds it: reads its files, takes what sources push, de-identifies, writes, and commits offsets and
//! output together.

use super::batch::Raw;
use super::bell::{Bell, Call};
use super::checkpoint::Saved;
use super::committer::{Committer, finish};
use super::inbox::Inbox;
use super::ledger::Ledger;
use super::metrics::{label, labels};
use super::press::Press;
use super::retry::Retry;
use super::sink::{Commit, Sink, SinkMark};
use super::tail::{self, Feed, Stopped, Tail};
use crate::engine::{Clean, Engine, Format};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::TryRecvError;
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

/// An engine, and the formats that the configuration fixes for some sources.
type Working = (Arc<Engine>, Arc<HashMap<PathBuf, Format>>);

/// What the rest of the daemon tells a lane, and sees of it.
pub struct Control {
    engine: Mutex<Working>,
    generation: AtomicU64,
    stopping: AtomicBool,
    abandon: AtomicBool,
    beats: AtomicU64,
    /// Threads of the lane that try again.
    failing: AtomicUsize,
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
            failing: AtomicUsize::new(0),
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
        self.bell.ring(Call::Records);
    }

    /// Rises while the lane lives.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// True while the sink refuses what it is given.
    pub fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed) > 0
    }

    /// Says that something fails, until it is dropped.
    pub fn fails(&self) -> Failing<'_> {
        self.failing.fetch_add(1, Ordering::Relaxed);
        Failing(self)
    }

    /// True when the lane must end at once.
    pub fn abandoned(&self) -> bool {
        self.abandon.load(Ordering::Acquire)
    }

    /// Shows that the lane lives.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }
}

/// Something of a lane fails.
pub struct Failing<'a>(&'a Control);

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        self.0.failing.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One sink with its sources.
pub struct Lane {
    /// Files that it follows, by source.
    pub tails: Vec<(String, Tail)>,
    /// What sources push.
    pub inbox: Inbox,
    /// Where records go.
    pub sink: Box<dyn Sink>,
    /// Where progress is saved.
    pub committer: Committer,
    /// Where a recipient's disclosures are recorded.
    pub ledger: Ledger,
    /// Its name, what it is told, where it counts, and how it tries again.
    pub retry: Retry,
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
            let generation = self.retry.control.generation.load(Ordering::Acquire);
            let (engine, fixed) = self.retry.control.lock().clone();
            match self.turn(&engine, &fixed, generation) {
                Ok(Turn::Reload) => {}
                Ok(Turn::Done) => return true,
                Err(Stopped) => return false,
            }
        }
    }

    fn turn(&mut self, engine: &Engine, fixed: &HashMap<PathBuf, Format>, generation: u64) -> Result<Turn, Stopped> {
        let control = self.retry.control.clone();
        let mut work = Work {
            press: Press::new(engine, fixed),
            engine,
            out: Out {
                sink: &mut *self.sink,
                committer: &mut self.committer,
                ledger: &mut self.ledger,
                retry: &self.retry,
            },
            source: PathBuf::new(),
            dirty: None,
        };
        // Before the first record: what is written later and not committed is known as such after a crash.
        self.tails.iter_mut().for_each(|(_, tail)| tail.begin());
        let mut held: Vec<Arc<Raw>> = Vec::new();
        commit(&mut work, &self.tails, &mut held, false)?;
        work.out.committer.wait()?;
        let mut rest = BLINK;
        loop {
            control.beat();
            if control.abandoned() {
                return Err(Stopped);
            }
            if control.failing() {
                // Nothing more is taken before what was taken is safe.
                work.out.committer.wait()?;
            }
            let mut busy = false;
            let mut ended = false;
            let reload = control.generation.load(Ordering::Acquire) != generation;
            let mut room = if reload { 0 } else { GROUP - held.len().min(GROUP) };
            while room > 0 {
                let group = match self.inbox.group(room) {
                    Ok(group) => group,
                    Err(e) => {
                        ended = e == TryRecvError::Disconnected;
                        break;
                    }
                };
                room -= group.len();
                busy = true;
                work.push(&group[0].source, self.inbox.bytes(&group))?;
                // Memory is given back at once where nobody waits for the commit.
                let (awaited, others): (Vec<_>, Vec<_>) = group.into_iter().partition(|raw| raw.awaited());
                others.iter().for_each(|raw| finish(raw, work.out.retry));
                held.extend(awaited);
            }
            let stopping = control.stopping.load(Ordering::Acquire);
            if !stopping && !reload {
                for (source, tail) in &mut self.tails {
                    work.source = PathBuf::from(&*source);
                    busy |= tail.poll(&mut work)?;
                }
            }
            let last = stopping && ended && !busy;
            if work.due(&held, busy)? || reload || last {
                commit(&mut work, &self.tails, &mut held, reload || last)?;
            }
            if reload || last {
                work.out.committer.wait()?;
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

/// Has the sink keep what it has, and how that came about saved; goes on before that is done, but for a new file of the sink.
/// `last`: the engine is not used after it.
fn commit(
    work: &mut Work<'_, '_>,
    tails: &[(String, Tail)],
    held: &mut Vec<Arc<Raw>>,
    last: bool,
) -> Result<(), Stopped> {
    let (engine, retry) = (work.engine, work.out.retry);
    let out = &mut work.out;
    out.committer.wait()?;
    out.ledger.add(&work.press.take_disclosed());
    let (mut commit, mut turns) = (Commit::default(), false);
    retry.persist(|| {
        if last || out.ledger.due() {
            out.ledger.write(engine)?;
        }
        turns = out.sink.turns()?;
        commit = out.sink.commit()?;
        Ok(())
    })?;
    let saved = Saved {
        time: tails.iter().map(|(_, t)| t.looked()).min().unwrap_or_else(tail::now),
        files: tails.iter().map(|(name, tail)| (name.clone(), tail.marks())).collect(),
        sink: commit.mark.clone(),
        disclosed: out.ledger.line(engine),
    };
    out.committer.begin(commit, saved, std::mem::take(held))?;
    if turns {
        let checkpoint = out.committer.wait()?;
        retry.persist(|| match out.sink.turn()? {
            Some(mark) => checkpoint.amend(mark),
            None => Ok(()),
        })?;
    }
    work.dirty = None;
    work.count();
    let of = label("sink", &retry.name);
    let sum = |f: fn(&Tail) -> u64| i64::try_from(tails.iter().map(|(_, t)| f(t)).sum::<u64>()).unwrap_or(i64::MAX);
    retry.metrics.lag.get_or_create(&of).set(sum(Tail::lag));
    retry.metrics.lost.get_or_create(&of).set(sum(|t| t.lost));
    Ok(())
}

/// The sink behind its retries.
struct Out<'a> {
    sink: &'a mut dyn Sink,
    committer: &'a mut Committer,
    ledger: &'a mut Ledger,
    retry: &'a Retry,
}

impl Out<'_> {
    fn write(&mut self, clean: &Clean<'_>) -> Result<(), Stopped> {
        self.retry.control.beat();
        let mut mark = None;
        self.retry.persist(|| self.sink.prepare(clean).map(|m| mark = m))?;
        if let Some(mark) = mark {
            self.amend(&mark)?;
        }
        self.retry.persist(|| self.sink.write(clean))
    }

    fn amend(&mut self, mark: &SinkMark) -> Result<(), Stopped> {
        // The mark stands on the commit that is under way.
        let checkpoint = self.committer.wait()?;
        self.retry.persist(|| checkpoint.amend(mark.clone()))
    }
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
    fn push(&mut self, source: &Path, bytes: &[u8]) -> Result<(), Stopped> {
        self.dirty.get_or_insert_with(Instant::now);
        let out = &mut self.out;
        self.press.records(source, source, bytes, &mut |clean| out.write(clean))
    }

    /// True when it is time to commit. Only what may not wait any more waits for the commit that is under way.
    fn due(&mut self, held: &[Arc<Raw>], busy: bool) -> Result<bool, Stopped> {
        let Some(since) = self.dirty else { return Ok(false) };
        let full = self.out.sink.full();
        let due = !busy && !held.is_empty() || held.len() >= GROUP || since.elapsed() >= COMMIT;
        Ok(full || due && !self.out.committer.busy()?)
    }

    fn count(&mut self) {
        let (tally, failed) = self.press.take_counts();
        let (m, sink) = (&self.out.retry.metrics, self.out.retry.name.as_str());
        let of = label("sink", sink);
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
        // Last: who sees the records counted sees what was found in them.
        m.records.get_or_create(&of).inc_by(tally.records);
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
