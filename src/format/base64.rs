//! Base64 and base64url (RFC 4648) of text: is a run of letters one, and how is it written back?

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding};

/// Which alphabet, and whether the end is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    url: bool,
    padded: bool,
}

impl Style {
    fn of(run: &[u8]) -> Style {
        let has = |a: u8, b: u8| run.iter().any(|&x| x == a || x == b);
        let padded = run.ends_with(b"=");
        // Without a sign of either alphabet, a run that should be padded and is not was made for URLs.
        let url = has(b'-', b'_') || !padded && !run.len().is_multiple_of(4) && !has(b'+', b'/');
        Style { url, padded: padded || run.len().is_multiple_of(4) && !url }
    }

    fn encoding(self) -> Encoding {
        match (self.url, self.padded) {
            (false, true) => BASE64,
            (false, false) => BASE64_NOPAD,
            (true, true) => BASE64URL,
            (true, false) => BASE64URL_NOPAD,
        }
    }

    /// Appends `text` to `out` as this style writes it.
    pub fn encode(self, text: &[u8], out: &mut Vec<u8>) {
        let encoding = self.encoding();
        let at = out.len();
        out.resize(at + encoding.encode_len(text.len()), 0);
        encoding.encode_mut(text, &mut out[at..]);
    }
}

/// True for a sign of either alphabet, padding apart.
pub fn is_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
}

/// Signs that are looked at before a long run is decoded.
const PROBE: usize = 24;

/// Decodes `run` to the end of `out` when it is base64 of text: UTF-8 without control characters.
pub fn decode_text(run: &[u8], out: &mut Vec<u8>) -> Option<Style> {
    let body = run.trim_ascii_end();
    let signs = body.len() - body.iter().rev().take_while(|b| **b == b'=').count();
    if signs < 14 || signs % 4 == 1 || body.len() - signs > 2 {
        return None;
    }
    if !opens_text(body) {
        return None;
    }
    let mixed = |f: fn(&u8) -> bool| body[..signs].iter().take(256).any(f);
    if !mixed(u8::is_ascii_uppercase) || !mixed(u8::is_ascii_lowercase) {
        return None;
    }
    let style = Style::of(body);
    let bare = if style.url { &BASE64URL_NOPAD } else { &BASE64_NOPAD };
    let mut probe = [0; PROBE / 4 * 3];
    let head = signs.min(PROBE) / 4 * 4;
    let n = bare.decode_mut(&body[..head], &mut probe[..head / 4 * 3]).ok()?;
    if !is_text(&probe[..n], true) {
        return None;
    }
    let at = out.len();
    out.resize(at + bare.decode_len(signs).ok()?, 0);
    // Bits behind the last byte that are not zero are no base64 of ours: they would be lost on the way back.
    if bare.decode_mut(&body[..signs], &mut out[at..]).is_err() || !is_text(&out[at..], false) {
        out.truncate(at);
        return None;
    }
    Some(style)
}

/// What the signs of both alphabets stand for; more than 63 for what is none.
static SIGNS: [u8; 256] = {
    let mut t = [0x80; 256];
    let mut i = 0;
    while i < 64 {
        let sign = match i {
            0..=25 => b'A' + i,
            26..=51 => b'a' + i - 26,
            52..=61 => b'0' + i - 52,
            62 => b'+',
            _ => b'/',
        };
        t[sign as usize] = i;
        i += 1;
    }
    t[b'-' as usize] = 62;
    t[b'_' as usize] = 63;
    t
};

/// False when the first four signs stand for three bytes that no text begins with: so it is with most words.
fn opens_text(run: &[u8]) -> bool {
    let Some(&signs) = run.first_chunk::<4>() else { return false };
    let [a, b, c, d] = signs.map(|s| u32::from(SIGNS[usize::from(s)]));
    if a | b | c | d > 63 {
        return false;
    }
    let bytes = a << 18 | b << 12 | c << 6 | d;
    let [_, a, b, c] = bytes.to_be_bytes();
    let control = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r') || b == 0x7F;
    let starts = |b: u8| !(0x80..0xC2).contains(&b);
    let more = |b: u8| (0x80..0xC0).contains(&b);
    let whole = match (a, b) {
        (0..0x80, 0..0x80) => starts(c),
        (0..0x80, 0xC2..) | (0xE0.., 0x80..0xC0) => more(c),
        (0xC2..0xE0, 0x80..0xC0) => starts(c),
        _ => false,
    };
    whole && !control(a) && !control(b) && !control(c)
}

/// Text: UTF-8, no control characters but tabs and line ends; `cut` allows the last character to be incomplete.
fn is_text(v: &[u8], cut: bool) -> bool {
    if v.iter().any(|&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r') || b == 0x7F) {
        return false;
    }
    match std::str::from_utf8(v) {
        Ok(_) => true,
        Err(e) => cut && e.error_len().is_none() && e.valid_up_to() > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(run: &str) -> Option<(String, Style)> {
        let mut out = Vec::new();
        let style = decode_text(run.as_bytes(), &mut out)?;
        Some((String::from_utf8(out).unwrap(), style))
    }

    #[test]
    fn text_is_told_from_other_runs() {
        assert_eq!(decoded("MTM4MDAxMzgwMDA=").unwrap().0, "13800138000");
        assert_eq!(decoded("eyJtb2JpbGUiOiIxMzgwMDEzODAwMCJ9").unwrap().0, r#"{"mobile":"13800138000"}"#);
        assert_eq!(decoded("5omL5py65Y-3MTM4MDAxMzgwMDA").unwrap().0, "手机号13800138000");
        for no in [
            "TelephonyManager1",
            "d41d8cd98f00b204e9800998ecf8427e",
            "AKIAIOSFODNN7EXAMPLE",
            "R58M12ABCDE0123",
            "MTM4MDAxMzgwMD=",
        ] {
            assert_eq!(decoded(no), None, "{no}");
        }
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_written_back(text in "[ -~\u{4e00}-\u{4e20}]{9,60}", url: bool, padded: bool) {
            let style = Style { url, padded };
            let mut run = Vec::new();
            style.encode(text.as_bytes(), &mut run);
            let mut out = Vec::new();
            if let Some(found) = decode_text(&run, &mut out) {
                prop_assert_eq!(&out[..], text.as_bytes());
                let mut again = Vec::new();
                found.encode(&out, &mut again);
                prop_assert_eq!(again, run);
            }
        }
    }
}
