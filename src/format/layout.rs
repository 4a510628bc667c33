//! Layouts of positional logs, compiled from the notation of nginx (`log_format`) or Apache (`LogFormat`).

use std::ops::Range;

/// A literal, then a field that runs up to the next literal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    literal: Vec<u8>,
    /// More blanks may follow the literal: columns are filled up on the left.
    filled: bool,
    field: String,
}

/// The order of fields in a record and what stands between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pieces: Vec<Piece>,
    tail: Vec<u8>,
}

impl Layout {
    /// Reads nginx notation: `$name` and `${name}`; two blanks stand for one or more. The prefixes of header, argument and cookie variables are dropped, so
    /// that `$arg_mobile` is the field `mobile`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the notation.
    pub fn nginx(notation: &str) -> Result<Layout, String> {
        let mut b = Builder::default();
        let mut rest = notation;
        while let Some(at) = rest.find('$') {
            b.literal(&rest[..at]);
            rest = &rest[at + 1..];
            let name = if let Some(inner) = rest.strip_prefix('{') {
                let end = inner.find('}').ok_or("`${` without `}`")?;
                rest = &inner[end + 1..];
                &inner[..end]
            } else {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let name = &rest[..end];
                rest = &rest[end..];
                name
            };
            if name.is_empty() {
                return Err("`$` without the name of a variable".into());
            }
            let prefixes = ["sent_http_", "upstream_http_", "upstream_cookie_", "http_", "arg_", "cookie_"];
            b.field(prefixes.iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name))?;
        }
        b.end(rest)
    }

    /// Reads Apache notation (mod_log_config): `%h`, `%>s`, `%{X-Device-Id}i`, `%!200{Referer}i`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the notation.
    pub fn apache(notation: &str) -> Result<Layout, String> {
        let mut b = Builder::default();
        let mut rest = notation;
        while let Some(at) = rest.find(['%', '\\']) {
            b.literal(&rest[..at]);
            let escape = rest.as_bytes()[at] == b'\\';
            rest = &rest[at + 1..];
            let first = rest.chars().next().ok_or("the notation ends inside a directive")?;
            if escape || first == '%' {
                b.literal(match first {
                    't' if escape => "\t",
                    'n' if escape => "\n",
                    _ => &rest[..first.len_utf8()],
                });
                rest = &rest[first.len_utf8()..];
                continue;
            }
            rest = rest.trim_start_matches(|c: char| matches!(c, '<' | '>' | '!' | ',') || c.is_ascii_digit());
            let mut name = None;
            if let Some(inner) = rest.strip_prefix('{') {
                let end = inner.find('}').ok_or("`%{` without `}`")?;
                name = Some(&inner[..end]);
                rest = &inner[end + 1..];
            }
            let directive = rest.chars().next().filter(char::is_ascii).ok_or("`%` without a directive")?;
            rest = rest[1..].strip_prefix("ti").filter(|_| directive == '^').unwrap_or(&rest[1..]);
            match (directive, name) {
                ('t', None) => {
                    b.literal("[");
                    b.field("time_local")?;
                    b.literal("]");
                }
                ('t', Some(_)) => b.field("time_local")?,
                (_, Some(name)) => b.field(name)?,
                (d, None) => b.field(apache_name(d).ok_or_else(|| format!("unknown directive `%{d}`"))?)?,
            }
        }
        b.end(rest)
    }

    /// Names of the fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|p| p.field.as_str())
    }

    /// What stands before and behind the fields.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|p| &p.literal[..]).chain([&self.tail[..]])
    }

    /// True when the field of that number stands in square brackets.
    pub fn is_bracketed(&self, field: usize) -> bool {
        let after = self.pieces.get(field + 1).map_or(&self.tail, |p| &p.literal);
        self.pieces[field].literal.ends_with(b"[") && after.starts_with(b"]")
    }

    /// True when nothing stands before the first field.
    pub fn begins_with_field(&self) -> bool {
        self.pieces.first().is_some_and(|p| p.literal.is_empty())
    }

    /// What stands between the first field and the one of number `n` when all those between are a dash.
    pub fn dashed(&self, n: usize) -> Vec<u8> {
        let between = self.pieces.get(1..=n).unwrap_or_default().iter().map(|p| &p.literal[..]);
        between.collect::<Vec<_>>().join(&b'-')
    }

    /// Finds the fields of a record that has no line ending. False, with `out` as it was cleared, when the record has
    /// another layout. A quote behind a backslash does not end a quoted field.
    pub fn parse(&self, record: &[u8], marks: &impl Marks, out: &mut Vec<Range<usize>>) -> bool {
        out.clear();
        let Some(first) = self.pieces.first() else { return false };
        if !begins_with(record, &first.literal) {
            return false;
        }
        let fits = self.read(record, (0, first.literal.len()), marks, |field| out.push(field));
        if !fits {
            out.clear();
        }
        fits
    }

    /// True when the fields of a record fit from the one of number `field` on, which begins at `at`.
    pub fn fits_from(&self, record: &[u8], (field, at): (usize, usize), marks: &impl Marks) -> bool {
        self.read(record, (field, at), marks, |_| ())
    }

    #[inline]
    fn read(
        &self,
        record: &[u8],
        (field, mut at): (usize, usize),
        marks: &impl Marks,
        mut put: impl FnMut(Range<usize>),
    ) -> bool {
        let ends = self.pieces.iter().map(|p| (&p.literal, p.filled)).chain([(&self.tail, false)]);
        for (i, (literal, filled)) in ends.enumerate().skip(field + 1) {
            let end = match i == self.pieces.len() {
                true => last_end(record, at, literal, marks),
                false => field_end(record, at, literal, marks),
            };
            let Some(end) = end else { return false };
            put(at..end);
            at = end + literal.len();
            if filled {
                at += record[at..].iter().take_while(|b| **b == b' ').count();
            }
        }
        true
    }
}

