//! Raw records in, [`Clean`] out, on one thread. A record that the engine can't get through is left out and counted.

use crate::audit::Tally;
use crate::engine::{Clean, CleanBuf, Disclosed, Engine, Format, MAX_BLOCK, MAX_WINDOW, Worker};
use crate::input::encoding::{Encoding, gbk_to_utf8, holds_utf16, lines_in_gbk};
use crate::input::{Always, Blocks, Limits, Piece};
use crate::model::Block;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Streams whose format is remembered.
const STREAMS: usize = 1024;
/// Bytes that one read of an over-long record asks for.
const READ: usize = 128 << 10;

/// A worker and what it knows of the streams it is fed from.
pub struct Press<'e> {
    engine: &'e Engine,
    worker: Worker<'e>,
    /// Formats that the configuration names, by source.
    fixed: &'e HashMap<PathBuf, Format>,
    sniffers: HashMap<PathBuf, crate::detect::sniffer::Sniffer<'e>>,
    /// Number of the output that is wanted: the main one, or the only recipient's.
    view: usize,
    /// What workers disclosed that are gone.
    disclosed: Vec<Disclosed>,
    failed: u64,
}

impl<'e> Press<'e> {
    /// A press of an engine.
    pub fn new(engine: &'e Engine, fixed: &'e HashMap<PathBuf, Format>) -> Press<'e> {
        let view = engine.policy().views.len() - 1;
        Press {
            engine,
            worker: engine.worker().counting_clauses(),
            fixed,
            sniffers: HashMap::new(),
            view,
            disclosed: Vec::new(),
            failed: 0,
        }
    }

    /// De-identifies whole records of a stream. `source` is where its format may be fixed.
    pub fn records<E>(
        &mut self,
        source: &Path,
        stream: &Path,
        bytes: &[u8],
        out: &mut dyn FnMut(&Clean<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let format = self.format(source, stream, bytes);
        self.worker.set_format(format);
        for part in parts(bytes) {
            if part.len() > MAX_WINDOW {
                self.long(&mut &part[..], out)?;
            } else if holds_utf16(part) {
                self.narrow(format, part, out)?;
            } else if std::str::from_utf8(part).is_err() {
                self.mixed(format, part, out)?;
            } else {
                self.block(format, part, out)?;
            }
        }
        Ok(())
    }

    /// De-identifies records of any length.
    pub fn long<E>(&mut self, input: &mut dyn Read, out: &mut dyn FnMut(&Clean<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut blocks = Blocks::new(input, Limits { block: MAX_BLOCK, window: MAX_WINDOW, read: READ });
        self.worker.set_format(Format::Text);
        loop {
            let piece = match blocks.next(&Always) {
                Ok(Piece::End) => return Ok(()),
                Ok(piece) => piece,
                Err(e) => {
                    tracing::warn!("a record was cut short: {e}");
                    return Ok(());
                }
            };
            let block = blocks.block(piece);
            match guarded(&mut self.worker, self.view, block) {
                Some(clean) => {
                    out(&clean)?;
                    let consumed = clean.consumed();
                    blocks.consumed(piece, consumed);
                }
                None => {
                    self.broken();
                    return Ok(());
                }
            }
        }
    }

    fn block<E>(
        &mut self,
        format: Format,
        bytes: &[u8],
        out: &mut dyn FnMut(&Clean<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(clean) = guarded(&mut self.worker, self.view, Block::records(bytes)) {
            return out(&clean);
        }
        self.broken();
        self.failed -= 1;
        for record in bytes.split_inclusive(|b| *b == b'\n') {
            self.worker.set_format(format);
            match guarded(&mut self.worker, self.view, Block::records(record)) {
                Some(clean) => out(&clean)?,
                None => self.broken(),
            }
        }
        Ok(())
    }

    /// Records among which there is UTF-16: nothing would be found in it, so it is left out.
    #[cold]
    fn narrow<E>(
        &mut self,
        format: Format,
        bytes: &[u8],
        out: &mut dyn FnMut(&Clean<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for record in bytes.split_inclusive(|b| *b == b'\n') {
            if holds_utf16(record) {
                self.failed += 1;
            } else {
                self.mixed(format, record, out)?;
            }
        }
        Ok(())
    }

    /// Records that are no UTF-8: those in GBK are read as such, and written back in it.
    #[cold]
    fn mixed<E>(
        &mut self,
        format: Format,
        bytes: &[u8],
        out: &mut dyn FnMut(&Clean<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for (gbk, run) in lines_in_gbk(bytes) {
            if !gbk {
                self.block(format, run, out)?;
                continue;
            }
            let mut whole = CleanBuf::default();
            let Ok(()) = self.block(format, &gbk_to_utf8(run), &mut |clean| -> Result<(), Infallible> {
                whole.push(clean);
                Ok(())
            });
            whole.encode_as(Encoding::Gb18030);
            out(&whole.clean())?;
        }
        Ok(())
    }

    /// A worker that was interrupted is not used again.
    fn broken(&mut self) {
        self.disclosed.extend(self.worker.take_disclosed());
        self.worker = self.engine.worker().counting_clauses();
        self.failed += 1;
    }

    fn format(&mut self, source: &Path, stream: &Path, bytes: &[u8]) -> Format {
        if let Some(format) = self.fixed.get(source) {
            return *format;
        }
        if !self.sniffers.contains_key(stream) {
            if self.sniffers.len() >= STREAMS {
                self.sniffers.clear();
            }
            self.sniffers.insert(stream.into(), self.engine.sniffer(None));
        }
        self.sniffers.get_mut(stream).map_or(Format::Text, |s| s.look(bytes))
    }

    /// Findings since the last call, by names of entity and clause.
    pub fn take_clauses(&mut self) -> BTreeMap<(&'e str, &'e str), u64> {
        self.worker.take_clauses()
    }

    /// What the recipient's view disclosed since the last call.
    pub fn take_disclosed(&mut self) -> Vec<Disclosed> {
        self.disclosed.extend(self.worker.take_disclosed());
        std::mem::take(&mut self.disclosed)
    }

    /// Counts since the last call, and the records that the engine did not get through.
    pub fn take_counts(&mut self) -> (Tally, u64) {
        (self.worker.take_counts().0, std::mem::take(&mut self.failed))
    }
}

/// De-identifies a block; nothing when the engine gave up in the middle.
fn guarded<'w>(worker: &'w mut Worker<'_>, view: usize, block: Block<'_>) -> Option<Clean<'w>> {
    let once = move || {
        let worker = worker;
        worker.view(view, block)
    };
    catch_unwind(AssertUnwindSafe(once)).ok()
}

/// Cuts whole records into blocks.
fn parts(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let near = rest.len().min(MAX_BLOCK);
        let cut =
            memchr::memrchr(b'\n', &rest[..near]).or_else(|| memchr::memchr(b'\n', rest)).map_or(rest.len(), |n| n + 1);
        let (part, after) = rest.split_at(cut);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}
