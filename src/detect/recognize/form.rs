//! Parts of a form (RFC 7578) in one line, as access logs and firewalls write bodies: with its line feeds escaped.

use super::{Found, Text, keyed};

/// What stands before the equals sign of a part's name.
pub const NAME: &[u8] = b"form-data; name";

/// Most bytes from a name to the value.
const HEADER: usize = 256;

/// The value of the part whose name stands behind the equals sign at `sep`; returns where it ends, 0 when none was taken.
pub fn part(text: &Text<'_>, found: &mut Found<'_>, sep: usize) -> usize {
    let t = text.bytes;
    let start = sep + 1 + usize::from(text.at(sep + 1) == b'"');
    let len = t[start..].iter().take(HEADER).take_while(|b| !matches!(b, b'"' | b';' | b'\r' | b'\n')).count();
    let class = text.registry.class(found.memo.classify(text.registry, t, len.min(64), start + len.min(64)));
    let Some((entity, shape)) = class.entity.filter(|_| len <= 64) else { return 0 };
    // A line feed that is no escape ends the record.
    let near = &t[start + len..t.len().min(start + len + HEADER)];
    let near = &near[..record_end(text, start + len, near)];
    let blank = [&b"\r\n\r\n"[..], b"\n\n"].iter().find_map(|m| Some(memchr::memmem::find(near, m)? + m.len()));
    let Some(from) = blank.map(|n| start + len + n) else { return 0 };
    let most = if shape.is_boundless() { t.len() } else { t.len().min(from + keyed::MAX_VALUE) };
    let body = &t[from..most];
    let body = &body[..record_end(text, from, body)];
    let end = memchr::memmem::find(body, b"\n--").unwrap_or(body.len());
    let end = end - usize::from(body[..end].ends_with(b"\r"));
    match keyed::accept(text, found, entity, shape, sep, (from, from + end), false) {
        Some(_) => from + end,
        None => 0,
    }
}

/// Where the record ends in `v`, which begins at `from`.
fn record_end(text: &Text<'_>, from: usize, v: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', v).find(|&i| !text.is_escape(from + i)).unwrap_or(v.len())
}
