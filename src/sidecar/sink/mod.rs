//! Where de-identified records go. A sink takes [`Clean`] and nothing else.

mod file;
mod partitions;
mod stdout;

pub use file::FileSink;
pub use partitions::PartitionSink;
pub use stdout::Stdout;

use crate::engine::Clean;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

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

/// All blocks written until now, on their way to the disk: files, then the mark, then the rest. More may be written meanwhile.
#[derive(Default)]
pub struct Commit {
    /// Files whose bytes must be on the disk before the mark is saved.
    pub files: Vec<Arc<File>>,
    /// What the sink has for good then.
    pub mark: SinkMark,
    /// Done once the mark was saved.
    pub then: Option<Box<dyn FnOnce() + Send>>,
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

    /// What makes sure that all blocks will be there after a crash. The one before was carried out when this is called.
    ///
    /// # Errors
    /// Those of the place; it may be asked again.
    fn commit(&mut self) -> io::Result<Commit>;

    /// True when it is time for a [`Sink::turn`].
    ///
    /// # Errors
    /// Those of the place; it may be asked again.
    fn turns(&self) -> io::Result<bool> {
        Ok(false)
    }

    /// Begins new files. Called when a commit was carried out and nothing was written since; a new mark is saved before the next
    /// block.
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
