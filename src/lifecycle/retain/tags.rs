//! The tag of a record, read back from the record's end.

use super::place::Place;
use memchr::memmem;

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
