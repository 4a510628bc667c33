//! Runs of eleven and more digits: phones, identity numbers, device and card numbers.

use super::{Found, Left, Skip, Text, stripe};
use crate::detect::check::{card, cn_id, iban, iccid, imei, imsi, phone};
use crate::detect::keys::{Exempt, KeyClass};
use crate::detect::scan::kind;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// Confirms digit runs.
#[inline(always)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::DIGITS) {
        let p = p as usize;
        if found.settled.takes(p) {
            continue;
        }
        let len = text.scan.maps.digits.run_before(p);
        if len <= 20 && !skip.covers(p - len) {
            confirm(text, found, p - len, p);
        } else if len <= 30 && text.before(p - len).is_ascii_uppercase() && !skip.covers(p - len) {
            account(text, found, p - len, p);
        }
    }
}

fn confirm(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    let t = text.bytes;
    let (l, r) = (text.before(s), text.at(end));
    // Nothing but a check digit speaks against a key that says otherwise.
    if found.settled.exempts(text, s) && end - s != 18 && !r.is_ascii_alphanumeric() && r != b'-' {
        return;
    }
    if l.is_ascii_alphabetic() {
        if touched(text, found, s, end) {
            return;
        }
        // The tail of a longer hexadecimal id whose event the scanner leaves to this run.
        if l.is_ascii_hexdigit() && !r.is_ascii_alphanumeric() && end - s >= 14 {
            let back = t[..s].iter().rev().take(120).take_while(|b| b.is_ascii_hexdigit()).count();
            super::hexid::after_word(text, found, s - back, end);
        }
        return account(text, found, s, end);
    }
    // Decimals, dotted names and longer hexadecimal numbers.
    if l == b'.' && s >= 2 && t[s - 2].is_ascii_alphanumeric() {
        return;
    }
    if r == b'.' && text.at(end + 1).is_ascii_alphanumeric() {
        // `/upload/440524188001010014.jpg`: a check digit is stronger than the name of a file.
        if text.at(end + 1).is_ascii_alphabetic() {
            match end - s {
                18 => drop(resident(text, found, s, end)),
                // `/record/13800138000.wav`: calls are kept under their numbers.
                11 => mobile(text, found, s, end, 0),
                _ => {}
            }
        }
        return;
    }
    // A negative number counts something.
    if l == b'-' && text.is_bare_json(found, s - 1, end) {
        return;
    }
    if r.is_ascii_alphabetic() {
        return lettered(text, found, s, end);
    }
    let d = &t[s..end];
    match d.len() {
        11 | 12 if d[0] == b'0' && landline(text, found, s, end) => {}
        11 => mobile(text, found, s, end, 0),
        12 if d[0] == b'0' => mobile(text, found, s, end, 1),
        13 if d.starts_with(b"86") => mobile(text, found, s, end, 2),
        14 if d.starts_with(b"086") => mobile(text, found, s, end, 3),
        15 if d.starts_with(b"0086") => mobile(text, found, s, end, 4),
        15 => fifteen(text, found, s, end),
        18 if resident(text, found, s, end) => {}
        19 | 20 if iccid::cn(d) => weak(text, found, s, end, e::ICCID),
        13..=19 if card::common(d) => {
            weak(text, found, s, end, e::CARD);
            stripe::behind(text, found, end);
        }
        14 | 16 => device(text, found, s, end),
        _ => {}
    }
}

