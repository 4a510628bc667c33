//! The records of one stream, from decompressed bytes to a sink.

use super::lane::Lane;
use super::pool::{Hand, Pool};
use super::sample;
use crate::audit::{Sample, Tally, Timeline};
use crate::engine::{Format, MAX_WINDOW};
use crate::input::codec::{Tolerant, refused};
use crate::input::encoding::{Decided, Decoder, Encoding};
use crate::input::{Always, Blocks, Limits, Piece};
use crate::output::Take;
use crate::output::pack::Packing;
use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes that one read asks for.
const READ: usize = 128 << 10;

/// Why an input did not come through.
pub enum Problem {
    /// Nothing of it may be kept.
    Refuse(String),
    /// What was readable is kept apart.
    Quarantine(String),
    /// The run was asked to stop.
    Stopped,
}

/// The first error of an input; behind it the input looks as if it ended.
pub type Failed = Rc<RefCell<Option<io::Error>>>;

/// What was counted of a file so far.
#[derive(Default)]
pub struct Sum {
    /// Counts.
    pub tally: Tally,
    /// Event times and retention.
    pub timeline: Timeline,
    /// Records for the report.
    pub samples: Vec<Sample>,
}

/// What every stream of a run needs.
pub struct Streams<'p, 'e> {
    /// Threads and engine.
    pub pool: &'p Pool<'e>,
    /// The format asked for.
    pub format: Option<Format>,
    /// The encoding asked for.
    pub encoding: Option<Encoding>,
    /// Records are collected for the report.
    pub samples: bool,
}

impl Streams<'_, '_> {
    /// De-identifies a stream into `sink`.
    ///
    /// # Errors
    /// A [`Problem`] with the sink, the input or the run.
    pub fn run(
        &self,
        input: impl Read,
        failed: &Failed,
        packing: Packing,
        hand: &mut Hand<'_>,
        sink: &mut dyn Take,
        sum: &mut Sum,
    ) -> Result<(), Problem> {
        let decided = Decided::default();
        let mut lane = Lane::new(self.pool, packing, decided.clone(), hand);
        let input = Decoder::new(Tolerant::new(input, failed.clone()), self.encoding, decided);
        let result = self.drive(input, failed, &mut lane, hand, sink, sum);
        let (tally, timeline) = lane.counts(hand);
        sum.tally.merge(&tally);
        sum.timeline.merge(timeline);
        result?;
        match failed.borrow().as_ref() {
            Some(e) => Err(Problem::Quarantine(damage(e))),
            None => Ok(()),
        }
    }

    fn drive(
        &self,
        input: impl Read,
        failed: &Failed,
        lane: &mut Lane<'_, '_>,
        hand: &mut Hand<'_>,
        sink: &mut dyn Take,
        sum: &mut Sum,
    ) -> Result<(), Problem> {
        let limits = Limits { block: MAX_WINDOW, window: MAX_WINDOW, read: READ };
        let mut blocks = Blocks::new(input, limits);
        let mut sniffer = self.pool.engine.sniffer(self.format);
        let mut first = true;
        loop {
            if self.pool.stopped() {
                return Err(Problem::Stopped);
            }
            let piece = blocks.next(&Always).map_err(|e| Problem::Quarantine(damage(&e)))?;
            if !lane.fits() {
                let text = "is UTF-16, which has no lines to part by: use --tag inline, manifest or none";
                return Err(Problem::Refuse(text.into()));
            }
            match piece {
                Piece::End => break,
                Piece::Pause => {}
                Piece::Records(..) => {
                    let bytes = blocks.block(piece).bytes;
                    // A value that damage cut in two is no longer recognisable: its record is dropped.
                    if failed.borrow().is_some() && bytes.last() != Some(&b'\n') {
                        continue;
                    }
                    let format = sniffer.look(bytes);
                    if std::mem::take(&mut first) && self.samples {
                        sample::look(bytes, self.pool.engine, &mut sum.samples);
                    }
                    lane.records(bytes, format, hand, sink).map_err(output)?;
                }
                Piece::Part(_, _, w) => {
                    let block = blocks.block(piece);
                    let torn = failed.borrow().is_some() && w.last && block.bytes.last() != Some(&b'\n');
                    let consumed = match torn {
                        true => block.bytes.len(),
                        false => lane.part(block, hand, sink).map_err(output)?,
                    };
                    blocks.consumed(piece, consumed);
                }
            }
        }
        lane.drain(hand, sink).map_err(output)
    }
}

/// What an error of the output says.
pub fn output(e: io::Error) -> Problem {
    let remedy = match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free space and run again with --resume",
        _ => "",
    };
    Problem::Refuse(format!("output: {e}{remedy}"))
}

/// What an error of the input says.
pub fn damage(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => "ends early: fetch it again".into(),
        _ if e.raw_os_error().is_some() => format!("can't be read: {e}"),
        // From a decompressor.
        _ => format!("damaged: {e}"),
    }
}

/// Refuses kinds of files that can't be read as text.
///
/// # Errors
/// [`Problem::Refuse`] with the remedy.
pub fn readable(head: &[u8]) -> Result<(), Problem> {
    refused(head).map_or(Ok(()), |why| Err(Problem::Refuse(format!("is {why}"))))
}
