//! MEID (3GPP2 S.R0048): fourteen hex digits, the first A to F, and an optional check digit.

/// Hexadecimal form.
pub fn hex14(v: &[u8]) -> bool {
    matches!(v.len(), 14 | 15) && v.iter().all(u8::is_ascii_hexdigit) && v[0].is_ascii_alphabetic()
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
