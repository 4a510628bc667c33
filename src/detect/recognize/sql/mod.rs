//! Values of SQL by the columns they go to: `INSERT INTO users (name, password) VALUES ('...', '...'), (...)`.

mod bound;
mod duplicate;
mod expression;
mod login;
mod predicate;
mod statement;

pub use bound::run as bound;
pub use duplicate::entry;
pub use expression::{Expression, expression};
pub use login::{call, clause, procedure};
pub use predicate::{compared, like, members};

use super::keyed::{self, MAX_VALUE};
use super::{Found, Text};
use crate::detect::keys::KeyClass;
use crate::format::slot::BEGINS as TAG;
use memchr::memmem;

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
    let (known, open) = columns_before(text, found, p, &mut columns);
    if known == 0 {
        return p;
    }
    let spelled = is_spelled(text, open);
    while t.get(i) == Some(&b'(') {
        let mut n = 0;
        loop {
            let sep = i;
            let start = blanks(text, i + 1);
            let end = if spelled { spelled_end(text, start) } else { value_end(text, start) };
            let v = &t[start..end];
            if let Some((entity, shape)) = columns.get(n).and_then(|c| c.entity)
                && let Some((from, to)) = if spelled { Some((0, v.len())) } else { literal(v) }
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

/// The classes of the columns in the brackets before `p`; returns how many have a key that tells what they hold, and where the
/// brackets open.
fn columns_before(
    text: &Text<'_>,
    found: &mut Found<'_>,
    p: usize,
    columns: &mut [KeyClass; COLUMNS],
) -> (usize, usize) {
    let t = text.bytes;
    let list = &t[p.saturating_sub(LIST)..p];
    let Some(close) = list.iter().rposition(|b| *b == b')') else { return (0, p) };
    let Some(open) = memchr::memrchr(b'(', &list[..close]) else { return (0, p) };
    let base = p - list.len();
    if memchr::memchr_iter(b'\n', &list[open..]).any(|i| ends(text, base + open + i)) {
        return (0, p);
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
    (known, base + open)
}

/// Bytes between `SQL:` and the list of columns.
const HEAD: usize = 160;

/// `(SQL: insert into "users" ("username") values (alice))`: Laravel writes values without quotes into the statement of an exception;
/// the list of columns opens at `open`.
fn is_spelled(text: &Text<'_>, open: usize) -> bool {
    let head = &text.bytes[open.saturating_sub(HEAD)..open];
    let rest = memmem::rfind(head, b"SQL: ").map_or(&[][..], |n| &head[n + 5..]);
    let said = |word: &[u8]| rest.get(..word.len()).is_some_and(|r| r.eq_ignore_ascii_case(word));
    (said(b"insert ") || said(b"replace ")) && !rest.contains(&b'\n')
}

/// Where the value of such a statement ends that begins at `from`.
fn spelled_end(text: &Text<'_>, from: usize) -> usize {
    let rest = &text.bytes[from.min(text.bytes.len())..];
    let ends = |n: usize| match rest[n] {
        b',' => rest.get(n + 1) == Some(&b' '),
        b')' => true,
        _ => ends(text, from + n),
    };
    memchr::memchr3_iter(b',', b')', b'\n', rest).find(|n| ends(*n)).map_or(text.bytes.len(), |n| from + n)
}

/// The string or number of a value: `'...'`, `N'...'`, `crypt('...', 8)`, `13800138001`; nothing for parameters (`?`, `$1`, `:name`)
/// and words.
fn literal(v: &[u8]) -> Option<(usize, usize)> {
    if v.first()?.is_ascii_digit() {
        return Some((0, v.len()));
    }
    let open = v.iter().position(|b| is_quote(*b))?;
    // Our tag stands in quotes behind a record that breaks off.
    if v[open + 1..].starts_with(TAG) {
        return None;
    }
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

/// Where the string ends that the quote at `open` opens: a quote written twice stands in it.
fn string_end(text: &Text<'_>, open: usize) -> Option<usize> {
    let t = text.bytes;
    let quote = t[open];
    let mut i = open + 1;
    loop {
        let rest = t.get(i..t.len().min(open + MAX_VALUE))?;
        let at = i + memchr::memchr3(quote, b'\\', b'\n', rest)?;
        match t[at] {
            b'\n' if ends(text, at) => return None,
            b'\\' => i = at + 2,
            b'\'' if quote == b'\'' && t.get(at + 1) == Some(&quote) => i = at + 2,
            b if b == quote && text.is_escape(at) == text.is_escape(open) => return Some(at),
            _ => i = at + 1,
        }
    }
}

/// What stands before the last word of `v`, when it is this one.
fn strip<'a>(v: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (front, last) = v.split_at_checked(v.len().checked_sub(word.len())?)?;
    last.eq_ignore_ascii_case(word).then_some(front)
}
