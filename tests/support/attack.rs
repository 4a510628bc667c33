//! A brute-force attack on pseudonyms: everything that lies on disk beside the key, and all values that can be.

use logveil::keys::MasterKey;
use logveil::transform::lanes::{Batch, HmacKey, Kernel};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Tags that an attacker has, and the values behind them, which only the judge knows.
pub type Targets = HashMap<[u8; 16], Vec<u8>>;

/// Class, domain and epoch of a pseudonym: they stand in the policy file and in the source.
pub struct Derivation {
    /// Purpose of the sub-key.
    pub purpose: &'static str,
    /// Class of the entity.
    pub class: &'static str,
    /// Key domain.
    pub domain: &'static str,
}

impl Derivation {
    /// The key of pseudonyms under a master key.
    pub fn key(&self, master: &MasterKey) -> HmacKey {
        HmacKey::new(&master.subkey(self.purpose, self.class, self.domain, "0"))
    }
}

/// Keys that can be made of what lies on disk: the key id, the policy, constants of the source, nothing.
pub fn guesses(d: &Derivation, kid: &str, policy: &str) -> Vec<HmacKey> {
    let pad = |v: &[u8]| -> [u8; 32] { std::array::from_fn(|i| v.get(i).copied().unwrap_or(0)) };
    let hash = |v: &[u8]| -> [u8; 32] { Sha256::digest(v).into() };
    let raw = [[0; 32], pad(kid.as_bytes()), hash(kid.as_bytes()), hash(policy.as_bytes()), pad(b"logveil/v1")];
    let derived = raw.iter().map(|r| d.key(&MasterKey::from_bytes(r, "guess").unwrap()));
    raw.iter().map(HmacKey::new).chain(derived).collect()
}

/// A value that can be: a mobile number or an address.
#[derive(Clone, Copy)]
pub struct Value {
    bytes: [u8; 16],
    len: usize,
}

impl Value {
    /// A value of at most sixteen bytes.
    pub fn new(v: &[u8]) -> Value {
        let mut bytes = [0; 16];
        bytes[..v.len()].copy_from_slice(v);
        Value { bytes, len: v.len() }
    }
}

impl std::ops::Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Tags looked up by the million: a bit for each tag's first twenty bits, then the map.
struct Filter<'a> {
    bits: Vec<u64>,
    targets: &'a Targets,
}

impl Filter<'_> {
    fn new(targets: &Targets) -> Filter<'_> {
        let mut f = Filter { bits: vec![0; 1 << 14], targets };
        for tag in targets.keys() {
            let (word, bit) = f.place(tag);
            f.bits[word] |= bit;
        }
        f
    }

    fn place(&self, tag: &[u8; 16]) -> (usize, u64) {
        let at = u32::from_le_bytes(tag[..4].try_into().unwrap()) >> 12;
        ((at >> 6) as usize, 1 << (at & 63))
    }

    /// The value, if it is what a tag stands for.
    fn hit(&self, tag: &[u8; 16], value: &Value) -> Option<Vec<u8>> {
        let (word, bit) = self.place(tag);
        if self.bits[word] & bit == 0 {
            return None;
        }
        self.targets.get(tag).filter(|v| v[..] == value[..]).cloned()
    }
}

/// Tries every candidate under every key and, where keys are guessed, without one; returns the values found.
pub fn attack(targets: &Targets, keys: &[HmacKey], mut candidates: impl Iterator<Item = Value>) -> Vec<Vec<u8>> {
    const CHUNK: usize = 1024;
    let filter = Filter::new(targets);
    let mut batch = Batch::new(Kernel::detect());
    let mut found = Vec::new();
    let mut chunk: Vec<Value> = Vec::with_capacity(CHUNK);
    loop {
        chunk.clear();
        chunk.extend(candidates.by_ref().take(CHUNK));
        if chunk.is_empty() {
            break;
        }
        for key in keys {
            batch.clear();
            for c in &chunk {
                let write = |to: &mut [u8; 64]| {
                    to[..16].copy_from_slice(&c.bytes);
                    Some(c.len)
                };
                batch.push_with(key, write).expect("a short message");
            }
            batch.run();
            found.extend(chunk.iter().zip(0..).filter_map(|(c, job)| filter.hit(batch.tag(job), c)));
        }
        if keys.len() > 1 {
            let bare = |c: &Value| -> [u8; 16] { Sha256::digest(&c[..])[..16].try_into().unwrap() };
            found.extend(chunk.iter().filter_map(|c| filter.hit(&bare(c), c)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// First digits of every mobile number that is assigned in China (MIIT numbering plan, as in libphonenumber 9).
pub fn segments() -> impl Iterator<Item = u64> {
    let assigned = |s: u64| match s / 10 % 10 {
        3 | 8 => true,
        4 => matches!(s % 10, 5 | 7),
        5 | 9 => s % 10 != 4,
        6 => matches!(s % 10, 2 | 5 | 6 | 7),
        7 => matches!(s % 10, 0..=3 | 5..=8),
        _ => false,
    };
    (130..200).filter(move |s| assigned(*s))
}

/// The canonical form of a mobile number.
pub fn mobile(segment: u64, rest: u64) -> Value {
    let mut v = Value::new(b"+8600000000000");
    let mut left = segment * 100_000_000 + rest;
    for digit in v.bytes[3..14].iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    v
}
