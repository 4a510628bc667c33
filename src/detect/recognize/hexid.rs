//! Device ids whose shape alone says nothing: hex runs and UUIDs behind a word that names them, and
//! hardware addresses with dashes or dots.

use super::{Found, Left, Skip, Text};
use crate::detect::check::{keyed, mac};
use crate::detect::keys::Exempt;
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, Shape, well_known as e};

/// Confirms hex runs, UUIDs and hardware addresses.
#[inline(always)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::HEXRUN) {
        let p = p as usize;
        if found.settled.takes(p) || skip.covers(p) {
            continue;
        }
        let s = hex_start(text, p);
        if p - s == NATIVE && text.before(s) == b'*' && native(text, found, s - 1, p) {
            continue;
        }
        if !found.settled.exempts(text, s) && p - s <= 128 {
            after_word(text, found, s, p);
        }
    }
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::UUID) {
        let p = p as usize;
        if p >= 23
            && !found.settled.takes(p)
            && !skip.covers(p)
            && crate::detect::check::uuid::is(&t[p - 23..(p + 13).min(t.len())])
        {
            after_word(text, found, p - 23, p + 13);
        }
    }
    hardware(text, found);
}

/// Digits of a password as `mysql_native_password` keeps it.
const NATIVE: usize = 40;

/// `'*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'`: takes the hash of MySQL that begins with the star at `s`.
#[cold]
fn native(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> bool {
    let quote = text.before(s);
    let quoted = matches!(quote, b'\'' | b'"') && text.at(end) == quote && text.at(end + 1) != quote;
    if quoted {
        found.push(s, end, e::PASSWORD, RuleId::HexId, Confidence::Checked);
    }
    quoted
}

/// Where the hex run that ends before `end` begins; longer runs than any id are cut.
fn hex_start(text: &Text<'_>, end: usize) -> usize {
    let near = end - text.scan.maps.hex.run_before(end);
    if near + 64 > end {
        near
    } else {
        near - text.bytes[..near].iter().rev().take(66).take_while(|b| b.is_ascii_hexdigit()).count()
    }
}

/// Reports a hex run behind a word that names it. Keys before `=` and `:` are looked at elsewhere; here stand `aid/…`, `设备号 …`, `oaid …`.
pub fn after_word(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    if text.before(s).is_ascii_alphanumeric() || text.at(end).is_ascii_alphanumeric() {
        return;
    }
    let left = text.left_key(found.memo, s);
    // `imei_md5: 83e9...`: a digit before a colon looks like a time, so the key was not seen.
    let unseen = left.mark == b':' && text.bytes[left.key_start..s].iter().any(u8::is_ascii_digit);
    if (unseen || matches!(left.mark, b'/' | b' ' | 0)) && left.class.has_shape(&[Shape::DeviceId, Shape::WeakDeviceId])
    {
        take(text, found, s, end, &left);
    }
}

/// Reports the span when it fits the shape that the word to its left asks for.
pub fn take(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize, left: &Left) {
    if let Some((entity, shape)) = left.class.entity
        && let keyed::Keyed::Take(id) = keyed::keyed(shape, entity, &text.bytes[s..end])
    {
        found.push(s, end, id, RuleId::HexId, Confidence::Context);
    }
}

fn hardware(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    for (k, before, len) in [(kind::MAC_DASH, 14, 17), (kind::MAC_DOT, 9, 14)] {
        let mut skip = Skip::new(text.regions);
        for &p in text.scan.events.of(k) {
            let Some(s) = (p as usize).checked_sub(before) else { continue };
            let end = s + len;
            if end > t.len() || skip.covers(s) {
                continue;
            }
            // A mark of the same kind counts when more of the same stands behind it; else it ends a sentence.
            let edge =
                |b: u8, next: u8| b.is_ascii_alphanumeric() || b == t[p as usize] && next.is_ascii_alphanumeric();
            // `/org/bluez/hci0/dev_3C_22_FB_12_34_56` (BlueZ)
            let named = t[p as usize] == b'_' && t[..s].ends_with(b"dev_");
            if t[p as usize] == b'_' && !named {
                continue;
            }
            if !named && edge(text.before(s), text.before(s.saturating_sub(1))) || edge(text.at(end), text.at(end + 1))
            {
                continue;
            }
            let v = &t[s..end];
            let plain = k == kind::MAC_DASH
                || match (v.iter().any(u8::is_ascii_alphabetic), v[4]) {
                    // Huawei, H3C. Other things have dashes as well: the address of a device, in letters of one kind.
                    (letters, b'-') => letters && is_grouped(v),
                    // Twelve decimal digits in groups of four may count something: the word before them decides.
                    (false, _) => text.left_key(found.memo, s).class.exempt == Exempt::No,
                    _ => true,
                };
            if plain && mac::parse(v).is_some_and(|m| !mac::placeholder(&m)) {
                found.push(s, end, e::MAC, RuleId::Mac, Confidence::Checked);
            }
        }
    }
}

/// `5489-98aa-bb01`: digits and letters of one kind, and no bit for groups in the first octet (IEEE 802 section 8.2).
fn is_grouped(v: &[u8]) -> bool {
    let any = |f: fn(&u8) -> bool| v.iter().any(f);
    let group = char::from(v[1]).to_digit(16).is_some_and(|d| d & 1 == 1);
    any(u8::is_ascii_digit) && any(u8::is_ascii_lowercase) != any(u8::is_ascii_uppercase) && !group
}
