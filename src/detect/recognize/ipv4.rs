//! IPv4 in dotted, zero-padded, dashed and reversed notation (RFC 791; IDENTIFIERS 2.1).

use super::{Found, Skip, Text, reverse, version};
use crate::detect::check::ip::{self, Class};
use crate::detect::scan::kind;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// Confirms third dots, then third dashes.
#[inline(always)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::DOTS) {
        let p = p as usize;
        if p < done || found.settled.takes(p) || skip.covers(p) {
            continue;
        }
        if p > 4
            && text.bytes[p - 2] == b'.'
            && text.bytes[p - 4] == b'.'
            && let Some(end) = reverse::nibbles(text, found, p)
        {
            done = end;
            continue;
        }
        if let Some(end) = dotted(text, found, p) {
            done = end;
        }
    }
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::WIDE) {
        let p = p as usize;
        if text.at(p) == b'-' && !skip.covers(p) {
            dashed(text, found, p);
        }
    }
}

/// The address that fills `start..end`, in plain dotted notation.
#[inline(always)]
pub fn dotted_quad(text: &Text<'_>, start: usize, end: usize) -> Option<[u8; 4]> {
    let v: &[u8; 16] = text.bytes.get(start..start + 16)?.first_chunk()?;
    let mut digits = text.scan.maps.digits.window(start);
    let (mut at, mut good) = (0, true);
    let mut out = [0; 4];
    for (i, octet) in out.iter_mut().enumerate() {
        let n = (!digits).trailing_zeros() as usize;
        let word = u32::from_le_bytes(*v.get(at..at + 4)?.first_chunk()?);
        // The digits, moved to the top; above them come zeros.
        let [_, hundreds, tens, ones] = (word << (8 * (4 - n.clamp(1, 4))) & 0x0F0F_0F0F).to_le_bytes();
        let value = u32::from(hundreds) * 100 + u32::from(tens) * 10 + u32::from(ones);
        good &= (1..=3).contains(&n) && value <= 255 && (i == 3 || word >> (8 * n.min(3)) & 0xFF == u32::from(b'.'));
        *octet = value as u8;
        at += n + usize::from(i < 3);
        digits >>= (n + 1) % 64;
    }
    (good && start + at == end).then_some(out)
}

/// Start and end of a plain address around its third dot; nothing when a closer look is needed.
#[inline(always)]
fn plain_bounds(text: &Text<'_>, third: usize) -> Option<(usize, usize)> {
    let maps = &text.scan.maps;
    let from = third.checked_sub(16)?;
    let (digits, dots) = (maps.digits.window(from), maps.dots.window(from));
    let run = (!((digits | dots) << 48)).leading_zeros() as usize;
    let behind = (!(digits >> 17)).trailing_zeros() as usize;
    let two = (dots << 48 >> 48 >> (16 - run.min(15))).count_ones() == 2;
    (two && run < 12 && behind <= 3 && dots >> (16 - run) & 1 == 0).then_some((third - run, third + 1 + behind))
}

