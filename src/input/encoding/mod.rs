//! Streams in GBK, GB18030 and UTF-16: read as UTF-8, and written back byte for byte.
//!
//! The translation is one to one on bytes, whatever they are: what is no valid sequence of the encoding becomes a
//! character of the private plane that stands for its byte. So everything between reading and writing knows UTF-8
//! only, and what it leaves alone comes back as it was.

mod characters;

pub use characters::{begins_as_utf16, encode, encode_with, gbk_to_utf8, holds_utf16, lines_in_gbk};

use characters::{byte_order, first_high, gb_to_utf8, is_gbk, is_utf8, utf16_to_utf8, wide_first};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use zeroize::Zeroize;

/// How a stream is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Encoding {
    /// UTF-8, or any other superset of ASCII that passes as it is.
    #[default]
    Utf8 = 1,
    /// GB 18030, which holds GBK and GB 2312.
    Gb18030,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// Two bytes or four for each character, line feeds included.
    pub fn is_wide(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }

    /// The encoding of that name.
    pub fn parse(name: &str) -> Option<Encoding> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Encoding::Utf8,
            "gb18030" | "gbk" | "gb2312" => Encoding::Gb18030,
            "utf-16le" | "utf16le" => Encoding::Utf16Le,
            "utf-16be" | "utf16be" => Encoding::Utf16Be,
            _ => return None,
        })
    }
}

/// What a stream turned out to be; shared with the writer of its output.
#[derive(Clone, Default)]
pub struct Decided(Arc<AtomicU8>);

impl Decided {
    /// The encoding; UTF-8 until something else was seen.
    pub fn get(&self) -> Encoding {
        match self.0.load(Ordering::Acquire) & !MARK {
            2 => Encoding::Gb18030,
            3 => Encoding::Utf16Le,
            4 => Encoding::Utf16Be,
            _ => Encoding::Utf8,
        }
    }

    fn set(&self, e: Encoding, mark: bool) {
        self.0.store(e as u8 | if mark { MARK } else { 0 }, Ordering::Release);
    }

    /// The byte order mark of the stream, once: it was read, and is still to be written.
    pub fn take_mark(&self) -> &'static [u8] {
        match self.0.fetch_and(!MARK, Ordering::AcqRel) {
            m if m & MARK == 0 => b"",
            m if m & !MARK == Encoding::Utf16Le as u8 => b"\xFF\xFE",
            _ => b"\xFE\xFF",
        }
    }
}

/// The stream began with a byte order mark that is not written yet.
const MARK: u8 = 0x80;

/// Longest first line that tells UTF-16.
const START: usize = 4 << 10;

/// Bytes that are read at once where something is translated.
const CHUNK: usize = 32 << 10;

/// Longest line that decides about its stream.
const LINE: usize = 64 << 10;

/// Reads a stream as UTF-8.
pub struct Decoder<R> {
    input: R,
    decided: Decided,
    encoding: Option<Encoding>,
    /// Bytes that are not translated yet.
    raw: Vec<u8>,
    /// Translated bytes, of which `at` were delivered.
    text: Vec<u8>,
    at: usize,
    begun: bool,
    eof: bool,
}

impl<R: Read> Decoder<R> {
    /// Over `input`. Without an `encoding` the stream decides: a byte order mark, or the first line that holds a byte beyond
    /// ASCII.
    pub fn new(input: R, encoding: Option<Encoding>, decided: Decided) -> Self {
        decided.set(encoding.unwrap_or(Encoding::Utf8), false);
        let (raw, text) = (Vec::new(), Vec::new());
        Decoder { input, decided, encoding, raw, text, at: 0, begun: false, eof: false }
    }

    fn decide(&mut self, e: Encoding, mark: bool) {
        self.encoding = Some(e);
        self.decided.set(e, mark);
        if mark {
            self.raw.drain(..2);
        }
    }

    /// Bytes of the first line, once it is there: what a stream is must not depend on the pieces it comes in.
    fn first(&self) -> Option<usize> {
        let least = self.raw.len().min(3);
        let line = match wide_first(&self.raw[..self.raw.len().min(START)]) {
            None => memchr::memchr(b'\n', &self.raw[least..]).map(|n| least + n + 1).filter(|n| *n <= START),
            Some(line) => line,
        };
        let known = self.encoding.is_some() && self.raw.len() > least || self.raw.len() >= START || self.eof;
        line.or(known.then_some(self.raw.len().min(START)))
    }

