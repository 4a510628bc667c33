//! Records of several lines, such as stack traces: lines that go together become one record, in memory only. Until the next
//! record begins, its lines wait in their file.

use super::print::Prints;
use super::watched::CHUNK;
use super::{Feed, Stopped};
use crate::sidecar::config::Multiline;
use regex_automata::meta::Regex;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Joins lines.
pub struct Joiner {
    start: Regex,
    lines: usize,
    bytes: usize,
    separator: Vec<u8>,
    /// How long the last lines wait for more.
    pub patience: Duration,
}

impl Joiner {
    /// Joins as the configuration says.
    pub fn new(config: &Multiline) -> Joiner {
        Joiner {
            start: config.start.regex.clone(),
            lines: config.max_lines.max(1),
            bytes: config.max_bytes.0 as usize,
            separator: config.separator.0.clone().into_bytes(),
            patience: config.timeout.0,
        }
    }

    /// Appends the records that whole `lines` make; returns how many bytes of `lines` are in them. The lines of the last
    /// record are left over while it may go on: not when it is full, or it is the `last` one.
    pub fn join(&self, lines: &[u8], last: bool, out: &mut Vec<u8>) -> usize {
        let (mut done, mut at, mut n, mut begun) = (0, 0, 0, out.len());
        while at < lines.len() {
            let end = memchr::memchr(b'\n', &lines[at..]).map_or(lines.len(), |i| at + i);
            let line = &lines[at..end];
            let full = n >= self.lines || out.len() - begun + self.separator.len() + line.len() > self.bytes;
            if n > 0 && (full || self.start.is_match(line)) {
                out.push(b'\n');
                (done, n, begun) = (at, 0, out.len());
            }
            if n > 0 {
                if out.last() == Some(&b'\r') {
                    out.pop();
                }
                out.extend_from_slice(&self.separator);
            }
            out.extend_from_slice(line);
            n += 1;
            at = (end + 1).min(lines.len());
        }
        if n > 0 && (last || n >= self.lines || out.len() - begun >= self.bytes) {
            out.push(b'\n');
            return at;
        }
        out.truncate(begun);
        done
    }
}

/// How files of a source are read.
pub struct Way<'a> {
    /// Checksums.
    pub prints: &'a Prints,
    /// Lines that make one record.
    pub joiner: Option<&'a Joiner>,
}

impl Way<'_> {
    /// Hands on whole lines as records; returns how many bytes of them went. What is left over may be the beginning of a
    /// record: not when nothing follows, `last`.
    pub fn hand_on(&self, stream: &Path, lines: &[u8], last: bool, feed: &mut dyn Feed) -> Result<usize, Stopped> {
        let mut joined = Zeroizing::new(Vec::new());
        let (records, n) = match self.joiner {
            None => (lines, lines.len()),
            Some(joiner) => {
                let n = joiner.join(lines, last, &mut joined);
                (&joined[..], n)
            }
        };
        match records.len() {
            0 => {}
            1..=CHUNK => feed.records(stream, records)?,
            _ => feed.long(stream, &mut &records[..])?,
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::config::Config;

    fn joiner(more: &str) -> Joiner {
        let text = format!(
            "state_dir = '/s'\n[engine]\nkey_file = '/k'\n[sink.stdout.o]\n[source.file.a]\ninclude = ['/x']\n\
             [source.file.a.multiline]\nstart = '^\\S'\n{more}"
        );
        let config = Config::parse("c", &text).unwrap();
        Joiner::new(config.source.file["a"].multiline.as_ref().unwrap())
    }

    fn joined(j: &Joiner, text: &str, last: bool) -> (String, usize) {
        let mut out = Vec::new();
        let n = j.join(text.as_bytes(), last, &mut out);
        (String::from_utf8(out).unwrap(), n)
    }

    #[test]
    fn a_record_ends_where_the_next_begins() {
        let j = joiner("separator = '|'\n");
        assert_eq!(joined(&j, "a\n b\r\n c\nd\n e\n", false), ("a| b| c\n".into(), 9));
        assert_eq!(joined(&j, "a\n b\r\n c\nd\n e\n", true), ("a| b| c\nd| e\n".into(), 14));
        assert_eq!(joined(&j, " b\n c\na\n", false), (" b| c\n".into(), 6), "lines before the first start");
        assert_eq!(joined(&j, "a\n b", true), ("a| b\n".into(), 4), "a last line without its end");
        assert_eq!(joined(&j, "", true), (String::new(), 0));
    }

    #[test]
    fn a_record_that_is_full_is_ended() {
        let j = joiner("max_lines = 2\nseparator = '|'\n");
        assert_eq!(joined(&j, "a\n b\n c\n d\n e\n", false), ("a| b\n c| d\n".into(), 11));
        assert_eq!(joined(&j, "a\n b\n", false), ("a| b\n".into(), 5));
        let j = joiner("max_bytes = 8\n");
        assert_eq!(joined(&j, "abc\n de\n fg\n", false), ("abc  de\n".into(), 8));
        assert_eq!(joined(&j, "abcdefghijk\n", false), ("abcdefghijk\n".into(), 12), "one line is never cut");
    }
}
