//! Standard output.

use super::{Commit, Sink};
use crate::engine::Clean;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// Standard output, unbuffered.
pub struct Stdout(File);

impl Stdout {
    /// Opens it.
    ///
    /// # Errors
    /// When it is closed.
    pub fn open() -> io::Result<Stdout> {
        Ok(Stdout(File::from(io::stdout().as_fd().try_clone_to_owned()?)))
    }
}

impl Sink for Stdout {
    fn write(&mut self, clean: &Clean<'_>) -> io::Result<()> {
        self.0.write_all(clean.bytes())
    }

    fn commit(&mut self) -> io::Result<Commit> {
        Ok(Commit::default())
    }
}
