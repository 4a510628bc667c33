//! Documents and images that show themselves by check digits or magic numbers: credit codes, vehicle numbers,
//! machine-readable zones, Hong Kong and Macao cards, photographs in base64.

use super::{Found, Skip, Text};
use crate::detect::check::{mrz, organisation, regional, vehicle};
use crate::detect::keys::Exempt;
use crate::detect::scan::kind;
use crate::format::base64;
use crate::model::{Confidence, EntityId, RuleId, well_known as e};

/// Confirms long tokens and bracketed digits.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::TOKEN) {
        let p = p as usize;
        if p > done && !skip.covers(p) {
            done = token(text, found, p, done);
        }
    }
    // Codes whose letters are all hexadecimal, or that have none.
    for k in [kind::HEXRUN, kind::DIGITS] {
        let mut skip = Skip::new(text.regions);
        for &p in text.scan.events.of(k) {
            let p = p as usize;
            if p >= 18 && text.bytes[p - 18] == b'9' && !skip.covers(p - 18) {
                code(text, found, p - 18, p);
            }
        }
    }
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::BRACKET) {
        let p = p as usize;
        if !skip.covers(p) {
            card(text, found, p + 1);
        }
    }
}

/// Looks at the run of letters and digits that ends at `p`; returns how far the look went.
fn token(text: &Text<'_>, found: &mut Found<'_>, p: usize, floor: usize) -> usize {
    let t = text.bytes;
    let s = p - t[floor..p].iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
    match p - s {
        18 => code(text, found, s, p),
        17 if vehicle::vin(&t[s..p]) && free(text, s, p) => push(text, found, s, p, e::VIN),
        _ => {}
    }
    if text.at(p) == b'<' || text.before(s) == b'<' {
        return zone(text, found, s, p);
    }
    if let Some(end) = image(t, s, p) {
        found.push(start_of_image(t, s), end, e::FACE, RuleId::Document, Confidence::Checked);
        return end;
    }
    p
}

/// Shortest picture that is taken for one.
const IMAGE: usize = 256;

/// Where the picture in base64 ends whose run holds `s..p`: JPEG, PNG or WebP.
fn image(t: &[u8], s: usize, p: usize) -> Option<usize> {
    let from = start_of_image(t, s);
    let magic: [&[u8]; 3] = [b"/9j/", b"iVBORw0KGgo", b"UklGR"];
    if !magic.iter().any(|m| t[from..].starts_with(m)) {
        return None;
    }
    let mut end = p;
    // Escaped slashes belong to the run (`\/`), and so do escaped signs (`%2B`).
    while let Some(&b) = t.get(end) {
        if !(base64::is_sign(b) || matches!(b, b'=' | b'\\' | b'%')) {
            break;
        }
        end += 1;
    }
    (end - from >= IMAGE).then_some(end)
}

/// JPEG begins with a slash, which is no letter.
fn start_of_image(t: &[u8], s: usize) -> usize {
    let back = t[..s].iter().rev().take(8).take_while(|b| base64::is_sign(**b)).count();
    match t[s - back..].windows(4).take(back + 1).position(|w| w == b"/9j/") {
        Some(i) => s - back + i,
        None => s,
    }
}

fn free(text: &Text<'_>, s: usize, end: usize) -> bool {
    let joins = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let (l, r) = (text.before(s), text.at(end));
    !(joins(l) || r.is_ascii_alphanumeric() || matches!(r, b'_' | b'-'))
}

fn push(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize, id: EntityId) {
    let bare = text.is_bare_json(found, s, end);
    found.push(s, end, id, RuleId::Document, Confidence::Checked).bare_json = bare;
}

/// A credit code of the market authority (91, 92, 93) or one that its key names elsewhere.
fn code(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    let v = &text.bytes[s..end];
    let authority =
        v[0] == b'9' && matches!(v[1], b'1'..=b'3') || matches!(&v[..2], b"11" | b"12" | b"13" | b"51" | b"52" | b"53");
    let letters = v.iter().any(u8::is_ascii_alphabetic);
    let province = matches!(v[2], b'1'..=b'8');
    if !authority || !province || !organisation::credit_code(v) || !free(text, s, end) {
        return;
    }
    // Eighteen digits pass one time in thirty: a key that says otherwise is believed.
    if letters || text.left_key(found.memo, s).class.exempt == Exempt::No && v[0] == b'9' {
        push(text, found, s, end, e::CREDIT_CODE);
    }
}

/// A line of a machine-readable zone around `s..p`.
fn zone(text: &Text<'_>, found: &mut Found<'_>, s: usize, p: usize) -> usize {
    let t = text.bytes;
    let from = s - t[..s].iter().rev().take(90).take_while(|b| mrz::is_sign(**b)).count();
    let end = p + t[p..].iter().take(90).take_while(|b| mrz::is_sign(**b)).count();
    let mut at = from;
    // Two lines may stand behind one another without a break.
    for len in [44, 36] {
        while at + len <= end {
            let line = &t[at..at + len];
            if !(mrz::second_line(line) || mrz::first_line(line)) || !(end - from).is_multiple_of(len) {
                break;
            }
            found.push(at, at + len, e::MRZ, RuleId::Document, Confidence::Checked);
            at += len;
        }
    }
    end
}

/// `G123456(A)` and `1234567(8)` before `end`.
fn card(text: &Text<'_>, found: &mut Found<'_>, end: usize) {
    let t = text.bytes;
    if end < 10 || t[end - 3] != b'(' {
        return;
    }
    let mut s = end - 9;
    s -= t[..s].iter().rev().take(2).take_while(|b| b.is_ascii_uppercase()).count();
    let (v, left) = (&t[s..end], text.before(s));
    if left.is_ascii_alphanumeric() || matches!(left, b'_' | b'.' | b'-') {
        return;
    }
    if regional::hong_kong(v) {
        found.push(s, end, e::ID_HONG_KONG, RuleId::Document, Confidence::Checked);
    }
}
