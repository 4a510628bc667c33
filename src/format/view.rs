//! Decoded views: text that stood in escapes, decoded into one buffer, with a map back to where it stood.
//!
//! A view holds many regions, one behind the other, each ended by a line feed, so that one scan reads them all.

use super::armour::Decode;
use super::escape::{backslash, percent, wide};
use super::mark::{EACH, Mark, carriers_of};
use super::marks::separator;
use super::near::count;
use super::out::Out;
pub use super::region::{Blob, Region};
use crate::model::Carriers;
use std::cell::Cell;

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

/// How a region is shown.
#[derive(Clone, Copy, Debug)]
struct Shown {
    /// Where it ends in the view, behind the line feed that closes it.
    end: u32,
    /// How its escapes are written.
    carriers: Carriers,
}

/// Decoded regions of a parent text.
#[derive(Default)]
pub struct View {
    text: Out,
    marks: Vec<Mark>,
    regions: Vec<Region>,
    /// Those that are no runs of letters and digits.
    escaped: Vec<Region>,
    /// One for each region.
    shown: Vec<Shown>,
    blobs: Vec<Blob>,
    contents: Vec<u32>,
    /// How the escapes since the last region are written.
    carriers: Carriers,
    /// Numbers of the mark and of the region asked about last.
    near: Cell<(usize, usize)>,
    /// Scratch for base64.
    decoded: Vec<u8>,
}

impl View {
    /// Forgets all regions.
    pub fn clear(&mut self) {
        self.text.clear();
        self.marks.clear();
        self.regions.clear();
        self.escaped.clear();
        self.shown.clear();
        self.blobs.clear();
        self.contents.clear();
        self.carriers = Carriers::RAW;
        self.near.take();
    }

    /// The run of base64 or hexadecimal text that holds view position `at`.
    pub fn blob(&self, at: usize) -> Option<&Blob> {
        let i = self.blobs.partition_point(|b| b.to as usize <= at);
        self.blobs.get(i).filter(|b| b.from as usize <= at)
    }

    /// The decoded text.
    pub fn text(&self) -> &[u8] {
        self.text.bytes()
    }

    /// Regions, ascending by their ends: those of escapes do not overlap, but may hold one that is a run.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Those that hold escapes: what stands there is read in this view alone. A run of base64 may be a value in its own right.
    pub fn escaped_regions(&self) -> &[Region] {
        &self.escaped
    }

    /// View positions at which the regions begin, behind the keys that are shown in front.
    pub fn contents(&self) -> &[u32] {
        &self.contents
    }

    /// Where regions begin behind those keys, and where they end.
    pub fn region_texts(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.contents.iter().zip(&self.shown).map(|(c, s)| (*c as usize, s.end as usize - 1))
    }

    /// Leads a view range (not empty) and the place of its evidence back to the parent; nothing for what lies in the key
    /// in front of a region.
    pub fn trace(&self, start: usize, mut end: usize, anchor: usize) -> Option<Traced> {
        let mut last = self.mark_of(end - 1);
        // The line feed that closes a region stands nowhere in the parent.
        while end > start + 1 && self.is_close(&self.marks[last]) {
            (end, last) = (end - 1, last - 1);
        }
        let from = self.marks[last].origin(end - 1) as u32;
        let shown = self.region_of(end - 1);
        let region = self.regions.get(shown)?;
        if from < region.start || from >= region.end {
            return None;
        }
        let first = self.back(last, start);
        let key = if anchor <= start { self.back(first, anchor) } else { self.mark_of(anchor) };
        // What began in another region goes from the front of this one: regions need not stand in the order of their parent.
        let begins = self.region_of(start) == shown;
        let from = if begins { (self.marks[first].origin(start) as u32).max(region.start) } else { region.start };
        Some(Traced {
            start: from,
            end: self.marks[last].origin_end(end) as u32,
            anchor: self.marks[key].origin(anchor) as u32,
            carriers: carriers_of(self.marks[first..=last].iter()),
        })
    }

    /// How escapes were written anywhere in the region that holds view position `at`.
    pub fn region_carriers(&self, at: usize) -> Carriers {
        self.shown.get(self.region_of(at)).map_or(Carriers::RAW, |s| s.carriers)
    }

    /// True for the line feed that closes a region.
    fn is_close(&self, m: &Mark) -> bool {
        m.escape == 1 && m.carrier == Carriers::RAW && self.text()[m.at as usize] == b'\n'
    }

