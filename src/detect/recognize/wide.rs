//! Keys before colons beyond ASCII, and keys that are set wide: `姓名：`, `"姓名"：`, `姓名(必填)：`, `姓　名：`, `姓 名:`.

use super::keyed::{behind_blanks, value_behind};
use super::{Found, Skip, Text};
use crate::detect::keys::ClassId;
use crate::detect::scan::kind;

/// Longest note in brackets behind a key.
const NOTE: usize = 32;

/// Longest key that is set wide, its blanks included.
const SPREAD: usize = 24;

/// True for a colon beyond ASCII: U+FF1A, U+FE55; for that of mathematics see [`super::enclosed`].
fn is_colon(v: &[u8]) -> bool {
    v.starts_with("：".as_bytes()) || v.starts_with("﹕".as_bytes())
}

/// Looks at every colon whose first byte is 0xEF.
#[inline(never)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut taken = 0;
    for &p in text.scan.events.of(kind::WIDE) {
        let p = p as usize;
        if p < taken || skip.covers(behind_blanks(text, p + 3)) || !is_colon(&t[p..]) {
            continue;
        }
        taken = behind(text, found, p);
    }
}

/// Takes the value behind the colon of three bytes at `p`; where that ends.
pub fn behind(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> usize {
    let quoted = matches!(text.before(p), b'"' | b'\'');
    let end = note(text, p - usize::from(quoted));
    let len = text.scan.maps.keychars.run_before(end);
    let mut class = found.memo.classify(text.registry, text.bytes, len, end);
    if class.is_unknown() && text.before(end) >= 0x80 {
        class = spread(text, found, end);
    }
    let class = text.registry.class(class);
    if class.entity.is_none() {
        return 0;
    }
    value_behind(text, found, class, p, p + 3)
}

/// Where the key ends whose colon stands at `p`: before a note in brackets.
fn note(text: &Text<'_>, p: usize) -> usize {
    let t = text.bytes;
    let low = p.saturating_sub(NOTE);
    let open = if text.before(p) == b')' {
        memchr::memrchr2(b'(', b'\n', &t[low..p]).filter(|i| t[low + i] == b'(')
    } else if t[low..p].ends_with("）".as_bytes()) {
        memchr::memmem::rfind(&t[low..p], "（".as_bytes())
    } else {
        None
    };
    open.map_or(p, |i| low + i)
}

/// Class of the key before `end` whose ideographs blanks part.
#[inline(never)]
pub fn spread(text: &Text<'_>, found: &mut Found<'_>, end: usize) -> ClassId {
    let t = text.bytes;
    let (mut key, mut at) = ([0; SPREAD], SPREAD);
    let (mut i, low) = (end, end.saturating_sub(2 * SPREAD));
    let mut blanks = false;
    while i > low {
        if matches!(t[i - 1], b' ' | b'\t') {
            (i, blanks) = (i - 1, true);
        } else if t[low..i].ends_with("\u{3000}".as_bytes()) {
            (i, blanks) = (i - 3, true);
        } else if i >= low + 3 && matches!(t[i - 3], 0xE4..=0xE9) && at >= 3 {
            (i, at) = (i - 3, at - 3);
            key[at..at + 3].copy_from_slice(&t[i..i + 3]);
            // Two ideographs side by side end a key that is set so.
            if i >= 3 && t[i - 1] >= 0x80 && !t[..i].ends_with("\u{3000}".as_bytes()) {
                break;
            }
            if at + 6 <= SPREAD && !blanks {
                break;
            }
        } else {
            break;
        }
    }
    if !blanks || at + 6 > SPREAD {
        return ClassId::UNKNOWN;
    }
    found.memo.classify(text.registry, &key, SPREAD - at, SPREAD)
}

/// Takes the value behind a key whose last ideograph stands alone at `start`, before a colon: `姓 名: v`.
pub fn single(text: &Text<'_>, found: &mut Found<'_>, start: usize) {
    if !matches!(text.before(start), b' ' | b'\t') || start < 4 {
        return;
    }
    let front = text.bytes[..start].trim_ascii_end();
    if front.last().is_none_or(|b| *b < 0x80) || start - front.len() > 8 {
        return;
    }
    let colon = behind_blanks(text, start + 3);
    if text.at(colon) != b':' {
        return;
    }
    let class = text.registry.class(spread(text, found, start + 3));
    if class.entity.is_some() {
        value_behind(text, found, class, colon, colon + 1);
    }
}
