//! Messages of programs inside members of records: `{"log":"Nov 23 10:11:45 web1 CRON[123]: (alice) CMD (x)"}` of Docker,
//! `{"MESSAGE":"(alice) CMD (x)","SYSLOG_IDENTIFIER":"CRON"}` of journald.

use super::keys::Says;
use super::recognize::{Found, Text, keyed};
use super::sentences::{Sentences, message};
use std::ops::Range;

/// Adds the findings that the sentences of programs name in members that hold their messages.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, sentences: &Sentences, spans: &mut Vec<Range<usize>>) {
    if found.messages.is_empty() {
        return;
    }
    let mut members = std::mem::take(found.messages);
    for (n, &(sep, says)) in members.iter().enumerate().filter(|_| !sentences.is_empty()) {
        if says != Says::Message {
            continue;
        }
        let (start, end, quoted) = keyed::member(text, found, sep as usize);
        if !quoted {
            continue;
        }
        let end = trimmed(&text.bytes[..end], start);
        let mut at = start;
        while at < end {
            let stop = memchr::memchr(b'\n', &text.bytes[at..end]).map_or(end, |i| at + i);
            match message(&text.bytes[at..stop]) {
                Some((program, from)) => _ = sentences.read(text, found, program, (at + from, stop), spans),
                None if at == start => {
                    let (before, after) = (members[..n].iter().rev().take(NEAR), members[n + 1..].iter().take(NEAR));
                    let named = before.chain(after).filter(|m| is_beside(text, sep as usize, m));
                    named.into_iter().any(|m| {
                        let program = program(text, found, m.0 as usize);
                        !program.is_empty() && sentences.read(text, found, program, (at, stop), spans)
                    });
                }
                None => {}
            }
            at = stop + 1;
        }
    }
    members.clear();
    *found.messages = members;
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
const NEAR: usize = 16;

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
