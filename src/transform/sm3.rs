//! Tokens by HMAC-SM3 (GB/T 32905-2016, GM/T 0004-2012), for deployments that must use Chinese commercial
//! cryptography: the same form and canonical bytes as [`super::pseudonym`], another function.

use super::canonical::{Canon, Readers, canonical};
use super::pseudonym::base32;
use super::{At, Transform};
use crate::model::Unfit;
use hmac::{Hmac, KeyInit, Mac};
use sm3::Sm3;

/// A prepared key.
pub struct Sm3Token {
    mac: Hmac<Sm3>,
    prefix: Box<[u8]>,
    canon: Canon,
    readers: &'static Readers,
}

impl Sm3Token {
    /// Prepares a key; `prefix` is `<kind>_<key id>_`.
    pub fn new(key: &[u8; 32], prefix: Vec<u8>, canon: Canon, readers: &'static Readers) -> Sm3Token {
        let mac = <Hmac<Sm3> as KeyInit>::new_from_slice(key).expect("any length is a key");
        Sm3Token { mac, prefix: prefix.into(), canon, readers }
    }

    /// First half of the HMAC of a message.
    pub fn tag(&self, message: &[u8]) -> [u8; 16] {
        let mut mac = self.mac.clone();
        mac.update(message);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }
}

impl Transform for Sm3Token {
    fn apply(&self, value: &[u8], at: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        canonical(self.canon, value, self.readers, at.canon)?;
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(&base32(&self.tag(at.canon.bytes())));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::READERS;
    use sm3::Digest;

    /// GB/T 32905-2016 appendix A.1, and an HMAC by OpenSSL 3.0.
    #[test]
    fn published_vectors() {
        let hex = |v: &[u8]| data_encoding::HEXLOWER.encode(v);
        assert_eq!(hex(&Sm3::digest(b"abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        let mut mac = <Hmac<Sm3> as KeyInit>::new_from_slice(b"key").unwrap();
        mac.update(b"hello");
        let full = "798a6ca374c9ac891982f87a4f4c4d60bd6cdddfe8fb0fa344393621a0c02d96";
        assert_eq!(hex(&mac.finalize().into_bytes()), full);
    }

    #[test]
    fn golden_token() {
        let key = std::array::from_fn(|i| i as u8);
        let t = Sm3Token::new(&key, b"acct_aaaaaaaa_".to_vec(), Canon::Text, &READERS);
        let token = crate::transform::canonical::testing::apply_in(&t, b"Alice", b"").unwrap();
        let mut mac = <Hmac<Sm3> as KeyInit>::new_from_slice(&key).unwrap();
        mac.update(b"alice");
        let want: [u8; 16] = mac.finalize().into_bytes()[..16].try_into().unwrap();
        assert_eq!(token, [&b"acct_aaaaaaaa_"[..], &base32(&want)].concat());
    }
}
