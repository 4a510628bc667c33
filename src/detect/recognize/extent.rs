//! Where a value behind its key ends.

use super::keyed::{self, MAX_PLACE, MAX_VALUE};
use super::quotes::{apostrophe_end, string_end};
use super::{Found, Text, element, plain, special};
use crate::detect::check;
use crate::detect::keys::KeyClass;
use crate::detect::scan::kind;
use crate::model::Shape;

/// Where a value ends. A quoted one ends at its unescaped quote, a bare one where its carrier separates.
#[inline(always)]
pub fn extent(text: &Text<'_>, found: &mut Found<'_>, sep: usize, i: usize, class: KeyClass) -> (usize, usize) {
    let t = text.bytes;
    if text.is_tag(sep) {
        let long = class.entity.is_some_and(|x| x.1.is_boundless());
        let (start, end) = element::content(text, i, if long { t.len() } else { MAX_VALUE + 1 });
        // The element ends with the string of JSON in which it stands.
        let leaves = found.line.seek(text, i)
            && memchr::memchr_iter(b'"', &t[start..end]).any(|n| text.before(start + n) != b'\\');
        return (start, if leaves { start } else { end });
    }
    match text.at(i) {
        b'"' | b'\'' if !text.is_data(sep, i) => quoted(text, found, sep, i),
        // A binary of Erlang's.
        b'<' if t[i..].starts_with(b"<<\"") && !text.is_data(sep, i) => quoted(text, found, sep, i + 2),
        b'<' if text.at(sep) == b'=' && !text.is_data(sep, i) => pointed(text, found, i),
        first => {
            let shape = class.entity.map(|x| x.1);
            let words = shape.is_some_and(|s| s.is_boundless() || wordy(s) || s == Shape::Login && first >= 0x80);
            let long = shape.is_some_and(Shape::is_boundless);
            if (words || first.is_ascii_uppercase())
                && (first.is_ascii_alphabetic() || first == b'@')
                && let Some(quote) = wrapped(text, found, i)
            {
                return quoted(text, found, sep, quote);
            }
            if first.is_ascii_uppercase()
                && !text.is_data(sep, i)
                && let Some(n) = OPTIONS.iter().find_map(|o| t[i..].starts_with(o).then_some(o.len()))
            {
                return optional(text, i + n, long);
            }
            let most = match shape {
                // Of a place without quotes no more is read for each of its keys: `address=address=...`.
                Some(Shape::PlaceText) => t.len().min(i + MAX_PLACE + 1),
                Some(_) if long => t.len(),
                _ => t.len().min(i + MAX_VALUE + 1),
            };
            let from = if long && first == b'{' { i + keyed::stored(text, i) } else { i };
            let mut end = bare_end(text, from, most, words);
            while words && end < most && (text.is_data(sep, end) || long && is_inner(text, sep, end)) {
                end = bare_end(text, end + 1, most, true);
            }
            if words && text.at(end) == b' ' && text.at(sep) == b'=' && !is_flag(&t[i..end]) {
                end = if is_cef(text, found, i) { pair_start(text, end) } else { member_end(text, sep, end) };
            }
            if !shape.is_some_and(Shape::is_secret) && !text.scan.events.of(kind::HASH).is_empty() {
                end = hashed_end(text, sep, i, end);
            }
            if words
                && matches!(text.at(end), b' ' | b',' | b'\'')
                && !text.is_data(sep, i)
                && let Some(kind) = class.entity
            {
                end = plain::end(text, i, end, kind);
            }
            match shape {
                // Maps of Java and Go: `Authorization=[Bearer ...]`.
                Some(Shape::Credential) => {
                    let i = i + usize::from(first == b'[');
                    (i, string_end(text, found, (i, credential_end(text, i, end))))
                }
                // `[FILTERED]` stays what it is.
                Some(_) if long && first == b'[' && text.at(end) == b']' => {
                    (i + usize::from(!check::placeholder::is(&t[i..end])), end)
                }
                Some(Shape::AccountName | Shape::NamedAccount | Shape::Operator | Shape::UserId) => {
                    (i, name_end(text, i, end))
                }
                Some(Shape::Login) => (i, name_end(text, i, login_end(text.bytes, i, end))),
                Some(Shape::Geo) => (i, pair_end(text.bytes, end)),
                // `(202) 555-0143`: the bracket is the number's own.
                Some(Shape::Phone) if first == b'(' && text.at(end) == b')' => {
                    (i, grouped_end(text, i, end + 1, class))
                }
                // `A123456(7)`: the bracket is the number's own.
                Some(Shape::RegionalId | Shape::Permit)
                    if text.at(end) == b')' && text.bytes[i..end].contains(&b'(') =>
                {
                    (i, end + 1)
                }
                _ => (i, grouped_end(text, i, end, class)),
            }
        }
    }
}

