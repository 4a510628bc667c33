//! Lists of names and values: `["password","hunter2"]`, `[("user", "alice")]` (Python), `[{"cookie", "sid=..."}]` (Elixir), and flat ones,
//! as `rawHeaders` of Node: `["Host","x","Cookie","sid=..."]`.
//!
//! Lists of words look the same (`"fields":["phone","email"]`, `"roles":["user","editor"]`, `"grant_types":["password","refresh"]`): the
//! more there is that makes a list one of pairs, the less its values are asked for their shape.

use super::keyed::{accept, behind_blanks};
use super::{Found, Text, special};
use crate::detect::check::{output, word};
use crate::detect::keys::KeyClass;
use crate::model::{EntityId, Shape};

/// What the look at earlier lists of a text has told.
#[derive(Default)]
pub struct Pairs {
    /// What lies before is read.
    done: usize,
    /// Where the last pair ends, and its name.
    last: (usize, (usize, usize)),
}

/// What speaks for a list of names and values.
#[derive(Clone, Copy, Default)]
struct Evidence {
    /// Secrets that look like words are values.
    secrets: bool,
    /// Accounts and texts are values.
    texts: bool,
    /// Names and values alternate, but one value may be anything.
    headers: bool,
}

/// One plain element.
#[derive(Clone, Copy)]
struct Element {
    /// Where it begins, its quote and mark included.
    from: usize,
    /// What it holds.
    span: (usize, usize),
    /// What follows behind blanks.
    next: usize,
}

/// Reads the list whose first string the quote at `p` may open.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, pairs: &mut Pairs, p: usize) {
    // An array under a key is one of its values.
    if p < pairs.done || found.settled.lists(p) {
        return;
    }
    let Some(mut open) = opening(text, p) else { return };
    // Elixir's tuples stand in a list, and only the first one of them behind its bracket.
    while let Some(next) = list(text, found, pairs, open) {
        open = next;
    }
}

/// Reads the list that the bracket at `open` opens; where the next tuple in braces opens behind it.
fn list(text: &Text<'_>, found: &mut Found<'_>, pairs: &mut Pairs, open: usize) -> Option<usize> {
    let first = element(text, open + 1)?;
    if text.at(first.next) != b',' || text.before(first.span.0) != text.at(first.span.1) {
        return None;
    }
    let (start, end) = first.span;
    let known = is_name(text, first.span) && !class_of(text, found, first.span).is_unknown();
    let raw = header_list(text, open);
    let headers = raw.is_some() || is_header(&text.bytes[start..end]);
    if !known && !headers {
        return unknown(text, pairs, open, first);
    }
    let seen = survey(text, found, open, raw == Some(true));
    pairs.done = pairs.done.max(seen.end);
    let evidence = match seen.count {
        2 if seen.closed => pair(text, pairs, open, first.span, seen.end, headers),
        0..=2 => None,
        _ if headers => Some(Evidence { secrets: true, texts: true, headers: true }),
        n if seen.closed && n.is_multiple_of(2) && seen.names && seen.values && seen.known > 1 => {
            Some(Evidence { texts: true, ..Evidence::default() })
        }
        _ => None,
    };
    if let Some(evidence) = evidence.filter(|_| !seen.listed) {
        values(text, found, open, evidence);
    }
    (text.at(open) == b'{' && seen.closed).then(|| tuple(text, seen.end + 1)).flatten()
}

/// Notes the pair whose first element is not known; where the tuple in braces opens behind it.
fn unknown(text: &Text<'_>, pairs: &mut Pairs, open: usize, first: Element) -> Option<usize> {
    let second = element(text, first.next + 1)?;
    if text.at(second.next) != closing(text, open) {
        return None;
    }
    if is_name(text, first.span) {
        pairs.last = (second.next, first.span);
    }
    if text.at(open) == b'{' { tuple(text, second.next + 1) } else { None }
}

/// The brace at or behind the comma at `i`, when a string follows it.
fn tuple(text: &Text<'_>, i: usize) -> Option<usize> {
    let open = if text.at(i) == b',' { blanks(text, i + 1) } else { return None };
    (text.at(open) == b'{' && matches!(text.at(open + 1), b'"' | b'\'')).then_some(open)
}

/// What a list holds.
#[derive(Default)]
struct Seen {
    count: usize,
    /// Where it ends, at its bracket when it is closed.
    end: usize,
    closed: bool,
    /// Every name looks like one.
    names: bool,
    /// Names that the registry knows.
    known: usize,
    /// A value is a name as well: this is a list of names.
    listed: bool,
    /// A value is no word.
    values: bool,
}

