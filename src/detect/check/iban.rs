//! International bank account number (ISO 13616-1): country, two check digits modulo 97, up to 30 letters and digits; in
//! print a blank stands behind every fourth.

/// Most letters and digits.
pub const LONGEST: usize = 34;
/// Fewest and most (Norway has 15).
const LENGTH: std::ops::RangeInclusive<usize> = 15..=LONGEST;

/// Lengths by country (IBAN registry of SWIFT, release 99).
const COUNTRIES: &[(u8, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

/// Letters and digits that numbers of this country have; nothing when it has none.
pub fn length(country: &[u8]) -> Option<usize> {
    COUNTRIES.iter().find(|c| c.1.as_bytes().chunks(3).any(|n| n[..2] == *country)).map(|c| usize::from(c.0))
}

/// True when `v`, in one piece and in capitals, is a number of a country that has them, in its length.
pub fn registered(v: &[u8]) -> bool {
    let capitals = v.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    capitals && v.get(..2).and_then(length) == Some(v.len()) && valid(v)
}

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
        assert!(super::registered(b"GB82WEST12345698765432") && super::registered(b"NO9386011117947"));
        assert!(!super::registered(b"gb82WEST12345698765432") && !super::registered(b"NO93860111179470"));
        assert!(super::valid(b"NO 93 8601 11.17947") && super::valid(b"NO93 8601-11-17947"));
        assert!(!super::valid(b"GB82WEST12345698765433") && !super::valid(b"GB82") && !super::valid(b""));
    }
}
