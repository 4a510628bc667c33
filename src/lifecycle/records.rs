//! Reads outputs again, whole records at a time, whatever their compression.

use crate::input::codec;
use crate::input::encoding::{Decided, Decoder};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes read at once.
const BLOCK: usize = 1 << 20;
/// Longest record that is kept together; pieces of a longer one overlap by [`OVERLAP`].
const LONGEST: usize = 64 << 20;
/// Longer than any token and its escapes.
const OVERLAP: usize = 8 << 10;

/// Calls `each` with runs of whole records, as they stand in the file.
///
/// # Errors
/// Those of the file, and of `each`.
pub fn read(path: &Path, each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let (head, input) = codec::peek(File::open(path)?)?;
    blocks(codec::decoder(&head, input)?, each)
}

/// The same in UTF-8, for looking only: two-byte encodings are undone.
///
/// # Errors
/// Those of the file and of `each`; files that hold text in a form that can't be read here.
pub fn read_text(path: &Path, each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let (head, input) = codec::peek(File::open(path)?)?;
    if let Some(why) = codec::refused(&head) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let (inner, input) = codec::peek(codec::decoder(&head, input)?)?;
    match inner.starts_with(b"\xFF\xFE") || inner.starts_with(b"\xFE\xFF") {
        true => blocks(Decoder::new(input, None, Decided::default()), each),
        false => blocks(input, each),
    }
}

fn blocks(mut input: impl Read, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buf = vec![0; 2 * BLOCK];
    let mut len = 0;
    loop {
        if buf.len() - len < BLOCK {
            buf.resize(len + 2 * BLOCK, 0);
        }
        let n = match input.read(&mut buf[len..]) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            n => n?,
        };
        if n == 0 {
            if len > 0 {
                each(&buf[..len])?;
            }
            return Ok(());
        }
        let last = memchr::memrchr(b'\n', &buf[len..len + n]).map(|at| len + at + 1);
        len += n;
        let (whole, keep) = match last {
            Some(end) if end >= BLOCK || len >= BLOCK => (end, end),
            _ if len >= LONGEST => (len, len - OVERLAP),
            _ => continue,
        };
        each(&buf[..whole])?;
        buf.copy_within(keep..len, 0);
        len -= keep;
    }
}

/// Regular files below a folder, in order of their paths; with what this program keeps for itself when `own` says so.
///
/// # Errors
/// Those of the file system.
pub fn files(dir: &Path, own: bool, out: &mut Vec<std::path::PathBuf>) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(dir)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for e in entries {
        let kind = e.file_type()?;
        if kind.is_dir() && (own || e.file_name() != OWN) {
            files(&e.path(), own, out)?;
        } else if kind.is_file() && !crate::output::atomic::is_part(&e.file_name()) {
            out.push(e.path());
        }
    }
    Ok(())
}

/// Folder of journals, manifests and reports.
pub const OWN: &str = ".logveil";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stay_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let line = |n: usize| format!("{n} {}\n", "x".repeat(n * 7919 % 3000));
        let text: String = (0..4000).map(line).collect::<String>() + "no end";
        std::fs::write(&path, &text).unwrap();
        let (mut got, mut calls) = (Vec::new(), 0);
        read(&path, |b| {
            calls += 1;
            assert!(b.ends_with(b"\n") || b.ends_with(b"no end"));
            got.extend_from_slice(b);
            Ok(())
        })
        .unwrap();
        assert!(calls > 2 && got == text.as_bytes());
    }
}
