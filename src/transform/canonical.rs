//! One subject, one form: what a keyed transform is computed from (else one person gets several pseudonyms).

use crate::model::Unfit;
use zeroize::Zeroize;

/// Which canonical form an entity has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canon {
    /// 4 or 16 network-order bytes; a mapped IPv4 address is 4.
    Ip,
    /// E.164 with its plus.
    Phone,
    /// Upper case, no separators; a legacy number in its 18-character form.
    CnId,
    /// 15 digits with the check digit computed anew.
    Imei,
    /// 14 upper-case hex digits.
    Meid,
    /// 6 bytes.
    Mac,
    /// 16 bytes when it reads as a UUID, else upper-case text.
    Uuid,
    /// Local part as is, domain in lower case.
    Email,
    /// Digits only.
    Digits,
    /// Letters in upper case and digits.
    Code,
    /// The text as is, letters beyond ASCII included, ASCII letters in lower case.
    Text,
}

impl Canon {
    /// The form of that name in an entity stanza.
    pub fn parse(name: &str) -> Option<Canon> {
        Some(match name {
            "ip" => Canon::Ip,
            "phone" => Canon::Phone,
            "cn_id" => Canon::CnId,
            "imei" => Canon::Imei,
            "meid" => Canon::Meid,
            "mac" => Canon::Mac,
            "uuid" => Canon::Uuid,
            "email" => Canon::Email,
            "digits" => Canon::Digits,
            "code" => Canon::Code,
            "text" => Canon::Text,
            _ => return None,
        })
    }
}

/// Readers of text forms, given by the layer that knows them.
pub struct Readers {
    /// IPv4 or IPv6 text, brackets, port, zone and prefix length allowed around it.
    pub ip: fn(&[u8]) -> Option<IpBytes>,
    /// Telephone to E.164; the length written.
    pub phone: fn(&[u8], &mut [u8; 24]) -> Option<usize>,
    /// Hardware address.
    pub mac: fn(&[u8]) -> Option<[u8; 6]>,
    /// UUID.
    pub uuid: fn(&[u8]) -> Option<[u8; 16]>,
    /// Legacy identity number to its long form.
    pub upgrade15: fn(&[u8]) -> Option<[u8; 18]>,
}

/// An address: four or sixteen bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpBytes {
    /// IPv4.
    V4([u8; 4]),
    /// IPv6.
    V6([u8; 16]),
}

/// Longest canonical form that is hashed in a lane: one block of SHA-256 holds it with its padding.
pub const SHORT: usize = 55;

/// Room for a canonical form.
pub struct CanonBuf {
    short: [u8; 64],
    len: usize,
    long: Vec<u8>,
}

impl Default for CanonBuf {
    fn default() -> Self {
        CanonBuf { short: [0; 64], len: 0, long: Vec::new() }
    }
}

impl CanonBuf {
    /// Bytes that are in canonical form already.
    pub fn of(v: &[u8]) -> CanonBuf {
        let mut buf = CanonBuf::default();
        buf.extend_from_slice(v);
        buf
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        if self.len <= SHORT { &self.short[..self.len] } else { &self.long }
    }

    /// The bytes with zeros behind them, and their number, when they are short.
    #[inline]
    pub fn block(&self) -> Option<(&[u8; 64], usize)> {
        (self.len <= SHORT).then_some((&self.short, self.len))
    }

    #[inline]
    fn clear(&mut self) {
        self.short = [0; 64];
        self.len = 0;
    }

    /// Takes bytes that are in canonical form already.
    #[inline]
    pub fn set<const N: usize>(&mut self, v: [u8; N]) {
        self.short = [0; 64];
        self.short[..N].copy_from_slice(&v);
        self.len = N;
    }

    fn push(&mut self, b: u8) {
        if self.len == SHORT {
            self.long.clear();
            self.long.extend_from_slice(&self.short[..SHORT]);
        }
        if self.len < SHORT {
            self.short[self.len] = b;
        } else {
            self.long.push(b);
        }
        self.len += 1;
    }

    fn extend(&mut self, v: impl Iterator<Item = u8>) {
        v.for_each(|b| self.push(b));
    }

    fn extend_from_slice(&mut self, v: &[u8]) {
        if self.len + v.len() <= SHORT {
            self.short[self.len..][..v.len()].copy_from_slice(v);
            self.len += v.len();
        } else {
            self.extend(v.iter().copied());
        }
    }
}

