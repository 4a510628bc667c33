//! Values in brackets and quotes behind a key in running text: `姓名[张三]`, `账号【zhangsan】`, `密码（...）`, and keys in brackets before
//! them: `【姓名】张三`.

use super::extent::bare_end;
use super::keyed::{accept, value_behind};
use super::{Found, Text, account, wide, words};
use crate::detect::check::{keyed, name, street, word};
use crate::model::{EntityId, Shape, well_known as e};

/// Longest value.
const LONGEST: usize = 384;

/// Most bytes of a key beyond ASCII: five ideographs, as many as the memo holds.
const KEY: usize = 15;

/// Brackets and quotes beyond ASCII.
const PAIRS: [(&str, &str); 6] = [("【", "】"), ("（", "）"), ("“", "”"), ("「", "」"), ("『", "』"), ("‘", "’")];

/// Looks at the brackets in the run `start..end` of text beyond ASCII and behind it.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    let mut at = start;
    while let Some(n) = memchr::memchr3(0xE2, 0xE3, 0xEF, &t[at..end]) {
        at += n;
        if t[at..end].starts_with("∶".as_bytes()) {
            at = wide::behind(text, found, at).max(at + 3);
            if at >= end {
                return;
            }
            continue;
        }
        let Some((open, close)) = PAIRS.iter().find(|(open, _)| t[at..end].starts_with(open.as_bytes())) else {
            at += 1;
            continue;
        };
        let from = at + open.len();
        let near = &t[from..t.len().min(from + LONGEST)];
        // The string ends in which both stand.
        let near = &near[..memchr::memchr2(b'\n', b'"', near).unwrap_or(near.len())];
        let Some(len) = memchr::memmem::find(near, close.as_bytes()) else {
            at += 3;
            continue;
        };
        let behind = from + len + close.len();
        let key = t[..at].strip_suffix("：".as_bytes()).or(t[..at].strip_suffix(b":")).map_or(at, <[u8]>::len);
        let taken = value(text, found, key, (from, from + len), behind);
        if taken == 0 && *open == "【" {
            titled(text, found, (from, from + len), behind);
        }
        // A key may stand in the brackets of another one.
        at = taken.max(from);
        if at >= end {
            return;
        }
    }
    let close = match text.at(end) {
        b'[' => b']',
        b'(' => b')',
        quote @ (b'\'' | b'"') => quote,
        _ => return,
    };
    let from = end + 1;
    // A quote that ends a string: `["密码",1234567,true,"密码"]`.
    if matches!(close, b'"' | b'\'') && matches!(text.at(from), b',' | b':' | b']' | b'}' | b' ' | b'\n') {
        return;
    }
    let near = &t[from..t.len().min(from + LONGEST)];
    if let Some(len) = memchr::memchr3(close, b'\n', b'"', near).filter(|&n| near[n] == close) {
        value(text, found, end, (from, from + len), from + len + 1);
    }
}

/// Takes what stands in brackets behind the key that ends at `key`, or behind the colon that follows them at `behind`; where it ends.
fn value(text: &Text<'_>, found: &mut Found<'_>, key: usize, (from, to): (usize, usize), behind: usize) -> usize {
    let t = text.bytes;
    let class = class_before(text, found, key);
    let kind = text.registry.class(class).entity.or_else(|| words::titled(&t[..key]));
    let Some(kind) = kind else { return 0 };
    if take(text, found, kind, from - 1, (from, to)) {
        return behind;
    }
    // `姓名(必填): v`
    if text.at(behind) == b':' && t[behind - 1] == b')' {
        let class = text.registry.class(class);
        return if class.entity.is_some() { value_behind(text, found, class, behind, behind + 1) } else { 0 };
    }
    0
}

fn class_before(text: &Text<'_>, found: &mut Found<'_>, key: usize) -> crate::detect::keys::ClassId {
    let len = text.scan.maps.keychars.run_before(key);
    let len = if text.before(key) >= 0x80 { len.min(KEY) } else { len };
    found.memo.classify(text.registry, text.bytes, len, key)
}

