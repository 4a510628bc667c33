//! What logveil itself writes: recognised, so that a second pass changes nothing.

use super::ip::{self, Class};

/// What stands for a suppressed value.
pub const SUPPRESSED: &[u8] = b"REDACTED";

/// True for a token, a suppressed value, a mask or a surrogate address.
pub fn is(v: &[u8]) -> bool {
    // Most values begin with a digit and hold none of the marks that our output has.
    match v.len() {
        0..=1 => false,
        // Two that stood side by side are one word now.
        8.. if v.starts_with(SUPPRESSED) && is_constant(v) => true,
        31.. if is_token(v) => true,
        39.. if is_surrogate(v) => true,
        _ => memchr::memchr(b'*', v).is_some_and(|i| v.get(i + 1) == Some(&b'*') || is_short_name(v, i)),
    }
}

/// As [`is`], for values of any text (passwords, addresses): stars make no mask of them unless they are half of it or its end.
pub fn veils(v: &[u8]) -> bool {
    let stars = v.iter().filter(|b| **b == b'*').count();
    is(v) && (stars == 0 || v.ends_with(b"****") || stars > 1 && 2 * stars >= v.len())
}

/// `张*`: the mask of a name of two letters or ideographs; the star stands at `star`.
fn is_short_name(v: &[u8], star: usize) -> bool {
    star + 1 == v.len() && matches!((star, v[0]), (1, b'A'..=b'Z' | b'a'..=b'z') | (3, 0xE0..=0xEF) | (4, 0xF0..))
}

/// Constants side by side, and nothing else: what stands behind one may be a value that another program wrote there.
fn is_constant(v: &[u8]) -> bool {
    v.chunks(SUPPRESSED.len()).all(|c| c == SUPPRESSED)
}

/// `<kind>_<key id>_<tag>`: lower base32 of 8 and of 26 or 20 letters, or of 28 and more in a reversible token.
pub fn is_token(v: &[u8]) -> bool {
    // The tag holds no mark, so that the last one stands before it.
    let mark = |n: usize| v.len() > n && v[v.len() - n] == b'_';
    if !(mark(27) || mark(21)) && memchr::memrchr(b'_', v).is_none_or(|i| v.len() - i < 29) {
        return false;
    }
    let mut parts = v.rsplitn(3, |&b| b == b'_');
    let (Some(tag), Some(kid), Some(kind)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let base32 = |p: &[u8]| p.iter().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    matches!(tag.len(), 26 | 20 | 28..)
        && kid.len() == 8
        && base32(tag)
        && base32(kid)
        && !kind.is_empty()
        && kind.len() <= 24
        && kind.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// A surrogate address, brackets allowed.
pub fn is_surrogate(v: &[u8]) -> bool {
    let inner = match v {
        [b'[', rest @ ..] => rest.split(|&b| b == b']').next().unwrap_or_default(),
        _ => v,
    };
    inner.len() == 39 && ip::v6(inner).is_some_and(|a| ip::class_v6(&a) == Class::Surrogate)
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        assert!(super::is(b"phone_abcdefgh_zcdale3dfbstu4pll54vzitlsa"));
        assert!(super::is(b"phone_abcdefgh_zcdale3dfbstu4pll54vzitlsazcdale3dfbs"));
        assert!(super::is(b"138****8000") && super::is(b"REDACTED"));
        assert!(
            super::is(b"a**b")
                && !super::veils(b"my**secret99")
                && super::veils(b"**********")
                && super::veils(b"my****")
        );
        assert!(super::veils("北京市海淀区****".as_bytes()) && super::veils(b"REDACTED") && !super::veils(b"hunter2"));
        assert!(super::is(b"o*") && !super::veils(b"o*") && !super::is(b"7*"));
        assert!(super::is("张*".as_bytes()) && super::is("𠮷*".as_bytes()) && !super::is("张三*".as_bytes()));
        assert!(super::is(b"fdde:1d00:0a1b:0000:1111:2222:3333:4444"));
        assert!(super::is(b"[fdde:1d00:0a1b:0000:1111:2222:3333:4444]:443"));
        assert!(super::is(b"REDACTEDREDACTED") && !super::is(b"REDACTEDRED") && !super::is(b"REDACTED#22hunter2"));
        assert!(!super::is(b"REDACTEDhunter2") && !super::is(b"REDACTED\"ab") && !super::is("REDACTED李".as_bytes()));
        assert!(!super::is(b"13800138000") && !super::is(b"some_snake_case_name"));
    }
}
