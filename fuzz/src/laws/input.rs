//! The cutting of streams: every byte comes once, and no edge of a block or window lets a value through.

use super::{Behaviour, behaviour, constant, encodings};
use logveil::engine::Engine;
use logveil::input::{Blocks, Limits, Piece, Readiness};
use std::cell::Cell;
use std::io::{self, ErrorKind, Read};
use std::sync::OnceLock;

/// Values that must go wherever they stand: what is written before one, itself, and behind it.
const VALUES: &[[&str; 3]] = &[
    [" mobile=", "13800138001", " "],
    [" tel ", "13800138001", " "],
    [" ", "li.lei@example.com", " "],
    [" mail ", "li.lei%40example.com", " "],
    [" [", "2001:db8:85a3::8a2e:370:7334", "] "],
    [" ", "11010519491231002X", " "],
    [" \"imei\":\"", "490154203237518", "\" "],
    [" ", "d0:50:99:84:a2:a0", " "],
    [" 手机号：", "13800138001", "，"],
    [" from ", "198.51.100.23", " "],
    [" password=", "c0rrect-h0rse", " "],
    [" mobile%3D", "13800138001", " "],
];

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(constant)
}

/// Numbers taken from an input, as long as it lasts; then zeros.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> usize {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(f, r)| (usize::from(*f), r));
        self.0 = rest;
        first
    }
}

/// Gives as many bytes a read as it is told, and fails to give any at times.
struct Drip<'a> {
    text: &'a [u8],
    sizes: Numbers<'a>,
    least: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.next();
        if size == 7 {
            return Err(ErrorKind::Interrupted.into());
        }
        let n = self.text.len().min(self.least + size * size).min(out.len());
        out[..n].copy_from_slice(&self.text[..n]);
        self.text = &self.text[n..];
        Ok(n)
    }
}

/// Input that waits now and then.
struct Moody(Cell<u64>);

impl Readiness for Moody {
    fn ready(&self) -> bool {
        self.0.set(self.0.get().rotate_left(1));
        self.0.get() & 1 == 1
    }
}

/// The first bytes give sizes of records, reads and windows; the stream is made of them.
pub fn check(data: &[u8]) -> Behaviour {
    let (sizes, rest) = data.split_at(data.len().min(8));
    let mut n = Numbers(sizes);
    let limits = Limits { block: 64 + n.next() * 64, window: 20_000 + n.next() * 256, read: 1 + n.next() * 64 };
    let (least, mood, ending) = (1 + n.next() * 16, n.next() as u64, n.next());
    let (text, values) = stream(rest, ending);
    let drip = Drip { text: &text, sizes: Numbers(rest), least };
    let ready = Moody(Cell::new(0x0101_0101_0101_0101u64.wrapping_mul(mood)));
    let mut seen = every_byte_comes_once(Blocks::new(drip, limits), &ready, &text);
    let drip = Drip { text: &text, sizes: Numbers(rest), least };
    // The engine's windows are larger than its margins; the sizes of records and reads stay as they are.
    let limits = Limits { block: limits.block, window: 64 << 10, read: limits.read };
    nothing_slips_through(Blocks::new(drip, limits), &ready, &text, &values);
    seen.push(behaviour((values.len().min(4), ending % 3)));
    seen.extend(encodings::check(data));
    seen
}

/// Records of lengths that `data` gives, some of them with a value; and the values.
fn stream(data: &[u8], ending: usize) -> (Vec<u8>, Vec<&'static str>) {
    let (mut text, mut values) = (Vec::new(), Vec::new());
    for &b in data.iter().take(64) {
        let fill = usize::from(b & 15).pow(4) + usize::from(b >> 4);
        text.extend(std::iter::repeat_n(if b % 2 == 0 { b'.' } else { b'x' }, fill));
        if b % 3 != 0 {
            let parts = VALUES[usize::from(b / 3) % VALUES.len()];
            text.extend_from_slice(parts.concat().as_bytes());
            values.push(parts[1]);
        }
        if b % 5 == 0 {
            text.extend_from_slice(if b % 2 == 0 { b"\r\n" } else { b"\n" });
        }
        if text.len() > 400_000 {
            break;
        }
    }
    match ending % 3 {
        0 => text.push(b'\n'),
        1 => text.extend_from_slice(b"\n\n"),
        _ => {}
    }
    (text, values)
}

fn every_byte_comes_once<R: Read>(mut blocks: Blocks<R>, ready: &Moody, text: &[u8]) -> Behaviour {
    let (mut at, mut seen) = (0, Vec::new());
    loop {
        let piece = blocks.next(ready).expect("reads that fail are tried again");
        let block = blocks.block(piece).bytes;
        match piece {
            Piece::End => break,
            Piece::Pause => seen.push(behaviour("pause")),
            Piece::Records(..) => {
                assert!(text[at..].starts_with(block), "other bytes at {at}");
                at += block.len();
                assert!(!block.is_empty(), "an empty block");
                assert!(block.ends_with(b"\n") || at == text.len(), "half a record at {at}");
                seen.push(behaviour(("records", block.len().ilog2())));
            }
            Piece::Part(_, _, w) => {
                assert!(w.context < block.len() && !block.is_empty(), "a window without new bytes");
                assert!(text[..at].ends_with(&block[..w.context]), "wrong context at {at}");
                // As the engine does: the end of a window waits for the next one.
                let done = if w.last { block.len() } else { (block.len() * 3 / 4).max(w.context + 1) };
                assert!(text[at..].starts_with(&block[w.context..done]), "other bytes at {at}");
                at += done - w.context;
                blocks.consumed(piece, done);
                seen.push(behaviour(("window", w.context.min(1), w.last)));
            }
        }
    }
    assert_eq!(at, text.len(), "bytes are missing");
    seen
}

fn nothing_slips_through<R: Read>(mut blocks: Blocks<R>, ready: &Moody, text: &[u8], values: &[&str]) {
    let mut worker = engine().worker();
    let mut out = Vec::new();
    loop {
        let piece = blocks.next(ready).expect("reads that fail are tried again");
        match piece {
            Piece::End => break,
            Piece::Pause => {}
            piece => {
                let clean = worker.rewrite(blocks.block(piece));
                out.extend_from_slice(clean.bytes());
                let consumed = clean.consumed();
                blocks.consumed(piece, consumed);
            }
        }
    }
    const MARK: &[u8] = b"REDACTED";
    let marks = out.windows(MARK.len()).filter(|w| *w == MARK).count();
    assert_eq!(marks, values.len(), "values found");
    let gone: usize = values.iter().map(|v| v.len()).sum();
    assert_eq!(out.len() + gone, text.len() + marks * MARK.len(), "bytes come and go");
}