    /// Looks at the first line of the stream: a byte order mark, or the zeroes of UTF-16.
    fn begin(&mut self, first: usize) {
        let fixed = self.encoding;
        let open = |e| fixed.is_none() || fixed == Some(e);
        match self.raw[..] {
            [0xFF, 0xFE, ..] if open(Encoding::Utf16Le) => self.decide(Encoding::Utf16Le, true),
            [0xFE, 0xFF, ..] if open(Encoding::Utf16Be) => self.decide(Encoding::Utf16Be, true),
            _ if fixed.is_some() => {}
            _ => {
                if let Some(e) = byte_order(&self.raw[..first]) {
                    self.decide(e, false);
                }
            }
        }
    }

    /// Translates what can be translated.
    fn translate(&mut self) {
        if !self.begun {
            let Some(first) = self.first() else { return };
            self.begun = true;
            self.begin(first);
        }
        if self.encoding.is_none() {
            self.sniff();
        }
        let done = match self.encoding {
            None => return,
            Some(Encoding::Utf8) => {
                self.text.append(&mut self.raw);
                return;
            }
            Some(Encoding::Gb18030) => gb_to_utf8(&self.raw, self.eof, &mut self.text),
            Some(Encoding::Utf16Le) => utf16_to_utf8(&self.raw, u16::from_le_bytes, self.eof, &mut self.text),
            Some(Encoding::Utf16Be) => utf16_to_utf8(&self.raw, u16::from_be_bytes, self.eof, &mut self.text),
        };
        self.raw.drain(..done);
    }

    fn sniff(&mut self) {
        let Some(high) = first_high(&self.raw) else {
            // ASCII reads the same in all encodings that are left.
            self.text.append(&mut self.raw);
            return;
        };
        self.text.extend(self.raw.drain(..high));
        let end = memchr::memchr(b'\n', &self.raw);
        if end.is_none() && !self.eof && self.raw.len() < LINE {
            return;
        }
        let line = &self.raw[..end.unwrap_or(self.raw.len()).min(LINE)];
        let e = if is_utf8(line) || !is_gbk(line) { Encoding::Utf8 } else { Encoding::Gb18030 };
        self.decide(e, false);
    }

    /// Reads what cannot need a translation straight into `out`: all of UTF-8, and ASCII as long as nothing else came.
    fn straight(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(out)?;
        if self.encoding.is_some() || n == 0 {
            self.eof |= n == 0;
            return Ok(n);
        }
        let plain = first_high(&out[..n]).unwrap_or(n);
        self.raw.extend_from_slice(&out[plain..n]);
        if plain == 0 {
            self.translate();
        }
        Ok(plain)
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.at < self.text.len() {
                let n = out.len().min(self.text.len() - self.at);
                out[..n].copy_from_slice(&self.text[self.at..self.at + n]);
                self.at += n;
                return Ok(n);
            }
            if self.eof && self.raw.is_empty() {
                return Ok(0);
            }
            self.text.clear();
            self.at = 0;
            if matches!(self.encoding, None | Some(Encoding::Utf8)) && self.begun && self.raw.is_empty() {
                match self.straight(out)? {
                    0 if !self.eof => continue,
                    n => return Ok(n),
                }
            }
            let have = self.raw.len();
            self.raw.resize(have + CHUNK, 0);
            let n = match self.input.read(&mut self.raw[have..]) {
                Ok(n) => n,
                Err(e) => {
                    self.raw.truncate(have);
                    return Err(e);
                }
            };
            self.raw.truncate(have + n);
            self.eof |= n == 0;
            self.translate();
        }
    }
}

