//! HMAC-SHA256 (RFC 2104, FIPS 180-4) of many short messages at once: one message a lane.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;

use super::canonical::{CanonBuf, SHORT};
use super::pseudonym;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sha2::block_api::compress256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Lanes of a group; the widest kernel fills them all.
pub const LANES: usize = 16;

/// One word of the state or the message for each lane.
pub type Word = [u32; LANES];

/// A message of one block: bytes of each lane.
pub type Block = [u8; 64];

/// Which machine code hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Sixteen lanes.
    Avx512,
    /// Eight lanes, twice.
    Avx2,
    /// One after the other, with the SHA extensions where `sha2` finds them.
    Scalar,
}

impl Kernel {
    /// The fastest that this machine runs.
    pub fn detect() -> Kernel {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512bw") {
                return Kernel::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Kernel::Avx2;
            }
        }
        Kernel::Scalar
    }

    /// True when this machine can run it.
    pub fn available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => is_x86_feature_detected!("avx512bw"),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2"),
            Kernel::Scalar => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The big-endian words of each lane's block, lanes of each word together.
    fn words(self, blocks: &[Block; LANES]) -> [Word; LANES] {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => avx512::words(blocks),
            _ => std::array::from_fn(|i| std::array::from_fn(|lane| u32::from_be_bytes(blocks[lane].as_chunks().0[i]))),
        }
    }

    /// Words of each lane to lanes of each word.
    fn transpose(self, rows: &[Word; LANES]) -> [Word; LANES] {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => avx512::transpose(rows),
            _ => std::array::from_fn(|i| std::array::from_fn(|lane| rows[lane][i])),
        }
    }

    /// Base32 of each tag, in the first twenty-six bytes.
    fn letters(self, tags: &[[u8; 16]; LANES], out: &mut [[u8; 32]; LANES]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 if avx512::has_letters() => avx512::letters(tags, pseudonym::LETTERS, out),
            _ => scalar::letters(tags, out),
        }
    }

    fn compress(self, state: &mut [Word; 8], block: &[Word; 16]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => avx512::compress(state, block),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => avx2::compress(state, block),
            _ => scalar::compress(state, block),
        }
    }
}

const IV: [u32; 8] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// Round constants (FIPS 180-4 section 4.2.2).
pub(crate) const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
];

/// A key ready for use: the hash states behind the inner and the outer key block.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HmacKey {
    /// The inner state, then the outer one.
    states: [u32; 16],
    raw: [u8; 32],
}

impl HmacKey {
    /// Prepares a key.
    pub fn new(key: &[u8; 32]) -> HmacKey {
        let state = |pad: u8| {
            let mut block = [pad; 64];
            block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
            let mut s = IV;
            compress256(&mut s, &[block]);
            block.zeroize();
            s
        };
        let mut states = [0; 16];
        states[..8].copy_from_slice(&state(0x36));
        states[8..].copy_from_slice(&state(0x5c));
        HmacKey { states, raw: *key }
    }

    /// First half of the HMAC of a message of any length.
    pub fn tag(&self, msg: &[u8]) -> [u8; 16] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.raw).expect("any length is a key");
        mac.update(msg);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }

    /// First half of the HMAC of a message and a number.
    pub fn tag_at(&self, msg: &[u8], number: u64) -> [u8; 16] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.raw).expect("any length is a key");
        mac.update(&number.to_be_bytes());
        mac.update(msg);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }
}

/// Sixteen messages as they came: one row a lane.
#[derive(Clone)]
struct Group {
    /// Inner and outer state of each lane's key.
    keys: [Word; LANES],
    /// The message's one block, padded.
    blocks: [Block; LANES],
}

impl Group {
    fn new() -> Group {
        Group { keys: [[0; 16]; LANES], blocks: [[0; 64]; LANES] }
    }
}

/// Messages of a block of records, hashed whenever all lanes are taken.
pub struct Batch {
    kernel: Kernel,
    group: Box<Group>,
    /// Lanes taken.
    used: usize,
    tags: Vec<[u8; 16]>,
    /// The tags in base32.
    letters: Vec<[u8; 32]>,
    /// Tags that were made elsewhere; their numbers have [`READY`] set.
    ready: Vec<[u8; 16]>,
}

/// Bit in the number of a tag that was made elsewhere.
const READY: u32 = 1 << 31;

