//! Keys whose values need more than a look: cookie headers, names of resources, keys of query strings.

use super::{Found, Text};
use crate::detect::check::keyed::{Keyed, keyed};
use crate::detect::check::{output, placeholder};
use crate::format::view::decode_all;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// Most cookies of one header.
const COOKIES: usize = 128;

/// Shortest value of a cookie that can tell people apart; flags are shorter.
const SHORTEST: usize = 4;

/// The values of a cookie header that begins at `from` and ends at `to` at the latest: those that no key of the registry names are
/// taken, those of the registry's functional cookies stay.
pub fn jar(text: &Text<'_>, found: &mut Found<'_>, sep: usize, (from, to): (usize, usize)) {
    let t = &text.bytes[..to];
    let mut i = from;
    while matches!(text.at(i), b' ' | b'\t' | b'[' | b'"' | b'\'') && i < from + 4 {
        i += 1;
    }
    let listed = t[from.min(t.len())..i.min(t.len())].ends_with(b"[");
    for _ in 0..COOKIES {
        // W3C logs write a blank as a plus sign.
        while matches!(text.at(i), b' ' | b'+') {
            i += 1;
        }
        let name = i.min(t.len());
        i = skip(t, name, &NAME);
        if text.at(i) != b'=' {
            // An attribute without a value (`; Secure`), or the next header of an array.
            let next = t[i.min(t.len())..].strip_prefix(b"\",\"").is_some();
            match text.at(i) {
                b';' if i > name => i += 1,
                b'"' if next => i += 3,
                _ => return,
            }
            continue;
        }
        let class = found.memo.classify(text.registry, t, i - name, i);
        let (named, equals) = (&t[name..i], i);
        i += 1;
        let quoted = usize::from(text.at(i) == b'"' && text.at(i + 1) != b',');
        let start = i + quoted;
        i = skip(t, start.min(t.len()), &VALUE);
        while text.is_data(equals, i) {
            i = skip(t, i + 1, &VALUE);
        }
        // `Cookie=[sid=...], Host=...`: the brackets of a list in a map.
        while listed && i > start && matches!(t[i - 1], b']' | b'}' | b',') {
            i -= 1;
        }
        let v = &t[start.min(i)..i];
        let value = v.len() >= SHORTEST && !placeholder::is(v) && !output::veils(v);
        // What its own key does not take tells people apart all the same.
        let telling = value
            && (class.is_unknown()
                || text.registry.class(class).entity.is_some_and(|kind| !fits(text, found, kind, (start, i))));
        if telling && !text.registry.is_functional(named) {
            found.push(start, i, e::COOKIE, RuleId::Cookie, Confidence::Keyed).anchor = sep as u32;
        }
        i += quoted;
        match text.at(i) {
            b';' => i += 1,
            b'"' if t.get(i..).is_some_and(|rest| rest.starts_with(b"\",\"")) => i += 3,
            _ => return,
        }
    }
}

/// True when the value `start..end` has the shape that its key asks for, or stands for none.
fn fits(
    text: &Text<'_>,
    found: &mut Found<'_>,
    (entity, shape): (EntityId, Shape),
    (start, end): (usize, usize),
) -> bool {
    let raw = &text.bytes[start..end];
    if !text.scan.maps.escapes.any(start, end) {
        return keyed(shape, entity, raw) != Keyed::No;
    }
    let from = found.aside.len();
    decode_all(raw, found.aside, found.scratch);
    let fits = keyed(shape, entity, &found.aside[from..]) != Keyed::No;
    found.aside.truncate(from);
    fits
}

/// Signs of a cookie's name, and of its value.
static NAME: [bool; 256] = signs(true);
static VALUE: [bool; 256] = signs(false);

const fn signs(name: bool) -> [bool; 256] {
    let mut t = [false; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        t[i] = if name {
            b.is_ascii_alphanumeric()
                || matches!(b, b'_' | b'-' | b'.' | b'$' | b'~' | b'!' | b'*' | b'%' | b':' | b'|' | b'[' | b']')
        } else {
            b > b' ' && !matches!(b, b';' | b'"' | b'\'' | b'\\' | 0x7F)
        };
        i += 1;
    }
    t
}

/// The first byte at or behind `from` that is none of the signs.
fn skip(t: &[u8], from: usize, signs: &[bool; 256]) -> usize {
    t[from..].iter().position(|b| !signs[usize::from(*b)]).map_or(t.len(), |n| from + n)
}

