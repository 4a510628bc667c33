//! Which key? A master key for each stretch of event time, from which every purpose, class, domain and epoch has its
//! own sub-key.

mod ring;
mod source;
mod subjects;

pub use ring::{Keyring, RingKey, State};
pub use source::{replace_ring, write_new, write_ring};
pub use subjects::{HANDLE, Share, SubjectKey, SubjectKeys, Subjects, handle_text};

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE, Specification};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// Why a key can't be used. The text names the place and the remedy, never the key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("{path}: {source}")]
    Io {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("{0}: others can read this key file; run: chmod 600 {0}")]
    Mode(String),
    /// It is a link or no plain file.
    #[error("{0}: a key file must be a plain file, not a link or device")]
    NotPlain(String),
    /// It holds no key.
    #[error("{0}: not a key: 32 bytes, or 64 hex digits, or base64 of 32 bytes; make one with `logveil keys new FILE`")]
    Form(String),
    /// A key ring is wrong.
    #[error("{0}: {1}")]
    Ring(String, String),
}

/// The master key: 32 bytes that never leave memory and are wiped when dropped.
pub struct MasterKey {
    bytes: Zeroizing<[u8; 32]>,
    kid: String,
}

impl MasterKey {
    /// Reads 32 raw bytes, or their hex or base64 form with a line end.
    ///
    /// # Errors
    /// [`KeyError::Form`] when the bytes are none of these; `name` is what the message calls them.
    pub fn from_bytes(v: &[u8], name: &str) -> Result<MasterKey, KeyError> {
        if let Ok(raw) = <[u8; 32]>::try_from(v) {
            return Ok(MasterKey::new(raw));
        }
        let text = v.trim_ascii();
        let decoded = HEXLOWER_PERMISSIVE.decode(text).or_else(|_| BASE64.decode(text)).map(Zeroizing::new);
        match decoded.as_deref().map(|d| <[u8; 32]>::try_from(&d[..])) {
            Ok(Ok(raw)) => Ok(MasterKey::new(raw)),
            _ => Err(KeyError::Form(name.into())),
        }
    }

    /// Reads a key file; it must be a plain file that only its owner may read.
    ///
    /// # Errors
    /// Any [`KeyError`].
    pub fn from_file(path: &Path) -> Result<MasterKey, KeyError> {
        let bytes = source::read(path)?;
        MasterKey::from_bytes(&bytes, &path.display().to_string())
    }

    /// A key for this run only: its tokens can't be matched with those of any other run.
    ///
    /// # Panics
    /// When the system has no randomness to give; nothing safe can be done then.
    pub fn ephemeral() -> MasterKey {
        let mut raw = [0; 32];
        getrandom::fill(&mut raw).expect("the system's random source");
        MasterKey::new(raw)
    }

    fn new(mut raw: [u8; 32]) -> MasterKey {
        let mut digest = Sha256::new();
        digest.update(b"logveil-kid");
        digest.update(raw);
        let kid = base32(&digest.finalize()[..5]);
        let key = MasterKey { bytes: Zeroizing::new(raw), kid };
        raw.zeroize();
        key
    }

    /// Public name of the key: 8 letters of base32, stamped on every token.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Sub-key of a purpose, class, domain and epoch (HKDF-SHA256, RFC 5869).
    pub fn subkey(&self, purpose: &str, class: &str, domain: &str, epoch: &str) -> Zeroizing<[u8; 32]> {
        let info = [purpose, class, domain, epoch].join("\0");
        let mut out = Zeroizing::new([0; 32]);
        self.expand(info.as_bytes(), &mut out[..]);
        out
    }

    /// Sub-key of the length that an algorithm wants.
    pub fn expand(&self, info: &[u8], out: &mut [u8]) {
        Hkdf::<Sha256>::new(Some(b"logveil/v1"), &self.bytes[..])
            .expand(info, out)
            .expect("sub-keys are shorter than 255 digests");
    }
}

impl Keyring {
    /// Key of content fingerprints: that of the newest key; a random one when there is none.
    pub fn fingerprint(&self) -> Zeroizing<[u8; 32]> {
        let newest = self.keys().iter().rev().find_map(RingKey::key);
        let sub = |k: &MasterKey| k.subkey("fingerprint", "file", "", "");
        newest.map_or_else(|| sub(&MasterKey::ephemeral()), sub)
    }

    /// Reads a file with a key or a key ring; it must be a plain file that only its owner may read.
    ///
    /// # Errors
    /// Any [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Keyring, KeyError> {
        let bytes = source::read(path)?;
        Keyring::from_bytes(&bytes, &path.display().to_string())
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.kid)
    }
}

fn base32(v: &[u8]) -> String {
    let mut spec = Specification::new();
    spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    spec.encoding().expect("a valid alphabet").encode(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_of_one_key() {
        let raw: [u8; 32] = std::array::from_fn(|i| i as u8);
        let hex = HEXLOWER_PERMISSIVE.encode(&raw) + "\n";
        let b64 = BASE64.encode(&raw);
        let kid = |v: &[u8]| MasterKey::from_bytes(v, "x").unwrap().kid().to_owned();
        assert_eq!(kid(&raw), kid(hex.as_bytes()));
        assert_eq!(kid(&raw), kid(b64.as_bytes()));
        assert_eq!(kid(&raw).len(), 8);
        let e = MasterKey::from_bytes(b"hunter2", "f").unwrap_err().to_string();
        assert!(e.contains("keys new") && !e.contains("hunter2"));
    }

    #[test]
    fn files_are_guarded() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        let kid = write_new(&path).unwrap();
        assert_eq!(MasterKey::from_file(&path).unwrap().kid(), kid);
        assert!(write_new(&path).is_err(), "a key is never overwritten");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(matches!(MasterKey::from_file(&path), Err(KeyError::Mode(_))));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let link = dir.path().join("l");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(MasterKey::from_file(&link).is_err());
    }
}
