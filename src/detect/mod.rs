//! Where is it? One pass over a block finds candidates of all entity families; validators confirm them; text in
//! escapes is decoded into views that the same pass reads; overlaps are resolved.

pub mod check;
pub mod hit;
pub mod keys;
pub mod positional;
mod recognize;
pub mod resolve;
#[allow(missing_docs)]
pub mod scan;

use crate::format::encode::encode;
use crate::format::view::{Region, View, is_escape, wide};
use crate::model::{Carriers, Sensitive};
use hit::{ASIDE, Hit, LEVELS};
use keys::{Memo, Registry};
use positional::{Fields, Format, Layouts};
use recognize::{Found, Text};
use scan::{Kernel, Scanner, kind};

/// Finds identifiers in blocks. One per worker: it owns the scratch space, which holds values only until the next block.
pub struct Detector<'r> {
    registry: &'r Registry,
    layouts: &'r Layouts,
    fields: Fields,
    unparsed: u64,
    count: bool,
    scanner: Scanner,
    memo: Memo,
    views: [View; LEVELS],
    hits: [Vec<Hit>; LEVELS + 1],
    times: Vec<(u32, u32)>,
    deep_times: Vec<(u32, u32)>,
    tags: Vec<u32>,
    deep_tags: Vec<u32>,
    lines: scan::List,
    settled: recognize::Settled,
    aside: Vec<u8>,
    scratch: View,
    order: Vec<u64>,
    resolved: Vec<Hit>,
}

impl<'r> Detector<'r> {
    /// A detector over the keys of `registry` and the formats of `layouts`.
    pub fn new(registry: &'r Registry, layouts: &'r Layouts, kernel: Kernel) -> Self {
        Detector {
            registry,
            layouts,
            fields: Fields::default(),
            unparsed: 0,
            count: false,
            scanner: Scanner::new(kernel),
            memo: Memo::default(),
            views: Default::default(),
            hits: Default::default(),
            times: Vec::new(),
            deep_times: Vec::new(),
            tags: Vec::new(),
            deep_tags: Vec::new(),
            lines: scan::List::default(),
            settled: recognize::Settled::default(),
            aside: Vec::new(),
            scratch: View::default(),
            order: Vec::new(),
            resolved: Vec::new(),
        }
    }

    /// Asks for the count of records that don't have the format of their stream: then every one is read field by field.
    pub fn count_unparsed(&mut self, count: bool) {
        self.count = count;
    }

    /// Finds all identifiers of a block of records in `format`; spans are ascending and do not overlap.
    pub fn run(&mut self, block: &[u8], format: Format) -> &[Hit] {
        self.aside.clear();
        self.times.clear();
        self.tags.clear();
        self.hits.iter_mut().for_each(Vec::clear);
        let mut depth = 0;
        for level in 0..=LEVELS {
            let (below, above) = self.views.split_at_mut(level);
            let bytes = below.last().map_or(block, |v| v.text());
            if level > 0 && bytes.is_empty() {
                break;
            }
            depth = level;
            self.scanner.scan(bytes);
            let regions: &[Region] = match above.first_mut() {
                Some(view) => {
                    view.clear();
                    show_escapes(bytes, &self.scanner, view);
                    view.regions()
                }
                None => &[],
            };
            let contents = below.last().map_or(&[][..], View::contents);
            let text = Text { bytes, scan: &self.scanner, registry: self.registry, regions, contents };
            self.deep_times.clear();
            self.deep_tags.clear();
            let mut found = Found {
                hits: &mut self.hits[level],
                aside: &mut self.aside,
                times: if level == 0 { &mut self.times } else { &mut self.deep_times },
                memo: &mut self.memo,
                tags: if level == 0 { &mut self.tags } else { &mut self.deep_tags },
                settled: &mut self.settled,
                scratch: &mut self.scratch,
                line: recognize::Line::default(),
            };
            recognize::run(&text, &mut found);
            if level == 0 {
                self.unparsed =
                    positional::run(&text, &mut found, (self.layouts, format, self.count), &mut self.fields);
                if !self.times.is_sorted() {
                    self.times.sort_unstable();
                }
                self.scanner.events.swap(kind::LINE, &mut self.lines);
            }
        }
        for level in (1..=depth).rev() {
            let (shallow, deep) = self.hits.split_at_mut(level);
            for hit in &deep[0] {
                shallow[level - 1].extend(raise(hit, level as u8, &self.views[level - 1]));
            }
        }
        resolve::resolve(&self.hits[0], self.registry.weak(), &mut self.order, &mut self.resolved);
        &self.resolved
    }

