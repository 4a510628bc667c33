//! Keys of single subjects: made from a key of the ring and a random salt that a ledger keeps. Without the salt the key
//! of the ring makes nothing of what was made with both, so forgetting one salt shreds one subject in every copy.

use super::{RingKey, base32};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Debug;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bytes of a handle: 16 letters of base32.
pub const HANDLE: usize = 10;

/// What a ledger keeps of a subject.
#[derive(Clone)]
pub struct Share {
    /// Random name of the row, which reversible tokens carry.
    pub handle: [u8; HANDLE],
    /// Random salt of the subject's keys.
    pub salt: Zeroizing<[u8; 32]>,
}

/// A ledger of subjects. It knows them by keyed tags only.
pub trait Subjects: Send + Sync + Debug {
    /// The share of the subject with this tag under the key `kid`; nothing for a subject that was erased, or where none
    /// can be made.
    fn share(&self, tag: &[u8; 16], kid: &str) -> Option<Share>;

    /// The share with this handle.
    fn by_handle(&self, handle: &[u8; HANDLE]) -> Option<Share>;
}

/// Derives keys of subjects for one purpose, class and domain.
pub struct SubjectKeys {
    look: Zeroizing<[u8; 32]>,
    base: Zeroizing<[u8; 32]>,
    kid: String,
    subjects: Arc<dyn Subjects>,
}

/// A key of a subject: as many of its bytes count as an algorithm wants.
pub type SubjectKey = Zeroizing<[u8; 64]>;

impl RingKey {
    /// Keys of subjects under this key; nothing when it is destroyed or no ledger is at hand.
    pub fn subject_keys(&self, purpose: &str, class: &str, domain: &str) -> Option<SubjectKeys> {
        let key = self.key()?;
        Some(SubjectKeys {
            look: key.subkey("subject", class, "", &self.epoch),
            base: key.subkey(&format!("{purpose}-subject"), class, domain, &self.epoch),
            kid: self.kid.clone(),
            subjects: self.subjects.clone()?,
        })
    }

    /// The tag by which a ledger knows the subject with this identifier.
    pub fn subject_tag(&self, class: &str, canonical: &[u8]) -> Option<[u8; 16]> {
        Some(tag(&self.key()?.subkey("subject", class, "", &self.epoch), canonical))
    }
}

fn tag(key: &[u8; 32], canonical: &[u8]) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key");
    mac.update(canonical);
    let full = mac.finalize().into_bytes();
    std::array::from_fn(|i| full[i])
}

impl SubjectKeys {
    fn key(&self, share: &Share) -> SubjectKey {
        let mut out = Zeroizing::new([0; 64]);
        Hkdf::<Sha256>::new(Some(&share.salt[..]), &self.base[..])
            .expand(b"logveil/subject", &mut out[..])
            .expect("64 bytes are less than 255 digests");
        out
    }

    /// Handle and key of the subject with this identifier.
    pub fn of(&self, canonical: &[u8]) -> Option<([u8; HANDLE], SubjectKey)> {
        let share = self.subjects.share(&tag(&self.look, canonical), &self.kid)?;
        Some((share.handle, self.key(&share)))
    }

    /// The key of the subject with this handle.
    pub fn by_handle(&self, handle: &[u8; HANDLE]) -> Option<SubjectKey> {
        self.subjects.by_handle(handle).map(|share| self.key(&share))
    }

    /// Pseudonym of an identifier: first half of an HMAC under the subject's own key.
    pub fn pseudonym(&self, canonical: &[u8]) -> Option<[u8; 16]> {
        let (_, key) = self.of(canonical)?;
        Some(tag(key.first_chunk().expect("64 bytes hold 32"), canonical))
    }
}

/// A handle as reversible tokens show it.
pub fn handle_text(handle: &[u8; HANDLE]) -> String {
    base32(handle)
}
