//! Values of several words that no quotes frame: `Full Name: Alice Example, id 5`, `Address: 12 Main Street, Springfield`.

use super::Text;
use super::extent::bare_end;
use crate::detect::check::{name, street};
use crate::model::{EntityId, Shape, well_known as e};

/// Most bytes of them.
const LONGEST: usize = 160;

/// Where the value ends that begins at `i` and whose first word ends at `end`.
#[inline(never)]
pub fn end(text: &Text<'_>, i: usize, end: usize, (entity, shape): (EntityId, Shape)) -> usize {
    let t = text.bytes;
    match (entity, text.at(end)) {
        (e::PERSON_NAME, b' ') => match named(text, i, end, 4) {
            // `Copyright holder: Free Software Foundation, Inc.`: such keys name other things, too.
            to if shape == Shape::FullName && !name::given(&t[i..to]) => end,
            to => to,
        },
        // Names of accounts have one blank at most.
        (e::ACCOUNT, b' ') if matches!(shape, Shape::AccountName | Shape::NamedAccount) => named(text, i, end, 2),
        (e::PERSON_NAME | e::ACCOUNT, b'\'') => match apostrophe(text, i, end) {
            0 => end,
            behind if text.at(behind) == b' ' && entity == e::PERSON_NAME => named(text, i, behind, 4),
            behind => behind,
        },
        (e::ADDRESS, b' ' | b',') => end.max(i + street::len(&t[i..t.len().min(i + LONGEST)])),
        _ => end,
    }
}

/// Behind `o'brien`, whose first letter ends at `end`, or 0.
fn apostrophe(text: &Text<'_>, i: usize, end: usize) -> usize {
    if end != i + 1 || !text.at(i).is_ascii_alphabetic() || !text.at(end + 1).is_ascii_alphabetic() {
        return 0;
    }
    let behind = bare_end(text, end + 1, text.bytes.len().min(end + LONGEST), true);
    if text.at(behind) == b'\'' { 0 } else { behind }
}

/// Behind the capitalised words, at most `most`, when what ends a value follows them.
fn named(text: &Text<'_>, i: usize, end: usize, most: usize) -> usize {
    let t = text.bytes;
    let (mut at, mut count) = (end, 1);
    let sign = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b'\'' | b'-') || *b >= 0x80;
    while text.at(at) == b' ' && count < most + 3 {
        let n = t[at + 1..].iter().take(40).take_while(|b| sign(b)).count();
        if n == 0 {
            break;
        }
        // The next key: `user=Alice Example src=192.0.2.7`.
        if matches!(text.at(at + 1 + n), b'=' | b':') {
            break;
        }
        at += 1 + n;
        count += 1;
    }
    let closed = match text.at(at) {
        b',' | b';' | b'|' | b'\n' | b'\r' | b'"' | b')' | b']' | b'}' | b'<' | b'&' | b'\t' => true,
        b' ' => {
            let next = &t[at + 1..t.len().min(at + 41)];
            let key = next.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
            matches!(next.first(), None | Some(b' ' | b'|' | b'-' | b'(' | b'\n'))
                || key > 0 && matches!(next.get(key), Some(b'='))
        }
        _ => at == t.len(),
    };
    let v = &t[i..at];
    let fits = name::western(v) && v.iter().filter(|b| **b == b' ').count() < most;
    if closed && fits { at } else { end }
}
