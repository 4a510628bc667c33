//! One stream of records through the pool: jobs go out, results are taken in the order of the stream.

use super::pool::{Hand, Job, Pool, Slot};
use crate::audit::{Tally, Timeline};
use crate::engine::{Format, Worker};
use crate::input::codec::Codec;
use crate::input::encoding::Decided;
use crate::model::Block;
use crate::output::Take;
use crate::output::pack::{Packed, Packing};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// Bytes of records in one job, and so in one member of a compressed output. Low levels of Zstandard look back 2 MiB, and lose
/// what a frame cuts off; gzip and bzip2 look back less, and the tables of high levels and of xz grow with the member.
fn job_size(packing: Packing) -> usize {
    if packing.codec == Codec::Zstd && packing.level <= 4 { 2 << 20 } else { 1 << 20 }
}

enum Pending {
    Here(Box<Job>),
    There(Arc<Slot>),
}

/// The way of one stream. Dropped early, it waits for nothing: late results go nowhere.
pub struct Lane<'p, 'e> {
    pool: &'p Pool<'e>,
    packing: Packing,
    decided: Decided,
    job: Box<Job>,
    pending: VecDeque<Pending>,
    free: Vec<Box<Job>>,
    /// Windows of over-long records have state from one to the next.
    parts: Option<Worker<'e>>,
    /// The last of those windows.
    window: Packed,
    tally: Tally,
    timeline: Timeline,
}

impl<'p, 'e> Lane<'p, 'e> {
    /// A new stream, in the encoding that its reader decides on.
    pub fn new(pool: &'p Pool<'e>, packing: Packing, decided: Decided, hand: &mut Hand<'_>) -> Self {
        Lane {
            pool,
            packing,
            decided,
            job: hand.job(packing),
            pending: VecDeque::new(),
            free: Vec::new(),
            parts: None,
            window: Packed::default(),
            tally: Tally::default(),
            timeline: Timeline::default(),
        }
    }

    /// False for records that can't be parted into the files asked for.
    pub fn fits(&self) -> bool {
        self.packing.partitions.is_none() || !self.decided.get().is_wide()
    }

    /// De-identifies whole records of `format`.
    ///
    /// # Errors
    /// Those of the sink and of the compressor.
    pub fn records(
        &mut self,
        bytes: &[u8],
        format: Format,
        hand: &mut Hand<'_>,
        sink: &mut dyn Take,
    ) -> io::Result<()> {
        let most = job_size(self.packing);
        if !self.job.input.is_empty() && (self.job.format != format || self.job.input.len() + bytes.len() > most) {
            self.submit(hand, sink)?;
        }
        self.job.format = format;
        self.job.input.extend_from_slice(bytes);
        Ok(())
    }

    /// De-identifies a window of an over-long record; says how far it came.
    ///
    /// # Errors
    /// Those of the sink and of the compressor.
    pub fn part(&mut self, block: Block<'_>, hand: &mut Hand<'_>, sink: &mut dyn Take) -> io::Result<usize> {
        self.drain(hand, sink)?;
        let worker = self.parts.get_or_insert_with(|| self.pool.engine.worker().counting_tags());
        let clean = worker.rewrite(block);
        let mut packed = Packed::default();
        // A byte order mark went out when the lane was drained.
        packed.encode_as(self.decided.get(), b"");
        packed.follow(&mut self.window);
        packed.push(&clean);
        let consumed = clean.consumed();
        hand.packer(self.packing)?.seal(&mut packed)?;
        sink.take(&packed)?;
        self.window = packed;
        Ok(consumed)
    }

    /// Finishes everything that is under way.
    ///
    /// # Errors
    /// Those of the sink and of the compressor.
    pub fn drain(&mut self, hand: &mut Hand<'_>, sink: &mut dyn Take) -> io::Result<()> {
        if !self.job.input.is_empty() {
            self.submit(hand, sink)?;
        }
        self.settle(0, hand, sink)?;
        let mark = self.decided.take_mark();
        if !mark.is_empty() {
            // Nothing stands behind it, or a record longer than a job.
            let mut packed = Packed::default();
            packed.encode_as(self.decided.get(), mark);
            hand.packer(self.packing)?.seal(&mut packed)?;
            sink.take(&packed)?;
        }
        Ok(())
    }

    /// What was counted; buffers go back to the hand.
    pub fn counts(mut self, hand: &mut Hand<'_>) -> (Tally, Timeline) {
        hand.keep(self.job);
        self.free.into_iter().for_each(|job| hand.keep(job));
        if let Some(worker) = &mut self.parts {
            let (tally, timeline) = worker.take_counts();
            self.tally.merge(&tally);
            self.timeline.merge(timeline);
        }
        (self.tally, self.timeline)
    }

    fn submit(&mut self, hand: &mut Hand<'_>, sink: &mut dyn Take) -> io::Result<()> {
        let mut next = self.free.pop().unwrap_or_else(|| hand.job(self.packing));
        next.input.clear();
        self.job.encoding = (self.decided.get(), self.decided.take_mark());
        let job = std::mem::replace(&mut self.job, next);
        self.pending.push_back(match self.pool.offer(job) {
            Ok(slot) => Pending::There(slot),
            Err(mut job) => {
                hand.work(&mut job);
                Pending::Here(job)
            }
        });
        self.settle(2 * self.pool.threads, hand, sink)
    }

    /// Writes what is done, in order; waits while more than `most` jobs are under way, and helps meanwhile.
    fn settle(&mut self, most: usize, hand: &mut Hand<'_>, sink: &mut dyn Take) -> io::Result<()> {
        while let Some(front) = self.pending.pop_front() {
            let slot = match front {
                Pending::Here(job) => {
                    self.write(job, sink)?;
                    continue;
                }
                Pending::There(slot) => slot,
            };
            if let Some(job) = slot.try_take() {
                self.write(job, sink)?;
                continue;
            }
            let wait = self.pending.len() >= most.max(1) || most == 0;
            self.pending.push_front(Pending::There(slot.clone()));
            if !wait {
                return Ok(());
            }
            if !self.pool.help_once(hand) {
                slot.wait();
            }
        }
        Ok(())
    }

    fn write(&mut self, job: Box<Job>, sink: &mut dyn Take) -> io::Result<()> {
        if let Some(e) = &job.error {
            return Err(io::Error::other(e.clone()));
        }
        self.tally.merge(&job.tally);
        let mut job = job;
        self.timeline.merge(std::mem::take(&mut job.timeline));
        sink.take(&job.packed)?;
        self.free.push(job);
        Ok(())
    }
}
