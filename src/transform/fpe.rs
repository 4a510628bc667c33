//! Format-preserving encryption: FF1 (NIST SP 800-38G) over AES-256 or SM4, in modes that keep a value valid for
//! downstream software. Outputs look like real values; only the record's tag says otherwise. FF3 is not offered:
//! NIST withdrew it (SP 800-38G Rev. 1, second draft of 2025).

use super::canonical::Readers;
use super::{At, Transform};
use crate::model::Unfit;
use crate::rules::Suite;
use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};
use jiff::civil::Date;
use sm4::Sm4;

/// SP 800-38G Rev. 1 wants at least a million values.
const LEAST: usize = 6;

/// What stays of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FpeMode {
    /// Nothing but the number of digits and the marks between them.
    Digits,
    /// The operator's prefix of a PRC mobile number, else all but the last seven digits.
    Phone,
    /// Region and decade of birth of a resident identity number. The check digit is deliberately wrong: the surrogate
    /// must not be a living person's number.
    Id,
    /// The issuer's six digits of a card; the check digit stays right where it was.
    Card,
    /// The type allocation code of an IMEI; the check digit stays right where it was.
    Imei,
}

impl FpeMode {
    /// Modes by their names in policies.
    pub const NAMES: &[(&str, FpeMode)] = &[
        ("digits", FpeMode::Digits),
        ("phone", FpeMode::Phone),
        ("id", FpeMode::Id),
        ("card", FpeMode::Card),
        ("imei", FpeMode::Imei),
    ];

    /// The mode of that name.
    pub fn parse(name: &str) -> Option<FpeMode> {
        Self::NAMES.iter().find(|n| n.0 == name).map(|n| n.1)
    }
}

enum Cipher {
    Aes(Box<FF1<Aes256>>),
    Sm4(Box<FF1<Sm4>>),
}

/// A prepared key.
pub struct Fpe {
    cipher: Cipher,
    mode: FpeMode,
    class: Box<[u8]>,
    readers: &'static Readers,
}

/// Digits of one value, as numbers.
type Digits = Vec<u16>;

impl Fpe {
    /// Prepares a key; the entity's class is part of every tweak.
    pub fn new(suite: Suite, key: &[u8; 32], mode: FpeMode, class: &str, readers: &'static Readers) -> Fpe {
        let valid = "ten is a radix";
        let cipher = match suite {
            Suite::Aes => Cipher::Aes(Box::new(FF1::new(key, 10).expect(valid))),
            Suite::Sm4 => Cipher::Sm4(Box::new(FF1::new(&key[..16], 10).expect(valid))),
        };
        Fpe { cipher, mode, class: class.as_bytes().into(), readers }
    }

    /// Encrypts or decrypts digits under a tweak.
    fn ff1(&self, kept: &[u16], digits: &[u16], forth: bool) -> Result<Digits, Unfit> {
        if digits.len() < LEAST {
            return Err(Unfit);
        }
        let tweak: Vec<u8> = self.class.iter().copied().chain([0]).chain(kept.iter().map(|d| *d as u8)).collect();
        let text = FlexibleNumeralString::from(digits.to_vec());
        let out = match (&self.cipher, forth) {
            (Cipher::Aes(c), true) => c.encrypt(&tweak, &text),
            (Cipher::Aes(c), false) => c.decrypt(&tweak, &text),
            (Cipher::Sm4(c), true) => c.encrypt(&tweak, &text),
            (Cipher::Sm4(c), false) => c.decrypt(&tweak, &text),
        };
        out.map(Digits::from).map_err(|_| Unfit)
    }

    fn run(&self, value: &[u8], out: &mut Vec<u8>, forth: bool) -> Result<(), Unfit> {
        if self.mode == FpeMode::Id {
            return self.id(value, out, forth);
        }
        let digits: Digits = value.iter().filter(|b| b.is_ascii_digit()).map(|b| u16::from(b - b'0')).collect();
        let changed = match self.mode {
            FpeMode::Phone => {
                let keep = phone_prefix(&digits).ok_or(Unfit)?;
                [&digits[..keep], &self.ff1(&digits[..keep], &digits[keep..], forth)?].concat()
            }
            FpeMode::Card => self.checked(&digits, 6, forth)?,
            FpeMode::Imei => self.checked(&digits, 8, forth)?,
            FpeMode::Digits | FpeMode::Id => self.ff1(&[], &digits, forth)?,
        };
        let mut next = changed.iter();
        out.extend(value.iter().map(|b| match b.is_ascii_digit() {
            true => next.next().map_or(b'0', |d| b'0' + *d as u8),
            false => *b,
        }));
        Ok(())
    }

