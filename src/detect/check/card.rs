//! Bank cards: issuer prefix, length and Luhn (ISO/IEC 7812).

use super::luhn;

/// A card number: digits only, a known issuer range with its length, Luhn, and not one digit repeated.
pub fn pan(digits: &[u8]) -> bool {
    super::all_digits(digits) && issuer(digits) && luhn::valid(digits) && digits.iter().any(|b| *b != digits[0])
}

/// A card number in a length that cards have today: 13 and 19 digits behind a 4 are any number nine times in ten.
pub fn common(digits: &[u8]) -> bool {
    (digits.len() == 16 || digits[0] != b'4') && pan(digits)
}

/// UnionPay range, 16 to 19 digits.
pub fn unionpay(digits: &[u8]) -> bool {
    (16..=19).contains(&digits.len()) && digits.starts_with(b"62")
}

fn issuer(d: &[u8]) -> bool {
    let n = d.len();
    if n < 13 {
        return false;
    }
    let p4 = super::number(&d[..4]);
    match d[0] {
        b'3' => {
            n == 15 && matches!(d[1], b'4' | b'7')
                || n == 14 && matches!(p4 / 10, 300..=305 | 360..=369 | 380..=389)
                || n == 16 && (3528..=3589).contains(&p4)
        }
        b'4' => matches!(n, 13 | 16 | 19),
        b'5' => n == 16 && matches!(d[1], b'1'..=b'5'),
        b'2' => n == 16 && (2221..=2720).contains(&p4),
        b'6' => unionpay(d) || n == 16 && (p4 == 6011 || matches!(p4 / 10, 644..=659)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for ok in
            ["4111111111111111", "6212345678900000003", "6200000000000005", "6205500000000000004", "378282246310005"]
        {
            assert!(pan(ok.as_bytes()), "{ok}");
        }
        assert!(!pan(b"6222 0000 0000 0000 002") && pan(b"4980916519894289629") && !common(b"4980916519894289629"));
        for bad in
            ["6222000000000000002", "1790000000000000", "0000000000000000", "1732345905123456", "411111111111111"]
        {
            assert!(!pan(bad.as_bytes()), "{bad}");
        }
    }
}
