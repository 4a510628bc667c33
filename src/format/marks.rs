//! Escapes that one sign begins: HTML character references, HAProxy captures; dashes and blanks beyond ASCII.

use super::escape::hex;

/// ASCII form and length of a dash or blank beyond ASCII at the front of `v`: U+2010..U+2015, U+2212, U+00A0, U+2002..U+200A,
/// U+202F, U+3000, U+FF0D; middle dots (U+00B7, U+30FB) part digits as dashes do.
pub fn separator(v: &[u8]) -> Option<(u8, usize)> {
    match v {
        [0xE2, 0x80, 0x90..=0x95, ..] | [0xE2, 0x88, 0x92, ..] | [0xEF, 0xBC, 0x8D, ..] => Some((b'-', 3)),
        [0xC2, 0xB7, ..] => Some((b'-', 2)),
        [0xE3, 0x83, 0xBB, ..] => Some((b'-', 3)),
        [0xC2, 0xA0, ..] => Some((b' ', 2)),
        [0xE2, 0x80, 0x82..=0x8A | 0xAF, ..] | [0xE3, 0x80, 0x80, ..] => Some((b' ', 3)),
        _ => None,
    }
}

/// An HTML character reference at the front of `v`: writes the character, returns how long it was and is.
pub fn html(v: &[u8], out: &mut [u8; 4]) -> Option<(usize, usize)> {
    let end = v.iter().take(10).position(|&b| b == b';')?;
    let body = std::str::from_utf8(v.get(1..end)?).ok()?;
    let c = match body {
        "amp" => '&',
        "quot" => '"',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "nbsp" => ' ',
        "commat" => '@',
        "period" => '.',
        "colon" => ':',
        _ => {
            let number = body.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(h) => u32::from_str_radix(h, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\n')?
        }
    };
    Some((end + 1, c.encode_utf8(out).len()))
}

/// `#HH` as HAProxy writes it.
pub fn hash(v: &[u8], out: &mut [u8; 4]) -> Option<(usize, usize)> {
    match v {
        [b'#', a, b, ..] if !a.is_ascii_lowercase() && !b.is_ascii_lowercase() => {
            out[0] = hex(*a)? << 4 | hex(*b)?;
            Some((3, 1))
        }
        _ => None,
    }
}

/// True for what HAProxy writes with a hash among the signs of ASCII.
pub fn is_captured(b: u8) -> bool {
    matches!(b, b'"' | b'#' | b'{' | b'|' | b'}')
}

#[cfg(test)]
mod tests {
    use super::*;

    type Reader = fn(&[u8], &mut [u8; 4]) -> Option<(usize, usize)>;

    #[test]
    fn escapes() {
        let read = |f: Reader, v: &str| {
            let mut out = [0; 4];
            f(v.as_bytes(), &mut out).map(|(len, n)| (len, String::from_utf8_lossy(&out[..n]).into_owned()))
        };
        assert_eq!(read(html, "&#64;x"), Some((5, "@".into())));
        assert_eq!(read(html, "&#x5F20;"), Some((8, "张".into())));
        assert_eq!(read(html, "&amp;"), Some((5, "&".into())));
        assert_eq!(read(html, "&none;"), None);
        assert_eq!(read(hash, "#22"), Some((3, "\"".into())));
        assert_eq!(read(hash, "#e4"), None);
        assert_eq!(separator("\u{2011}".as_bytes()), Some((b'-', 3)));
        assert_eq!(separator("\u{3000}".as_bytes()), Some((b' ', 3)));
        assert_eq!(separator("一".as_bytes()), None);
    }
}
