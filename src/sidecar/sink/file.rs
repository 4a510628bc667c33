//! A file that grows, and begins anew by size or age. After a crash it ends where the last commit says.

use super::{Commit, FileMark, Sink, SinkMark};
use crate::engine::Clean;
use crate::output::atomic::sync_dir;
use crate::sidecar::{config, durable};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A file.
pub struct FileSink {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    /// The last commit goes up to here.
    committed: u64,
    born: SystemTime,
    size: Option<u64>,
    age: Option<Duration>,
    keep: Option<u32>,
    /// A new file was begun since the last commit.
    turned: bool,
    /// There may be bytes behind `length`, of a block that was not written whole.
    torn: bool,
}

impl FileSink {
    /// Opens the file and cuts what was written after the last commit.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(config: &config::FileSink, mark: &SinkMark) -> io::Result<FileSink> {
        let path = config.path.clone();
        let dir = folder(&path);
        std::fs::create_dir_all(dir)?;
        if let SinkMark::File(mark) = mark {
            cut(&FileMark { path: path.clone(), ..mark.clone() })?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o640).open(&path)?;
        sync_dir(dir)?;
        let meta = file.metadata()?;
        Ok(FileSink {
            path,
            file: Arc::new(file),
            length: meta.len(),
            committed: meta.len(),
            born: meta.created().unwrap_or_else(|_| SystemTime::now()),
            size: config.rotate_size.map(|s| s.0),
            age: config.rotate_age.map(|s| s.0),
            keep: config.keep,
            turned: false,
            torn: false,
        })
    }

    /// The file and its length now.
    pub(super) fn place(&self) -> io::Result<FileMark> {
        let meta = self.file.metadata()?;
        Ok(FileMark { path: self.path.clone(), dev: meta.dev(), ino: meta.ino(), length: self.length })
    }

    /// Appends de-identified bytes, all or none.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.torn {
            self.cut_back(self.length)?;
        }
        self.torn = true;
        (&*self.file).write_all(bytes)?;
        self.torn = false;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Takes back what was appended behind `length`.
    pub(super) fn cut_back(&mut self, length: u64) -> io::Result<()> {
        (self.torn, self.length) = (true, length);
        self.file.set_len(length)?;
        self.torn = false;
        Ok(())
    }

    /// What was appended, and the file when some of it is not committed yet.
    pub(super) fn pledge(&mut self) -> io::Result<(FileMark, Option<Arc<File>>)> {
        if self.torn {
            self.cut_back(self.length)?;
        }
        Ok((self.place()?, (self.length != self.committed).then(|| self.file.clone())))
    }

    /// All that was appended is part of a commit.
    pub(super) fn pledged(&mut self) {
        (self.turned, self.committed) = (false, self.length);
    }

    /// Makes sure of what was appended, now.
    pub(super) fn settle(&mut self) -> io::Result<FileMark> {
        let (mark, _) = self.pledge()?;
        durable::sync(&self.file)?;
        self.pledged();
        Ok(mark)
    }

    fn due(&self) -> bool {
        let old = |age| self.born.elapsed().is_ok_and(|e| e >= age);
        self.length > 0 && (self.size.is_some_and(|s| self.length >= s) || self.age.is_some_and(old))
    }

    /// True when somebody else moved the file away.
    pub(super) fn moved(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match std::fs::metadata(&self.path) {
            Ok(m) => Ok((m.dev(), m.ino()) != (own.dev(), own.ino())),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(true),
            Err(e) => Err(e),
        }
    }

    /// Names of finished files end in the time of their end.
    fn finished(&self) -> io::Result<PathBuf> {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let name = |n: u32| {
            let mut path = self.path.clone().into_os_string();
            path.push(if n == 0 { format!(".{now}") } else { format!(".{now}-{n:04}") });
            PathBuf::from(path)
        };
        let free = (0..10_000).map(name).find(|p| !p.exists());
        free.ok_or_else(|| io::Error::other("no free name for a finished file"))
    }

    fn sweep(&self) -> io::Result<()> {
        let Some(keep) = self.keep else { return Ok(()) };
        let mut old: Vec<_> = finished_files(&self.path)?;
        old.sort();
        let over = old.len().saturating_sub(keep as usize);
        old[..over].iter().try_for_each(std::fs::remove_file)
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Files beside `path` whose names begin with its own, and what follows it there.
fn siblings(path: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    let entries = match std::fs::read_dir(folder(path)) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(files),
        entries => entries?,
    };
    for entry in entries {
        let file = entry?.path();
        let ending = file.file_name().and_then(|n| n.to_str()?.strip_prefix(name)).map(String::from);
        files.extend(ending.filter(|e| e.starts_with(['.', '-', '_'])).map(|e| (file, e)));
    }
    Ok(files)
}

/// Files that [`FileSink::finished`] named.
fn finished_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let timed = |e: &str| e.len() >= 17 && e.starts_with('.') && e.as_bytes()[9] == b'T' && e.as_bytes()[16] == b'Z';
    Ok(siblings(path)?.into_iter().filter(|(_, e)| timed(e)).map(|(file, _)| file).collect())
}

/// Cuts the file of a mark to its length, wherever it is now: it was finished, or somebody else moved it.
pub(super) fn cut(mark: &FileMark) -> io::Result<()> {
    let (path, id, length) = (&mark.path, (mark.dev, mark.ino), mark.length);
    for file in std::iter::once(path.clone()).chain(siblings(path)?.into_iter().map(|(file, _)| file)) {
        let Ok(meta) = std::fs::metadata(&file) else { continue };
        if (meta.dev(), meta.ino()) != id {
            continue;
        }
        if meta.len() > length {
            let file = OpenOptions::new().write(true).open(&file)?;
            file.set_len(length)?;
            return durable::sync(&file);
        }
        if meta.len() < length {
            let gone = length - meta.len();
            tracing::warn!("{}: {gone} bytes that were written are gone", file.display());
        }
        return Ok(());
    }
    Ok(())
}

impl Sink for FileSink {
    fn write(&mut self, clean: &Clean<'_>) -> io::Result<()> {
        self.append(clean.bytes())
    }

    fn commit(&mut self) -> io::Result<Commit> {
        let (mark, file) = self.pledge()?;
        self.pledged();
        Ok(Commit { files: file.into_iter().collect(), mark: SinkMark::File(mark), then: None })
    }

    fn turns(&self) -> io::Result<bool> {
        Ok(self.due() || self.moved()?)
    }

    fn turn(&mut self) -> io::Result<Option<SinkMark>> {
        let (due, moved) = (self.due(), self.moved()?);
        if !due && !moved {
            // When the mark of a new file could not be saved, it is asked for again.
            return if self.turned { self.place().map(|m| Some(SinkMark::File(m))) } else { Ok(None) };
        }
        if !moved {
            std::fs::rename(&self.path, self.finished()?)?;
        }
        self.file = Arc::new(OpenOptions::new().append(true).create(true).mode(0o640).open(&self.path)?);
        sync_dir(folder(&self.path))?;
        self.length = self.file.metadata()?.len();
        (self.committed, self.born) = (self.length, SystemTime::now());
        self.turned = true;
        self.sweep()?;
        self.place().map(|m| Some(SinkMark::File(m)))
    }

    fn full(&self) -> bool {
        self.due()
    }
}
