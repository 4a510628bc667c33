//! Arrows between a key and its value, as messages are written by hand: `password===>...`, `token-->...`, `姓名--->张三`.

use super::{Found, Text, enclosed};
use crate::detect::check::word;
use crate::detect::keys::ClassId;
use crate::model::{Shape, well_known as e};

/// Longest arrow.
const LONGEST: usize = 32;

/// What programs compare with.
const NONE: [&[u8]; 4] = [b"null", b"nil", b"undefined", b"None"];

/// Fewest equals signs without a head: programs compare with two or three.
const ROW: usize = 4;

/// Length of the arrow or row of equals signs at `p`, or 1.
#[inline(never)]
pub fn len(text: &Text<'_>, p: usize) -> usize {
    let n = text.bytes[p..].iter().take(LONGEST).take_while(|b| **b == b'=').count();
    match text.at(p + n) {
        b'>' => n + 1,
        // `password==null`
        b'n' | b'u' | b'N' if n < ROW && NONE.iter().any(|w| text.bytes[p + n..].starts_with(w)) => n,
        b if (ROW..LONGEST).contains(&n) && (b.is_ascii_alphanumeric() || b >= 0x80) => n,
        _ => 1,
    }
}

/// Class of the key before the arrow of dashes whose head stands at `p`, when what follows looks like its value: code and diagrams are
/// written so as well (`user->name`, `a --> b`).
#[inline(never)]
pub fn class(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> ClassId {
    let t = text.bytes;
    let dashes = t[..p].iter().rev().take(LONGEST).take_while(|b| **b == b'-').count();
    let end = p - dashes;
    let end = end - usize::from(text.before(end) == b' ');
    let end = end - usize::from(matches!(text.before(end), b'"' | b'\''));
    let len = text.scan.maps.keychars.run_before(end);
    let id = found.memo.classify(text.registry, t, len, end);
    let key = &t[end - len..end];
    let Some((entity, shape)) = text.registry.class(id).entity else { return ClassId::UNKNOWN };
    let chain = dashes == 1 && (key.starts_with(b"$") || text.before(end - len) == b'>');
    if dashes >= LONGEST || chain || dashes > 1 && in_comment(t, p) {
        return ClassId::UNKNOWN;
    }
    let from = p + 1 + t[p + 1..].iter().take(4).take_while(|b| **b == b' ').count();
    let rest = &t[from..t.len().min(from + WORD)];
    let word = &rest[..rest.iter().take_while(|b| b.is_ascii_graphic() && !is_end(**b)).count()];
    let beyond = matches!(rest.first(), Some(0xE4..=0xE9));
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let called = matches!(rest.get(word.len()), Some(b'(')) || word.contains(&b'(');
    let holds = match shape {
        s if s.is_secret() || matches!(entity, e::TOKEN | e::SESSION) => {
            !called && enclosed::is_secret(word) && (dashes > 1 || digits > 2)
        }
        Shape::AccountName | Shape::NamedAccount | Shape::Login | Shape::UserId => {
            let named = digits > 0 || !key.is_ascii() || key.to_ascii_lowercase().ends_with(b"name");
            beyond && !key.is_ascii() || dashes > 1 && named && !called && enclosed::is_login(text, found, word)
        }
        _ if entity == e::PERSON_NAME || entity == e::ADDRESS => beyond,
        Shape::Jar | Shape::Terminal | Shape::Arn | Shape::Search | Shape::Url | Shape::Query | Shape::Text => false,
        _ => digits > 1 || beyond && shape == Shape::Plate,
    };
    if holds { id } else { ClassId::UNKNOWN }
}

/// True when the arrow at `p` stands before the type of what is in front of it: `password -> string`.
pub fn is_type(text: &Text<'_>, p: usize) -> bool {
    let rest = &text.bytes[p + 1..text.bytes.len().min(p + WORD)];
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    word::is_about(&rest[..rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count()])
}

/// Bytes of a value that are looked at.
const WORD: usize = 64;

fn is_end(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'&' | b';' | b',' | b')' | b']' | b'}' | b'<' | b'>' | b'|' | b'`')
}

/// True when a comment of HTML ends with the arrow at `p`.
fn in_comment(t: &[u8], p: usize) -> bool {
    let head = &t[p.saturating_sub(256)..p];
    let head = &head[memchr::memrchr(b'\n', head).map_or(0, |i| i + 1)..];
    memchr::memmem::rfind(head, b"<!--").is_some()
}
