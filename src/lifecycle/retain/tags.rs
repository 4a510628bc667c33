//! The tag of a record, read back from the record's end or from the file of tags beside it.

use super::place::Place;
use crate::lifecycle::records;
use memchr::memmem;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Lines};
use std::path::{Path, PathBuf};

/// A tag as text: a JSON object, or `name:value` between semicolons.
pub struct Tag<'r> {
    text: &'r str,
    json: bool,
}

impl<'r> Tag<'r> {
    /// The tag of a record; nothing when it has none.
    pub fn of(record: &'r [u8]) -> Option<Tag<'r>> {
        let from = |needle: &[u8]| memmem::rfind(record, needle).map(|at| &record[at + needle.len()..]);
        if let Some(rest) = from(b"\"_deid\":{") {
            return std::str::from_utf8(rest).ok().map(|text| Tag { text, json: true });
        }
        let rest = from(b" \"deid=")?;
        let end = memchr::memchr(b'"', rest)?;
        std::str::from_utf8(&rest[..end]).ok().map(|text| Tag { text, json: false })
    }

    /// A tag that stands by itself, as in a side file.
    pub fn object(text: &'r str) -> Tag<'r> {
        Tag { text, json: true }
    }

    /// The text of a member.
    pub fn get(&self, name: &str) -> Option<&'r str> {
        if !self.json {
            return self.text.split(';').find_map(|m| m.strip_prefix(name)?.strip_prefix(':'));
        }
        let at = self.text.find(&format!("\"{name}\":"))? + name.len() + 3;
        let rest = &self.text[at..];
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split([',', '}']).next(),
        }
    }

    /// The words of a member that is a list.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &'r str> + use<'r> {
        let words = match self.json {
            false => self.get(name),
            true => {
                let at = self.text.find(&format!("\"{name}\":[")).map(|at| at + name.len() + 4);
                at.and_then(|at| self.text[at..].split(']').next())
            }
        };
        words.unwrap_or_default().split(',').map(|w| w.trim_matches('"')).filter(|w| !w.is_empty())
    }

    /// What the tag says of retention.
    pub fn place(&self) -> Place {
        let day = |name: &str| self.get(name).and_then(|d| d.parse().ok());
        Place {
            class: self.get("class").unwrap_or_default().into(),
            hold: self.get("hold").map(String::from),
            keep_until: day("keep_until"),
            restrict_after: day("restrict_after"),
            delete_after: day("delete_after"),
            restricted: false,
        }
    }
}

/// Place of the tags of a file that are kept beside it.
pub fn side_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SIDE);
    name.into()
}

/// Ending of files of tags.
const SIDE: &str = ".tags.jsonl";

/// True for the name of a file of tags.
pub fn is_side(path: &Path) -> bool {
    path.to_string_lossy().ends_with(SIDE)
}

/// The tags beside a file, in the order of its records.
struct Side {
    lines: Lines<BufReader<File>>,
    next: Option<(u64, Place)>,
}

impl Side {
    fn open(path: &Path) -> io::Result<Option<Side>> {
        match File::open(side_path(path)) {
            Ok(f) => Ok(Some(Side { lines: BufReader::new(f).lines(), next: None })),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The tag of the record that begins at `offset`; offsets must ascend.
    fn at(&mut self, offset: u64) -> io::Result<Option<Place>> {
        while self.next.as_ref().is_none_or(|n| n.0 < offset) {
            let Some(line) = self.lines.next() else { return Ok(None) };
            let line = line?;
            let number = line.strip_prefix("{\"offset\":").and_then(|r| r.split(',').next()?.parse().ok());
            let number = number.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a line beside it is no tag"))?;
            self.next = Some((number, Tag::object(&line).place()));
        }
        Ok(self.next.as_ref().filter(|n| n.0 == offset).map(|n| n.1.clone()))
    }
}

/// What a record's tag says; looked up when it is asked for.
pub struct Retention<'r> {
    record: &'r [u8],
    offset: u64,
    side: &'r mut Option<Side>,
}

impl Retention<'_> {
    /// The retention of the record; nothing when it has no tag.
    ///
    /// # Errors
    /// Those of the file of tags.
    pub fn place(&mut self) -> io::Result<Option<Place>> {
        match self.side {
            Some(side) => side.at(self.offset),
            None => Ok(Tag::of(self.record).map(|t| t.place())),
        }
    }
}

/// Calls `each` with each record of a file.
///
/// # Errors
/// Those of the files and of `each`.
pub fn each(path: &Path, mut each: impl FnMut(&[u8], &mut Retention<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut side = Side::open(path)?;
    let mut offset = 0;
    records::read(path, |block| {
        for record in block.split_inclusive(|b| *b == b'\n') {
            each(record, &mut Retention { record, offset, side: &mut side })?;
            offset += record.len() as u64;
        }
        Ok(())
    })
}

/// What stands in the place of a record that is gone while the tags beside the file count on its length.
pub fn blank(record: &[u8]) -> Vec<u8> {
    record.iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect()
}

/// True for such a record.
pub fn is_blank(record: &[u8]) -> bool {
    record.iter().all(|b| matches!(b, b' ' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_read_alike() {
        let json = br#"{"a":1,"_deid":{"pv":"P","cls":["basic"],"lvl":3,"found":["phone.mobile.cn","device.imei"],"ret":{"class":"network_log","keep_until":"2025-04-23","delete_after":"2025-04-23","basis":["x"],"state":"active"},"hold":"case-1"}}"#;
        let text = br#"1.2.3.4 - - "GET /" 200 "deid=pv:P;cls:basic;lvl:3;found:phone.mobile.cn,device.imei;class:network_log;keep_until:2025-04-23;delete_after:2025-04-23;basis:x;state:active;hold:case-1""#;
        for record in [&json[..], text] {
            let tag = Tag::of(record).unwrap();
            let p = tag.place();
            assert_eq!((p.class.as_str(), p.hold.as_deref()), ("network_log", Some("case-1")));
            assert_eq!(p.delete_after, Some("2025-04-23".parse().unwrap()));
            assert_eq!(p.restrict_after, None);
            assert_eq!((tag.list("found").count(), tag.get("lvl")), (2, Some("3")));
        }
        assert!(Tag::of(b"no tag").is_none());
    }
}
