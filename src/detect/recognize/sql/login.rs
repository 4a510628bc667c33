//! Accounts and passwords in statements and calls that log in or create a login: `IDENTIFIED WITH 'plugin' BY '...'`,
//! `sp_addlogin 'alice', '...'`, `db.auth("alice", "...")`, `define('DB_PASSWORD', '...')`.

use super::super::keyed::{self, MAX_VALUE};
use super::super::{Found, Text};
use super::{blanks, string_end, strip};
use crate::detect::check::output;
use crate::model::{Confidence, RuleId, Shape, well_known as e};

/// Bytes of a statement that are read before its password.
const STATEMENT: usize = 256;

/// Longest name of a plugin.
const PLUGIN: usize = 48;

/// The password that begins at `p` behind a quote, or without one as Oracle takes it, when a clause says so:
/// `IDENTIFIED WITH sha256_hash BY '...'`, `IDENTIFIED BY '...' REPLACE '...'`, `identified by values 'S:...'`.
pub fn clause(text: &Text<'_>, p: usize) -> Option<(usize, usize)> {
    let t = text.bytes;
    let head = &t[p.saturating_sub(STATEMENT)..p];
    let (start, end) = match text.before(p) {
        b'\'' | b'"' => {
            let head = head[..head.len() - 1].strip_suffix(b" ")?;
            let values = strip(head, b"identified by values").is_some();
            if !values && !is_plugin(head) && !replaces(text, head, p) {
                return None;
            }
            let mark = usize::from(values && matches!(t.get(p..p + 2), Some(b"S:" | b"T:" | b"H:"))) * 2;
            (p + mark, string_end(text, p - 1)?)
        }
        b' ' => (p, bare_end(text, head, p)?),
        _ => return None,
    };
    (end > start && !output::veils(&t[start..end])).then_some((start, end))
}

/// `IDENTIFIED WITH 'caching_sha2_password' BY`
fn is_plugin(head: &[u8]) -> bool {
    let Some(front) = strip(head, b" by").or_else(|| strip(head, b" as")) else { return false };
    let quote = |b: &u8| matches!(b, b'\'' | b'"' | b'`');
    let sign = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_' || quote(b);
    let n = front.iter().rev().take(PLUGIN).take_while(sign).count();
    n > 0 && strip(&front[..front.len() - n], b"identified with ").is_some()
}

/// `IDENTIFIED BY '...' REPLACE`: the first password ends where that word follows; the second one begins at `p`.
fn replaces(text: &Text<'_>, head: &[u8], p: usize) -> bool {
    let word = b" replace";
    let Some(front) = strip(head, word) else { return false };
    let by = b"identified by ";
    let Some(n) = front.windows(by.len()).rposition(|w| w.eq_ignore_ascii_case(by)) else { return false };
    // A blank and a quote stand before the second one.
    let (end, open) = (p - 2 - word.len(), p - 2 - word.len() - front.len() + n + by.len());
    open < end && matches!(text.at(open), b'\'' | b'"') && string_end(text, open) == Some(end - 1)
}

/// Where the bare password of Oracle ends: `alter user scott identified by ...`.
fn bare_end(text: &Text<'_>, head: &[u8], p: usize) -> Option<usize> {
    let front = strip(head, b" identified by ")?;
    let user = strip_word(front)?;
    strip(user, b"alter user").or_else(|| strip(user, b"create user"))?;
    let sign = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'#');
    let len = text.bytes[p..].iter().take(MAX_VALUE).take_while(sign).count();
    let v = &text.bytes[p..p + len];
    let word = [&b"values"[..], b"password", b"random", b"the", b"a"].iter().any(|w| v.eq_ignore_ascii_case(w));
    let ends = matches!(text.at(p + len), b' ' | b';' | b'\n' | b'\r' | b'"' | b'\'' | b')' | b'\\');
    (len > 0 && !word && ends).then_some(p + len)
}

/// What stands before the last word, which has no blank.
fn strip_word(v: &[u8]) -> Option<&[u8]> {
    let n = memchr::memrchr(b' ', v)?;
    Some(&v[..n])
}

/// `sp_addlogin 'alice', '...'` (SQL Server): the account begins at `p`; returns whether it is one.
pub fn procedure(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    let procedures = [&b"sp_addlogin "[..], b"sp_addlogin N"];
    let head = &text.bytes[..p - 1];
    procedures.iter().any(|w| strip(head, w).is_some()) && pair(text, found, p)
}

/// Calls whose arguments are an account and a password.
const CALLS: [&[u8]; 4] =
    [b".auth(", b"NetworkCredential(", b"UsernamePasswordCredentials(", b"UsernamePasswordAuthenticationToken("];

/// Takes the arguments of a call, the first string of which opens at `p`: `NetworkCredential("alice", "...")`,
/// `define('DB_PASSWORD', '...')`; returns whether it is one of these calls.
pub fn call(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    let head = &text.bytes[..p];
    if head.ends_with(b"define(") {
        return constant(text, found, p + 1);
    }
    CALLS.iter().any(|c| head.ends_with(c)) && pair(text, found, p + 1)
}

/// The account that begins at `p` and the password in the string behind it.
fn pair(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    let Some((end, start)) = second(text, p) else { return false };
    let Some(to) = string_end(text, start - 1) else { return false };
    keyed::accept(text, found, e::ACCOUNT, Shape::AccountName, p - 1, (p, end), false);
    password(text, found, (start, to));
    true
}

/// The value of a constant of PHP whose name begins at `p`.
fn constant(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    let Some((end, start)) = second(text, p) else { return false };
    let Some(to) = string_end(text, start - 1) else { return false };
    let id = found.memo.classify(text.registry, text.bytes, end - p, end);
    if let Some((entity, shape)) = text.registry.class(id).entity {
        keyed::accept(text, found, entity, shape, p - 1, (start, to), false);
    }
    true
}

/// A password that is no word of a manual: `auth("user", "password")`.
fn password(text: &Text<'_>, found: &mut Found<'_>, (start, end): (usize, usize)) {
    let v = &text.bytes[start..end];
    if v.len() >= 4 && !output::veils(v) && !v.eq_ignore_ascii_case(b"password") {
        found.push(start, end, e::PASSWORD, RuleId::Words, Confidence::Context);
    }
}

/// Where the string at `p` ends, and where the one behind it and a comma begins.
fn second(text: &Text<'_>, p: usize) -> Option<(usize, usize)> {
    let end = string_end(text, p - 1)?;
    let comma = blanks(text, end + 1);
    let next = blanks(text, comma + 1);
    let next = next + usize::from(text.at(next) == b'N');
    (text.at(comma) == b',' && matches!(text.at(next), b'\'' | b'"')).then_some((end, next + 1))
}
