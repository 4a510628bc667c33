//! ipcrypt (draft-denis-ipcrypt): deterministic and prefix-preserving encryption of addresses.

use crate::keys::MasterKey;
use ipcrypt_rs::{Ipcrypt, IpcryptPfx};
use std::net::IpAddr;
use zeroize::Zeroizing;

/// A prepared mode.
pub enum IpCipher {
    /// AES-128 of the 16-byte form; IPv4 becomes IPv6 text.
    Deterministic(Box<Ipcrypt>),
    /// Bit by bit; the family and common prefixes stay.
    Pfx(Box<IpcryptPfx>),
}

impl IpCipher {
    /// Deterministic mode under the master key's sub-key for a domain.
    pub fn deterministic(key: &MasterKey, domain: &str) -> IpCipher {
        let mut k = Zeroizing::new([0; 16]);
        key.expand(format!("ipcrypt-deterministic\0{domain}").as_bytes(), &mut k[..]);
        IpCipher::Deterministic(Box::new(Ipcrypt::new(*k)))
    }

    /// Prefix-preserving mode under the master key's sub-key for a domain.
    pub fn pfx(key: &MasterKey, domain: &str) -> IpCipher {
        let mut k = Zeroizing::new([0; 32]);
        for round in 0u8.. {
            key.expand(format!("ipcrypt-pfx\0{domain}\0{round}").as_bytes(), &mut k[..]);
            // Equal halves would make the mode the identity.
            if k[..16] != k[16..] {
                break;
            }
        }
        IpCipher::Pfx(Box::new(IpcryptPfx::new(*k)))
    }

    /// The address that was encrypted. Without integrity any address comes back as some address.
    pub fn decrypt(&self, ip: IpAddr) -> IpAddr {
        match self {
            IpCipher::Deterministic(c) => c.decrypt_ipaddr(ip),
            IpCipher::Pfx(c) => c.decrypt_ipaddr(ip),
        }
    }

    /// The encrypted address.
    pub fn encrypt(&self, ip: IpAddr) -> IpAddr {
        match self {
            IpCipher::Deterministic(c) => c.encrypt_ipaddr(ip),
            IpCipher::Pfx(c) => c.encrypt_ipaddr(ip),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors() {
        let hex = |s: &str| data_encoding::HEXLOWER.decode(s.as_bytes()).unwrap();
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        let det = Ipcrypt::new(hex("2b7e151628aed2a6abf7158809cf4f3c").try_into().unwrap());
        assert_eq!(det.encrypt_ipaddr(ip("192.0.2.1")), ip("1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777"));
        let pfx = IpcryptPfx::new(
            hex("2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a").try_into().unwrap(),
        );
        assert_eq!(pfx.encrypt_ipaddr(ip("10.0.0.47")), ip("19.214.210.244"));
        assert_eq!(pfx.encrypt_ipaddr(ip("10.0.0.129")), ip("19.214.210.80"));
    }
}
