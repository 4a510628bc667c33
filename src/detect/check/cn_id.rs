//! Identity numbers of the People's Republic: GB 11643-1999 (18 digits, ISO 7064 MOD 11-2), its 15-digit
//! predecessor, residence permits for Hong Kong, Macao and Taiwan, and foreign permanent residents (GA 2102-2023).

use super::{all_digits, is_date, number};

/// Two-digit province codes of GB/T 2260, mainland.
const MAINLAND: [u8; 31] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65,
];

fn mainland(d: &[u8]) -> bool {
    MAINLAND.contains(&(number(&d[..2]) as u8))
}

fn region(d: &[u8]) -> bool {
    mainland(d) || matches!(&d[..2], b"71" | b"81" | b"82" | b"83")
}

/// Resident identity number with province, date and check digit; also the permits with 71, 81, 82, 83.
pub fn resident18(v: &[u8]) -> bool {
    plausible18(v) && check_digit(v) == v[17].to_ascii_uppercase()
}

/// Province and date of an 18-character number, whatever its check digit.
pub fn plausible18(v: &[u8]) -> bool {
    v.len() == 18
        && all_digits(&v[..17])
        && (v[17].is_ascii_digit() || v[17] | 0x20 == b'x')
        && region(v)
        && date8(&v[6..14])
}

fn date8(d: &[u8]) -> bool {
    let year = number(&d[..4]);
    // The standard's own example was born in 1880.
    (1840..=2100).contains(&year) && is_date(year, number(&d[4..6]), number(&d[6..8]))
}

fn check_digit(v: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = v.iter().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    b"10X98765432"[(sum % 11) as usize]
}

/// Residence permit for residents of Hong Kong, Macao and Taiwan (State Council rules of 2018, article 3).
pub fn hmt_permit(v: &[u8]) -> bool {
    v.len() == 18 && matches!(&v[..6], b"810000" | b"820000" | b"830000") && resident18(v)
}

/// Legacy number of 15 digits: province and date, no check digit.
pub fn resident15(v: &[u8]) -> bool {
    v.len() == 15
        && all_digits(v)
        && region(v)
        && is_date(1900 + number(&v[6..8]), number(&v[8..10]), number(&v[10..12]))
}

/// The 18-character form of a legacy number.
pub fn upgrade15(v: &[u8]) -> Option<[u8; 18]> {
    if !resident15(v) {
        return None;
    }
    let mut out = [0; 18];
    out[..6].copy_from_slice(&v[..6]);
    out[6..8].copy_from_slice(b"19");
    out[8..17].copy_from_slice(&v[6..]);
    out[17] = check_digit(&out[..17]);
    Some(out)
}

/// Foreign permanent resident, form of 2023: 9, province, ISO 3166-1 numeric country, date, sequence, check digit.
pub fn fpr18(v: &[u8]) -> bool {
    v.len() == 18
        && v[0] == b'9'
        && all_digits(&v[..17])
        && mainland(&v[1..])
        && date8(&v[6..14])
        && check_digit(v) == v[17].to_ascii_uppercase()
}

/// Foreign permanent resident, form before 2023: ISO 3166-1 alpha-3, region, YYMMDD, sequence, ICAO 9303 check digit.
pub fn fpr15(v: &[u8]) -> bool {
    if v.len() != 15 || !v[..3].iter().all(u8::is_ascii_uppercase) || !all_digits(&v[3..]) || !mainland(&v[3..]) {
        return false;
    }
    let (yy, mm, dd) = (number(&v[7..9]), number(&v[9..11]), number(&v[11..13]));
    let sum: u32 = v[..14]
        .iter()
        .enumerate()
        .map(|(i, &b)| {
            let n = if b.is_ascii_digit() { b - b'0' } else { b - b'A' + 10 };
            u32::from(n) * [7, 3, 1][i % 3]
        })
        .sum();
    (is_date(1900 + yy, mm, dd) || is_date(2000 + yy, mm, dd)) && sum % 10 == u32::from(v[14] - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        assert!(resident18(b"11010519491231002X") && resident18(b"440524188001010014"));
        assert!(!resident18(b"36042619910102009X") && !resident18(b"520323197802318856"));
        assert!(hmt_permit(b"810000199408230021") && hmt_permit(b"830000199201300022"));
        assert!(resident15(b"632123820927051") && !resident15(b"110101940231001"));
        assert!(fpr15(b"KAZ110090123105") && !fpr15(b"KAZ110090123107"));
        assert!(fpr18(b"911398199012310021") && !fpr18(b"911398199012310022"));
        let up = upgrade15(b"110105491231002").unwrap();
        assert_eq!(&up, b"11010519491231002X");
    }
}
