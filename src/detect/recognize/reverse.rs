//! Addresses in the names of the reverse tree of the DNS: `7.113.0.203.in-addr.arpa` (RFC 1035 section 3.5), nibbles before
//! `ip6.arpa` (RFC 3596 section 2.5).

use super::ipv4::entity_of;
use super::{Found, Text};
use crate::detect::check::ip;
use crate::model::{Confidence, RuleId, well_known as e};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Nibbles of a whole address.
const WHOLE: usize = 32;

/// Fewest nibbles that tell a site: /48.
const SITE: usize = 12;

/// True for what follows an address in reverse.
#[inline]
pub fn is_in_addr(rest: &[u8]) -> bool {
    rest.get(..13).is_some_and(|v| v.eq_ignore_ascii_case(b".in-addr.arpa"))
}

/// Reports the address that stands in reverse at `s..end`.
pub fn octets(found: &mut Found<'_>, s: usize, end: usize, mut a: [u8; 4]) {
    a.reverse();
    if let Some(id) = entity_of(ip::class_v4(a), e::IP_V4) {
        let from = found.aside.len();
        write!(found.aside, "{}", Ipv4Addr::from(a)).expect("a vector takes all");
        found.normalised(s, end, from, id, RuleId::Ipv4, Confidence::Checked).v4 = Some(a);
    }
}

/// Nibbles before the first event in a row of them.
const FIRST: usize = 5;

/// Reports the nibbles around the dot at `p`, the first event among them, when `ip6.arpa` follows; returns where they end.
pub fn nibbles(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> Option<usize> {
    let t = text.bytes;
    let nibble = |i: usize| t.get(i).is_some_and(u8::is_ascii_hexdigit);
    let mut s = p - 1;
    while s >= 2 && t[s - 1] == b'.' && nibble(s - 2) {
        s -= 2;
        if p - s >= 2 * FIRST {
            return None;
        }
    }
    let mut end = p;
    while end - s < 2 * WHOLE && nibble(end + 1) && text.at(end + 2) == b'.' {
        end += 2;
    }
    let n = (end - s).div_ceil(2);
    let front = text.before(s);
    let zone = t[end..].get(..9).is_some_and(|v| v.eq_ignore_ascii_case(b".ip6.arpa"));
    if !zone || !(SITE..=WHOLE).contains(&n) || front.is_ascii_alphanumeric() || matches!(front, b'.' | b'-' | b'_') {
        return None;
    }
    let mut bits = 0u128;
    for (i, at) in (s..end).step_by(2).enumerate() {
        let value = (t[at] as char).to_digit(16).unwrap_or(0);
        bits |= u128::from(value) << (4 * (WHOLE - n + i));
    }
    let a = bits.to_be_bytes();
    if let Some(id) = entity_of(ip::class_v6(&a), e::IP_V6) {
        let from = found.aside.len();
        write!(found.aside, "{}", Ipv6Addr::from(bits)).expect("a vector takes all");
        found.normalised(s, end, from, id, RuleId::Ipv6, Confidence::Checked);
    }
    Some(end)
}