/// Where the value ends that the quote at `i` opens.
#[inline(always)]
fn quoted(text: &Text<'_>, found: &mut Found<'_>, sep: usize, i: usize) -> (usize, usize) {
    let (t, stops, q) = (text.bytes, &text.scan.maps.stops, text.bytes[i]);
    let mut e = stops.next(i + 1, t.len());
    // What was escaped where the opening quote was not ends nothing.
    let alike = |e: usize| text.is_escape(e) == text.is_escape(i);
    while e < t.len() && (t[e] != b'\n' || text.is_escape(e) && !alike(e)) {
        // SQL and CSV write a quote twice.
        let twice = t[e] == q && e > i + 1 && text.at(e + 1) == q;
        if t[e] == q && !twice && alike(e) {
            break;
        }
        let pair = twice || t[e] == b'\\' && e + 1 < t.len() && t[e + 1] != b'\n';
        e = stops.next(e + if pair { 2 } else { 1 }, t.len());
    }
    (i + 1, if q == b'\'' { apostrophe_end(text, found, sep, (i + 1, e)) } else { e })
}

/// The value in angle brackets at `i` (`user=<alice>`, Dovecot); `--user=<user>` names what belongs there.
#[inline(never)]
fn pointed(text: &Text<'_>, found: &mut Found<'_>, i: usize) -> (usize, usize) {
    let rest = &text.bytes[i..];
    let len = rest.iter().skip(1).take(MAX_VALUE).take_while(|b| **b > b' ' && !matches!(b, b'<' | b'>')).count();
    let end = i + 1 + len;
    if rest.get(len + 1) != Some(&b'>') {
        return (i, bare_end(text, i + 1, text.bytes.len().min(i + MAX_VALUE), true));
    }
    let usage = !text.registry.class(found.memo.classify(text.registry, text.bytes, len, end)).is_unknown();
    let holds = !usage && !check::placeholder::is(&rest[..len + 2]);
    (i + 1, if holds { end } else { i + 1 })
}

/// The quote behind what languages write before one: `b'...'` (Python), `N'...'`, `E'...'` (SQL), `@"..."` (C#), `Some("...")` (Rust),
/// `Optional("...")` (Swift), `MD5('...')`, `string(7) "..."` (PHP).
#[inline(never)]
fn wrapped(text: &Text<'_>, found: &mut Found<'_>, i: usize) -> Option<usize> {
    let rest = &text.bytes[i..];
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@');
    let n = rest.iter().take(WRAPPER).take_while(|b| word(b)).count();
    let literal =
        rest[..n].iter().all(|b| matches!(b | 0x20, b'b' | b'u' | b'r' | b'f' | b'n' | b'e' | b'l') || *b == b'@');
    let n = match rest.get(n) {
        Some(b'(') => n + 1,
        _ if n <= 2 && literal => n,
        _ => return None,
    };
    let dumped = rest.get(n..).filter(|_| rest.starts_with(b"string(")).map_or(0, |v| {
        let digits = v.iter().take(8).take_while(|b| b.is_ascii_digit()).count();
        if v[digits..].starts_with(b") \"") { digits + 2 } else { 0 }
    });
    let n = n + dumped;
    // `{"login:b":1}`: this one ends the string in which the key stands.
    let opens = rest.get(n) == Some(&b'\'') || rest.get(n) == Some(&b'"') && !found.line.in_string(text, i);
    opens.then_some(i + n)
}

