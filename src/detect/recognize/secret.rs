//! Secrets that show themselves: JSON Web Tokens (RFC 7519), keys whose issuers begin them with a mark of their own, private keys.

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
    marked(text, found);
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
        let named = t[p - 1] == b' ' && p >= 7 && t[p - 7..p - 1].eq_ignore_ascii_case(b"bearer");
        if !named || skip.covers(p) {
            continue;
        }
        let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        let len = t[p..].iter().take_while(|b| sign(b)).count();
        let v = &t[p..p + len];
        if len >= BEARER && v.iter().any(u8::is_ascii_digit) && !output::is(v) {
            found.push(p, p + len, e::TOKEN, RuleId::Credential, Confidence::Context);
        }
    }
}

/// How issuers begin their keys, and how long these are: as their documentation and secret scanners publish it.
const MARKS: &[(&[u8], usize, usize)] = &[
    // Amazon, Aliyun, Tencent Cloud, JD Cloud, Google.
    (b"AKIA", 20, 20),
    (b"ASIA", 20, 20),
    (b"LTAI", 16, 30),
    (b"AKID", 36, 36),
    (b"JDC_", 24, 64),
    (b"AIza", 39, 39),
    // GitHub, GitLab, npm, PyPI.
    (b"ghp_", 40, 255),
    (b"gho_", 40, 255),
    (b"ghu_", 40, 255),
    (b"ghs_", 40, 255),
    (b"ghr_", 40, 255),
    (b"github_pat_", 40, 255),
    (b"glpat-", 26, 255),
    (b"npm_", 40, 40),
    (b"pypi-", 40, 255),
    // Slack, Stripe, OpenAI, Anthropic, Hugging Face, DigitalOcean, Shopify.
    (b"xoxb-", 30, 255),
    (b"xoxp-", 30, 255),
    (b"xoxa-", 30, 255),
    (b"xoxr-", 30, 255),
    (b"xoxs-", 30, 255),
    (b"sk_live_", 24, 255),
    (b"rk_live_", 24, 255),
    (b"sk_test_", 24, 255),
    (b"rk_test_", 24, 255),
    (b"sk-proj-", 40, 255),
    (b"sk-ant-", 40, 255),
    (b"sk-", 40, 60),
    (b"hf_", 37, 37),
    (b"dop_v1_", 71, 71),
    (b"shpat_", 38, 38),
];

/// Bytes that marks begin with: most tokens need no more than a look at their first.
static FIRST: [bool; 256] = {
    let mut t = [false; 256];
    let mut i = 0;
    while i < MARKS.len() {
        t[MARKS[i].0[0] as usize] = true;
        i += 1;
    }
    t
};

/// Longest key of a mark.
const LONGEST: usize = 255;

/// Keys that begin with a mark of their issuer.
fn marked(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::TOKEN) {
        let p = p as usize;
        if p <= done || skip.covers(p) {
            continue;
        }
        let near = &t[p - text.scan.maps.keychars.run_before(p)..p];
        let near = &near[near.iter().rposition(|&b| !is_token(b)).map_or(0, |i| i + 1)..];
        if !near.first().is_some_and(|b| FIRST[usize::from(*b)]) {
            continue;
        }
        let Some(&(_, least, most)) = MARKS.iter().find(|m| near.starts_with(m.0)) else { continue };
        let s = p - near.len();
        let len = t[s..].iter().take(LONGEST + 1).take_while(|&&b| is_token(b)).count();
        // `sk-some-long-name-of-something`
        let digits = least == most || t[s..s + len].iter().any(u8::is_ascii_digit);
        done = s + len;
        if (least..=most).contains(&len) && digits && !output::is(&t[s..s + len]) {
            found.push(s, s + len, e::TOKEN, RuleId::Document, Confidence::Checked);
        }
    }
}

fn is_token(b: u8) -> bool {
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
