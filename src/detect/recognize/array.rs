//! Arrays behind a key: each element stands under it.

use super::extent::extent;
use super::keyed::accept;
use super::{Found, Text, special};
use crate::detect::keys::KeyClass;
use crate::model::{EntityId, Shape};

/// Most elements of an array that one key names; arrays beyond that are searched by shape.
const MAX_ELEMENTS: usize = 64;
/// Most arrays in arrays.
const MAX_DEPTH: usize = 16;

/// True when the bracket at `i` opens an array, and is no part of a value of any text (`password=[abc`): behind it stands a string,
/// or a value of JSON when the key is in quotes, or it holds a list.
pub fn opens(text: &Text<'_>, sep: usize, i: usize) -> bool {
    let rest = text.bytes[i + 1..].trim_ascii_start();
    let quoted =
        matches!(text.before(sep), b'"' | b'\'') || matches!(text.before(sep), b' ' | b'\t') && text.at(sep) == b':';
    match rest.first() {
        Some(b'"' | b'\'') => true,
        Some(b'{' | b'[' | b']') => quoted,
        _ => quoted && is_literal(rest) || is_list(text, sep, i),
    }
}

/// `passwords=[abc, def]`, as Java writes a list: no query string, and nothing runs on behind its bracket.
fn is_list(text: &Text<'_>, sep: usize, i: usize) -> bool {
    let rest = &text.bytes[i + 1..text.bytes.len().min(i + LONGEST)];
    let Some(end) = rest.iter().position(|b| matches!(b, b']' | b'[' | b'{' | b'=' | b'"' | b'\'' | b'\n')) else {
        return false;
    };
    let after = rest.get(end + 1).copied().unwrap_or(b'\n');
    rest[end] == b']'
        && memchr::memchr(b',', &rest[..end]).is_some()
        && matches!(after, b' ' | b'\t' | b'\r' | b'\n' | b',' | b';' | b')' | b'}' | b']' | b'"')
        && !special::in_query(text, sep)
}

/// True when a number or a word of JSON begins here (RFC 8259 sections 3 and 6), or of Python.
fn is_literal(v: &[u8]) -> bool {
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
    let word = &v[..v.iter().take(LONGEST).take_while(|b| sign(b)).count()];
    let ends = matches!(v[word.len()..].trim_ascii_start().first(), Some(b',' | b']'));
    let number = |w: &[u8]| {
        let digits = w.strip_prefix(b"-").unwrap_or(w);
        digits.first().is_some_and(u8::is_ascii_digit)
            && digits.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'))
    };
    ends && (number(word) || matches!(word, b"true" | b"false" | b"null" | b"True" | b"False" | b"None"))
}

/// Longest number and list that are looked at.
const LONGEST: usize = 512;

/// The elements of the array whose first one begins at or behind `from`. Objects in it have keys of their own.
#[inline(never)]
pub fn elements(text: &Text<'_>, found: &mut Found<'_>, (entity, shape): (EntityId, Shape), sep: usize, from: usize) {
    let (mut i, mut depth) = (from, 0);
    let class = KeyClass { entity: Some((entity, shape)), ..KeyClass::default() };
    for _ in 0..MAX_ELEMENTS {
        loop {
            match text.at(i) {
                b' ' | b'\t' | b',' => {}
                b'[' if depth < MAX_DEPTH => depth += 1,
                b']' if depth > 0 => depth -= 1,
                _ => break,
            }
            i += 1;
        }
        if matches!(text.at(i), b']' | b'{' | b'[' | b'}' | b'\n') {
            return;
        }
        let (start, end) = extent(text, found, sep, i, class);
        accept(text, found, entity, shape, sep, (start, end), start == i && text.at(sep) == b':');
        if text.at(end) == b'\n' || start == i && end == i {
            return;
        }
        i = end.max(i + 1) + usize::from(start > i);
        // What no comma follows is no element: `"phone":["phone":[...` would be read again for each of its keys.
        if !matches!(text.at(i), b' ' | b',' | b']') {
            return;
        }
    }
}
