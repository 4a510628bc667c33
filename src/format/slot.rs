//! Where a record's tag goes.

use memchr::memmem::Finder;
use std::sync::LazyLock;

/// A place for the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Before the closing brace of a JSON object with members.
    Member(usize),
    /// Between the braces of an empty JSON object.
    First(usize),
    /// Before the closing bracket of a JSON array of objects.
    Element(usize),
    /// At the end of a line of text.
    End(usize),
    /// The record has a tag already.
    Taken,
}

/// Length of the line ending of a record: `\n`, `\r\n` or none.
pub fn ending(record: &[u8]) -> usize {
    match record {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

/// How a tag begins in a JSON object.
static MEMBER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"_deid\":{"));

/// How a tag begins in a line of text.
pub const BEGINS: &[u8] = b"deid=pv:";

/// Longest tag that is looked for.
const TAG: usize = 2048;

/// The slot of a record; one that is not `suspect` holds no tag for sure.
pub fn slot(record: &[u8], suspect: bool) -> Slot {
    // Nearly all records are one of these two.
    match record {
        [b'{', _, .., last, b'}', b'\n'] if !(last.is_ascii_whitespace() || suspect && *last == b'}') => {
            return Slot::Member(record.len() - 2);
        }
        [b'!'..=b'Z' | b'a'..=b'z' | 0x80.., ..] if !suspect => return Slot::End(record.len() - ending(record)),
        _ => {}
    }
    let body = &record[..record.len() - ending(record)];
    let (first, end) = (body.trim_ascii_start(), body.trim_ascii_end());
    let array = first.first() == Some(&b'[') && end.last() == Some(&b']');
    if array || end.len() > 1 && first.first() == Some(&b'{') && end.last() == Some(&b'}') {
        let close = end.len() - 1;
        let inner = end[..close].trim_ascii_end();
        if suspect && inner.last() == Some(&b'}') && tail_is_tag(inner) {
            return Slot::Taken;
        }
        let empty = inner.trim_ascii_start().len() == 1;
        let objects = inner.last() == Some(&b'}') && first[1..].trim_ascii_start().first() == Some(&b'{');
        match (array, empty, objects) {
            (false, true, _) if inner.last() == Some(&b'{') => return Slot::First(close),
            (false, ..) => return Slot::Member(close),
            (true, _, true) => return Slot::Element(close),
            _ => {}
        }
    }
    if suspect && body.last() == Some(&b'"') {
        let quote = memchr::memrchr(b'"', &body[..body.len() - 1]);
        if quote.is_some_and(|q| body[q + 1..].starts_with(BEGINS)) {
            return Slot::Taken;
        }
    }
    Slot::End(body.len())
}

fn tail_is_tag(v: &[u8]) -> bool {
    MEMBER.find(&v[v.len().saturating_sub(TAG)..]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!(slot(b"{\"a\":1}\r\n", true), Slot::Member(6));
        assert_eq!(slot(b"{ }\n", true), Slot::First(2));
        assert_eq!(slot(b"{\"a\":{}}", true), Slot::Member(7));
        assert_eq!(slot(b"[{\"a\":1}, {} ]\n", true), Slot::Element(13));
        assert_eq!(slot(b"[{\"a\":1},{\"_deid\":{\"pv\":\"x\"}}]", true), Slot::Taken);
        assert_eq!(slot(b"[error] [client]\n", true), Slot::End(16));
        assert_eq!(slot(b"text \n", true), Slot::End(5));
        assert_eq!(slot(b"x \"deid=pv:a;b\"\n", true), Slot::Taken);
        assert_eq!(slot(b"{\"a\":1,\"_deid\":{\"pv\":\"x\"}}", true), Slot::Taken);
        assert_eq!(slot(b"{\"a\":{\"b\":1}}\n", false), Slot::Member(12));
        assert_eq!(slot(b"{\"a\":{\"_deid\":{}}}\n", true), Slot::Taken);
        assert_eq!(slot(b"{ {}\n", true), Slot::Member(3));
        assert_eq!(slot(b"192.0.2.7 {}\r\n", false), Slot::End(12));
        assert_eq!(slot(b"", true), Slot::End(0));
        assert_eq!(slot(b"\n", true), Slot::End(0));
    }
}
