//! ipcrypt-nd and ipcrypt-ndx (draft-denis-ipcrypt): the tweak stands before the ciphertext, so that equal addresses
//! of different records can't be matched without the key.
//!
//! The draft draws tweaks at random. Here a tweak is the HMAC of the record and of the value's place in it: a run
//! stays a pure function of its input, and only byte-identical records share a tweak.

use super::canonical::{IpBytes, Readers};
use super::cryptopan::address;
use super::lanes::HmacKey;
use super::{At, Needs, Transform};
use crate::keys::MasterKey;
use crate::model::Unfit;
use data_encoding::HEXLOWER;
use ipcrypt_rs::{IpcryptNd, IpcryptNdx};
use std::io::Write as _;
use zeroize::Zeroizing;

enum Mode {
    Nd(Box<IpcryptNd>),
    Ndx(Box<IpcryptNdx>),
}

/// A prepared mode.
pub struct TweakedIp {
    mode: Mode,
    tweaks: HmacKey,
    read: fn(&[u8]) -> Option<IpBytes>,
}

impl TweakedIp {
    /// 8-byte tweaks, KIASU-BC; at most 2^32 addresses a key.
    pub fn nd(key: &MasterKey, domain: &str, epoch: &str, readers: &Readers) -> TweakedIp {
        let mut k = Zeroizing::new([0; 16]);
        key.expand(format!("ipcrypt-nd\0{domain}\0{epoch}").as_bytes(), &mut k[..]);
        TweakedIp::with(Mode::Nd(Box::new(IpcryptNd::new(*k))), key, domain, epoch, readers)
    }

    /// 16-byte tweaks, AES-XTS; at most 2^64 addresses a key.
    pub fn ndx(key: &MasterKey, domain: &str, epoch: &str, readers: &Readers) -> TweakedIp {
        let mut k = Zeroizing::new([0; 32]);
        for round in 0u8.. {
            key.expand(format!("ipcrypt-ndx\0{domain}\0{epoch}\0{round}").as_bytes(), &mut k[..]);
            if k[..16] != k[16..] {
                break;
            }
        }
        TweakedIp::with(Mode::Ndx(Box::new(IpcryptNdx::new(*k))), key, domain, epoch, readers)
    }

    fn with(mode: Mode, key: &MasterKey, domain: &str, epoch: &str, readers: &Readers) -> TweakedIp {
        let tweaks = HmacKey::new(&key.subkey("ipcrypt-tweak", "ip", domain, epoch));
        TweakedIp { mode, tweaks, read: readers.ip }
    }
}

impl Transform for TweakedIp {
    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn apply(&self, value: &[u8], at: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let ip = address(self.read, value)?;
        let tweak = self.tweaks.tag_at(at.record, at.offset as u64);
        match &self.mode {
            Mode::Nd(c) => {
                let short = std::array::from_fn(|i| tweak[i]);
                out.extend_from_slice(HEXLOWER.encode(&c.encrypt_ipaddr(ip, Some(short))).as_bytes());
            }
            Mode::Ndx(c) => out.extend_from_slice(HEXLOWER.encode(&c.encrypt_ipaddr(ip, Some(tweak))).as_bytes()),
        }
        Ok(())
    }

    fn reveal(&self, token: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        let raw = HEXLOWER.decode(token).map_err(|_| Unfit)?;
        let ip = match &self.mode {
            Mode::Nd(c) => c.decrypt_ipaddr(&raw.try_into().map_err(|_| Unfit)?),
            Mode::Ndx(c) => c.decrypt_ipaddr(&raw.try_into().map_err(|_| Unfit)?),
        };
        write!(out, "{ip}").map_err(|_| Unfit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::{READERS, apply_in};

    fn hex<const N: usize>(s: &str) -> [u8; N] {
        HEXLOWER.decode(s.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    fn published_vectors() {
        let nd = IpcryptNd::new(hex("0123456789abcdeffedcba9876543210"));
        let out = nd.encrypt_ipaddr("0.0.0.0".parse().unwrap(), Some(hex("08e0c289bff23b7c")));
        assert_eq!(HEXLOWER.encode(&out), "08e0c289bff23b7cb349aadfe3bcef56221c384c7c217b16");
        let ndx = IpcryptNdx::new(hex("2b7e151628aed2a6abf7158809cf4f3c3c4fcf098815f7aba6d2ae2816157e2b"));
        let tweak = hex("21bd1834bc088cd2b4ecbe30b70898d7");
        let out = ndx.encrypt_ipaddr("2001:db8::1".parse().unwrap(), Some(tweak));
        assert_eq!(HEXLOWER.encode(&out), "21bd1834bc088cd2b4ecbe30b70898d76089c7e05ae30c2d10ca149870a263e4");
    }

    #[test]
    fn equal_addresses_part_and_come_back() {
        let key = MasterKey::from_bytes(&[3; 32], "test").unwrap();
        for t in [TweakedIp::nd(&key, "d", "0", &READERS), TweakedIp::ndx(&key, "d", "0", &READERS)] {
            let one = apply_in(&t, b"192.0.2.9", b"GET /a 192.0.2.9").unwrap();
            let two = apply_in(&t, b"192.0.2.9", b"GET /b 192.0.2.9").unwrap();
            assert_ne!(one, two);
            assert_eq!(one, apply_in(&t, b"192.0.2.9", b"GET /a 192.0.2.9").unwrap());
            for token in [one, two] {
                let mut back = Vec::new();
                t.reveal(&token, &mut back).unwrap();
                assert_eq!(back, b"192.0.2.9");
            }
        }
    }
}