    /// Keeps the front, encrypts the middle, and carries the check digit's distance from the right one over.
    fn checked(&self, digits: &[u16], keep: usize, forth: bool) -> Result<Digits, Unfit> {
        let (Some((check, body)), true) = (digits.split_last(), digits.len() > keep + LEAST) else { return Err(Unfit) };
        let off = (check + 10 - luhn(body)) % 10;
        let mut new = [&body[..keep], &self.ff1(&body[..keep], &body[keep..], forth)?].concat();
        new.push((luhn(&new) + off) % 10);
        Ok(new)
    }

    /// Walks the permutation of seven digits until it falls on a day of the decade and a sequence number.
    fn id(&self, value: &[u8], out: &mut Vec<u8>, forth: bool) -> Result<(), Unfit> {
        let long = (self.readers.upgrade15)(value);
        let text: Vec<u8> = match long {
            Some(l) => l.to_vec(),
            None => value.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect(),
        };
        if text.len() != 18 || !text[..17].iter().all(u8::is_ascii_digit) {
            return Err(Unfit);
        }
        let decade = (number(&text[6..9]) * 10) as i16;
        let (first, days) = decade_days(decade).ok_or(Unfit)?;
        let born = Date::new(number(&text[6..10]) as i16, number(&text[10..12]) as i8, number(&text[12..14]) as i8);
        let day = (born.map_err(|_| Unfit)? - first).get_days() as u32;
        let mut n = day * 1000 + number(&text[14..17]);
        let kept: Vec<u16> = text[..9].iter().map(|b| u16::from(b - b'0')).collect();
        loop {
            let digits: Digits = (0..7).rev().map(|i| (n / 10u32.pow(i) % 10) as u16).collect();
            n = self.ff1(&kept, &digits, forth)?.iter().fold(0, |n, d| n * 10 + u32::from(*d));
            if n < days * 1000 {
                break;
            }
        }
        let new = first.checked_add(jiff::Span::new().days(n / 1000)).map_err(|_| Unfit)?;
        let seq = n % 1000;
        let body = format!(
            "{}{:04}{:02}{:02}{seq:03}",
            String::from_utf8_lossy(&text[..6]),
            new.year(),
            new.month(),
            new.day()
        );
        out.extend_from_slice(body.as_bytes());
        let right = mod_11_2(body.as_bytes());
        // One step past the right digit; on the way back the right one.
        out.push(b"0123456789X"[if forth { (right + 1) % 11 } else { right }]);
        Ok(())
    }
}

fn number(v: &[u8]) -> u32 {
    v.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'))
}

/// First day of a decade and its number of days.
fn decade_days(year: i16) -> Option<(Date, u32)> {
    let first = Date::new(year, 1, 1).ok()?;
    let last = Date::new(year + 9, 12, 31).ok()?;
    Some((first, (last - first).get_days() as u32 + 1))
}

/// Digits that stay of a telephone number.
fn phone_prefix(digits: &[u16]) -> Option<usize> {
    let mobile = digits.len().checked_sub(11)?;
    let n = &digits[mobile..];
    let country = matches!(&digits[..mobile], [] | [8, 6] | [0, 0, 8, 6] | [0, 8, 6]);
    if !(country && n[0] == 1 && n[1] >= 3) {
        return (digits.len() > 9).then(|| digits.len() - 7);
    }
    // Segments whose fourth digit names the operator.
    let four = matches!((n[1], n[2]), (3, 4) | (6, 1 | 2 | 5 | 7) | (7, 0 | 1 | 4));
    Some(mobile + if four { 4 } else { 3 })
}

/// Luhn digit of a body (ISO/IEC 7812-1).
fn luhn(body: &[u16]) -> u16 {
    let double = |d: u16| d * 2 / 10 + d * 2 % 10;
    let sum: u16 = body.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { double(*d) } else { *d }).sum();
    (10 - sum % 10) % 10
}

/// Index of the check character of a 17-digit body (GB 11643-1999, ISO 7064 MOD 11-2).
fn mod_11_2(body: &[u8]) -> usize {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    ((12 - sum % 11) % 11) as usize
}

