//! The end that is read: in order, from where the last answer came for.

use super::{At, Found, HEADER, Shared, next_magic, record, segment_path, segments};
use crate::output::atomic::AtomicFile;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the place is saved.
const SAVE: Duration = Duration::from_secs(1);

/// Pieces of a record are joined up to this.
const JOINED: usize = 4 << 20;

/// De-identified bytes of one record.
pub struct Buffered {
    bytes: Vec<u8>,
    /// Records of the log in it.
    pub lines: u32,
    next: At,
}

impl Buffered {
    /// What may be sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads records and forgets them when they were delivered.
pub struct Reader {
    dir: PathBuf,
    /// What was delivered.
    done: At,
    /// What was read.
    at: At,
    open: Option<(u64, Arc<File>)>,
    saved: Instant,
    /// What writer and reader share.
    pub shared: Arc<Shared>,
    /// Damaged places met since the last look.
    pub damaged: u64,
}

impl Reader {
    pub(super) fn open(dir: &Path, shared: Arc<Shared>) -> io::Result<Reader> {
        let first = segments(dir)?.first().copied().unwrap_or(0);
        let saved = std::fs::read(dir.join("cursor")).ok().and_then(|b| serde_json::from_slice::<At>(&b).ok());
        let mut done = saved.unwrap_or_default().max(At { segment: first, offset: 0 });
        // The segment was cut to what the checkpoint knows.
        let len = std::fs::metadata(segment_path(dir, done.segment)).map_or(0, |m| m.len());
        done.offset = done.offset.min(len);
        Ok(Reader { dir: dir.into(), done, at: done, open: None, saved: Instant::now(), shared, damaged: 0 })
    }

    /// The next record; nothing while there is none. Pieces of a long record of the log come as one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn pull(&mut self) -> io::Result<Option<Buffered>> {
        let Some(mut whole) = self.next()? else { return Ok(None) };
        while !whole.bytes.ends_with(b"\n")
            && whole.bytes.len() < JOINED
            && let Some(piece) = self.next()?
        {
            whole.bytes.extend_from_slice(&piece.bytes);
            whole.lines += piece.lines;
            whole.next = piece.next;
        }
        Ok(Some(whole))
    }

    fn next(&mut self) -> io::Result<Option<Buffered>> {
        let committed = self.shared.committed();
        loop {
            if self.at >= committed {
                return Ok(None);
            }
            let last = self.at.segment == committed.segment;
            let file = match self.file() {
                Ok(file) => file,
                Err(e) if last => return Err(e),
                Err(_) => {
                    // It was removed by somebody else.
                    self.at = At { segment: self.at.segment + 1, offset: 0 };
                    continue;
                }
            };
            let limit = if last { committed.offset } else { file.metadata()?.len() };
            match record(&file, self.at.offset, limit)? {
                Found::Record(bytes, lines) => {
                    self.at.offset += (HEADER + bytes.len()) as u64;
                    return Ok(Some(Buffered { bytes, lines, next: self.at }));
                }
                Found::Damage => {
                    self.at.offset = next_magic(&file, self.at.offset, limit)?;
                    self.damaged += 1;
                }
                Found::End if last => return Ok(None),
                Found::End => self.at = At { segment: self.at.segment + 1, offset: 0 },
            }
        }
    }

    fn file(&mut self) -> io::Result<Arc<File>> {
        let segment = self.at.segment;
        if let Some((_, file)) = self.open.as_ref().filter(|(s, _)| *s == segment) {
            return Ok(file.clone());
        }
        let file = Arc::new(File::open(segment_path(&self.dir, segment))?);
        self.open = Some((segment, file.clone()));
        Ok(file)
    }

    /// Everything up to this record was delivered.
    ///
    /// # Errors
    /// Those of the file system; delivery may go on.
    pub fn delivered(&mut self, record: &Buffered) -> io::Result<()> {
        let old = self.done;
        self.done = record.next;
        if old.segment < self.done.segment {
            // Saved before the segments go, or the place would point to nothing.
            self.save()?;
            for segment in segments(&self.dir)?.into_iter().filter(|s| *s < self.done.segment) {
                let path = segment_path(&self.dir, segment);
                let len = std::fs::metadata(&path).map_or(0, |m| m.len());
                std::fs::remove_file(&path)?;
                let mut state = self.shared.lock();
                state.bytes = state.bytes.saturating_sub(len);
            }
        } else if self.saved.elapsed() >= SAVE {
            self.save()?;
        }
        Ok(())
    }

    /// Reads on from what was delivered.
    pub fn rewind(&mut self) {
        self.at = self.done;
    }

    /// Saves how far delivery came.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&mut self) -> io::Result<()> {
        let mut file = AtomicFile::new(&self.dir.join("cursor"))?;
        file.write_all(&serde_json::to_vec(&self.done)?)?;
        file.settle(None)?;
        file.publish()?;
        self.saved = Instant::now();
        Ok(())
    }

    /// True when everything was read; what was read and not delivered is read again after a [`Reader::rewind`].
    pub fn is_empty(&self) -> bool {
        self.at >= self.shared.committed()
    }
}