/// What stands before a value that may be missing: in Rust and Scala, Swift, Java, and OpenTelemetry's debug output.
const OPTIONS: [&[u8]; 5] = [b"Some(", b"Optional(", b"Optional[", b"Just(", b"Str("];

/// The bare value that begins behind such a word at `i`, up to its bracket; `long` ones may have any length.
fn optional(text: &Text<'_>, i: usize, long: bool) -> (usize, usize) {
    let most = if long { text.bytes.len() } else { text.bytes.len().min(i + MAX_VALUE + 1) };
    let rest = &text.bytes[i..most];
    let end = memchr::memchr3(b')', b']', b'\n', rest).unwrap_or(rest.len());
    (i, i + end)
}

/// Longest word before a bracket and a quote.
const WRAPPER: usize = 32;

/// True when the sign at `end` stands inside a value of a query: these are not escaped there (RFC 3986 section 3.4, URL Standard
/// section 1.3), and what ends a sentence or begins another pair stands before a blank or before its key.
#[inline(never)]
fn is_inner(text: &Text<'_>, sep: usize, end: usize) -> bool {
    if !matches!(text.at(end), b')' | b']' | b'}' | b';' | b',' | b'|') || !special::in_query(text, sep) {
        return false;
    }
    let rest = &text.bytes[end..];
    let marks = rest.iter().take(8).take_while(|b| matches!(b, b')' | b']' | b'}' | b';' | b',' | b'|')).count();
    let next = rest.get(marks).copied().unwrap_or(b'\n');
    let key = rest[marks..]
        .iter()
        .take(32)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        .count();
    let pair = matches!(rest.get(marks + key), Some(b'=' | b':'));
    let stop = next == b'.' && rest.get(marks + 1).is_none_or(|b| *b <= b' ');
    let ends = matches!(next, b'"' | b'\'' | b'<' | b'>' | b'&' | b'\\' | b'(' | b'[' | b'{') || stop;
    (b'!'..0x80).contains(&next) && !ends && !pair
}

/// Shapes of bounded length whose values may hold letters beyond ASCII.
fn wordy(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Email
            | Shape::Name
            | Shape::FullName
            | Shape::GivenName
            | Shape::AccountName
            | Shape::NamedAccount
            | Shape::Operator
            | Shape::UserId
            | Shape::Permit
            | Shape::Plate
            | Shape::Birth
    )
}

/// `rememberMe=false (192.0.2.7)`: a value of one word.
fn is_flag(v: &[u8]) -> bool {
    matches!(v, b"true" | b"false" | b"null")
}

/// `{latitude=39.9#longitude=116.4#city=...}` (AMapLocation): hashes part the pairs. The first key stands behind a brace, all others behind a
/// hash, and URLs have one hash alone.
#[inline(never)]
fn hashed_end(text: &Text<'_>, sep: usize, i: usize, end: usize) -> usize {
    let t = text.bytes;
    let key = sep - text.scan.maps.keychars.run_before(sep);
    let Some(n) = memchr::memchr(b'#', &t[i..end]).filter(|_| matches!(text.before(key), b'{' | b'#')) else {
        return end;
    };
    let rest = &t[i + n + 1..];
    let len = rest.iter().take(32).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    if len > 1 && rest.get(len) == Some(&b'=') { i + n } else { end }
}

/// An account ends before the sign that parts the members of LEEF, and before the full stop of a sentence.
#[inline(always)]
fn name_end(text: &Text<'_>, i: usize, end: usize) -> usize {
    let end = if text.carets { memchr::memchr(b'^', &text.bytes[i..end]).map_or(end, |n| i + n) } else { end };
    let stops =
        end > i + 1 && text.at(end - 1) == b'.' && matches!(text.at(end), b' ' | b'\n' | b'\r' | b'"' | b'<' | b'&');
    end - usize::from(stops)
}

