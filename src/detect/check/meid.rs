//! MEID (3GPP2 S.R0048): fourteen hex digits, the first A to F, and an optional check digit.

/// Hexadecimal form.
pub fn hex14(v: &[u8]) -> bool {
    matches!(v.len(), 14 | 15) && v.iter().all(u8::is_ascii_hexdigit) && v[0].is_ascii_alphabetic()
}

/// Either form in groups: 14 or 15 hex digits, or 18 or 19 decimal ones, with blanks or dashes.
pub fn spaced(v: &[u8]) -> bool {
    let digits = || v.iter().filter(|b| !matches!(b, b' ' | b'-'));
    match digits().count() {
        14 | 15 => digits().all(u8::is_ascii_hexdigit) && v[0].is_ascii_alphabetic(),
        18 | 19 => digits().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        assert!(
            super::hex14(b"AF0123450ABCDE") && super::hex14(b"AF0123450ABCDEC") && !super::hex14(b"490154203237518")
        );
    }
}