impl Transform for Fpe {
    fn apply(&self, value: &[u8], _: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        self.run(value, out, true)
    }

    fn looks_real(&self) -> bool {
        true
    }

    fn reveal(&self, token: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        self.run(token, out, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::{READERS, apply_in};
    use aes::{Aes128, Aes192};

    fn digits(s: &str) -> FlexibleNumeralString {
        s.bytes().map(|b| u16::from(b - if b > b'9' { b'a' - 10 } else { b'0' })).collect::<Vec<_>>().into()
    }

    /// NIST FF1samples, numbers 1 to 9.
    #[test]
    fn nist_samples() {
        let hex = |s: &str| data_encoding::HEXUPPER.decode(s.as_bytes()).unwrap();
        let key = hex("2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94");
        let (t1, t2) = (hex("39383736353433323130"), hex("3737373770717273373737"));
        let (ten, many) = ("0123456789", "0123456789abcdefghi");
        for (len, radix, tweak, plain, want) in [
            (16, 10, &[][..], ten, "2433477484"),
            (16, 10, &t1, ten, "6124200773"),
            (16, 36, &t2, many, "a9tv40mll9kdu509eum"),
            (24, 10, &[], ten, "2830668132"),
            (24, 10, &t1, ten, "2496655549"),
            (24, 36, &t2, many, "xbj3kv35jrawxv32ysr"),
            (32, 10, &[], ten, "6657667009"),
            (32, 10, &t1, ten, "1001623463"),
            (32, 36, &t2, many, "xs8a0azh2avyalyzuwd"),
        ] {
            let key = &key[..len];
            let got = match len {
                16 => FF1::<Aes128>::new(key, radix).unwrap().encrypt(tweak, &digits(plain)),
                24 => FF1::<Aes192>::new(key, radix).unwrap().encrypt(tweak, &digits(plain)),
                _ => FF1::<Aes256>::new(key, radix).unwrap().encrypt(tweak, &digits(plain)),
            };
            assert_eq!(Vec::from(got.unwrap()), Vec::from(digits(want)));
        }
    }

    fn fpe(mode: FpeMode, suite: Suite) -> Fpe {
        Fpe::new(suite, &[7; 32], mode, "c", &READERS)
    }

    fn both(mode: FpeMode, v: &str) -> String {
        let mut all = Vec::new();
        for suite in [Suite::Aes, Suite::Sm4] {
            let t = fpe(mode, suite);
            let out = apply_in(&t, v.as_bytes(), b"").unwrap();
            let mut back = Vec::new();
            t.reveal(&out, &mut back).unwrap();
            assert_eq!(back, v.as_bytes());
            assert_ne!(out, v.as_bytes());
            all.push(String::from_utf8(out).unwrap());
        }
        assert_ne!(all[0], all[1]);
        all.swap_remove(0)
    }

    #[test]
    fn what_stays_stays() {
        assert!(both(FpeMode::Phone, "+86 138-0013-8001").starts_with("+86 138-"));
        assert!(both(FpeMode::Phone, "13490013800").starts_with("1349"));
        assert!(both(FpeMode::Phone, "010-62551234").starts_with("010-6"));
        let card = both(FpeMode::Card, "6222 0212 3456 7894");
        assert!(card.starts_with("6222 02") && card.len() == 19);
        let d: Vec<u16> = card.bytes().filter(u8::is_ascii_digit).map(|b| u16::from(b - b'0')).collect();
        let old: Vec<u16> = "6222021234567894".bytes().map(|b| u16::from(b - b'0')).collect();
        assert_eq!(luhn(&d[..15]) == d[15], luhn(&old[..15]) == old[15]);
        assert!(both(FpeMode::Imei, "490154203237518").starts_with("49015420"));
        let id = both(FpeMode::Id, "11010519491231002X");
        assert!(id.starts_with("110105194"), "{id}");
        assert_ne!(id.as_bytes()[17], b"0123456789X"[mod_11_2(&id.as_bytes()[..17])]);
    }

    #[test]
    fn what_can_not_be_taken_is_refused() {
        for (mode, v) in [(FpeMode::Digits, "12345"), (FpeMode::Id, "1234"), (FpeMode::Card, "411111111111")] {
            assert_eq!(apply_in(&fpe(mode, Suite::Aes), v.as_bytes(), b""), Err(Unfit), "{v}");
        }
    }
}
