//! Lines of programs inside of records: behind a header of syslog or the time of a container's runtime, and in members, as
//! `{"log":"Nov 23 10:11:45 web1 CRON[123]: (alice) CMD (x)"}` of Docker and
//! `{"MESSAGE":"(alice) CMD (x)","SYSLOG_IDENTIFIER":"CRON"}` of journald.

use super::check::container;
use super::keys::Says;
use super::positional::{self, Layouts};
use super::recognize::{Found, Skip, Text, configured, keyed};
use super::sentences::message;
use std::ops::Range;

/// Adds what the lines name that stand in the records of a block behind a header.
pub fn records(text: &Text<'_>, found: &mut Found<'_>, layouts: &Layouts, spans: &mut Vec<Range<usize>>) {
    for (at, end) in positional::records(text) {
        let record = positional::line(&text.bytes[at..end]);
        let end = at + record.len();
        if configured::begins(record) {
            configured::run(text, found, (at, end));
            continue;
        }
        match container::prefix(record) {
            // What begins with a time alone is a record by itself, whose format is that of its stream.
            0 => match message(record) {
                Some((b"", from)) => _ = layouts.sentences().read(text, found, b"", (at + from, end), spans),
                Some(said) => behind(text, found, layouts, said, (at, end), spans),
                None => {}
            },
            n => line(text, found, layouts, (at + n, end), spans),
        }
    }
}

/// Adds what the lines name that were written in escapes, in base64 or in hexadecimal digits.
pub fn regions(text: &Text<'_>, found: &mut Found<'_>, layouts: &Layouts, spans: &mut Vec<Range<usize>>) {
    for region in text.view.iter().flat_map(|v| v.region_texts()) {
        lines(text, found, layouts, region, spans);
    }
}

/// Adds what the lines name that members hold.
pub fn members(text: &Text<'_>, found: &mut Found<'_>, layouts: &Layouts, spans: &mut Vec<Range<usize>>) {
    if found.messages.is_empty() {
        return;
    }
    let members = std::mem::take(found.messages);
    let mut skip = Skip::new(text.regions);
    for (n, &(sep, says)) in members.iter().enumerate() {
        // What stands in escapes is a region of the next view, or is one of this view: it is read as such.
        let begins = text.bare_start(keyed::behind(text, sep as usize));
        let shown = skip.covers(begins) || text.contents().binary_search(&(begins as u32)).is_ok();
        let named = members[n.saturating_sub(NEAR)..].iter().take(2 * NEAR).any(|m| m.1 == Says::Program);
        if says != Says::Message || shown && !named {
            continue;
        }
        let (start, end, quoted) = keyed::member(text, found, sep as usize);
        if quoted {
            let end = trimmed(&text.bytes[..end], start);
            let told = named && told_beside(text, found, layouts, (&members, n), (start, end), spans);
            if !told && !shown && end - start >= LEAST {
                lines(text, found, layouts, (start, end), spans);
            }
        }
    }
    *found.messages = members;
    found.messages.clear();
}

/// No header with a message, nor a record of an access log, is shorter.
const LEAST: usize = 24;

/// Adds what the lines of `start..end` name.
fn lines(
    text: &Text<'_>,
    found: &mut Found<'_>,
    layouts: &Layouts,
    (start, end): (usize, usize),
    spans: &mut Vec<Range<usize>>,
) {
    let mut at = start;
    while at < end {
        let stop = memchr::memchr(b'\n', &text.bytes[at..end]).map_or(end, |i| at + i);
        let end = stop - usize::from(text.bytes[at..stop].ends_with(b"\r"));
        line(text, found, layouts, (at, end), spans);
        at = stop + 1;
    }
}

/// Adds what one line names.
fn line(
    text: &Text<'_>,
    found: &mut Found<'_>,
    layouts: &Layouts,
    (at, end): (usize, usize),
    spans: &mut Vec<Range<usize>>,
) {
    if configured::begins(&text.bytes[at..end]) {
        return configured::run(text, found, (at, end));
    }
    match message(&text.bytes[at..end]) {
        Some(said) => behind(text, found, layouts, said, (at, end), spans),
        None => positioned(text, found, layouts, (at, end), spans),
    }
}

