//! The commonest keyed values, judged from bitmaps of their bytes. What does not fit here is judged byte by byte.

use super::{Found, Text, ipv4};
use crate::detect::check::{imsi, ip, keyed::Keyed};
use crate::detect::hit::Hit;
use crate::detect::keys::KeyClass;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// Hex digits of a UUID: 8-4-4-4-12.
const UUID: u64 = 0xF_FF7B_DEFF;
/// Hex digits of six octets with marks between.
const OCTETS: u64 = 0b11_011_011_011_011_011;

/// Judges the value `start..end`, which holds no escape, by shape and length; nothing when another look is needed. An
/// address that was read on the way is left in `v4`.
#[inline(always)]
pub fn keyed(
    text: &Text<'_>,
    shape: Shape,
    entity: EntityId,
    (start, end): (usize, usize),
    v4: &mut Option<[u8; 4]>,
) -> Option<Keyed> {
    let v = &text.bytes[start..end];
    let all = |bits: u64| bits & ones(v.len()) == ones(v.len());
    let take = |id: EntityId| Some(Keyed::Take(id));
    // Constants (`000...`, `fff...`, Android's `9774...`) are told apart elsewhere.
    let &[a, b, c, ..] = v else { return None };
    let varied = !(a == b && b == c);
    let plain = varied && a != b'0' && (a, b) != (b'9', b'7');
    let maps = &text.scan.maps;
    match (shape, v.len()) {
        (Shape::Phone, 11) if a == b'1' && b >= b'3' && all(maps.digits.window(start)) => take(e::PHONE_MOBILE_CN),
        (Shape::Ip, 7..=15) => {
            let address = ipv4::dotted_quad(text, start, end)?;
            *v4 = Some(address);
            let id = ipv4::entity_of(ip::class_v4(address), entity);
            id.map_or(Some(Keyed::Placeholder), take)
        }
        (Shape::DeviceId, 15) if plain && all(maps.digits.window(start)) => {
            take(if entity != e::IMEI && imsi::cn(v) { e::IMSI } else { e::IMEI })
        }
        (Shape::DeviceId, 16)
            if varied && (a, b) != (b'9', b'7') && all(maps.hex.window(start)) && !all(maps.digits.window(start)) =>
        {
            take(e::ANDROID_ID)
        }
        (Shape::DeviceId, 36) if varied && maps.hex.window(start) & ones(36) == UUID => {
            let dashes = [8, 13, 18, 23].iter().all(|&i| v[i] == b'-');
            dashes.then_some(Keyed::Take(e::UUID_ID))
        }
        // What Android shows apps.
        (Shape::Mac, 17) if v == b"02:00:00:00:00:00" => Some(Keyed::Placeholder),
        (Shape::Mac, 17) if plain && !matches!(a, b'f' | b'F') && maps.hex.window(start) & ones(17) == OCTETS => {
            let mark = v[2];
            let same = matches!(mark, b':' | b'-') && [5, 8, 11, 14].iter().all(|&i| v[i] == mark);
            same.then_some(Keyed::Take(e::MAC))
        }
        _ => None,
    }
}

/// The digits right behind the colon at `sep`, up to a comma or a bracket.
#[inline(always)]
pub fn number(text: &Text<'_>, sep: usize) -> Option<(u32, u32)> {
    let start = sep + 1;
    let len = (!text.scan.maps.digits.window(start)).trailing_zeros() as usize;
    let whole = text.at(sep) == b':' && matches!(len, 1..64) && matches!(text.at(start + len), b',' | b'}');
    whole.then_some((start as u32, (start + len) as u32))
}

/// Takes the value of `"key":"value"` when a key of `class` ends before `sep` and the value is short, holds no escape and
/// shows its type by its bitmaps; returns where it ends, 0 when it stands for no value, nothing when another look is needed.
#[inline(always)]
pub fn quoted(text: &Text<'_>, found: &mut Found<'_>, class: KeyClass, sep: usize) -> Option<usize> {
    let (entity, shape) = class.entity?;
    if class.event_time || text.before(sep) != b'"' || text.at(sep + 1) != b'"' {
        return None;
    }
    let start = sep + 2;
    let len = text.scan.maps.stops.window(start).trailing_zeros() as usize;
    let end = start + len;
    if len > 63 || text.at(end) != b'"' || text.scan.maps.escapes.window(start) & ones(len) != 0 {
        return None;
    }
    let mut v4 = None;
    let Keyed::Take(id) = keyed(text, shape, entity, (start, end), &mut v4)? else { return Some(0) };
    let hit = Hit::new(start, end, id, RuleId::Key, Confidence::Keyed);
    found.hits.push(Hit { anchor: sep as u32, v4, ..hit });
    super::keyed::settle(text, found, (id, start, end), end);
    Some(end)
}

/// The lowest `n` bits, `n` below 64.
fn ones(n: usize) -> u64 {
    if n < 64 { (1 << n) - 1 } else { 0 }
}

/// Where the value begins that stands at `i`: Oracle's audit writes how long it is, `USERID:[5] "ALICE"`.
#[inline(always)]
pub fn counted(text: &Text<'_>, i: usize) -> usize {
    if text.at(i) != b'[' || !text.at(i + 1).is_ascii_digit() {
        return i;
    }
    let rest = &text.bytes[i + 1..];
    let n = rest.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    if matches!(rest.get(n..n + 3), Some([b']', b' ', b'"' | b'\''])) { i + n + 3 } else { i }
}
