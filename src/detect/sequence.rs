//! Records of one kind name their keys in one order: the key that followed last time is compared first.

use super::keys::{ClassId, Memo, Registry};
use super::recognize::ends_phrase;

/// Bytes before a separator that hold a key, the byte before it and what may stand behind it.
pub const HEAD: usize = 32;

/// The bytes before a separator.
pub type Head = [u8; HEAD];

/// Keys that are remembered; a power of two.
const SLOTS: usize = 512;

type Words = [u64; HEAD / 8];

/// Keeps the last `n` bytes of a head.
static LAST: [Words; HEAD + 1] = {
    let mut t = [[0; HEAD / 8]; HEAD + 1];
    let mut n = 0;
    while n <= HEAD {
        let mut i = 0;
        while i < n {
            let byte = HEAD - 1 - i;
            t[n][byte / 8] |= 0xFF << (byte % 8 * 8);
            i += 1;
        }
        n += 1;
    }
    t
};

/// A key, the byte before it, which is none of a key, and what stands behind it.
#[derive(Clone, Copy)]
struct Slot {
    bytes: Words,
    /// How many of the bytes count, from the last one on.
    counts: u8,
    key: Key,
    /// The keys that followed last.
    next: [u16; 2],
}

/// No head is this one: it says that a byte counts which has none of these bits.
const NONE: Slot = Slot { bytes: [1; 4], counts: 0, key: Key { class: ClassId::UNKNOWN, traits: 0 }, next: [0; 2] };

impl Slot {
    #[inline(always)]
    fn holds(&self, head: &Words) -> bool {
        let mask = &LAST[usize::from(self.counts) % LAST.len()];
        let differs = |i: usize| (head[i] & mask[i]) ^ self.bytes[i];
        (differs(0) | differs(1)) | (differs(2) | differs(3)) == 0
    }
}

/// Remembers keys as they follow each other. One per worker; holds keys, never values.
pub struct Sequence {
    slots: Box<[Slot; SLOTS]>,
    /// The key that was seen last.
    at: usize,
    /// Which one of a pair of slots the next new key takes, when both are taken.
    turn: usize,
}

impl Default for Sequence {
    fn default() -> Self {
        Sequence { slots: Box::new([NONE; SLOTS]), at: 0, turn: 1 }
    }
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its class.
    pub class: ClassId,
    traits: u8,
}

impl Key {
    const TELLS: u8 = 1;
    const EXEMPTS: u8 = 2;
    const SHORT: u8 = 4;
    const PHRASE: u8 = 8;

    /// A key of `len` bytes at the end of `head`.
    pub fn new(registry: &Registry, class: ClassId, len: usize, head: &[u8]) -> Key {
        let phrase = if ends_phrase(head) { Key::PHRASE } else { 0 };
        Key { class, traits: Key::of_class(registry, class) | if len <= 2 { Key::SHORT } else { 0 } | phrase }
    }

    fn of_class(registry: &Registry, class: ClassId) -> u8 {
        match (registry.tells(class), class.is_unknown()) {
            (true, _) => Key::TELLS,
            (false, false) => Key::EXEMPTS,
            (false, true) => 0,
        }
    }

    /// The same with the class of the phrase that it ends.
    pub fn with_class(self, registry: &Registry, class: ClassId) -> Key {
        let kept = self.traits & !(Key::TELLS | Key::EXEMPTS);
        Key { class, traits: kept | Key::of_class(registry, class) }
    }

    /// It says what its value is.
    #[inline(always)]
    pub fn tells(self) -> bool {
        self.traits & Key::TELLS != 0
    }

    /// It says no more than that bare shapes behind it are something else.
    #[inline(always)]
    pub fn exempts(self) -> bool {
        self.traits & Key::EXEMPTS != 0
    }

    /// It has two bytes at most.
    #[inline(always)]
    pub fn is_short(self) -> bool {
        self.traits & Key::SHORT != 0
    }

    /// It is the last word of one that is written with a blank.
    #[inline(always)]
    pub fn ends_phrase(self) -> bool {
        self.traits & Key::PHRASE != 0
    }
}

fn words(head: &Head) -> Words {
    std::array::from_fn(|i| u64::from_le_bytes(head.as_chunks().0[i]))
}

