//! Escapes inside escapes, decoded all at once however they are nested: for what is left where views end.

use super::escape::{backslash, percent, wide};
use super::mark::MAX_ESCAPE;
use super::marks::{hash, html, is_captured, separator};
use super::terminal::{ESC, between, terminal};
use super::view::View;
use crate::model::Carriers;

/// A byte that is decoded as far as its neighbours allow, and where it stood.
#[derive(Clone, Copy)]
struct Cell {
    byte: u8,
    carrier: Carriers,
    /// First byte in the parent, and how many.
    from: u32,
    len: u16,
}

/// Decodes stretches of text; keeps its scratch space.
#[derive(Default)]
pub struct Flat {
    cells: Vec<Cell>,
}

/// Longest escape: `\uHHHH`, `&#xHHHHHH;`.
const LONGEST: usize = 10;

impl Flat {
    /// Shows `parent[start..end]` in `view` with escapes of every kind decoded until none is left.
    ///
    /// Bytes are stacked; an escape that ends with the last one becomes what it stands for, which may end another. Each such
    /// step makes the stack shorter, so the time is linear. Nests of 32 KiB and more stay as they are.
    pub fn push(&mut self, parent: &[u8], start: usize, end: usize, view: &mut View) {
        self.cells.clear();
        let mut i = start;
        while i < end {
            let byte = parent[i];
            // Sequences that come to light by decoding stay.
            let len = if matches!(byte, ESC | b'#') { terminal(&parent[i..end]) } else { 0 };
            if len > 0 {
                let cell = |&byte| Cell { byte, carrier: Carriers::TERMINAL, from: i as u32, len: len as u16 };
                self.cells.extend(between(parent, i, len).iter().map(cell));
            } else {
                self.cells.push(Cell { byte, carrier: Carriers::RAW, from: i as u32, len: 1 });
                while self.reduce() {}
                self.pair();
            }
            i += len.max(1);
        }
        view.open();
        self.show(parent, view);
        view.close(start, end);
    }

    /// Replaces the escape that ends with the last byte, if one does.
    fn reduce(&mut self) -> bool {
        let n = self.cells.len();
        let may_end = |b: u8| {
            b.is_ascii_hexdigit() || b >= 0x80 || matches!(b, b';' | b'"' | b'\'' | b'\\' | b'/' | b'n' | b't' | b'r')
        };
        if !may_end(self.cells[n - 1].byte) {
            return false;
        }
        // One more byte than an escape has: what stands in front of it.
        let mut tail = [0; LONGEST + 1];
        let len = n.min(tail.len());
        tail.iter_mut().zip(&self.cells[n - len..]).for_each(|(b, c)| *b = c.byte);
        let mut out = [0; 4];
        let goes_on = n > 3 && self.cells[n - 4].byte >= 0x80 && self.cells[n - 4].carrier.has(Carriers::HASH);
        let Some((taken, made, carrier)) = at_end(&tail[..len], goes_on, &mut out) else { return false };
        let parts = &self.cells[n - taken..];
        let (from, last) = (parts[0].from, parts[taken - 1]);
        let Some(len) = u16::try_from(last.from + u32::from(last.len) - from).ok().filter(|n| *n <= MAX_ESCAPE) else {
            return false;
        };
        let inner = parts.iter().fold(Carriers::RAW, |c, p| c.with(p.carrier));
        let carrier = if inner == Carriers::RAW { carrier } else { carrier.with(inner).with(Carriers::NESTED) };
        self.cells.truncate(n - taken);
        self.cells.extend(out[..made].iter().map(|&byte| Cell { byte, carrier, from, len }));
        true
    }

    /// Makes one quote of two before or behind a word: there they are no empty string.
    fn pair(&mut self) {
        let word = |c: &Cell| c.byte.is_ascii_alphanumeric() || c.byte >= 0x80;
        let quotes = |a: &Cell, b: &Cell| a.byte == b'"' && b.byte == b'"';
        let n = self.cells.len();
        let first = match &self.cells[..] {
            [.., w, a, b] if quotes(a, b) && word(w) => n - 2,
            [.., a, b, w] if quotes(a, b) && word(w) => n - 3,
            _ => return,
        };
        let (a, b) = (self.cells[first], self.cells[first + 1]);
        let carrier = match (a.carrier, b.carrier) {
            (Carriers::RAW, Carriers::RAW) => Carriers::CSV,
            (a, b) if a == b => Carriers::CSV.with(a).with(Carriers::NESTED),
            // A string that begins or ends with a quote: `"\"a`.
            (a, b) => a.with(b),
        };
        let Some(len) = u16::try_from(b.from + u32::from(b.len) - a.from).ok().filter(|n| *n <= MAX_ESCAPE) else {
            return;
        };
        self.cells[first] = Cell { carrier, len, ..a };
        self.cells.remove(first + 1);
    }

