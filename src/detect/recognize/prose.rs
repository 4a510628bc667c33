//! What stands behind the words `token`, `session` and `pass` in sentences and is no secret.

use super::Text;

/// True for the value `v` that begins at `start` behind the separator at `sep`; what stands in quotes is no prose.
pub fn is(text: &Text<'_>, sep: usize, start: usize, v: &[u8]) -> bool {
    let quoted = matches!(text.before(start), b'"' | b'\'');
    !quoted && (is_word(text, sep, start, v) || is_object(v) || is_servicing(text, start, v))
}

/// `Invalid token: expired`, `Failed to create session: Access denied`.
fn is_word(text: &Text<'_>, sep: usize, start: usize, v: &[u8]) -> bool {
    start == sep + 2 && text.at(sep) == b':' && v.len() < 16 && v.iter().all(u8::is_ascii_alphabetic)
}

/// `android.os.BinderProxy@2bd79ce`, `Token{a64f992`: the class and the place in memory of an object of Java.
fn is_object(v: &[u8]) -> bool {
    let Some(at) = v.iter().position(|b| matches!(b, b'@' | b'{')) else { return false };
    let (class, place) = (&v[..at], &v[at + 1..]);
    let word = |w: &[u8]| !w.is_empty() && w.iter().all(u8::is_ascii_alphabetic);
    let simple = class.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let named = if v[at] == b'{' { class.ends_with(b"Token") } else { class.split(|b| *b == b'.').count() > 2 };
    named
        && class.split(|b| *b == b'.').all(word)
        && simple.first().is_some_and(u8::is_ascii_uppercase)
        && (5..=8).contains(&place.len())
        && place.iter().all(u8::is_ascii_hexdigit)
}

/// `CBS    Session: 30546173_4261722401`: a time as Windows' servicing writes it, both halves as numbers.
fn is_servicing(text: &Text<'_>, start: usize, v: &[u8]) -> bool {
    let mut halves = v.split(|b| *b == b'_');
    let number = |v: Option<&[u8]>| v.is_some_and(|v| (1..=10).contains(&v.len()) && v.iter().all(u8::is_ascii_digit));
    text.bytes[..start].ends_with(b" CBS    Session: ")
        && number(halves.next())
        && number(halves.next())
        && halves.next().is_none()
}

/// `log 1 pass = Dec 19 17:20:08`, `pass: all of them`: text goes on behind the bare word. One of letters and digits may be a password
/// all the same.
pub fn goes_on(text: &Text<'_>, sep: usize, (start, end): (usize, usize)) -> bool {
    let v = &text.bytes[start..end];
    let mark = |b: &u8| matches!(b, b'=' | b':' | b'/');
    let digits = v.iter().any(u8::is_ascii_digit) && !v.iter().any(mark);
    let mixed = v.first().is_some_and(u8::is_ascii_alphabetic) && digits;
    match text.at(end) {
        b'\n' | b'\r' | b'"' | b'\'' | b',' | b';' | b'&' => false,
        b' ' => !mixed,
        _ => text.before(sep) == b' ',
    }
}