/// Looks at all elements of the list at `open`; `raw` tells that none of its values is taken for a name.
fn survey(text: &Text<'_>, found: &mut Found<'_>, open: usize, raw: bool) -> Seen {
    let mut seen = Seen { end: open, names: true, ..Seen::default() };
    let close = closing(text, open);
    let mut known = false;
    let mut i = open + 1;
    while let Some(e) = element(text, i) {
        let next = text.at(e.next);
        if next != b',' && next != close {
            break;
        }
        if seen.count.is_multiple_of(2) {
            let name = is_name(text, e.span);
            known = name && !class_of(text, found, e.span).is_unknown();
            seen.names &= name;
            seen.known += usize::from(known);
        } else if !raw && !seen.listed {
            let v = &text.bytes[e.span.0..e.span.1];
            // Not by the memo: it holds no values.
            let key = known && is_name(text, e.span) && text.registry.classify(v).entity.is_some();
            seen.listed = key || is_header(v);
            seen.values |= !word::is_like(v) && !output::is(v);
        }
        seen.count += 1;
        seen.end = e.next;
        seen.closed = next != b',';
        if seen.closed {
            break;
        }
        i = e.next + 1;
        // Python writes a comma behind a single element.
        let end = blanks(text, i);
        if text.at(end) == close {
            (seen.end, seen.closed) = (end, true);
            break;
        }
    }
    seen
}

/// What speaks for the list of two elements from `open` to `close`.
fn pair(
    text: &Text<'_>,
    pairs: &mut Pairs,
    open: usize,
    name: (usize, usize),
    close: usize,
    headers: bool,
) -> Option<Evidence> {
    let call = text.before(open).is_ascii_alphanumeric() || matches!(text.before(open), b'_' | b'.' | b')' | b'!');
    if text.at(open) == b'(' && call {
        return None;
    }
    let front = text.bytes[..open].trim_ascii_end();
    let follows = front.strip_suffix(b",").is_some_and(|f| f.trim_ascii_end().len() == pairs.last.0 + 1);
    let other = |(from, to): (usize, usize)| text.bytes[from..to] != text.bytes[name.0..name.1];
    let nested = follows || matches!(front.last(), Some(b'[' | b'(' | b'{'));
    let beside = follows && other(pairs.last.1) || nested && behind(text, open, close).is_some_and(other);
    pairs.last = (close, name);
    Some(Evidence { secrets: nested || headers, texts: beside || headers, headers: false })
}

/// The name in the pair that follows the one from `open` to `close`.
fn behind(text: &Text<'_>, open: usize, close: usize) -> Option<(usize, usize)> {
    let comma = Some(blanks(text, close + 1)).filter(|&i| text.at(i) == b',')?;
    let next = blanks(text, comma + 1);
    let first = element(text, next + 1).filter(|_| text.at(next) == text.at(open))?;
    let second = element(text, first.next + 1).filter(|_| text.at(first.next) == b',')?;
    (text.at(second.next) == text.at(close) && is_name(text, first.span)).then_some(first.span)
}

/// Takes every second element of the list at `open` as the value of the one before it.
fn values(text: &Text<'_>, found: &mut Found<'_>, open: usize, evidence: Evidence) {
    let mut i = open + 1;
    while let Some(name) = element(text, i).filter(|n| text.at(n.next) == b',') {
        let Some(e) = element(text, name.next + 1) else { return };
        let class = if is_name(text, name.span) { class_of(text, found, name.span) } else { KeyClass::default() };
        if let Some(kind) = class.entity {
            value(text, found, kind, name.next, e, evidence);
        }
        if text.at(e.next) != b',' {
            return;
        }
        i = e.next + 1;
    }
}

/// Takes the element behind the comma at `sep` when it may be a value of its kind.
fn value(
    text: &Text<'_>,
    found: &mut Found<'_>,
    (entity, shape): (EntityId, Shape),
    sep: usize,
    e: Element,
    evidence: Evidence,
) {
    let (start, end) = e.span;
    let v = &text.bytes[start..end];
    match shape {
        Shape::Jar if v.contains(&b'=') => return special::jar(text, found, sep, (start, end)),
        Shape::Arn => return special::resource(text, found, sep, e.span),
        Shape::Jar | Shape::Terminal | Shape::CommandLine | Shape::Search | Shape::Signature | Shape::LoginCode => {
            return;
        }
        Shape::Url | Shape::Query => return,
        _ => {}
    }
    let weak = text.registry.weak() >> entity.0 & 1 == 1;
    let secret = shape.is_secret();
    let plain = matches!(
        shape,
        Shape::AccountName
            | Shape::NamedAccount
            | Shape::Login
            | Shape::Operator
            | Shape::UserId
            | Shape::Text
            | Shape::Prose
    );
    let sure = if secret { evidence.secrets } else { evidence.texts && plain };
    let fits = match (secret, plain) {
        (true, _) | (_, true) => sure || !weak && !word::is_like(v),
        _ => true,
    };
    // In a list of headers a value is whatever it says.
    let about = word::is_about(v) || !evidence.headers && word::is_sentence(v);
    if fits && !about && (!weak || evidence.texts) {
        accept(text, found, entity, shape, sep, e.span, e.from == start);
    }
}

