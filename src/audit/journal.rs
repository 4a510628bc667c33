//! What was finished, so that an interrupted run can go on.

use super::{FileEntry, RunInfo, State};
use rustix::fs::{FlockOperation, flock};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why a journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system says no.
    #[error("journal {0}: {1}")]
    Io(String, io::Error),
    /// Another run has it.
    #[error("journal {0}: another run uses it; wait for its end or give another --journal")]
    Busy(String),
}

/// An append-only file of one JSON object a line: a [`RunInfo`] at each start, a [`FileEntry`] for each file.
///
/// The line of a file is written before its output appears, so the line alone proves nothing: the output must be there
/// with the digest that the line gives. Entries stay in the file; memory holds their places.
pub struct Journal {
    file: Mutex<(File, u64)>,
    /// A line must be on the disk before its output appears: the output replaces the input.
    sync: bool,
}

/// Where a journal holds an entry.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    at: u64,
    len: u32,
}

/// What a journal knows of earlier runs.
#[derive(Default)]
pub struct Known {
    /// The newest run of the identity asked for.
    pub run: Option<RunInfo>,
    /// The newest finished entry of each file, by its id.
    pub files: HashMap<String, Place>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Run(RunInfo),
    File(Box<FileEntry>),
}

impl Journal {
    /// Opens a journal for this run only and says what it knows of runs with `identity`; nothing to `resume` forgets
    /// everything.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path, resume: Option<&str>, sync: bool) -> Result<(Journal, Known), JournalError> {
        let name = path.display().to_string();
        let io = |e| JournalError::Io(name.clone(), e);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(io)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).truncate(false).open(path).map_err(io)?;
        // A file system without locks does without.
        if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK) {
            return Err(JournalError::Busy(name));
        }
        let mut known = Known::default();
        match resume {
            Some(identity) => known.read(&file, identity).map_err(io)?,
            None => file.set_len(0).map_err(io)?,
        }
        Journal::over(file, sync).map(|j| (j, known)).map_err(io)
    }

    /// A journal that nobody will see, for runs that write nothing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn temporary() -> io::Result<Journal> {
        Journal::over(tempfile::tempfile()?, false)
    }

    fn over(mut file: File, sync: bool) -> io::Result<Journal> {
        use io::{Seek, SeekFrom, Write};
        let mut end = file.seek(SeekFrom::End(0))?;
        let mut last = [b'\n'];
        if end > 0 {
            file.read_exact_at(&mut last, end - 1)?;
        }
        // The last line of a killed run may be torn: it must not swallow the next one.
        if last != *b"\n" {
            file.write_all(b"\n")?;
            end += 1;
        }
        Ok(Journal { file: Mutex::new((file, end)), sync })
    }

    /// Writes that a run begins.
    ///
    /// # Errors
    /// Those of the file.
    pub fn begin(&self, run: &RunInfo) -> io::Result<()> {
        self.line(&Line::Run(run.clone()), true).map(|_| ())
    }

    /// Writes what became of a file; to be called before its output appears.
    ///
    /// # Errors
    /// Those of the file.
    pub fn record(&self, entry: &FileEntry) -> io::Result<Place> {
        self.line(&Line::File(Box::new(entry.clone())), self.sync)
    }

    fn line(&self, line: &Line, sync: bool) -> io::Result<Place> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut guard = self.lock();
        let (file, end) = &mut *guard;
        io::Write::write_all(file, &text)?;
        let place = Place { at: *end, len: text.len() as u32 };
        *end += text.len() as u64;
        if sync {
            file.sync_data()?;
        }
        Ok(place)
    }

    /// An entry again.
    ///
    /// # Errors
    /// Those of the file; [`io::ErrorKind::InvalidData`] when no entry stands there.
    pub fn entry(&self, place: Place) -> io::Result<FileEntry> {
        let mut text = vec![0; place.len as usize];
        self.lock().0.read_exact_at(&mut text, place.at)?;
        match serde_json::from_slice(&text)? {
            Line::File(e) => Ok(*e),
            Line::Run(_) => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Makes all lines last.
    ///
    /// # Errors
    /// Those of the file.
    pub fn sync(&self) -> io::Result<()> {
        self.lock().0.sync_data()
    }

    fn lock(&self) -> MutexGuard<'_, (File, u64)> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn read(&mut self, file: &File, identity: &str) -> io::Result<()> {
        let (mut lines, mut text, mut at, mut counts) = (BufReader::new(file), Vec::new(), 0, false);
        loop {
            text.clear();
            let len = lines.read_until(b'\n', &mut text)?;
            if len == 0 {
                return Ok(());
            }
            let place = Place { at, len: len as u32 };
            at += len as u64;
            match serde_json::from_slice(&text) {
                Ok(Line::Run(run)) => {
                    counts = run.identity == identity;
                    if counts {
                        self.run = Some(run);
                    }
                }
                Ok(Line::File(e)) if counts && e.state == State::Done => {
                    self.files.insert(e.id, place);
                }
                Ok(Line::File(e)) if counts => {
                    self.files.remove(&e.id);
                }
                // Torn, or of another run.
                _ => {}
            }
        }
    }
}
