//! Digits in groups: `138 0013 8000`, `0755-26554321`, `6222 0000 0000 0000`, `35-209900-176148-1`, `+86 10 6255 1234`.

use super::{Found, Skip, Text, american, iban, numbered};
use crate::detect::check::{card, cn_id, imei, phone};
use crate::detect::keys::Exempt;
use crate::detect::scan::kind;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// Most groups in one run that are looked at.
const GROUPS: usize = 12;

/// Confirms grouped numbers, then international ones.
#[inline(always)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let (mut skip, mut plain, mut dashed) = (Skip::new(text.regions), Skip::new(text.regions), Skip::new(text.regions));
    let mut done = 0;
    for &p in text.scan.events.of(kind::GROUPS) {
        let p = p as usize;
        if p < done || found.settled.takes(p) {
            continue;
        }
        if let Some(end) = numbered::printed(text, found, &mut dashed, p) {
            done = end;
            continue;
        }
        if matches!(text.before(p - 3), b'-' | b'.')
            && let Some(end) = american::number(text, found, &mut plain, p)
        {
            done = end;
            continue;
        }
        let run = Run::around(text, p, done);
        done = run.end.max(done);
        // Blanks may part the groups in front of an escaped region from those inside: the first group decides who looks.
        if !skip.covers(run.groups[0].0) {
            if let Some(end) = iban::printed(text, found, run.groups[0].0) {
                done = done.max(end);
                continue;
            }
            if !security_id(text, found, &run) {
                confirm(text, found, &run);
            }
        }
    }
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::PLUS) {
        let p = p as usize;
        if text.bytes[p] != b'0' && !skip.covers(p) {
            international(text, found, p);
        }
    }
}

/// A run of digit groups with single separators.
struct Run {
    groups: [(usize, usize); GROUPS],
    count: usize,
    end: usize,
}

impl Run {
    fn around(text: &Text<'_>, p: usize, floor: usize) -> Run {
        let t = text.bytes;
        let mut s = p;
        while s > floor && p - s < 40 {
            let b = t[s - 1];
            // Forms write a blank as a plus sign.
            let single = matches!(b, b' ' | b'-' | b')' | b'(' | b'+') && t[s].is_ascii_digit();
            let bracket = matches!(b, b'(') || b == b' ' && t[s] == b'(';
            if !(b.is_ascii_digit()
                || single && s > 1 && matches!(t[s - 2], b'0'..=b'9' | b')')
                || bracket && t[s].is_ascii_digit())
            {
                break;
            }
            s -= 1;
        }
        let mut run = Run { groups: [(0, 0); GROUPS], count: 0, end: s };
        let mut i = s;
        while run.count < GROUPS && i < t.len() {
            if run.count == 0 && matches!(t[i], b'(' | b' ' | b'-' | b')') {
                i += 1;
                continue;
            }
            let n = t[i..].iter().take(20).take_while(|b| b.is_ascii_digit()).count();
            if n == 0 {
                break;
            }
            run.groups[run.count] = (i, i + n);
            run.count += 1;
            run.end = i + n;
            i += n;
            let sep = t[i..].iter().take(2).take_while(|b| matches!(b, b' ' | b'-' | b')' | b'+')).count();
            if sep == 0 || sep == 2 && t[i] != b')' {
                break;
            }
            i += sep;
        }
        run
    }

    fn len(&self, i: usize) -> usize {
        if i < self.count { self.groups[i].1 - self.groups[i].0 } else { 0 }
    }

    fn lens_are(&self, i: usize, lens: &[usize]) -> bool {
        i + lens.len() <= self.count && lens.iter().enumerate().all(|(k, &n)| self.len(i + k) == n)
    }

    /// Digits of `n` groups from `i` on.
    fn digits(&self, t: &[u8], i: usize, n: usize) -> ([u8; 24], usize) {
        let mut out = [0; 24];
        let mut len = 0;
        for &(s, e) in &self.groups[i..i + n] {
            for &b in &t[s..e] {
                if len < out.len() {
                    out[len] = b;
                    len += 1;
                }
            }
        }
        (out, len)
    }
}

