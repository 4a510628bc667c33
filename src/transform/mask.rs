//! Masks: show a part, star the rest, by the conventions usual in Chinese systems. A mask protects a display; it is
//! no de-identification.

use crate::model::Unfit;

/// Which part stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskStyle {
    /// First character.
    Name,
    /// First character and last two.
    IdCard,
    /// First four and last two.
    FixedPhone,
    /// First three and last four.
    Mobile,
    /// All but the last eight characters.
    Address,
    /// Province and city.
    Region,
    /// First letter and the domain.
    Email,
    /// Nothing, not even the length.
    Password,
    /// First three and last one.
    Plate,
    /// First four and last four, in groups of four.
    BankCard,
    /// First number.
    Ipv4,
    /// First group.
    Ipv6,
    /// First two and last two.
    Passport,
    /// First four and last four.
    CreditCode,
}

impl MaskStyle {
    /// Styles by their names in policies.
    pub const NAMES: &[(&str, MaskStyle)] = &[
        ("name", MaskStyle::Name),
        ("id-card", MaskStyle::IdCard),
        ("fixed-phone", MaskStyle::FixedPhone),
        ("mobile", MaskStyle::Mobile),
        ("address", MaskStyle::Address),
        ("region", MaskStyle::Region),
        ("email", MaskStyle::Email),
        ("password", MaskStyle::Password),
        ("plate", MaskStyle::Plate),
        ("bank-card", MaskStyle::BankCard),
        ("ipv4", MaskStyle::Ipv4),
        ("ipv6", MaskStyle::Ipv6),
        ("passport", MaskStyle::Passport),
        ("credit-code", MaskStyle::CreditCode),
    ];

    /// The style of that name.
    pub fn parse(name: &str) -> Option<MaskStyle> {
        Self::NAMES.iter().find(|n| n.0 == name).map(|n| n.1)
    }
}

/// Appends the masked value to `out`.
///
/// # Errors
/// [`Unfit`] when the value is no UTF-8, or so short that the mask would show it all.
pub fn mask(style: MaskStyle, value: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
    let v = std::str::from_utf8(value).map_err(|_| Unfit)?;
    let n = v.chars().count();
    match style {
        MaskStyle::Name => show(v, 1, 0, out),
        MaskStyle::IdCard => show(v, 1, 2, out),
        MaskStyle::FixedPhone => show(v, 4, 2, out),
        MaskStyle::Mobile => show(v, 3, 4, out),
        MaskStyle::Address => show(v, n.saturating_sub(8), 0, out),
        MaskStyle::Region => {
            out.extend_from_slice(super::region::province_and_city(v).as_bytes());
            out.extend_from_slice(b"****");
            Ok(())
        }
        MaskStyle::Plate => show(v, 3, 1, out),
        MaskStyle::Passport => show(v, 2, 2, out),
        MaskStyle::CreditCode => show(v, 4, 4, out),
        MaskStyle::Password => {
            out.extend_from_slice(b"**********");
            Ok(())
        }
        MaskStyle::Email => {
            let at = v.rfind('@').filter(|at| *at > 0).ok_or(Unfit)?;
            show(&v[..at], 1, 0, out).or_else(|_| {
                out.extend_from_slice(b"**");
                Ok(())
            })?;
            out.extend_from_slice(&value[at..]);
            Ok(())
        }
        MaskStyle::BankCard => card(v, out),
        MaskStyle::Ipv4 => rest(v, '.', 3, out),
        MaskStyle::Ipv6 => rest(v, ':', 7, out),
    }
}

/// Keeps `head` and `tail` characters; at least one must go.
fn show(v: &str, head: usize, tail: usize, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let n = v.chars().count();
    if n <= head + tail {
        return Err(Unfit);
    }
    let mut stars = 0;
    for (i, c) in v.chars().enumerate() {
        if i < head || i >= n - tail {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            out.push(b'*');
            stars += 1;
        }
    }
    debug_assert!(stars > 0);
    Ok(())
}

fn card(v: &str, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let d: Vec<u8> = v.bytes().filter(u8::is_ascii_digit).collect();
    if d.len() < 9 {
        return Err(Unfit);
    }
    let middle = d.len() - 8;
    out.extend_from_slice(&d[..4]);
    for i in 0..middle {
        if i % 4 == 0 {
            out.push(b' ');
        }
        out.push(b'*');
    }
    out.push(b' ');
    out.extend_from_slice(&d[d.len() - 4..]);
    Ok(())
}

fn rest(v: &str, mark: char, times: usize, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let first = v.split(mark).next().filter(|f| f.len() < v.len()).ok_or(Unfit)?;
    out.extend_from_slice(first.as_bytes());
    for _ in 0..times {
        out.push(mark as u8);
        out.push(b'*');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values() {
        for (style, v, want) in [
            (MaskStyle::Name, "段正淳", "段**"),
            (MaskStyle::IdCard, "51343620000320711X", "5***************1X"),
            (MaskStyle::FixedPhone, "09157518479", "0915*****79"),
            (MaskStyle::Mobile, "18049531999", "180****1999"),
            (MaskStyle::Address, "北京市海淀区马连洼街道289号", "北京市海淀区马********"),
            (MaskStyle::Email, "duandazhi-jack@gmail.com.cn", "d*************@gmail.com.cn"),
            (MaskStyle::Password, "1234567890", "**********"),
            (MaskStyle::Password, "x", "**********"),
            (MaskStyle::Plate, "苏D40000", "苏D4***0"),
            (MaskStyle::Plate, "陕A12345D", "陕A1****D"),
            (MaskStyle::BankCard, "11011111222233333256", "1101 **** **** **** 3256"),
            (MaskStyle::Ipv4, "192.168.1.1", "192.*.*.*"),
            (MaskStyle::Ipv6, "2001:0db8:86a3:08d3:1319:8a2e:0370:7344", "2001:*:*:*:*:*:*:*"),
            (MaskStyle::Passport, "EM1234567", "EM*****67"),
            (MaskStyle::CreditCode, "91110108MA01ABCDE7", "9111**********CDE7"),
        ] {
            let mut out = Vec::new();
            mask(style, v.as_bytes(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
        assert_eq!(mask(MaskStyle::Name, "张".as_bytes(), &mut Vec::new()), Err(Unfit));
        assert_eq!(mask(MaskStyle::Name, b"\xd5\xc5\xc8\xfd", &mut Vec::new()), Err(Unfit));
    }
}