/// `IMEI490154203237518`, `tel13800138000`, `ID11010519491231002X`: what the word says that touches the number. Only an identity
/// number needs none.
fn touched(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let d = &text.bytes[s..end];
    let free = |end: usize| !text.at(end).is_ascii_alphanumeric();
    match d.len() {
        17 if matches!(text.at(end), b'x' | b'X') && free(end + 1) => return resident(text, found, s, end + 1),
        18 if free(end) => return resident(text, found, s, end),
        13..=19 if text.bytes[..s].ends_with(b"%B") && text.at(end) == b'^' && card::common(d) => {
            found.push(s, end, e::CARD, RuleId::Digits, Confidence::Checked);
            stripe::behind(text, found, end);
            return true;
        }
        11 | 13 | 14 | 15 | 16 | 19 | 20 if free(end) => {}
        _ => return false,
    }
    let class = word_before(text, found, s);
    let id = match class.entity.map(|x| x.1) {
        Some(Shape::Phone) if phone::mobile_shape(d) || d.len() == 13 && d.starts_with(b"861") => e::PHONE_MOBILE_CN,
        Some(Shape::DeviceId | Shape::WeakDeviceId) if (14..=16).contains(&d.len()) => e::IMEI,
        Some(Shape::Imsi) if d.len() == 15 => e::IMSI,
        Some(Shape::Iccid) if d.len() >= 19 => e::ICCID,
        _ => return false,
    };
    found.push(s, end, id, RuleId::Digits, Confidence::Context);
    true
}

/// Longest word that is looked at before a number that it touches.
const WORD: usize = 16;

/// Class of the word that ends at `end`, dashes and underscores apart.
fn word_before(text: &Text<'_>, found: &mut Found<'_>, end: usize) -> KeyClass {
    let t = text.bytes;
    let end = end - usize::from(matches!(text.before(end), b'-' | b'_'));
    let len = t[..end].iter().rev().take(WORD).take_while(|b| b.is_ascii_alphabetic()).count();
    if len < 3 || text.before(end - len).is_ascii_alphanumeric() {
        return KeyClass::default();
    }
    text.registry.class(found.memo.classify(text.registry, t, len, end))
}

/// `DE89370400440532013000`, by the country, its length and the check digits.
fn account(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    if !text.before(s).is_ascii_uppercase() || text.at(end).is_ascii_alphanumeric() {
        return;
    }
    let back = text.bytes[..s].iter().rev().take(32).take_while(|b| b.is_ascii_alphanumeric()).count();
    if iban::registered(&text.bytes[s - back..end]) {
        found.push(s - back, end, e::IBAN, RuleId::Digits, Confidence::Checked);
    }
}

/// Seventeen digits and an X; ICCIDs with a letter.
fn lettered(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    let t = text.bytes;
    let free = !text.at(end + 1).is_ascii_alphanumeric();
    if end - s == 17 && matches!(t[end], b'x' | b'X') && free {
        resident(text, found, s, end + 1);
    } else if t[end] == b'D' && stripe::follows(text, end) && card::common(&t[s..end]) {
        found.push(s, end, e::CARD, RuleId::Digits, Confidence::Checked);
        stripe::behind(text, found, end);
    } else if free && iccid::cn(&t[s..=end]) {
        weak(text, found, s, end + 1, e::ICCID);
    }
}

/// Eighteen characters with a check digit: no context can veto them.
fn resident(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let d = &text.bytes[s..end];
    let id = if cn_id::hmt_permit(d) {
        e::ID_HMT_PERMIT
    } else if cn_id::resident18(d) {
        e::ID_RESIDENT
    } else if cn_id::fpr18(d) {
        e::ID_FPR
    } else {
        return false;
    };
    let bare = text.is_bare_json(found, s, end);
    found.push(s, end, id, RuleId::Digits, Confidence::Checked).bare_json = bare;
    true
}

fn mobile(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize, prefix: usize) {
    let d = &text.bytes[s + prefix..end];
    // `2118#2118: *16670560058 limiting requests`: error logs of nginx number their connections so.
    if !phone::mobile_shape(d) || text.before(s) == b'*' && text.bytes[..s].ends_with(b": *") {
        return;
    }
    let left = text.left_key(found.memo, s);
    let keyed = left.class.has_shape(&[Shape::Phone]);
    if !keyed && (!phone::mobile_assigned(d) || text.is_number_field(s, end, &left) || trunk_only(prefix, &left)) {
        return;
    }
    // A plus sign behind a word is a blank of a query string.
    let blank = s >= 2 && text.bytes[s - 2].is_ascii_alphanumeric();
    let plus = usize::from(text.before(s) == b'+' && prefix != 1 && !blank);
    let bare = plus == 0 && text.is_bare_json(found, s, end);
    let sure = if keyed { Confidence::Keyed } else { Confidence::Shape };
    found.push(s - plus, end, e::PHONE_MOBILE_CN, RuleId::Digits, sure).bare_json = bare;
}