/// `【姓名】张三`: takes the value at `i` behind the key in brackets at `from..to`.
fn titled(text: &Text<'_>, found: &mut Found<'_>, (from, to): (usize, usize), i: usize) {
    let t = text.bytes;
    if to - from > 2 * KEY || to == from {
        return;
    }
    let len = text.scan.maps.keychars.run_before(to).min(to - from);
    let class = found.memo.classify(text.registry, t, len, to);
    let Some(kind) = text.registry.class(class).entity else { return };
    let i =
        i + usize::from(matches!(text.at(i), b':' | b' ')) + if t[i..].starts_with("：".as_bytes()) { 3 } else { 0 };
    let end = bare_end(text, i, t.len().min(i + LONGEST), true);
    let end = memchr::memmem::find(&t[i..end], "【".as_bytes()).map_or(end, |n| i + n);
    take(text, found, kind, to, (i, end));
}

/// Takes the value `start..end` when its form speaks for it: what stands in brackets may also say how a value must be.
pub fn take(
    text: &Text<'_>,
    found: &mut Found<'_>,
    (entity, shape): (EntityId, Shape),
    sep: usize,
    (start, end): (usize, usize),
) -> bool {
    let v = &text.bytes[start..end];
    if v.is_empty() {
        return false;
    }
    let shape = match shape {
        s if s.is_secret() || matches!(entity, e::TOKEN | e::SESSION) => {
            if !is_secret(v) {
                return false;
            }
            shape
        }
        Shape::AccountName | Shape::NamedAccount | Shape::Login => {
            if v.is_ascii() && !is_login(text, found, v) {
                return false;
            }
            Shape::Login
        }
        _ if entity == e::PERSON_NAME => {
            if !name::chinese(v) && (shape != Shape::Login || !is_login(text, found, v)) {
                return false;
            }
            shape
        }
        _ if entity == e::ADDRESS => {
            if !street::is_chinese(v) {
                return false;
            }
            shape
        }
        // Any text, and what is no value by itself.
        s if s.is_boundless() => return false,
        Shape::Jar | Shape::Terminal | Shape::Arn | Shape::Url | Shape::Query => return false,
        s => s,
    };
    accept(text, found, entity, shape, sep, (start, end), false).is_some()
}

/// True for what looks like a secret and not like a word about one: `MD5`, `6-20`, `sha256`.
pub fn is_secret(v: &[u8]) -> bool {
    const WAYS: &[&str] = &[
        "base64",
        "sha256",
        "sha512",
        "aes128",
        "aes256",
        "hmacsha256",
        "hs256",
        "rs256",
        "pbkdf2",
        "oauth2",
        "argon2id",
    ];
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    v.len() >= 6
        && digits > 0
        && v.iter().any(u8::is_ascii_alphabetic)
        && v.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b'{' | b'}' | b'(' | b'<'))
        && !WAYS.iter().any(|w| v.eq_ignore_ascii_case(w.as_bytes()))
        && !word::is_about(v)
}

/// True for the name of an account in ASCII that is no key, and no word for another thing.
pub fn is_login(text: &Text<'_>, found: &mut Found<'_>, v: &[u8]) -> bool {
    let mut known = || !text.registry.class(found.memo.classify(text.registry, v, v.len(), v.len())).is_unknown();
    v.is_ascii()
        && matches!(keyed::keyed(Shape::Login, e::ACCOUNT, v), keyed::Keyed::Take(_))
        && !account::is_noun(v)
        && !known()
}

/// Takes the value in the braces that open at `i`, when they hold nothing else (`姓名={张三}`); where it ends, or 0. Keys in ASCII have
/// templates in theirs (`login={userInfo}`) and ids of objects.
pub fn braced(
    text: &Text<'_>,
    found: &mut Found<'_>,
    (entity, shape): (EntityId, Shape),
    sep: usize,
    i: usize,
) -> usize {
    let near = &text.bytes[i + 1..text.bytes.len().min(i + LONGEST)];
    let stop = near.iter().position(|b| matches!(b, b'}' | b'{' | b'"' | b'\'' | b':' | b'=' | b'[' | b',' | b'\n'));
    let Some(n) = stop.filter(|&n| near[n] == b'}' && near.get(n + 1) != Some(&b'}')) else { return 0 };
    let secret = shape.is_secret() || matches!(entity, e::TOKEN | e::SESSION);
    let plain = secret || matches!(shape, Shape::Code | Shape::Phone | Shape::UserId);
    let plain = plain && near[..n].iter().any(u8::is_ascii_digit) && memchr::memchr(b'-', &near[..n]).is_none();
    let holds = (text.before(sep) >= 0x80 || plain) && take(text, found, (entity, shape), sep, (i + 1, i + 1 + n));
    if holds { i + 1 + n } else { 0 }
}
