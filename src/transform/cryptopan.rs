//! Crypto-PAn (Xu, Fan, Ammar, Moon, "Prefix-preserving IP address anonymization", 2002), for data that must stay
//! comparable with that of other Crypto-PAn users. Whoever can send traffic learns prefixes: prefer surrogates.

use super::canonical::{IpBytes, Readers};
use super::{At, Transform};
use crate::model::Unfit;
use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use std::io::Write as _;
use std::net::IpAddr;

/// A prepared key.
pub struct CryptoPan {
    cipher: Aes128,
    pad: [u8; 16],
    read: fn(&[u8]) -> Option<IpBytes>,
}

impl CryptoPan {
    /// Prepares a 32-byte key: 16 bytes of AES key, 16 bytes that become the pad.
    pub fn new(key: &[u8; 32], readers: &Readers) -> CryptoPan {
        let half = |i: usize| -> [u8; 16] { std::array::from_fn(|n| key[i + n]) };
        let cipher = Aes128::new(&half(0).into());
        let mut pad = half(16).into();
        cipher.encrypt_block(&mut pad);
        CryptoPan { cipher, pad: pad.into(), read: readers.ip }
    }

    /// First bit of the cipher's answer to the first `n` bits of `address` followed by the pad.
    fn bit(&self, address: u128, n: u32) -> u128 {
        let keep = u128::MAX.checked_shl(128 - n).unwrap_or(0);
        let mut block = (address & keep | u128::from_be_bytes(self.pad) & !keep).to_be_bytes().into();
        self.cipher.encrypt_block(&mut block);
        u128::from(block[0] >> 7)
    }

    fn encrypt_bits(&self, address: u128, bits: u32) -> u128 {
        (0..bits).fold(address, |out, n| out ^ self.bit(address, n) << (127 - n))
    }

    fn decrypt_bits(&self, address: u128, bits: u32) -> u128 {
        // Bit n of the plain text depends on the n before it, which are plain by then.
        (0..bits).fold(address, |out, n| out ^ self.bit(out, n) << (127 - n))
    }

    /// The encrypted address; its family and common prefixes stay.
    pub fn encrypt(&self, ip: IpAddr) -> IpAddr {
        map(ip, |a, bits| self.encrypt_bits(a, bits))
    }

    /// The address that was encrypted.
    pub fn decrypt(&self, ip: IpAddr) -> IpAddr {
        map(ip, |a, bits| self.decrypt_bits(a, bits))
    }
}

fn map(ip: IpAddr, f: impl Fn(u128, u32) -> u128) -> IpAddr {
    match ip {
        IpAddr::V4(a) => IpAddr::V4(((f(u128::from(a.to_bits()) << 96, 32) >> 96) as u32).into()),
        IpAddr::V6(a) => IpAddr::V6(f(a.to_bits(), 128).into()),
    }
}

/// The address that a text holds.
pub(super) fn address(read: fn(&[u8]) -> Option<IpBytes>, value: &[u8]) -> Result<IpAddr, Unfit> {
    match read(value) {
        Some(IpBytes::V4(a)) => Ok(a.into()),
        Some(IpBytes::V6(a)) => Ok(a.into()),
        None => Err(Unfit),
    }
}

impl Transform for CryptoPan {
    fn apply(&self, value: &[u8], _: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        write!(out, "{}", self.encrypt(address(self.read, value)?)).map_err(|_| Unfit)
    }

    fn looks_real(&self) -> bool {
        true
    }

    fn reveal(&self, token: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        write!(out, "{}", self.decrypt(address(self.read, token)?)).map_err(|_| Unfit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::READERS;

    #[test]
    fn published_vectors() {
        let key = "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202";
        let key = data_encoding::HEXLOWER.decode(key.as_bytes()).unwrap();
        let pan = CryptoPan::new(&key.try_into().unwrap(), &READERS);
        for (plain, want) in [
            ("128.11.68.132", "135.242.180.132"),
            ("129.118.74.4", "134.136.186.123"),
            ("24.5.0.80", "100.9.15.210"),
            ("0.0.0.0", "120.255.240.1"),
            ("255.255.255.255", "206.120.97.255"),
            ("::1", "78ff:f001:9fc0:20df:8380:b1f1:704:ed"),
            ("2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"),
        ] {
            let (plain, want): (IpAddr, IpAddr) = (plain.parse().unwrap(), want.parse().unwrap());
            assert_eq!(pan.encrypt(plain), want);
            assert_eq!(pan.decrypt(want), plain);
        }
    }
}
