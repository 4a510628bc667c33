//! The disk buffer of a sink beyond the network. It holds de-identified bytes only: its writer takes [`Clean`], and a reader's
//! bytes come from nowhere else.
//!
//! A folder of segments, each a row of records: magic, length, lines, number, CRC-32 of all that and of the bytes.

mod check;
mod read;
mod write;

pub use check::{Report, check, repair};
pub use read::{Buffered, Reader};
pub use write::Writer;

use crate::engine::Clean;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// First bytes of a record; no UTF-8 text holds them.
const MAGIC: [u8; 4] = [0xF5, b'L', b'V', 0xFE];
/// Bytes of a record before its payload.
const HEADER: usize = 24;
/// Largest payload.
const LARGEST: usize = 16 << 20;
/// A segment is not begun before the last one has this size.
const SEGMENT: u64 = 8 << 20;

/// A place in the buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// Number of the segment.
    pub segment: u64,
    /// Bytes before this place.
    pub offset: u64,
}

/// What writer and reader share.
#[derive(Default)]
pub struct Shared {
    state: Mutex<State>,
    /// Told when there is more to read.
    pub more: Notify,
}

#[derive(Default)]
struct State {
    /// What may be read: the checkpoint knows of it.
    committed: At,
    /// Bytes of all segments.
    bytes: u64,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Bytes on the disk.
    pub fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// How far may be read.
    pub fn committed(&self) -> At {
        self.lock().committed
    }
}

/// Opens a buffer; `mark` is what the checkpoint knows of it. It always opens: what is damaged is skipped by the reader.
///
/// # Errors
/// Those of the file system.
pub fn open(dir: &Path, most: u64, mark: Option<At>) -> io::Result<(Writer, Reader)> {
    std::fs::create_dir_all(dir)?;
    let shared = Arc::new(Shared::default());
    let writer = Writer::open(dir, most, mark, shared.clone())?;
    let reader = Reader::open(dir, shared)?;
    Ok((writer, reader))
}

fn segment_path(dir: &Path, segment: u64) -> PathBuf {
    dir.join(format!("{segment:016x}.seg"))
}

/// Numbers of the segments that are there, in order.
fn segments(dir: &Path) -> io::Result<Vec<u64>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|n| u64::from_str_radix(n.to_str()?, 16).ok());
        // Other files may lie there.
        all.extend(number.filter(|n| *n < u64::MAX && segment_path(dir, *n) == path));
    }
    all.sort_unstable();
    Ok(all)
}

/// The header of a record.
fn header(clean: &Clean<'_>, number: u64) -> [u8; HEADER] {
    let bytes = clean.bytes();
    let lines = memchr::memchr_iter(b'\n', bytes).count() as u32;
    let mut h = [0; HEADER];
    h[..4].copy_from_slice(&MAGIC);
    h[4..8].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    h[8..12].copy_from_slice(&lines.to_le_bytes());
    h[12..20].copy_from_slice(&number.to_le_bytes());
    let sum = checksum(&h, bytes);
    h[20..].copy_from_slice(&sum.to_le_bytes());
    h
}

fn checksum(header: &[u8; HEADER], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&header[..20]);
    crc.update(payload);
    crc.finalize()
}

/// What stands at a place of a segment.
enum Found {
    /// A whole record: its payload and lines.
    Record(Vec<u8>, u32),
    /// Something else.
    Damage,
    /// Nothing more before the limit.
    End,
}

/// Reads the record at `offset`, which ends at `limit` or before.
fn record(file: &File, offset: u64, limit: u64) -> io::Result<Found> {
    if offset >= limit {
        return Ok(Found::End);
    }
    let mut h = [0; HEADER];
    let room = limit - offset;
    if room < HEADER as u64 || !read_all(file, &mut h, offset)? || h[..4] != MAGIC {
        return Ok(Found::Damage);
    }
    let word = |at: usize| u32::from_le_bytes([h[at], h[at + 1], h[at + 2], h[at + 3]]);
    let len = word(4) as usize;
    if len > LARGEST || (len + HEADER) as u64 > room {
        return Ok(Found::Damage);
    }
    let mut payload = vec![0; len];
    if !read_all(file, &mut payload, offset + HEADER as u64)? || checksum(&h, &payload) != word(20) {
        return Ok(Found::Damage);
    }
    Ok(Found::Record(payload, word(8)))
}

/// The next place behind `offset` where a record may begin.
fn next_magic(file: &File, offset: u64, limit: u64) -> io::Result<u64> {
    let mut at = offset + 1;
    let mut step = vec![0; 64 << 10];
    while at < limit {
        let n = file.read_at(&mut step, at)?;
        if n == 0 {
            break;
        }
        if let Some(i) = memchr::memmem::find(&step[..n], &MAGIC) {
            return Ok((at + i as u64).min(limit));
        }
        // The magic may stand across two steps.
        at += if n > MAGIC.len() { n - MAGIC.len() + 1 } else { n } as u64;
    }
    Ok(limit)
}

/// False when the file ends first.
fn read_all(file: &File, buf: &mut [u8], offset: u64) -> io::Result<bool> {
    match file.read_exact_at(buf, offset) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests;
