//! Identity cards of Hong Kong, Macao and Taiwan.

use super::all_digits;

/// Hong Kong: one or two letters, six digits, a check digit in brackets (weights 9 to 1, modulo 11, a blank is 36).
pub fn hong_kong(v: &[u8]) -> bool {
    let mut d = [0u8; 9];
    let mut n = 0;
    for &b in v.iter().filter(|b| !matches!(b, b'(' | b')')) {
        if n == d.len() {
            return false;
        }
        d[n] = b.to_ascii_uppercase();
        n += 1;
    }
    let d = &d[..n];
    if !matches!(n, 8 | 9) || !all_digits(&d[n - 7..n - 1]) || !(d[n - 1].is_ascii_digit() || d[n - 1] == b'A') {
        return false;
    }
    let letters = &d[..n - 7];
    if !letters.iter().all(u8::is_ascii_uppercase) {
        return false;
    }
    let value = |b: u8| u32::from(if b.is_ascii_digit() { b - b'0' } else { b - b'A' + 10 });
    let blank = if n == 8 { 36 * 9 } else { 0 };
    let sum: u32 = d.iter().rev().zip(1..).map(|(&b, w)| value(b) * w).sum();
    (blank + sum).is_multiple_of(11)
}

/// Macao: 1, 5 or 7, six digits, a check digit in brackets whose rule is not public.
pub fn macao(v: &[u8]) -> bool {
    matches!(v, [b'1' | b'5' | b'7', d @ .., b'(', c, b')'] if d.len() == 6 && all_digits(d) && c.is_ascii_digit())
}

/// Taiwan: a letter, 1, 2, 8 or 9, eight digits of which the last checks (weights 8 to 1 behind the letter's number).
pub fn taiwan(v: &[u8]) -> bool {
    if v.len() != 10
        || !v[0].is_ascii_alphabetic()
        || !matches!(v[1], b'1' | b'2' | b'8' | b'9')
        || !all_digits(&v[1..])
    {
        return false;
    }
    const ORDER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(at) = ORDER.iter().position(|&c| c == v[0].to_ascii_uppercase()) else { return false };
    let n = at as u32 + 10;
    let sum: u32 = v[1..].iter().zip([8, 7, 6, 5, 4, 3, 2, 1, 1]).map(|(b, w)| u32::from(b - b'0') * w).sum();
    (n / 10 + n % 10 * 9 + sum).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for ok in ["G123456(A)", "L555555(0)", "AB987654(3)", "L5555550"] {
            assert!(hong_kong(ok.as_bytes()), "{ok}");
        }
        assert!(!hong_kong(b"AY987654(A)") && !hong_kong(b"1234567(8)") && !hong_kong(b""));
        assert!(macao(b"1234567(8)") && !macao(b"2234567(8)"));
        assert!(taiwan(b"A219758834") && taiwan(b"X231071923") && !taiwan(b"X231071922"));
    }
}
