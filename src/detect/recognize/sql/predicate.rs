//! Values that a condition compares with a column: `ssn IN ('...', '...')`, `username LIKE '%...%'`, `LOWER(u.username) = '...'`.

use super::super::keyed;
use super::super::{Found, Text};
use super::{blanks, string_end, strip};
use crate::detect::keys::KeyClass;

/// Most strings of a list.
const STRINGS: usize = 64;

/// Takes the strings behind `IN (`, the first of which opens at `p`, when their column has a key; returns whether it has one.
pub fn members(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    list(text, found, p).is_some()
}

fn list(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> Option<()> {
    let t = text.bytes;
    let head = t[..p].strip_suffix(b"(")?.trim_ascii_end();
    let front = strip(head, b"in").filter(|f| f.ends_with(b" "))?;
    let class = column(text, found, front)?;
    let mut i = p;
    for _ in 0..STRINGS {
        let Some(end) = string_end(text, i) else { break };
        take(text, found, class, (i + 1, end));
        let comma = blanks(text, end + 1);
        i = blanks(text, comma + 1);
        if text.at(comma) != b',' || !matches!(text.at(i), b'\'' | b'"') {
            break;
        }
    }
    Some(())
}

/// Takes what the pattern that begins at `p` behind `LIKE` and a quote looks for, when its column has a key; returns whether it has.
pub fn like(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    pattern(text, found, p).is_some()
}

fn pattern(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> Option<()> {
    if !matches!(text.before(p), b'\'' | b'"') {
        return None;
    }
    let head = text.bytes[..p - 1].trim_ascii_end();
    let front = strip(head, b"ilike").or_else(|| strip(head, b"like")).filter(|f| f.ends_with(b" "))?;
    let end = string_end(text, p - 1)?;
    let class = column(text, found, front)?;
    let wild = |b: &&u8| **b == b'%';
    let v = &text.bytes[p..end];
    let (from, to) = (v.iter().take_while(wild).count(), v.iter().rev().take_while(wild).count());
    if from + to < v.len() {
        take(text, found, class, (p + from, end - to));
    }
    Some(())
}

/// The string that begins at `p` behind `=` and a quote, when what stands before is a column in a function or with a type:
/// `lower(username) = '...'`, `(password)::text = '...'`.
pub fn compared(text: &Text<'_>, found: &mut Found<'_>, p: usize) {
    let head = text.bytes[..p - 1].trim_ascii_end();
    let Some(front) = head.strip_suffix(b"=") else { return };
    let front = front.trim_ascii_end();
    if !front.ends_with(b")") && !front.ends_with(b"text") {
        return;
    }
    let Some((class, end)) = column(text, found, front).zip(string_end(text, p - 1)) else { return };
    take(text, found, class, (p, end));
}

fn take(text: &Text<'_>, found: &mut Found<'_>, class: KeyClass, (start, end): (usize, usize)) {
    if let Some((entity, shape)) = class.entity {
        keyed::accept(text, found, entity, shape, start - 1, (start, end), false);
    }
}

/// Functions whose value is that of the column in their brackets.
const FUNCTIONS: [&[u8]; 6] = [b"lower", b"upper", b"trim", b"ltrim", b"rtrim", b"binary"];

/// The class of the column that ends the text `v`, when it tells what the column holds: `u.username `, `"username" NOT `,
/// `LOWER(username)`, `(username)::text`.
fn column(text: &Text<'_>, found: &mut Found<'_>, v: &[u8]) -> Option<KeyClass> {
    let v = v.trim_ascii_end();
    let v = strip(v, b" not").unwrap_or(v).trim_ascii_end();
    let typed = strip(v, b"::text");
    let mut v = typed.unwrap_or(v);
    let closed = v.strip_suffix(b")");
    v = closed.unwrap_or(v);
    v = [&b"\\\""[..], b"\"", b"`", b"]"].iter().find_map(|q| v.strip_suffix(*q)).unwrap_or(v);
    let len = v.iter().rev().take(NAME).take_while(|b| is_sign(**b)).count();
    if closed.is_some() && typed.is_none() && !is_function(&v[..v.len() - len]) {
        return None;
    }
    let class = found.memo.classify(text.registry, text.bytes, len, v.len());
    Some(text.registry.class(class)).filter(|c| c.entity.is_some())
}

/// Longest name of a column.
const NAME: usize = 64;

/// True when a function's name and its bracket end `v`, behind which the name of a table may stand: `LOWER(u.`.
fn is_function(v: &[u8]) -> bool {
    let table = v.iter().rev().take(NAME).take_while(|b| is_sign(**b) || matches!(b, b'.' | b'"' | b'`')).count();
    let head = v[..v.len() - table].strip_suffix(b"(").unwrap_or_default();
    FUNCTIONS.iter().any(|f| strip(head, f).is_some_and(|h| !h.last().is_some_and(|b| is_sign(*b))))
}

fn is_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}
