//! UUID text form (RFC 9562 section 4).

/// 8-4-4-4-12 hex digits.
pub fn is(v: &[u8]) -> bool {
    v.len() == 36
        && v.iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

/// Its sixteen bytes.
pub fn parse(v: &[u8]) -> Option<[u8; 16]> {
    if !is(v) {
        return None;
    }
    let mut out = [0; 16];
    for (n, b) in v.iter().filter(|b| **b != b'-').enumerate() {
        out[n / 2] = out[n / 2] << 4 | (*b as char).to_digit(16)? as u8;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        let id = b"1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5";
        assert_eq!(super::parse(id).unwrap()[..3], [0x1f, 0xe9, 0xa9]);
        assert!(!super::is(b"1fe9a970-efbb-29e0-0bddf-5dbbf751ab5"));
    }
}
