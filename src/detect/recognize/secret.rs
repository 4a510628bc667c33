//! Secrets that show themselves: JSON Web Tokens (RFC 7519) and `Authorization` schemes (RFC 9110 section 11).

use super::{Found, Skip, Text};
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, well_known as e};

/// Confirms every `eyJ`.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::JWT) {
        let p = p as usize;
        if p < 2 || p < done || t[p - 2] != b'e' || skip.covers(p) || is_token(text.before(p - 2)) {
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
}

fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
}
