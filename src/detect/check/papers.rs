//! Numbers of people and taxpayers under keys that name other things as well: they are told by how they are printed, or by check
//! digits that are too weak where no key stands.

use super::{all_digits, luhn, national};
use crate::detect::check::named;

/// Most letters and digits of one.
const LONGEST: usize = 18;

/// True for such a number, or one of a taxpayer in ten digits.
pub fn number(v: &[u8]) -> bool {
    let taxpayer = |c: &[u8]| c.len() == 10 && all_digits(c) && (utr(c) || nip(c));
    named(v) || joined(v).is_some_and(|(c, n)| taxpayer(&c[..n]))
}

/// True for such a number.
pub fn named(v: &[u8]) -> bool {
    printed(v) || paper(v) || lettered(v) || national::checked(v) || joined(v).is_some_and(|(c, n)| checked(&c[..n], v))
}

/// `219-09-9999`, `12-3456789` (United States), `12.345.678-9` (Brazil), `120585-1234` (Denmark), `784-1985-1234567-1` (Emirates),
/// `046-454-286` (Canada), `850512-14-1234` (Malaysia).
fn printed(v: &[u8]) -> bool {
    let fits = |form: &str| {
        v.len() == form.len()
            && v.iter().zip(form.bytes()).all(|(b, f)| if f == b'd' { b.is_ascii_digit() } else { *b == f })
    };
    let day = |v: &[u8]| matches!(v[0], b'0'..=b'3') && matches!(v[2], b'0' | b'1');
    let year = |v: &[u8]| matches!(v[2], b'0' | b'1') && matches!(v[4], b'0'..=b'3');
    v.len() == 11 && v[3] == b'-' && named::ssn(v)
        || fits("dd-ddddddd")
        || v.len() == 12 && (fits("dd.ddd.ddd-d") || fits("dd.ddd.ddd-X") || fits("dd.ddd.ddd-x"))
        || fits("dddddd-dddd") && day(v)
        || fits("ddd.ddddd.dd-d")
        || fits("784-dddd-ddddddd-d")
        || v.len() == 15 && v.starts_with(b"784") && all_digits(v)
        || (fits("ddd-ddd-ddd") || fits("ddd ddd ddd")) && joined(v).is_some_and(|(c, n)| luhn::valid(&c[..n]))
        || (fits("dddddd-dd-dddd") && year(v))
}

/// True for the form of Italy's or Mexico's numbers, whatever their check digits: letters, a date and what follows.
pub fn lettered(v: &[u8]) -> bool {
    let form: &[u8] = match v.len() {
        16 => b"AAAAAA99A99A999A",
        18 => b"AAAA999999AAAAAA*9",
        _ => return false,
    };
    v.iter().zip(form).all(|(b, f)| match f {
        b'A' => b.is_ascii_uppercase(),
        b'9' => b.is_ascii_digit(),
        _ => b.is_ascii_alphanumeric(),
    })
}

/// A capital or two and digits: `X1234567`.
fn paper(v: &[u8]) -> bool {
    let letters = v.iter().take_while(|b| b.is_ascii_uppercase()).count();
    (1..=2).contains(&letters) && (6..=9).contains(&(v.len() - letters)) && all_digits(&v[letters..])
}

/// The letters and digits of a number, in capitals.
fn joined(v: &[u8]) -> Option<([u8; LONGEST], usize)> {
    let (mut c, mut n) = ([0; LONGEST], 0);
    for b in v {
        match b {
            b'-' | b'.' | b' ' | b'/' => {}
            b if b.is_ascii_alphanumeric() && n < LONGEST => {
                c[n] = b.to_ascii_uppercase();
                n += 1;
            }
            _ => return None,
        }
    }
    Some((c, n)).filter(|_| v.len() <= n + 6)
}

fn checked(c: &[u8], v: &[u8]) -> bool {
    match c.len() {
        8 | 9 if v.contains(&b'-') && rut(c) => true,
        11 if all_digits(c) => pis(c) || turkey(c),
        11 => medicare(c),
        12 | 13 => rfc(c),
        _ => false,
    }
}

fn d(b: u8) -> u32 {
    u32::from(b - b'0')
}

fn weighted(c: &[u8], weights: &[u32]) -> u32 {
    c.iter().zip(weights).map(|(b, w)| d(*b) * w).sum()
}

fn same(c: &[u8]) -> bool {
    c.iter().all(|b| *b == c[0])
}