impl Batch {
    /// An empty batch for a kernel that this machine runs; else the scalar one is taken.
    pub fn new(kernel: Kernel) -> Batch {
        let kernel = if kernel.available() { kernel } else { Kernel::Scalar };
        Batch {
            kernel,
            group: Box::new(Group::new()),
            used: 0,
            tags: Vec::new(),
            letters: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// Forgets all messages, which must have been hashed.
    pub fn clear(&mut self) {
        self.used = 0;
        self.tags.clear();
        self.letters.clear();
        self.ready.clear();
    }

    /// Adds a message; returns the number of its tag.
    #[inline]
    pub fn push(&mut self, key: &HmacKey, msg: &CanonBuf) -> u32 {
        let Some((block, len)) = msg.block() else { return self.push_tag(key.tag(msg.bytes())) };
        let (job, lane) = (self.tags.len() + self.used, self.used % LANES);
        let to = &mut self.group.blocks[lane];
        *to = *block;
        to[len] = 0x80;
        to[56..].copy_from_slice(&((64 + len as u64) * 8).to_be_bytes());
        self.group.keys[lane] = key.states;
        self.used += 1;
        if self.used == LANES {
            self.hash();
        }
        job as u32
    }

    /// Adds the message that `write` puts to the front of a block of zeros, by its length; nothing when it gives none.
    #[inline]
    pub fn push_with(&mut self, key: &HmacKey, write: impl FnOnce(&mut Block) -> Option<usize>) -> Option<u32> {
        let (job, lane) = (self.tags.len() + self.used, self.used % LANES);
        let to = &mut self.group.blocks[lane];
        let Some(len) = write(to).filter(|n| (1..=SHORT).contains(n)) else {
            *to = [0; 64];
            return None;
        };
        to[len] = 0x80;
        to[56..].copy_from_slice(&((64 + len as u64) * 8).to_be_bytes());
        self.group.keys[lane] = key.states;
        self.used += 1;
        if self.used == LANES {
            self.hash();
        }
        Some(job as u32)
    }

    /// Adds a tag that was made elsewhere; returns its number.
    pub fn push_tag(&mut self, tag: [u8; 16]) -> u32 {
        self.ready.push(tag);
        READY | (self.ready.len() - 1) as u32
    }

    /// Hashes what is left of everything that was added.
    pub fn run(&mut self) {
        if self.used > 0 {
            self.hash();
        }
    }

    /// Hashes the messages of all lanes, and wipes them. Lanes that hold none leave tags without a number.
    #[inline(never)]
    fn hash(&mut self) {
        let group = &mut *self.group;
        let mut block = self.kernel.words(&group.blocks);
        let mut keys = self.kernel.transpose(&group.keys);
        let (inner, outer) = keys.split_at_mut(8);
        let inner: &mut [Word; 8] = inner.try_into().expect("half of sixteen");
        let outer: &mut [Word; 8] = outer.try_into().expect("half of sixteen");
        self.kernel.compress(inner, &block);
        block[..8].copy_from_slice(inner);
        block[8] = [0x8000_0000; LANES];
        block[9..15].fill([0; LANES]);
        block[15] = [(64 + 32) * 8; LANES];
        self.kernel.compress(outer, &block);
        let tags: [[u8; 16]; LANES] = std::array::from_fn(|lane| {
            let mut tag = [0; 16];
            for (i, part) in tag.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                *part = outer[i][lane].to_be_bytes();
            }
            tag
        });
        self.tags.extend_from_slice(&tags);
        let at = self.letters.len();
        self.letters.resize(at + LANES, [0; 32]);
        if let Some(out) = self.letters.last_chunk_mut() {
            self.kernel.letters(&tags, out);
        }
        group.blocks = [[0; 64]; LANES];
        self.used = 0;
    }

    /// Tag of a job in base32, twenty-six letters.
    #[inline]
    pub fn letters(&self, job: u32) -> [u8; 32] {
        match self.letters.get(job as usize) {
            Some(text) => *text,
            None => {
                let mut text = [0; 32];
                text[..26].copy_from_slice(&pseudonym::base32(self.tag(job)));
                text
            }
        }
    }

    /// First half of the HMAC of message `job`, or the tag that was given.
    #[inline]
    pub fn tag(&self, job: u32) -> &[u8; 16] {
        if job & READY == 0 { &self.tags[job as usize] } else { &self.ready[(job & !READY) as usize] }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.group.keys.zeroize();
        self.group.blocks.zeroize();
        self.tags.zeroize();
        self.letters.zeroize();
        self.ready.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kernels() -> impl Iterator<Item = Kernel> {
        [Kernel::Avx512, Kernel::Avx2, Kernel::Scalar].into_iter().filter(|k| k.available())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn lanes_agree_with_the_hmac_crate(jobs in prop::collection::vec((any::<[u8; 32]>(), prop::collection::vec(any::<u8>(), 0..200)), 0..40)) {
            for k in kernels() {
                let mut batch = Batch::new(k);
                for round in 0..2 {
                    batch.clear();
                    let keys: Vec<_> = jobs.iter().map(|(key, _)| HmacKey::new(key)).collect();
                    let ids: Vec<_> = jobs.iter().zip(&keys).map(|((_, m), key)| batch.push(key, &CanonBuf::of(m))).collect();
                    batch.run();
                    for (((key, m), id), _) in jobs.iter().zip(ids).zip(0..) {
                        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
                        mac.update(m);
                        prop_assert_eq!(&batch.tag(id)[..], &mac.finalize().into_bytes()[..16], "{:?} round {}", k, round);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn letters_agree_with_the_scalar_twin(tags in any::<[[u8; 16]; LANES]>()) {
            let text = |k: Kernel| {
                let mut out = [[0; 32]; LANES];
                k.letters(&tags, &mut out);
                out.map(|t| String::from_utf8_lossy(&t[..26]).into_owned())
            };
            for k in kernels() {
                prop_assert_eq!(text(k), text(Kernel::Scalar), "{:?}", k);
            }
        }
    }

    #[test]
    fn transpositions_agree() {
        let rows: [Word; LANES] = std::array::from_fn(|i| std::array::from_fn(|j| (i * 16 + j) as u32));
        for k in kernels() {
            assert_eq!(k.transpose(&rows), Kernel::Scalar.transpose(&rows), "{k:?}");
            let blocks = rows.map(|r| std::array::from_fn(|i| (r[i / 4] as u8).wrapping_mul(i as u8)));
            assert_eq!(k.words(&blocks), Kernel::Scalar.words(&blocks), "{k:?}");
        }
    }

    #[test]
    fn fips_180_4_abc_in_every_lane() {
        let mut block = [[0u32; LANES]; 16];
        block[0] = [0x6162_6380; LANES];
        block[15] = [24; LANES];
        for k in kernels() {
            let mut state: [Word; 8] = std::array::from_fn(|i| [IV[i]; LANES]);
            k.compress(&mut state, &block);
            assert_eq!(state[0], [0xba78_16bf; LANES], "{k:?}");
            assert_eq!(state[7], [0xf200_15ad; LANES], "{k:?}");
        }
    }
}
