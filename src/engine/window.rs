//! Records longer than a window, in constant memory: windows overlap, and a cut never runs through a finding.

use super::{Format, MAX_WINDOW, Worker};
use crate::detect::check::output::SUPPRESSED;
use crate::detect::hit::Hit;
use crate::model::Window;

/// Bytes behind a cut that the scanner has seen: no finding of bounded length is missed at the cut.
const MARGIN: usize = 16 << 10;

/// What ends a value that outgrew its window.
#[derive(Clone, Copy)]
pub(super) enum Swallow {
    /// An unescaped quote of this kind; `escaped` when a backslash stands right before the next byte.
    Quote { mark: u8, escaped: bool },
    /// A byte that no bare value holds.
    Bare,
    /// The next tag of XML.
    Element,
    /// The end of the line: a credential with parameters.
    Line,
}

impl Swallow {
    /// What ends the value of a hit that has no end in sight.
    fn of(bytes: &[u8], hit: &Hit) -> Swallow {
        let (start, end) = (hit.start as usize, hit.end as usize);
        let quote = bytes[..start].iter().rfind(|b| **b != b' ').copied().filter(|b| matches!(b, b'"' | b'\''));
        match quote {
            Some(mark) => {
                let slashes = bytes[start..end].iter().rev().take_while(|b| **b == b'\\').count();
                Swallow::Quote { mark, escaped: slashes % 2 == 1 }
            }
            None if bytes[..start].ends_with(b">") => Swallow::Element,
            None if bytes[start..end].contains(&b' ') || bytes[..start].ends_with(b"[CDATA[") => Swallow::Line,
            None => Swallow::Bare,
        }
    }

    /// Where the value ends in `v`, which follows what was looked at before.
    fn end(&mut self, v: &[u8]) -> Option<usize> {
        match self {
            Swallow::Bare => v.iter().position(|&b| {
                b <= b' ' || matches!(b, b'"' | b'\'' | b'&' | b';' | b',' | b')' | b']' | b'}' | b'<' | b'>' | b'|')
            }),
            Swallow::Element => v.iter().position(|b| matches!(b, b'<' | b'\n')),
            Swallow::Line => v.iter().position(|b| matches!(b, b'\n' | b'\r')),
            Swallow::Quote { mark, escaped } => v.iter().position(|&b| {
                let plain = !std::mem::take(escaped);
                *escaped = plain && b == b'\\';
                plain && b == *mark || b == b'\n'
            }),
        }
    }
}

/// True when the value may go on behind the window: blanks at its end may stand inside it.
fn is_open(bytes: &[u8], hit: &Hit) -> bool {
    bytes[hit.end as usize..].iter().all(|b| *b == b' ')
}

impl Worker<'_> {
    /// De-identifies one window; returns how many of its bytes are done, context included.
    pub(super) fn rewrite_window(&mut self, bytes: &[u8], w: Window) -> usize {
        let mut from = w.context;
        let swallowed = self.swallow.is_some();
        if let Some(kind) = &mut self.swallow {
            let end = kind.end(&bytes[from..]).map(|n| from + n);
            let Some(end) = end else {
                self.tally.bytes_in += (bytes.len() - from) as u64;
                if w.last {
                    self.finish_record();
                }
                return bytes.len();
            };
            self.tally.bytes_in += (end - from) as u64;
            self.swallow = None;
            from = end;
        }
        self.detector.run(bytes, Format::Text);
        // Seen with what stands before it, a value that was replaced there may turn out to be longer: the rest goes, too.
        let over = |h: &&Hit| (h.start as usize) < from && h.end as usize > from;
        if let Some(&hit) = self.detector.hits().iter().find(over) {
            if !swallowed {
                self.out.put(SUPPRESSED);
            }
            let end = hit.end as usize;
            if is_open(bytes, &hit) && !w.last {
                self.tally.bytes_in += (bytes.len() - from) as u64;
                self.swallow = Some(Swallow::of(bytes, &hit));
                return bytes.len();
            }
            self.tally.bytes_in += (end - from) as u64;
            from = end;
        }
        let cut = if w.last { bytes.len() } else { self.cut(bytes, from) };
        self.decide(bytes, from, cut);
        let mut next = 0;
        self.write_span(bytes, from, cut, &mut next);
        self.tally.bytes_in += (cut - from) as u64;
        if w.last {
            self.finish_record();
        }
        cut
    }

    fn finish_record(&mut self) {
        self.swallow = None;
        self.tally.records += 1;
    }

    /// Where to cut: at least [`MARGIN`] before the end and outside every finding.
    fn cut(&mut self, bytes: &[u8], from: usize) -> usize {
        let mut cut = bytes.len().saturating_sub(MARGIN).max(from);
        while cut > from
            && cut + 12 > bytes.len() - MARGIN
            && (bytes[cut - 1] >= 0x80 || matches!(bytes[cut - 1], b'\\' | b'%'))
        {
            cut -= 1;
        }
        let hits = self.detector.hits();
        let Some(h) = hits.iter().find(|h| (h.start as usize) < cut && h.end as usize > cut) else { return cut };
        if h.start as usize > from + MAX_WINDOW / 8 || (h.end as usize) < bytes.len() && h.start as usize > from {
            return h.start as usize;
        }
        // The value began at the front and has no end in sight: it is replaced once, the rest of it dropped.
        if is_open(bytes, h) {
            self.swallow = Some(Swallow::of(bytes, h));
            return bytes.len();
        }
        h.end as usize
    }
}
