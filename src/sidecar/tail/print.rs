//! Which file is this? Keyed checksums of the bytes that were read from it: an inode alone may be another file by now.

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use zeroize::Zeroizing;

/// Longest stretch of bytes that a checksum covers.
pub const REACH: usize = 256;

/// The checksum of some bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// Offset of the first byte.
    pub from: u64,
    /// Number of bytes.
    pub len: u16,
    sum: String,
}

/// Makes checksums with a key of this installation, so that none can be looked up in a table.
pub struct Prints(Zeroizing<[u8; 32]>);

impl Prints {
    /// With this key.
    pub fn new(key: Zeroizing<[u8; 32]>) -> Prints {
        Prints(key)
    }

    /// The checksum of `bytes`, which stand at `from`.
    pub fn of(&self, from: u64, bytes: &[u8]) -> Print {
        let sum = blake3::keyed_hash(&self.0, bytes);
        let sum = data_encoding::HEXLOWER.encode(&sum.as_bytes()[..16]);
        Print { from, len: bytes.len() as u16, sum }
    }

    /// True when the file holds the bytes of `print`.
    ///
    /// # Errors
    /// Those of the file, except its end.
    pub fn holds(&self, file: &File, print: &Print) -> io::Result<bool> {
        let mut buf = Zeroizing::new([0; REACH]);
        let buf = &mut buf[..usize::from(print.len).min(REACH)];
        match file.read_exact_at(buf, print.from) {
            Ok(()) => Ok(self.of(print.from, buf) == *print),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Reads a stream from its beginning up to the end of `tail`; true when both checksums hold.
    ///
    /// # Errors
    /// Those of the stream, except its end.
    pub fn leads(&self, stream: &mut dyn Read, head: &Print, tail: &Print) -> io::Result<bool> {
        let mut front = Zeroizing::new(Vec::new());
        stream.take(u64::from(head.len)).read_to_end(&mut front)?;
        if self.of(0, &front) != *head {
            return Ok(false);
        }
        // The two may overlap in a short file.
        let read = front.len() as u64;
        let mut last = match front.get(tail.from.min(read) as usize..) {
            Some(both) if tail.from < read => Zeroizing::new(both.to_vec()),
            _ => {
                io::copy(&mut stream.take(tail.from - read), &mut io::sink())?;
                Zeroizing::new(Vec::new())
            }
        };
        let rest = u64::from(tail.len).saturating_sub(last.len() as u64);
        stream.take(rest).read_to_end(&mut last)?;
        Ok(self.of(tail.from, &last) == *tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_known_by_its_head_and_the_bytes_before_the_offset() {
        let prints = Prints::new(Zeroizing::new([7; 32]));
        for len in [3usize, 200, 300, 600, 5000] {
            let text: Vec<u8> = (0..len).map(|i| (i * i % 251) as u8).collect();
            let n = len.min(REACH);
            let head = prints.of(0, &text[..n]);
            let tail = prints.of((len - n) as u64, &text[len - n..]);
            let longer = [&text[..], b"and more"].concat();
            let mut stream = &longer[..];
            assert!(prints.leads(&mut stream, &head, &tail).unwrap(), "{len}");
            assert_eq!(stream, b"and more", "the stream stands behind what was read");
            let mut other = longer.clone();
            other[len - 1] ^= 1;
            assert!(!prints.leads(&mut &other[..], &head, &tail).unwrap());
            assert!(!prints.leads(&mut &text[..len - 1], &head, &tail).unwrap());
        }
    }
}
