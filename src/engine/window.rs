//! Records longer than a window, in constant memory: windows overlap, and a cut never runs through a finding.

use super::{Format, MAX_WINDOW, Worker};
use crate::model::Window;

/// Bytes behind a cut that the scanner has seen: no finding of bounded length is missed at the cut.
const MARGIN: usize = 16 << 10;

/// What ends a value that outgrew its window.
#[derive(Clone, Copy)]
pub(super) enum Swallow {
    /// An unescaped quote of this kind.
    Quote(u8),
    /// A byte that no bare value holds.
    Bare,
}

impl Worker<'_> {
    /// De-identifies one window; returns how many of its bytes are done, context included.
    pub(super) fn rewrite_window(&mut self, bytes: &[u8], w: Window) -> usize {
        let mut from = w.context;
        if let Some(kind) = self.swallow {
            let end = swallow_end(&bytes[from..], kind).map(|n| from + n);
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
        if h.end as usize >= bytes.len() {
            let quote = (h.start as usize).checked_sub(1).map(|i| bytes[i]).filter(|b| matches!(b, b'"' | b'\''));
            self.swallow = Some(quote.map_or(Swallow::Bare, Swallow::Quote));
            return bytes.len();
        }
        h.end as usize
    }
}

/// Where a swallowed value ends.
fn swallow_end(v: &[u8], kind: Swallow) -> Option<usize> {
    match kind {
        Swallow::Bare => v.iter().position(|&b| {
            b <= b' ' || matches!(b, b'"' | b'\'' | b'&' | b';' | b',' | b')' | b']' | b'}' | b'<' | b'>' | b'|')
        }),
        Swallow::Quote(q) => {
            let mut i = 0;
            while i < v.len() {
                match v[i] {
                    b'\\' => i += 1,
                    b'\n' => return Some(i),
                    b if b == q => return Some(i),
                    _ => {}
                }
                i += 1;
            }
            None
        }
    }
}
