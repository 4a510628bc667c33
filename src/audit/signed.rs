//! Reports that can be checked later: lines of JSON, the last of which signs those before it.

use crate::keys::{Keyring, MasterKey};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What the last line begins with.
const SEAL: &str = "{\"signed\":{\"kid\":\"";
const TAG: &str = "\",\"mac\":\"";
const END: &str = "\"}}\n";

fn mac(key: &MasterKey, text: &str) -> Hmac<Sha256> {
    let key = key.subkey("audit", "report", "", "");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key[..]).expect("any length of key");
    mac.update(text.as_bytes());
    mac
}

/// Appends the line that signs `text` with the newest key of the ring; nothing when the ring has no key left.
pub fn signed(text: String, keys: &Keyring) -> Option<String> {
    let key = keys.keys().iter().rev().find_map(|k| k.key())?;
    let tag = HEXLOWER.encode(&mac(key, &text).finalize().into_bytes());
    Some(format!("{text}{SEAL}{}{TAG}{tag}{END}", key.kid()))
}

/// The text that a key of the ring signed; nothing when it is not as it was signed.
pub fn checked<'t>(text: &'t str, keys: &Keyring) -> Option<&'t str> {
    let at = text.rfind(SEAL).filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n')?;
    let (kid, tag) = text[at + SEAL.len()..].strip_suffix(END)?.split_once(TAG)?;
    let tag = HEXLOWER.decode(tag.as_bytes()).ok()?;
    mac(keys.by_kid(kid)?.key()?, &text[..at]).verify_slice(&tag).ok()?;
    Some(&text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_every_byte() {
        let keys: Keyring = MasterKey::from_bytes(&[7; 32], "k").unwrap().into();
        let other: Keyring = MasterKey::from_bytes(&[8; 32], "k").unwrap().into();
        let text = signed("{\"a\":1}\n{\"b\":2}\n".into(), &keys).unwrap();
        assert_eq!(checked(&text, &keys), Some("{\"a\":1}\n{\"b\":2}\n"));
        assert_eq!(checked(&text, &other), None);
        for i in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[i] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert_eq!(checked(&changed, &keys), None, "byte {i}");
            }
        }
        assert_eq!(checked(&text[8..], &keys), None);
    }
}