/// `S-1-5-21-397955417-626881126-188441444-1001`: an account of Windows; smaller last numbers are those of every domain ([MS-DTYP]
/// section 2.4.2.4).
#[inline(always)]
fn security_id(text: &Text<'_>, found: &mut Found<'_>, run: &Run) -> bool {
    let (first, last) = (run.groups[0].0, run.groups[6]);
    let domain = run.count == 7 && text.before(first) == b'-' && text.bytes[..first + 7].ends_with(b"S-1-5-21-");
    if domain && last.1 - last.0 > 3 && !text.before(first - 2).is_ascii_alphanumeric() {
        found.push(first - 2, last.1, e::USER_ID, RuleId::Grouped, Confidence::Checked);
    }
    domain
}

fn confirm(text: &Text<'_>, found: &mut Found<'_>, run: &Run) {
    let mut i = 0;
    while i < run.count {
        i += at(text, found, run, i).max(1);
    }
}

/// Tries every pattern at group `i`; returns how many groups it took.
fn at(text: &Text<'_>, found: &mut Found<'_>, run: &Run, i: usize) -> usize {
    let t = text.bytes;
    for lens in [&[3, 4, 4][..], &[3, 8], &[7, 4], &[3, 3, 5], &[3, 5, 3]] {
        if run.lens_are(i, lens) && phone_at(text, found, run, i, lens) {
            return lens.len();
        }
    }
    if landline(text, found, run, i) {
        return 2;
    }
    for n in [5, 4] {
        if run.lens_are(i, &[4, 4, 4]) && i + n <= run.count && (1..=4).contains(&run.len(i + 3)) {
            let (d, len) = run.digits(t, i, n);
            if card::pan(&d[..len]) && take(text, found, run, i, n, e::CARD) {
                return n;
            }
        }
    }
    if run.lens_are(i, &[4, 4, 4]) && numbered::behind_word(text, found, run.groups[i].0, run.groups[i + 2].1) {
        return 3;
    }
    for lens in [&[2, 6, 6, 1][..], &[6, 2, 6, 1], &[8, 6, 1]] {
        if run.lens_are(i, lens) {
            let (d, len) = run.digits(t, i, lens.len());
            if imei::imei(&d[..len]) && take(text, found, run, i, lens.len(), e::IMEI) {
                return lens.len();
            }
        }
    }
    identity(text, found, run, i)
}

/// `110105 19491231 002X`, `110105 1949 1231 002X`.
fn identity(text: &Text<'_>, found: &mut Found<'_>, run: &Run, i: usize) -> usize {
    let t = text.bytes;
    for (lens, n) in [(&[6, 8, 4][..], 3), (&[6, 8, 3], 3), (&[6, 4, 4, 4], 4), (&[6, 4, 4, 3], 4)] {
        if !run.lens_are(i, lens) {
            continue;
        }
        let (mut d, mut len) = run.digits(t, i, n);
        let end = run.groups[i + n - 1].1;
        let mut tail = 0;
        if len == 17 && matches!(text.at(end), b'x' | b'X') {
            d[17] = b'X';
            len = 18;
            tail = 1;
        }
        if cn_id::resident18(&d[..len]) && free(text, run.groups[i].0, end + tail) {
            found.push(run.groups[i].0, end + tail, e::ID_RESIDENT, RuleId::Grouped, Confidence::Checked);
            return n;
        }
    }
    0
}

/// True when nothing joins the span to letters or digits beside it.
pub fn free(text: &Text<'_>, s: usize, end: usize) -> bool {
    let (l, r) = (text.before(s), text.at(end));
    // A dash or dot that joins it to more letters or digits makes it a part of something longer.
    let joined = |mark: u8, next: u8| matches!(mark, b'-' | b'.') && next.is_ascii_alphanumeric();
    let touched = l.is_ascii_alphanumeric() || r.is_ascii_alphanumeric();
    let part = (s >= 2 && joined(l, text.at(s - 2))) || joined(r, text.at(end + 1));
    !touched && !part
}