    fn show(&self, parent: &[u8], view: &mut View) {
        let same = |a: &Cell, b: &Cell| match (a.carrier, b.carrier) {
            (Carriers::RAW, Carriers::RAW) => a.from + 1 == b.from,
            (Carriers::RAW, _) | (_, Carriers::RAW) => false,
            _ => a.from == b.from,
        };
        for run in self.cells.chunk_by(same) {
            let (first, last) = (run[0], run[run.len() - 1]);
            if first.carrier == Carriers::RAW {
                view.literal(parent, first.from as usize, last.from as usize + 1);
            } else {
                let mut bytes = [0; 4];
                bytes.iter_mut().zip(run).for_each(|(b, c)| *b = c.byte);
                view.escaped((first.from as usize, first.len.into()), (&bytes, run.len()), first.carrier);
            }
        }
    }
}

/// The escape at the end of `v`: bytes taken, bytes made, how it is written. `goes_on` tells that a byte of a character stands before the
/// last three, written with a hash.
fn at_end(v: &[u8], goes_on: bool, out: &mut [u8; 4]) -> Option<(usize, usize, Carriers)> {
    let back = |n: usize| v.len().checked_sub(n).map_or((0, &v[..0]), |i| (v[i], &v[i..]));
    let before = |n: usize| v.len().checked_sub(n + 1).map_or(0, |i| v[i]);
    let last = *v.last()?;
    if last == b';' {
        let at = v.iter().rposition(|b| *b == b'&')?;
        let (len, made) = html(&v[at..], out).filter(|(len, _)| at + len == v.len())?;
        return Some((len, made, Carriers::HTML));
    }
    if last >= 0x80 {
        let (b, len) = wide(back(3).1)
            .map(|b| (b, 3))
            .or_else(|| separator(back(3).1).filter(|s| s.1 == 3))
            .or_else(|| separator(back(2).1))?;
        out[0] = b;
        return Some((len, 1, Carriers::WIDE));
    }
    for n in [2, 4, 6] {
        if let (b'\\', escape) = back(n) {
            let e = backslash(escape, out);
            if e.carrier != Carriers::RAW && e.len == n {
                return Some((n, e.decoded, e.carrier));
            }
        }
    }
    match back(3) {
        // A byte that continues a character stands behind another one.
        (b'%', v) => {
            out[0] = percent(v).filter(|b| !(0x80..0xC0).contains(b) || before(3) >= 0x80)?;
            Some((3, 1, Carriers::PERCENT))
        }
        // `&#64;` is a reference once its end is there.
        (b'#', v) if before(3) != b'&' || !v[1..].iter().all(u8::is_ascii_digit) => {
            hash(v, out)?;
            let last = out[0];
            if goes_on && last >= 0x80 || is_captured(last) {
                return Some((3, 1, Carriers::HASH));
            }
            // Characters beyond ASCII have two bytes and more.
            hash(back(6).1, out).filter(|_| last >= 0x80 && out[0] >= 0x80)?;
            out[1] = last;
            Some((6, 2, Carriers::HASH))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flat(v: &[u8]) -> View {
        let mut view = View::default();
        Flat::default().push(v, 0, v.len(), &mut view);
        view
    }

    #[test]
    fn nests_decode_at_once() {
        for (nest, text) in [
            ("&#x26;#x26;#x33;8", "38"),
            ("&amp;amp;amp;amp;amp;#64;", "@"),
            ("&#38;&#35;54;", "6"),
            ("%252525252531", "1"),
            ("&#37;26#37;33", "3"),
            (r"\\\\\\\\u0031", "1"),
            (r"\u005cu005cu0031", "1"),
            ("#2341#52 #E4", "#41#52 #E4"),
            ("％２５31", "1"),
            ("%EF%BC%91", "1"),
            ("&#65297;", "1"),
            ("138&#x2011;0013", "138-0013"),
            ("%E6%89%8B1", "手1"),
            ("&#64;#13 %13 %91", "@#13 %13 %91"),
            ("a&#E4#B8#80", "a&一"),
            (r#"{""a"":""b"",""c"":"""",""d"":1}"#, r#"{"a":"b","c":"""","d":1}"#),
            ("%252522%252522a%252522%252522:1", "\"a\":1"),
            (r#""\"a\"":1"#, r#""a":1"#),
        ] {
            assert_eq!(String::from_utf8_lossy(flat(nest.as_bytes()).text()), format!("{text}\n"), "{nest}");
        }
    }

    #[test]
    fn places_lead_back() {
        let view = flat("a&amp;amp;#64;张b".as_bytes());
        assert_eq!(view.text(), "a@张b\n".as_bytes());
        let traced = |s, e| view.trace(s, e, s).map(|t| (t.start, t.end)).unwrap();
        assert_eq!([traced(0, 1), traced(1, 2), traced(2, 5), traced(5, 6)], [(0, 1), (1, 14), (14, 17), (17, 18)]);
        let long = format!("&{}#64;", "amp;".repeat(20_000));
        assert!(flat(long.as_bytes()).text().len() < long.len(), "what is too long for one mark stays, the rest goes");
    }

    proptest! {
        #[test]
        fn any_text_leads_back(text in prop::collection::vec(prop::sample::select(br#"&#x263;38%251\u0""amp"#.to_vec()), 0..120)) {
            let view = flat(&text);
            let mut last = 0;
            for i in 0..view.text().len() - 1 {
                let t = view.trace(i, i + 1, i).unwrap();
                prop_assert!(t.start >= last && t.end > t.start && t.end as usize <= text.len());
                last = t.start;
            }
        }
    }
}