/// Finds bytes of a record.
pub trait Marks {
    /// The first `byte` at or behind `from`.
    fn find(&self, byte: u8, from: usize) -> Option<usize>;
}

/// Marks that are looked for in the record itself.
pub struct Plain<'r>(pub &'r [u8]);

impl Marks for Plain<'_> {
    fn find(&self, byte: u8, from: usize) -> Option<usize> {
        memchr::memchr(byte, self.0.get(from..)?).map(|n| from + n)
    }
}

/// `starts_with` for the few bytes of a literal.
#[inline]
fn begins_with(v: &[u8], literal: &[u8]) -> bool {
    v.len() >= literal.len() && v.iter().zip(literal).all(|(a, b)| a == b)
}

/// Where the last field ends: its literal closes the record, and a field without blanks around it holds none.
fn last_end(record: &[u8], at: usize, tail: &[u8], marks: &impl Marks) -> Option<usize> {
    if tail.is_empty() {
        return Some(record.len());
    }
    field_end(record, at, tail, marks).filter(|end| end + tail.len() == record.len())
}

/// Where a field in front of `literal` ends.
#[inline]
fn field_end(record: &[u8], mut at: usize, literal: &[u8], marks: &impl Marks) -> Option<usize> {
    loop {
        let end = marks.find(literal[0], at)?;
        if begins_with(&record[end..], literal) {
            let escaped = literal[0] == b'"' && end > 0 && record[end - 1] == b'\\';
            let slashes = || record[..end].iter().rev().take_while(|b| **b == b'\\').count();
            if !escaped || slashes() % 2 == 0 {
                return Some(end);
            }
        }
        at = end + 1;
    }
}

fn apache_name(directive: char) -> Option<&'static str> {
    Some(match directive {
        'h' | 'a' => "remote_addr",
        'A' => "server_addr",
        'l' => "remote_logname",
        'u' => "remote_user",
        'r' => "request",
        's' => "status",
        'b' | 'B' => "body_bytes_sent",
        'O' | 'S' => "bytes_sent",
        'I' => "bytes_received",
        'D' => "request_time_us",
        'T' => "request_time",
        'p' => "server_port",
        'v' | 'V' => "server_name",
        'U' => "uri",
        'q' => "query_string",
        'm' => "request_method",
        'H' => "server_protocol",
        'f' => "filename",
        'k' => "keepalive_count",
        'L' => "log_id",
        'P' => "pid",
        'R' => "handler",
        'X' => "connection_status",
        _ => return None,
    })
}

#[derive(Default)]
struct Builder {
    pieces: Vec<Piece>,
    literal: String,
}

impl Builder {
    fn literal(&mut self, text: &str) {
        self.literal.push_str(text);
    }

