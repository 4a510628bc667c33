//! Columns and their values, each in brackets: `Key (tenant_id, phone)=(7, 13800138000) already exists.` (PostgreSQL).

use super::{Found, Text, keyed};

/// Most bytes of the columns, and of the values.
const LONGEST: usize = 256;

/// Takes the values behind the separator at `sep` whose columns name them.
#[inline(never)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>, sep: usize) {
    let t = text.bytes;
    if text.at(sep + 1) != b'(' {
        return;
    }
    let low = sep.saturating_sub(LONGEST);
    let Some(key) = memchr::memmem::rfind(&t[low..sep], KEY) else { return };
    let columns = &t[low + key + KEY.len()..sep - 1];
    let from = sep + 2;
    if columns.contains(&b'\n') || text.is_shown(from) {
        return;
    }
    let near = &t[from..t.len().min(from + LONGEST)];
    let near = &near[..memchr::memchr(b'\n', near).unwrap_or(near.len())];
    let Some(len) = SAID.iter().find_map(|s| memchr::memmem::find(near, s)) else { return };
    let values = &near[..len];
    let count = parts(columns).count();
    if count == 1 {
        return take(text, found, sep, columns, (from, from + len));
    }
    // A value with a comma tells no column its value.
    if parts(values).count() != count {
        return;
    }
    let mut at = from;
    for (column, value) in parts(columns).zip(parts(values)) {
        take(text, found, sep, column, (at, at + value.len()));
        at += value.len() + 1;
    }
}

/// How PostgreSQL begins the detail of a key.
const KEY: &[u8] = b"Key (";

/// What it says of the key behind its values.
const SAID: [&[u8]; 4] = [b") already exists", b") is not present", b") is still referenced", b") conflicts with"];

fn parts(v: &[u8]) -> impl Iterator<Item = &[u8]> {
    v.split(|b| *b == b',')
}

fn take(text: &Text<'_>, found: &mut Found<'_>, sep: usize, column: &[u8], span: (usize, usize)) {
    let name = name(column);
    let class = text.registry.class(found.memo.classify(text.registry, name, name.len(), name.len()));
    if let Some((entity, shape)) = class.entity {
        keyed::accept(text, found, entity, shape, sep, span, false);
    }
}

/// The column in `lower((phone)::text)`.
fn name(column: &[u8]) -> &[u8] {
    let open = memchr::memrchr(b'(', column).map_or(0, |i| i + 1);
    let v = column[open..].trim_ascii();
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'$' | 0x80..);
    let v = v.strip_prefix(b"\"").unwrap_or(v);
    &v[..v.iter().take_while(|b| sign(b)).count()]
}