    /// True when view position `at` stood in an escape.
    pub fn is_escape(&self, at: usize) -> bool {
        self.marks[self.mark_of(at)].carrier != Carriers::RAW
    }

    /// True when view position `at` stood in a percent escape.
    pub fn is_percent(&self, at: usize) -> bool {
        self.marks[self.mark_of(at)].carrier.has(Carriers::PERCENT)
    }

    /// Number of the mark of a view position.
    #[inline]
    fn mark_of(&self, at: usize) -> usize {
        let (mark, region) = self.near.get();
        let mark = count(&self.marks, mark, |m| m.at as usize <= at);
        self.near.set((mark, region));
        mark - 1
    }

    /// Number of the region that holds a view position.
    #[inline]
    fn region_of(&self, at: usize) -> usize {
        let (mark, region) = self.near.get();
        let region = count(&self.shown, region, |s| s.end as usize <= at);
        self.near.set((mark, region));
        region
    }

    /// Number of the mark of a position that lies a little before that of the mark `from`, or at it.
    fn back(&self, mut from: usize, at: usize) -> usize {
        while self.marks[from].at as usize > at {
            from -= 1;
        }
        from
    }

    fn mark(&mut self, from: usize, escape: usize, carrier: Carriers) {
        self.marks.push(Mark { at: self.text.len() as u32, from: from as u32, escape: escape as u16, carrier });
    }

    /// Shows `parent[from..to]` as it is.
    #[inline(always)]
    pub(super) fn literal(&mut self, parent: &[u8], from: usize, to: usize) {
        if from < to {
            self.mark(from, 0, Carriers::RAW);
            self.text.put_span(parent, from, to);
        }
    }

    /// Shows the first `n` of these bytes for the escape of `len` bytes at `from`.
    #[inline(always)]
    pub(super) fn escaped(&mut self, (from, len): (usize, usize), (bytes, n): (&[u8; 4], usize), carrier: Carriers) {
        self.mark(from, len, carrier);
        self.text.put_first(bytes, n);
        self.carriers = self.carriers.with(carrier);
    }

    pub(super) fn close(&mut self, start: usize, end: usize) {
        self.escaped((end, 1), (b"\n\0\0\0", 1), Carriers::RAW);
        let region = Region { start: start as u32, end: end as u32 };
        self.regions.push(region);
        if self.blobs.last().is_none_or(|b| b.run != region) {
            self.escaped.push(region);
        }
        let carriers = std::mem::take(&mut self.carriers);
        self.shown.push(Shown { end: self.text.len() as u32, carriers });
    }

    /// Begins a region.
    pub(super) fn open(&mut self) {
        self.contents.push(self.text.len() as u32);
    }

    /// Shows the key in front of the region that is opened next, so that the value is seen with it.
    pub fn push_context(&mut self, parent: &[u8], start: usize, end: usize) {
        self.literal(parent, start, end);
    }

    /// Decodes backslash escapes of `parent` from `start` up to an unescaped double quote or line feed, of a key of JSON also those of
    /// the string that it names: nobody could read a key that stands alone. `stop` tells where the next backslash, double quote or line
    /// feed at or behind a position is. Returns the end of the region.
    #[inline]
    pub fn push_backslash(&mut self, parent: &[u8], start: usize, stop: impl Fn(usize) -> usize) -> usize {
        self.open();
        let mut i = start;
        let (mut key, from) = (true, self.text.len());
        loop {
            let to = stop(i);
            self.literal(parent, i, to);
            i = to;
            match &parent[i..] {
                rest @ [b'"', b':' | b' ', ..] if key && self.carriers.has(Carriers::JSON_U) => {
                    key = false;
                    let n = colon(rest);
                    // What a mark inside of the key opens must not run on into the string.
                    if n == 0 || !is_word(&self.text.bytes()[from..]) {
                        break;
                    }
                    self.literal(parent, i, i + n);
                    i += n;
                    if let Some(content) = self.contents.last_mut() {
                        *content = self.text.len() as u32;
                    }
                }
                // JSON in a string of JSON has little else.
                [b'\\', c @ (b'"' | b'\\'), ..] => {
                    self.escaped((i, 2), (&[*c, 0, 0, 0], 1), Carriers::JSON);
                    i += 2;
                }
                rest @ [b'\\', ..] => {
                    let mut out = [0; 4];
                    let e = backslash(rest, &mut out);
                    self.escaped((i, e.len), (&out, e.decoded), e.carrier);
                    i += e.len;
                }
                _ => break,
            }
        }
        self.close(start, i);
        i
    }

