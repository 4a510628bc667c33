//! What is known of a text before shapes are looked for in it.

use super::{Text, keyed};
use crate::detect::keys::ClassId;

/// What the keys of a text have settled, so that the recognisers of shapes need not look again.
#[derive(Default)]
pub struct Settled {
    /// One bit for each byte of a span whose entity no shape inside can better, and the byte behind it.
    taken: Vec<u64>,
    /// Quoted e-mail addresses among them, ascending.
    pub(super) emails: Vec<(u32, u32)>,
    /// One bit for each byte, set for the separators of exempt keys.
    exempt: Vec<u64>,
    /// Separators behind keys that tell what their value is, and the class of the key.
    pub(super) keys: Vec<(u32, ClassId)>,
    /// Where the arrays end that were read so far.
    pub(super) arrays: usize,
    /// Arrays under keys whose values may be anything, ascending.
    lists: Vec<(u32, u32)>,
}

impl Settled {
    /// Begins a text of `len` bytes.
    pub(super) fn begin(&mut self, len: usize) {
        self.emails.clear();
        self.arrays = 0;
        self.lists.clear();
        for map in [&mut self.taken, &mut self.exempt] {
            map.clear();
            map.resize(len / 64 + 1, 0);
        }
    }

    /// True when `pos` lies in a taken span or right behind it.
    #[inline(always)]
    pub fn takes(&self, pos: usize) -> bool {
        has_bit(&self.taken, pos)
    }

    /// Takes the span `start..end`.
    #[inline(always)]
    pub(super) fn take(&mut self, start: usize, end: usize) {
        let (first, last) = (start / 64, end / 64);
        let (from, to) = (u64::MAX << (start % 64), u64::MAX >> (63 - end % 64));
        let Some(words) = self.taken.get_mut(first..=last) else { return };
        match words {
            [one] => *one |= from & to,
            [one, between @ .., other] => {
                *one |= from;
                between.fill(u64::MAX);
                *other |= to;
            }
            [] => {}
        }
    }

    /// As [`Settled::takes`], for e-mail addresses in quotes; `cursor` starts at 0 and `pos` must not go down between calls.
    #[inline]
    pub fn takes_email(&self, cursor: &mut usize, pos: usize) -> bool {
        covers(&self.emails, cursor, pos)
    }

    /// True when the value of an exempt key begins at `pos` of `text`.
    #[inline]
    pub fn exempts(&self, text: &Text<'_>, pos: usize) -> bool {
        let from = pos.saturating_sub(SEPARATED);
        let at = |w: usize| self.exempt.get(w).copied().unwrap_or(0);
        let bits = at(from / 64) >> (from % 64) | (at(from / 64 + 1) << (63 - from % 64)) << 1;
        let mut near = bits & ((1 << (pos - from)) - 1);
        // The nearest one is mostly it.
        while near != 0 {
            let last = near.ilog2() as usize;
            if text.bare_start(keyed::behind(text, from + last)) == pos {
                return true;
            }
            near ^= 1 << last;
        }
        false
    }

    /// Notes the array `start..end` under a key whose values may be anything.
    pub(super) fn list(&mut self, start: usize, end: usize) {
        if self.lists.last().is_none_or(|l| start >= l.1 as usize) {
            self.lists.push((start as u32, end as u32));
        }
    }

    /// True when `pos` lies in one of these arrays.
    pub(super) fn lists(&self, pos: usize) -> bool {
        let i = self.lists.partition_point(|l| l.0 as usize <= pos);
        i > 0 && pos < self.lists[i - 1].1 as usize
    }

    /// Exempts the value behind the separator at `sep`, if so.
    #[inline(always)]
    pub(super) fn exempt_behind(&mut self, sep: usize, so: bool) {
        if let Some(w) = self.exempt.get_mut(sep / 64) {
            *w |= u64::from(so) << (sep % 64);
        }
    }
}

/// Most bytes between the beginnings of a separator and of its value: `=>`, blanks and a quote.
const SEPARATED: usize = 3 + keyed::BLANKS;

#[inline(always)]
fn has_bit(map: &[u64], pos: usize) -> bool {
    map.get(pos / 64).is_some_and(|w| w >> (pos % 64) & 1 != 0)
}

/// True when `pos` lies in one of the spans.
#[inline]
fn covers(spans: &[(u32, u32)], cursor: &mut usize, pos: usize) -> bool {
    while let Some(&(start, end)) = spans.get(*cursor) {
        if pos <= end as usize {
            return pos >= start as usize;
        }
        *cursor += 1;
    }
    false
}
