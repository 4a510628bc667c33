//! The reference kernel: one table look-up per byte.

use super::{CLASSES, Chunk, Lists, Masks, algebra, class, fill, flatten};

/// Class bits of every byte value.
static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut t = [0u32; 256];
    let mut i = 0;
    while i < 256 {
        t[i] = bits(i as u8);
        i += 1;
    }
    t
}

/// Class bits of a byte: the definition that every kernel follows.
pub const fn bits(b: u8) -> u32 {
    let mut v = 0;
    if b.is_ascii_digit() {
        v |= 1 << class::DIGIT;
    }
    if b.is_ascii_hexdigit() {
        v |= 1 << class::HEX;
    }
    if b.is_ascii_alphanumeric() || b >= 0x80 {
        v |= 1 << class::WORD;
    }
    if b >= 0x80 {
        v |= 1 << class::HIGH;
    }
    if b <= b' ' || matches!(b, b'"' | b'\'' | b'&' | b';' | b',' | b')' | b']' | b'}' | b'<' | b'>' | b'|') {
        v |= 1 << class::TERM;
    }
    if matches!(b, b'&' | b';') {
        v |= 1 << class::REF;
    }
    v | match b {
        b'.' => 1 << class::DOT,
        b':' => 1 << class::COLON,
        b'-' => 1 << class::DASH,
        b'"' | b'\'' => 1 << class::QUOTE,
        b'=' | b'>' => 1 << class::EQ,
        b'@' => 1 << class::AT,
        b'%' => 1 << class::PCT,
        b'\\' => 1 << class::BSL,
        b' ' | b'\t' => 1 << class::SPACE,
        b'+' => 1 << class::PLUS,
        0xEF => 1 << class::EF,
        b'y' | b'r' => 1 << class::Y_R,
        b'J' => 1 << class::UPPER_J,
        b')' => 1 << class::PAREN,
        b'_' | b'$' => 1 << class::KEYMARK,
        b'#' => 1 << class::HASH,
        b'\n' => 1 << class::LINE,
        b'[' | b']' | b'(' | b'`' => 1 << class::FRAME,
        _ => 0,
    }
}

/// Classifies a chunk and computes its events.
pub fn run(chunk: &mut Chunk, part: &[u8], base: usize, lists: &mut Lists) {
    fill(chunk, part, word);
    algebra::run(chunk);
    flatten(chunk, part.len().div_ceil(64), base, lists);
}

fn word(bytes: &[u8; 64]) -> Masks {
    let mut m = [0u64; CLASSES];
    for (j, &b) in bytes.iter().enumerate() {
        let v = TABLE[b as usize];
        for (c, mask) in m.iter_mut().enumerate() {
            *mask |= u64::from(v >> c & 1) << j;
        }
    }
    m
}
