//! Values that are bound to a statement and written beside it, in the same record:
//! `INSERT INTO users (username, password) VALUES (?, ?)] [parameters: ('alice', '...')`.

use super::super::{Found, Text, keyed};
use super::statement::{self, MOST, Marks};
use super::{blanks, ends};
use crate::detect::keys::KeyClass;
use crate::format::slot::BEGINS as TAG;
use memchr::memmem;

/// Bytes of a statement that are read.
const STATEMENT: usize = 4096;
/// Statements that are tried for one list: text before it may hold their verbs.
const TRIES: usize = 4;
/// Most bytes of what stands behind a value (`(Size = 4000)`, `[Type: String (4000:0:0)]`), or of a value that is no string.
const ASIDE: usize = 128;

/// One value of a list.
#[derive(Clone, Copy, Default)]
struct Value {
    /// Its name without its sign; empty when it has none.
    name: (usize, usize),
    span: (usize, usize),
    /// It is a string or a number.
    literal: bool,
}

/// The values of a list, and where it ends.
struct List {
    values: [Value; MOST],
    len: usize,
    end: usize,
}

impl List {
    /// The values have names.
    fn is_named(&self) -> bool {
        self.values[0].name.1 > self.values[0].name.0
    }
}

/// Reads the list behind the key `parameters`, `bindings`, `args` or `@p0` whose separator stands at `sep`, and takes what its
/// statement names; what lies before `done` belongs to other lists.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, sep: usize, done: &mut usize) {
    if sep < *done || text.is_shown(sep) {
        return;
    }
    let floor = (*done).max(sep.saturating_sub(STATEMENT));
    let floor = memchr::memrchr_iter(b'\n', &text.bytes[floor..sep])
        .find(|n| ends(text, floor + n))
        .map_or(floor, |n| floor + n + 1);
    let Some((start, close)) = opening(text, sep) else { return };
    let verb = statement::verb(text, floor, sep);
    if verb.is_none() && !is_ahead(text, sep) {
        *done = sep;
        return;
    }
    let floor = verb.unwrap_or(sep);
    let Some(first) = list(text, start, close, done) else { return };
    *done = (*done).max(first.end);
    let marks = before(text, found, &first, (floor, sep)).or_else(|| behind(text, found, &first, sep));
    let Some(marks) = marks else { return };
    let json = text.before(sep) == b'"';
    take(text, found, &first, &marks, json);
    // `[('alice', '...'), ('bob', '...')]`: the same statement for each.
    let mut i = first.end;
    while close != 0 && text.at(i) == b',' {
        let next = blanks(text, i + 1);
        let Some(close) = closing(text.at(next)) else { return };
        let Some(more) = list(text, next + 1, close, done) else { return };
        (i, *done) = (more.end, more.end);
        if fits(text, &more, &marks) {
            take(text, found, &more, &marks, json);
        }
    }
}

fn closing(open: u8) -> Option<u8> {
    match open {
        b'(' => Some(b')'),
        b'[' => Some(b']'),
        _ => None,
    }
}

/// Where the first value of the list behind `sep` begins, and the bracket that ends the list; none where it has no brackets.
fn opening(text: &Text<'_>, sep: usize) -> Option<(usize, u8)> {
    let key = text.bytes[..sep].trim_ascii_end();
    if key.len() >= 3 && key[key.len() - 2..].eq_ignore_ascii_case(b"p0") {
        return matches!(key[key.len() - 3], b'@' | b':').then_some((key.len() - 3, 0));
    }
    let i = blanks(text, keyed::behind(text, sep));
    // `"params":"[\"alice\"]"`: a list in a string.
    let i = i + usize::from(text.at(i) == b'"' && text.at(i + 1) == b'[');
    match closing(text.at(i)) {
        Some(close) => {
            let inner = blanks(text, i + 1);
            Some(closing(text.at(inner)).map_or((inner, close), |c| (inner + 1, c)))
        }
        None => matches!(text.at(i), b'$' | b'@' | b':').then_some((i, 0)),
    }
}

