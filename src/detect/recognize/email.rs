//! E-mail addresses (RFC 5321 dot-atoms; quoted local parts).

use super::{Found, Skip, Text, login};
use crate::detect::check::{email, output, placeholder};
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, well_known as e};
use std::ops::Range;

/// Longest local part that is looked at (RFC 5321 allows 64; bounce addresses are longer).
const LOCAL: usize = 128;

/// The machine itself, as the host of an account: `alice@localhost`.
const LOCALHOST: &[u8] = b"localhost";

/// Confirms every `@` behind a word.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let (mut done, mut cursor) = (0, 0);
    let mut slashes = Slashes::default();
    for &p in text.scan.events.of(kind::AT) {
        let p = p as usize;
        // An escaped quote ends no quoted local part: the decoded view shows what stands there.
        let escaped = p >= 2 && t[p - 2..p] == *b"\\\"";
        if skip.covers(p) || p < done || escaped || found.settled.takes_email(&mut cursor, p) {
            continue;
        }
        if text.at(p + 1) == b'H' && login::slow_query(text, found, p) {
            continue;
        }
        let from = p.saturating_sub(LOCAL).max(done);
        let slash = slashes.before(t, p);
        let url = slash.and_then(|slash| userinfo(t, (from, slash), p));
        let source = || data_source(t, from, p).or_else(|| oracle(t, (from, slash?), p));
        if let Some((user, password)) = url.or_else(source) {
            done = password.end;
            for (part, id) in [(user, e::ACCOUNT), (password, e::PASSWORD)] {
                if !placeholder::is(&t[part.clone()]) && !output::is(&t[part.clone()]) {
                    found.push(part.start, part.end, id, RuleId::Credential, Confidence::Checked);
                }
            }
            continue;
        }
        let start = from + email::local_start(&t[from..p]);
        let len = email::domain(&t[p + 1..(p + 260).min(t.len())]);
        // `email='alice@example.com'`: the apostrophe is a quote.
        let start = start + usize::from(len > 0 && text.at(start) == b'\'' && text.at(p + 1 + len) == b'\'');
        if start == p || len == 0 {
            if t[p + 1..].starts_with(LOCALHOST)
                && !text.at(p + 1 + LOCALHOST.len()).is_ascii_alphanumeric()
                && let Some((start, end)) = login::at_host(text, p).filter(|n| n.0 >= from)
            {
                found.push(start, end, e::ACCOUNT, RuleId::Words, Confidence::Context);
            }
            continue;
        }
        let end = p + 1 + len;
        // `git@host.org:path`, `ssh://git@host.org/path` name a repository; what logveil wrote before an `@` names nobody.
        let git = &t[start..p] == b"git" && (text.at(end) == b':' || t[..start].ends_with(b"://"));
        if git || output::is(&t[start..p]) {
            continue;
        }
        found.push(start, end, e::EMAIL, RuleId::Email, Confidence::Checked);
        done = end;
    }
}

/// Remembers the last slash, so that a text is searched once.
#[derive(Default)]
struct Slashes {
    last: Option<usize>,
    seen: usize,
}

impl Slashes {
    /// The last slash before `p`, which does not go down between calls.
    #[inline]
    fn before(&mut self, t: &[u8], p: usize) -> Option<usize> {
        if let Some(i) = memchr::memrchr(b'/', &t[self.seen..p]) {
            self.last = Some(self.seen + i);
        }
        self.seen = p;
        self.last
    }
}

/// Name and password of `scheme://name:password@host` (RFC 3986 section 3.2.1) around the `@` at `p`; `slash` is the last one
/// before it.
fn userinfo(t: &[u8], (from, slash): (usize, usize), p: usize) -> Option<(Range<usize>, Range<usize>)> {
    let delimits = |b: &u8| *b <= b' ' || matches!(b, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>');
    let start = slash + 1;
    if slash < from || !t[..start].ends_with(b"://") || t[start..p].iter().any(delimits) {
        return None;
    }
    let colon = start + t[start..p].iter().position(|&b| b == b':')?;
    // A password may hold an `@` itself.
    let rest = t[p..].iter().take(LOCAL).position(delimits).unwrap_or(LOCAL.min(t.len() - p));
    let end = t[p..p + rest].iter().rposition(|&b| b == b'@').map_or(p, |i| p + i);
    Some((start..colon, colon + 1..end))
}

/// Name and password of `name:password@tcp(host:3306)/db`, a data source of Go's driver for MySQL, around the `@` at `p`.
fn data_source(t: &[u8], from: usize, p: usize) -> Option<(Range<usize>, Range<usize>)> {
    let network = [&b"tcp("[..], b"unix(", b"tcp6("];
    if !network.iter().any(|n| t[p + 1..].starts_with(n)) {
        return None;
    }
    let delimits = |b: &u8| *b <= b' ' || matches!(b, b'"' | b'\'' | b'`' | b'=' | b'<' | b'>' | b'[' | b'(');
    let start = p - t[from..p].iter().rev().take_while(|b| !delimits(b)).count();
    let colon = start + t[start..p].iter().position(|&b| b == b':')?;
    Some((start..colon, colon + 1..p))
}

/// What stands before a name and password of Oracle's.
const ORACLE: &[&[u8]] = &[
    b"oracle:thin:",
    b"oracle:oci:",
    b"oracle:oci8:",
    b"sqlplus ",
    b"sqlcl ",
    b"sqlldr ",
    b"exp ",
    b"imp ",
    b"expdp ",
    b"impdp ",
    b"rman target ",
    b"userid=",
    b"connect ",
    b"CONNECT ",
    b"conn ",
];

/// Name and password of `jdbc:oracle:thin:name/password@host:1521:db`, `sqlplus name/password@db` around the `@` at `p`; `slash` is the last one before it.
fn oracle(t: &[u8], (from, slash): (usize, usize), p: usize) -> Option<(Range<usize>, Range<usize>)> {
    let sign = |b: &u8| *b > b' ' && !matches!(b, b':' | b'/' | b'"' | b'\'' | b'<' | b'>');
    if slash < from || slash + 1 == p || !t[slash + 1..p].iter().all(|b| sign(b) || *b == b':') {
        return None;
    }
    let start = slash - t[from..slash].iter().rev().take_while(|b| sign(b)).count();
    (start < slash && ORACLE.iter().any(|d| t[..start].ends_with(d))).then_some((start..slash, slash + 1..p))
}
