//! Several workers, one order: chunk `i` goes to worker `i mod n`, and results are taken in the same turn. Workers start
//! when a stream has shown that it keeps one busy.

use super::filter::Stop;
use crate::audit::Tally;
use crate::engine::{Clean, CleanBuf, Engine, Format, MAX_BLOCK, Worker};
use crate::model::Block;
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// Chunks under way per worker: one in work, one waiting.
const DEPTH: usize = 2;

/// Full chunks in a row that make a pipe a busy one.
const BUSY: usize = 8;

/// Buffers that travel to a worker and back.
#[derive(Default)]
struct Job {
    input: Vec<u8>,
    output: CleanBuf,
    format: Format,
}

/// One thread and its two queues.
struct Lane<'s> {
    to: SyncSender<Job>,
    from: Receiver<Job>,
    thread: ScopedJoinHandle<'s, Tally>,
}

/// Takes chunks and writes their results in order.
pub struct Feed<'a, 's, 'e> {
    scope: &'s Scope<'s, 'e>,
    engine: &'e Engine,
    threads: usize,
    /// Full chunks still to be seen before the workers start.
    patience: usize,
    lanes: Vec<Lane<'s>>,
    pending: VecDeque<usize>,
    free: Vec<Job>,
    turn: usize,
    own: Worker<'e>,
    write: &'a mut dyn FnMut(&Clean<'_>) -> io::Result<()>,
}

impl Feed<'_, '_, '_> {
    /// De-identifies whole records of `format`; `full` tells that the input gave as much as was asked for.
    pub fn records(&mut self, bytes: &[u8], format: Format, full: bool) -> Result<(), Stop> {
        if self.threads < 2 || !full || self.patience > 0 {
            self.patience = if full { self.patience.saturating_sub(1) } else { self.patience.max(1) };
            return self.here(bytes, format);
        }
        self.start();
        while self.pending.len() >= self.lanes.len() * DEPTH {
            self.take()?;
        }
        let mut job = self.free.pop().unwrap_or_default();
        job.input.clear();
        job.input.extend_from_slice(bytes);
        job.format = format;
        let at = self.turn % self.lanes.len();
        self.turn += 1;
        if self.lanes[at].to.send(job).is_err() {
            return Err(Stop::Input("a worker ended early".into()));
        }
        self.pending.push_back(at);
        Ok(())
    }

    /// Works on a window of an over-long record here, after everything before it was written.
    pub fn part(&mut self, block: Block<'_>) -> Result<usize, Stop> {
        self.drain()?;
        let clean = self.own.rewrite(block);
        (self.write)(&clean).map_err(Stop::Output)?;
        Ok(clean.consumed())
    }

    /// Writes everything that is under way.
    pub fn drain(&mut self) -> Result<(), Stop> {
        while !self.pending.is_empty() {
            self.take()?;
        }
        Ok(())
    }

    fn here(&mut self, bytes: &[u8], format: Format) -> Result<(), Stop> {
        self.drain()?;
        self.own.set_format(format);
        for part in parts(bytes) {
            let clean = self.own.rewrite(Block::records(part));
            (self.write)(&clean).map_err(Stop::Output)?;
        }
        Ok(())
    }

    fn start(&mut self) {
        while self.lanes.len() < self.threads {
            let (to, jobs) = sync_channel::<Job>(DEPTH);
            let (results, from) = sync_channel::<Job>(DEPTH);
            let engine = self.engine;
            let thread = self.scope.spawn(move || work(engine, &jobs, &results));
            self.lanes.push(Lane { to, from, thread });
        }
    }

    fn take(&mut self) -> Result<(), Stop> {
        if let Some(at) = self.pending.pop_front() {
            let job = self.lanes[at].from.recv().map_err(|_| Stop::Input("a worker ended early".into()))?;
            (self.write)(&job.output.clean()).map_err(Stop::Output)?;
            self.free.push(job);
        }
        Ok(())
    }

    fn finish(self) -> Result<Tally, Stop> {
        let mut tally = self.own.tally().clone();
        for lane in self.lanes {
            drop((lane.to, lane.from));
            match lane.thread.join() {
                Ok(t) => tally.merge(&t),
                Err(_) => return Err(Stop::Input("a worker ended early".into())),
            }
        }
        Ok(tally)
    }
}

/// How many threads, and when.
#[derive(Clone, Copy)]
pub struct Threads {
    /// Workers of a busy stream.
    pub most: usize,
    /// Workers start with the first full chunk: the input never waits.
    pub at_once: bool,
}

/// Runs `drive` with a feed; returns what its workers counted.
pub fn run(
    engine: &Engine,
    threads: Threads,
    write: &mut dyn FnMut(&Clean<'_>) -> io::Result<()>,
    drive: impl FnOnce(&mut Feed<'_, '_, '_>) -> Result<(), Stop>,
) -> Result<Tally, Stop> {
    std::thread::scope(|scope| {
        let mut feed = Feed {
            scope,
            engine,
            threads: threads.most,
            patience: if threads.at_once { 0 } else { BUSY },
            lanes: Vec::new(),
            pending: VecDeque::new(),
            free: Vec::new(),
            turn: 0,
            own: engine.worker(),
            write,
        };
        let result = drive(&mut feed).and_then(|()| feed.drain());
        let tally = feed.finish();
        result.and(tally)
    })
}

fn work(engine: &Engine, jobs: &Receiver<Job>, results: &SyncSender<Job>) -> Tally {
    let mut worker = engine.worker();
    while let Ok(mut job) = jobs.recv() {
        job.output.clear();
        worker.set_format(job.format);
        for part in parts(&job.input) {
            job.output.push(&worker.rewrite(Block::records(part)));
        }
        if results.send(job).is_err() {
            break;
        }
    }
    worker.tally().clone()
}

/// Cuts a chunk into blocks of whole records.
pub(super) fn parts(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let near = rest.len().min(MAX_BLOCK);
        let cut =
            memchr::memrchr(b'\n', &rest[..near]).or_else(|| memchr::memchr(b'\n', rest)).map_or(rest.len(), |n| n + 1);
        let (part, after) = rest.split_at(cut);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}
