//! Values behind `为` and `是`, which say in Chinese what a key is: `openId为oUpF8...`, `地址为北京市...`.

use super::extent::bare_end;
use super::keyed::MAX_VALUE;
use super::{Found, Text, enclosed};
use crate::model::{Shape, well_known as e};

/// Both verbs.
pub const VERBS: [&str; 2] = ["为", "是"];

/// Looks at the run `start..end` of text beyond ASCII that is one of the verbs, behind a key in ASCII.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    if end - start != 3 || !VERBS.iter().any(|v| v.as_bytes() == &t[start..end]) {
        return;
    }
    let s = end + usize::from(text.at(end) == b' ');
    if !text.at(s).is_ascii_alphanumeric() || !text.before(start).is_ascii_alphanumeric() {
        return;
    }
    let len = text.scan.maps.keychars.run_before(start);
    let class = text.registry.class(found.memo.classify(text.registry, t, len, start));
    let Some((entity, shape)) = class.entity else { return };
    let to = bare_end(text, s, t.len().min(s + MAX_VALUE), false);
    // `password为8-20位字符`: a word goes on.
    let goes_on = text.at(to) >= 0x80 && !matches!(text.at(to), 0xE3 | 0xEF);
    let secret = shape.is_secret() || matches!(entity, e::TOKEN | e::SESSION);
    if goes_on && (secret || shape == Shape::Code || !t[to..].starts_with("的".as_bytes())) {
        return;
    }
    let v = &t[s..to];
    let to = to - usize::from(v.ends_with(b".") || v.ends_with(b","));
    enclosed::take(text, found, (entity, shape), start, (s, to));
}

/// Takes the place behind `地址为`, whose verb begins at `verb`.
pub fn place(text: &Text<'_>, found: &mut Found<'_>, verb: usize) {
    let t = text.bytes;
    if !VERBS.iter().any(|v| t[verb..].starts_with(v.as_bytes())) {
        return;
    }
    let end = bare_end(text, verb + 3, t.len().min(verb + MAX_VALUE), true);
    enclosed::take(text, found, (e::ADDRESS, Shape::Prose), verb, (verb + 3, end));
}
