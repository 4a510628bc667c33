//! Separators and the keys that stand before them.

use super::keyed::BLANKS;
use super::{Found, Text, bracketed, element, naming, tuple};
use crate::detect::keys::ClassId;
use crate::detect::scan::kind;
use crate::detect::sequence::{HEAD, Head, Key, is_scheme};

/// Lists the separators behind keys that tell what their value is at the front of `keys`, and notes those behind keys that only
/// exempt it; returns how many are listed.
#[inline(always)]
pub fn known_keys(text: &Text<'_>, found: &mut Found<'_>, keys: &mut Vec<(u32, ClassId)>) -> usize {
    let events = text.scan.events.of(kind::KEY);
    if keys.len() < events.len() {
        keys.resize(events.len(), (0, ClassId::default()));
    }
    let mut n = 0;
    for &sep in events {
        let p = sep as usize;
        if text.bytes[p] == b'>' && !element::opens(text, p) {
            let class = naming::named_before(text, found, p);
            keys[n] = (sep, class);
            n += usize::from(text.registry.tells(class));
            continue;
        }
        // Nearly all keys touch their separator, or their quote does.
        let last = text.before(p);
        let loose = matches!(last, b' ' | b'\t' | b')');
        if loose && last == b')' && text.bytes[p] == b'=' {
            tuple::run(text, found, p);
            continue;
        }
        let head: Option<&Head> = text.bytes.get(p.wrapping_sub(HEAD)..p).and_then(<[u8]>::first_chunk);
        // A word and a colon in running text, or a group of an address, tells nothing of what follows.
        let bare = text.bytes[p] == b':' && head.is_some_and(|h| h[HEAD - 1].is_ascii_alphanumeric());
        if bare && text.registry.schemes_unknown() && head.is_some_and(|h| is_scheme(h, &text.bytes[p + 1..])) {
            continue;
        }
        let expected = match head {
            Some(head) if !bare => found.sequence.expected(head),
            _ => None,
        };
        let key = match expected {
            Some(key) => key,
            None => unexpected(text, found, head, p),
        };
        let key = if key.ends_phrase() { phrase(text, found, p, key) } else { key };
        // Both are written without a jump.
        let named = !(key.is_short() && is_octet(text, p) || loose && key.tells() && !begins(text, found, p));
        keys[n] = (sep, key.class);
        n += usize::from(named & key.tells());
        found.settled.exempt_behind(p, named & key.exempts());
    }
    n
}

/// The key before the separator at `p`, or the phrase that it ends; blanks may stand between.
#[cold]
fn phrase(text: &Text<'_>, found: &mut Found<'_>, p: usize, key: Key) -> Key {
    naming::phrase(text, found, p - behind_key(text, p)).map_or(key, |class| key.with_class(text.registry, class))
}

/// The key before the separator at `p`.
#[inline(always)]
fn unexpected(text: &Text<'_>, found: &mut Found<'_>, head: Option<&Head>, p: usize) -> Key {
    let behind = behind_key(text, p);
    let end = p - behind;
    let len = text.scan.maps.keychars.run_before(end);
    if len == 0 && text.before(end) == b']' {
        let class = bracketed::class(text, found, end, p);
        return Key::new(text.registry, class, HEAD, b"");
    }
    let named = behind > 0 || text.at(p) == b'=';
    match head {
        Some(head) if named && len + behind < HEAD => {
            found.sequence.learn(text.registry, found.memo, head, (len, behind))
        }
        _ => {
            let class = found.memo.classify(text.registry, text.bytes, len, end);
            Key::new(text.registry, class, len, &text.bytes[..end])
        }
    }
}

/// Bytes between a key and its separator at `p`: blanks and a quote at most.
#[inline(always)]
pub fn behind_key(text: &Text<'_>, p: usize) -> usize {
    let last = text.before(p);
    let blanks = if matches!(last, b' ' | b'\t') { blanks_before(text, p) } else { 0 };
    let last = text.before(p - blanks);
    blanks + usize::from((last == b'"') | (last == b'\'') | (last == b'`'))
}

/// Blanks and tabs before `p`, as many as columns are set with.
#[inline(never)]
fn blanks_before(text: &Text<'_>, p: usize) -> usize {
    text.bytes[..p].iter().rev().take(BLANKS).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// `password : hunter2`: bare words with blanks before the colon at `p` are a key where a line, a list or an object begins with them.
#[inline(never)]
fn begins(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    let end = p - behind_key(text, p);
    if text.at(p) == b'=' || !matches!(text.at(end), b' ' | b'\t') || text.at(p + 1) == b'=' {
        return true;
    }
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'\t' | b'_' | b'-' | b'.' | b'$' | 0x80..);
    let low = end.saturating_sub(PHRASE);
    let start = end - text.bytes[low..end].iter().rev().take_while(|b| sign(b)).count();
    found.line.seek(text, p);
    start <= found.line.content
        || matches!(text.before(start), b',' | b';' | b'{' | b'(' | b'[' | b'"' | b'\'' | b'|' | b'\n' | b'\r')
}

/// Longest key of several words, with the indent before it.
const PHRASE: usize = 96;

/// `2a:aa:82`: the colon at `p` stands between octets, not behind a key.
fn is_octet(text: &Text<'_>, p: usize) -> bool {
    text.at(p) == b':'
        && text.before(p).is_ascii_hexdigit()
        && (text.at(p + 3) == b':' || p >= 3 && text.at(p - 3) == b':')
}
