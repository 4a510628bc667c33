//! Decoded views: text that stood in escapes, decoded into one buffer, with a map back to where it stood.
//!
//! A view holds many regions, one behind the other, each ended by a line feed, so that one scan reads them all.

use super::base64::{self, Style};
use super::marks::separator;
use crate::model::Carriers;
use std::cell::Cell;

/// Where a stretch of the view came from.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Position in the view.
    at: u32,
    /// Position in the parent text.
    from: u32,
    /// Bytes of the parent that one escape takes; 0 for a stretch copied byte by byte.
    escape: u16,
    /// How the escape was written.
    carrier: Carriers,
}

impl Mark {
    /// Start of the parent bytes behind a view position of this mark.
    fn origin(&self, at: usize) -> usize {
        if self.escape > 0 { self.from as usize } else { self.from as usize + (at - self.at as usize) }
    }

    /// End of the parent bytes behind a view range that ends at `end` (exclusive) under this mark.
    fn origin_end(&self, end: usize) -> usize {
        self.from as usize + if self.escape > 0 { self.escape as usize } else { end - self.at as usize }
    }
}

/// How the escapes among these marks are written.
fn carriers_of<'m>(marks: impl Iterator<Item = &'m Mark>) -> Carriers {
    marks.filter(|m| m.escape > 0).fold(Carriers::RAW, |c, m| c.with(m.carrier))
}

/// A stretch of the parent text that is shown decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte in the parent.
    pub start: u32,
    /// One past the last byte in the parent.
    pub end: u32,
}

/// Where a stretch of a view stood in the parent text.
#[derive(Clone, Copy, Debug)]
pub struct Traced {
    /// First byte in the parent, inside the region.
    pub start: u32,
    /// One past the last byte in the parent.
    pub end: u32,
    /// Where the evidence begins in the parent.
    pub anchor: u32,
    /// How the bytes were written.
    pub carriers: Carriers,
}

/// A region that is one run of base64: its findings change the run as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    /// First byte of the decoded text in the view.
    pub from: u32,
    /// One past its last byte.
    pub to: u32,
    /// The run in the parent.
    pub run: Region,
    /// How the run was written.
    pub style: Style,
}

/// Decoded regions of a parent text.
#[derive(Default)]
pub struct View {
    text: Vec<u8>,
    marks: Vec<Mark>,
    regions: Vec<Region>,
    blobs: Vec<Blob>,
    contents: Vec<u32>,
    /// Marks of the region asked about last, and its carriers.
    asked: Cell<(usize, usize, Carriers)>,
}

impl View {
    /// Forgets all regions and wipes their text.
    pub fn clear(&mut self) {
        self.text.clear();
        self.marks.clear();
        self.regions.clear();
        self.blobs.clear();
        self.contents.clear();
        self.asked.take();
    }

    /// The base64 run that holds view position `at`.
    pub fn blob(&self, at: usize) -> Option<&Blob> {
        let i = self.blobs.partition_point(|b| b.to as usize <= at);
        self.blobs.get(i).filter(|b| b.from as usize <= at)
    }

    /// The decoded text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Regions in ascending order; they do not overlap.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// View positions at which the regions begin, behind the keys that are shown in front.
    pub fn contents(&self) -> &[u32] {
        &self.contents
    }

    /// Leads a view range (not empty) and the place of its evidence back to the parent; nothing for what lies in the key
    /// in front of a region.
    pub fn trace(&self, start: usize, end: usize, anchor: usize) -> Option<Traced> {
        let last = self.mark_of(end - 1);
        let from = self.marks[last].origin(end - 1) as u32;
        let region = self.regions.get(self.regions.partition_point(|r| r.end <= from))?;
        if from < region.start {
            return None;
        }
        let first = self.back(last, start);
        let key = if anchor <= start { self.back(first, anchor) } else { self.mark_of(anchor) };
        Some(Traced {
            start: (self.marks[first].origin(start) as u32).max(region.start),
            end: self.marks[last].origin_end(end) as u32,
            anchor: self.marks[key].origin(anchor) as u32,
            carriers: carriers_of(self.marks[first..=last].iter()),
        })
    }

    /// How escapes were written anywhere in the region that holds view position `at`.
    pub fn region_carriers(&self, at: usize) -> Carriers {
        let here = self.marks.partition_point(|m| m.at as usize <= at);
        let (start, end, carriers) = self.asked.get();
        // The end is a mark that closes: it belongs to no other region.
        if (start + 1..=end).contains(&here) {
            return carriers;
        }
        let is_end = |m: &Mark| self.is_close(m);
        let start = self.marks[..here].iter().rposition(is_end).map_or(0, |i| i + 1);
        let len = self.marks[start..].iter().take_while(|m| !is_end(m)).count();
        let carriers = carriers_of(self.marks[start..start + len].iter());
        self.asked.set((start, start + len, carriers));
        carriers
    }