/// Adds what the message of a program names whose line is `at..end`, header included.
fn behind(
    text: &Text<'_>,
    found: &mut Found<'_>,
    layouts: &Layouts,
    (program, from): (&[u8], usize),
    (at, end): (usize, usize),
    spans: &mut Vec<Range<usize>>,
) {
    if layouts.sentences().read(text, found, program, (at + from, end), spans) {
        return;
    }
    // A time may be the header of a message, or the first field of a layout.
    let from = if program.is_empty() { at } else { at + from };
    // What a relay hands on has a header of its own.
    let inner = message(&text.bytes[from..end]).filter(|_| from > at);
    if !inner.is_some_and(|(program, n)| layouts.sentences().read(text, found, program, (from + n, end), spans)) {
        positioned(text, found, layouts, (from, end), spans);
    }
}

/// Adds what the fields of a layout name, when the line looks like one: it begins with a number or holds a time of access logs.
fn positioned(
    text: &Text<'_>,
    found: &mut Found<'_>,
    layouts: &Layouts,
    (at, end): (usize, usize),
    spans: &mut Vec<Range<usize>>,
) {
    let t = &text.bytes[at..end];
    let clf = |i: usize| matches!(t.get(i..i + 8), Some([b'[', a, b, b'/', _, _, _, b'/']) if a.is_ascii_digit() && b.is_ascii_digit());
    let head = &t[..t.len().min(HEAD)];
    let clf = memchr::memchr_iter(b'[', head).take(4).any(clf);
    if clf || t.first().is_some_and(u8::is_ascii_digit) {
        layouts.read(text, found, (at, end), clf, spans);
    }
}

/// How far into a line of an access log its time may stand.
const HEAD: usize = 256;

/// True when a member of the same record names the program, and one of its sentences fits.
fn told_beside(
    text: &Text<'_>,
    found: &mut Found<'_>,
    layouts: &Layouts,
    (members, n): (&[(u32, Says)], usize),
    message: (usize, usize),
    spans: &mut Vec<Range<usize>>,
) -> bool {
    let here = members[n].0 as usize;
    let (before, after) = (members[..n].iter().rev().take(NEAR), members[n + 1..].iter().take(NEAR));
    let mut named = before.chain(after).filter(|m| is_beside(text, here, m));
    named.any(|m| {
        let program = program(text, found, m.0 as usize);
        !program.is_empty() && layouts.sentences().read(text, found, program, message, spans)
    })
}

/// The end of a line without the escape of its line feed.
fn trimmed(t: &[u8], start: usize) -> usize {
    let mut v = &t[start..];
    while let Some(front) = v.strip_suffix(b"\\n").or(v.strip_suffix(b"\\r")).filter(|f| !f.ends_with(b"\\")) {
        v = front;
    }
    start + v.len()
}

/// Members on either side of a message among which the program is looked for.
const NEAR: usize = 4;

/// Bytes between both.
const REACH: usize = 8 << 10;

/// True for a member that names the program in the record whose message has its separator at `here`.
fn is_beside(text: &Text<'_>, here: usize, &(sep, says): &(u32, Says)) -> bool {
    let (from, to) = (here.min(sep as usize), here.max(sep as usize));
    says == Says::Program && to - from <= REACH && memchr::memchr(b'\n', &text.bytes[from..to]).is_none()
}

/// The program that the member names.
fn program<'a>(text: &Text<'a>, found: &mut Found<'_>, sep: usize) -> &'a [u8] {
    let (start, end, _) = keyed::member(text, found, sep);
    let name = &text.bytes[start..end];
    let path = name.starts_with(b"/").then(|| memchr::memrchr(b'/', name)).flatten();
    let name = path.map_or(name, |i| &name[i + 1..]);
    let ends = |b: &u8| matches!(b, b'[' | b'(' | b':');
    &name[..name.iter().position(ends).unwrap_or(name.len())]
}
