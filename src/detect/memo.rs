//! What the registry said of keys, remembered.

use super::keys::{ClassId, Registry};

/// Longest key that the memo remembers.
const LONGEST: usize = 16;
/// Pairs of slots of the memo; a power of two.
const SLOTS: usize = 1 << 9;

/// A key: its bytes, right-aligned. No byte of a key is zero, so they tell the length.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: [u64; 2],
    class: ClassId,
}

/// An odd number whose bits look like chance: 2^64 over the golden ratio.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Slots for other keys.
const LONG_SLOTS: usize = 128;

/// Remembers answers of the registry. One per worker; holds keys, never values.
pub struct Memo {
    slots: Box<[[Slot; 2]; SLOTS]>,
    /// Keys that are longer, or stand at the very front of a text.
    long: Vec<(Box<[u8]>, ClassId)>,
}

impl Default for Memo {
    fn default() -> Self {
        Memo { slots: Box::new([[Slot::default(); 2]; SLOTS]), long: vec![Default::default(); LONG_SLOTS] }
    }
}

/// Keeps the last `n` of sixteen bytes.
static LAST: [[u64; 2]; LONGEST + 1] = {
    let mut t = [[0; 2]; LONGEST + 1];
    let mut n = 1;
    while n <= LONGEST {
        t[n] = [
            if n > 8 { u64::MAX << (8 * (16 - n)) } else { 0 },
            if n < 8 { u64::MAX << (8 * (8 - n)) } else { u64::MAX },
        ];
        n += 1;
    }
    t
};

impl Memo {
    /// Number of the class of the key of `len` bytes that ends before `end`.
    #[inline(always)]
    pub fn classify(&mut self, registry: &Registry, text: &[u8], len: usize, end: usize) -> ClassId {
        let near = end.checked_sub(LONGEST).and_then(|s| text.get(s..end)).and_then(<[u8]>::first_chunk::<LONGEST>);
        match near {
            Some(near) if len <= LONGEST => self.look_up(registry, near, len),
            _ => self.long(registry, &text[end - len..end]),
        }
    }

    /// As [`Memo::classify`], for the key in the last `len` bytes of `near`, at most all of them.
    #[inline(always)]
    pub fn look_up(&mut self, registry: &Registry, near: &[u8; LONGEST], len: usize) -> ClassId {
        let last = &LAST[len];
        let word = |i: usize| u64::from_le_bytes(*near[i..].first_chunk().expect("eight of sixteen"));
        let key = [word(0) & last[0], word(8) & last[1]];
        let mix = (key[0].rotate_left(29) ^ key[1]).wrapping_mul(MIX);
        let pair = &mut self.slots[(mix >> (64 - SLOTS.trailing_zeros())) as usize % SLOTS];
        if pair[0].key == key {
            return pair[0].class;
        }
        if pair[1].key != key {
            *pair = [Slot { key, class: registry.number(&near[LONGEST - len..]) }, pair[0]];
            return pair[0].class;
        }
        pair[1].class
    }

    /// As [`Memo::classify`], for keys that no slot holds.
    #[cold]
    #[inline(never)]
    fn long(&mut self, registry: &Registry, key: &[u8]) -> ClassId {
        let (words, rest) = key.as_chunks::<8>();
        let mix = words.iter().fold(key.len() as u64, |mix, w| (mix ^ u64::from_le_bytes(*w)).wrapping_mul(MIX));
        let mix = rest.iter().fold(mix, |mix, &b| (mix ^ u64::from(b)).wrapping_mul(MIX));
        let slot = &mut self.long[(mix >> 32) as usize % LONG_SLOTS];
        if &*slot.0 != key {
            *slot = (key.into(), registry.number(key));
        }
        slot.1
    }
}
