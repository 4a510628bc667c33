//! Telephone numbers: PRC mobile and fixed line (MIIT numbering plan), service numbers, E.164.

use super::{all_digits, number};

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneKind {
    /// PRC mobile.
    MobileCn,
    /// PRC fixed line.
    FixedCn,
    /// Another country's.
    Intl,
}

/// Eleven digits that begin with 13 to 19.
pub fn mobile_shape(d: &[u8]) -> bool {
    d.len() == 11 && d[0] == b'1' && (b'3'..=b'9').contains(&d[1]) && all_digits(d)
}

/// A mobile number in a segment that is, or may soon be, in use; for text without a key.
pub fn mobile_assigned(d: &[u8]) -> bool {
    mobile_shape(d)
        && match &d[1..3] {
            [b'4', c] => matches!(c, b'5' | b'7' | b'9'),
            [b'5', c] => *c != b'4',
            [b'6', c] => matches!(c, b'2' | b'5' | b'6' | b'7') || *c == b'1' && d[3] == b'0',
            [b'9', c] => *c != b'4',
            _ => true,
        }
}

/// Area code with its zero, and 7 or 8 digits that begin with 2 to 8.
pub fn landline(area: &[u8], subscriber: &[u8]) -> bool {
    if !all_digits(area) || !all_digits(subscriber) || area[0] != b'0' || !(b'2'..=b'8').contains(&subscriber[0]) {
        return false;
    }
    match area.len() {
        3 => subscriber.len() == 8 && (&area[1..] == b"10" || area[1] == b'2' && area[2] != b'6'),
        4 => matches!(subscriber.len(), 7 | 8) && (b'3'..=b'9').contains(&area[1]),
        _ => false,
    }
}

/// Numbers of firms and services: 400, 800, 95, 96, 100xx, 12xxx, 11x.
pub fn service(d: &[u8]) -> bool {
    match d.len() {
        10 => d.starts_with(b"400") || d.starts_with(b"800"),
        3..=8 => {
            d.starts_with(b"95")
                || d.starts_with(b"96")
                || d.starts_with(b"100")
                || d.starts_with(b"12")
                || d.starts_with(b"11")
                || d.starts_with(b"106")
        }
        _ => d.starts_with(b"106") && d.len() >= 9,
    }
}

/// Digits after the plus sign: an assigned country code and a length that fits (ITU-T E.164).
pub fn e164(d: &[u8]) -> bool {
    if d.len() < 8 || d.len() > 15 || !all_digits(d) || d.iter().all(|b| *b == d[0]) {
        return false;
    }
    let national = |cc: usize| d.len() - cc;
    match number(&d[..2]) {
        10..=19 => national(1) == 10 && d[1] >= b'2' && d[4] >= b'2',
        70..=79 => national(1) == 10 && d[1] >= b'3',
        86 => (9..=12).contains(&national(2)) && d[2] != b'0',
        44 | 33 | 34 | 39 | 61 | 81 | 82 | 91 | 92 | 62 | 63 | 84 | 90 | 55 | 52 | 57 | 51 | 54 | 20 | 27 | 98 | 60
        | 66 => (8..=12).contains(&national(2)),
        30..=32 | 36 | 40 | 41 | 43 | 45..=49 | 53 | 56 | 58 | 64 | 65 | 93..=95 => (7..=12).contains(&national(2)),
        21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96 | 97 | 99 => {
            (6..=11).contains(&national(3))
        }
        _ => false,
    }
}

/// A number of the internet of things, 13 digits; only a key tells it from a time in milliseconds.
pub fn machine(d: &[u8]) -> bool {
    d.len() == 13
        && all_digits(d)
        && (matches!(&d[..3], b"140" | b"141" | b"144" | b"146" | b"148")
            || d.starts_with(b"1064") && (b'6'..=b'9').contains(&d[4]))
}

/// A subscriber's number without its area code: 7 or 8 digits that begin with 2 to 8; only a key tells it.
fn local(d: &[u8]) -> bool {
    matches!(d.len(), 7 | 8) && (b'2'..=b'8').contains(&d[0])
}

/// Numbers of other countries that only a key tells: the national forms of Russia and Brazil, and eight or nine digits without a trunk
/// prefix.
fn foreign(d: &[u8]) -> bool {
    let same = d.iter().all(|b| *b == d[0]);
    match d.len() {
        8 | 9 => matches!(d[0], b'2'..=b'9') && !same && !service(d),
        11 if d[0] == b'8' && d[1] == b'9' => true,
        11 if d[2] == b'9' && d[0] != b'0' && d[1] != b'0' => !same,
        _ => false,
    }
}

/// Area code, office and line of the North American plan, with or without its country code; only a key tells it.
fn american(d: &[u8]) -> bool {
    let national = match d {
        [b'1', b'2', ..] if d.len() == 11 => &d[1..],
        [b'2'..=b'9', ..] if d.len() == 10 => d,
        _ => return false,
    };
    !service(national) && national.iter().any(|b| *b != national[0])
}

