//! IP addresses: lenient text forms, exact bytes, and the class that decides what becomes of them.

/// What an address stands for (IANA special-purpose registries, RFC 6890).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Someone's address.
    Public,
    /// RFC 1918, RFC 6598, RFC 4193.
    Private,
    /// RFC 3927, RFC 4291.
    LinkLocal,
    /// RFC 5737, RFC 3849, RFC 9637.
    Documentation,
    /// The machine itself.
    Loopback,
    /// All zeros, and `0.0.0.0/8`.
    Unspecified,
    /// All ones.
    Broadcast,
    /// A run of ones from the front: `255.255.255.0`.
    Netmask,
    /// RFC 5771, RFC 4291.
    Multicast,
    /// Written by logveil: `fdde:1d00::/32`.
    Surrogate,
}

/// Four numbers up to 255, leading zeros allowed, all dots or all dashes between.
pub fn v4(v: &[u8]) -> Option<[u8; 4]> {
    let mut out = [0u8; 4];
    let (mut n, mut digits, mut value, mut mark) = (0, 0, 0u32, 0u8);
    for &b in v {
        if b.is_ascii_digit() {
            digits += 1;
            value = value * 10 + u32::from(b - b'0');
            if digits > 3 || value > 255 {
                return None;
            }
        } else {
            if digits == 0 || n == 3 || !matches!(b, b'.' | b'-') || mark != 0 && b != mark {
                return None;
            }
            mark = b;
            out[n] = value as u8;
            (n, digits, value) = (n + 1, 0, 0);
        }
    }
    out[3] = value as u8;
    (n == 3 && digits > 0).then_some(out)
}

/// RFC 4291 section 2.2, with a dotted tail; no zone, no brackets.
pub fn v6(v: &[u8]) -> Option<[u8; 16]> {
    let mut groups = [0u16; 8];
    let (mut n, mut gap, mut i) = (0, None, 0);
    if v.starts_with(b"::") {
        gap = Some(0);
        i = 2;
    }
    while i < v.len() {
        let (mut digits, mut group) = (0, 0);
        while let Some(h) = v.get(i + digits).map(|b| HEX[usize::from(*b)]).filter(|h| *h < 16) {
            group = group << 4 | u16::from(h);
            digits += 1;
            if digits > 4 {
                return None;
            }
        }
        if digits == 0 || n == 8 {
            return None;
        }
        if v.get(i + digits) == Some(&b'.') {
            let a = tail(&v[i..])?;
            if n > 6 {
                return None;
            }
            groups[n] = u16::from_be_bytes([a[0], a[1]]);
            groups[n + 1] = u16::from_be_bytes([a[2], a[3]]);
            n += 2;
            i = v.len();
            break;
        }
        groups[n] = group;
        n += 1;
        i += digits;
        match (v.get(i), v.get(i + 1)) {
            (None, _) => break,
            (Some(b':'), Some(b':')) if gap.is_none() => {
                gap = Some(n);
                i += 2;
            }
            (Some(b':'), Some(b)) if *b != b':' => i += 1,
            _ => return None,
        }
    }
    match gap {
        None if n == 8 => {}
        Some(at) if n < 8 => {
            groups.copy_within(at..n, 8 - (n - at));
            groups[at..8 - (n - at)].fill(0);
        }
        _ => return None,
    }
    let _ = i;
    let mut out = [0; 16];
    for (pair, g) in out.chunks_exact_mut(2).zip(groups) {
        pair.copy_from_slice(&g.to_be_bytes());
    }
    Some(out)
}

/// The dotted tail of an IPv6 address.
fn tail(v: &[u8]) -> Option<[u8; 4]> {
    if v.contains(&b'-') { None } else { v4(v) }
}

/// Values of hex digits; 16 for other bytes.
static HEX: [u8; 256] = {
    let mut t = [16; 256];
    let mut i = 0;
    while i < 16 {
        t[b"0123456789abcdef"[i] as usize] = i as u8;
        t[b"0123456789ABCDEF"[i] as usize] = i as u8;
        i += 1;
    }
    t
};

/// Class of an IPv4 address.
pub fn class_v4(a: [u8; 4]) -> Class {
    let bits = u32::from_be_bytes(a);
    match a {
        [255, 255, 255, 255] => Class::Broadcast,
        [0, ..] => Class::Unspecified,
        [127, ..] => Class::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Class::Private,
        [169, 254, ..] => Class::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Documentation,
        [255, ..] if bits.leading_ones() + bits.trailing_zeros() == 32 => Class::Netmask,
        [224..=239, ..] => Class::Multicast,
        _ => Class::Public,
    }
}

/// Class of an IPv6 address; a mapped IPv4 address has the class of that.
pub fn class_v6(a: &[u8; 16]) -> Class {
    if let Some(v4) = mapped_v4(a) {
        return class_v4(v4);
    }
    match a {
        [0xFD, 0xDE, 0x1D, 0x00, ..] => Class::Surrogate,
        _ if a[..15] == [0; 15] => {
            if a[15] == 1 {
                Class::Loopback
            } else if a[15] == 0 {
                Class::Unspecified
            } else {
                Class::Public
            }
        }
        [0xFE, 0x80..=0xBF, ..] => Class::LinkLocal,
        [0xFC | 0xFD, ..] => Class::Private,
        [0x20, 0x01, 0x0D, 0xB8, ..] | [0x3F, 0xFF, 0x00..=0x0F, ..] => Class::Documentation,
        [0xFF, ..] => Class::Multicast,
        _ => Class::Public,
    }
}

/// The IPv4 address inside `::ffff:0:0/96`.
pub fn mapped_v4(a: &[u8; 16]) -> Option<[u8; 4]> {
    (a[..10] == [0; 10] && a[10..12] == [0xFF, 0xFF]).then(|| [a[12], a[13], a[14], a[15]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    proptest! {
        #[test]
        fn what_std_reads_we_read(a: [u16; 8], zero in 0usize..8, len in 0usize..8) {
            let mut a = a;
            for g in a.iter_mut().skip(zero).take(len) { *g = 0; }
            let ip = Ipv6Addr::from(a);
            prop_assert_eq!(v6(ip.to_string().as_bytes()), Some(ip.octets()));
            let long = a.map(|g| format!("{g:04X}")).join(":");
            prop_assert_eq!(v6(long.as_bytes()), Some(ip.octets()));
        }

        #[test]
        fn same_verdict_as_std(v in "[0-9a-f:.]{0,24}") {
            let std: Option<[u8; 16]> = v.parse::<Ipv6Addr>().ok().map(|a| a.octets());
            if std.is_some() { prop_assert_eq!(v6(v.as_bytes()), std); }
            else if !v.contains('.') { prop_assert_eq!(v6(v.as_bytes()), None, "{}", v); }
        }

        #[test]
        fn dotted(a: [u8; 4]) {
            prop_assert_eq!(v4(Ipv4Addr::from(a).to_string().as_bytes()), Some(a));
        }
    }

    #[test]
    fn lenient_forms() {
        assert_eq!(v4(b"192.000.002.001"), Some([192, 0, 2, 1]));
        assert_eq!(v4(b"10-0-0-1"), Some([10, 0, 0, 1]));
        assert_eq!(v4(b"256.1.1.1"), None);
        assert_eq!(v4(b"1.2.3"), None);
        assert!(v6(b"::ffff:192.0.2.1").is_some_and(|a| class_v6(&a) == Class::Documentation));
        assert_eq!(v6(b"1::2::3"), None);
        assert_eq!(class_v4([255, 255, 254, 0]), Class::Netmask);
    }
}
