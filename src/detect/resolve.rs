//! Overlaps: the longest span wins, then confidence, then the fixed order of entities; what sticks out of the
//! winner is covered by it, so that no byte of any finding survives.

use super::hit::Hit;
use crate::model::well_known as e;

/// Moves `hits` to `out`, ascending and disjoint. Entities of the bit set `weak` give way to all others. `order` is
/// scratch; what is left in `hits` is undefined.
pub fn resolve(hits: &mut Vec<Hit>, weak: u128, order: &mut Vec<u64>, out: &mut Vec<Hit>) {
    out.clear();
    if hits.windows(2).all(|w| w[1].start >= w[0].end) {
        return std::mem::swap(hits, out);
    }
    order.clear();
    // What keys name comes first and ascends; the few others are merged into it.
    let front = hits.windows(2).position(|w| w[1].start < w[0].start).map_or(hits.len(), |i| i + 1);
    let (front, rest) = hits.split_at(front);
    order.extend(rest.iter().enumerate().map(|(i, h)| u64::from(h.start) << 32 | i as u64));
    // Each family reports in ascending order: a stable sort merges these runs.
    order.sort();
    let mut others = order.iter().map(|&key| &rest[key as u32 as usize]).peekable();
    for h in front {
        while let Some(other) = others.next_if(|o| o.start < h.start) {
            put(other, weak, out);
        }
        put(h, weak, out);
    }
    others.for_each(|h| put(h, weak, out));
}

#[inline(always)]
fn put(h: &Hit, weak: u128, out: &mut Vec<Hit>) {
    match out.last_mut() {
        Some(last) if h.start < last.end => join(last, h, weak),
        _ => out.push(*h),
    }
}

#[inline(never)]
fn join(last: &mut Hit, h: &Hit, weak: u128) {
    *last = merge(*last, *h, weak);
}

/// The stronger of two overlapping hits, widened to cover both.
fn merge(a: Hit, b: Hit, weak: u128) -> Hit {
    // A weak hit may be kept: it must not hide a value, nor what stands around one.
    let gives_way = |h: &Hit| weak >> h.entity.0 & 1 == 1;
    if gives_way(&a) != gives_way(&b) {
        return if gives_way(&a) { b } else { a };
    }
    let len = |h: &Hit| h.end - h.start;
    // What is a value as a whole is not rewritten within.
    let rank = |h: &Hit| (len(h), h.blob == 0, strength(h));
    let b_wins = rank(&b) > rank(&a);
    let mut w = if b_wins { b } else { a };
    w.start = a.start.min(b.start);
    w.end = a.end.max(b.end);
    if (w.start, w.end) != (if b_wins { b.start } else { a.start }, if b_wins { b.end } else { a.end }) {
        w.v4 = None;
    }
    w.anchor = a.anchor.min(b.anchor);
    w
}

/// Orders hits of the same span.
fn strength(h: &Hit) -> u8 {
    let kind = match h.entity {
        e::JWT | e::CREDENTIAL | e::PASSWORD | e::TOKEN | e::SESSION => 7,
        e::EMAIL => 6,
        e::ID_RESIDENT | e::ID_HMT_PERMIT | e::ID_FPR | e::ID_RESIDENT15 => 5,
        e::CARD => 4,
        e::IMEI | e::MEID | e::ICCID | e::IMSI => 3,
        e::ACCOUNT | e::DEVICE_ID | e::PERSON_NAME => 0,
        _ => 2,
    };
    // Content that a checksum or a parser confirms is more precise than the account or device it stands for.
    (h.confidence as u8) * 2 + kind * 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, EntityId, RuleId};

    fn hit(s: usize, e: usize, id: EntityId) -> Hit {
        Hit::new(s, e, id, RuleId::Key, Confidence::Checked)
    }

    #[test]
    fn a_weak_hit_gives_way() {
        let mut hits = vec![hit(0, 40, e::SERIAL), hit(10, 20, e::IMEI), hit(25, 30, e::MAC)];
        let mut out = Vec::new();
        resolve(&mut hits, 1 << e::SERIAL.0, &mut Vec::new(), &mut out);
        let got: Vec<_> = out.iter().map(|h| (h.start, h.end)).collect();
        assert_eq!(got, [(10, 20), (25, 30)]);
    }

    #[test]
    fn the_union_is_covered_by_the_longest() {
        let mut hits = vec![hit(4, 9, e::EMAIL), hit(0, 6, e::IP_V4), hit(20, 25, e::MAC), hit(21, 23, e::IMEI)];
        let mut out = Vec::new();
        resolve(&mut hits, 0, &mut Vec::new(), &mut out);
        let got: Vec<_> = out.iter().map(|h| (h.start, h.end, h.entity)).collect();
        assert_eq!(got, [(0, 9, e::IP_V4), (20, 25, e::MAC)]);
    }
}