    /// True for the line feed that closes a region.
    fn is_close(&self, m: &Mark) -> bool {
        m.escape == 1 && m.carrier == Carriers::RAW && self.text[m.at as usize] == b'\n'
    }

    /// Number of the mark of a view position.
    fn mark_of(&self, at: usize) -> usize {
        self.marks.partition_point(|m| m.at as usize <= at) - 1
    }

    /// Number of the mark of a position that lies a little before that of the mark `from`, or at it.
    fn back(&self, mut from: usize, at: usize) -> usize {
        while self.marks[from].at as usize > at {
            from -= 1;
        }
        from
    }

    pub(super) fn literal(&mut self, from: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.marks.push(Mark { at: self.text.len() as u32, from: from as u32, escape: 0, carrier: Carriers::RAW });
            self.text.extend_from_slice(bytes);
        }
    }

    pub(super) fn escaped(&mut self, from: usize, len: usize, bytes: &[u8], carrier: Carriers) {
        self.marks.push(Mark { at: self.text.len() as u32, from: from as u32, escape: len as u16, carrier });
        self.text.extend_from_slice(bytes);
    }

    pub(super) fn close(&mut self, start: usize, end: usize) {
        self.escaped(end, 1, b"\n", Carriers::RAW);
        self.regions.push(Region { start: start as u32, end: end as u32 });
    }

    /// Begins a region.
    pub(super) fn open(&mut self) {
        self.contents.push(self.text.len() as u32);
    }

    /// Shows the key in front of the region that is opened next, so that the value is seen with it.
    pub fn push_context(&mut self, parent: &[u8], start: usize, end: usize) {
        self.literal(start, &parent[start..end]);
    }

    /// Decodes backslash escapes of `parent` from `start` up to an unescaped double quote or line feed.
    /// Returns the end of the region.
    pub fn push_backslash(&mut self, parent: &[u8], start: usize) -> usize {
        self.open();
        let mut i = start;
        loop {
            let rest = &parent[i..];
            let stop = memchr::memchr3(b'\\', b'"', b'\n', rest).unwrap_or(rest.len());
            self.literal(i, &rest[..stop]);
            i += stop;
            if parent.get(i) != Some(&b'\\') {
                break;
            }
            let mut out = [0; 4];
            let e = backslash(&parent[i..], &mut out);
            self.escaped(i, e.len, &out[..e.decoded], e.carrier);
            i += e.len;
        }
        self.close(start, i);
        i
    }

    /// Shows the base64 run `parent[start..end]` decoded, when it is one of text.
    pub fn push_base64(&mut self, parent: &[u8], start: usize, end: usize) -> bool {
        let from = self.text.len();
        let Some(style) = base64::decode_text(&parent[start..end], &mut self.text) else { return false };
        let to = self.text.len();
        self.contents.push(from as u32);
        self.marks.push(Mark { at: from as u32, from: start as u32, escape: 1, carrier: Carriers::BASE64 });
        let run = Region { start: start as u32, end: end as u32 };
        self.blobs.push(Blob { from: from as u32, to: to as u32, run, style });
        self.close(start, end);
        true
    }

    /// Decodes what `escape` reads at `mark`s of `parent[start..end]`: character and length.
    pub fn push_marked(
        &mut self,
        parent: &[u8],
        (start, end): (usize, usize),
        mark: u8,
        carrier: Carriers,
        escape: impl Fn(&[u8], &mut [u8; 4]) -> Option<(usize, usize)>,
    ) {
        self.open();
        let mut i = start;
        let mut out = [0; 4];
        while i < end {
            let rest = &parent[i..end];
            let stop = memchr::memchr(mark, rest).unwrap_or(rest.len());
            self.literal(i, &rest[..stop]);
            i += stop;
            if let Some((len, n)) = escape(&parent[i..end], &mut out) {
                self.escaped(i, len, &out[..n], carrier);
                i += len;
            } else if i < end {
                self.literal(i, &parent[i..i + 1]);
                i += 1;
            }
        }
        self.close(start, end);
    }

    /// Decodes `%HH` of `parent[start..end]`.
    pub fn push_percent(&mut self, parent: &[u8], start: usize, end: usize) {
        self.open();
        let mut i = start;
        let mut before = 0;
        while i < end {
            let rest = &parent[i..end];
            let stop = memchr::memchr(b'%', rest).unwrap_or(rest.len());
            self.literal(i, &rest[..stop]);
            i += stop;
            before = if stop == 0 { before } else { 0 };
            // A byte that continues a character stands behind another one.
            let value = percent(&parent[i..end]).filter(|b| !(0x80..0xC0).contains(b) || before >= 0x80);
            before = value.unwrap_or(0);
            if let Some(b) = value {
                self.escaped(i, 3, &[b], Carriers::PERCENT);
                i += 3;
            } else if i < end {
                self.literal(i, b"%");
                i += 1;
            }
        }
        self.close(start, end);
    }

    /// Shows full-width forms (U+FF01..U+FF5E), dashes and blanks beyond ASCII of `parent[start..end]` as ASCII.
    pub fn push_wide(&mut self, parent: &[u8], start: usize, end: usize) {
        self.open();
        let mut i = start;
        while i < end {
            let rest = &parent[i..end];
            let stop = rest.iter().position(|b| *b >= 0x80).unwrap_or(rest.len());
            self.literal(i, &rest[..stop]);
            i += stop;
            if let Some(b) = wide(&parent[i..end]) {
                self.escaped(i, 3, &[b], Carriers::WIDE);
                i += 3;
            } else if let Some((b, len)) = separator(&parent[i..end]) {
                self.escaped(i, len, &[b], Carriers::WIDE);
                i += len;
            } else if i < end {
                self.literal(i, &parent[i..i + 1]);
                i += 1;
            }
        }
        self.close(start, end);
    }
}

