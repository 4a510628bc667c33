//! The end that grows.

use super::{At, HEADER, SEGMENT, Shared, header, segment_path, segments};
use crate::engine::Clean;
use crate::output::atomic::sync_dir;
use crate::sidecar::sink::{Sink, SinkMark};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that wait for a commit at most before one is asked for.
const COMMIT: u64 = 1 << 20;

/// Appends records.
pub struct Writer {
    dir: PathBuf,
    file: File,
    at: At,
    number: u64,
    most: u64,
    /// Bytes since the last commit.
    fresh: u64,
    shared: Arc<Shared>,
}

fn create(dir: &Path, segment: u64) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(segment_path(dir, segment))?;
    sync_dir(dir)?;
    Ok(file)
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
                OpenOptions::new().write(true).open(&path)?.set_len(keep)?;
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
        Ok(Writer { dir: dir.into(), file, at, number: 0, most, fresh: 0, shared })
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
            self.file.sync_data()?;
            let segment = self.at.segment + 1;
            self.file = create(&self.dir, segment)?;
            self.at = At { segment, offset: 0 };
        }
        let mut record = header(clean, self.number).to_vec();
        record.extend_from_slice(bytes);
        if let Err(e) = self.file.write_all(&record) {
            self.file.set_len(self.at.offset)?;
            return Err(e);
        }
        self.number += 1;
        self.at.offset += size;
        self.fresh += size;
        self.shared.lock().bytes += size;
        Ok(())
    }

    fn commit(&mut self) -> io::Result<SinkMark> {
        if self.fresh > 0 {
            self.file.sync_data()?;
            self.fresh = 0;
        }
        Ok(SinkMark::Buffer { segment: self.at.segment, offset: self.at.offset })
    }

    fn turn(&mut self) -> io::Result<Option<SinkMark>> {
        self.shared.lock().committed = self.at;
        self.shared.more.notify_one();
        Ok(None)
    }

    fn full(&self) -> bool {
        self.fresh >= COMMIT
    }
}
