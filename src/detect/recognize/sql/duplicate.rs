//! Values of unique keys in messages of servers: `Duplicate entry 'alice' for key 'users.username'` (MySQL), `UNIQUE KEY constraint
//! 'UQ_Users_UserName'. ... The duplicate key value is (alice).` (SQL Server).

use super::super::keyed::{self, MAX_VALUE};
use super::super::{Found, Text};
use crate::detect::keys::KeyClass;
use memchr::memmem::{Finder, FinderRev};
use std::sync::LazyLock;

static FOR_KEY: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"' for key '"));
static INDEX: LazyLock<FinderRev<'_>> = LazyLock::new(|| FinderRev::new(b"' with unique index '"));
static CONSTRAINT: LazyLock<FinderRev<'_>> = LazyLock::new(|| FinderRev::new(b"constraint '"));

/// Longest name of a key.
const NAME: usize = 128;

/// Takes the value that begins at `p` when the name of its key tells what it is; returns whether this is such a message.
pub fn entry(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    let t = text.bytes;
    let (end, name) = if t[..p].ends_with(b"uplicate entry '") {
        let Some(n) = FOR_KEY.find(&t[p..t.len().min(p + MAX_VALUE)]) else { return true };
        let from = p + n + b"' for key '".len();
        (p + n, from)
    } else if t[..p].ends_with(b"uplicate key value is (") {
        let head = &t[p.saturating_sub(MAX_VALUE)..p];
        let near = |f: &FinderRev<'_>| f.rfind(head).map(|n| p - head.len() + n + f.needle().len());
        let Some(from) = near(&CONSTRAINT).or_else(|| near(&INDEX)) else { return true };
        let Some(n) = memchr::memchr2(b')', b'\n', &t[p..t.len().min(p + MAX_VALUE)]) else { return true };
        (p + n, from)
    } else {
        return false;
    };
    let line = memchr::memchr(b'\n', &t[name.min(p)..end.max(name)]).is_some();
    let len = t[name..].iter().take(NAME).position(|b| matches!(b, b'\'' | b'\n'));
    if let Some(len) = len.filter(|_| !line)
        && let Some((entity, shape)) = class(text, found, (name, name + len)).entity
    {
        keyed::accept(text, found, entity, shape, p - 1, (p, end), false);
    }
    true
}

/// What tools write around the names of columns to name a key.
const PREFIXES: [&[u8]; 10] =
    [b"uk_", b"uq_", b"ux_", b"un_", b"ix_", b"idx_", b"uni_", b"uniq_", b"unique_", b"index_"];
const SUFFIXES: [&[u8]; 8] = [b"_unique", b"_uniq", b"_uindex", b"_index", b"_idx", b"_key", b"_uk", b"_ix"];

/// Words of a table's name before that of the column.
const WORDS: usize = 3;

/// The class of the column whose key has this name: `users.ssn`, `sys_user.uk_username`, `users_email_unique`, `UQ_Users_UserName`.
fn class(text: &Text<'_>, found: &mut Found<'_>, (from, to): (usize, usize)) -> KeyClass {
    let t = text.bytes;
    let mut from = memchr::memrchr(b'.', &t[from..to]).map_or(from, |n| from + n + 1);
    let starts = |v: &[u8], w: &[u8]| v.get(..w.len()).is_some_and(|h| h.eq_ignore_ascii_case(w));
    let ends = |v: &[u8], w: &[u8]| v.len() > w.len() && v[v.len() - w.len()..].eq_ignore_ascii_case(w);
    from += PREFIXES.iter().find(|w| starts(&t[from..to], w)).map_or(0, |w| w.len());
    let to = to - SUFFIXES.iter().find(|w| ends(&t[from..to], w)).map_or(0, |w| w.len());
    for _ in 0..WORDS {
        let id = found.memo.classify(text.registry, t, to - from, to);
        let class = text.registry.class(id);
        let Some(n) = memchr::memchr(b'_', &t[from..to]).filter(|_| class.entity.is_none()) else { return class };
        from += n + 1;
    }
    KeyClass::default()
}
