//! IMEI (3GPP TS 23.003 section 6.2): 14 digits and a Luhn digit.

use super::{all_digits, luhn};

/// Fifteen digits with a right check digit that are no placeholder.
pub fn imei(d: &[u8]) -> bool {
    d.len() == 15 && all_digits(d) && luhn::valid(d) && d.iter().any(|b| *b != d[0]) && d != b"004999010640000"
}

/// Reporting body identifiers that nearly all handsets sold in China carry (86, 35, 01): shape enough without a key.
pub fn common(d: &[u8]) -> bool {
    imei(d) && matches!(&d[..2], b"01" | b"35" | b"86")
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        assert!(
            super::imei(b"490154203237518") && !super::imei(b"490154203237517") && !super::imei(b"000000000000000")
        );
    }
}
