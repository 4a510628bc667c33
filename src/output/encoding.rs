//! Writes UTF-8 in the encoding that the input had.

use crate::input::encoding::{Decided, Encoding, encode};
use std::io::{self, Write};

/// Writes in the encoding that the stream's reader decided on.
pub struct Encoder<W> {
    output: W,
    decided: Decided,
    /// The bytes of a character that is not whole yet.
    rest: Vec<u8>,
    coded: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    /// In front of `output`.
    pub fn new(output: W, decided: Decided) -> Self {
        Encoder { output, decided, rest: Vec::new(), coded: Vec::new() }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let encoding = self.decided.get();
        if encoding == Encoding::Utf8 {
            return self.output.write(text);
        }
        self.rest.extend_from_slice(text);
        self.coded.clear();
        self.coded.extend_from_slice(self.decided.take_mark());
        let done = encode(&self.rest, encoding, &mut self.coded);
        self.rest.drain(..done);
        self.output.write_all(&self.coded)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