    /// Hits of the last block.
    pub fn hits(&self) -> &[Hit] {
        &self.resolved
    }

    /// Records of the last block that have another format than was said.
    pub fn unparsed(&self) -> u64 {
        self.unparsed
    }

    /// Positions of the line feeds of the last block.
    pub fn lines(&self) -> &[u32] {
        &self.lines
    }

    /// True when a record that ends at `end` may hold a tag of ours; `next` starts at 0, and records are asked for in
    /// order.
    pub fn may_be_tagged(&self, next: &mut usize, end: usize) -> bool {
        let from = *next;
        *next += self.tags[from..].iter().take_while(|&&p| (p as usize) < end).count();
        *next > from || !self.views[0].text().is_empty()
    }

    /// Spans of event-time values of the last block, ascending.
    pub fn times(&self) -> &[(u32, u32)] {
        &self.times
    }

    /// The decoded value of a hit of the last block.
    pub fn value<'a>(&'a self, block: &'a [u8], hit: &Hit) -> Sensitive<'a> {
        let text = match hit.level {
            0 => block,
            ASIDE => &self.aside,
            n => self.views[n as usize - 1].text(),
        };
        Sensitive::new(&text[hit.value_start as usize..hit.value_end as usize])
    }

    /// Appends `replacement` to `out`, written as the hit was.
    pub fn encode(&self, hit: &Hit, replacement: &[u8], out: &mut Vec<u8>, scratch: &mut Vec<u8>) {
        if hit.depth == 0 {
            return out.extend_from_slice(replacement);
        }
        let from = out.len();
        out.extend_from_slice(replacement);
        for level in (0..(hit.depth as usize).min(LEVELS)).rev() {
            scratch.clear();
            scratch.extend_from_slice(&out[from..]);
            out.truncate(from);
            encode(scratch, hit.carriers[level], needs_quote_care(scratch), out);
        }
    }
}

fn needs_quote_care(v: &[u8]) -> bool {
    v.iter().any(|b| matches!(b, b'"' | b'\\'))
}

/// Carries a hit of level `level` to its parent. The key in front of a region is shown to be read with it: what is found in
/// the key alone was found in the parent, too.
fn raise(hit: &Hit, level: u8, view: &View) -> Option<Hit> {
    let mut h = *hit;
    let (s, e) = (hit.start as usize, hit.end as usize);
    let region = view.region(e - 1)?.start as usize;
    if view.origin(e - 1) < region {
        return None;
    }
    if hit.level == 0 {
        h.level = level;
    }
    let mut carriers = view.carriers(s, e);
    if hit.bare_json || carriers == Carriers::RAW && hit.carriers.iter().any(|&c| c != Carriers::RAW) {
        // Quotes and escapes that the replacement brings must be written as the region writes its own.
        carriers = carriers.with(view.region_carriers(s));
    }
    h.depth += 1;
    h.carriers.copy_within(0..LEVELS - 1, 1);
    h.carriers[0] = carriers;
    h.start = view.origin(s).max(region) as u32;
    h.end = view.origin_end(e) as u32;
    h.anchor = view.origin(hit.anchor as usize) as u32;
    Some(h)
}