/// The list from `i` on; `done` goes as far as the look did.
fn list(text: &Text<'_>, mut i: usize, close: u8, done: &mut usize) -> Option<List> {
    let mut list = List { values: [Value::default(); MOST], len: 0, end: i };
    loop {
        let (value, next) = match value(text, i, close) {
            Ok(read) => read,
            Err(at) => {
                *done = (*done).max(at);
                return None;
            }
        };
        *list.values.get_mut(list.len)? = value;
        (list.len, list.end) = (list.len + 1, next);
        *done = (*done).max(next);
        match text.at(next) {
            b',' => i = next + 1,
            b if close != 0 && b == close => {
                list.end += 1;
                return Some(list);
            }
            _ => return (close == 0).then_some(list),
        }
        // Python writes a comma behind a single value.
        if close != 0 && text.at(blanks(text, i)) == close {
            list.end = blanks(text, i) + 1;
            return Some(list);
        }
    }
}

/// The value at or behind `i` and where what follows it begins, or how far the look went.
fn value(text: &Text<'_>, i: usize, close: u8) -> Result<(Value, usize), usize> {
    let t = text.bytes;
    let mut i = blanks(text, i);
    let mut name = (i, i);
    if matches!(text.at(i), b'$' | b'@' | b':') {
        let len = t[i + 1..].iter().take(ASIDE).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        name = (i + 1, i + 1 + len);
        i = blanks(text, name.1);
        if len == 0 || text.at(i) != b'=' {
            return Err(i);
        }
        i = blanks(text, i + 1);
    } else if close == 0 {
        return Err(i);
    }
    // `u'...'`, `N'...'`
    let prefix = matches!(text.at(i), b'u' | b'b' | b'r' | b'N' | b'E') && matches!(text.at(i + 1), b'\'' | b'"');
    i += usize::from(prefix);
    let slashes = t[i.min(t.len())..].iter().take(8).take_while(|b| **b == b'\\').count();
    let (span, literal, mut next) = match text.at(i + slashes) {
        b'\'' | b'"' => {
            let start = i + slashes + 1;
            let end = string_end(text, start, slashes)?;
            ((start, end), true, end + slashes + 1)
        }
        first => {
            let end = bare_end(text, i)?;
            ((i, end), first.is_ascii_digit(), end)
        }
    };
    // What is said of a value behind it.
    loop {
        next = blanks(text, next);
        match closing(text.at(next)) {
            Some(_) => next = aside_end(text, next)?,
            None => return Ok((Value { name, span, literal }, next)),
        }
    }
}

/// Where the string ends that begins at `start` behind a quote with so many backslashes before it.
fn string_end(text: &Text<'_>, start: usize, slashes: usize) -> Result<usize, usize> {
    let (t, quote) = (text.bytes, text.before(start));
    let mut i = start;
    while let Some(n) = memchr::memchr2(quote, b'\n', t.get(i..).unwrap_or_default()) {
        let at = i + n;
        if ends(text, at) {
            return Err(at);
        }
        let before = t[start..at].iter().rev().take_while(|b| **b == b'\\').count();
        let closes = if slashes == 0 { before.is_multiple_of(2) } else { before == slashes };
        let twice = slashes == 0 && quote == b'\'' && text.at(at + 1) == quote;
        if t[at] == quote && closes && !twice && text.is_escape(at) == text.is_escape(start - 1) {
            return Ok(at - slashes);
        }
        i = at + 1 + usize::from(twice);
    }
    Err(t.len())
}

/// Where a value without quotes ends: before the comma or bracket that is not its own.
fn bare_end(text: &Text<'_>, from: usize) -> Result<usize, usize> {
    let mut depth = 0;
    for i in from..from + ASIDE {
        match text.at(i) {
            b',' | b')' | b']' if depth == 0 => return Ok(i),
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'\n' if ends(text, i) => return Err(i),
            _ => {}
        }
    }
    Err((from + ASIDE).min(text.bytes.len()))
}