    /// Shows the run `parent[start..end]` decoded, when `decode` finds text in it.
    pub fn push_run(&mut self, parent: &[u8], (start, end): (usize, usize), decode: Decode) -> bool {
        self.decoded.clear();
        let Some(style) = decode(&parent[start..end], &mut self.decoded) else { return false };
        self.open();
        self.mark(start, 1, style.carrier());
        self.carriers = self.carriers.with(style.carrier());
        let from = self.text.len();
        self.text.put(&self.decoded);
        let to = self.text.len();
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
            self.literal(parent, i, i + stop);
            i += stop;
            if let Some((len, n)) = escape(&parent[i..end], &mut out) {
                self.escaped((i, len), (&out, n), carrier);
                i += len;
            } else if i < end {
                self.literal(parent, i, i + 1);
                i += 1;
            }
        }
        self.close(start, end);
    }

    /// Decodes `%HH` of `parent[start..end]`. `stop` tells where the next percent sign at or behind a position is.
    #[inline]
    pub fn push_percent(&mut self, parent: &[u8], (start, end): (usize, usize), stop: impl Fn(usize) -> usize) {
        self.open();
        let mut i = start;
        while i < end {
            let from = stop(i).min(end);
            self.literal(parent, i, from);
            i = from;
            let mut before = 0;
            // A byte that continues a character stands behind another one.
            while let Some(b) = percent(&parent[i..end]).filter(|b| !(0x80..0xC0).contains(b) || before >= 0x80) {
                if i == from {
                    self.mark(i, usize::from(EACH | 3), Carriers::PERCENT);
                    self.carriers = self.carriers.with(Carriers::PERCENT);
                }
                self.text.put_first(&[b], 1);
                before = b;
                i += 3;
            }
            if i == from && i < end {
                self.literal(parent, i, i + 1);
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
            self.literal(parent, i, i + stop);
            i += stop;
            if let Some(b) = wide(&parent[i..end]) {
                self.escaped((i, 3), (&[b, 0, 0, 0], 1), Carriers::WIDE);
                i += 3;
            } else if let Some((b, len)) = separator(&parent[i..end]) {
                self.escaped((i, len), (&[b, 0, 0, 0], 1), Carriers::WIDE);
                i += len;
            } else if i < end {
                self.literal(parent, i, i + 1);
                i += 1;
            }
        }
        self.close(start, end);
    }
}

/// True for letters, digits and their marks: the names that people give to members.
fn is_word(key: &[u8]) -> bool {
    let sign = |b: &u8| *b >= 0x80 || b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b' ');
    key.len() <= 96 && key.iter().all(sign)
}

/// Length of what stands between a key of JSON and the string that it names, their quotes included.
fn colon(v: &[u8]) -> usize {
    let blanks = |v: &[u8]| v.iter().take(4).take_while(|b| **b == b' ').count();
    let at = 1 + blanks(&v[1..]);
    if v.get(at) != Some(&b':') {
        return 0;
    }
    let quote = at + 1 + blanks(&v[at + 1..]);
    if v.get(quote) == Some(&b'"') { quote + 1 } else { 0 }
}

/// The next backslash, double quote or line feed at or behind `i`, or the end.
fn stop(t: &[u8], i: usize) -> usize {
    memchr::memchr3(b'\\', b'"', b'\n', &t[i..]).map_or(t.len(), |n| i + n)
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
                i = scratch.push_backslash(cur, i, |i| stop(cur, i));
                if i < cur.len() {
                    scratch.literal(cur, i, i + 1);
                    i += 1;
                }
            }
        } else if cur.windows(3).any(|w| percent(w).is_some()) {
            let stop = |i| memchr::memchr(b'%', &cur[i..]).map_or(cur.len(), |n| i + n);
            scratch.push_percent(cur, (0, cur.len()), stop);
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
                out.extend_from_slice(&scratch.text()[m.at as usize..to]);
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
        let end = v.push_backslash(text, 6, |i| stop(text, i));
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
            let end = v.push_backslash(&text, 0, |i| stop(&text, i));
            if end < text.len() { v.push_percent(&text, (end, text.len()), |i| text[i..].iter().position(|b| *b == b'%').map_or(text.len(), |n| i + n)); }
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
