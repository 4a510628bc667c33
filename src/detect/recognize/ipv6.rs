//! IPv6 (RFC 4291 section 2.2, RFC 4007 zones) and hardware addresses with colons.

use super::{Found, Skip, Text, ipv4::entity_of};
use crate::detect::check::{ip, mac, output};
use crate::detect::keys::Exempt;
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, Shape, well_known as e};

/// Longest run that is looked at; longer ones (fingerprints) are no address.
const MAX_RUN: usize = 64;

/// Length of a surrogate address.
const SURROGATE: usize = 39;

/// Confirms hex/colon runs.
#[inline(always)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::COLONS) {
        let p = p as usize;
        if p < done || found.settled.takes(p) || skip.covers(p) {
            continue;
        }
        let (s, end) = extent(text.bytes, p, done);
        done = end;
        if end - s <= MAX_RUN {
            confirm(text, found, s, end);
        }
    }
}

fn in_run(b: u8) -> bool {
    b.is_ascii_hexdigit() || b == b':' || b == b'.'
}

fn extent(t: &[u8], p: usize, done: usize) -> (usize, usize) {
    let back = t[done..p].iter().rev().take_while(|b| in_run(**b)).count();
    let on = t[p..].iter().take_while(|b| in_run(**b)).count();
    (p - back, p + on)
}

fn confirm(text: &Text<'_>, found: &mut Found<'_>, mut s: usize, mut end: usize) {
    let t = text.bytes;
    let pair = |i: usize| text.at(i) == b':' && text.at(i + 1) == b':';
    while s < end && t[s] == b'.' {
        s += 1;
    }
    if s == end {
        return;
    }
    // `wlan0_00:00:5e:00:53:01`: an underscore ends a name where an address of some length follows.
    let named = text.before(s) == b'_' && t[s..end].iter().filter(|b| **b == b':').count() > 2;
    // A key and its colon, or punctuation behind the address, touch the run.
    if t[s] == b':' && !pair(s) {
        s += 1;
    } else if text.before(s).is_ascii_alphanumeric() || text.before(s) == b'_' && !named {
        // The run began inside a word: the word up to its colon is a key.
        match t[s..end].iter().position(|&b| b == b':') {
            Some(n) if !pair(s + n) => s += n + 1,
            _ => return,
        }
    }
    while end > s && matches!(t[end - 1], b'.' | b':') && !(end >= s + 2 && t[end - 1] == b':' && t[end - 2] == b':') {
        end -= 1;
    }
    let r = text.at(end);
    // What logveil wrote stays, whatever touches it.
    let ours = t.get(s..s + SURROGATE).is_some_and(output::is_surrogate);
    if end <= s || ours {
        return;
    }
    if r.is_ascii_alphanumeric() || r == b'_' {
        return touched(text, found, s, end, r);
    }
    // `23-Nov-2026::10:11:45`: Erlang parts a date from its time so.
    if s >= 7 && t[s..].get(4..6) == Some(b"::") && is_date(&t[s - 7..s + 4]) {
        return;
    }
    if !address(text, found, s, end) && !frame(text, found, s, end) {
        shorter(text, found, s, end);
    }
}

/// A word touches the run: `srcMac=00:00:5e:00:53:01dst=...` where the key says what it is, `fe80::20c:29ff:fef3:cf38_80`.
fn touched(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize, r: u8) {
    let t = text.bytes;
    if end - s >= 17 && mac::parse(&t[s..s + 17]).is_some_and(|m| !mac::placeholder(&m)) {
        let edge = end - s == 17 && r == b'_';
        if edge || text.left_key(found.memo, s).class.has_shape(&[Shape::Mac]) {
            found.push(s, s + 17, e::MAC, RuleId::Mac, Confidence::Keyed);
        }
    } else if r == b'_' && t[s..end].iter().filter(|b| **b == b':').count() > 3 {
        address(text, found, s, end);
    }
}

/// `23-Nov-2026`, or with a blank before a day of one digit.
fn is_date(v: &[u8]) -> bool {
    let letters = [3, 4, 5].iter().all(|i| v[*i].is_ascii_alphabetic());
    let digits = [1, 7, 8, 9, 10].iter().all(|i| v[*i].is_ascii_digit());
    letters && digits && v[2] == b'-' && v[6] == b'-'
}

/// A packet filter's `MAC=`: destination, source and type of the frame in one run of octets.
fn frame(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let octets = (end - s + 1) / 3;
    let shaped = (end - s) % 3 == 2 && octets > 6 && text.bytes[s..end].chunks(3).all(|g| g.len() == 2 || g[2] == b':');
    let keyed = shaped && text.left_key(found.memo, s).class.has_shape(&[Shape::Mac]);
    if keyed {
        found.push(s, end, e::MAC, RuleId::Mac, Confidence::Keyed);
    }
    keyed
}

