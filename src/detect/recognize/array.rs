//! Arrays and plain objects behind a key: what is in them stands under it.

use super::extent::extent;
use super::keyed::{accept, behind_blanks};
use super::{Found, Text, special};
use crate::detect::keys::KeyClass;
use crate::model::{EntityId, Shape};

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

/// Longest number, list and object that are looked at.
const LONGEST: usize = 512;

/// The elements of the array whose first one begins at or behind `from`; those that are objects count as [`members`].
#[inline(never)]
pub fn elements(text: &Text<'_>, found: &mut Found<'_>, kind: (EntityId, Shape), sep: usize, from: usize) {
    // `phone=[1,phone=[1,...`: what one key has read to its end is read only so far for the keys in it.
    let mut most = if from < found.settled.arrays { INNER } else { usize::MAX };
    let (mut i, mut depth) = (from, 0);
    while most > 0 {
        let end = match text.at(i) {
            b' ' | b'\t' | b',' => Some(i + 1),
            b'[' if depth < MAX_DEPTH => {
                depth += 1;
                Some(i + 1)
            }
            b']' if depth > 0 => {
                depth -= 1;
                Some(i + 1)
            }
            b']' | b'[' | b'}' | b'\n' => None,
            b'{' => members(text, found, kind, i + 1),
            _ => element(text, found, kind, sep, i),
        };
        let Some(end) = end else { break };
        (i, most) = (end, most - 1);
    }
    found.settled.arrays = found.settled.arrays.max(i);
    if kind.1.is_boundless()
        || matches!(kind.1, Shape::AccountName | Shape::NamedAccount | Shape::Login | Shape::Operator | Shape::UserId)
    {
        found.settled.list(from, i);
    }
}

/// Most steps through an array in one that was read already.
const INNER: usize = 24;

/// Takes the element at `i`; where it ends when another one may follow.
fn element(text: &Text<'_>, found: &mut Found<'_>, kind: (EntityId, Shape), sep: usize, i: usize) -> Option<usize> {
    let class = KeyClass { entity: Some(kind), ..KeyClass::default() };
    let (start, end) = extent(text, found, sep, i, class);
    accept(text, found, kind.0, kind.1, sep, (start, end), start == i && text.at(sep) == b':');
    if text.at(end) == b'\n' || start == i && end == i {
        return None;
    }
    let next = end.max(i + 1) + usize::from(start > i);
    // What no comma follows is no element: `"phone":["phone":[...` would be read again for each of its keys.
    matches!(text.at(next), b' ' | b',' | b']').then_some(next)
}

/// The members of the object behind a key whose own keys say nothing: `"password":{"old":"...","new":"..."}`. `i` is where the first one
/// may begin; where the object ends when it is short and all of it could be read.
#[inline(never)]
pub fn members(text: &Text<'_>, found: &mut Found<'_>, kind: (EntityId, Shape), mut i: usize) -> Option<usize> {
    let t = text.bytes;
    let limit = t.len().min(i + LONGEST);
    let mut depth = 1;
    while i < limit && depth <= MAX_LEVELS {
        match t[i] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let from = i + 1;
                i = string_end(text, from, limit)?;
                let colon = behind_blanks(text, i + 1);
                if depth == 1 && text.at(colon) == b':' && is_generic(&t[from..i], kind.1) {
                    member(text, found, kind, colon);
                }
            }
            b'\n' => return None,
            _ => {}
        }
        i += 1;
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

/// Takes the value behind the colon of a member, or the plain elements of the array there.
fn member(text: &Text<'_>, found: &mut Found<'_>, kind: (EntityId, Shape), colon: usize) {
    let mut i = behind_blanks(text, colon + 1);
    let array = text.at(i) == b'[';
    for _ in 0..if array { INNER } else { 1 } {
        while array && matches!(text.at(i), b'[' | b',' | b' ') {
            i += 1;
        }
        if matches!(text.at(i), b'{' | b'[' | b']' | b'\n') {
            return;
        }
        match element(text, found, kind, colon, i) {
            Some(end) => i = end,
            None => return,
        }
    }
}

/// Where the string ends whose first sign stands at `i`; none when that is in another line or far away.
fn string_end(text: &Text<'_>, mut i: usize, limit: usize) -> Option<usize> {
    loop {
        i = text.scan.maps.stops.next(i, limit);
        match text.bytes[..limit].get(i)? {
            b'"' => return Some(i),
            b'\n' => return None,
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
}

/// Most levels of objects in one another.
const MAX_LEVELS: usize = 4;

/// True for keys that name no kind of value but stand for it, or for one state of it.
fn is_generic(key: &[u8], shape: Shape) -> bool {
    match key {
        b"value" | b"values" | b"val" | b"v" | b"_" | b"raw" | b"plain" | b"plaintext" | b"string" | b"stringValue" => {
            true
        }
        b"old" | b"new" | b"from" | b"to" | b"before" | b"after" | b"prev" | b"previous" | b"current" | b"original" => {
            true
        }
        b"oldValue" | b"newValue" | b"old_value" | b"new_value" => true,
        // `{"phone":{"number":"2025550143"}}`
        b"number" => matches!(shape, Shape::Phone | Shape::Card),
        // DynamoDB
        b"S" | b"N" => true,
        // A token has a text in logs of language models.
        b"text" | b"#text" | b"$t" | b"content" => shape != Shape::Secret,
        _ => false,
    }
}
