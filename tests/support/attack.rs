//! A brute-force attack on pseudonyms: everything that lies on disk beside the key, and all values that can be.

use logveil::keys::MasterKey;
use logveil::transform::canonical::CanonBuf;
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

/// Tries every candidate under every key and without one; returns the values found.
pub fn attack(targets: &Targets, keys: &[HmacKey], candidates: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    const CHUNK: usize = 4096;
    let mut batch = Batch::new(Kernel::detect());
    let mut found = Vec::new();
    let mut chunk: Vec<Vec<u8>> = Vec::with_capacity(CHUNK);
    let mut candidates = candidates.peekable();
    while candidates.peek().is_some() {
        chunk.clear();
        chunk.extend(candidates.by_ref().take(CHUNK));
        for key in keys {
            batch.clear();
            let jobs: Vec<u32> = chunk.iter().map(|c| batch.push(key, &CanonBuf::of(c))).collect();
            batch.run();
            let hit = |(job, c): (&u32, &Vec<u8>)| targets.get(batch.tag(*job)).filter(|v| *v == c).cloned();
            found.extend(jobs.iter().zip(&chunk).filter_map(hit));
        }
        if keys.len() > 1 {
            let bare = |c: &Vec<u8>| -> [u8; 16] { Sha256::digest(c)[..16].try_into().unwrap() };
            found.extend(chunk.iter().filter_map(|c| targets.get(&bare(c)).cloned()));
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
pub fn mobile(segment: u64, rest: u64) -> Vec<u8> {
    format!("+86{segment}{rest:08}").into_bytes()
}