/// A refused run may hold a right one: drop a leading word and colon, or a trailing port.
fn shorter(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    let t = text.bytes;
    // Seven octets and more are no hardware address with something in front or behind, but for the identifier of a DHCP client
    // (RFC 2132 section 9.14: 1 is Ethernet).
    if end - s == 20 && t[s..end].chunks(3).all(|g| g.len() == 2 || g[2] == b':') {
        if t[s..].starts_with(b"01:") {
            address(text, found, s + 3, end);
        }
        return;
    }
    let v = &t[s..end];
    let behind = v.iter().position(|&b| b == b':').filter(|&n| n > 0 && v.get(n + 1) != Some(&b':')).map(|n| s + n + 1);
    let before = v.iter().rposition(|&b| b == b':' || b == b'.').filter(|&n| n > 2 && v[n - 1] != b':').map(|n| s + n);
    match (behind, before) {
        // Nine groups: which end is no part of the address can't be told, so both go.
        (Some(from), Some(to)) if ip::v6(&t[from..end]).is_some() && ip::v6(&t[s..to]).is_some() => {
            let ours = ip::v6(&t[from..end]).is_some_and(|a| ip::class_v6(&a) == ip::Class::Surrogate);
            if !ours
                && address(text, found, s, to)
                && let Some(hit) = found.hits.last_mut().filter(|h| h.start as usize == s)
            {
                hit.end = end as u32;
            }
        }
        (from, to) => {
            let done = from.is_some_and(|from| address(text, found, from, end));
            if let Some(to) = to.filter(|_| !done) {
                address(text, found, s, to);
            }
        }
    }
}

fn address(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let t = text.bytes;
    let v = &t[s..end];
    if v.len() == 17
        && let Some(m) = mac::parse(v)
    {
        if !mac::placeholder(&m) && !is_ramp(v, text, found, s) {
            found.push(s, end, e::MAC, RuleId::Mac, Confidence::Checked);
        }
        return true;
    }
    if v.len() == 23 && v.chunks(3).all(|g| g.len() == 2 || g[2] == b':' && g[1] != b':') {
        return extended(text, found, s, end);
    }
    let Some(a) = ip::v6(v) else { return false };
    let keyed = text.left_key(found.memo, s).class.has_shape(&[Shape::Ip]);
    if !keyed && !plausible(v, text, s) {
        return true;
    }
    if let Some(id) = entity_of(ip::class_v6(&a), e::IP_V6) {
        let end = end + zone(&t[end..]);
        found.push(s, end, id, RuleId::Ipv6, if keyed { Confidence::Keyed } else { Confidence::Checked });
    }
    true
}

/// Eight octets: an EUI-64 that was made of a hardware address (RFC 4291 appendix A) or has its key; an address under the key of one.
/// Certificates number themselves so, too.
fn extended(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let (v, left) = (&text.bytes[s..end], text.left_key(found.memo, s));
    let made = v[9..15].eq_ignore_ascii_case(b"ff:fe:") || v[9..15].eq_ignore_ascii_case(b"ff:ff:");
    let zero = v.iter().all(|b| matches!(b, b'0' | b':'));
    if left.class.has_shape(&[Shape::Ip]) {
        found.push(s, end, e::IP_V6, RuleId::Ipv6, Confidence::Keyed);
    } else if left.class.exempt == Exempt::No && !zero && (made || left.class.has_shape(&[Shape::Mac])) {
        found.push(s, end, e::MAC, RuleId::Mac, Confidence::Shape);
    }
    true
}

/// `10:20:30:40:50:60` counts, it does not name a device.
fn is_ramp(v: &[u8], text: &Text<'_>, found: &mut Found<'_>, s: usize) -> bool {
    v.chunks(3).all(|g| g[0].is_ascii_digit() && g[1] == b'0')
        && !text.left_key(found.memo, s).class.has_shape(&[Shape::Mac])
}

/// Shapes that valid addresses share with scopes and fingerprints.
fn plausible(v: &[u8], text: &Text<'_>, s: usize) -> bool {
    let mut groups = 0;
    let mut pairs = 0;
    for g in v.split(|&b| b == b':').filter(|g| !g.is_empty()) {
        groups += 1;
        pairs += usize::from(g.len() == 2);
    }
    if groups == 8 && pairs == 8 {
        return false;
    }
    let digit = v.iter().any(u8::is_ascii_digit);
    groups >= 3 || groups >= 1 && digit && text.before(s) != b'$'
}

/// Length of `%zone` (RFC 4007), `%25zone` in URIs (RFC 6874). With another `%` behind it, it is no zone.
fn zone(v: &[u8]) -> usize {
    if v.first() != Some(&b'%') {
        return 0;
    }
    let n = v[1..].iter().take(18).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')).count();
    if n == 0 || n > 17 || v.get(n + 1) == Some(&b'%') { 0 } else { n + 1 }
}