/// ASCII form of a full-width character at the front of `v` (Unicode block Halfwidth and Fullwidth Forms).
pub fn wide(v: &[u8]) -> Option<u8> {
    match v {
        [0xEF, 0xBC, b @ 0x81..=0xBF, ..] => Some(b - 0x81 + 0x21),
        [0xEF, 0xBD, b @ 0x80..=0x9E, ..] => Some(b - 0x80 + 0x60),
        _ => None,
    }
}

/// Value of `%HH` at the front of `v`. Control characters but blanks are no text: `LIKE '%13800138000%'` holds no escape.
pub fn percent(v: &[u8]) -> Option<u8> {
    match v {
        [b'%', a, b, ..] => Some(hex(*a)? << 4 | hex(*b)?).filter(|b| *b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r')),
        _ => None,
    }
}

pub(super) fn hex(b: u8) -> Option<u8> {
    (b as char).to_digit(16).map(|d| d as u8)
}

/// True when `v` begins with an escape that [`View::push_backslash`] decodes; else the backslash stands for itself, as in
/// `C:\dir`.
pub fn is_escape(v: &[u8]) -> bool {
    backslash(v, &mut [0; 4]).carrier != Carriers::RAW
}

pub(super) struct Escape {
    /// Bytes taken.
    pub len: usize,
    /// Bytes made.
    pub decoded: usize,
    pub carrier: Carriers,
}

/// Decodes one backslash escape; an unknown one stands for itself.
pub(super) fn backslash(v: &[u8], out: &mut [u8; 4]) -> Escape {
    let one = |len, carrier| Escape { len, decoded: 1, carrier };
    match v {
        [_, c @ (b'"' | b'\\' | b'/' | b'\''), ..] => {
            out[0] = *c;
            one(2, Carriers::JSON)
        }
        // Not `\b` and `\f`: no log holds these controls, and `\\fe80::1` is a path.
        [_, c @ (b'n' | b't' | b'r'), ..] => {
            out[0] = match c {
                b'n' => b'\n',
                b't' => b'\t',
                _ => b'\r',
            };
            one(2, Carriers::JSON)
        }
        [_, b'x', a, b, ..] if hex(*a).is_some() && hex(*b).is_some() => {
            out[0] = hex(*a).unwrap_or(0) << 4 | hex(*b).unwrap_or(0);
            one(4, Carriers::HEX)
        }
        [_, b'u', ..] => match unicode(v) {
            Some((c, len)) => Escape { len, decoded: c.encode_utf8(out).len(), carrier: Carriers::JSON_U },
            None => {
                out[0] = b'\\';
                one(1, Carriers::RAW)
            }
        },
        _ => {
            out[0] = b'\\';
            one(1, Carriers::RAW)
        }
    }
}

/// `\uXXXX`, or a surrogate pair of them; a lone surrogate reads as U+FFFD.
fn unicode(v: &[u8]) -> Option<(char, usize)> {
    let unit = |v: &[u8]| -> Option<u32> {
        let d = v.get(..6).filter(|d| d[0] == b'\\' && d[1] == b'u')?;
        d[2..].iter().try_fold(0, |n, &b| Some(n << 4 | u32::from(hex(b)?)))
    };
    let hi = unit(v)?;
    if (0xD800..0xDC00).contains(&hi)
        && let Some(lo @ 0xDC00..0xE000) = unit(&v[6..])
    {
        let c = 0x10000 + ((hi - 0xD800) << 10) + (lo - 0xDC00);
        return Some((char::from_u32(c).unwrap_or('\u{FFFD}'), 12));
    }
    Some((char::from_u32(hi).unwrap_or('\u{FFFD}'), 6))
}

/// Appends `v` to `out` with backslash and percent escapes decoded, in that order, as often as they are nested
/// (at most three times). Returns how it was written.
pub fn decode_all(v: &[u8], out: &mut Vec<u8>, scratch: &mut View) -> Carriers {
    let start = out.len();
    out.extend_from_slice(v);
    let mut carriers = Carriers::RAW;
    for round in 0..3 {
        scratch.clear();
        let cur = &out[start..];
        if cur.contains(&b'\\') {
            // Quotes inside a value are data here, so a region ends only where the value does.
            let mut i = 0;
            while i < cur.len() {
                i = scratch.push_backslash(cur, i);
                if i < cur.len() {
                    scratch.literal(i, &cur[i..i + 1]);
                    i += 1;
                }
            }
        } else if cur.windows(3).any(|w| percent(w).is_some()) {
            scratch.push_percent(cur, 0, cur.len());
        } else {
            break;
        }
        let c = scratch.marks.iter().filter(|m| m.escape > 0).fold(Carriers::RAW, |c, m| c.with(m.carrier));
        if c == Carriers::RAW {
            break;
        }
        if round == 0 {
            carriers = c;
        } else {
            // What stands inside a JSON string can't be written as `\xHH`.
            let inner = if carriers.has(Carriers::HEX) { c } else { Carriers(c.0 & !Carriers::HEX.0) };
            carriers = carriers.with(inner).with(Carriers::NESTED);
        }
        out.truncate(start);
        // The line feeds that close regions are the view's own: they are not part of the value.
        for (i, m) in scratch.marks.iter().enumerate() {
            let to = scratch.marks.get(i + 1).map_or(scratch.text.len(), |n| n.at as usize);
            if !scratch.is_close(m) {
                out.extend_from_slice(&scratch.text[m.at as usize..to]);
            }
        }
    }
    carriers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(v: &[u8]) -> (Vec<u8>, Carriers) {
        let (mut out, mut s) = (Vec::new(), View::default());
        let c = decode_all(v, &mut out, &mut s);
        (out, c)
    }

    #[test]
    fn escapes_decode() {
        assert_eq!(decoded(br"\u0031\u53f72").0, "1号2".as_bytes());
        assert_eq!(decoded(br"\x22a\xE5\xBC\xA0").0, "\"a张".as_bytes());
        assert_eq!(decoded(br"\ud83d\ude00\ud83d").0, "😀\u{FFFD}".as_bytes());
        assert_eq!(decoded(b"%2B86%31"), (b"+861".to_vec(), Carriers::PERCENT));
        assert_eq!(decoded(b"a%2540b").0, b"a@b");
        assert_eq!(decoded(b"%13800138000%").0, b"%13800138000%");
        assert_eq!(decoded(b"%868127199117468%").0, b"%868127199117468%");
        assert_eq!(decoded(b"%E6%89%8B1").0, "手1".as_bytes());
        assert!(decoded(b"a%2540b").1.has(Carriers::NESTED));
        assert_eq!(decoded(br#"ab\"cd"#).0, br#"ab"cd"#);
        assert_eq!(decoded(br"C:\dir\u12").0, br"C:\dir\u12");
    }

    #[test]
    fn positions_lead_back() {
        let text = br#"{"a":"\u0031x%41"}"#;
        let mut v = View::default();
        let end = v.push_backslash(text, 6);
        assert_eq!(&text[end..], br#""}"#);
        assert_eq!(v.text(), b"1x%41\n");
        let traced = |s, e| v.trace(s, e, s).map(|t| (t.start, t.end, t.carriers)).unwrap();
        assert_eq!(traced(0, 1), (6, 12, Carriers::JSON_U));
        assert_eq!(traced(0, 2), (6, 13, Carriers::JSON_U));
        assert_eq!(traced(1, 5), (12, 16, Carriers::RAW));
    }

    proptest! {
        #[test]
        fn the_map_is_monotone_and_in_bounds(text in prop::collection::vec(prop::sample::select(br#"\u0031x2F%4"a/"#.to_vec()), 0..80)) {
            let mut v = View::default();
            let end = v.push_backslash(&text, 0);
            if end < text.len() { v.push_percent(&text, end, text.len()); }
            let mut last = 0;
            for i in 0..v.text().len() {
                let m = v.marks[v.mark_of(i)];
                let o = m.origin(i);
                prop_assert!(o >= last && o <= text.len());
                prop_assert!(m.origin_end(i + 1) >= o);
                last = o;
            }
        }
    }
}
