//! Which format a stream has.

use super::columns::Columns;
use super::keys::Registry;
use super::positional::{Format, Layouts, line};
use std::ops::Range;

/// Records that [`Sniffer`] looks at before it takes a stream for text.
const TRIES: usize = 1000;

/// Decides what a stream is: the first record that fits a format decides, whatever the cuts of the input.
pub struct Sniffer<'l> {
    layouts: &'l Layouts,
    registry: &'l Registry,
    format: Option<Format>,
    tried: usize,
    /// Its columns are declared by directives, which may come again.
    declared: bool,
    fields: Vec<Range<usize>>,
}

impl<'l> Sniffer<'l> {
    /// Begins a stream; a `fixed` format is not questioned.
    pub fn new(layouts: &'l Layouts, registry: &'l Registry, fixed: Option<Format>) -> Self {
        Sniffer { layouts, registry, format: fixed, tried: 0, declared: false, fields: Vec::new() }
    }

    /// The columns that a record names, when it is a header.
    fn header(&mut self, record: &[u8]) -> Option<Format> {
        let columns = Columns::of_header(record, self.tried == 0, self.registry)?;
        self.declared |= columns.declared;
        self.layouts.headers.add(columns).map(Format::Columns)
    }

    /// Looks at the next whole records of the stream.
    pub fn look(&mut self, records: &[u8]) -> Format {
        let mut rest = records;
        while self.format.is_none() && !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
            let record = line(&rest[..end]);
            self.format = self.header(record).or_else(|| self.layouts.of_record(record, &mut self.fields));
            self.tried += 1;
            if self.tried == TRIES && self.format.is_none() {
                self.format = Some(Format::Text);
            }
            rest = &rest[end..];
        }
        // The last declaration of a block holds for the next one, too.
        let mut at = rest.len();
        while self.declared
            && let Some(n) = memchr::memrchr(b'#', &rest[..at])
        {
            let record = line(&rest[n..memchr::memchr(b'\n', &rest[n..]).map_or(rest.len(), |e| n + e + 1)]);
            if (n == 0 || rest[n - 1] == b'\n')
                && let Some(format) = self.header(record)
            {
                let before = self.format.replace(format);
                return before.unwrap_or(format);
            }
            at = n;
        }
        self.format.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Ruleset;

    fn sniff(text: &str) -> Option<String> {
        let rules = Ruleset::builtin();
        let layouts = Layouts::new(&rules, &Registry::new(&rules)).unwrap();
        match Sniffer::new(&layouts, &Registry::new(&rules), None).look(text.as_bytes()) {
            Format::Text => None,
            Format::Known(i) => layouts.names().nth(usize::from(i)).map(String::from),
            Format::Columns(_) => Some("columns".into()),
        }
    }

    #[test]
    fn the_first_record_that_fits_decides() {
        let combined = "192.0.2.7 - - [23/Oct/2024:09:21:34 +0800] \"GET / HTTP/1.1\" 200 1 \"-\" \"curl\"";
        assert_eq!(sniff(combined).as_deref(), Some("combined"));
        assert_eq!(sniff(&format!("torn line\n{combined}\n")).as_deref(), Some("combined"));
        assert_eq!(sniff(&format!("{combined} \"203.0.113.9\"\n")).as_deref(), Some("nginx-main"));
        assert_eq!(sniff(&format!("www.example.net:443 {combined}\r\n")).as_deref(), Some("vhost-combined"));
        assert_eq!(sniff("2024/10/23 09:21:34 [error] 12#0: *9 open() failed\n").as_deref(), Some("nginx-error"));
        assert_eq!(sniff("{\"a\":1}\n").as_deref(), Some("json"));
        assert_eq!(sniff("Oct 23 09:21:34 host app: hello\n"), None);
        let squid = "1729646494.101    180 192.0.2.7 TCP_MISS/200 411 GET http://www.example.com/ li.si HIER_DIRECT/203.0.113.9 text/html\n";
        assert_eq!(sniff(squid).as_deref(), Some("squid"));
        assert_eq!(sniff(&squid.replace("TCP_MISS", "a lot of words/and")), None);
        let postgres = "2024-10-23 12:00:00.123 UTC [124] alice@appdb LOG:  statement: SELECT 1\n";
        assert_eq!(sniff(postgres).as_deref(), Some("postgres"));
        assert_eq!(sniff("2024-10-23 12:00:00.123 UTC [124] asked alice@example.com: LOG: no\n"), None);
        let csv =
            "2024-10-23 12:00:01.123 UTC,\"alice\",\"appdb\",124,\"192.0.2.9:5000\",65379f10.7c,1,\"SELECT\",,,0,LOG\n";
        assert_eq!(sniff(csv).as_deref(), Some("postgres-csv"));
        let ftp = "Wed Oct  2 09:21:34 2024 1 192.0.2.9 2611 /srv/other.txt b _ o r zhang ftp 0 * c\n";
        assert_eq!(sniff(ftp).as_deref(), Some("xferlog"));
    }
}