/// An area code and the code of an office, three digits each (NANPA): both begin with 2 to 9, neither is one of services such as 911,
/// and the area is none of services: `800`, `888`, `900`; nor `400`, which China gives to firms.
pub fn american_plan(area: &[u8], office: &[u8]) -> bool {
    let code = |v: &[u8]| v.len() == 3 && all_digits(v) && v[0] >= b'2' && &v[1..] != b"11";
    let firms = matches!(area, [b'8', a, b] if a == b) || area.ends_with(b"00");
    code(area) && code(office) && area[1] != b'9' && !firms
}

/// The ten digits of a number of the North American plan that is written in its groups.
fn american_groups<'d>(d: &'d [u8], lens: &[usize]) -> Option<&'d [u8]> {
    let national = match lens {
        [3, 3, 4] => d,
        [1, 3, 3, 4] => d.strip_prefix(b"1")?,
        _ => return None,
    };
    american_plan(&national[..3], &national[3..6]).then_some(national)
}

/// Groups of three, three and four digits when a dot stands between some, as print has them; the dot of a sentence apart.
fn in_print(v: &[u8]) -> bool {
    let v = v.strip_suffix(b".").unwrap_or(v);
    let groups = v.split(|b| !b.is_ascii_digit()).map(<[u8]>::len).filter(|n| *n > 0);
    !v.contains(&b'.') || groups.skip_while(|n| *n == 1).eq([3, 3, 4])
}

/// The national forms of France (`06.12.34.56.78`) and of Brazil's landlines (`(11) 3456-7890`) by their groups.
fn printed(d: &[u8], lens: &[usize]) -> bool {
    match lens {
        [2, 2, 2, 2, 2] => d[0] == b'0' && d[1] != b'0',
        [2, 4, 4] => d[0] != b'0' && d[1] != b'0' && matches!(d[2], b'2'..=b'5'),
        _ => false,
    }
}

/// Writes the canonical form (`+86` and the national number; other countries E.164, also those of North America by their groups) to
/// `out` and returns its length.
/// Separators, trunk and international prefixes are dropped, an extension too.
pub fn normalise(v: &[u8], out: &mut [u8; 24]) -> Option<(PhoneKind, usize)> {
    let mut d = [0u8; 24];
    let mut n = 0;
    let mut plus = false;
    // Lengths of the groups.
    let (mut lens, mut groups) = ([0; 20], 0);
    for (i, &b) in v.iter().enumerate() {
        match b {
            b'0'..=b'9' if n < 20 => {
                groups += usize::from(i == 0 || !v[i - 1].is_ascii_digit());
                lens[groups - 1] += 1;
                d[n] = b;
                n += 1;
            }
            b'+' if n == 0 => plus = true,
            // A plus sign inside is a blank of a query string.
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' | 0xC2 | 0xA0 | b'\t' | b'+' => {
                // A second number, or an extension behind a full one.
                if n >= 11 && matches!(v[i + 1..].iter().filter(|b| b.is_ascii_digit()).count(), 1..=6) && b == b'-' {
                    break;
                }
            }
            b'0'..=b'9' => return None,
            _ if n >= 7 => break,
            _ if n == 0 && (v.len() < 30) => {}
            _ => return None,
        }
    }
    let d = &d[..n];
    if let Some(national) = american_groups(d, &lens[..groups]).filter(|_| !plus) {
        out[..2].copy_from_slice(b"+1");
        out[2..12].copy_from_slice(national);
        return Some((PhoneKind::Intl, 12));
    }
    let rest = if plus {
        d
    } else if let Some(r) = d.strip_prefix(b"00") {
        r
    } else if n >= 12 && d.starts_with(b"086") {
        &d[1..]
    } else {
        d
    };
    let national = rest.strip_prefix(b"86").filter(|r| r.len() >= 9);
    // Dots may make it an address or a date.
    let dotted = v.contains(&b'.');
    if !plus && !dotted && local(d) {
        out[..n].copy_from_slice(d);
        return Some((PhoneKind::FixedCn, n));
    }
    if let Some((kind, len)) = national.or((!plus).then_some(d)).and_then(|r| chinese(r, national.is_some(), out)) {
        return Some((kind, len));
    }
    if (rest.len() != n || plus) && e164(rest) {
        out[0] = b'+';
        out[1..=rest.len()].copy_from_slice(rest);
        return Some((PhoneKind::Intl, rest.len() + 1));
    }
    // Another country's number, with its trunk prefix or by the plan of North America: which country's, nobody says.
    let varied = d.iter().skip(2).any(|b| *b != d[1]);
    let trunk = !dotted && matches!(n, 9..=12) && d[0] == b'0' && d[1] != b'0' && varied;
    let american = american(d) && in_print(v) && (n == 10 || v.len() > n);
    if !plus && !dotted && n > 10 && d[0] != b'1' && e164(d) {
        out[0] = b'+';
        out[1..=n].copy_from_slice(d);
        return Some((PhoneKind::Intl, n + 1));
    }
    (!plus && (trunk || american || n == 10 && printed(d, &lens[..groups]) || !dotted && foreign(d))).then(|| {
        out[..n].copy_from_slice(d);
        (PhoneKind::Intl, n)
    })
}

