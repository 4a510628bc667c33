//! Replacements, without the quotes and escapes of their places.

use super::action::{Action, read_ip};
use crate::detect::check::output::SUPPRESSED;
use crate::detect::check::scheme;
use crate::detect::hit::Hit;
use crate::model::well_known as e;
use crate::transform::canonical::IpBytes;
use crate::transform::mask::mask;
use crate::transform::pseudonym::{base32, surrogate};
use crate::transform::truncate::truncate;
use std::io::Write as _;
use std::net::IpAddr;

/// An IPv6 address that replaces an IPv4 one before `:port` needs brackets (RFC 3986 section 3.2.2).
#[inline]
pub(super) fn needs_brackets(block: &[u8], hit: &Hit) -> bool {
    let port = match &block[hit.end as usize..] {
        [b':', d, ..] => d.is_ascii_digit(),
        [b'%', b'3', b'A' | b'a', d, ..] => d.is_ascii_digit(),
        _ => false,
    };
    port && matches!(hit.entity, e::IP_V4 | e::IP_PRIVATE | e::IP_DOCUMENTATION)
        && hit.start.checked_sub(1).map(|i| block[i as usize]) != Some(b'[')
}

/// `203-0-113-7`: the address is a part of a host name.
pub(super) fn is_host_name(value: &[u8]) -> bool {
    value.iter().take(4).any(|b| *b == b'-')
}

/// Appends the replacement; false when the value can't take the transform.
pub(super) fn render(action: &Action, value: &[u8], tag: &[u8; 16], hit: &Hit, out: &mut Vec<u8>) -> bool {
    match action {
        Action::Keep => out.extend_from_slice(value),
        Action::Suppress => {
            // A credential keeps the name of its scheme.
            if hit.entity == e::CREDENTIAL {
                out.extend_from_slice(scheme::split(value).0);
            }
            out.extend_from_slice(SUPPRESSED);
        }
        Action::Mask(style) => return mask(*style, value, out).is_ok(),
        Action::Token { prefix, .. } => {
            out.extend_from_slice(&prefix.bytes[..prefix.len]);
            out.extend_from_slice(&base32(tag));
        }
        Action::Surrogate { .. } => {
            let at = out.len();
            out.extend_from_slice(&surrogate(tag));
            // A host name holds dashes, never colons.
            if is_host_name(value) {
                out[at..].iter_mut().filter(|b| **b == b':').for_each(|b| *b = b'-');
            }
        }
        Action::Truncate { v4, v6 } => return address(value, out, |ip| truncate(ip, *v4, *v6)),
        Action::Ipcrypt(cipher) => return address(value, out, |ip| cipher.encrypt(ip)),
        Action::NoKey | Action::Other(_) => return false,
    }
    true
}

fn address(value: &[u8], out: &mut Vec<u8>, f: impl Fn(IpAddr) -> IpAddr) -> bool {
    let ip = match read_ip(value) {
        Some(IpBytes::V4(a)) => IpAddr::from(a),
        Some(IpBytes::V6(a)) => IpAddr::from(a),
        None => return false,
    };
    let _ = write!(out, "{}", f(ip));
    true
}
