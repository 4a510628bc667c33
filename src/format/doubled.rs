//! Quotes that are written twice, as in fields of CSV (RFC 4180 section 2.7).

use super::view::View;
use crate::model::Carriers;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Fields are many and short: the search is made once.
static PAIR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"\""));

impl View {
    /// Shows `parent[start..end]` with one quote for each two.
    pub fn push_doubled(&mut self, parent: &[u8], start: usize, end: usize) {
        self.open();
        let mut i = start;
        for n in PAIR.find_iter(&parent[start..end]) {
            let quote = start + n;
            self.literal(parent, i, quote);
            self.escaped((quote, 2), (b"\"\0\0\0", 1), Carriers::CSV);
            i = quote + 2;
        }
        self.literal(parent, i, end);
        self.close(start, end);
    }
}

/// Writes every quote of `out[from..]` twice.
pub fn double(out: &mut Vec<u8>, from: usize) {
    let quotes = memchr::memchr_iter(b'"', &out[from..]).count();
    let mut to = out.len() + quotes;
    let mut end = out.len();
    out.resize(to, b'"');
    // From the end on, each stretch moves behind the quotes that come before it.
    while let Some(quote) = memchr::memrchr(b'"', &out[from..end]).map(|n| from + n) {
        let len = end - quote - 1;
        out.copy_within(quote + 1..end, to - len);
        to -= len + 2;
        out[to..to + 2].fill(b'"');
        end = quote;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quotes_are_one() {
        let text = br#"1,"{""a"":"""",""b"":1}""#;
        let mut view = View::default();
        view.push_doubled(text, 3, text.len() - 1);
        assert_eq!(view.text(), b"{\"a\":\"\",\"b\":1}\n");
        let traced = |s, e| view.trace(s, e, s).map(|t| (t.start, t.end, t.carriers)).unwrap();
        assert_eq!(traced(0, 1), (3, 4, Carriers::RAW));
        assert_eq!(traced(1, 3), (4, 7, Carriers::CSV));
        assert_eq!(traced(12, 13), (21, 22, Carriers::RAW));
        assert_eq!(view.region_carriers(12), Carriers::CSV);
    }

    #[test]
    fn one_quote_is_two() {
        for (text, want) in [("", ""), ("ab", "ab"), ("\"", "\"\""), ("a\"\"b\"c", "a\"\"\"\"b\"\"c")] {
            let mut out = [b"\"x", text.as_bytes()].concat();
            double(&mut out, 2);
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"x{want}"));
        }
    }
}
