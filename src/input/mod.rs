//! Where does a record end? One buffer rolls over a stream and gives blocks of whole records.

pub mod codec;
pub mod encoding;

use crate::model::{Block, Window};
use std::io::{self, ErrorKind, Read};

/// Left context that a window of an over-long record carries.
const CONTEXT: usize = 16 << 10;

/// Sizes of blocks.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Blocks of whole records are cut near this.
    pub block: usize,
    /// Longest record that is handled whole.
    pub window: usize,
    /// Bytes that one read asks for.
    pub read: usize,
}

/// Tells whether more input is waiting.
pub trait Readiness {
    /// True when a read would not wait.
    fn ready(&self) -> bool;
}

/// Input that never waits.
pub struct Always;

impl Readiness for Always {
    fn ready(&self) -> bool {
        true
    }
}

/// The one input buffer.
pub struct Blocks<R> {
    input: R,
    limits: Limits,
    buf: Vec<u8>,
    /// Bytes `start..end` wait for work.
    start: usize,
    end: usize,
    /// Bytes before `start` that are context of a record in windows.
    context: usize,
    in_record: bool,
    eof: bool,
    /// The caller knows that the input pauses.
    told: bool,
}

/// What to work on next: bytes of the buffer, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Whole records.
    Records(usize, usize),
    /// A part of an over-long record.
    Part(usize, usize, Window),
    /// The next call may wait for input: what is under way should be finished first.
    Pause,
    /// Nothing is left.
    End,
}

impl<R: Read> Blocks<R> {
    /// Blocks of a stream.
    pub fn new(input: R, limits: Limits) -> Self {
        let buf = vec![0; limits.window + limits.read];
        Blocks { input, limits, buf, start: 0, end: 0, context: 0, in_record: false, eof: false, told: false }
    }

    /// The next piece. Waits for input only when no whole record is at hand, and says so first; takes more than one read only while
    /// input is `ready`.
    ///
    /// # Errors
    /// Those of the stream; interrupted reads are tried again.
    pub fn next(&mut self, ready: &impl Readiness) -> io::Result<Piece> {
        loop {
            if self.in_record {
                if let Some(p) = self.part() {
                    return Ok(p);
                }
            } else if let Some(p) = self.records(ready) {
                return Ok(p);
            }
            if self.eof {
                return Ok(self.rest());
            }
            if !self.told && !ready.ready() {
                self.told = true;
                return Ok(Piece::Pause);
            }
            self.told = false;
            self.fill()?;
        }
    }

    fn records(&mut self, ready: &impl Readiness) -> Option<Piece> {
        let have = self.end - self.start;
        if have < self.limits.block && !self.eof && (have == 0 || ready.ready()) {
            return None;
        }
        let scope = &self.buf[self.start..self.end.min(self.start + self.limits.block)];
        let cut = memchr::memrchr(b'\n', scope).or_else(|| {
            let rest = &self.buf[self.start..self.end];
            memchr::memchr(b'\n', rest).filter(|n| *n < self.limits.window)
        });
        if let Some(n) = cut {
            let from = self.start;
            self.start += n + 1;
            return Some(Piece::Records(from, self.start));
        }
        if have >= self.limits.window {
            self.in_record = true;
            self.context = 0;
            return self.part();
        }
        None
    }

    fn part(&mut self) -> Option<Piece> {
        let from = self.start - self.context;
        let stop = self.end.min(from + self.limits.window);
        let line = memchr::memchr(b'\n', &self.buf[self.start..stop]).map(|n| self.start + n + 1);
        let last = line.is_some() || self.eof && stop == self.end;
        if !last && stop - from < self.limits.window {
            return None;
        }
        Some(Piece::Part(from, line.unwrap_or(stop), Window { context: self.context, last }))
    }

    fn rest(&mut self) -> Piece {
        let from = self.start;
        self.start = self.end;
        if from == self.end { Piece::End } else { Piece::Records(from, self.end) }
    }

    fn fill(&mut self) -> io::Result<()> {
        let keep = self.start - self.context;
        if self.buf.len() - self.end < self.limits.read && keep > 0 {
            self.buf.copy_within(keep..self.end, 0);
            self.start -= keep;
            self.end -= keep;
        }
        let stop = self.buf.len().min(self.end + self.limits.read);
        loop {
            match self.input.read(&mut self.buf[self.end..stop]) {
                Ok(0) => self.eof = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            return Ok(());
        }
    }

    /// The bytes of a piece.
    pub fn block(&self, piece: Piece) -> Block<'_> {
        match piece {
            Piece::Records(a, b) => Block::records(&self.buf[a..b]),
            Piece::Part(a, b, w) => Block { bytes: &self.buf[a..b], window: Some(w) },
            Piece::Pause | Piece::End => Block::records(&[]),
        }
    }

    /// Says how far the work on a window came; `consumed` counts from the first byte of the piece.
    pub fn consumed(&mut self, piece: Piece, consumed: usize) {
        if let Piece::Part(from, end, w) = piece {
            self.start = from + consumed;
            if w.last && self.start == end {
                self.in_record = false;
                self.context = 0;
            } else {
                self.context = CONTEXT.min(consumed);
            }
        }
    }
}

impl<R> Drop for Blocks<R> {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.buf.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives as many bytes per read as it is told.
    struct Drip<'a>(&'a [u8], usize);
    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(self.1).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn pieces(text: &[u8], read: usize) -> Vec<u8> {
        let limits = Limits { block: 64, window: 40_000, read: 8_000 };
        let mut b = Blocks::new(Drip(text, read), limits);
        let mut out = Vec::new();
        loop {
            let p = b.next(&Always).unwrap();
            match p {
                Piece::End => return out,
                Piece::Pause => {}
                Piece::Records(..) => out.extend_from_slice(b.block(p).bytes),
                Piece::Part(_, _, w) => {
                    let block = b.block(p).bytes;
                    let done = if w.last { block.len() } else { (block.len() - 100).max(w.context + 1) };
                    out.extend_from_slice(&block[w.context..done]);
                    b.consumed(p, done);
                }
            }
        }
    }

    #[test]
    fn every_byte_comes_once_whatever_the_reads() {
        let mut text = b"a\nbb\r\n\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 100_001));
        text.extend_from_slice(b"\nlast without end");
        for read in [1, 7, 4096, 1 << 20] {
            assert_eq!(pieces(&text, read), text, "{read}");
        }
        assert_eq!(pieces(b"", 5), b"");
    }
}
