//! Luhn check digit (ISO/IEC 7812-1 annex B).

/// True when the last of the digits checks the others.
pub fn valid(digits: &[u8]) -> bool {
    const DOUBLED: [u8; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let d = b - b'0';
            u32::from(if i % 2 == 1 { DOUBLED[d as usize] } else { d })
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        assert!(super::valid(b"4111111111111111") && super::valid(b"78949") && !super::valid(b"7894"));
        assert!(!super::valid(b""));
    }
}