/// A login name ends with its signs, a Chinese one with its ideographs: `zhangsan/研发部`, `张三(zhangsan)`.
#[inline(never)]
fn login_end(t: &[u8], i: usize, end: usize) -> usize {
    let v = &t[i..end];
    let beyond = v.first().is_some_and(|b| *b >= 0x80);
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'\\' | b'+');
    i + v.iter().take_while(|b| if beyond { **b >= 0x80 } else { sign(b) }).count()
}

#[inline(always)]
fn grouped_end(text: &Text<'_>, i: usize, end: usize, class: KeyClass) -> usize {
    class.entity.map_or(end, |kind| check::grouped::end(text.bytes, i, end, kind))
}

/// `116.397428,39.909230`: the second coordinate belongs to the value.
fn pair_end(t: &[u8], end: usize) -> usize {
    let rest = &t[end..t.len().min(end + 32)];
    let [b',', rest @ ..] = rest else { return end };
    let blank = usize::from(rest.first() == Some(&b' '));
    let n = rest[blank..].iter().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-')).count();
    if rest[blank..][..n].contains(&b'.') { end + 1 + blank + n } else { end }
}

/// End of a bare value, at most `most`; `words` tells whether letters beyond ASCII belong to it.
#[inline(always)]
pub fn bare_end(text: &Text<'_>, i: usize, most: usize, words: bool) -> usize {
    // Most values are short: to look for the end of a long line behind each of its keys would cost its square.
    let near = most.min(i + MAX_VALUE);
    let mut end = part_end(text, i, near, words);
    if end == near && near < most {
        end = part_end(text, near, most, words);
    }
    // Where what is decoded ends, the sign that escapes a quote stands bare.
    let t = text.bytes;
    if text.at(end) == b'"' && end > i && t[end - 1] == b'\\' && !text.is_escape(end) {
        return end - t[i..end].iter().rev().take_while(|b| **b == b'\\').count() % 2;
    }
    end
}

/// As [`bare_end`], for a part of a value.
#[inline(always)]
fn part_end(text: &Text<'_>, i: usize, most: usize, words: bool) -> usize {
    let (t, maps) = (text.bytes, &text.scan.maps);
    let end = maps.terms.next(i, most);
    let mut high = maps.high.next(i, end);
    if words {
        while high < end && !wide_punctuation(&t[high..]) && !(high > i && ends_key(text, high)) {
            high = maps.high.next(high + character(&t[high..]), end);
        }
    }
    high
}

/// True when a full-width colon stands at `high` behind a word that is a key: other words are part of the value.
#[inline(always)]
fn ends_key(text: &Text<'_>, high: usize) -> bool {
    let t = text.bytes;
    t[high] == 0xEF && t[high - 1] >= 0x80 && t[high..].starts_with("：".as_bytes()) && is_key(text, high)
}

#[inline(never)]
fn is_key(text: &Text<'_>, end: usize) -> bool {
    let len = text.scan.maps.high.run_before(end).min(KEY);
    let run = &text.bytes[end - len..end];
    // A full-width sign ends the word before this one.
    let from = memchr::memrchr(0xEF, run).map_or(0, |i| i + 3);
    run.get(from..).is_some_and(|key| text.registry.classify(key).entity.is_some())
}

/// Longest word beyond ASCII that is looked up as a key.
const KEY: usize = 30;

/// Length of the ideograph or the like at the front of `v`, or 1.
#[inline(always)]
fn character(v: &[u8]) -> usize {
    let goes_on = |b: u8| b & 0xC0 == 0x80;
    match v {
        [0xE0..=0xFF, a, b, ..] if goes_on(*a) & goes_on(*b) => 3,
        _ => 1,
    }
}

fn wide_punctuation(v: &[u8]) -> bool {
    // All of them begin with one of two bytes.
    matches!(v.first(), Some(0xE3 | 0xEF))
        && ["，", "。", "；", "）", "（", "、", "】", "！"].iter().any(|p| v.starts_with(p.as_bytes()))
}