/// Behind the brackets that open at `from`.
fn aside_end(text: &Text<'_>, from: usize) -> Result<usize, usize> {
    let mut depth = 0;
    for i in from..from + ASIDE {
        match text.at(i) {
            b'(' | b'[' => depth += 1,
            b')' | b']' if depth == 1 => return Ok(i + 1),
            b')' | b']' => depth -= 1,
            b'\n' if ends(text, i) => return Err(i),
            _ => {}
        }
    }
    Err((from + ASIDE).min(text.bytes.len()))
}

/// The placeholders of the statement in `from..to` that the list fits.
fn before(text: &Text<'_>, found: &mut Found<'_>, list: &List, (from, to): (usize, usize)) -> Option<Marks> {
    let mut from = from;
    for _ in 0..TRIES {
        let verb = statement::verb(text, from, to)?;
        let marks = statement::marks(text, found, verb, to);
        if fits(text, list, &marks) {
            return Some(marks);
        }
        from = verb + 1;
    }
    None
}

/// The key before `sep` begins a list that Entity Framework writes before its statement.
fn is_ahead(text: &Text<'_>, sep: usize) -> bool {
    text.bytes[..sep].ends_with(b"Parameters") && text.bytes[sep..].starts_with(b"=[")
}

/// As [`before`], for a statement that follows the list: `[Parameters=[@p0='...'], CommandType='Text'] INSERT INTO ...`.
fn behind(text: &Text<'_>, found: &mut Found<'_>, list: &List, sep: usize) -> Option<Marks> {
    let t = text.bytes;
    if !is_ahead(text, sep) || !list.is_named() {
        return None;
    }
    let rest = &t[list.end.min(t.len())..t.len().min(list.end + STATEMENT)];
    // The next statement has parameters of its own.
    let rest = &rest[..memmem::find(rest, b"Parameters=[").unwrap_or(rest.len())];
    let record = memchr::memchr_iter(b'\n', rest).find(|n| ends(text, list.end + n)).unwrap_or(rest.len());
    before(text, found, list, (list.end, list.end + record))
}

/// True when the list has a value for each placeholder, or one for some of their names.
fn fits(text: &Text<'_>, list: &List, marks: &Marks) -> bool {
    let all = marks.all();
    let known = all.iter().any(|m| m.1.entity.is_some());
    if list.is_named() || !known {
        return known && all.iter().any(|(name, _)| list.values[..list.len].iter().any(|v| same(text, v.name, *name)));
    }
    let most = all.iter().map(|m| number(text, m.0)).max().unwrap_or(0);
    marks.whole() && list.len == if most > 0 { most } else { all.len() }
}

/// The number of a placeholder (`$2`), or 0.
fn number(text: &Text<'_>, (from, to): (usize, usize)) -> usize {
    let digits = &text.bytes[from..to];
    let all = digits.len() <= 4 && digits.iter().all(u8::is_ascii_digit);
    digits.iter().filter(|_| all).fold(0, |n, b| n * 10 + usize::from(b - b'0'))
}

fn same(text: &Text<'_>, a: (usize, usize), b: (usize, usize)) -> bool {
    text.bytes[a.0..a.1].eq_ignore_ascii_case(&text.bytes[b.0..b.1])
}

/// Takes the values whose placeholder stands for a column with a key.
fn take(text: &Text<'_>, found: &mut Found<'_>, list: &List, marks: &Marks, json: bool) {
    let mut columns = [KeyClass::default(); MOST];
    for (at, (name, class)) in marks.all().iter().enumerate() {
        let place = number(text, *name).checked_sub(1).unwrap_or(at);
        if let Some(column) = columns.get_mut(place).filter(|c| c.entity.is_none()) {
            *column = *class;
        }
    }
    for (value, column) in list.values[..list.len].iter().zip(columns) {
        let named = || marks.all().iter().filter(|m| same(text, m.0, value.name)).find_map(|m| m.1.entity);
        let entity = if list.is_named() { named() } else { column.entity };
        if let Some((entity, shape)) = entity.filter(|_| value.literal && !text.bytes[value.span.0..].starts_with(TAG))
        {
            let (start, end) = value.span;
            let bare = json && text.at(start).is_ascii_digit() && !matches!(text.before(start), b'"' | b'\'');
            keyed::accept(text, found, entity, shape, start.saturating_sub(1), (start, end), bare);
        }
    }
}
