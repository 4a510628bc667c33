//! IEEE 802 hardware addresses, 48 bits.

use super::hex_bytes;

/// Six octets written with `:`, `-` or `_`, as `hhhh.hhhh.hhhh` or `hhhh-hhhh-hhhh`, or bare; one separator throughout.
#[inline]
pub fn parse(v: &[u8]) -> Option<[u8; 6]> {
    match (v.len(), v.get(2), v.get(4)) {
        (17, Some(&mark @ (b':' | b'-' | b'_')), _) => {
            octets(v, [2, 5, 8, 11, 14].iter().all(|&i| v[i] == mark), |i| 3 * i)
        }
        (14, _, Some(&mark @ (b'.' | b'-'))) => octets(v, v[9] == mark, |i| 2 * i + i / 2),
        (12, ..) => octets(v, true, |i| 2 * i),
        _ => None,
    }
}

/// The octets whose first digits stand at `at(0)` to `at(5)`.
#[inline]
fn octets(v: &[u8], marked: bool, at: impl Fn(usize) -> usize) -> Option<[u8; 6]> {
    if marked { hex_bytes(v, at) } else { None }
}

/// Addresses that name no device: all zeros, all ones, and what Android shows apps instead.
pub fn placeholder(m: &[u8; 6]) -> bool {
    matches!(m, [0, 0, 0, 0, 0, 0] | [2, 0, 0, 0, 0, 0] | [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        let want = Some([0xD0, 0x50, 0x99, 0x84, 0xA2, 0xA0]);
        for v in ["D0-50-99-84-A2-A0", "d0:50:99:84:a2:a0", "d050.9984.a2a0", "d050-9984-a2a0", "d0509984a2a0"] {
            assert_eq!(parse(v.as_bytes()), want, "{v}");
        }
        assert_eq!(parse(b"D0-50:99-84:A2-A0"), None);
        assert_eq!(parse(b"00:11:22:33:44:55:66"), None);
    }
}
