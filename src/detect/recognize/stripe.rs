//! What stands behind a card's number on its magnetic stripe (ISO/IEC 7813): the holder, the expiry, and data that let it be copied.

use super::{Found, Text};
use crate::model::{Confidence, RuleId, well_known as e};

/// Longest first track.
const TRACK: usize = 79;

/// Expiry and service code: shorter numbers are none of a track.
const SHORTEST: usize = 7;

/// True when the second track goes on at `end`: `=25121010000012345678`, `D2512...` where it is written in hexadecimal.
pub fn follows(text: &Text<'_>, end: usize) -> bool {
    matches!(text.at(end), b'=' | b'D') && digits(text, end + 1) >= SHORTEST
}

fn digits(text: &Text<'_>, from: usize) -> usize {
    text.bytes.get(from..).map_or(0, |v| v.iter().take(TRACK).take_while(|b| b.is_ascii_digit()).count())
}

/// Reports the rest of a track behind the number that ends at `end`.
pub fn behind(text: &Text<'_>, found: &mut Found<'_>, end: usize) {
    let from = end + 1;
    let to = match text.at(end) {
        b'=' | b'D' if follows(text, end) => from + digits(text, from),
        b'^' => {
            let rest = &text.bytes[from..];
            let len = rest.iter().take(TRACK).take_while(|b| **b >= b' ' && !matches!(b, b'?' | b'"' | b'\\')).count();
            if !rest[..len].contains(&b'^') {
                return;
            }
            from + len
        }
        _ => return,
    };
    found.push(from, to, e::CODE, RuleId::Digits, Confidence::Checked);
}
