//! Files that are there whole or not at all: written beside their place, synced, then renamed.

use rustix::fs::{Advice, FlockOperation, fadvise, flock};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Name of unfinished files: this, random hex digits, and [`PART`].
const BESIDE: &str = ".logveil-";
/// Ending of unfinished files.
const PART: &str = ".part";

/// A file that appears at its place when it is finished; dropped before that, it leaves nothing.
pub struct AtomicFile {
    file: File,
    part: PathBuf,
    target: PathBuf,
    kept: bool,
    /// Bytes that were written, and how many of them are on their way to the disk.
    written: u64,
    begun: u64,
}

/// Bytes after which their way to the disk begins, so that little is left to wait for at the end.
const STRIDE: u64 = 8 << 20;

/// Whose attributes an output takes.
pub struct Attributes<'a> {
    /// The input's.
    pub of: &'a Metadata,
    /// The owner must be the same, or the file is not finished.
    pub owner: bool,
}

impl AtomicFile {
    /// Begins a file that is going to be `target`; makes its folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(target: &Path) -> io::Result<AtomicFile> {
        let dir = target.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        for _ in 0..16 {
            let mut raw = [0; 8];
            getrandom::fill(&mut raw).map_err(|e| io::Error::other(e.to_string()))?;
            let part = dir.join(format!("{BESIDE}{:016x}{PART}", u64::from_ne_bytes(raw)));
            match OpenOptions::new().write(true).read(true).create_new(true).mode(0o600).open(&part) {
                Ok(file) => {
                    // The lock tells a later run that this file has an owner; file systems without locks do without.
                    let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
                    return Ok(AtomicFile { file, part, target: target.into(), kept: false, written: 0, begun: 0 });
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::Error::other("no free name for an unfinished file"))
    }

    /// Gives the file the input's owner, mode and times and writes it to the disk. [`AtomicFile::publish`] comes next.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn settle(&mut self, attributes: Option<&Attributes<'_>>) -> io::Result<()> {
        if let Some(a) = attributes {
            let own = self.file.metadata()?;
            let chown = match (own.uid(), own.gid()) == (a.of.uid(), a.of.gid()) {
                true => Ok(()),
                false => std::os::unix::fs::fchown(&self.file, Some(a.of.uid()), Some(a.of.gid())),
            };
            if a.owner {
                chown.map_err(|e| io::Error::new(e.kind(), format!("its owner can't be kept: {e}")))?;
            }
            self.file.set_permissions(fs::Permissions::from_mode(a.of.mode() & 0o7777))?;
            self.file.set_times(fs::FileTimes::new().set_modified(a.of.modified()?).set_accessed(a.of.accessed()?))?;
        }
        self.file.sync_all()
    }

    /// Puts the file at its place, over the old one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn publish(mut self) -> io::Result<()> {
        fs::rename(&self.part, &self.target)?;
        self.kept = true;
        Ok(())
    }

    /// Changes the place; a file system of its own gets a copy.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn redirect(&mut self, target: &Path) -> io::Result<()> {
        let mut other = AtomicFile::new(target)?;
        match fs::rename(&self.part, &other.part) {
            Ok(()) => std::mem::swap(&mut other.file, &mut self.file),
            Err(e) if e.kind() == ErrorKind::CrossesDevices => {
                io::copy(&mut File::open(&self.part)?, &mut other.file)?;
            }
            Err(e) => return Err(e),
        }
        *self = other;
        Ok(())
    }

    /// Where it is going to be.
    pub fn target(&self) -> &Path {
        &self.target
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.written += n as u64;
        if let Some(len) = NonZeroU64::new(self.written - self.begun).filter(|n| n.get() >= STRIDE) {
            // It starts to write dirty pages without waiting; where it does not, nothing is lost.
            let _ = fadvise(&self.file, self.begun, Some(len), Advice::DontNeed);
            self.begun = self.written;
        }
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// True for the name of an unfinished file.
pub fn is_part(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|n| n.starts_with(BESIDE) && n.ends_with(PART))
}

/// Removes what killed runs left in a folder; files of a living run are locked and stay.
pub fn sweep(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten().filter(|e| is_part(&e.file_name())) {
        let free = File::open(entry.path()).is_ok_and(|f| flock(&f, FlockOperation::NonBlockingLockExclusive).is_ok());
        if free {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes renames in a folder last.
///
/// # Errors
/// Those of the file system.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("sub/file");
        let mut f = AtomicFile::new(&target).unwrap();
        f.write_all(b"half").unwrap();
        sweep(&dir.path().join("sub"));
        assert!(!target.exists() && f.part.exists(), "a living run's file stays");
        drop(f);
        assert_eq!(fs::read_dir(dir.path().join("sub")).unwrap().count(), 0);
        let mut f = AtomicFile::new(&target).unwrap();
        f.write_all(b"whole").unwrap();
        let like = tempfile::NamedTempFile::new().unwrap();
        like.as_file().set_permissions(fs::Permissions::from_mode(0o640)).unwrap();
        let of = like.as_file().metadata().unwrap();
        f.settle(Some(&Attributes { of: &of, owner: true })).unwrap();
        f.publish().unwrap();
        let meta = fs::metadata(&target).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.modified().unwrap()), (0o640, of.modified().unwrap()));
        fs::write(dir.path().join("sub/.logveil-00.part"), b"left by a killed run").unwrap();
        sweep(&dir.path().join("sub"));
        assert_eq!(fs::read_dir(dir.path().join("sub")).unwrap().count(), 1);
    }
}
