//! Machine-readable zones of travel documents (ICAO Doc 9303): check digits with weights 7, 3, 1.

fn value(b: u8) -> Option<u32> {
    match b {
        b'0'..=b'9' => Some(u32::from(b - b'0')),
        b'A'..=b'Z' => Some(u32::from(b - b'A') + 10),
        b'<' => Some(0),
        _ => None,
    }
}

fn check(v: &[u8], digit: u8) -> bool {
    let mut sum = 0;
    for (i, &b) in v.iter().enumerate() {
        let Some(n) = value(b) else { return false };
        sum += n * [7, 3, 1][i % 3];
    }
    value(digit) == Some(sum % 10)
}

/// True for a sign of a machine-readable zone.
pub fn is_sign(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<'
}

/// Second line of a passport (TD3, 44 signs) or of a card (TD2, 36): number, birth and expiry each with its digit.
pub fn second_line(v: &[u8]) -> bool {
    matches!(v.len(), 36 | 44)
        && v.iter().all(|&b| is_sign(b))
        && check(&v[..9], v[9])
        && check(&v[13..19], v[19])
        && check(&v[21..27], v[27])
}

/// First line: document kind, issuing state, names parted by `<<`.
pub fn first_line(v: &[u8]) -> bool {
    matches!(v.len(), 30 | 36 | 44)
        && matches!(v[0], b'P' | b'I' | b'A' | b'C' | b'V')
        && v.iter().all(|&b| is_sign(b))
        && v.windows(2).any(|w| w == b"<<")
        && v[2..5].iter().all(|b| b.is_ascii_uppercase() || *b == b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        // The specimen of Doc 9303 part 4.
        assert!(second_line(b"L898902C36UTO7408122F1204159ZE184226B<<<<<10"));
        assert!(!second_line(b"L898902C37UTO7408122F1204159ZE184226B<<<<<10"));
        assert!(first_line(b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"));
        assert!(!first_line(b"P<UTOERIKSSON"));
    }
}
