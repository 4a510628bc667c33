//! All cores, across files and inside one: each thread drives a file of its own while there are files, then helps the
//! threads that still have one. Work never waits for a thread that is idle, and no more jobs are under way than threads
//! can soon take, so memory stays constant. (rayon has no bounded queue whose results come in order.)

use crate::audit::{Tally, Timeline};
use crate::engine::{Engine, Format, Worker};
use crate::input::codec::Codec;
use crate::input::encoding::Encoding;
use crate::model::Block;
use crate::output::pack::{Packed, Packer, Packing};
use crate::shell::parallel::parts;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroize;

/// Consecutive records of one stream, and what became of them.
pub struct Job {
    /// Whole records.
    pub input: Vec<u8>,
    /// Their format.
    pub format: Format,
    /// How they are written.
    pub packing: Packing,
    /// The encoding they came in, and the byte order mark in front of them.
    pub encoding: (Encoding, &'static [u8]),
    /// De-identified and compressed.
    pub packed: Packed,
    /// Counts.
    pub tally: Tally,
    /// Event times and retention.
    pub timeline: Timeline,
    /// Why this could not be done.
    pub error: Option<String>,
}

impl Job {
    /// An empty job.
    pub fn new(packing: Packing) -> Box<Job> {
        Box::new(Job {
            input: Vec::new(),
            format: Format::Text,
            packing,
            encoding: (Encoding::Utf8, b""),
            packed: Packed::default(),
            tally: Tally::default(),
            timeline: Timeline::default(),
            error: None,
        })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.input.zeroize();
    }
}

/// One thread's tools.
pub struct Hand<'e> {
    /// For whole records of any file.
    pub worker: Worker<'e>,
    packers: Vec<(Packing, Packer)>,
    /// Buffers of the last file: fresh ones would be pages that the kernel has to clear, and all threads wait for it in turn.
    spare: Vec<Box<Job>>,
}

/// One job that is filled, and one in work.
const SPARE: usize = 2;

impl<'e> Hand<'e> {
    /// Tools of one thread.
    pub fn new(engine: &'e Engine) -> Hand<'e> {
        Hand { worker: engine.worker().counting_tags(), packers: Vec::new(), spare: Vec::new() }
    }

    /// An empty job, with the buffers of an earlier one when there are.
    pub fn job(&mut self, packing: Packing) -> Box<Job> {
        let Some(mut job) = self.spare.pop() else { return Job::new(packing) };
        job.input.clear();
        job.packing = packing;
        job
    }

    /// Keeps the buffers of a job for the next file; where there is a compressor, memory counts more than pages.
    pub fn keep(&mut self, job: Box<Job>) {
        if self.spare.len() < SPARE && job.packing.codec == Codec::Plain {
            self.spare.push(job);
        }
    }

    /// The compressor of a packing.
    pub fn packer(&mut self, packing: Packing) -> io::Result<&mut Packer> {
        let at = match self.packers.iter().position(|p| p.0 == packing) {
            Some(i) => i,
            None => {
                self.packers.push((packing, Packer::new(packing)?));
                self.packers.len() - 1
            }
        };
        Ok(&mut self.packers[at].1)
    }

    /// De-identifies and compresses.
    pub fn work(&mut self, job: &mut Job) {
        let done = catch_unwind(AssertUnwindSafe(|| self.try_work(job)));
        job.error = match done {
            Ok(Ok(())) => None,
            Ok(Err(e)) => Some(e.to_string()),
            Err(_) => Some("an internal error; please report it".into()),
        };
    }

    fn try_work(&mut self, job: &mut Job) -> io::Result<()> {
        job.packed.clear();
        job.packed.reserve(job.input.len() + job.input.len() / 4);
        job.packed.encode_as(job.encoding.0, job.encoding.1);
        self.worker.set_format(job.format);
        for part in parts(&job.input) {
            job.packed.push(&self.worker.rewrite(Block::records(part)));
        }
        (job.tally, job.timeline) = self.worker.take_counts();
        self.packer(job.packing)?.seal(&mut job.packed)
    }
}

/// Where a job comes back.
#[derive(Default)]
pub struct Slot {
    done: Mutex<Option<Box<Job>>>,
    wake: Condvar,
}

impl Slot {
    fn put(&self, job: Box<Job>) {
        *lock(&self.done) = Some(job);
        self.wake.notify_one();
    }

