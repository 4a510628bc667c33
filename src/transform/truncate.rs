//! Truncation of addresses to a prefix.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address with all but its leading bits cleared. Prefixes that hold another address (6to4, NAT64, Teredo) are
/// cut so that it goes too.
pub fn truncate(ip: IpAddr, v4_bits: u8, v6_bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(a) => IpAddr::V4(v4(a, v4_bits)),
        IpAddr::V6(a) => IpAddr::V6(v6(a, v4_bits, v6_bits)),
    }
}

fn v4(a: Ipv4Addr, bits: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
    Ipv4Addr::from(u32::from(a) & mask)
}

fn v6(a: Ipv6Addr, v4_bits: u8, bits: u8) -> Ipv6Addr {
    let s = a.segments();
    let embedded = |a: Ipv6Addr| {
        let o = a.octets();
        let t = v4(Ipv4Addr::new(o[12], o[13], o[14], o[15]), v4_bits).octets();
        let mut out = o;
        out[12..].copy_from_slice(&t);
        Ipv6Addr::from(out)
    };
    if a.to_ipv4_mapped().is_some() || s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return embedded(a);
    }
    let bits = match s {
        [0x2002, ..] => bits.min(16),
        [0x2001, 0, ..] => bits.min(32),
        _ => bits.min(128),
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    Ipv6Addr::from(u128::from(a) & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let t = |s: &str| truncate(s.parse().unwrap(), 24, 48).to_string();
        assert_eq!(t("203.0.113.77"), "203.0.113.0");
        assert_eq!(t("2001:db8:1:2:3::4"), "2001:db8:1::");
        assert_eq!(t("2002:cb00:714d::1"), "2002::");
        assert_eq!(t("::ffff:203.0.113.77"), "::ffff:203.0.113.0");
        assert_eq!(t("64:ff9b::203.0.113.77"), "64:ff9b::cb00:7100");
    }
}
