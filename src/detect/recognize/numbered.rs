//! Numbers of states in running text: those that chance does not print so (`RSSMRA85E12H501Z`, `529.982.247-25`), and those behind
//! their word: `SSN 219-09-9999 not found`, `Aadhaar number 477448802372`, `TC Kimlik No: 10000000146`.

use super::{Found, Skip, Text, groups};
use crate::detect::check::{self, national, papers};
use crate::detect::keys::KeyClass;
use crate::detect::scan::kind;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// Looks at long numbers behind a blank, and at what has the length of a number with letters.
#[inline(always)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::DIGITS) {
        let p = p as usize;
        // Few stand behind a blank.
        let Some(&[a, b]) = p.checked_sub(13).and_then(|i| text.bytes[i..].first_chunk()) else { continue };
        if a != b' ' && b != b' ' {
            continue;
        }
        let len = text.scan.maps.digits.run_before(p);
        if (len == 11 || len == 12) && text.before(p - len) == b' ' && !skip.covers(p - len) {
            behind_word(text, found, p - len, p);
        }
    }
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::TOKEN) {
        let p = p as usize;
        let lettered = p > 17 && text.bytes[p - 4].is_ascii_digit() && text.bytes[p - 1].is_ascii_uppercase();
        if lettered && !text.before(p - 16).is_ascii_alphanumeric() && !skip.covers(p - 16) {
            letters(text, found, p - 16, p);
        } else if p > 17
            && matches!(text.bytes[p - 8], b'H' | b'M' | b'X')
            && text.bytes[p - 1].is_ascii_digit()
            && !text.before(p - 18).is_ascii_alphanumeric()
            && !skip.covers(p - 18)
        {
            letters(text, found, p - 18, p);
        }
    }
}

/// Italy's and Mexico's, whose letters, dates and check digits stand in places of their own.
#[inline(never)]
fn letters(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    let v = &text.bytes[s..end];
    if papers::lettered(v) && groups::free(text, s, end) && (national::checked(v) || word(text, found, s).is_some()) {
        found.push(s, end, e::NATIONAL_ID, RuleId::Digits, Confidence::Checked);
    }
}

/// Takes the digits whose groups end at `p` with a dash: `219-09-9999`, `529.982.247-25`; where they end.
#[inline(always)]
pub fn printed(text: &Text<'_>, found: &mut Found<'_>, skip: &mut Skip<'_>, p: usize) -> Option<usize> {
    let t = text.bytes;
    let dash = |n: usize| p >= n && t[p - n] == b'-';
    if dash(4) && dash(7) || dash(2) && t.get(p.wrapping_sub(6)) == Some(&b'.') {
        dashed(text, found, skip, p)
    } else {
        None
    }
}

#[inline(never)]
fn dashed(text: &Text<'_>, found: &mut Found<'_>, skip: &mut Skip<'_>, p: usize) -> Option<usize> {
    let (american, end) = (text.bytes[p - 4] == b'-', p + 1);
    let s = end.checked_sub(if american { 11 } else { 14 })?;
    if skip.covers(s) || !groups::free(text, s, end) {
        return None;
    }
    if american {
        let (id, shape) = word(text, found, s)?;
        if !given(&text.bytes[s..end]) || !matches!(shape, Shape::Ssn | Shape::StateNumber | Shape::PaperNumber) {
            return None;
        }
        found.push(s, end, id, RuleId::Grouped, Confidence::Context);
        return Some(end);
    }
    let v = &text.bytes[s..end];
    let form = v.iter().enumerate().all(|(i, b)| match i {
        3 | 7 => *b == b'.',
        11 => *b == b'-',
        _ => b.is_ascii_digit(),
    });
    (form && national::checked(v)).then(|| {
        found.push(s, end, e::NATIONAL_ID, RuleId::Grouped, Confidence::Checked);
        end
    })
}

/// True for a social security number that may be given (SSA, POMS RM 10201.035).
fn given(v: &[u8]) -> bool {
    check::named::ssn(v)
        && v[0] != b'9'
        && !matches!(&v[..3], b"000" | b"666")
        && &v[4..6] != b"00"
        && &v[7..] != b"0000"
}

/// Takes the digits when the word in front of them names their kind and they are one.
#[inline(never)]
pub fn behind_word(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let v = &text.bytes[s..end];
    if !(national::checked(v) || v.len() == 11 && papers::turkey(v)) || !groups::free(text, s, end) {
        return false;
    }
    let Some((id, _)) = word(text, found, s) else { return false };
    found.push(s, end, id, RuleId::Grouped, Confidence::Checked);
    true
}

/// Longest word.
const WORD: usize = 24;

/// What the word in front of the number at `s` names, when that is a number of people; `number`, `no` and a colon may stand between.
fn word(text: &Text<'_>, found: &mut Found<'_>, s: usize) -> Option<(EntityId, Shape)> {
    let t = text.bytes;
    let end = s.checked_sub(1).filter(|&i| t[i] == b' ')?;
    let end = end - usize::from(text.before(end) == b':');
    let start = |end: usize| {
        let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || *b >= 0x80;
        end - t[..end].iter().rev().take(WORD).take_while(|b| sign(b)).count()
    };
    let last = start(end);
    if let Some(named) = class(text, found, last, end) {
        return Some(named);
    }
    let blank = last.checked_sub(1).filter(|&i| t[i] == b' ')?;
    let first = start(blank);
    let numbered =
        [&b"number"[..], b"no", b"nr", b"num", b"numero"].iter().any(|w| t[last..end].eq_ignore_ascii_case(w));
    class(text, found, first, if numbered { blank } else { end })
}

fn class(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) -> Option<(EntityId, Shape)> {
    if start == end {
        return None;
    }
    let class: KeyClass = text.registry.class(found.memo.classify(text.registry, text.bytes, end - start, end));
    class.entity.filter(|x| {
        matches!(
            x.1,
            Shape::Ssn | Shape::NationalId | Shape::NationalIdChecked | Shape::StateNumber | Shape::PaperNumber
        )
    })
}
