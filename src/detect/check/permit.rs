//! Travel documents without check digits: a key or a word must name them.

use super::all_digits;

/// Home-return permit: H or M, eight lifelong digits, and on cards before 2013 two of the reissue.
pub fn home_return(v: &[u8]) -> bool {
    matches!(v.len(), 9 | 11) && matches!(v[0], b'H' | b'M' | b'h' | b'm') && all_digits(&v[1..])
}

/// Mainland travel permit of Taiwan residents: eight digits (2015 card), or ten and a letter of renewal.
pub fn taiwan(v: &[u8]) -> bool {
    let (digits, rest) = v.split_at(v.iter().take_while(|b| b.is_ascii_digit()).count());
    match digits.len() {
        8 => rest.is_empty(),
        10 => matches!(rest, [] | [b'A'..=b'Z'] | [b'(', b'A'..=b'Z', b')']),
        _ => false,
    }
}

/// Permits of mainland residents for Hong Kong, Macao and Taiwan: C, W, L or T and eight signs.
pub fn exit_entry(v: &[u8]) -> bool {
    v.len() == 9
        && matches!(v[0].to_ascii_uppercase(), b'C' | b'W' | b'L' | b'T')
        && v[1].is_ascii_alphanumeric()
        && all_digits(&v[2..])
}

/// Military papers as people write them: `军字第12345678号`, `南字第001234号`.
pub fn military(v: &[u8]) -> bool {
    let Ok(s) = std::str::from_utf8(v) else { return false };
    let Some((arm, rest)) = s.split_once("字第") else { return false };
    let number = rest.strip_suffix('号').unwrap_or(rest);
    let ideographs = arm.chars().all(|c| ('\u{4E00}'..='\u{9FA5}').contains(&c));
    (1..=2).contains(&arm.chars().count())
        && ideographs
        && (4..=8).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        assert!(home_return(b"H1234567802") && home_return(b"M12345678"));
        assert!(!home_return(b"K1234567802") && !home_return(b"A1234567801"));
        assert!(taiwan(b"12345678") && taiwan(b"1234567890") && taiwan(b"1234567890(B)"));
        assert!(!taiwan(b"123456789"));
        assert!(exit_entry(b"C12345678") && exit_entry(b"CA1234567") && !exit_entry(b"X12345678"));
        assert!(military("军字第12345678号".as_bytes()) && !military("军字第号".as_bytes()));
    }
}
