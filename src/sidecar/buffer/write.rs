//! The end that grows.

use super::{At, HEADER, SEGMENT, Shared, header, segment_path, segments};
use crate::engine::Clean;
use crate::output::atomic::sync_dir;
use crate::sidecar::durable;
use crate::sidecar::sink::{Commit, Sink, SinkMark};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that wait for a commit at most before one is asked for.
const MOST: u64 = 1 << 20;

/// Appends records.
pub struct Writer {
    dir: PathBuf,
    file: Arc<File>,
    /// Full segments that the next commit makes sure of.
    filled: Vec<Arc<File>>,
    at: At,
    number: u64,
    most: u64,
    /// Bytes since the last commit.
    fresh: u64,
    /// There may be bytes behind `at`, of a record that was not written whole.
    torn: bool,
    shared: Arc<Shared>,
}

fn create(dir: &Path, segment: u64) -> io::Result<Arc<File>> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(segment_path(dir, segment))?;
    sync_dir(dir)?;
    Ok(Arc::new(file))
}

impl Writer {
    /// Cuts what came after the mark; the lane writes it once more.
    pub(super) fn open(dir: &Path, most: u64, mark: Option<At>, shared: Arc<Shared>) -> io::Result<Writer> {
        let there = segments(dir)?;
        let mut bytes = 0;
        for segment in &there {
            let path = segment_path(dir, *segment);
            let keep = mark.map_or(u64::MAX, |m| match segment.cmp(&m.segment) {
                std::cmp::Ordering::Less => u64::MAX,
                std::cmp::Ordering::Equal => m.offset,
                std::cmp::Ordering::Greater => 0,
            });
            let len = std::fs::metadata(&path)?.len();
            if len > keep {
                let file = OpenOptions::new().write(true).open(&path)?;
                file.set_len(keep)?;
                // What comes back after a loss of power would be delivered as well.
                durable::sync(&file)?;
            }
            bytes += len.min(keep);
        }
        let last = there.last().copied().max(mark.map(|m| m.segment));
        // A new segment, so that a damaged end stays where it is.
        let segment = last.map_or(0, |s| s + 1);
        let file = create(dir, segment)?;
        let at = At { segment, offset: 0 };
        let mut state = shared.lock();
        (state.committed, state.bytes) = (at, bytes);
        drop(state);
        Ok(Writer { dir: dir.into(), file, filled: Vec::new(), at, number: 0, most, fresh: 0, torn: false, shared })
    }
}

impl Sink for Writer {
    fn write(&mut self, clean: &Clean<'_>) -> io::Result<()> {
        let bytes = clean.bytes();
        if bytes.is_empty() {
            return Ok(());
        }
        let size = (HEADER + bytes.len()) as u64;
        // Refused only when all is committed, for nothing else can be delivered; and without the segment under way, which stays
        // until there is another.
        let older = self.shared.bytes().saturating_sub(self.at.offset);
        if self.fresh == 0 && older + size > self.most.saturating_sub(SEGMENT) {
            return Err(io::Error::new(ErrorKind::StorageFull, "the disk buffer is full"));
        }
        if self.at.offset >= SEGMENT {
            let segment = self.at.segment + 1;
            let next = create(&self.dir, segment)?;
            self.filled.push(std::mem::replace(&mut self.file, next));
            self.at = At { segment, offset: 0 };
        }
        let mut record = header(clean, self.number).to_vec();
        record.extend_from_slice(bytes);
        if self.torn {
            self.file.set_len(self.at.offset)?;
        }
        self.torn = true;
        (&*self.file).write_all(&record)?;
        self.torn = false;
        self.number += 1;
        self.at.offset += size;
        self.fresh += size;
        self.shared.lock().bytes += size;
        Ok(())
    }

    fn commit(&mut self) -> io::Result<Commit> {
        let (at, shared) = (self.at, self.shared.clone());
        let mut files = std::mem::take(&mut self.filled);
        if self.fresh > 0 {
            files.push(self.file.clone());
            self.fresh = 0;
        }
        let then = move || {
            shared.lock().committed = at;
            shared.more.notify_one();
        };
        let mark = SinkMark::Buffer { segment: at.segment, offset: at.offset };
        Ok(Commit { files, mark, then: Some(Box::new(then)) })
    }

    fn full(&self) -> bool {
        self.fresh >= MOST
    }
}
