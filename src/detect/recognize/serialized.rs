//! Strings of PHP's `serialize` and of its session files: `s:8:"password";s:7:"hunter2";`, `phone|s:11:"13800138000";`.

use super::{Found, Text, keyed};
use crate::detect::keys::Exempt;

/// Longest string that is taken by what it says of its length.
const LONGEST: usize = 4 * keyed::MAX_VALUE;

/// Takes the string whose type ends at the colon at `sep`, when it stands behind its key; where it ends.
#[inline(never)]
pub fn string(text: &Text<'_>, found: &mut Found<'_>, sep: usize) -> Option<usize> {
    let t = text.bytes;
    let head = t[..sep].strip_suffix(b"s")?;
    let end = head.strip_suffix(b"\";").or(head.strip_suffix(b"|"))?.len();
    let len = text.scan.maps.keychars.run_before(end);
    let class = text.registry.class(found.memo.classify(text.registry, t, len, end));
    let digits = t[sep + 1..].iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    let start = sep + digits + 3;
    if digits == 0 || t.get(start - 2..start) != Some(b":\"") {
        return None;
    }
    found.settled.exempt_behind(start - 2, class.exempt != Exempt::No);
    let (entity, shape) = class.entity?;
    let said = t[sep + 1..sep + 1 + digits].iter().fold(0, |n: usize, b| n.saturating_mul(10) + usize::from(b - b'0'));
    let closes = |at: &usize| t.get(*at) == Some(&b'"') && !t[start..*at].contains(&b'\n');
    // What was decoded has another length than it says.
    let near = &t[start..t.len().min(start + keyed::MAX_VALUE)];
    let end = Some(said).filter(|n| *n <= LONGEST).map(|n| start + n).filter(closes);
    let end = end.or_else(|| memchr::memchr2(b'"', b'\n', near).map(|n| start + n).filter(closes))?;
    keyed::accept(text, found, entity, shape, sep, (start, end), false).map(|_| end)
}