    fn field(&mut self, name: &str) -> Result<(), String> {
        if self.literal.is_empty() && !self.pieces.is_empty() {
            return Err(format!("nothing stands between `{}` and `{name}`", self.pieces[self.pieces.len() - 1].field));
        }
        let mut literal = std::mem::take(&mut self.literal).into_bytes();
        let filled = literal.ends_with(b"  ");
        while literal.ends_with(b"  ") {
            literal.pop();
        }
        self.pieces.push(Piece { literal, filled, field: name.into() });
        Ok(())
    }

    fn end(mut self, rest: &str) -> Result<Layout, String> {
        self.literal.push_str(rest);
        if self.pieces.is_empty() {
            return Err("it names no field".into());
        }
        Ok(Layout { pieces: self.pieces, tail: self.literal.into_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMBINED: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#;

    fn fields(l: &Layout, record: &str) -> Option<Vec<(String, String)>> {
        let mut out = Vec::new();
        l.parse(record.as_bytes(), &Plain(record.as_bytes()), &mut out)
            .then(|| l.fields().zip(&out).map(|(n, r)| (n.to_string(), record[r.clone()].to_string())).collect())
    }

    #[test]
    fn both_notations_read_the_same_record() {
        let nginx = Layout::nginx(
            r#"$remote_addr - ${remote_user} [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
        );
        let line = r#"192.0.2.7 - - [23/Oct/2024:09:21:34 +0800] "GET /a\"b HTTP/1.1" 200 13912345678 "-" "curl/8.5""#;
        let (n, a) =
            (fields(&nginx.unwrap(), line).unwrap(), fields(&Layout::apache(COMBINED).unwrap(), line).unwrap());
        assert_eq!(n[5], ("body_bytes_sent".into(), "13912345678".into()));
        assert_eq!(a[6], n[5]);
        assert_eq!(a[3], ("time_local".into(), "23/Oct/2024:09:21:34 +0800".into()));
        assert_eq!(a[4].1, r#"GET /a\"b HTTP/1.1"#);
        assert_eq!(a[8], ("User-Agent".into(), "curl/8.5".into()));
        assert_eq!(Layout::apache(COMBINED).unwrap().dashed(3), b" - - [");
    }

    #[test]
    fn other_layouts_do_not_fit() {
        let l = Layout::apache(COMBINED).unwrap();
        let line = r#"192.0.2.7 - - [t] "GET / HTTP/1.1" 200 1 "-" "curl/8.5" "203.0.113.9""#;
        assert_eq!(fields(&l, line), None);
        assert_eq!(fields(&l, "{\"a\":1}"), None);
        assert_eq!(fields(&l, ""), None);
    }

    #[test]
    fn a_record_fits_from_its_time_on() {
        let l = Layout::apache(COMBINED).unwrap();
        let line = br#"192.0.2.7 - - [t] "GET / HTTP/1.1" 200 1 "-" "curl/8.5""#;
        let time = l.fields().position(|f| f == "time_local").unwrap();
        let fits = |record: &[u8], at| l.fits_from(record, (time, at), &Plain(record));
        // Neither from another place nor without what ends it.
        assert!(fits(line, 15) && !fits(line, 25) && !fits(&line[..line.len() - 1], 15));
    }

    #[test]
    fn columns_may_be_filled_up() {
        let l = Layout::nginx("$time  $took $user").unwrap();
        for line in ["1.5 7 li", "1.5     7 li"] {
            assert_eq!(fields(&l, line).unwrap()[1..], [("took".into(), "7".into()), ("user".into(), "li".into())]);
        }
        assert_eq!(fields(&Layout::nginx("$a $b $c").unwrap(), "x  z").unwrap()[1].1, "");
    }

    #[test]
    fn mistakes_are_named() {
        assert!(Layout::nginx("$a$b").unwrap_err().contains("nothing stands between `a` and `b`"));
        assert!(Layout::nginx("${a").unwrap_err().contains("without `}`"));
        assert!(Layout::apache("%y").unwrap_err().contains("unknown directive `%y`"));
        assert!(Layout::apache("plain").unwrap_err().contains("names no field"));
        assert_eq!(Layout::nginx("$arg_mobile|$cookie_uid").unwrap().fields().collect::<Vec<_>>(), ["mobile", "uid"]);
        assert_eq!(Layout::apache("%!200,304{Referer}i %^tiX").unwrap_err(), "unknown directive `%^`");
    }
}