    /// The job, when it is done.
    pub fn try_take(&self) -> Option<Box<Job>> {
        lock(&self.done).take()
    }

    /// Waits until the job is done; it stays.
    pub fn wait(&self) {
        let guard = lock(&self.done);
        drop(self.wake.wait_while(guard, |j| j.is_none()));
    }
}

type Ticket = (Box<Job>, Arc<Slot>);

/// What all threads share.
pub struct Pool<'e> {
    /// The engine.
    pub engine: &'e Engine,
    /// Threads.
    pub threads: usize,
    stop: Arc<AtomicBool>,
    state: Mutex<State>,
    wake: Condvar,
    memory: Budget,
}

struct State {
    queue: VecDeque<Ticket>,
    drivers: usize,
    helpers: usize,
}

impl<'e> Pool<'e> {
    /// A pool of `threads` that ends early when `stop` is set.
    pub fn new(engine: &'e Engine, threads: usize, stop: Arc<AtomicBool>) -> Pool<'e> {
        let state = Mutex::new(State { queue: VecDeque::new(), drivers: threads, helpers: 0 });
        Pool { engine, threads, stop, state, wake: Condvar::new(), memory: Budget::default() }
    }

    /// True when the run was asked to stop.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Gives a job to a helper, when one will soon be free.
    pub fn offer(&self, job: Box<Job>) -> Result<Arc<Slot>, Box<Job>> {
        let mut state = lock(&self.state);
        if state.queue.len() >= state.helpers {
            return Err(job);
        }
        let slot = Arc::new(Slot::default());
        state.queue.push_back((job, slot.clone()));
        self.wake.notify_one();
        Ok(slot)
    }

    /// Takes a job from the queue and does it; false when there is none.
    pub fn help_once(&self, hand: &mut Hand<'_>) -> bool {
        let ticket = lock(&self.state).queue.pop_front();
        ticket.map(|t| finish(t, hand)).is_some()
    }

    /// Helps other threads until none has a file left.
    pub fn help(&self, hand: &mut Hand<'_>) {
        let mut state = lock(&self.state);
        state.drivers -= 1;
        state.helpers += 1;
        self.wake.notify_all();
        loop {
            if let Some(ticket) = state.queue.pop_front() {
                drop(state);
                finish(ticket, hand);
                state = lock(&self.state);
            } else if state.drivers == 0 {
                return;
            } else {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Memory for decompressors.
    pub fn memory(&self) -> &Budget {
        &self.memory
    }
}

fn finish((mut job, slot): Ticket, hand: &mut Hand<'_>) {
    hand.work(&mut job);
    slot.put(job);
}

/// A cap on what decompressors hold together: windows of xz and Zstandard reach 128 MiB each.
#[derive(Default)]
pub struct Budget {
    used: Mutex<u64>,
    wake: Condvar,
}

/// Bytes of all decompressors together.
const DECODERS: u64 = 96 << 20;

/// A share of the budget, given back when dropped.
pub struct Share<'b>(&'b Budget, u64);

impl Budget {
    /// Waits until `bytes` are free; one request is always served.
    pub fn take(&self, bytes: u64) -> Share<'_> {
        let guard = lock(&self.used);
        let fits = |used: &mut u64| *used > 0 && *used + bytes > DECODERS;
        let mut used = self.wake.wait_while(guard, fits).unwrap_or_else(PoisonError::into_inner);
        *used += bytes;
        Share(self, bytes)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *lock(&self.0.used) -= self.1;
        self.0.wake.notify_all();
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}
