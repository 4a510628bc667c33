//! Addresses that are written so that no program follows them: `203[.]0[.]113[.]7`, `alice [at] example [dot] com`.

use super::ipv4::entity_of;
use super::{Found, Skip, Text};
use crate::detect::check::{email, ip};
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, well_known as e};

/// Looks at every short word in brackets.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::FRAMED) {
        let p = p as usize;
        if p < done || !matches!(t[p], b']' | b')') || skip.covers(p) {
            continue;
        }
        // Its brackets are a pair, or it is none.
        let Some(open) = (2..5).filter_map(|n| p.checked_sub(n)).find(|&i| matches!(t[i], b'[' | b'(')) else {
            continue;
        };
        let end = match joint(&t[open..]) {
            (Mark::Dot, n) if open + n == p + 1 => address(text, found, open),
            (Mark::At, n) if open + n == p + 1 => mail(text, found, open, p + 1),
            _ => None,
        };
        done = end.unwrap_or(done);
    }
}

/// What a short word in brackets stands for.
#[derive(Debug, PartialEq, Eq)]
enum Mark {
    Dot,
    At,
    Other,
}

/// The mark at the front of `v`, and its length; a plain dot is one.
fn joint(v: &[u8]) -> (Mark, usize) {
    let close = match v.first() {
        Some(b'[') => b']',
        Some(b'(') => b')',
        Some(b'.') => return (Mark::Dot, 1),
        _ => return (Mark::Other, 0),
    };
    let Some(n) = v.iter().take(5).position(|b| *b == close) else { return (Mark::Other, 0) };
    let word = &v[1..n];
    let is = |sign: &[u8], name: &[u8]| word == sign || word.eq_ignore_ascii_case(name);
    match () {
        () if is(b".", b"dot") => (Mark::Dot, n + 1),
        () if is(b"@", b"at") => (Mark::At, n + 1),
        () => (Mark::Other, 0),
    }
}

/// An IPv4 address whose first dot in brackets begins at `open`; returns its end.
fn address(text: &Text<'_>, found: &mut Found<'_>, open: usize) -> Option<usize> {
    let t = text.bytes;
    let mut s = open - t[..open].iter().rev().take(12).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    while t[s] == b'.' {
        s += 1;
    }
    let from = found.aside.len();
    let mut i = s;
    for octet in 0..4 {
        let n = t[i..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
        found.aside.extend_from_slice(&t[i..i + n]);
        i += n;
        if let (Mark::Dot, n) = joint(&t[i..])
            && octet < 3
        {
            found.aside.push(b'.');
            i += n;
        }
    }
    let more = joint(&t[i..]).0 == Mark::Dot && t[i..].iter().take(6).any(u8::is_ascii_digit) && text.at(i) != b'.';
    let touched = text.before(s).is_ascii_alphanumeric() || text.at(i).is_ascii_alphanumeric() || more;
    let a = ip::v4(&found.aside[from..]).filter(|_| !touched);
    match a.and_then(|a| Some((a, entity_of(ip::class_v4(a), e::IP_V4)?))) {
        Some((a, id)) => {
            found.normalised(s, i, from, id, RuleId::Ipv4, Confidence::Checked).v4 = Some(a);
            Some(i)
        }
        None => {
            found.aside.truncate(from);
            None
        }
    }
}

/// Longest local part (RFC 5321 section 4.5.3.1.1), and most labels of a domain that are read.
const LOCAL: usize = 64;
const LABELS: usize = 8;

/// An e-mail address around the mark at `open..close`; returns its end.
fn mail(text: &Text<'_>, found: &mut Found<'_>, open: usize, close: usize) -> Option<usize> {
    let t = text.bytes;
    let blank = |i: usize| usize::from(text.at(i) == b' ');
    let stop = open - usize::from(text.before(open) == b' ');
    let mut s = stop;
    // `first[dot]last[at]...`
    for _ in 0..LABELS {
        let floor = s.saturating_sub(LOCAL);
        s = floor + email::local_start(&t[floor..s]);
        match (3..6).filter_map(|n| s.checked_sub(n)).find(|&i| joint(&t[i..s]) == (Mark::Dot, s - i)) {
            Some(dot) => s = dot,
            None => break,
        }
    }
    let from = found.aside.len();
    plain(&t[s..stop], found.aside);
    let local = found.aside.len() - from;
    found.aside.push(b'@');
    let mut i = close + blank(close);
    let mut end = i;
    for _ in 0..LABELS {
        let n = t[i..].iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
        found.aside.extend_from_slice(&t[i..i + n]);
        end = i + n;
        i = end + blank(end);
        let (mark, len) = joint(&t[i..]);
        if n == 0 || mark != Mark::Dot || len == 1 && (i > end || !text.at(i + 1).is_ascii_alphanumeric()) {
            break;
        }
        found.aside.push(b'.');
        i += len;
        i += if len > 1 { blank(i) } else { 0 };
    }
    let domain = &found.aside[from + local + 1..];
    if local == 0 || local > LOCAL || domain.is_empty() || email::domain(domain) != domain.len() {
        found.aside.truncate(from);
        return None;
    }
    found.normalised(s, end, from, e::EMAIL, RuleId::Email, Confidence::Context);
    Some(end)
}

/// Appends `v` to `out` with plain dots.
fn plain(v: &[u8], out: &mut Vec<u8>) {
    let mut i = 0;
    while i < v.len() {
        let (mark, n) = joint(&v[i..]);
        if mark == Mark::Dot {
            out.push(b'.');
            i += n;
        } else {
            out.push(v[i]);
            i += 1;
        }
    }
}
