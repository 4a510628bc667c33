//! Where a value behind its key ends.

use super::keyed::{MAX_VALUE, boundless};
use super::quotes::apostrophe_end;
use super::{Found, Text, element};
use crate::detect::check;
use crate::detect::keys::KeyClass;
use crate::model::Shape;

/// Where a value ends. A quoted one ends at its unescaped quote, a bare one where its carrier separates.
#[inline(always)]
pub fn extent(text: &Text<'_>, found: &mut Found<'_>, sep: usize, i: usize, class: KeyClass) -> (usize, usize) {
    let (t, maps) = (text.bytes, &text.scan.maps);
    if text.at(sep) == b'>' {
        let long = class.entity.is_some_and(|x| boundless(x.1));
        return element::content(text, i, if long { t.len() } else { MAX_VALUE + 1 });
    }
    match text.at(i) {
        q @ (b'"' | b'\'') if !text.is_data(sep, i) => {
            let mut e = maps.stops.next(i + 1, t.len());
            // What was escaped where the opening quote was not ends nothing.
            let alike = |e: usize| text.is_escape(e) == text.is_escape(i);
            while e < t.len() && (t[e] != b'\n' || text.is_escape(e) && !alike(e)) {
                // SQL and CSV write a quote twice.
                let twice = t[e] == q && e > i + 1 && text.at(e + 1) == q;
                if t[e] == q && !twice && alike(e) {
                    break;
                }
                let pair = twice || t[e] == b'\\' && e + 1 < t.len() && t[e + 1] != b'\n';
                e = maps.stops.next(e + if pair { 2 } else { 1 }, t.len());
            }
            (i + 1, if q == b'\'' { apostrophe_end(text, found, sep, (i + 1, e)) } else { e })
        }
        _ => {
            let shape = class.entity.map(|x| x.1);
            let words = shape.is_some_and(|s| boundless(s) || wordy(s));
            let long = shape.is_some_and(boundless);
            let most = if long { t.len() } else { t.len().min(i + MAX_VALUE + 1) };
            let mut end = bare_end(text, i, most, words);
            while words && end < most && text.is_data(sep, end) {
                end = bare_end(text, end + 1, most, true);
            }
            match shape {
                Some(Shape::Credential) => (i, credential_end(text, i, end)),
                // LEEF parts its members so.
                Some(Shape::AccountName | Shape::UserId) => (
                    i,
                    if text.carets { memchr::memchr(b'^', &text.bytes[i..end]).map_or(end, |n| i + n) } else { end },
                ),
                Some(Shape::Geo) => (i, pair_end(text.bytes, end)),
                // `A123456(7)`: the bracket is the number's own.
                Some(Shape::RegionalId | Shape::Permit)
                    if text.at(end) == b')' && text.bytes[i..end].contains(&b'(') =>
                {
                    (i, end + 1)
                }
                _ => (i, class.entity.map_or(end, |kind| check::grouped::end(text.bytes, i, end, kind))),
            }
        }
    }
}

/// Shapes of bounded length whose values may hold letters beyond ASCII.
fn wordy(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Email
            | Shape::Name
            | Shape::FullName
            | Shape::AccountName
            | Shape::UserId
            | Shape::Permit
            | Shape::Plate
            | Shape::Birth
    )
}

/// `116.397428,39.909230`: the second coordinate belongs to the value.
fn pair_end(t: &[u8], end: usize) -> usize {
    let rest = &t[end..t.len().min(end + 32)];
    let [b',', rest @ ..] = rest else { return end };
    let blank = usize::from(rest.first() == Some(&b' '));
    let n = rest[blank..].iter().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-')).count();
    if rest[blank..][..n].contains(&b'.') { end + 1 + blank + n } else { end }
}

/// End of a bare value, at most `most`; `words` tells whether letters beyond ASCII belong to it.
#[inline(always)]
pub fn bare_end(text: &Text<'_>, i: usize, most: usize, words: bool) -> usize {
    let (t, maps) = (text.bytes, &text.scan.maps);
    let end = maps.terms.next(i, most);
    let mut high = maps.high.next(i, end);
    if words {
        while high < end && !wide_punctuation(&t[high..]) {
            high = maps.high.next(high + 1, end);
        }
    }
    high
}

fn wide_punctuation(v: &[u8]) -> bool {
    // All of them begin with one of two bytes.
    matches!(v.first(), Some(0xE3 | 0xEF))
        && ["，", "。", "；", "）", "（", "、", "】", "！"].iter().any(|p| v.starts_with(p.as_bytes()))
}

/// `Scheme credential`: the credential behind the blank belongs to the value.
fn credential_end(text: &Text<'_>, i: usize, end: usize) -> usize {
    let t = text.bytes;
    let scheme = &t[i..end];
    if t.get(end) != Some(&b' ') || !check::scheme::is(scheme) {
        return end;
    }
    let multi = [&b"digest"[..], b"hawk", b"oauth", b"vapid"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    if !multi && scheme.len() <= 10 {
        return bare_end(text, (end + 1).min(t.len()), t.len(), true);
    }
    // Schemes with parameters: the rest of the line is theirs.
    memchr::memchr2(b'\n', b'\r', &t[end..]).map_or(t.len(), |n| end + n)
}