/// `电话01062551234`: an area code and a subscriber in one run need a word in front.
fn landline(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let d = &text.bytes[s..end];
    let fits = [3, 4].iter().any(|&n| phone::landline(&d[..n], &d[n..]));
    let named = fits && text.left_key(found.memo, s).class.has_shape(&[Shape::Phone]);
    if named {
        let bare = text.is_bare_json(found, s, end);
        found.push(s, end, e::PHONE_FIXED_CN, RuleId::Digits, Confidence::Keyed).bare_json = bare;
    }
    named
}

/// `013800138000` is a phone only after a key: bare, it is any number of twelve digits.
fn trunk_only(prefix: usize, left: &Left) -> bool {
    (prefix == 1 || prefix == 3) && left.class.is_unknown()
}

/// Checks that chance passes too often to overrule a key that says otherwise, or a name that the digits end.
fn weak(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize, id: EntityId) {
    // `blk_4980916519894289629`, `blk_-498...`: block numbers, offsets, differences.
    let named = id == e::CARD && (text.before(s) == b'_' || text.before(s) == b'-' && s >= 2 && text.at(s - 2) == b'_');
    if named {
        return;
    }
    let left = text.left_key(found.memo, s);
    if left.class.exempt == Exempt::No {
        let bare = text.is_bare_json(found, s, end);
        found.push(s, end, id, RuleId::Digits, Confidence::Checked).bare_json = bare;
    }
}

/// IMEI, IMSI or a legacy identity number: the words around decide.
fn fifteen(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    let d = &text.bytes[s..end];
    let mut left = text.left_key(found.memo, s);
    // `IMEI-490154203237518`
    if left.class.is_unknown() && matches!(text.before(s), b'-' | b'_') {
        left.class = word_before(text, found, s);
    }
    let id = if imei::imei(d) && (device_word(&left) || compound(text, end)) {
        e::IMEI
    } else if left.class.has_shape(&[Shape::CnId]) && cn_id::resident15(d) {
        e::ID_RESIDENT15
    } else if left.class.has_shape(&[Shape::Imsi]) || left.class.exempt == Exempt::No && imsi::cn(d) {
        e::IMSI
    } else if left.class.exempt == Exempt::No && imei::common(d) {
        e::IMEI
    } else if left.class.exempt == Exempt::No && card::pan(d) {
        e::CARD
    } else {
        return device(text, found, s, end);
    };
    let bare = text.is_bare_json(found, s, end);
    found.push(s, end, id, RuleId::Digits, Confidence::Checked).bare_json = bare;
    if id == e::IMEI && compound(text, end) {
        found.push(end + 1, end + 13, e::MAC, RuleId::Mac, Confidence::Context);
    }
}

fn device_word(left: &Left) -> bool {
    left.class.has_shape(&[Shape::DeviceId, Shape::WeakDeviceId])
}

/// `490154203237518-d0509984a2a0`: IMEI and hardware address in one token, as Chinese app agents write them.
fn compound(text: &Text<'_>, end: usize) -> bool {
    text.at(end) == b'-'
        && (end + 1..end + 13).all(|i| text.at(i).is_ascii_hexdigit())
        && !text.at(end + 13).is_ascii_alphanumeric()
}

/// Other lengths after a device word: `imei/86...`, `IMEI 49015420323751`.
fn device(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    let left = text.left_key(found.memo, s);
    if device_word(&left) && left.mark != b':' && left.mark != b'=' {
        super::hexid::take(text, found, s, end, &left);
    }
}