/// True when numbers stand on both sides of the groups of digits `s..end` with blanks between, and none of these is a part of a telephone
/// number itself: `0 138 15912345 12345` in a table.
#[inline(never)]
fn in_columns(t: &[u8], s: usize, end: usize) -> bool {
    // Where tabs part the columns, blanks part the groups of one.
    let blank = |b: &&u8| **b == b' ';
    let (head, rest) = (&t[s.saturating_sub(COLUMN)..s], &t[end..t.len().min(end + COLUMN)]);
    let gap = (head.iter().rev().take_while(blank).count(), rest.iter().take_while(blank).count());
    let (head, rest) = (&head[..head.len() - gap.0], &rest[gap.1..]);
    let digits = |b: &&u8| b.is_ascii_digit();
    let (before, after) = (head.iter().rev().take_while(digits).count(), rest.iter().take_while(digits).count());
    let whole = |next: Option<&u8>| next.is_none_or(|b| b.is_ascii_whitespace());
    gap.0 > 0
        && gap.1 > 0
        && !matches!(before, 0 | 4 | 8 | 11)
        && !matches!(after, 0 | 3 | 11)
        && whole(head[..head.len() - before].last())
        && whole(rest.get(after))
        && t[s..end].iter().all(|b| b.is_ascii_digit() || *b == b' ')
}

/// Longest column with its blanks.
const COLUMN: usize = 32;

/// A mobile number; a country code in the group before it belongs to it.
fn phone_at(text: &Text<'_>, found: &mut Found<'_>, run: &Run, i: usize, lens: &[usize]) -> bool {
    let t = text.bytes;
    let n = lens.len();
    let (d, len) = run.digits(t, i, n);
    if len != 11 || !phone::mobile_shape(&d[..11]) {
        return false;
    }
    let (mut s, end) = (run.groups[i].0, run.groups[i + n - 1].1);
    if i > 0 && matches!(&t[run.groups[i - 1].0..run.groups[i - 1].1], b"86" | b"0086" | b"086") {
        s = run.groups[i - 1].0;
    }
    // A plus sign behind a word is a blank of a query string.
    if text.before(s) == b'+' && !(s >= 2 && t[s - 2].is_ascii_alphanumeric()) {
        s -= 1;
    }
    if text.before(s) == b'(' && t[s..end].contains(&b')') {
        s -= 1;
    }
    let left = text.left_key(found.memo, s);
    let keyed = left.class.has_shape(&[Shape::Phone]);
    // No time is written in groups of three, four and four.
    let exempt = match left.class.exempt {
        Exempt::No => false,
        Exempt::Time => lens != [3, 4, 4],
        _ => true,
    };
    let column = || lens == [3, 8] && t[s] != b'+' && in_columns(t, s, end);
    if !free(text, s, end) || !keyed && (!phone::mobile_assigned(&d[..11]) || exempt || column()) {
        return false;
    }
    found.push(s, end, e::PHONE_MOBILE_CN, RuleId::Grouped, Confidence::Context);
    true
}

/// `0755-26554321-801`, `(010)62551234`, `010 6255 1234`.
fn landline(text: &Text<'_>, found: &mut Found<'_>, run: &Run, i: usize) -> bool {
    let t = text.bytes;
    let group = |k: usize| &t[run.groups[k].0..run.groups[k].1];
    if i + 1 >= run.count || t[run.groups[i].0] != b'0' {
        return false;
    }
    let mut n = 2;
    let (d, len) = run.digits(t, i + 1, 1);
    let mut ok = phone::landline(group(i), &d[..len]);
    if !ok && run.lens_are(i + 1, &[4, 4]) {
        let (d, len) = run.digits(t, i + 1, 2);
        ok = phone::landline(group(i), &d[..len]);
        n = 3;
    }
    let (mut s, mut end) = (run.groups[i].0, run.groups[i + n - 1].1);
    if !ok || text.left_key(found.memo, s).class.exempt != Exempt::No {
        return false;
    }
    if text.before(s) == b'(' && text.at(run.groups[i].1) == b')' {
        s -= 1;
    }
    end += extension(&t[end..]);
    if !free(text, s, end) || t[s..end].contains(&b' ') && in_columns(t, s, end) {
        return false;
    }
    found.push(s, end, e::PHONE_FIXED_CN, RuleId::Grouped, Confidence::Context);
    true
}

