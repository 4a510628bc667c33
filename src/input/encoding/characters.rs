//! Characters of GB 18030 and UTF-16, to UTF-8 and back, one to one on bytes.

use super::Encoding;
use encoding_rs::GB18030;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// True when bytes hold UTF-16: a byte order mark in front, or three letters or digits in a row of two bytes each.
pub fn holds_utf16(v: &[u8]) -> bool {
    if matches!(v, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
        return true;
    }
    let is = |w: &[u8]| matches!(w, [a, 0, b, 0, c] if [a, b, c].iter().all(|x| x.is_ascii_alphanumeric()));
    let Some(first) = memchr::memchr(0, v) else { return false };
    v[first.saturating_sub(1)..].windows(5).any(is)
}

/// The encoding of a text that begins like UTF-16.
pub fn begins_as_utf16(v: &[u8]) -> Option<Encoding> {
    match v {
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        _ => byte_order(v),
    }
}

/// The byte order of UTF-16 without a mark, by the zeroes of its letters, digits and blanks, which stand on one side. Bytes that
/// are UTF-8 as well must have many.
pub(super) fn byte_order(v: &[u8]) -> Option<Encoding> {
    let count = |side: usize| v.chunks_exact(2).filter(|unit| unit[side] == 0).count();
    let (high, low) = (count(0), count(1));
    let least = if low.max(high) > 1 && is_utf8(v) { v.len() / 16 } else { 0 };
    let clear = |most: usize, other: usize| most >= least.max(2) && most >= 4 * other;
    match (clear(low, high), clear(high, low)) {
        (true, _) => Some(Encoding::Utf16Le),
        (_, true) => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Bytes up to the end of the first line that is not empty, of a text whose first unit is a line end in UTF-16: there a byte of a
/// character looks like a line feed, too. `Some(None)` when that line has no end yet; nothing for other texts.
pub(super) fn wide_first(v: &[u8]) -> Option<Option<usize>> {
    let is_end = |unit: &[u8]| matches!(unit, [0, b'\n' | b'\r'] | [b'\n' | b'\r', 0]);
    if !v.get(..2).is_some_and(is_end) {
        return None;
    }
    let mut units = v.chunks_exact(2).enumerate().skip_while(|u| is_end(u.1));
    Some(units.find(|u| matches!(u.1, [0, b'\n'] | [b'\n', 0])).map(|(i, _)| 2 * i + 2))
}

/// Stretches of whole lines, each in GBK (true) or not.
pub fn lines_in_gbk(v: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    let mut rest = v;
    std::iter::from_fn(move || {
        let is = |line: &[u8]| !line.is_ascii() && !is_utf8(line) && is_gbk(line);
        let mut lines = rest.split_inclusive(|b| *b == b'\n');
        let first = lines.next()?;
        let gbk = is(first);
        let more: usize = lines.take_while(|l| is(l) == gbk).map(<[u8]>::len).sum();
        let (run, after) = rest.split_at(first.len() + more);
        rest = after;
        Some((gbk, run))
    })
}

/// Bytes of GBK or GB 18030 as UTF-8; [`encode`] gives the same bytes back.
pub fn gbk_to_utf8(v: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(v.len() + v.len() / 2));
    gb_to_utf8(v, true, &mut text);
    text
}

/// First character that stands for a byte.
const ESCAPE: u32 = 0x10FF00;

pub(super) fn first_high(v: &[u8]) -> Option<usize> {
    if v.is_ascii() { None } else { v.iter().position(|b| *b >= 0x80) }
}

pub(super) fn is_utf8(line: &[u8]) -> bool {
    std::str::from_utf8(line).map_or_else(|e| e.error_len().is_none(), |_| true)
}

/// Every sequence is one of GBK, and some are everyday ideographs (GB 2312 level 1 and 2).
pub(super) fn is_gbk(line: &[u8]) -> bool {
    let mut text = Vec::new();
    gb_to_utf8(line, true, &mut text);
    let Ok(text) = std::str::from_utf8(&text) else { return false };
    let everyday = line.windows(2).any(|w| matches!(w, [0xB0..=0xF7, 0xA1..=0xFE]));
    everyday && text.chars().rev().skip(1).all(|c| (c as u32) < ESCAPE)
}

fn push(c: u32, out: &mut Vec<u8>) {
    // Surrogates get the three bytes that UTF-8 would give them (WTF-8).
    if let Some(c) = char::from_u32(c) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.extend_from_slice(&[0xE0 | (c >> 12) as u8, 0x80 | (c >> 6 & 63) as u8, 0x80 | (c & 63) as u8]);
    }
}

/// Characters of all two-byte sequences; 0 where a sequence is none, or would come back as another.
fn pairs() -> &'static [u32] {
    static PAIRS: OnceLock<Vec<u32>> = OnceLock::new();
    PAIRS.get_or_init(|| {
        let mut table = vec![0; 126 * 256];
        for lead in 0x81..=0xFEu8 {
            for trail in 0x40..=0xFEu8 {
                table[usize::from(lead - 0x81) * 256 + usize::from(trail)] = exact(&[lead, trail]);
            }
        }
        table
    })
}

/// The character of a sequence, when it is written back as the same; else 0.
fn exact(v: &[u8]) -> u32 {
    let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(v) else { return 0 };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if (c as u32) < ESCAPE && GB18030.encode(&text).0 == v => c as u32,
        _ => 0,
    }
}

