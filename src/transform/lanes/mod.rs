//! HMAC-SHA256 (RFC 2104, FIPS 180-4) of many short messages at once: one message a lane.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sha2::block_api::compress256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Lanes of a group; the widest kernel fills them all.
pub const LANES: usize = 16;

/// One word of the state or the message for each lane.
pub type Word = [u32; LANES];

/// Longest message that fits one block behind the inner key block.
pub const SHORT: usize = 55;

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
            if is_x86_feature_detected!("avx512f") {
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
            Kernel::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2"),
            Kernel::Scalar => true,
            #[allow(unreachable_patterns)]
            _ => false,
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
    inner: [u32; 8],
    outer: [u32; 8],
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
        HmacKey { inner: state(0x36), outer: state(0x5c), raw: *key }
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

#[derive(Clone)]
struct Group {
    inner: [Word; 8],
    outer: [Word; 8],
    block: [Word; 16],
}

impl Group {
    fn new() -> Group {
        Group { inner: [[0; LANES]; 8], outer: [[0; LANES]; 8], block: [[0; LANES]; 16] }
    }
}

/// Messages of a block of records, hashed together.
pub struct Batch {
    kernel: Kernel,
    groups: Vec<Group>,
    tags: Vec<[u8; 16]>,
    /// Lanes taken.
    used: usize,
}

impl Batch {
    /// An empty batch for a kernel that this machine runs; else the scalar one is taken.
    pub fn new(kernel: Kernel) -> Batch {
        let kernel = if kernel.available() { kernel } else { Kernel::Scalar };
        Batch { kernel, groups: Vec::new(), tags: Vec::new(), used: 0 }
    }

    /// Forgets all messages.
    pub fn clear(&mut self) {
        self.used = 0;
        self.tags.clear();
    }

    /// Adds a message; returns the number of its tag.
    pub fn push(&mut self, key: &HmacKey, msg: &[u8]) -> u32 {
        let job = self.used;
        self.used += 1;
        if job / LANES == self.groups.len() {
            self.groups.push(Group::new());
        }
        let (group, lane) = (&mut self.groups[job / LANES], job % LANES);
        if msg.len() > SHORT {
            // Long messages are hashed at once; their lane idles.
            self.tags.resize(job, [0; 16]);
            self.tags.push(key.tag(msg));
            return job as u32;
        }
        let mut bytes = [0u8; 64];
        bytes[..msg.len()].copy_from_slice(msg);
        bytes[msg.len()] = 0x80;
        bytes[56..].copy_from_slice(&((64 + msg.len() as u64) * 8).to_be_bytes());
        for (row, w) in group.block.iter_mut().zip(bytes.as_chunks::<4>().0) {
            row[lane] = u32::from_be_bytes(*w);
        }
        for i in 0..8 {
            group.inner[i][lane] = key.inner[i];
            group.outer[i][lane] = key.outer[i];
        }
        self.tags.resize(job, [0; 16]);
        self.tags.push([0; 16]);
        job as u32
    }

    /// Hashes everything that was added, and wipes the messages.
    pub fn run(&mut self) {
        for (g, group) in self.groups.iter_mut().take(self.used.div_ceil(LANES)).enumerate() {
            self.kernel.compress(&mut group.inner, &group.block);
            group.block[..8].copy_from_slice(&group.inner);
            group.block[8] = [0x8000_0000; LANES];
            group.block[9..15].fill([0; LANES]);
            group.block[15] = [(64 + 32) * 8; LANES];
            self.kernel.compress(&mut group.outer, &group.block);
            let from = g * LANES;
            for (lane, tag) in self.tags[from..self.used.min(from + LANES)].iter_mut().enumerate() {
                // A tag that is set was a long message's.
                if *tag == [0; 16] {
                    for (i, part) in tag.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                        *part = group.outer[i][lane].to_be_bytes();
                    }
                }
            }
        }
    }

    /// First half of the HMAC of message `job`.
    pub fn tag(&self, job: u32) -> &[u8; 16] {
        &self.tags[job as usize]
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for g in &mut self.groups {
            g.inner.zeroize();
            g.outer.zeroize();
            g.block.zeroize();
        }
        self.tags.zeroize();
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
                    let ids: Vec<_> = jobs.iter().zip(&keys).map(|((_, m), key)| batch.push(key, m)).collect();
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
