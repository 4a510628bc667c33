//! Columns that a header names: CSV and TSV with a first line of names, W3C extended logs (`#Fields:`), Zeek (`#fields`).

use super::keys::{KeyClass, Registry};
use std::ops::Range;
use std::sync::{Arc, RwLock};

/// The columns of one header whose names say something.
#[derive(Debug, PartialEq)]
pub struct Columns {
    delimiter: u8,
    /// Values may stand in quotes (RFC 4180).
    quoted: bool,
    /// Later lines of the stream may declare other columns.
    pub declared: bool,
    count: usize,
    fields: Vec<(usize, KeyClass)>,
    /// The line of names, which is no record of its own; empty where a directive declares them.
    line: Vec<u8>,
}

/// The headers seen, by number. Streams add to it; a header that comes again keeps its number.
#[derive(Default)]
pub struct Headers(RwLock<Vec<Arc<Columns>>>);

/// Most headers that are kept; streams beyond them are read as text.
const MOST: usize = 4096;

impl Headers {
    /// Number of a header.
    pub fn add(&self, columns: Columns) -> Option<u16> {
        let mut all = self.0.write().unwrap_or_else(|e| e.into_inner());
        if let Some(i) = all.iter().position(|c| **c == columns) {
            return Some(i as u16);
        }
        if all.len() >= MOST {
            return None;
        }
        all.push(Arc::new(columns));
        Some((all.len() - 1) as u16)
    }

    /// The header of that number.
    pub fn get(&self, number: u16) -> Option<Arc<Columns>> {
        self.0.read().unwrap_or_else(|e| e.into_inner()).get(usize::from(number)).cloned()
    }
}

/// Longest name of a column.
const NAME: usize = 48;

impl Columns {
    /// Reads a header line: a directive anywhere, a line of names as the `first` of its stream.
    pub fn of_header(line: &[u8], first: bool, registry: &Registry) -> Option<Columns> {
        if let Some(names) = line.strip_prefix(b"#Fields:") {
            return Columns::new(names.trim_ascii().split(|&b| b == b' '), b' ', true, registry);
        }
        if let Some(names) = line.strip_prefix(b"#fields\t") {
            return Columns::new(names.split(|&b| b == b'\t'), b'\t', true, registry);
        }
        if !first {
            return None;
        }
        let line = line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line);
        let names = |d: u8| line.split(move |&b| b == d);
        let delimiter = [b'\t', b',', b';', b'|'].into_iter().find(|&d| names(d).count() > 1)?;
        if !names(delimiter).all(is_name) {
            return None;
        }
        let mut columns = Columns::new(names(delimiter), delimiter, false, registry)?;
        columns.line = line.to_vec();
        (!columns.fields.is_empty()).then_some(columns)
    }

    fn new<'a>(
        names: impl Iterator<Item = &'a [u8]>,
        delimiter: u8,
        declared: bool,
        registry: &Registry,
    ) -> Option<Columns> {
        let classes: Vec<KeyClass> = names.map(|n| registry.classify(bare_name(n))).collect();
        let count = classes.len();
        let fields = classes.into_iter().enumerate().filter(|(_, c)| !c.is_unknown()).collect();
        Some(Columns { delimiter, quoted: !declared, declared, count, fields, line: Vec::new() })
    }

    /// Finds the columns of a record; false when it has another number of them.
    pub fn parse(&self, record: &[u8], out: &mut Vec<Range<usize>>) -> bool {
        out.clear();
        if record.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(record) == self.line {
            return true;
        }
        let mut at = 0;
        loop {
            if out.len() == self.count {
                out.clear();
                return false;
            }
            let quoted = self.quoted && record.get(at) == Some(&b'"');
            let end = if quoted { quote_end(record, at + 1) } else { None };
            let (span, stop) = match end {
                Some(q) => (at + 1..q, q + 1),
                None => {
                    let n = memchr::memchr(self.delimiter, &record[at..]).map_or(record.len(), |n| at + n);
                    (at..n, n)
                }
            };
            out.push(span);
            match record.get(stop) {
                Some(&d) if d == self.delimiter => at = stop + 1,
                None if out.len() == self.count => return true,
                _ => {
                    out.clear();
                    return false;
                }
            }
        }
    }

    /// Columns whose name says something: number and class.
    pub fn fields(&self) -> &[(usize, KeyClass)] {
        &self.fields
    }
}

/// Where the quote stands that ends a field; a doubled one does not.
fn quote_end(record: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let q = at + memchr::memchr(b'"', &record[at..])?;
        if record.get(q + 1) != Some(&b'"') {
            return Some(q);
        }
        at = q + 2;
    }
}

/// A name as a header of people's tools has it: a letter first, then words.
fn is_name(name: &[u8]) -> bool {
    let name = bare_name(name);
    let sign = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b' ' | b'(' | b')' | b'$' | b'@') || *b >= 0x80
    };
    name.len() <= NAME
        && name.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'$' | b'@') || *b >= 0x80)
        && name.iter().all(sign)
        && name.iter().filter(|b| **b == b' ').count() < 4
}

/// The name without blanks and quotes, and without the prefixes of W3C: `cs(Cookie)` is `Cookie`.
fn bare_name(name: &[u8]) -> &[u8] {
    let name = name.trim_ascii();
    let name = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name);
    match name.iter().position(|&b| b == b'(') {
        Some(i) if name.ends_with(b")") && matches!(&name[..i], b"cs" | b"sc" | b"c" | b"s" | b"sr" | b"rs") => {
            &name[i + 1..name.len() - 1]
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Ruleset;

    fn of(line: &str) -> Option<Columns> {
        Columns::of_header(line.as_bytes(), true, &Registry::new(&Ruleset::builtin()))
    }

    fn split(header: &str, record: &str) -> Option<Vec<String>> {
        let mut out = Vec::new();
        of(header)?.parse(record.as_bytes(), &mut out).then(|| out.iter().map(|r| record[r.clone()].into()).collect())
    }

    #[test]
    fn headers_and_their_records() {
        assert_eq!(split("id,姓名,手机号", "1,\"王, 小明\",13800138000").unwrap(), ["1", "王, 小明", "13800138000"]);
        assert_eq!(split("id\tphone", "1\t2").unwrap(), ["1", "2"]);
        assert_eq!(split("id,phone", "1,2,3"), None);
        assert_eq!(split("id,phone", "1,\"2"), Some(vec!["1".into(), "\"2".into()]));
        assert_eq!(split("#Fields: date c-ip cs-username", "d 192.0.2.1 alice").unwrap()[2], "alice");
        assert_eq!(of("#Fields: date c-ip cs(Cookie)").unwrap().fields.len(), 3);
        for no in ["2024-01-01,phone", "hello, world", "plain line", "a|b"] {
            assert_eq!(of(no), None, "{no}");
        }
    }
}