impl Sequence {
    /// The key in front of a separator, when it is one of those that followed the key before.
    #[inline(always)]
    pub fn expected(&mut self, head: &Head) -> Option<Key> {
        let head = words(head);
        let [first, second] = self.slots[self.at % SLOTS].next;
        let mut slot = &self.slots[usize::from(first) % SLOTS];
        let mut at = first;
        if !slot.holds(&head) {
            slot = &self.slots[usize::from(second) % SLOTS];
            if !slot.holds(&head) {
                return None;
            }
            at = second;
        }
        let key = slot.key;
        if at != first {
            self.slots[self.at % SLOTS].next = [second, first];
        }
        self.at = usize::from(at);
        Some(key)
    }

    /// The key of `len` bytes that stands `behind` bytes before the end of `head`, at most [`HEAD`] bytes with the one before
    /// it. It is expected behind the key before from now on.
    #[inline(never)]
    pub fn learn(&mut self, registry: &Registry, memo: &mut Memo, head: &Head, (len, behind): (usize, usize)) -> Key {
        let counts = (len + behind + 1).min(HEAD);
        let (words, mask) = (words(head), LAST[counts]);
        let bytes: Words = std::array::from_fn(|i| words[i] & mask[i]);
        let mix = |a: u64, b: u64| (a.rotate_left(29) ^ b).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = mix(mix(bytes[0], bytes[1]) ^ bytes[2], bytes[3]);
        let home = (mixed >> (64 - SLOTS.trailing_zeros())) as usize;
        let is = |at: &usize| self.slots[*at].bytes == bytes && usize::from(self.slots[*at].counts) == counts;
        let at = [home, home ^ 1].into_iter().find(is).unwrap_or_else(|| {
            // Two keys that share a pair stay; what comes besides takes turns in it.
            let at = if self.slots[home].bytes == NONE.bytes { home } else { home ^ self.turn };
            self.turn ^= 1;
            let class = memo.classify(registry, head, len, HEAD - behind);
            let key = Key::new(registry, class, len, &head[..HEAD - behind]);
            self.slots[at] = Slot { bytes, counts: counts as u8, key, next: [0; 2] };
            at
        });
        let key = self.slots[at].key;
        let before = &mut self.slots[self.at % SLOTS];
        before.next = [at as u16, before.next[0]];
        self.at = at;
        key
    }
}

/// `https` with `//` behind its colon: the commonest word that names nothing.
#[inline(always)]
pub fn is_scheme(head: &Head, after: &[u8]) -> bool {
    let len = match head {
        [.., b'h', b't', b't', b'p', b's'] => 5,
        [.., b'h', b't', b't', b'p'] => 4,
        _ => return false,
    };
    let before = head[HEAD - 1 - len];
    let joined = before.is_ascii_alphanumeric() || before >= 0x80 || matches!(before, b'_' | b'$' | b'-' | b'.');
    !joined && after.starts_with(b"//")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Ruleset;
    use proptest::prelude::*;

    /// The key at the end of a head: its length, and what stands behind it.
    fn key_of(head: &Head) -> (usize, usize) {
        let behind = usize::from(head[HEAD - 1] == b'"');
        let key = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b'-');
        (head[..HEAD - behind].iter().rev().take_while(key).count(), behind)
    }

    proptest! {
        #[test]
        fn what_followed_changes_no_answer(picks in prop::collection::vec((0..8usize, 0..3usize, any::<bool>()), 1..400)) {
            let registry = Registry::new(&Ruleset::builtin());
            let (mut sequence, mut memo) = (Sequence::default(), Memo::default());
            let keys = ["imei", "ts", "q", "client_ip", "xclient_ip", "phone", "a_long_name_of_a_phone", "mac"];
            for (key, mark, quoted) in picks {
                let text = format!("{:32}{}{}{}", "", ["\"", "{", "&"][mark], keys[key], if quoted { "\"" } else { "" });
                let head: &Head = text.as_bytes().last_chunk().unwrap();
                let (len, behind) = key_of(head);
                let want = registry.classify(&head[HEAD - behind - len..HEAD - behind]);
                let got = sequence.expected(head).unwrap_or_else(|| sequence.learn(&registry, &mut memo, head, (len, behind)));
                prop_assert_eq!(registry.class(got.class), want);
                prop_assert_eq!(got, Key::new(&registry, got.class, len, &head[..HEAD - behind]));
            }
        }
    }
}
