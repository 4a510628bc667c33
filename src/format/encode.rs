//! Writes a replacement the way the value that it replaces was written.

use super::doubled::double;
use crate::model::Carriers;

/// Appends `value` to `out` as text of a carrier. `carriers` says which escapes stood in the original's span at
/// this level; without any, only what the enclosing string forbids is escaped (`in_string`: quote and backslash).
pub fn encode(value: &[u8], carriers: Carriers, in_string: bool, out: &mut Vec<u8>) {
    let from = out.len();
    if carriers.has(Carriers::PERCENT) {
        percent(value, out);
    } else if carriers.has(Carriers::HEX) {
        hex_escape(value, out);
    } else if carriers.has(Carriers::HTML) {
        html(value, in_string, out);
    } else if carriers.has(Carriers::HASH) {
        hash_escape(value, in_string, out);
    } else if carriers.has(Carriers::JSON_U) {
        json(value, true, out);
    } else if carriers.has(Carriers::JSON) || in_string && !carriers.has(Carriers::CSV) {
        json(value, false, out);
    } else {
        out.extend_from_slice(value);
    }
    if carriers.has(Carriers::CSV) {
        double(out, from);
    }
}

/// True when a JSON string holds the bytes as they are.
pub fn is_json_plain(value: &[u8]) -> bool {
    value.iter().all(|&b| (0x20..0x7F).contains(&b) && b != b'"' && b != b'\\')
}

/// True when no carrier escapes any of the bytes.
pub fn is_plain(value: &[u8]) -> bool {
    value.iter().fold(true, |all, &b| all & plain(b))
}

/// Bytes that no carrier escapes.
static PLAIN: [bool; 256] = {
    let mut t = [false; 256];
    let mut i = 0;
    while i < 256 {
        t[i] = (i as u8).is_ascii_alphanumeric() || matches!(i as u8, b'_' | b'-' | b'.' | b'*');
        i += 1;
    }
    t
};

fn plain(b: u8) -> bool {
    PLAIN[usize::from(b)]
}

fn percent(value: &[u8], out: &mut Vec<u8>) {
    for &b in value {
        if plain(b) || b == b'~' {
            out.push(b);
        } else {
            out.extend_from_slice(&[b'%', HEX[b as usize >> 4], HEX[b as usize & 15]]);
        }
    }
}

fn hex_escape(value: &[u8], out: &mut Vec<u8>) {
    for &b in value {
        if !(0x20..0x7F).contains(&b) || b == b'"' || b == b'\\' {
            out.extend_from_slice(&[b'\\', b'x', HEX[b as usize >> 4], HEX[b as usize & 15]]);
        } else {
            out.push(b);
        }
    }
}

/// Character references for what HTML forbids and for all beyond ASCII; in a string also for the backslash, which neither HTML
/// nor HAProxy escapes.
fn html(value: &[u8], in_string: bool, out: &mut Vec<u8>) {
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            if matches!(c, '&' | '<' | '>' | '"' | '\'' | '@') || !c.is_ascii() || in_string && c == '\\' {
                out.extend_from_slice(format!("&#{};", c as u32).as_bytes());
            } else {
                out.push(c as u8);
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
}

/// `#HH` for what HAProxy escapes in captures: control bytes, all beyond ASCII, and `"`, `#`, `{`, `|`, `}`.
fn hash_escape(value: &[u8], in_string: bool, out: &mut Vec<u8>) {
    for &b in value {
        if !(0x20..0x7F).contains(&b) || matches!(b, b'"' | b'#' | b'{' | b'|' | b'}') || in_string && b == b'\\' {
            out.extend_from_slice(&[b'#', HEX[b as usize >> 4], HEX[b as usize & 15]]);
        } else {
            out.push(b);
        }
    }
}

fn json(value: &[u8], ascii: bool, out: &mut Vec<u8>) {
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
                '\0'..='\x1f' => unicode(c as u16, out),
                c if ascii && !c.is_ascii() => {
                    c.encode_utf16(&mut [0; 2]).iter().for_each(|&u| unicode(u, out));
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
}

/// Appends a JSON string; bytes that are no UTF-8 become U+FFFD.
pub fn string(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in value.utf8_chunks() {
        json(chunk.valid().as_bytes(), false, out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{FFFD}".as_bytes());
        }
    }
    out.push(b'"');
}

fn unicode(unit: u16, out: &mut Vec<u8>) {
    let digit = |n: u32| HEX[(unit >> n & 15) as usize].to_ascii_lowercase();
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;

    fn enc(v: &str, c: Carriers, s: bool) -> String {
        let mut out = Vec::new();
        encode(v.as_bytes(), c, s, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_the_carrier_writes() {
        assert_eq!(enc("fd:1", Carriers::PERCENT, false), "fd%3A1");
        assert_eq!(enc("fd:1", Carriers::RAW, true), "fd:1");
        assert_eq!(enc("\"t\"", Carriers::RAW, true), "\\\"t\\\"");
        assert_eq!(enc("张*", Carriers::JSON_U, true), "\\u5f20*");
        assert_eq!(enc("张\"", Carriers::HEX, true), "\\xE5\\xBC\\xA0\\x22");
        assert_eq!(enc("tok_a", Carriers::PERCENT, true), "tok_a");
        assert_eq!(enc("张@a", Carriers::HTML, false), "&#24352;&#64;a");
        assert_eq!(enc("\\x22a", Carriers::HASH, true), "#5Cx22a");
        assert_eq!(enc("\\x22a", Carriers::HTML, true), "&#92;x22a");
        assert_eq!(enc("张\"a", Carriers::HASH, false), "#E5#BC#A0#22a");
        assert_eq!(enc("\"a\\\"", Carriers::CSV, true), "\"\"a\\\"\"");
    }
}
