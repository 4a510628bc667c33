//! AES-128-CMAC (RFC 4493) as the fast keyed function.

use ::cmac::{Cmac, KeyInit, Mac};
use aes::Aes128;

/// A key ready for use.
#[derive(Clone)]
pub struct CmacKey(Cmac<Aes128>);

impl CmacKey {
    /// Prepares a key.
    pub fn new(key: &[u8; 16]) -> CmacKey {
        CmacKey(<Cmac<Aes128> as KeyInit>::new_from_slice(key).expect("16 bytes are an AES-128 key"))
    }

    /// The full tag of a message.
    pub fn tag(&self, msg: &[u8]) -> [u8; 16] {
        let mut mac = self.0.clone();
        mac.update(msg);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4493_section_4() {
        let hex = |s: &str| data_encoding::HEXLOWER.decode(s.as_bytes()).unwrap();
        let key = CmacKey::new(&hex("2b7e151628aed2a6abf7158809cf4f3c").try_into().unwrap());
        assert_eq!(key.tag(b"")[..], hex("bb1d6929e95937287fa37d129b756746"));
        assert_eq!(key.tag(&hex("6bc1bee22e409f96e93d7e117393172a"))[..], hex("070a16b46b4d4144f79bdd9dd04a287c"));
    }
}
