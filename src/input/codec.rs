//! How is it compressed? Found by its first bytes, never by its name; the only door to the decompressors.

use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::rc::Rc;

/// A compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// None.
    Plain,
    /// gzip (RFC 1952), any number of members.
    Gzip,
    /// Zstandard (RFC 8878), any number of frames.
    Zstd,
    /// bzip2, any number of streams.
    Bzip2,
    /// xz, any number of streams.
    Xz,
}

/// Bytes that tell a compression or a kind of file.
pub const HEAD: usize = 512;

/// Kinds of files that can't be read here, and how to make them readable.
const REFUSED: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive: unpack it first"),
    (b"Rar!\x1A\x07", "a rar archive: unpack it first"),
    (b"\x04\x22\x4D\x18", "lz4: undo it with `lz4 -d` first"),
    (b"\x1F\x9D", "compress(1): undo it with `gzip -d` first"),
    (b"\x89LZO", "lzop: undo it with `lzop -d` first"),
    (b"LZIP", "lzip: undo it with `lzip -d` first"),
    (b"\xFF\x06\x00\x00sNaPpY", "framed snappy: undo it first"),
    (b"PAR1", "Parquet: export its columns as text first"),
    (b"ORC", "ORC: export its columns as text first"),
    (b"Obj\x01", "Avro: export its records as JSON first"),
    (b"SQLite format 3\0", "an SQLite database: export its tables as text first"),
];

impl Codec {
    /// The compression that these first bytes tell.
    pub fn of(head: &[u8]) -> Codec {
        match head {
            [0x1F, 0x8B, 8, ..] => Codec::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Codec::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
                if rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90") =>
            {
                Codec::Bzip2
            }
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Codec::Xz,
            _ => Codec::Plain,
        }
    }

    /// Its usual ending.
    pub fn suffix(self) -> &'static str {
        match self {
            Codec::Plain => "",
            Codec::Gzip => ".gz",
            Codec::Zstd => ".zst",
            Codec::Bzip2 => ".bz2",
            Codec::Xz => ".xz",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Plain => "plain",
            Codec::Gzip => "gzip",
            Codec::Zstd => "zstd",
            Codec::Bzip2 => "bzip2",
            Codec::Xz => "xz",
        }
    }
}

/// Why a file of this kind can't be read, when it can't.
pub fn refused(head: &[u8]) -> Option<&'static str> {
    REFUSED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, why)| *why)
}

/// True for the first block of a tar archive (POSIX ustar or GNU).
pub fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Memory in bytes that a stream needs to be decompressed.
pub fn memory(head: &[u8]) -> u64 {
    match Codec::of(head) {
        Codec::Zstd => 1 << window_log(head),
        Codec::Xz => xz_dictionary(head) + XZ_EXTRA,
        Codec::Bzip2 => 4 << 20,
        Codec::Gzip | Codec::Plain => 64 << 10,
    }
}

/// Largest dictionary of an xz stream (that of `xz -9`).
const XZ_DICTIONARY: u64 = 64 << 20;

/// What an xz decoder needs besides the dictionary.
const XZ_EXTRA: u64 = 2 << 20;

/// The dictionary of an xz stream's first block, never below that of `-6` (xz file format 1.2.1, sections 3.1 and 5.3.1).
fn xz_dictionary(head: &[u8]) -> u64 {
    match head.get(12..) {
        // No sizes in the header, one filter, LZMA2 with one byte of properties.
        Some([1..=255, 0, 0x21, 1, bits @ 0..=40, ..]) => {
            let (odd, shift) = (u64::from(bits & 1), bits / 2 + 11);
            ((2 | odd) << shift).clamp(8 << 20, XZ_DICTIONARY)
        }
        _ => XZ_DICTIONARY,
    }
}

/// Largest window of a Zstandard stream, as a power of two (`zstd -19` takes 2^23, `--ultra -22` 2^27).
const ZSTD_WINDOW: u32 = 27;

/// The window of a Zstandard frame as a power of two (RFC 8878 section 3.1.1.1.2), never below that of `-19`.
fn window_log(head: &[u8]) -> u32 {
    match head {
        [0x28, 0xB5, 0x2F, 0xFD, d, w, ..] if d & 0x20 == 0 => {
            let log = 10 + u32::from(w >> 3) + u32::from(w & 7 != 0);
            log.clamp(23, ZSTD_WINDOW)
        }
        [0x28, 0xB5, ..] => 23,
        // After a skippable frame anything may come.
        _ => ZSTD_WINDOW,
    }
}

