//! Looks at a buffer whose daemon stands still, and mends it.

use super::{At, Found, HEADER, next_magic, record, segment_path, segments};
use crate::output::atomic::AtomicFile;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What is in a buffer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Segments.
    pub segments: u64,
    /// Whole records of the buffer.
    pub records: u64,
    /// Lines in them.
    pub lines: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Stretches that are no records.
    pub damaged: u64,
    /// Their bytes.
    pub damaged_bytes: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { segments, records, lines, bytes, damaged, damaged_bytes } = self;
        write!(f, "{segments} segments, {records} records, {lines} lines, {bytes} bytes; ")?;
        write!(f, "{damaged} damaged places, {damaged_bytes} bytes")
    }
}

/// Reads all of it and changes nothing.
///
/// # Errors
/// Those of the file system.
pub fn check(dir: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    for segment in segments(dir)? {
        walk(&File::open(segment_path(dir, segment))?, &mut report, |_, _| Ok(()))?;
    }
    Ok(report)
}

/// Takes damaged places out; what was delivered may be delivered again.
///
/// # Errors
/// Those of the file system.
pub fn repair(dir: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    for segment in segments(dir)? {
        let path = segment_path(dir, segment);
        let file = File::open(&path)?;
        let mut whole = AtomicFile::new(&path)?;
        let before = report.damaged;
        walk(&file, &mut report, |at, len| {
            let mut bytes = vec![0; len];
            file.read_exact_at(&mut bytes, at)?;
            whole.write_all(&bytes)
        })?;
        if report.damaged > before {
            whole.settle(None)?;
            whole.publish()?;
            // Places in this segment have moved: it is delivered from its beginning.
            let cursor = dir.join("cursor");
            let read = std::fs::read(&cursor).ok().and_then(|b| serde_json::from_slice::<At>(&b).ok());
            if read.is_none_or(|at| at.segment == segment) {
                let mut file = AtomicFile::new(&cursor)?;
                file.write_all(&serde_json::to_vec(&At { segment, offset: 0 })?)?;
                file.settle(None)?;
                file.publish()?;
            }
        }
    }
    Ok(report)
}

fn walk(file: &File, report: &mut Report, mut good: impl FnMut(u64, usize) -> io::Result<()>) -> io::Result<()> {
    let limit = file.metadata()?.len();
    report.segments += 1;
    let mut at = 0;
    loop {
        match record(file, at, limit)? {
            Found::End => return Ok(()),
            Found::Record(bytes, lines) => {
                let size = HEADER + bytes.len();
                good(at, size)?;
                report.records += 1;
                report.lines += u64::from(lines);
                report.bytes += bytes.len() as u64;
                at += size as u64;
            }
            Found::Damage => {
                let next = next_magic(file, at, limit)?;
                report.damaged += 1;
                report.damaged_bytes += next - at;
                at = next;
            }
        }
    }
}
