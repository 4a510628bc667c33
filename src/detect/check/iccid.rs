//! ICCID (ITU-T E.118) of Chinese issuers; some write letters into it.

/// `8986`, an issuer, 19 or 20 characters in all.
pub fn cn(v: &[u8]) -> bool {
    matches!(v.len(), 19 | 20)
        && v.starts_with(b"8986")
        && v[4] <= b'1'
        && v.iter().all(u8::is_ascii_alphanumeric)
        && v.iter().filter(|b| b.is_ascii_alphabetic()).count() <= 2
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        assert!(
            super::cn(b"89860070310112094320")
                && super::cn(b"8986010110231170983S")
                && !super::cn(b"8944010110231170983")
        );
    }
}
