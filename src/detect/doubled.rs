//! Fields of CSV that hold quotes, each written twice (RFC 4180 section 2.7): JSON in a column.

/// Fields that are not shown yet.
pub struct Fields<'a> {
    text: &'a [u8],
    /// Events of [`HASH`](super::scan::kind::HASH).
    events: &'a [u32],
    /// Where the regions of the text begin behind their keys, when it is a view.
    contents: &'a [u32],
    /// Quotes before this position are told apart: those that open a field, those that close it, those that are data.
    walked: usize,
    /// Where the first field begins behind its quote, or the greatest number when there is none.
    pub at: usize,
    /// Where it ends.
    pub end: usize,
}

impl<'a> Fields<'a> {
    /// The fields of a text.
    pub fn new(text: &'a [u8], events: &'a [u32], contents: &'a [u32]) -> Self {
        let mut fields = Fields { text, events, contents, walked: 0, at: 0, end: 0 };
        fields.look(0);
        fields
    }

    /// Drops what lies before `done`.
    #[inline(always)]
    pub fn skip_to(&mut self, done: usize) {
        if self.at < done {
            self.look(done);
        }
    }

    fn look(&mut self, done: usize) {
        while let [first, rest @ ..] = self.events {
            let p = *first as usize;
            if p >= done && is_doubled(self.text, p) {
                (self.at, self.end) = self.around(p, done);
                return;
            }
            self.events = rest;
        }
        self.at = usize::MAX;
    }

    /// The field that holds `p`; the line around it from `done` on, up to a quote that stands alone, when no quote opens one.
    fn around(&mut self, p: usize, done: usize) -> (usize, usize) {
        let t = self.text;
        let from = if self.walked > p { done } else { done.max(self.walked) };
        let content = self.contents.partition_point(|&c| c as usize <= p).checked_sub(1);
        let content = content.map_or(0, |i| self.contents[i] as usize);
        let line = memchr::memrchr(b'\n', &t[from..p]).map_or(from, |i| from + i + 1).max(content);
        let mut i = line;
        while let Some(quote) = memchr::memchr(b'"', &t[i..p]).map(|n| i + n) {
            if quote != content && !opens(t, quote) {
                i = quote + t[quote..p].iter().take_while(|b| **b == b'"').count();
                continue;
            }
            let end = closing(t, quote + 1);
            self.walked = end + 1;
            if end > p {
                return (quote + 1, end);
            }
            i = end + 1;
        }
        let end = closing(t, p);
        self.walked = end + 1;
        (line, end)
    }
}

/// True when quotes stand twice before the event at `p`: behind a key and before its colon, or before the first word of a list or
/// value. JSON has an empty string in neither place.
pub fn is_doubled(t: &[u8], p: usize) -> bool {
    let head = &t[..p];
    if t[p] == b':' {
        return head.strip_suffix(b" ").or(head.strip_suffix(b"\t")).unwrap_or(head).ends_with(b"\"\"");
    }
    [b"[\"\"", b"(\"\"", b"=\"\"", b">\"\"", b" \"\"", b":\"\""].iter().any(|o| head.ends_with(*o))
}

/// True when a field may begin with the quote: inches and quotes that close stand behind other signs.
fn opens(t: &[u8], quote: usize) -> bool {
    let before =
        |i: usize| matches!(t[i], b'\n' | b',' | b';' | b'\t' | b'|' | b' ' | b'=' | b':' | b'(' | b'[' | b'{');
    quote.checked_sub(1).is_none_or(before)
}

/// The first quote from `from` on that stands alone, or the end of the line.
fn closing(t: &[u8], from: usize) -> usize {
    let mut i = from;
    while let Some(stop) = memchr::memchr2(b'"', b'\n', &t[i..]).map(|n| i + n) {
        if t[stop] == b'\n' || t.get(stop + 1) != Some(&b'"') {
            return stop;
        }
        i = stop + 2;
    }
    t.len()
}

#[cfg(test)]
mod tests {
    use super::super::scan::{Kernel, Scanner, kind};
    use super::*;

    /// The fields of a text, each as it is written.
    fn fields(text: &str) -> Vec<&str> {
        let mut scan = Scanner::new(Kernel::detect());
        scan.scan(text.as_bytes());
        let mut fields = Fields::new(text.as_bytes(), scan.events.of(kind::HASH), &[]);
        let mut all = Vec::new();
        while fields.at < usize::MAX {
            all.push(&text[fields.at..fields.end]);
            fields.skip_to(fields.end);
        }
        all
    }

    #[test]
    fn a_field_is_taken_whole() {
        for (text, field) in [
            (r#"1,"{""a"":1}",x"#, r#"{""a"":1}"#),
            (r#""{""a"" : ""b""}""#, r#"{""a"" : ""b""}"#),
            (r#"5" disk;"";"[""a"",""b""]";x"#, r#"[""a"",""b""]"#),
            (r##""x","say ""hi"", k=""#b""""##, r##"say ""hi"", k=""#b"""##),
            (r#"p="{""a"":""\""b\"" c""}" "z""#, r#"{""a"":""\""b\"" c""}"#),
            (r#"{"x":"y","z":"{""a"":1}"}"#, r#"{""a"":1}"#),
            // Torn, on either side.
            (r#"b"":""c"",""a"":1}",x"#, r#"b"":""c"",""a"":1}"#),
            (r#"1,"{""a"":1,""b"":""c"#, r#"{""a"":1,""b"":""c"#),
        ] {
            let text = format!("\"\"\n{text}\nx\"y\n");
            assert_eq!(fields(&text), [field], "{text}");
        }
        assert_eq!(
            fields("\"{\"\"a\"\":1}\"\t\"{\"\"b\"\":2}\"\n\"[\"\"c\"\"]\""),
            [r#"{""a"":1}"#, r#"{""b"":2}"#, r#"[""c""]"#]
        );
    }

    #[test]
    fn a_key_in_front_is_no_part() {
        let text = br#""row":""{""a"":1}",x"#;
        let mut scan = Scanner::new(Kernel::detect());
        scan.scan(text);
        let fields = Fields::new(text, scan.events.of(kind::HASH), &[7]);
        assert_eq!(&text[fields.at..fields.end], br#"{""a"":1}"#);
    }

    #[test]
    fn json_has_none() {
        for text in [r#"{"a":"","":"b","c":["","d"],"e" : ""}"#, "k'':1 (''x", r##"x="" #b "": "c""##] {
            assert_eq!(fields(text), [""; 0], "{text}");
        }
    }
}