/// Length of `-801`, `转801`, `ext.801`, `#801`.
fn extension(v: &[u8]) -> usize {
    for mark in ["-", "转", " ext.", "ext.", " ext ", "#", "x"] {
        if let Some(rest) = v.strip_prefix(mark.as_bytes()) {
            let n = rest.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
            if (2..=6).contains(&n) && !rest.get(n).is_some_and(u8::is_ascii_alphanumeric) {
                return mark.len() + n;
            }
        }
    }
    0
}

fn take(text: &Text<'_>, found: &mut Found<'_>, run: &Run, i: usize, n: usize, id: EntityId) -> bool {
    let (s, end) = (run.groups[i].0, run.groups[i + n - 1].1);
    let exempt = !matches!(text.left_key(found.memo, s).class.exempt, Exempt::No | Exempt::Time);
    if !free(text, s, end) || exempt {
        return false;
    }
    found.push(s, end, id, RuleId::Grouped, Confidence::Checked);
    true
}

/// `+86 138 0013 8000`, `+1 (202) 555-0143`, `(+86)13800138000`: E.164 after a plus sign.
fn international(text: &Text<'_>, found: &mut Found<'_>, first: usize) {
    let t = text.bytes;
    let mut s = first - 1;
    if text.before(s).is_ascii_alphanumeric() || matches!(text.before(s), b'/' | b'+' | b'=') && base64(text, s) {
        return;
    }
    if text.before(s) == b'(' {
        s -= 1;
    }
    let mut d = [0u8; 15];
    let (mut len, mut end, mut i) = (0, first, first);
    // Where the number may end before a blank: another number may follow.
    let (mut stops, mut count) = ([(0, 0); 8], 0);
    while i < t.len() && len < 15 {
        match t[i] {
            b @ b'0'..=b'9' => {
                d[len] = b;
                len += 1;
                end = i + 1;
            }
            b @ (b' ' | b'-' | b'.' | b'(' | b')' | b'+') if i < end + 3 && (i == end || t[i - 1] != b) => {
                if matches!(b, b' ' | b'+') && i == end && count < stops.len() {
                    stops[count] = (len, end);
                    count += 1;
                }
            }
            _ => break,
        }
        i += 1;
        if len == 13 && d.starts_with(b"861") {
            break;
        }
    }
    let whole = Some((len, end)).filter(|_| !text.at(end).is_ascii_alphanumeric());
    let ends = whole.into_iter().chain(stops[..count].iter().rev().copied());
    for (len, end) in ends {
        if let Some((id, sure)) = dialled(&d[..len]) {
            let end = end + extension(&t[end..]);
            found.push(s, end, id, RuleId::International, sure);
            return;
        }
    }
}

/// What the digits behind a plus sign are.
fn dialled(digits: &[u8]) -> Option<(EntityId, Confidence)> {
    if digits.starts_with(b"86") && phone::mobile_shape(&digits[2..]) {
        Some((e::PHONE_MOBILE_CN, Confidence::Checked))
    } else if digits.strip_prefix(b"86").is_some_and(cn_fixed) {
        Some((e::PHONE_FIXED_CN, Confidence::Checked))
    } else {
        phone::e164(digits).then_some((e::PHONE_INTL, Confidence::Context))
    }
}

fn cn_fixed(rest: &[u8]) -> bool {
    let rest = rest.strip_prefix(b"0").unwrap_or(rest);
    [2, 3].into_iter().any(|n| {
        rest.len() > n && {
            let mut area = [b'0'; 4];
            area[1..=n].copy_from_slice(&rest[..n]);
            phone::landline(&area[..=n], &rest[n..])
        }
    })
}

/// `+` is also a letter of base64: a run of twenty such letters around it is no text.
fn base64(text: &Text<'_>, at: usize) -> bool {
    let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let back = text.bytes[..at].iter().rev().take(20).take_while(|b| letter(b)).count();
    back >= 16
}
