//! Keys that do not stand right before their separator, or have more than one word.

use super::{Found, Text, arrow, element};
use crate::detect::check::keyed::{Keyed, keyed};
use crate::detect::keys::ClassId;
use crate::model::{Confidence, RuleId, Shape, well_known as e};

/// Class of the key before the `>` at `p` that does not stand right before it: that of an arrow (`password -> hunter2` in a map of
/// Scala), or an element with attributes (`<Password Type="...">hunter2`).
#[inline(never)]
pub fn named_before(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> ClassId {
    let end = match text.before(p) {
        b'-' if p > 1 && text.at(p - 2) != b' ' => return arrow::class(text, found, p),
        b'-' if arrow::is_type(text, p) => return ClassId::UNKNOWN,
        b'-' if p > 1 && text.at(p - 2) == b' ' => p - 2 - usize::from(matches!(text.before(p - 2), b'"' | b'\'')),
        b'"' | b'\'' => match element::name_end(text, p) {
            Some(end) => end,
            None => return ClassId::UNKNOWN,
        },
        _ => return ClassId::UNKNOWN,
    };
    let len = text.scan.maps.keychars.run_before(end);
    found.memo.classify(text.registry, text.bytes, len, end)
}

/// True when the key before a separator is the last word of one that is written with a blank: `Phone Number:`, `Account Name:`.
#[inline(always)]
pub fn ends_phrase(head: &[u8]) -> bool {
    match head.last_chunk() {
        Some(last) => ends_word(last),
        None => ends_first(head),
    }
}

/// As [`ends_phrase`], where a text begins.
#[cold]
fn ends_first(head: &[u8]) -> bool {
    let mut last = [b'\n'; 8];
    last[8 - head.len()..].copy_from_slice(head);
    ends_word(&last)
}

#[inline(always)]
fn ends_word(last: &[u8; 8]) -> bool {
    // Few keys end in two of these letters.
    const fn letters(of: &[u8]) -> u32 {
        let (mut bits, mut i) = (0, 0);
        while i < of.len() {
            bits |= 1 << (of[i] & 31);
            i += 1;
        }
        bits
    }
    let any = |bits: u32, b: u8| bits >> (b & 31);
    if any(letters(b"enmid"), last[6]) & any(letters(b"roeyd"), last[7]) & 1 == 0 {
        return false;
    }
    // A blank stays what it is.
    let last = u64::from_le_bytes(*last) | u64::from_le_bytes([0x20; 8]);
    // Not by jumps: any key may come.
    const fn word(w: &[u8]) -> (u32, u64) {
        let mut bytes = [0; 8];
        let mut i = 0;
        while i < w.len() {
            bytes[8 - w.len() + i] = w[i];
            i += 1;
        }
        let free = 64 - 8 * w.len() as u32;
        (free, u64::from_le_bytes(bytes) >> free)
    }
    const ENDS: [(u32, u64); 6] =
        [word(b" number"), word(b" no"), word(b" name"), word(b" key"), word(b" id"), word(b" code")];
    ENDS.iter().fold(false, |any, (free, w)| any | (last >> free == *w))
}

/// Class of the key of two or three words whose last one ends at `end`, when the registry knows it.
#[inline(never)]
pub fn phrase(text: &Text<'_>, found: &mut Found<'_>, end: usize) -> Option<ClassId> {
    let (t, keychars) = (text.bytes, &text.scan.maps.keychars);
    let mut start = end - keychars.run_before(end);
    let mut known = None;
    for _ in 0..2 {
        let Some(blank) = start.checked_sub(1).filter(|&i| t[i] == b' ') else { break };
        let word = keychars.run_before(blank);
        if word == 0 || word > 16 {
            break;
        }
        start = blank - word;
        let class = found.memo.classify(text.registry, t, end - start, end);
        known = if class.is_unknown() { known } else { Some(class) };
    }
    known
}

/// Takes the value at `start..end` as an account or a name when its key belongs to an object of a user or a person; returns the end of
/// what it took.
#[inline(never)]
pub fn user(text: &Text<'_>, found: &mut Found<'_>, sep: usize, (start, end): (usize, usize)) -> usize {
    if text.before(start) != b'"' || text.scan.maps.escapes.any(start, end) {
        return 0;
    }
    let object = object_of(text, sep);
    let is_one = |of: &[&[u8]]| of.iter().any(|u| object.eq_ignore_ascii_case(u));
    let (entity, shape) = match () {
        () if is_one(&USERS) => (e::ACCOUNT, Shape::AccountName),
        () if is_one(&PEOPLE) => (e::PERSON_NAME, Shape::FullName),
        () => return 0,
    };
    let Keyed::Take(id) = keyed(shape, entity, &text.bytes[start..end]) else { return 0 };
    found.push(start, end, id, RuleId::Key, Confidence::Keyed).anchor = sep as u32;
    end
}

/// How far before `"name"` its object may begin.
const OBJECT: usize = 512;

/// Most braces that are looked at.
const BRACES: usize = 24;

/// Key of the object that holds the member `"name"` whose separator stands at `sep`: `"user":{"id":7,"name":"alice"}` (Elastic Common
/// Schema, `user.name`). Empty when there is none near.
fn object_of<'a>(text: &Text<'a>, sep: usize) -> &'a [u8] {
    let t = text.bytes;
    let head = &t[..sep];
    if !head.ends_with(b"\"name\"") {
        return b"";
    }
    let low = sep.saturating_sub(OBJECT);
    let (mut at, mut depth) = (sep, 0);
    for _ in 0..BRACES {
        let Some(i) = memchr::memrchr3(b'{', b'}', b'\n', &t[low..at]) else { return b"" };
        at = low + i;
        match t[at] {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => break,
            _ => return b"",
        }
    }
    if t[at] != b'{' || depth > 0 {
        return b"";
    }
    let front = t[low..at].trim_ascii_end();
    let Some(key) = front.strip_suffix(b":").and_then(|k| k.trim_ascii_end().strip_suffix(b"\"")) else { return b"" };
    let word = key.iter().rev().take(32).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    &key[key.len() - word..]
}

/// Objects whose `name` is that of an account.
const USERS: [&[u8]; 8] =
    [b"user", b"actor", b"account", b"effective", b"current_user", b"currentUser", b"pusher", b"committer"];

/// Objects whose `name` is that of a person: parcels and payments go to them.
const PEOPLE: [&[u8]; 12] = [
    b"shipping",
    b"billing",
    b"shipping_address",
    b"billing_address",
    b"shippingAddress",
    b"billingAddress",
    b"shipping_details",
    b"billing_details",
    b"customer",
    b"customer_details",
    b"recipient",
    b"passenger",
];

/// True when the next part of a distinguished name follows.
pub fn in_distinguished_name(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b",") else { return false };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    [&b"ou="[..], b"cn=", b"dc=", b"o="].iter().any(|k| rest.get(..k.len()).is_some_and(|v| v.eq_ignore_ascii_case(k)))
}
