//! International bank account numbers as they are printed, in groups of four: `GB82 WEST 1234 5698 7654 32`.

use super::{Found, Text};
use crate::detect::check::iban;
use crate::model::{Confidence, RuleId, well_known as e};

/// Most bytes before a group of digits that belong to its number: of Malta's there are two groups and a letter.
const BEFORE: usize = 16;

/// Takes the number that the digits at `p` belong to; where it ends.
#[inline]
pub fn printed(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> Option<usize> {
    let t = text.bytes;
    let capital = |i: usize| t.get(i).is_some_and(u8::is_ascii_uppercase);
    let joined = p > 0 && (capital(p - 1) || p > 1 && matches!(t[p - 1], b' ' | b'-') && capital(p - 2));
    if joined { groups(text, found, p) } else { None }
}

#[inline(never)]
fn groups(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> Option<usize> {
    let t = text.bytes;
    let begins = |s: &usize| {
        let [a, b, c, d, sep] = *t[*s..].first_chunk().unwrap_or(&[0; 5]);
        let country = a.is_ascii_uppercase() && b.is_ascii_uppercase();
        country && c.is_ascii_digit() && d.is_ascii_digit() && matches!(sep, b' ' | b'-')
    };
    let alone = |s: &usize| !text.before(*s).is_ascii_alphanumeric();
    let start = (p.saturating_sub(BEFORE)..p).rev().find(|s| begins(s) && alone(s))?;
    let (mut number, mut n) = ([0; iban::LONGEST], 0);
    let (sep, len) = (t[start + 4], iban::length(&t[start..start + 2])?);
    let mut i = start;
    while n < len {
        let b = text.at(i);
        if (i - start) % 5 == 4 {
            if b != sep {
                return None;
            }
        } else if b.is_ascii_uppercase() || b.is_ascii_digit() {
            (number[n], n) = (b, n + 1);
        } else {
            return None;
        }
        i += 1;
    }
    if i <= p || text.at(i).is_ascii_alphanumeric() || !iban::valid(&number[..n]) {
        return None;
    }
    found.push(start, i, e::IBAN, RuleId::Digits, Confidence::Checked);
    Some(i)
}
