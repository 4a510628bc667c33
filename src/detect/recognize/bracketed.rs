//! Keys in brackets: `user[password]=hunter2` (forms of PHP and Rails), `$_POST['phone'] = '13800138000'`, and what PHP's `print_r`
//! writes, `[phone] => 13800138000`.

use super::keyed::{MAX_VALUE, accept, behind, behind_blanks};
use super::quotes::string_end;
use super::{Found, Text};
use crate::detect::keys::{ClassId, KeyClass};
use crate::model::Shape;

/// Longest key, its brackets included.
const LONGEST: usize = 64;

/// Class of the key whose last bracket closes right before `end`; its separator stands at `sep`. Its parts name it as those of a
/// dotted key do, numbers and empty brackets left out; the last one names it when all of them say nothing.
#[inline(never)]
pub fn class(text: &Text<'_>, found: &mut Found<'_>, end: usize, sep: usize) -> ClassId {
    let t = text.bytes;
    let low = end.saturating_sub(LONGEST);
    let (mut key, mut at, mut last) = ([0; LONGEST], LONGEST, 0);
    let mut i = end;
    loop {
        let bracket = i > low && t[i - 1] == b']';
        let start = match bracket {
            true => memchr::memrchr2(b'[', b'\n', &t[low..i - 1]).map(|n| low + n).filter(|&n| t[n] == b'['),
            false => Some(low.max(i - text.scan.maps.keychars.run_before(i))),
        };
        let Some(start) = start else { return ClassId::UNKNOWN };
        let part = if bracket { name(&t[start + 1..i - 1]) } else { Some(&t[start..i]) };
        let Some(part) = part else { return ClassId::UNKNOWN };
        if !part.iter().all(u8::is_ascii_digit) {
            let dot = usize::from(at < LONGEST);
            let Some(from) = at.checked_sub(part.len() + dot) else { return ClassId::UNKNOWN };
            key[from..at][..part.len()].copy_from_slice(part);
            key[from + part.len()..at].fill(b'.');
            (at, last) = (from, if dot == 0 { part.len() } else { last });
        }
        if !bracket {
            break;
        }
        i = start;
    }
    if at == LONGEST || is_composite(&t[behind_blanks(text, behind(text, sep)).min(t.len())..]) {
        return ClassId::UNKNOWN;
    }
    let class = found.memo.classify(text.registry, &key, LONGEST - at, LONGEST);
    if class.is_unknown() { found.memo.classify(text.registry, &key, last, LONGEST) } else { class }
}

/// True when the colon at `p` stands between the name of a property and who may see it: `[phone:App\User:private] => ...`.
#[inline(always)]
pub fn parts_visibility(text: &Text<'_>, p: usize) -> bool {
    // Classes begin with a capital, and `protected` and `private` alike.
    matches!(text.at(p + 1), b'p' | b'A'..=b'Z') && text.at(p) == b':' && is_visible(text, p)
}

#[inline(never)]
fn is_visible(text: &Text<'_>, p: usize) -> bool {
    let (head, rest) =
        (&text.bytes[p.saturating_sub(LONGEST)..p], &text.bytes[p + 1..text.bytes.len().min(p + LONGEST)]);
    let opens = memchr::memrchr3(b'[', b' ', b'\n', head).is_some_and(|i| head[i] == b'[');
    let said = |n: usize| rest[n] == b']' && VISIBLE.iter().any(|w| rest[..n].ends_with(w));
    opens && memchr::memchr2(b']', b'\n', rest).is_some_and(said)
}

/// How PHP calls properties that not everyone may see.
const VISIBLE: [&[u8]; 2] = [b"protected", b"private"];

/// What stands in a bracket, without its quotes or the colon of a symbol of Ruby; nothing when it is no key.
fn name(v: &[u8]) -> Option<&[u8]> {
    let seen = VISIBLE.iter().any(|w| v.ends_with(w));
    let v = memchr::memchr(b':', v).filter(|i| seen && *i > 0).map_or(v, |i| &v[..i]);
    let bare = v.strip_prefix(b":").unwrap_or(v);
    let quoted = [b"'", b"\""].iter().find_map(|q| v.strip_prefix(*q)?.strip_suffix(*q));
    let name = quoted.unwrap_or(bare);
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b' ' | 0x80..);
    name.iter().all(sign).then_some(name)
}

/// `[user] => Array`, `[user] => App\User Object`: what it holds stands in the lines that follow.
fn is_composite(v: &[u8]) -> bool {
    let word = v.iter().take(LONGEST).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'\\')).count();
    let rest = &v[word..];
    let ends = |rest: &[u8]| rest.first().is_none_or(|b| matches!(b, b' ' | b'\r' | b'\n' | b'"' | b'\\'));
    v[..word] == *b"Array" && ends(rest) || rest.strip_prefix(b" Object").is_some_and(ends)
}

/// Takes the rest of the line as the value behind the separator at `sep` when its key in brackets begins the line, as `print_r` writes
/// it; where it ends.
#[inline(never)]
pub fn line(text: &Text<'_>, found: &mut Found<'_>, class: KeyClass, sep: usize) -> Option<usize> {
    let t = text.bytes;
    let (entity, shape) = class.entity?;
    let words = matches!(
        shape,
        Shape::Name
            | Shape::FullName
            | Shape::AccountName
            | Shape::NamedAccount
            | Shape::Login
            | Shape::Operator
            | Shape::Text
            | Shape::Prose
            | Shape::PlaceText
    );
    let head = &t[sep.saturating_sub(LONGEST)..sep];
    let key = head.strip_suffix(b"] ")?;
    let open = memchr::memrchr2(b'[', b'\n', key).filter(|&i| key[i] == b'[')?;
    let front = key[..open].trim_ascii_end();
    let begins = match front.last() {
        None => head.len() < LONGEST,
        // What relays write in front does not take its indent away.
        Some(b) => *b == b'"' || key[front.len()..open].contains(&b'\n') || key[..open].ends_with(b"    "),
    };
    if !begins || !(words || shape.is_secret()) {
        return None;
    }
    let start = behind_blanks(text, behind(text, sep));
    let near = &t.get(start..)?[..(t.len() - start).min(MAX_VALUE + 1)];
    let end = start + memchr::memchr2(b'\n', b'\r', near).unwrap_or(near.len());
    // A longer line is none of one value.
    if near.len() > MAX_VALUE && end == start + near.len() {
        return None;
    }
    // Our tag stands behind the record.
    let end = memchr::memmem::find(&t[start..end], b" \"deid=").map_or(end, |n| start + n);
    let end = string_end(text, found, (start, end));
    accept(text, found, entity, shape, sep, (start, end), false).map(|_| end)
}
