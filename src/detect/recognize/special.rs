//! Keys whose values need more than a look: cookie headers, OTLP attributes, keys of query strings.

use super::{Found, Text};
use crate::detect::check::{output, placeholder};
use crate::detect::keys::KeyClass;
use crate::model::{Confidence, RuleId, well_known as e};

/// Most cookies of one header.
const COOKIES: usize = 128;

/// Shortest value of a cookie that can tell people apart; flags are shorter.
const SHORTEST: usize = 4;

/// The values of a cookie header that begins at `from`: those that no key of the registry names are taken, those of the
/// registry's functional cookies stay.
pub fn jar(text: &Text<'_>, found: &mut Found<'_>, sep: usize, from: usize) {
    let t = text.bytes;
    let mut i = from;
    while matches!(text.at(i), b' ' | b'[' | b'"' | b'\'') && i < from + 4 {
        i += 1;
    }
    for _ in 0..COOKIES {
        // W3C logs write a blank as a plus sign.
        while matches!(text.at(i), b' ' | b'+') {
            i += 1;
        }
        let name = i;
        while name_sign(text.at(i)) {
            i += 1;
        }
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
        let functional = text.registry.is_functional(&t[name..i]);
        i += 1;
        let quoted = usize::from(text.at(i) == b'"' && text.at(i + 1) != b',');
        let start = i + quoted;
        i = start;
        while value_sign(text.at(i)) {
            i += 1;
        }
        let v = &t[start..i];
        if class.is_unknown() && !functional && v.len() >= SHORTEST && !placeholder::is(v) && !output::is(v) {
            found.push(start, i, e::COOKIE, RuleId::Cookie, Confidence::Keyed).anchor = sep as u32;
        }
        i += quoted;
        match text.at(i) {
            b';' => i += 1,
            b'"' if t[i..].starts_with(b"\",\"") => i += 3,
            _ => return,
        }
    }
}

fn name_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b'_' | b'-' | b'.' | b'$' | b'~' | b'!' | b'*' | b'%' | b':' | b'|' | b'[' | b']')
}

fn value_sign(b: u8) -> bool {
    b > b' ' && !matches!(b, b';' | b'"' | b'\'' | b'\\' | 0x7F)
}

/// How far before `"stringValue":` its key may stand.
const REACH: usize = 256;

/// The class that the attribute's key gives to the OTLP value whose separator stands at `sep`
/// (`{"key":"client.address","value":{"stringValue":"..."}}`, OTLP/JSON of opentelemetry-proto).
pub fn attribute(text: &Text<'_>, found: &mut Found<'_>, sep: usize) -> KeyClass {
    let t = text.bytes;
    let low = sep.saturating_sub(REACH);
    let head = &t[low..sep];
    let Some(at) = memchr::memmem::rfind(head, b"\"key\"") else { return KeyClass::default() };
    let mut i = low + at + 5;
    while matches!(text.at(i), b':' | b' ') {
        i += 1;
    }
    if text.at(i) != b'"' {
        return KeyClass::default();
    }
    let start = i + 1;
    let Some(len) = memchr::memchr2(b'"', b'\n', &t[start..sep]) else { return KeyClass::default() };
    // Between the key and the value stands nothing but the wrapper of the value.
    if memchr::memchr(b'}', &t[start + len..sep]).is_some() {
        return KeyClass::default();
    }
    text.registry.class(found.memo.classify(text.registry, t, len, start + len))
}

/// The user at the end of a resource name.
pub fn resource(text: &Text<'_>, found: &mut Found<'_>, sep: usize, (start, end): (usize, usize)) {
    let v = &text.bytes[start..end];
    let Some(at) = [&b":user/"[..], b":assumed-role/"].iter().find_map(|m| Some(memchr::memmem::find(v, m)? + m.len()))
    else {
        return;
    };
    if at < v.len() && !output::is(&v[at..]) {
        found.push(start + at, end, e::ACCOUNT, RuleId::Key, Confidence::Keyed).anchor = sep as u32;
    }
}

/// True when the key before `sep` is one of a query string or form.
pub fn in_query(text: &Text<'_>, sep: usize) -> bool {
    let len = text.scan.maps.keychars.run_before(sep);
    matches!(text.before(sep - len), b'?' | b'&')
}
