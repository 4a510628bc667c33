//! International bank account number (ISO 13616-1): country, two check digits modulo 97, up to 30 letters and digits; in
//! print a blank stands behind every fourth.

/// Fewest and most letters and digits (Norway has 15).
const LENGTH: std::ops::RangeInclusive<usize> = 15..=34;

/// True when `v` has the form of a number whose check digits fit; blanks, dashes and dots may stand in it.
pub fn valid(v: &[u8]) -> bool {
    let signs = || v.iter().filter(|b| !matches!(b, b' ' | b'-' | b'.')).map(u8::to_ascii_uppercase);
    let letters = signs().take(2).all(|b| b.is_ascii_alphabetic());
    let checks = signs().skip(2).take(2).all(|b| b.is_ascii_digit());
    let formed = LENGTH.contains(&signs().count()) && letters && checks && signs().all(|b| b.is_ascii_alphanumeric());
    // The first four stand last; a letter counts as two digits (ISO 7064, MOD 97-10).
    formed && signs().skip(4).chain(signs().take(4)).fold(0, digits) == 1
}

fn digits(n: u32, b: u8) -> u32 {
    match b {
        b'0'..=b'9' => (n * 10 + u32::from(b - b'0')) % 97,
        _ => (n * 100 + u32::from(b - b'A') + 10) % 97,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn check_digits() {
        assert!(super::valid(b"GB82WEST12345698765432") && super::valid(b"GB82 WEST 1234 5698 7654 32"));
        assert!(super::valid(b"NO9386011117947") && super::valid(b"de89370400440532013000"));
        assert!(super::valid(b"NO 93 8601 11.17947") && super::valid(b"NO93 8601-11-17947"));
        assert!(!super::valid(b"GB82WEST12345698765433") && !super::valid(b"GB82") && !super::valid(b""));
    }
}