/// Translates whole sequences of `v`; returns how many bytes it took. At the end of the stream that is all.
pub(super) fn gb_to_utf8(v: &[u8], eof: bool, out: &mut Vec<u8>) -> usize {
    let mut i = 0;
    while i < v.len() {
        let plain = first_high(&v[i..]).unwrap_or(v.len() - i);
        out.extend_from_slice(&v[i..i + plain]);
        i += plain;
        let (c, len) = match v[i..] {
            [] => break,
            [0x81..=0xFE, b'0'..=b'9', ref rest @ ..] if rest.len() < 2 && !eof => break,
            [0x81..=0xFE, b'0'..=b'9', 0x81..=0xFE, b'0'..=b'9', ..] => (exact(&v[i..i + 4]), 4),
            [lead @ 0x81..=0xFE, trail @ 0x40..=0xFE, ..] => {
                (pairs()[usize::from(lead - 0x81) * 256 + usize::from(trail)], 2)
            }
            [0x81..=0xFE] if !eof => break,
            _ => (0, 1),
        };
        if c == 0 {
            push(ESCAPE + u32::from(v[i]), out);
            i += 1;
        } else {
            push(c, out);
            i += len;
        }
    }
    i
}

pub(super) fn utf16_to_utf8(v: &[u8], read: fn([u8; 2]) -> u16, eof: bool, out: &mut Vec<u8>) -> usize {
    let unit = |i: usize| v.get(i..i + 2).map(|b| u32::from(read([b[0], b[1]])));
    let mut i = 0;
    while let Some(hi) = unit(i) {
        if !(0xD800..0xDC00).contains(&hi) {
            push(hi, out);
            i += 2;
            continue;
        }
        match unit(i + 2) {
            None if !eof => return i,
            Some(lo @ 0xDC00..=0xDFFF) => {
                let c = 0x10000 + ((hi - 0xD800) << 10) + (lo - 0xDC00);
                if c < ESCAPE {
                    push(c, out);
                } else {
                    // What stands for bytes elsewhere is written as two surrogates.
                    push(hi, out);
                    push(lo, out);
                }
                i += 4;
            }
            _ => {
                push(hi, out);
                i += 2;
            }
        }
    }
    if eof && i < v.len() {
        push(ESCAPE + u32::from(v[i]), out);
        i += 1;
    }
    i
}

/// Appends `text`, which is what a [`super::Decoder`] gave with edits in UTF-8, in its stream's encoding. Returns how many bytes it took: a
/// character may be cut at the end.
pub fn encode(text: &[u8], encoding: Encoding, out: &mut Vec<u8>) -> usize {
    let mut i = 0;
    let mut run = 0;
    let flush = |run: &mut usize, end: usize, out: &mut Vec<u8>| {
        match std::str::from_utf8(&text[*run..end]) {
            Ok(s) => out.extend_from_slice(&GB18030.encode(s).0),
            Err(_) => out.extend_from_slice(&text[*run..end]),
        }
        *run = end;
    };
    while i < text.len() {
        let Some((c, len)) = character(&text[i..]) else { break };
        match encoding {
            Encoding::Utf8 => out.extend_from_slice(&text[i..i + len]),
            Encoding::Gb18030 if c < ESCAPE && char::from_u32(c).is_some() => {}
            Encoding::Gb18030 => {
                flush(&mut run, i, out);
                out.push(c as u8);
                run = i + len;
            }
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let mut unit = |u: u16| {
                    out.extend(if encoding == Encoding::Utf16Le { u.to_le_bytes() } else { u.to_be_bytes() });
                };
                match c {
                    0..=0xFFFF => unit(c as u16),
                    ESCAPE.. => out.push(c as u8),
                    _ => {
                        let c = c - 0x10000;
                        unit(0xD800 + (c >> 10) as u16);
                        unit(0xDC00 + (c & 0x3FF) as u16);
                    }
                }
            }
        }
        i += len;
    }
    if encoding == Encoding::Gb18030 {
        flush(&mut run, i, out);
    }
    i
}

/// The same, and `places` in the text, ascending, become those in `out`.
pub fn encode_with<'p>(
    text: &[u8],
    to: Encoding,
    out: &mut Vec<u8>,
    places: impl Iterator<Item = &'p mut usize>,
) -> usize {
    let mut at = 0;
    for place in places {
        at += encode(&text[at..*place], to, out);
        *place = out.len();
    }
    at + encode(&text[at..], to, out)
}

/// The character at the front of `v`, surrogates included; nothing when it is cut. A byte that begins none stands for
/// itself.
fn character(v: &[u8]) -> Option<(u32, usize)> {
    let (len, first) = match v[0] {
        b @ 0..=0x7F => return Some((u32::from(b), 1)),
        b @ 0xC2..=0xDF => (2, b & 0x1F),
        b @ 0xE0..=0xEF => (3, b & 0x0F),
        b @ 0xF0..=0xF4 => (4, b & 0x07),
        b => return Some((ESCAPE + u32::from(b), 1)),
    };
    let mut c = u32::from(first);
    for i in 1..len {
        match v.get(i) {
            None => return None,
            Some(&b) if b & 0xC0 == 0x80 => c = c << 6 | u32::from(b & 0x3F),
            Some(_) => return Some((ESCAPE + u32::from(v[0]), 1)),
        }
    }
    Some((c, len))
}
