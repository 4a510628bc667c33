//! UUID text form (RFC 9562 section 4).

use super::hex_bytes;

/// 8-4-4-4-12 hex digits.
pub fn is(v: &[u8]) -> bool {
    v.len() == 36
        && v.iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

/// Its sixteen bytes.
pub fn parse(v: &[u8]) -> Option<[u8; 16]> {
    const FIRST: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let v: &[u8; 36] = v.try_into().ok()?;
    if [8, 13, 18, 23].iter().any(|&i| v[i] != b'-') { None } else { hex_bytes(v, |i| FIRST[i]) }
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
