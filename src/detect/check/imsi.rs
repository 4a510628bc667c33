//! IMSI (ITU-T E.212) of Chinese networks.

/// Fifteen digits under country 460 with an assigned network code.
pub fn cn(d: &[u8]) -> bool {
    d.len() == 15
        && super::all_digits(d)
        && &d[..3] == b"460"
        && matches!(
            &d[3..5],
            b"00"
                | b"01"
                | b"02"
                | b"03"
                | b"04"
                | b"05"
                | b"06"
                | b"07"
                | b"08"
                | b"09"
                | b"11"
                | b"12"
                | b"13"
                | b"15"
                | b"20"
        )
}

/// Fourteen or fifteen digits of any network, blanks and dashes between its parts allowed.
pub fn grouped(v: &[u8]) -> bool {
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let marks = v.iter().filter(|b| matches!(b, b' ' | b'-')).count();
    matches!(digits, 14 | 15) && digits + marks == v.len() && marks <= 4
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        assert!(super::cn(b"460001234567890") && super::cn(b"460151234567890") && !super::cn(b"310150123456789"));
    }
}
