//! IEEE 802 hardware addresses, 48 bits.

/// Six octets written with `:` or `-`, as `hhhh.hhhh.hhhh`, or bare; one separator throughout.
pub fn parse(v: &[u8]) -> Option<[u8; 6]> {
    let mut digits = [0u8; 12];
    let step = match (v.len(), v.get(2), v.get(4)) {
        (17, Some(b':' | b'-'), _) => 2,
        (14, _, Some(b'.')) => 4,
        (12, ..) => 12,
        _ => return None,
    };
    let mark = v.get(step).copied().unwrap_or(0);
    let mut n = 0;
    for (i, &b) in v.iter().enumerate() {
        if step < 12 && i % (step + 1) == step {
            if b != mark {
                return None;
            }
        } else {
            digits[n] = (b as char).to_digit(16)? as u8;
            n += 1;
        }
    }
    Some(std::array::from_fn(|i| digits[2 * i] << 4 | digits[2 * i + 1]))
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
        for v in ["D0-50-99-84-A2-A0", "d0:50:99:84:a2:a0", "d050.9984.a2a0", "d0509984a2a0"] {
            assert_eq!(parse(v.as_bytes()), want, "{v}");
        }
        assert_eq!(parse(b"D0-50:99-84:A2-A0"), None);
        assert_eq!(parse(b"00:11:22:33:44:55:66"), None);
    }
}
