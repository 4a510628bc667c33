//! Where de-identified records go. A sink takes [`Clean`] and nothing else.

mod file;
mod partitions;
mod stdout;

pub use file::FileSink;
pub use partitions::PartitionSink;
pub use stdout::Stdout;

use crate::engine::Clean;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;

/// A file up to a length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileMark {
    /// Where it was.
    pub path: PathBuf,
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Bytes.
    pub length: u64,
}

/// What a sink has for good; it goes into the checkpoint with the offsets that led to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SinkMark {
    /// It can't be asked.
    #[default]
    None,
    /// A file up to a length.
    File(FileMark),
    /// Files of partitions, each up to a length.
    Files {
        /// Those that may be longer by now.
        files: Vec<FileMark>,
    },
    /// A disk buffer up to a place.
    Buffer {
        /// Number of the segment.
        segment: u64,
        /// Bytes of it.
        offset: u64,
    },
}

/// A place for de-identified records.
pub trait Sink: Send {
    /// Called before a block is written: a new mark that must be saved, with the offsets as they are, before that.
    ///
    /// # Errors
    /// Those of the place; it may be asked again.
    fn prepare(&mut self, _: &Clean<'_>) -> io::Result<Option<SinkMark>> {
        Ok(None)
    }

    /// Writes a block, whole or not at all.
    ///
    /// # Errors
    /// Those of the place; the same block may be written again.
    fn write(&mut self, clean: &Clean<'_>) -> io::Result<()>;

    /// Makes sure that all blocks will be there after a crash.
    ///
    /// # Errors
    /// Those of the place; it may be asked again.
    fn commit(&mut self) -> io::Result<SinkMark>;

    /// Called when a commit was saved: the time to begin a new file. A new mark is saved before the next block.
    ///
    /// # Errors
    /// Those of the place; it may be asked again.
    fn turn(&mut self) -> io::Result<Option<SinkMark>> {
        Ok(None)
    }

    /// True when it wants a commit soon.
    fn full(&self) -> bool {
        false
    }
}
