//! What a key does not tell by itself, the key before it may: `"iccid":"8986...","sn":"938187314665272"`.

use super::{Found, Text};
use crate::detect::hit::Hit;
use crate::detect::keys::ClassId;
use crate::model::{Confidence, RuleId, Shape, well_known as e};

/// Most bytes between the separators of two keys that stand side by side.
const NEAR: usize = 80;

/// Takes the digits behind the `sn` whose separator stands at `sep` as a serial number, when the key with a meaning `before` it, in the
/// same object, names a device: alone they may as well number an order. Returns where they end, 0 when they stay.
#[inline(never)]
pub fn serial(text: &Text<'_>, found: &mut Found<'_>, before: Option<&(u32, ClassId)>, sep: usize) -> usize {
    let t = text.bytes;
    let start = text.bare_start(sep + 1);
    let v = &t[start.min(t.len())..];
    let len = v.iter().take(21).take_while(|b| b.is_ascii_digit()).count();
    let ends = !v.get(len).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let clock = v.starts_with(b"20");
    if !(15..=20).contains(&len) || !ends || clock || v[..len].iter().all(|b| *b == v[0]) {
        return 0;
    }
    let device = before.is_some_and(|&(p, class)| {
        let gap = &t[p as usize + 1..sep];
        let shapes = [Shape::DeviceId, Shape::WeakDeviceId, Shape::Imsi, Shape::Iccid, Shape::Mac];
        gap.len() <= NEAR
            && !gap.iter().any(|b| matches!(b, b'{' | b'}' | b'[' | b'\n'))
            && text.registry.class(class).has_shape(&shapes)
    });
    if !device {
        return 0;
    }
    let bare_json = text.is_bare_json(found, start, start + len);
    let hit = Hit::new(start, start + len, e::SERIAL, RuleId::Key, Confidence::Keyed);
    found.hits.push(Hit { anchor: sep as u32, bare_json, ..hit });
    start + len
}