/// The bracket before the first string of a list, behind a blank or the mark of a literal, or the brace of its first tuple.
fn opening(text: &Text<'_>, p: usize) -> Option<usize> {
    let open = |i: usize| matches!(text.at(i), b'[' | b'(');
    if p > 0 && open(p - 1) {
        return Some(p - 1);
    }
    match text.before(p) {
        b' ' | b'b' | b'u' if p > 1 && open(p - 2) => Some(p - 2),
        b'{' if p > 1 && open(p - 2) => Some(p - 1),
        _ => None,
    }
}

/// The bracket that ends the list at `open`.
fn closing(text: &Text<'_>, open: usize) -> u8 {
    match text.at(open) {
        b'[' => b']',
        b'(' => b')',
        _ => b'}',
    }
}

/// The plain element that begins at or behind `i`: a string, a number or a word. Lists and objects are none.
fn element(text: &Text<'_>, i: usize) -> Option<Element> {
    let from = blanks(text, i);
    let mark = matches!(text.at(from), b'b' | b'u') && matches!(text.at(from + 1), b'"' | b'\'');
    let quote = from + usize::from(mark);
    let (span, end) = match text.at(quote) {
        b'"' | b'\'' => {
            let end = string_end(text, quote)?;
            ((quote + 1, end), end + 1)
        }
        b if b.is_ascii_alphanumeric() || b == b'-' => {
            let end = text.scan.maps.terms.next(quote, text.bytes.len().min(quote + BARE));
            ((quote, end), end)
        }
        _ => return None,
    };
    Some(Element { from, span, next: blanks(text, end) })
}

/// Longest number or word.
const BARE: usize = 64;

/// Where the string ends that the quote at `open` opens.
fn string_end(text: &Text<'_>, open: usize) -> Option<usize> {
    let (t, stops, q) = (text.bytes, &text.scan.maps.stops, text.bytes[open]);
    // What was escaped where the opening quote was not ends nothing.
    let alike = |e: usize| text.is_escape(e) == text.is_escape(open);
    let mut e = stops.next(open + 1, t.len());
    while e < t.len() {
        match t[e] {
            b'\n' if !text.is_escape(e) => return None,
            b if b == q && alike(e) => return Some(e),
            b'\\' => e = stops.next(e + 2, t.len()),
            _ => e = stops.next(e + 1, t.len()),
        }
    }
    None
}

/// The first byte at or behind `i` that is no blank; line feeds in escapes are.
fn blanks(text: &Text<'_>, i: usize) -> usize {
    let i = behind_blanks(text, i);
    if !matches!(text.at(i), b'\n' | b'\r') || !text.is_escape(i) {
        return i;
    }
    let rest = &text.bytes[i..];
    let blank = |n: &usize| rest[*n] <= b' ' && (rest[*n] != b'\n' || text.is_escape(i + n));
    i + (0..rest.len().min(INDENT)).take_while(blank).count()
}

/// Most blanks and line feeds between elements.
const INDENT: usize = 128;

/// True for what may be the name of a value: a letter or colon first, then signs of keys, and none of our own output.
fn is_name(text: &Text<'_>, (start, end): (usize, usize)) -> bool {
    let v = &text.bytes[start..end];
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b'\x80'..);
    let first = v.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b':' | b'\x80'..));
    first && v.len() <= NAME && v[1..].iter().all(sign) && !output::is(v)
}

/// Longest name.
const NAME: usize = 48;

fn class_of(text: &Text<'_>, found: &mut Found<'_>, (start, end): (usize, usize)) -> KeyClass {
    text.registry.class(found.memo.classify(text.registry, text.bytes, end - start, end))
}

/// True for a header of requests and responses (RFC 9110) that programs list.
fn is_header(v: &[u8]) -> bool {
    const HEADERS: [&str; 16] = [
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "origin",
        "referer",
        "set-cookie",
        "transfer-encoding",
        "user-agent",
        "via",
    ];
    let own = v.get(..2).is_some_and(|x| x.eq_ignore_ascii_case(b"x-"));
    own || HEADERS.iter().any(|h| v.eq_ignore_ascii_case(h.as_bytes()))
}

/// Whether the key before the list at `open` says that it holds headers; `true` when these are Node's, names and values in turn.
fn header_list(text: &Text<'_>, open: usize) -> Option<bool> {
    let mark = |b: &u8| matches!(b, b' ' | b':' | b'=' | b'"' | b'\'');
    let behind = text.bytes[..open].iter().rev().take(KEY).take_while(|b| mark(b)).count();
    let end = open - behind;
    if behind == 0 || !text.bytes[end..open].iter().any(|b| matches!(b, b':' | b'=')) {
        return None;
    }
    let len = text.scan.maps.keychars.run_before(end);
    let key = &text.bytes[end - len..end];
    let is = |names: &[&str]| names.iter().any(|n| key.eq_ignore_ascii_case(n.as_bytes()));
    match is(&["rawHeaders", "raw_headers", "rawTrailers"]) {
        true => Some(true),
        false => is(&["headers", "header", "request_headers", "requestHeaders", "response_headers", "responseHeaders"])
            .then_some(false),
    }
}

/// Most blanks, marks and quotes between a key and its list.
const KEY: usize = 8;
