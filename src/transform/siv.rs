//! Reversible tokens: AES-SIV (RFC 5297) with a 512-bit key, or the same mode over SM4 (GB/T 32907-2016).
//! `<kind>_<key id>_<base32 of the synthetic IV and the ciphertext>`; deterministic and authenticated.

use super::{At, Transform};
use crate::model::Unfit;
use crate::rules::Suite;
use aes::Aes256;
use aes_siv::KeyInit;
use aes_siv::siv::CmacSiv;
use data_encoding::{Encoding, Specification};
use sm4::Sm4;
use std::sync::LazyLock;
use zeroize::{Zeroize, Zeroizing};

/// Lower-case RFC 4648 alphabet without padding, as in all tokens.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    spec.encoding().expect("a valid alphabet")
});

/// Longest value that becomes a token, in bytes.
const LONGEST: usize = 1024;

/// Bytes of key material that [`SivToken`] wants.
pub fn key_len(suite: Suite) -> usize {
    match suite {
        Suite::Aes => 64,
        Suite::Sm4 => 32,
    }
}

/// The tail of a token.
pub(super) fn encode(bytes: &[u8]) -> String {
    BASE32.encode(bytes)
}

/// The bytes of a token's tail.
pub(super) fn decode(tail: &[u8]) -> Option<Vec<u8>> {
    BASE32.decode(tail).ok()
}

/// A prepared key.
pub struct SivToken {
    suite: Suite,
    key: Zeroizing<Vec<u8>>,
    prefix: Box<[u8]>,
    /// Class and domain, authenticated with each token.
    header: [Box<[u8]>; 2],
}

impl SivToken {
    /// Prepares [`key_len`] bytes of key; `prefix` is `<kind>_<key id>_`.
    pub fn new(suite: Suite, key: Zeroizing<Vec<u8>>, prefix: Vec<u8>, class: &str, domain: &str) -> SivToken {
        SivToken { suite, key, prefix: prefix.into(), header: [class.as_bytes().into(), domain.as_bytes().into()] }
    }

    /// Synthetic IV and ciphertext of a value that may become a token.
    pub(super) fn seal_value(&self, value: &[u8]) -> Option<Vec<u8>> {
        if value.is_empty() || value.len() > LONGEST { None } else { self.seal(value) }
    }

    fn seal(&self, value: &[u8]) -> Option<Vec<u8>> {
        match self.suite {
            Suite::Aes => CmacSiv::<Aes256>::new_from_slice(&self.key).ok()?.encrypt(&self.header, value).ok(),
            Suite::Sm4 => CmacSiv::<Sm4>::new_from_slice(&self.key).ok()?.encrypt(&self.header, value).ok(),
        }
    }

    /// The value that was sealed.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        match self.suite {
            Suite::Aes => CmacSiv::<Aes256>::new_from_slice(&self.key).ok()?.decrypt(&self.header, sealed).ok(),
            Suite::Sm4 => CmacSiv::<Sm4>::new_from_slice(&self.key).ok()?.decrypt(&self.header, sealed).ok(),
        }
    }
}

impl Transform for SivToken {
    fn apply(&self, value: &[u8], _: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let sealed = self.seal_value(value).ok_or(Unfit)?;
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(encode(&sealed).as_bytes());
        Ok(())
    }

    fn reveal(&self, token: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        let sealed = decode(token.strip_prefix(&self.prefix[..]).ok_or(Unfit)?).ok_or(Unfit)?;
        let mut value = self.open(&sealed).ok_or(Unfit)?;
        out.extend_from_slice(&value);
        value.zeroize();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::apply_in;
    use aes::Aes128;
    use sm4::cipher::BlockCipherEncrypt;

    fn hex(s: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(s.as_bytes()).unwrap()
    }

    #[test]
    fn rfc_5297_appendix_a_1() {
        let key = hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        let ad = hex("101112131415161718191a1b1c1d1e1f2021222324252627");
        let out = CmacSiv::<Aes128>::new_from_slice(&key).unwrap().encrypt([&ad], &hex("112233445566778899aabbccddee"));
        assert_eq!(out.unwrap(), hex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"));
    }

    /// GB/T 32907-2016 appendix A.1.
    #[test]
    fn sm4_example() {
        let key = hex("0123456789abcdeffedcba9876543210");
        let mut block = sm4::cipher::Block::<Sm4>::try_from(&key[..]).unwrap();
        Sm4::new_from_slice(&key).unwrap().encrypt_block(&mut block);
        assert_eq!(block[..], hex("681edf34d206965e86b3e94f536e4246"));
    }

    #[test]
    fn tokens_come_back_only_under_their_key_class_and_domain() {
        for suite in [Suite::Aes, Suite::Sm4] {
            let make = |byte: u8, class: &str, domain: &str| {
                let key = Zeroizing::new(vec![byte; key_len(suite)]);
                SivToken::new(suite, key, b"phone_aaaaaaaa_".to_vec(), class, domain)
            };
            let token = apply_in(&make(1, "phone", "svc"), b"+86 13800138001", b"").unwrap();
            let mut out = Vec::new();
            make(1, "phone", "svc").reveal(&token, &mut out).unwrap();
            assert_eq!(out, b"+86 13800138001");
            for other in [make(2, "phone", "svc"), make(1, "email", "svc"), make(1, "phone", "x")] {
                assert_eq!(other.reveal(&token, &mut out), Err(Unfit));
            }
        }
    }
}
