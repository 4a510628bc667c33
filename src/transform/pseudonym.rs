//! Tokens: `<kind>_<key id>_<26 letters of base32>` (RFC 4648 alphabet in lower case, 128 bits).

use super::cmac::CmacKey;
use super::lanes::HmacKey;
use crate::keys::SubjectKeys;

/// RFC 4648 in lower case.
pub(super) const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A prepared key of any function.
pub enum TagKey {
    /// HMAC-SHA256, hashed in lanes.
    Hmac(HmacKey),
    /// AES-CMAC.
    Cmac(Box<CmacKey>),
    /// HMAC-SHA256 under a key of each subject.
    Subject(Box<SubjectKeys>),
}

impl TagKey {
    /// The tag of canonical bytes; nothing for a subject that was erased.
    pub fn tag(&self, canonical: &[u8]) -> Option<[u8; 16]> {
        match self {
            TagKey::Hmac(k) => Some(k.tag(canonical)),
            TagKey::Cmac(k) => Some(k.tag(canonical)),
            TagKey::Subject(k) => k.pseudonym(canonical),
        }
    }
}

/// Two letters for each ten bits.
static PAIRS: [[u8; 2]; 1024] = {
    let mut t = [[0; 2]; 1024];
    let mut i = 0;
    while i < 1024 {
        t[i] = [LETTERS[i >> 5], LETTERS[i & 31]];
        i += 1;
    }
    t
};

/// Two hex digits for each byte.
static HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut t = [[0; 2]; 256];
    let mut i = 0;
    while i < 256 {
        t[i] = [DIGITS[i >> 4], DIGITS[i & 15]];
        i += 1;
    }
    t
};

/// 128 bits in 26 letters.
#[inline]
pub fn base32(tag: &[u8; 16]) -> [u8; 26] {
    let bits = u128::from_be_bytes(*tag);
    let mut out = [0; 26];
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (i, pair) in pairs[..12].iter_mut().enumerate() {
        *pair = PAIRS[(bits >> (118 - 10 * i)) as usize & 1023];
    }
    pairs[12] = PAIRS[(bits as usize & 0xFF) << 2];
    out
}

/// Surrogate address: `fdde:1d00::/32` and 96 bits of the tag, always 39 letters.
#[inline]
pub fn surrogate(tag: &[u8; 16]) -> [u8; 39] {
    let mut out = *b"fdde:1d00:0000:0000:0000:0000:0000:0000";
    for i in 0..12 {
        let at = 10 + i / 2 * 5 + i % 2 * 2;
        [out[at], out[at + 1]] = HEX[usize::from(tag[i])];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    #[test]
    fn golden_tokens() {
        let master: [u8; 32] = std::array::from_fn(|i| i as u8);
        let key = MasterKey::from_bytes(&master, "test").unwrap();
        let token = |class: &str, domain: &str, v: &[u8]| {
            let k = HmacKey::new(&key.subkey("pseudonym", class, domain, "2026Q4"));
            String::from_utf8(base32(&k.tag(v)).to_vec()).unwrap()
        };
        for (class, v, want) in [
            ("phone.mobile.cn", &b"+8613800138000"[..], "zcdale3dfbstu4pll54vzitlsa"),
            ("id.resident.cn", b"11010519491231002X", "rm6orxy3flgujl2upwfxrycume"),
            ("ip", &[192, 0, 2, 1], "lf76jwhuckeljccoevo3zbbl5e"),
            ("device.imei", b"490154203237518", "4fjnarqehxcz6m4o4quuuwebbu"),
            ("device.mac", &[0xd0, 0x50, 0x99, 0x84, 0xa2, 0xa0], "l4rgeo34aro5sorrxhupfrtlby"),
            ("email", b"alice@example.com", "kvtujyqpguod3ejghjq3jll3bu"),
            ("account", b"jd_5f3a2b1c4d5e6", "ysohj2ogqtvjep2iy4ahzacrcm"),
        ] {
            assert_eq!(token(class, "default", v), want, "{class}");
        }
        assert_eq!(token("phone.mobile.cn", "unlinked", b"+8613800138000"), "uq4bjcru4wav2oetxt4yttryoy");
    }

    #[test]
    fn surrogates_are_addresses() {
        let s = surrogate(&[0xAB; 16]);
        let a: std::net::Ipv6Addr = std::str::from_utf8(&s).unwrap().parse().unwrap();
        assert_eq!(a.segments()[..3], [0xfdde, 0x1d00, 0xabab]);
    }
}