/// `Scheme credential`: the credential behind the blank belongs to the value.
fn credential_end(text: &Text<'_>, i: usize, end: usize) -> usize {
    let t = text.bytes;
    let scheme = &t[i..end];
    if t.get(end) != Some(&b' ') {
        return end;
    }
    if !check::scheme::is(scheme) {
        return unknown_scheme_end(text, i, end);
    }
    let multi = [&b"digest"[..], b"hawk", b"oauth", b"vapid"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    if !multi && scheme.len() <= 10 {
        return bare_end(text, (end + 1).min(t.len()), t.len(), true);
    }
    // Schemes with parameters: the rest of the line is theirs.
    memchr::memchr2(b'\n', b'\r', &t[end..]).map_or(t.len(), |n| end + n)
}

/// `APPCODE 83359fd73fe94948385f570e3c139105`: a word of letters and a credential behind it, or parameters up to the end of the line, are
/// the value, whatever the scheme.
fn unknown_scheme_end(text: &Text<'_>, i: usize, end: usize) -> usize {
    let t = text.bytes;
    let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let from = end + 1;
    let next = bare_end(text, from, t.len().min(from + MAX_VALUE), true);
    let v = &t[from..next];
    let credential = v.len() >= 8 && v.iter().any(u8::is_ascii_digit) && !v[0].is_ascii_punctuation();
    let parameter = || {
        let n = v.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        n > 0 && v.get(n) == Some(&b'=')
    };
    if !t[i..end].iter().all(name) || !t[i].is_ascii_alphabetic() {
        return end;
    }
    match memchr::memchr(b',', &t[from..t.len().min(from + MAX_VALUE)]) {
        Some(_) if parameter() => memchr::memchr2(b'\n', b'\r', &t[end..]).map_or(t.len(), |n| end + n),
        _ if credential => next,
        _ => end,
    }
}

/// Where the value of several words ends that stands in `Order(name=Alice Johnson, address=12 Main Street, n=1)`: before the comma and
/// the next key, or the bracket. One that stands elsewhere ends at `end`, before its first blank.
#[inline(never)]
fn member_end(text: &Text<'_>, sep: usize, end: usize) -> usize {
    let t = text.bytes;
    let key = sep - text.scan.maps.keychars.run_before(sep);
    let inside = matches!(text.before(key), b'(' | b'{' | b'[') || t[..key].ends_with(b", ");
    if !inside {
        return end;
    }
    let rest = &t[end..t.len().min(end + WORDS)];
    let mut at = 0;
    while let Some(n) = rest[at..].iter().position(|b| matches!(b, b',' | b')' | b'}' | b']' | b'=' | b'"' | b'\n')) {
        let i = at + n;
        match rest[i] {
            b',' => {
                let next = rest[i + 1..].strip_prefix(b" ").unwrap_or_default();
                let name = next.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                if name > 0 && next.get(name) == Some(&b'=') {
                    return end + i;
                }
                at = i + 1;
            }
            b')' | b'}' | b']' => return end + i,
            _ => return end,
        }
    }
    end
}

/// Most bytes of the words behind the first one of a value.
const WORDS: usize = 128;

/// True when the value at `i` stands in an event of ArcSight's format, whose values may hold blanks.
fn is_cef(text: &Text<'_>, found: &mut Found<'_>, i: usize) -> bool {
    found.line.seek(text, i);
    let head = &text.bytes[found.line.start.min(i)..i];
    memchr::memmem::find(&head[..head.len().min(WORDS)], b"CEF:").is_some()
}

/// Where the value of such an event ends whose first word ends at `end`: before the blank and the next key, or with the line.
fn pair_start(text: &Text<'_>, end: usize) -> usize {
    let t = text.bytes;
    let rest = &t[end..t.len().min(end + WORDS)];
    let rest = &rest[..rest.iter().position(|b| matches!(b, b'\n' | b'\r' | b'"' | b'|')).unwrap_or(rest.len())];
    let Some(equals) = memchr::memchr(b'=', rest) else {
        return if rest.len() < WORDS && memchr::memchr(b'"', rest).is_none() { end + rest.len() } else { end };
    };
    let name = rest[..equals].iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
    match rest[..equals - name].last() {
        Some(b' ') if name > 0 => end + equals - name - 1,
        _ => end,
    }
}