/// Shows every stretch with escapes in `view`, in ascending order.
fn show_escapes(t: &[u8], scan: &Scanner, view: &mut View) {
    let mut slash =
        scan.events.of(kind::BACKSLASH).iter().map(|&p| p as usize).filter(|&p| is_escape(&t[p..])).peekable();
    let mut pct = scan.events.of(kind::PERCENT).iter().map(|&p| p as usize - 2).peekable();
    let mut wides = scan.events.of(kind::WIDE).iter().map(|&p| p as usize).filter(|&p| is_wide(t, p)).peekable();
    let mut done = 0;
    loop {
        let next = [slash.peek(), pct.peek(), wides.peek()].into_iter().flatten().min().copied();
        let Some(p) = next else { break };
        if p < done {
            skip_to(&mut slash, done);
            skip_to(&mut pct, done);
            skip_to(&mut wides, done);
            continue;
        }
        if slash.peek() == Some(&p) || backslash_joins(t, p, slash.peek().copied()) {
            let start = memchr::memrchr2(b'"', b'\n', &t[done..p]).map_or(done, |i| done + i + 1);
            view.push_context(t, key_before(t, start, done), start);
            done = view.push_backslash(t, start);
        } else if pct.peek() == Some(&p) {
            let (start, end) = token(t, p, done);
            view.push_context(t, key_before(t, start, done), start);
            view.push_percent(t, start, end);
            done = end;
        } else {
            let (start, end) = wide_run(t, p, done);
            view.push_wide(t, start, end);
            done = end;
        }
        done = done.max(p + 1);
    }
}

/// Longest key that is shown with the value behind it.
const KEY: usize = 48;

/// Where the key of a quoted value that begins at `start` begins: `"key":"`; `start` when there is none.
fn key_before(t: &[u8], start: usize, floor: usize) -> usize {
    let low = floor.max(start.saturating_sub(KEY));
    let head = t[low..start].strip_suffix(b"\"").unwrap_or_default().trim_ascii_end();
    let Some(key) = head.strip_suffix(b":").and_then(|k| k.trim_ascii_end().strip_suffix(b"\"")) else { return start };
    memchr::memrchr2(b'"', b'\n', key).filter(|&i| key[i] == b'"').map_or(start, |i| low + i)
}

/// True when a backslash follows in the same quoted text: then one region holds both kinds of escapes.
fn backslash_joins(t: &[u8], p: usize, slash: Option<usize>) -> bool {
    slash.is_some_and(|s| memchr::memchr2(b'"', b'\n', &t[p..s]).is_none())
}

fn skip_to(it: &mut std::iter::Peekable<impl Iterator<Item = usize>>, done: usize) {
    while it.next_if(|&p| p < done).is_some() {}
}

/// A full-width digit or at sign: text around it is shown in ASCII.
fn is_wide(t: &[u8], p: usize) -> bool {
    matches!(wide(&t[p..]), Some(b'0'..=b'9' | b'@'))
}

/// The run of bytes around `p` that a URL or a form may hold.
fn token(t: &[u8], p: usize, floor: usize) -> (usize, usize) {
    let ends = |b: &u8| *b <= b' ' || matches!(b, b'"' | b'\'' | b'<' | b'>' | 0x7F);
    let start = t[floor..p].iter().rposition(ends).map_or(floor, |i| floor + i + 1);
    let end = t[p..].iter().position(ends).map_or(t.len(), |i| p + i);
    (start, end)
}

/// The text around the full-width character at `p`, up to quotes or line ends: no number or value may run over its edge, as only
/// the part inside would be seen.
fn wide_run(t: &[u8], p: usize, floor: usize) -> (usize, usize) {
    let start = memchr::memrchr2(b'\n', b'"', &t[floor..p]).map_or(floor, |i| floor + i + 1);
    let end = memchr::memchr2(b'\n', b'"', &t[p..]).map_or(t.len(), |i| p + i);
    (start, end)
}
