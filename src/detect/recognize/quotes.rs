//! Quotes that are none: an apostrophe in a query, and quotes that end more than the value before them.

use super::extent::bare_end;
use super::keyed::MAX_VALUE;
use super::{Found, Text, special};

/// True when the quote behind a key that has none itself ends the string in which the key stands, so that the value is empty:
/// `{"hint":"your password:","n":1}`, `"GET /?token=" 400`.
#[inline(always)]
pub fn closes(text: &Text<'_>, found: &mut Found<'_>, sep: usize, quote: usize) -> bool {
    let key_end = sep - usize::from(matches!(text.before(sep), b' ' | b'\t'));
    !matches!(text.before(key_end), b'"' | b'\'') && ends_string(text, found, quote)
}

#[inline(never)]
fn ends_string(text: &Text<'_>, found: &mut Found<'_>, quote: usize) -> bool {
    match text.at(quote + 1) {
        b',' => found.line.in_string(text, quote) || member(&text.bytes[quote + 2..]),
        b'}' | b']' => {
            let next = text.at(quote + 2);
            matches!(next, b',' | b'}' | b']' | b'\r' | b'\n') || found.line.in_string(text, quote)
        }
        b':' | b' ' | b')' | b'\r' | b'\n' => found.line.in_string(text, quote),
        _ => false,
    }
}

/// True when the next member of a JSON object begins here.
fn member(v: &[u8]) -> bool {
    let key = v.trim_ascii_start().strip_prefix(b"\"").unwrap_or_default();
    let end = key.iter().take(MAX_VALUE).position(|b| matches!(b, b'"' | b'\n'));
    end.is_some_and(|n| key[n] == b'"' && key[n + 1..].trim_ascii_start().starts_with(b":"))
}

/// Where the value `start..end` ends, at latest with the string in double quotes in which it stands.
pub fn string_end(text: &Text<'_>, found: &mut Found<'_>, (start, end): (usize, usize)) -> usize {
    let (t, stops) = (text.bytes, &text.scan.maps.stops);
    let mut quote = stops.next(start, end);
    while quote < end && t[quote] != b'"' {
        quote = stops.next(quote + if t[quote] == b'\\' { 2 } else { 1 }, end);
    }
    if quote < end && found.line.in_string(text, start) { quote } else { end }
}

/// Where the value `start..end` ends that an apostrophe opens and the next one, or the line, would end: not behind the string
/// in which it stands (`{"hint":"token:'","n":1}`), nor, in a query, behind its parameter (`?token='+or+1=1&n=1`).
#[inline(never)]
pub fn apostrophe_end(text: &Text<'_>, found: &mut Found<'_>, sep: usize, (start, end): (usize, usize)) -> usize {
    let t = text.bytes;
    let end = string_end(text, found, (start, end));
    let open = end == t.len() || matches!(t[end], b'\n' | b'"');
    if (open || t[start..end].contains(&b'&')) && special::in_query(text, sep) {
        return bare_end(text, start, end, true);
    }
    end
}