fn chinese(r: &[u8], coded: bool, out: &mut [u8; 24]) -> Option<(PhoneKind, usize)> {
    let bare = if r.len() == 12 { r.strip_prefix(b"0").unwrap_or(r) } else { r };
    let (kind, national): (_, &[u8]) = if mobile_shape(bare) {
        (PhoneKind::MobileCn, bare)
    } else if machine(r) {
        (PhoneKind::MobileCn, r)
    } else {
        let n = r.strip_prefix(b"0").or(coded.then_some(r))?;
        let fixed = [2, 3].into_iter().any(|a| {
            n.len() > a && {
                let mut area = [b'0'; 4];
                area[1..=a].copy_from_slice(&n[..a]);
                landline(&area[..=a], &n[a..])
            }
        });
        (fixed.then_some(PhoneKind::FixedCn)?, n)
    };
    out[..3].copy_from_slice(b"+86");
    out[3..3 + national.len()].copy_from_slice(national);
    Some((kind, 3 + national.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn norm(v: &str) -> Option<(PhoneKind, String)> {
        let mut out = [0; 24];
        normalise(v.as_bytes(), &mut out).map(|(k, n)| (k, String::from_utf8(out[..n].to_vec()).unwrap()))
    }

    #[test]
    fn one_subject_one_form() {
        for v in [
            "13800138000",
            "+8613800138000",
            "8613800138000",
            "008613800138000",
            "+86 138 0013 8000",
            "138-0013-8000",
            "(+86)13800138000",
            "086-13800138000",
            "013800138000",
            "tel:+86-138-0013-8000",
        ] {
            assert_eq!(norm(v), Some((PhoneKind::MobileCn, "+8613800138000".into())), "{v}");
        }
        for v in ["0755-26554321", "+86 755 2655 4321", "(0755)26554321", "0755 26554321-801"] {
            assert_eq!(norm(v), Some((PhoneKind::FixedCn, "+8675526554321".into())), "{v}");
        }
        assert_eq!(norm("+1 202-555-0143"), Some((PhoneKind::Intl, "+12025550143".into())));
        assert_eq!(norm("138+0013+8000"), norm("13800138000"));
        assert_eq!(norm("1440012345678"), Some((PhoneKind::MobileCn, "+861440012345678".into())));
        assert_eq!(norm("8907-6543"), Some((PhoneKind::FixedCn, "89076543".into())));
        assert_eq!(norm("1380013800"), None);
        assert_eq!(norm("1732345905123"), None);
        assert_eq!(norm("09191258200"), Some((PhoneKind::Intl, "09191258200".into())));
        assert_eq!(norm("010-12345678"), Some((PhoneKind::Intl, "01012345678".into())));
        assert_eq!(norm("10012345678"), None);
        assert_eq!(norm("20.12.34.56"), None);
        for v in
            ["(212) 555-0123", "212.555.0123", "212-555-0123", "1 (212) 555-0123", "+1 212 555 0123", "1-212-555-0123"]
        {
            assert_eq!(norm(v), Some((PhoneKind::Intl, "+12125550123".into())), "{v}");
        }
        assert_eq!(norm("2125550123"), Some((PhoneKind::Intl, "2125550123".into())));
        assert_eq!(norm("1-415-555-0123"), norm("+14155550123"));
        for (v, want) in
            [("447911123456", "+447911123456"), ("919876543210", "+919876543210"), ("33612345678", "+33612345678")]
        {
            assert_eq!(norm(v), Some((PhoneKind::Intl, want.into())), "{v}");
        }
        for v in [
            "91234567",
            "06.12.34.56.78",
            "(11) 3456-7890",
            "06 1234567",
            "04 123 4567",
            "9123 4567",
            "612345678",
            "8 (916) 123-45-67",
            "(11) 98765-4321",
        ] {
            assert!(matches!(norm(v), Some((PhoneKind::Intl, _))), "{v}");
        }
        for no in
            ["12125550123", "1732345905", "800-123-4567", "400-098-8505", "5555555555", "21.25.55.01.23", "10012345678"]
        {
            assert_eq!(norm(no), None, "{no}");
        }
    }

    #[test]
    fn segments() {
        for ok in ["13800138000", "16237108167", "19212345678", "17091234567", "14912345678", "17912345678"] {
            assert!(mobile_assigned(ok.as_bytes()), "{ok}");
        }
        for bad in ["15412345678", "19412345678", "12345678901", "14212345678"] {
            assert!(!mobile_assigned(bad.as_bytes()), "{bad}");
        }
        assert!(american_plan(b"415", b"555") && american_plan(b"212", b"736"));
        for (area, office) in [
            ("115", "555"),
            ("911", "555"),
            ("415", "155"),
            ("415", "911"),
            ("800", "555"),
            ("290", "555"),
            ("400", "606"),
        ] {
            assert!(!american_plan(area.as_bytes(), office.as_bytes()), "{area} {office}");
        }
        assert!(service(b"4000988505") && service(b"95118") && service(b"10086"));
    }
}