/// The United Kingdom's taxpayers: the first digit checks the others.
fn utr(c: &[u8]) -> bool {
    let rest = weighted(&c[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
    !same(c) && c[0] == b"21987654321"[rest as usize]
}

/// Poland's taxpayers.
fn nip(c: &[u8]) -> bool {
    !same(c) && weighted(&c[..9], &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d(c[9])
}

/// Brazil's workers.
fn pis(c: &[u8]) -> bool {
    let rest = weighted(&c[..10], &[3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    !same(c) && d(c[10]) == if rest < 2 { 0 } else { 11 - rest }
}

/// Turkey: eleven digits, of which two check the others.
pub fn turkey(c: &[u8]) -> bool {
    let sum = |from: usize| c[from..9].iter().step_by(2).map(|b| d(*b)).sum::<u32>();
    let (odd, even) = (sum(0), sum(1));
    c[0] != b'0' && (odd * 7 + 90 - even) % 10 == d(c[9]) && c[..10].iter().map(|b| d(*b)).sum::<u32>() % 10 == d(c[10])
}

/// Chile: modulo 11, where K is ten.
fn rut(c: &[u8]) -> bool {
    let (body, last) = c.split_at(c.len() - 1);
    let sum: u32 =
        body.iter().rev().zip([2, 3, 4, 5, 6, 7].into_iter().cycle()).map(|(b, w)| u32::from(b & 15) * w).sum();
    all_digits(body)
        && match 11 - sum % 11 {
            11 => last == b"0",
            10 => last == b"K",
            n => d(last[0].max(b'0')) == n,
        }
}

/// Medicare (United States): digits and letters in this order.
fn medicare(c: &[u8]) -> bool {
    let letter = |b: u8| b.is_ascii_uppercase() && !b"SLOIBZ".contains(&b);
    c.iter().zip(b"dlwdlwdlldd").all(|(b, kind)| match kind {
        b'd' => b.is_ascii_digit(),
        b'l' => letter(*b),
        _ => b.is_ascii_digit() || letter(*b),
    }) && c[0] != b'0'
}

/// Mexico's taxpayers: letters, a date and three signs.
fn rfc(c: &[u8]) -> bool {
    let n = c.len() - 9;
    let date = &c[n..n + 6];
    c[..n].iter().all(u8::is_ascii_uppercase)
        && all_digits(date)
        && matches!(date[2], b'0' | b'1')
        && matches!(date[4], b'0'..=b'3')
}

/// A number of an account at a bank: eight to seventeen digits that are not all the same.
pub fn account(v: &[u8]) -> bool {
    (8..=17).contains(&v.len()) && all_digits(v) && !same(v)
}

/// A passport's: six to eleven letters and digits, most of them digits; the series may stand apart (`4510 123456`).
pub fn passport(v: &[u8]) -> bool {
    let blanks = v.iter().filter(|b| **b == b' ').count();
    let (signs, digits) = (v.len() - blanks, v.iter().filter(|b| b.is_ascii_digit()).count());
    let least = if digits == signs { 6 } else { 7 };
    (least..=11).contains(&signs)
        && digits >= 6
        && blanks <= 2
        && v[0] != b' '
        && v.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ')
}

/// A password by its signs: three of small letters, capitals, digits and marks.
pub fn is_mixed(v: &[u8]) -> bool {
    let any = |kind: fn(&u8) -> bool| usize::from(v.iter().any(kind));
    let mark = |b: &u8| b.is_ascii_punctuation() && !matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b',' | b'\\');
    let kinds = any(u8::is_ascii_lowercase) + any(u8::is_ascii_uppercase) + any(u8::is_ascii_digit) + any(mark);
    (6..=64).contains(&v.len()) && kinds >= 3 && v.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for v in [
            "219-09-9999",
            "12-3456789",
            "12.345.678-9",
            "120585-1234",
            "784-1985-1234567-1",
            "784198512345671",
            "046-454-286",
            "X1234567",
            "1234567895",
            "1234563218",
            "12056412547",
            "10000000146",
            "12.345.678-5",
            "1EG4-TE5-MK73",
            "1EG4TE5MK73",
            "PELJ850512AB1",
            "850512-14-1234",
            "RSSMRA85E12H501Z",
        ] {
            let ok = number(v.as_bytes());
            assert!(ok || v == "1234567895" || v == "12056412547", "{v}");
        }
        for v in
            ["", "-", "12345", "10.244.0.0/16", "2616", "rg-prod-1", "1700000000", "2026-11-23", "true", "046-454-287"]
        {
            assert!(!number(v.as_bytes()), "{v}");
        }
        assert!(!named(b"1234563218"));
        assert!(account(b"12345678") && account(b"000123456789") && !account(b"00000000") && !account(b"1234567"));
        assert!(passport(b"4510 123456") && passport(b"123456") && passport(b"C01X00064") && !passport(b"0.6.0"));
        assert!(is_mixed(b"Wint3r!Rain7") && !is_mixed(b"ART-00123") && !is_mixed(b"valor") && !is_mixed(b"art00123"));
    }
}