/// Undoes the compression that `head`, the first bytes of `input`, tells.
///
/// # Errors
/// When a decompressor can't be made.
pub fn decoder<'r>(head: &[u8], input: impl BufRead + 'r) -> io::Result<Box<dyn Read + 'r>> {
    Ok(match Codec::of(head) {
        Codec::Plain => Box::new(input),
        Codec::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Codec::Zstd => {
            let mut d = zstd::stream::read::Decoder::with_buffer(input)?;
            d.window_log_max(window_log(head))?;
            Box::new(d)
        }
        Codec::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        Codec::Xz => {
            let stream = liblzma::stream::Stream::new_stream_decoder(memory(head), liblzma::stream::CONCATENATED)
                .map_err(io::Error::from)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream))
        }
    })
}

/// The first bytes of a stream, and the whole stream again.
///
/// # Errors
/// Those of the stream.
pub fn peek<R: Read>(mut input: R) -> io::Result<(Vec<u8>, impl BufRead + use<R>)> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut input).take(HEAD as u64).read_to_end(&mut head)?;
    let again = io::Cursor::new(head.clone()).chain(BufReader::with_capacity(BUFFER, input));
    Ok((head, again))
}

/// Bytes that a decompressor reads at once.
const BUFFER: usize = 64 << 10;

/// How much a compressed stream may grow.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Most bytes out of one byte in, once more than [`Caps::GRACE`] bytes came out; 0 for any.
    pub ratio: u64,
    /// Most bytes out of one file; 0 for any.
    pub size: u64,
}

impl Caps {
    /// Streams shorter than this have any ratio.
    pub const GRACE: u64 = 64 << 20;
}

/// A reader that ends at its caps.
pub struct Capped<R> {
    inner: R,
    caps: Caps,
    read: Rc<Cell<u64>>,
    made: u64,
}

impl<R: Read> Capped<R> {
    /// Caps what comes out of `inner`, which has `read` that many bytes of the file.
    pub fn new(inner: R, caps: Caps, read: Rc<Cell<u64>>) -> Self {
        Capped { inner, caps, read, made: 0 }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.made += n as u64;
        let Caps { ratio, size } = self.caps;
        if size > 0 && self.made > size {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("more than {size} bytes; see --max-size")));
        }
        if ratio > 0 && self.made > Caps::GRACE && self.made / self.read.get().max(1) > ratio {
            let text = format!("grows more than {ratio} times, as decompression bombs do; see --max-ratio");
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        Ok(n)
    }
}

/// A reader whose first error ends the stream; the error is kept.
pub struct Tolerant<R> {
    inner: R,
    error: Rc<RefCell<Option<io::Error>>>,
}

impl<R: Read> Tolerant<R> {
    /// Keeps the first error of `inner` in `error`.
    pub fn new(inner: R, error: Rc<RefCell<Option<io::Error>>>) -> Self {
        Tolerant { inner, error }
    }
}

impl<R: Read> Read for Tolerant<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(out) {
            Err(e) if e.kind() != ErrorKind::Interrupted => {
                *self.error.borrow_mut() = Some(e);
                Ok(0)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell() {
        assert_eq!(Codec::of(b"\x1F\x8B\x08"), Codec::Gzip);
        assert_eq!(Codec::of(b"BZh is how this line of text begins"), Codec::Plain);
        assert_eq!(Codec::of(b""), Codec::Plain);
        assert!(refused(b"PK\x03\x04 and more").is_some_and(|w| w.contains("unpack")));
        assert!(refused(b"2026-11-23 plain").is_none());
        // RFC 8878: exponent 17, mantissa 0 is a window of 2^27.
        assert_eq!(memory(b"\x28\xB5\x2F\xFD\x00\x88"), 1 << 27);
        assert_eq!(memory(b"\x28\xB5\x2F\xFD\x00\x58"), 1 << 23);
        // xz file format: 0x1C is 64 MiB.
        assert_eq!(memory(b"\xFD7zXZ\0\0\x04\xE6\xD6\xB4\x46\x02\0\x21\x01\x1C"), XZ_DICTIONARY + XZ_EXTRA);
    }

    #[test]
    fn caps_end_a_stream() {
        let read = Rc::new(Cell::new(10));
        let mut r = Capped::new(io::repeat(b'a').take(1000), Caps { ratio: 0, size: 100 }, read.clone());
        assert!(io::copy(&mut r, &mut io::sink()).unwrap_err().to_string().contains("--max-size"));
        let mut r = Capped::new(io::repeat(b'a').take(Caps::GRACE * 2), Caps { ratio: 50, size: 0 }, read);
        assert!(io::copy(&mut r, &mut io::sink()).unwrap_err().to_string().contains("--max-ratio"));
    }
}