impl Drop for CanonBuf {
    fn drop(&mut self) {
        self.short.zeroize();
        self.long.zeroize();
    }
}

/// Writes the canonical form of a plainly written value to the front of `block`, which is zero; its length. Nothing where
/// [`canonical`] must look closer: `block` may then hold anything.
#[inline]
pub fn plain(kind: Canon, v: &[u8], readers: &Readers, block: &mut [u8; 64]) -> Option<usize> {
    let mut put = |v: &[u8]| {
        block[..v.len()].copy_from_slice(v);
        Some(v.len())
    };
    match kind {
        Canon::Mac => put(&(readers.mac)(v)?),
        Canon::Uuid => put(&(readers.uuid)(v)?),
        Canon::Imei => {
            let digits: &[u8; 15] = v.try_into().ok().filter(|v: &&[u8; 15]| v.iter().all(u8::is_ascii_digit))?;
            put(&luhn_digit(*digits))
        }
        Canon::Phone => {
            let mut buf = [0; 24];
            let n = (readers.phone)(v, &mut buf)?;
            put(&buf);
            Some(n)
        }
        Canon::Email if v.len() <= SHORT => {
            let at = memchr::memrchr(b'@', v)?;
            let to = &mut block[..v.len()];
            to.copy_from_slice(v);
            to[at..].make_ascii_lowercase();
            Some(v.len())
        }
        Canon::Text if (1..=SHORT).contains(&v.len()) => {
            let to = &mut block[..v.len()];
            to.copy_from_slice(v);
            to.make_ascii_lowercase();
            Some(v.len())
        }
        _ => None,
    }
}

/// Writes the canonical form of a decoded value to `out`.
///
/// # Errors
/// [`Unfit`] when the value has no such form.
#[inline]
pub fn canonical(kind: Canon, v: &[u8], readers: &Readers, out: &mut CanonBuf) -> Result<(), Unfit> {
    out.clear();
    match kind {
        Canon::Ip => match (readers.ip)(v).ok_or(Unfit)? {
            IpBytes::V4(a) => out.set(a),
            IpBytes::V6(a) => out.set(a),
        },
        Canon::Phone => {
            let mut buf = [0; 24];
            out.len = (readers.phone)(v, &mut buf).ok_or(Unfit)?;
            out.short[..24].copy_from_slice(&buf);
        }
        Canon::CnId => match (readers.upgrade15)(v) {
            Some(long) => out.set(long),
            None => out.extend(v.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase)),
        },
        Canon::Imei => match <&[u8; 15]>::try_from(v) {
            Ok(v) if v.iter().all(u8::is_ascii_digit) => out.set(luhn_digit(*v)),
            _ => imei(v, out),
        },
        Canon::Meid => {
            if let Some(hex) = meid_of_decimal(v) {
                out.extend_from_slice(&hex);
                return Ok(());
            }
            out.extend(v.iter().filter(|b| b.is_ascii_hexdigit()).map(u8::to_ascii_uppercase).take(14));
        }
        Canon::Mac => match (readers.mac)(v) {
            Some(m) => out.set(m),
            None => out.extend(v.iter().map(u8::to_ascii_uppercase)),
        },
        Canon::Uuid => match (readers.uuid)(v) {
            Some(u) => out.set(u),
            None => out.extend(v.iter().map(u8::to_ascii_uppercase)),
        },
        Canon::Email => {
            let at = v.iter().rposition(|&b| b == b'@').ok_or(Unfit)?;
            out.extend_from_slice(&v[..at]);
            out.extend(v[at..].iter().map(u8::to_ascii_lowercase));
        }
        Canon::Code => out.extend(v.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase)),
        Canon::Digits => out.extend(v.iter().copied().filter(u8::is_ascii_digit)),
        Canon::Text if v.len() <= SHORT => {
            out.extend_from_slice(v);
            out.short[..SHORT].make_ascii_lowercase();
        }
        Canon::Text => out.extend(v.iter().map(u8::to_ascii_lowercase)),
    }
    if out.len == 0 { Err(Unfit) } else { Ok(()) }
}

