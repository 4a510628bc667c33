//! Where does it go? Sinks take [`Clean`] and nothing else.

pub mod atomic;
pub mod pack;
mod tree;

pub use tree::{Discard, Spool, Take, TarTree, Tree, Written};
pub mod encoding;

use crate::engine::Clean;
use std::fs::File;
use std::io::{self, Write};

/// Writes de-identified blocks, and their tags to a manifest where one is asked for.
pub struct Sink {
    out: Box<dyn Write + Send>,
    manifest: Option<io::BufWriter<File>>,
    written: u64,
}

impl Sink {
    /// A sink over an unbuffered stream.
    pub fn new(out: Box<dyn Write + Send>, manifest: Option<File>) -> Sink {
        Sink { out, manifest: manifest.map(io::BufWriter::new), written: 0 }
    }

    /// Writes a block.
    ///
    /// # Errors
    /// Those of the stream and of the manifest.
    pub fn write(&mut self, clean: &Clean<'_>) -> io::Result<()> {
        self.out.write_all(clean.bytes())?;
        if let Some(m) = &mut self.manifest {
            for (at, tag) in clean.manifest() {
                write!(m, "{{\"offset\":{},\"tag\":", self.written + at as u64)?;
                m.write_all(tag)?;
                m.write_all(b"}\n")?;
            }
        }
        self.written += clean.bytes().len() as u64;
        Ok(())
    }

    /// Flushes everything.
    ///
    /// # Errors
    /// Those of the stream and of the manifest.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.manifest.as_mut().map_or(Ok(()), Write::flush)
    }
}