/// The shape of the value at `start`, where that depends on its separator or on how it begins.
#[inline(always)]
pub fn shape(text: &Text<'_>, sep: usize, shape: Shape, start: usize) -> Shape {
    match shape {
        Shape::Jar if text.is_tag(sep) => Shape::Text,
        // `{"principal":"arn:aws:iam::123456789012:role/Admin"}`
        Shape::AccountName | Shape::NamedAccount
            if text.at(start) == b'a' && text.bytes[start..].starts_with(b"arn:") =>
        {
            Shape::Arn
        }
        _ => shape,
    }
}

/// The user at the end of a resource name.
pub fn resource(text: &Text<'_>, found: &mut Found<'_>, sep: usize, (start, end): (usize, usize)) {
    let v = &text.bytes[start..end];
    let kinds = [&b":user/"[..], b":assumed-role/", b":federated-user/", b":mfa/", b":u2f/user/"];
    let Some(at) = kinds.iter().find_map(|m| Some(memchr::memmem::find(v, m)? + m.len())) else { return };
    if at < v.len() && !output::is(&v[at..]) {
        found.push(start + at, end, e::ACCOUNT, RuleId::Key, Confidence::Keyed).anchor = sep as u32;
    }
}

/// How far from a code the telephone may stand that it was sent to.
const NEAR: usize = 64;

/// True when a telephone stands in the same query: `?mobile=13800138000&code=482913`.
pub fn beside_phone(text: &Text<'_>, sep: usize) -> bool {
    let t = text.bytes;
    let around = &t[sep.saturating_sub(NEAR)..t.len().min(sep + NEAR)];
    let ends = |b: &u8| matches!(b, b' ' | b'"' | b'\n');
    let at = sep.min(NEAR);
    let from = around[..at].iter().rposition(ends).map_or(0, |i| i + 1);
    let to = at + around[at..].iter().position(ends).unwrap_or(around.len() - at);
    let names = [&b"mobile="[..], b"phone=", b"tel="];
    names.iter().any(|n| memchr::memmem::find(&around[from..to], n).is_some())
}

/// True when the value `start..end` is a code that was sent to the telephone beside it (`LoginDTO(phone=13800138000, code=482913)`), or that
/// a template puts into a message (`"TemplateParam":"{\"code\":\"482913\"}"`). The codes of answers are numbers, or stand beside their text.
#[inline(never)]
pub fn is_sent(text: &Text<'_>, sep: usize, (start, end): (usize, usize)) -> bool {
    let t = text.bytes;
    let json = matches!(text.before(sep), b'"' | b'\'');
    if !(4..=6).contains(&(end - start)) || json && !matches!(text.before(start), b'"' | b'\'') {
        return false;
    }
    let key = sep - usize::from(json) - text.scan.maps.keychars.run_before(sep - usize::from(json));
    let head = &t[key.saturating_sub(NEAR)..key];
    let head = &head[memchr::memrchr(b'\n', head).map_or(0, |i| i + 1)..];
    let tail = &t[end..t.len().min(end + NEAR / 2)];
    let tail = &tail[..memchr::memchr(b'\n', tail).unwrap_or(tail.len())];
    let template = || memchr::memmem::rfind(head, b"emplateParam").is_some_and(|i| head.len() - i < 24);
    // The telephone's value and what parts it from the key of the code.
    let before = || {
        let (i, len) = TELEPHONES.iter().filter_map(|n| Some((memchr::memmem::rfind(head, n)?, n.len()))).max()?;
        let gap = &head[i + len..];
        Some(
            gap.iter().filter(|b| b.is_ascii_digit()).count() >= 7
                && gap.iter().all(|b| !b.is_ascii_alphabetic() && !matches!(b, b'{' | b'}')),
        )
    };
    let after = || {
        let i = tail.iter().take(6).position(u8::is_ascii_alphabetic)?;
        let word = tail[i..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        Some(TELEPHONES.iter().any(|n| tail[i..i + word].ends_with(n) || tail[i..i + word].ends_with(b"Number")))
    };
    template() || before() == Some(true) || after() == Some(true)
}

/// How keys of telephones end.
const TELEPHONES: [&[u8]; 6] = [b"phone", b"Phone", b"mobile", b"Mobile", b"phoneNumber", b"PhoneNumbers"];

/// True when the key before `sep` is one of a query string or form.
pub fn in_query(text: &Text<'_>, sep: usize) -> bool {
    let len = text.scan.maps.keychars.run_before(sep);
    matches!(text.before(sep - len), b'?' | b'&')
}
