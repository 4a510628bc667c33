//! Escapes that one sign begins: HTML character references, HAProxy captures, control sequences of terminals; dashes and blanks
//! beyond ASCII.

use super::view::hex;

/// ASCII form and length of a dash or blank beyond ASCII at the front of `v`: U+2010..U+2015, U+2212, U+00A0, U+2002..U+200A,
/// U+202F, U+3000.
pub fn separator(v: &[u8]) -> Option<(u8, usize)> {
    match v {
        [0xE2, 0x80, 0x90..=0x95, ..] | [0xE2, 0x88, 0x92, ..] => Some((b'-', 3)),
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

/// The first byte of a control sequence.
pub const ESC: u8 = 0x1B;

/// Most control sequences that are read as one.
const SEQUENCES: usize = 64;

/// Length of the control sequences of terminals at the front of `v`: `ESC [ 1 ; 31 m` (ECMA-48 section 5.4), which colours what
/// follows, also with its first byte as rsyslog writes it (`#033`). Numbers have three digits at most, so that none hides here.
pub fn terminal(v: &[u8]) -> usize {
    let mut len = 0;
    for _ in 0..SEQUENCES {
        match sequence(&v[len..]) {
            0 => break,
            n => len += n,
        }
    }
    len
}

fn sequence(v: &[u8]) -> usize {
    const LONGEST: usize = 16;
    let head = match v {
        [ESC, b'[', ..] => 2,
        [b'#', b'0', b'3', b'3', b'[', ..] => 5,
        _ => return 0,
    };
    let set = |b: &&u8| b.is_ascii_digit() || matches!(b, b';' | b':' | b'?');
    let params = &v[head..][..v[head..].iter().take(LONGEST).take_while(set).count()];
    let end = head + params.len();
    let short = params.split(|b| !b.is_ascii_digit()).all(|n| n.len() <= 3);
    if short && v.get(end).is_some_and(u8::is_ascii_alphabetic) { end + 1 } else { 0 }
}

/// What the control sequences in `t[at..at + len]` read as: nothing, or a blank between two words. Escapes are part of a word.
pub fn between(t: &[u8], at: usize, len: usize) -> &'static [u8] {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let left = at > 0 && (word(&t[at - 1]) || t[at - 1] == b';');
    let right = t.get(at + len).is_some_and(|b| word(b) || matches!(b, b'%' | b'\\' | b'&' | b'#' | b'+'));
    if left && right { b" " } else { b"" }
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
        for (v, len) in [
            ("\x1b[31mx", 5),
            ("\x1b[0m\x1b[1;31mx", 11),
            ("\x1b[mx", 3),
            ("\x1b[Kx", 3),
            ("#033[38;5;196mx", 14),
            ("\x1b[13800138001m", 0),
            ("\x1b[31", 0),
            ("\x1bm", 0),
            ("#033x", 0),
        ] {
            assert_eq!(terminal(v.as_bytes()), len, "{v:?}");
        }
    }
}