/// The hexadecimal form of a MEID in 18 decimal digits: ten for the first 32 bits, eight for the rest (3GPP2 S.R0048).
fn meid_of_decimal(v: &[u8]) -> Option<[u8; 14]> {
    let mut digits = v.iter().filter(|b| !matches!(b, b' ' | b'-'));
    let mut number = |n: usize| -> Option<u64> {
        digits.by_ref().take(n).try_fold(0, |sum, b| Some(sum * 10 + u64::from((*b as char).to_digit(10)?)))
    };
    let (head, tail) = (number(10)?, number(8)?);
    if digits.count() > 1 || v.len() < 18 || head >> 32 != 0 || tail >> 24 != 0 {
        return None;
    }
    let bits = head << 24 | tail;
    Some(std::array::from_fn(|i| b"0123456789ABCDEF"[(bits >> (52 - 4 * i) & 15) as usize]))
}

/// Fourteen digits and their Luhn digit; IMEISV loses its version. Hashed forms stay text.
fn imei(v: &[u8], out: &mut CanonBuf) {
    let mut digits = [0; 16];
    let mut n = 0;
    for b in v.iter().copied().filter(u8::is_ascii_digit) {
        if n < 16 {
            digits[n] = b;
        }
        n += 1;
    }
    let marks = v.iter().filter(|b| matches!(b, b'-' | b' ')).count();
    if (14..=16).contains(&n) && n + marks == v.len() {
        let [body @ .., _] = digits;
        out.set(luhn_digit(body));
    } else {
        out.extend(v.iter().map(u8::to_ascii_lowercase));
    }
}

/// Fifteen digits, the last one computed anew from those before it (ISO/IEC 7812-1 annex B).
fn luhn_digit(mut d: [u8; 15]) -> [u8; 15] {
    let sum: u32 = d[..14]
        .iter()
        .enumerate()
        .map(|(i, b)| {
            let n = u32::from(b - b'0') << (i % 2);
            n - if n > 9 { 9 } else { 0 }
        })
        .sum();
    d[14] = b'0' + ((10 - sum % 10) % 10) as u8;
    d
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::transform::{At, Transform};

    fn ip(v: &[u8]) -> Option<IpBytes> {
        Some(match std::str::from_utf8(v).ok()?.parse().ok()? {
            std::net::IpAddr::V4(a) => IpBytes::V4(a.octets()),
            std::net::IpAddr::V6(a) => IpBytes::V6(a.octets()),
        })
    }

    fn none<const N: usize>(_: &[u8]) -> Option<[u8; N]> {
        None
    }

    pub static READERS: Readers = Readers { ip, phone: |_, _| None, mac: none, uuid: none, upgrade15: none };

    /// What a transform makes of a value that ends a record.
    pub fn apply_in(t: &dyn Transform, value: &[u8], record: &[u8]) -> Result<Vec<u8>, Unfit> {
        apply_for(t, value, record, b"", 20_000)
    }

    /// The same for a subject and a day.
    pub fn apply_for(
        t: &dyn Transform,
        value: &[u8],
        record: &[u8],
        subject: &[u8],
        day: i32,
    ) -> Result<Vec<u8>, Unfit> {
        let mut canon = CanonBuf::default();
        let mut out = Vec::new();
        let offset = record.len().saturating_sub(value.len());
        t.apply(value, &mut At { record, offset, subject, day, canon: &mut canon }, &mut out).map(|()| out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none<const N: usize>(_: &[u8]) -> Option<[u8; N]> {
        None
    }

    const R: Readers = Readers { ip: |_| None, phone: |_, _| None, mac: none, uuid: none, upgrade15: none };

    fn canon(k: Canon, v: &str) -> Option<String> {
        let mut b = CanonBuf::default();
        canonical(k, v.as_bytes(), &R, &mut b).ok().map(|()| String::from_utf8(b.bytes().to_vec()).unwrap())
    }

    #[test]
    fn forms_that_mean_the_same() {
        for v in ["490154203237518", "35-209900-176148-1", "35209900176148"] {
            assert_eq!(canon(Canon::Imei, v).unwrap().len(), 15);
        }
        assert_eq!(canon(Canon::Imei, "3520990017614823").unwrap(), canon(Canon::Imei, "35-209900-176148-1").unwrap());
        assert_eq!(canon(Canon::CnId, "11010519491231002x").unwrap(), "11010519491231002X");
        assert_eq!(canon(Canon::Email, "Al@EXAMPLE.com").unwrap(), "Al@example.com");
        assert_eq!(canon(Canon::Ip, "x"), None);
    }
}