impl<R> Drop for Decoder<R> {
    fn drop(&mut self) {
        self.raw.zeroize();
        self.text.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GB18030;
    use proptest::prelude::*;

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

    fn through(bytes: &[u8], encoding: Option<Encoding>, step: usize) -> (Vec<u8>, Vec<u8>, Encoding) {
        let decided = Decided::default();
        let mut text = Vec::new();
        Decoder::new(Drip(bytes, step), encoding, decided.clone()).read_to_end(&mut text).unwrap();
        let mut back = decided.take_mark().to_vec();
        let n = encode(&text, decided.get(), &mut back);
        back.extend_from_slice(&text[n..]);
        (text, back, decided.get())
    }

    #[test]
    fn encodings_are_told_apart() {
        let text = "ok 1\n姓名：张三 手机号13800138000\n";
        let gbk = GB18030.encode(text).0.into_owned();
        let (seen, back, e) = through(&gbk, None, 7);
        assert_eq!((String::from_utf8(seen).unwrap().as_str(), e), (text, Encoding::Gb18030));
        assert_eq!(back, gbk);
        assert_eq!(through(text.as_bytes(), None, 5), (text.into(), text.into(), Encoding::Utf8));
        for (e, bom) in [(Encoding::Utf16Le, true), (Encoding::Utf16Le, false), (Encoding::Utf16Be, true)] {
            let units = bom.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
            let wide: Vec<u8> =
                units.flat_map(|u| if e == Encoding::Utf16Le { u.to_le_bytes() } else { u.to_be_bytes() }).collect();
            let (seen, back, found) = through(&wide, None, 3);
            assert_eq!(String::from_utf8(seen).unwrap(), text);
            assert_eq!((back, found), (wide, e));
        }
        for (text, e) in [
            ("中文日志 用户甲 138\n", Encoding::Utf16Le),
            ("姓名：张三 手机号13800138000\n", Encoding::Utf16Be),
            ("一一一 13800138000\n", Encoding::Utf16Le),
            ("\n手机 13800138000\n", Encoding::Utf16Le),
            ("\n姓名：张三\n手机号：13800138000\n", Encoding::Utf16Le),
            ("\r\n\r\n姓名：张三\n手机号：13800138000\n", Encoding::Utf16Be),
            ("\n上海 13800138000\n", Encoding::Utf16Be),
            ("\n上海 13800138000", Encoding::Utf16Le),
        ] {
            let units = text.encode_utf16();
            let wide: Vec<u8> =
                units.flat_map(|u| if e == Encoding::Utf16Le { u.to_le_bytes() } else { u.to_be_bytes() }).collect();
            let (seen, back, found) = through(&wide, None, 100);
            assert_eq!((String::from_utf8(seen).unwrap().as_str(), back, found), (text, wide, e));
        }
        let zeroes = b"GET /a\0b\0c \0x\0\0yz HTTP/1.1 and on it goes without any of them\n".to_vec();
        assert_eq!(through(&zeroes, None, 100), (zeroes.clone(), zeroes, Encoding::Utf8));
        for zeroes in [&b"\n\0abc 13800138000 and on it goes\n"[..], b"\0\nabc\n", b"\n\0\0\0\0\0\0\0\0abc\n"] {
            assert_eq!(through(zeroes, None, 100), (zeroes.to_vec(), zeroes.to_vec(), Encoding::Utf8));
        }
        // Bytes that are no text in either encoding pass as they are.
        let torn = b"x \xd5\xff\xfe y\n".to_vec();
        assert_eq!(through(&torn, None, 4), (torn.clone(), torn, Encoding::Utf8));
    }

    #[test]
    fn every_pair_of_bytes_comes_back() {
        let all: Vec<u8> = (0..=255u8).flat_map(|a| (0..=255u8).flat_map(move |b| [a, b, b'.'])).collect();
        for e in [Encoding::Gb18030, Encoding::Utf16Le, Encoding::Utf16Be] {
            assert_eq!(through(&all, Some(e), 4096).1, all, "{e:?}");
        }
    }

    #[test]
    fn utf16_shows_by_its_zeroes() {
        for text in [&b"\xFF\xFE\x2d\x4e"[..], b"x 1\x003\x008\0", b"\x001\x003\x008"] {
            assert!(holds_utf16(text), "{}", text.escape_ascii());
        }
        for text in [&b"a\0b"[..], b"NUL \0 and \0 again", b"", b"a\0.\0b\0", "姓名".as_bytes()] {
            assert!(!holds_utf16(text), "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn lines_in_gbk_leave_nothing_out(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let all: Vec<u8> = lines_in_gbk(&bytes).flat_map(|(_, run)| run.to_vec()).collect();
            prop_assert_eq!(all, bytes);
        }

        #[test]
        fn any_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..400), step in 1usize..40) {
            for e in [None, Some(Encoding::Gb18030), Some(Encoding::Utf16Le), Some(Encoding::Utf16Be)] {
                let (text, back, _) = through(&bytes, e, step);
                prop_assert_eq!(&back, &bytes);
                prop_assert_eq!(through(&bytes, e, 1000).0, text);
            }
        }
    }
}
