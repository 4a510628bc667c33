//! Values of SQL by the columns they go to: `INSERT INTO users (name, password) VALUES ('...', '...'), (...)`.

use super::{Found, Text, keyed};
use crate::detect::keys::KeyClass;

/// Most columns, and most bytes of their list.
const COLUMNS: usize = 64;
const LIST: usize = 4096;

/// Reads the tuples behind the word `VALUES` at `p`, when the columns before it have keys; returns how far the look went.
pub fn values(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> usize {
    let t = text.bytes;
    let word = t.get(p..p + 6).is_some_and(|w| w.eq_ignore_ascii_case(b"values"));
    let mut i = blanks(text, p + 6);
    if !word || t.get(i) != Some(&b'(') {
        return p;
    }
    let mut columns = [KeyClass::default(); COLUMNS];
    let known = columns_before(text, found, p, &mut columns);
    if known == 0 {
        return p;
    }
    while t.get(i) == Some(&b'(') {
        let mut n = 0;
        loop {
            let sep = i;
            let start = blanks(text, i + 1);
            let end = value_end(text, start);
            if let Some((entity, shape)) = columns.get(n).and_then(|c| c.entity)
                && let Some((from, to)) = literal(&t[start..end])
            {
                keyed::accept(text, found, entity, shape, sep, (start + from, start + to), false);
            }
            n += 1;
            i = blanks(text, end);
            if t.get(i) != Some(&b',') {
                break;
            }
        }
        if t.get(i) != Some(&b')') {
            break;
        }
        let comma = blanks(text, i + 1);
        i = if t.get(comma) == Some(&b',') { blanks(text, comma + 1) } else { comma };
    }
    i.min(t.len())
}

/// The classes of the columns in the brackets before `p`; returns how many have a key that tells what they hold.
fn columns_before(text: &Text<'_>, found: &mut Found<'_>, p: usize, columns: &mut [KeyClass; COLUMNS]) -> usize {
    let t = text.bytes;
    let list = &t[p.saturating_sub(LIST)..p];
    let Some(close) = list.iter().rposition(|b| *b == b')') else { return 0 };
    let Some(open) = memchr::memrchr(b'(', &list[..close]) else { return 0 };
    let base = p - list.len();
    if memchr::memchr_iter(b'\n', &list[open..]).any(|i| ends(text, base + open + i)) {
        return 0;
    }
    let (mut at, mut known) = (open + 1, 0);
    for (column, name) in columns.iter_mut().zip(list[open + 1..close].split(|b| *b == b',')) {
        let bare = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
        let (from, to) = (name.iter().position(bare), name.iter().rposition(bare));
        if let (Some(from), Some(to)) = (from, to) {
            let class = found.memo.classify(text.registry, t, to + 1 - from, base + at + to + 1);
            *column = text.registry.class(class);
            known += usize::from(column.entity.is_some());
        }
        at += name.len() + 1;
    }
    known
}

/// The string or number of a value: `'...'`, `N'...'`, `crypt('...', 8)`, `13800138001`; nothing for parameters (`?`, `$1`, `:name`)
/// and words.
fn literal(v: &[u8]) -> Option<(usize, usize)> {
    if v.first()?.is_ascii_digit() {
        return Some((0, v.len()));
    }
    let open = v.iter().position(|b| is_quote(*b))?;
    let close = v.iter().rposition(|b| is_quote(*b)).filter(|c| *c > open);
    Some((open + 1, close.unwrap_or(v.len())))
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'\'' | b'"')
}

/// A line feed that is no escape ends the record.
fn ends(text: &Text<'_>, i: usize) -> bool {
    text.at(i) == b'\n' && !text.is_escape(i)
}

fn blanks(text: &Text<'_>, mut i: usize) -> usize {
    while matches!(text.at(i), b' ' | b'\t' | b'\r' | b'\n') && !ends(text, i) {
        i += 1;
    }
    i
}

/// Where the value that begins at `from` ends: a string at its quote, anything else before the comma or bracket that is not its
/// own.
fn value_end(text: &Text<'_>, from: usize) -> usize {
    let t = text.bytes;
    let mut i = from;
    let mut depth = 0;
    while let Some(&b) = t.get(i).filter(|_| !ends(text, i)) {
        match b {
            b',' if depth == 0 => break,
            b')' if depth == 0 => break,
            b'(' => depth += 1,
            b')' => depth -= 1,
            q if is_quote(q) => {
                i += 1;
                while let Some(&c) = t.get(i).filter(|_| !ends(text, i)) {
                    // A quote written twice, or behind a backslash, stands in the string.
                    if c == b'\\' && !ends(text, i + 1) || c == q && t.get(i + 1) == Some(&q) {
                        i += 1;
                    } else if c == q {
                        break;
                    }
                    i += 1;
                }
                // The string has no end.
                if ends(text, i) {
                    break;
                }
            }
            _ => {}
        }
        i += 1;
    }
    i.min(t.len())
}
