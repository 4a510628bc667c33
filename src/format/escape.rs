//! One escape at the front of a text: how long it is and what it stands for.

use crate::model::Carriers;

/// ASCII form of a full-width character at the front of `v` (Unicode block Halfwidth and Fullwidth Forms).
pub fn wide(v: &[u8]) -> Option<u8> {
    match v {
        [0xEF, 0xBC, b @ 0x81..=0xBF, ..] => Some(b - 0x81 + 0x21),
        [0xEF, 0xBD, b @ 0x80..=0x9E, ..] => Some(b - 0x80 + 0x60),
        _ => None,
    }
}

/// Value of `%HH` at the front of `v`. Control characters but blanks are no text: `LIKE '%13800138000%'` holds no escape.
pub fn percent(v: &[u8]) -> Option<u8> {
    match v {
        [b'%', a, b, ..] => {
            let (high, low) = (HEX[usize::from(*a)], HEX[usize::from(*b)]);
            let value = high << 4 | low;
            ((high | low) < 16 && (value >= b' ' || matches!(value, b'\t' | b'\n' | b'\r'))).then_some(value)
        }
        _ => None,
    }
}

/// Values of hexadecimal digits; more than 15 for what is none.
static HEX: [u8; 256] = {
    let mut t = [0xF0; 256];
    let mut i = 0;
    while i < 256 {
        if let Some(d) = (i as u8 as char).to_digit(16) {
            t[i] = d as u8;
        }
        i += 1;
    }
    t
};

pub(super) fn hex(b: u8) -> Option<u8> {
    Some(HEX[usize::from(b)]).filter(|d| *d < 16)
}

/// True when `v` begins with an escape that is decoded; else the backslash stands for itself, as in
/// `C:\dir`.
pub fn is_escape(v: &[u8]) -> bool {
    backslash(v, &mut [0; 4]).carrier != Carriers::RAW
}

pub(super) struct Escape {
    /// Bytes taken.
    pub len: usize,
    /// Bytes made.
    pub decoded: usize,
    pub carrier: Carriers,
}

/// Decodes one backslash escape; an unknown one stands for itself.
pub(super) fn backslash(v: &[u8], out: &mut [u8; 4]) -> Escape {
    let one = |len, carrier| Escape { len, decoded: 1, carrier };
    match v {
        [_, c @ (b'"' | b'\\' | b'/' | b'\''), ..] => {
            out[0] = *c;
            one(2, Carriers::JSON)
        }
        // Not `\b` and `\f`: no log holds these controls, and `\\fe80::1` is a path.
        [_, c @ (b'n' | b't' | b'r'), ..] => {
            out[0] = match c {
                b'n' => b'\n',
                b't' => b'\t',
                _ => b'\r',
            };
            one(2, Carriers::JSON)
        }
        [_, b'x', a, b, ..] if hex(*a).is_some() && hex(*b).is_some() => {
            out[0] = hex(*a).unwrap_or(0) << 4 | hex(*b).unwrap_or(0);
            one(4, Carriers::HEX)
        }
        [_, b'u', ..] => match unicode(v) {
            Some((c, len)) => Escape { len, decoded: c.encode_utf8(out).len(), carrier: Carriers::JSON_U },
            None => {
                out[0] = b'\\';
                one(1, Carriers::RAW)
            }
        },
        _ => {
            out[0] = b'\\';
            one(1, Carriers::RAW)
        }
    }
}

/// `\uXXXX`, or a surrogate pair of them; a lone surrogate reads as U+FFFD.
fn unicode(v: &[u8]) -> Option<(char, usize)> {
    let unit = |v: &[u8]| -> Option<u32> {
        let d = v.get(..6).filter(|d| d[0] == b'\\' && d[1] == b'u')?;
        d[2..].iter().try_fold(0, |n, &b| Some(n << 4 | u32::from(hex(b)?)))
    };
    let hi = unit(v)?;
    if (0xD800..0xDC00).contains(&hi)
        && let Some(lo @ 0xDC00..0xE000) = unit(&v[6..])
    {
        let c = 0x10000 + ((hi - 0xD800) << 10) + (lo - 0xDC00);
        return Some((char::from_u32(c).unwrap_or('\u{FFFD}'), 12));
    }
    Some((char::from_u32(hi).unwrap_or('\u{FFFD}'), 6))
}
