//! A few values kept by key.

use std::hash::{Hash, Hasher};

/// Values by key; each key has one place, where the last one stays.
pub struct Cache<K, V> {
    slots: Vec<(Option<K>, V)>,
}

impl<K: Copy + PartialEq + Hash, V: Default> Cache<K, V> {
    /// An empty cache with room for this many values.
    pub fn new(slots: usize) -> Self {
        Cache { slots: std::iter::repeat_with(|| (None, V::default())).take(slots).collect() }
    }

    /// The value of a key, made when it isn't there.
    pub fn get(&mut self, key: K, make: impl FnOnce() -> V) -> &V {
        let mut mix = Mix(0);
        key.hash(&mut mix);
        let at = (mix.0 >> 32) as usize % self.slots.len();
        let slot = &mut self.slots[at];
        if slot.0 != Some(key) {
            *slot = (Some(key), make());
        }
        &slot.1
    }
}

/// A quick hash of a few words. Nothing that a sender chooses makes it slow: a slot holds one value.
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(29) ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}