/// Start and end of four groups of digits around the third mark.
fn bounds(t: &[u8], third: usize, mark: u8) -> Option<(usize, usize)> {
    let mut marks = 0;
    let mut s = third;
    while s > 0 {
        let b = t[s - 1];
        if b == mark {
            marks += 1;
            if marks > 2 {
                break;
            }
        } else if !b.is_ascii_digit() {
            break;
        }
        s -= 1;
    }
    let digits = t[third + 1..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    ((1..=3).contains(&digits) && t[s] != mark).then_some((s, third + 1 + digits))
}

/// Returns where the run of dotted numbers ends when later events inside it need no look.
#[inline(always)]
fn dotted(text: &Text<'_>, found: &mut Found<'_>, third: usize) -> Option<usize> {
    let t = text.bytes;
    let (s, end) = plain_bounds(text, third).or_else(|| bounds(t, third, b'.'))?;
    let (l, r) = (text.before(s), text.at(end));
    if l == b'.' && s >= 2 && t[s - 2].is_ascii_digit() {
        return Some(run_end(t, end));
    }
    if r == b'.' && text.at(end + 1).is_ascii_digit() {
        let all = run_end(t, end);
        if with_port(text, s, end, all) {
            push(found, s, end, ip::v4(&t[s..end])?, Confidence::Context);
        }
        return Some(all);
    }
    if l.is_ascii_alphanumeric() || r.is_ascii_digit() {
        if in_host_name(text, s, end) {
            push(found, s, end, ip::v4(&t[s..end])?, Confidence::Context);
        }
        return None;
    }
    let a = dotted_quad(text, s, end).or_else(|| ip::v4(&t[s..end]))?;
    if r == b'.' && reverse::is_in_addr(&t[end..]) {
        reverse::octets(found, s, end, a);
        return Some(end);
    }
    let left = text.left_key(found.memo, s);
    // Letters may touch the address only where a key has named it: `dst=10.0.0.7message: ...`.
    if r.is_ascii_alphabetic() && !(left.mark == b'=' && left.class.has_shape(&[Shape::Ip])) {
        return None;
    }
    if version::is(text, s, end, &left) {
        return Some(end);
    }
    let sure = if left.class.has_shape(&[Shape::Ip]) { Confidence::Keyed } else { Confidence::Checked };
    push(found, s, end, a, sure);
    Some(end)
}

fn push(found: &mut Found<'_>, s: usize, end: usize, a: [u8; 4], sure: Confidence) {
    if let Some(id) = entity_of(ip::class_v4(a), e::IP_V4) {
        found.push(s, end, id, RuleId::Ipv4, sure).v4 = Some(a);
    }
}

/// `IP 192.0.2.7.43436 > 198.51.100.3.22: ...`: tcpdump puts the port behind one more dot.
fn with_port(text: &Text<'_>, s: usize, end: usize, all: usize) -> bool {
    let t = text.bytes;
    let port = &t[end + 1..all];
    let front = t[..s].ends_with(b"IP ") || t[..s].ends_with(b"> ");
    front && matches!(port.len(), 1..=5) && port.iter().all(u8::is_ascii_digit) && matches!(text.at(all), b' ' | b':')
}

/// `host198.51.100.7.example.net`: a provider's word for a line of its own, then the address, then a domain.
fn in_host_name(text: &Text<'_>, s: usize, end: usize) -> bool {
    const WORDS: &[&str] =
        &["host", "ip", "dsl", "ppp", "pool", "dyn", "static", "cable", "client", "dhcp", "dial", "user"];
    let t = text.bytes;
    let word = t[..s].iter().rev().take(12).take_while(|b| b.is_ascii_lowercase()).count();
    let domain = text.at(end) == b'.' && text.at(end + 1).is_ascii_lowercase();
    domain && WORDS.iter().any(|w| t[s - word..s].ends_with(w.as_bytes()))
}

fn run_end(t: &[u8], from: usize) -> usize {
    from + t[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count()
}

/// `ip-10-0-0-1`, `host-203-0-113-7.example.net`: part of a host name.
fn dashed(text: &Text<'_>, found: &mut Found<'_>, third: usize) {
    let t = text.bytes;
    let Some((s, end)) = bounds(t, third, b'-') else { return };
    let (l, r) = (text.before(s), text.at(end));
    let domain = r == b'.' && text.at(end + 1).is_ascii_alphabetic();
    // `ec2-203-0-113-25.example.net`: the word before it may end with digits when a domain follows.
    let in_name = l == b'-' && s >= 2 && (t[s - 2].is_ascii_alphabetic() || domain && named(&t[..s - 1]))
        || domain && !l.is_ascii_alphanumeric() && l != b'-';
    if !in_name || r.is_ascii_alphanumeric() || r == b'-' && text.at(end + 1).is_ascii_digit() {
        return;
    }
    if let Some(id) = ip::v4(&t[s..end]).map(ip::class_v4).and_then(|c| entity_of(c, e::IP_V4)) {
        found.push(s, end, id, RuleId::Ipv4, Confidence::Context);
    }
}

/// The word at the end of `v` begins with a letter.
fn named(v: &[u8]) -> bool {
    let len = v.iter().rev().take(24).take_while(|b| b.is_ascii_alphanumeric()).count();
    v[v.len() - len..].first().is_some_and(u8::is_ascii_alphabetic)
}

/// Entity of an address class; surrogates are our own output and no finding.
pub fn entity_of(class: Class, public: EntityId) -> Option<EntityId> {
    Some(match class {
        Class::Public | Class::Multicast => public,
        Class::Private | Class::LinkLocal => e::IP_PRIVATE,
        Class::Documentation => e::IP_DOCUMENTATION,
        Class::Loopback | Class::Unspecified | Class::Broadcast | Class::Netmask => e::IP_SPECIAL,
        Class::Surrogate => return None,
    })
}
