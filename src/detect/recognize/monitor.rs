//! Commands as Redis monitors them, each argument in quotes: `[0 127.0.0.1:52114] "AUTH" "..."`, `"HSET" "user:1" "password" "..."`.

use super::{Found, Text, keyed};
use crate::detect::check::output;
use crate::format::slot::BEGINS as TAG;

/// Most bytes between the command and a member that is looked at.
const REACH: usize = 256;

/// Commands whose arguments are members and their values.
const SETS: [&[u8]; 5] = [b"\"hset\" ", b"\"hmset\" ", b"\"hsetnx\" ", b"\"mset\" ", b"\"set\" "];

/// The password of `"AUTH" "alice" "..."` at or behind `p`.
pub fn auth(t: &[u8], p: usize) -> Option<(usize, usize)> {
    let head = t[..p].strip_suffix(b"\" \"")?;
    let command = |c: &&[u8]| head.len() >= c.len() && head[head.len() - c.len()..].eq_ignore_ascii_case(c);
    // A key may have that name, too.
    let auth = [&b"] \"auth"[..], b"\"2\" \"auth", b"\"3\" \"auth"].iter().any(command);
    if !auth && ![&b"\"requirepass"[..], b"\"masterauth"].iter().any(command) {
        return None;
    }
    let end = string(t, p)?;
    let second = t[end..].strip_prefix(b"\" \"").is_some_and(|v| auth && !v.starts_with(TAG));
    let (start, end) = if second { (end + 3, string(t, end + 3)?) } else { (p, end) };
    (end > start && !output::veils(&t[start..end])).then_some((start, end))
}

/// Takes the value at `p` of the member before it, when a command sets both; true when it did.
pub fn member(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    let t = text.bytes;
    let end = p - 3;
    let len = t[..end]
        .iter()
        .rev()
        .take(64)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        .count();
    if len == 0 || text.before(end - len) != b'"' {
        return false;
    }
    let class = text.registry.class(found.memo.classify(text.registry, t, len, end));
    let Some((entity, shape)) = class.entity else { return false };
    let low = end.saturating_sub(REACH);
    let Some(from) = memchr::memmem::rfind(&t[low..end - len], b"] \"").map(|n| low + n + 2) else { return false };
    let sets = SETS.iter().any(|c| t[from..].get(..c.len()).is_some_and(|v| v.eq_ignore_ascii_case(c)));
    let same = memchr::memchr(b'\n', &t[from..end]).is_none();
    match string(t, p).filter(|_| sets && same) {
        Some(to) => keyed::accept(text, found, entity, shape, end, (p, to), false).is_some(),
        None => false,
    }
}

/// Where the argument ends that begins at `from`.
fn string(t: &[u8], from: usize) -> Option<usize> {
    let near = &t[from..t.len().min(from + keyed::MAX_VALUE)];
    memchr::memchr2(b'"', b'\n', near).map(|n| from + n).filter(|&i| t[i] == b'"')
}
