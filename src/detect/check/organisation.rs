//! Numbers of companies and the self-employed.

use super::all_digits;

/// Signs of GB 32100-2015: no I, O, S, V, Z.
const SIGNS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Unified social credit code (GB 32100-2015): authority, type, six digits of region, the organisation code with its own
/// check sign, a check sign modulo 31.
pub fn credit_code(v: &[u8]) -> bool {
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    if v.len() != 18
        || !all_digits(&v[2..8])
        || !matches!(v[0].to_ascii_uppercase(), b'1'..=b'9' | b'A'..=b'G' | b'N' | b'Y')
    {
        return false;
    }
    let value = |b: u8| SIGNS.iter().position(|&s| s == b.to_ascii_uppercase());
    let mut sum = 0;
    for (&b, w) in v[..17].iter().zip(WEIGHTS) {
        let Some(n) = value(b) else { return false };
        sum += n * w;
    }
    value(v[17]) == Some((31 - sum % 31) % 31) && org_code(&v[8..17])
}

/// Organisation code (GB 11714-1997): eight signs and a check sign modulo 11, a dash between allowed.
pub fn org_code(v: &[u8]) -> bool {
    let mut d = [0u8; 9];
    let mut n = 0;
    for &b in v.iter().filter(|b| **b != b'-') {
        if n == 9 || !b.is_ascii_alphanumeric() {
            return false;
        }
        d[n] = b.to_ascii_uppercase();
        n += 1;
    }
    if n != 9 {
        return false;
    }
    let value = |b: u8| u32::from(if b.is_ascii_digit() { b - b'0' } else { b - b'A' + 10 });
    let sum: u32 = d.iter().zip([3, 7, 9, 10, 5, 8, 4, 2]).map(|(&b, w)| value(b) * w).sum();
    d[8] == b"0X987654321"[(sum % 11) as usize]
}

/// Business licence of fifteen digits (GS 15-2006, ISO 7064 MOD 11,10).
pub fn licence(v: &[u8]) -> bool {
    if v.len() != 15 || !all_digits(v) {
        return false;
    }
    let fold = |p: u32, b: &u8| match (p + u32::from(b - b'0')) % 10 {
        0 => 20 % 11,
        x => x * 2 % 11,
    };
    (v[..14].iter().fold(10, fold) + u32::from(v[14] - b'0')) % 10 == 1
}

/// Any of the forms that a key names: credit, organisation, licence and tax numbers.
pub fn number(v: &[u8]) -> bool {
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    (9..=20).contains(&v.len()) && digits >= 6 && v.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        || org_code(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for ok in ["91110000600037341L", "91330106MA27Y4U47R", "91620105L015101280", "914112810713741814"] {
            assert!(credit_code(ok.as_bytes()), "{ok}");
        }
        for bad in ["A1110000600037341L", "91330106MA27Y4U46R", "91330106MA27Y4U48N", "91110000600037341", ""] {
            assert!(!credit_code(bad.as_bytes()), "{bad}");
        }
        assert!(org_code(b"MA27Y4U47") && org_code(b"MA27Y4U4-7") && !org_code(b"MA27Y4U48"));
        for ok in ["440301103097413", "440301103448669", "330100400013364"] {
            assert!(licence(ok.as_bytes()), "{ok}");
        }
        assert!(!licence(b"440301103097414"));
    }
}
