//! Secrets that show themselves: JSON Web Tokens (RFC 7519), bearer tokens, private keys.

use super::{Found, Skip, Text};
use crate::detect::check::output;
use crate::detect::scan::kind;
use crate::format::base64;
use crate::model::{Confidence, RuleId, well_known as e};

/// Confirms every `eyJ`.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::JWT) {
        let p = p as usize;
        if p < 2 || p < done || t[p - 2..p] != *b"ey" || skip.covers(p) || is_token(text.before(p - 2)) {
            continue;
        }
        let s = p - 2;
        let end = s + t[s..].iter().take_while(|&&b| is_token(b) || b == b'.' || b == b'=').count();
        done = end;
        let mut parts = t[s..end].split(|&b| b == b'.');
        let header = parts.next().map_or(0, <[u8]>::len);
        let payload = parts.next().map_or(0, <[u8]>::len);
        if header >= 8 && payload >= 4 {
            found.push(s, end, e::JWT, RuleId::Jwt, Confidence::Checked);
        }
    }
    bearer(text, found);
}

/// Shortest token behind `Bearer` in running text.
const BEARER: usize = 12;

/// `["Authorization","Bearer 0123..."]`: the word says what follows (RFC 6750 section 2.1), whatever stands in front.
fn bearer(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::FRAMED) {
        let p = p as usize;
        if let Some(len) = basic(&t[p..]).filter(|_| t[p - 1] != b' ' && !skip.covers(p)) {
            found.push(p + BASIC.len(), p + BASIC.len() + len, e::CREDENTIAL, RuleId::Credential, Confidence::Checked);
            continue;
        }
        let named = t[p - 1] == b' ' && p >= 7 && t[p - 7..p - 1].eq_ignore_ascii_case(b"bearer");
        if !named || skip.covers(p) {
            continue;
        }
        let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        let len = t[p..].iter().take_while(|b| sign(b)).count();
        let v = &t[p..p + len];
        // `token_type=Bearer expires_in=3600`: only padding stands behind an equals sign of base64.
        let pair = memchr::memchr(b'=', v).is_some_and(|i| v[i..].iter().any(|b| *b != b'='));
        if len >= BEARER && v.iter().any(u8::is_ascii_digit) && !pair && !output::is(v) {
            found.push(p, p + len, e::TOKEN, RuleId::Credential, Confidence::Context);
        }
    }
}

/// The scheme of RFC 7617 in front of its credentials.
const BASIC: &[u8] = b"Basic ";

/// Length of the name and password behind the scheme that `v` begins with, in base64.
fn basic(v: &[u8]) -> Option<usize> {
    let v = v.strip_prefix(BASIC)?;
    let len = v.iter().take_while(|b| base64::is_sign(**b)).count();
    let pair = data_encoding::BASE64_NOPAD.decode(&v[..len]).ok()?;
    let padding = v[len..].iter().take(2).take_while(|b| **b == b'=').count();
    pair.contains(&b':').then_some(len + padding)
}

/// Letters, digits and the two marks of base64url (RFC 4648 section 5).
pub fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
}

/// How long a private key may be written.
const KEY: usize = 16 << 10;

/// The private key that five dashes before `from` begin (RFC 7468 section 10), when it stands in one line: with its line feeds
/// escaped or dropped; returns how far the look went.
pub fn private_key(text: &Text<'_>, found: &mut Found<'_>, from: usize) -> usize {
    let t = text.bytes;
    let label = &t[from..t.len().min(from + 64)];
    if !label.starts_with(b"BEGIN ") {
        return from;
    }
    // Lines are read apart from each other.
    let label = &label[..memchr::memchr(b'\n', label).unwrap_or(label.len())];
    let Some(n) = memchr::memmem::find(label, b"PRIVATE KEY-----") else { return from };
    let start = from + n + b"PRIVATE KEY-----".len();
    let body = &t[start..t.len().min(start + KEY)];
    let line = memchr::memchr_iter(b'\n', body).find(|&i| !text.is_escape(start + i)).unwrap_or(body.len());
    let string = memchr::memchr3(b'"', b'\'', b'<', &body[..line]).unwrap_or(line);
    // A key that was cut off ends with its signs.
    let sign = |b: &u8| base64::is_sign(*b) || matches!(b, b'=' | b'\\' | b' ' | b'\t' | b'\r' | b'\n');
    let ends = memchr::memmem::find(&body[..string], b"-----END")
        .unwrap_or_else(|| body[..string].iter().take_while(|b| sign(b)).count());
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == b'\\';
    let first = body[..ends].iter().take_while(|b| blank(b)).count();
    let last = ends - body[first..ends].iter().rev().take_while(|b| blank(b)).count();
    if last > first && !output::is(&body[first..last]) {
        found.push(start + first, start + last, e::PASSWORD, RuleId::Document, Confidence::Checked);
    }
    start + last
}
