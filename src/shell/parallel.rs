//! Several workers, one order: chunk `i` goes to worker `i mod n`, and results are taken in the same turn.

use super::filter::Stop;
use crate::audit::Tally;
use crate::engine::{Clean, CleanBuf, Engine, MAX_BLOCK, Worker};
use crate::model::Block;
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Chunks under way per worker: one in work, one waiting.
const DEPTH: usize = 2;

/// Buffers that travel to a worker and back.
#[derive(Default)]
struct Job {
    input: Vec<u8>,
    output: CleanBuf,
}

/// Takes chunks and writes their results in order.
pub struct Feed<'a, 'e> {
    to: Vec<SyncSender<Job>>,
    from: Vec<Receiver<Job>>,
    pending: VecDeque<usize>,
    free: Vec<Job>,
    turn: usize,
    own: Worker<'e>,
    write: &'a mut dyn FnMut(&Clean<'_>) -> io::Result<()>,
}

impl Feed<'_, '_> {
    /// Hands whole records to the next worker.
    pub fn records(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        while self.pending.len() >= self.to.len() * DEPTH {
            self.take()?;
        }
        let mut job = self.free.pop().unwrap_or_default();
        job.input.clear();
        job.input.extend_from_slice(bytes);
        let at = self.turn % self.to.len();
        self.turn += 1;
        if self.to[at].send(job).is_err() {
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

    fn drain(&mut self) -> Result<(), Stop> {
        while !self.pending.is_empty() {
            self.take()?;
        }
        Ok(())
    }

    fn take(&mut self) -> Result<(), Stop> {
        if let Some(at) = self.pending.pop_front() {
            let job = self.from[at].recv().map_err(|_| Stop::Input("a worker ended early".into()))?;
            (self.write)(&job.output.clean()).map_err(Stop::Output)?;
            self.free.push(job);
        }
        Ok(())
    }
}

/// Runs `drive` with `threads` workers behind its feed; returns what they counted.
pub fn run(
    engine: &Engine,
    threads: usize,
    write: &mut dyn FnMut(&Clean<'_>) -> io::Result<()>,
    drive: impl FnOnce(&mut Feed<'_, '_>) -> Result<(), Stop>,
) -> Result<Tally, Stop> {
    std::thread::scope(|scope| {
        let mut feed = Feed {
            to: Vec::new(),
            from: Vec::new(),
            pending: VecDeque::new(),
            free: Vec::new(),
            turn: 0,
            own: engine.worker(),
            write,
        };
        let mut handles = Vec::new();
        for _ in 0..threads {
            let (to, jobs) = sync_channel::<Job>(DEPTH);
            let (results, from) = sync_channel::<Job>(DEPTH);
            feed.to.push(to);
            feed.from.push(from);
            handles.push(scope.spawn(move || work(engine, &jobs, &results)));
        }
        let result = drive(&mut feed).and_then(|()| feed.drain());
        let mut tally = feed.own.tally().clone();
        drop(feed);
        for h in handles {
            match h.join() {
                Ok(t) => tally.merge(&t),
                Err(_) => return Err(Stop::Input("a worker ended early".into())),
            }
        }
        result.map(|()| tally)
    })
}

fn work(engine: &Engine, jobs: &Receiver<Job>, results: &SyncSender<Job>) -> Tally {
    let mut worker = engine.worker();
    while let Ok(mut job) = jobs.recv() {
        job.output.clear();
        let mut rest = &job.input[..];
        while !rest.is_empty() {
            let near = rest.len().min(MAX_BLOCK);
            let cut = memchr::memrchr(b'\n', &rest[..near])
                .or_else(|| memchr::memchr(b'\n', rest))
                .map_or(rest.len(), |n| n + 1);
            job.output.push(&worker.rewrite(Block::records(&rest[..cut])));
            rest = &rest[cut..];
        }
        if results.send(job).is_err() {
            break;
        }
    }
    worker.tally().clone()
}
