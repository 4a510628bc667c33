//! Where is it? One pass over a block finds candidates of all entity families; validators confirm them; text in
//! escapes is decoded into views that the same pass reads; overlaps are resolved.

mod blob;
pub mod check;
mod columns;
mod commands;
pub mod custom;
mod doubled;
mod escapes;
mod fold;
pub mod hit;
pub mod keys;
mod memo;
mod messages;
pub mod positional;
mod recognize;
pub mod resolve;
#[allow(missing_docs)]
pub mod scan;
mod sentences;
mod sequence;
pub mod sniffer;
pub mod urls;

use crate::format::encode::{encode, is_plain};
use crate::format::flat::Flat;
use crate::format::terminal::ESC;
use crate::format::view::{Region, View};
use crate::model::{Carriers, Sensitive};
pub use blob::Blob;
use blob::Blobs;
use custom::Custom;
use hit::{ASIDE, Hit, LEVELS};
use keys::{Memo, Registry};
use positional::{Fields, Format, Layouts};
use recognize::{Found, Text};
use scan::{Kernel, Scanner, kind};
use sequence::Sequence;
use urls::{Urls, Values};

/// Finds identifiers in blocks. One per worker: it owns the scratch space, which holds values only until the next block.
pub struct Detector<'r> {
    registry: &'r Registry,
    layouts: &'r Layouts,
    custom: &'r Custom,
    matches: custom::Scratch,
    fields: Fields,
    unparsed: u64,
    count: bool,
    scanner: Scanner,
    memo: Memo,
    sequence: Sequence,
    views: [View; LEVELS],
    flat: Flat,
    hits: [Vec<Hit>; LEVELS + 1],
    times: Vec<(u32, u32)>,
    deep_times: Vec<(u32, u32)>,
    tags: Vec<u32>,
    deep_tags: Vec<u32>,
    messages: Vec<(u32, keys::Says)>,
    lines: scan::List,
    settled: recognize::Settled,
    aside: Vec<u8>,
    blobs: Blobs,
    asked: Option<&'r Urls>,
    urls: urls::Scratch,
    scratch: View,
    order: Vec<u64>,
    resolved: Vec<Hit>,
}

impl<'r> Detector<'r> {
    /// A detector over the keys of `registry`, the formats of `layouts` and the rules of `custom`.
    pub fn new(registry: &'r Registry, layouts: &'r Layouts, custom: &'r Custom, kernel: Kernel) -> Self {
        Detector {
            registry,
            layouts,
            custom,
            matches: custom::Scratch::default(),
            fields: Fields::default(),
            unparsed: 0,
            count: false,
            scanner: Scanner::new(kernel),
            memo: Memo::default(),
            sequence: Sequence::default(),
            views: Default::default(),
            flat: Flat::default(),
            hits: Default::default(),
            times: Vec::new(),
            deep_times: Vec::new(),
            tags: Vec::new(),
            deep_tags: Vec::new(),
            messages: Vec::new(),
            lines: scan::List::default(),
            settled: recognize::Settled::default(),
            aside: Vec::new(),
            blobs: Blobs::default(),
            asked: None,
            urls: urls::Scratch::default(),
            scratch: View::default(),
            order: Vec::new(),
            resolved: Vec::new(),
        }
    }

    /// Asks for the count of records that don't have the format of their stream: then every one is read field by field.
    pub fn count_unparsed(&mut self, count: bool) {
        self.count = count;
    }

    /// Asks for parts of URLs, too.
    pub fn look_for_urls(&mut self, urls: Option<&'r Urls>) {
        self.asked = urls;
    }

    /// Finds all identifiers of a block of records in `format`; spans are ascending and do not overlap.
    pub fn run(&mut self, block: &[u8], format: Format) -> &[Hit] {
        self.aside.clear();
        self.blobs.clear();
        self.times.clear();
        self.tags.clear();
        self.urls.clear();
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
            // All are rare: one search for three.
            let rare = memchr::memchr3(b'^', ESC, b'$', bytes).map_or(&[][..], |i| &bytes[i..]);
            let holds = |b| memchr::memchr(b, rare).is_some();
            let (carets, esc, dollars) = (holds(b'^'), holds(ESC), holds(b'$'));
            let regions: &[Region] = match above.first_mut() {
                Some(view) if level + 1 < LEVELS => {
                    view.clear();
                    let contents = below.last().map_or(&[][..], View::contents);
                    escapes::show(bytes, &self.scanner, esc, contents, view);
                    view.escaped_regions()
                }
                Some(view) => {
                    // Shown in addition: where all is decoded at once, what told values apart may be gone.
                    view.clear();
                    escapes::flatten(bytes, &self.scanner, esc, &mut self.flat, view);
                    &[]
                }
                None => &[],
            };
            let text = Text {
                bytes,
                scan: &self.scanner,
                registry: self.registry,
                commands: self.layouts.commands(),
                regions,
                view: below.last(),
                carets,
                dollars,
            };
            self.deep_times.clear();
            self.deep_tags.clear();
            let mut found = Found {
                hits: &mut self.hits[level],
                aside: &mut self.aside,
                times: if level == 0 { &mut self.times } else { &mut self.deep_times },
                memo: &mut self.memo,
                sequence: &mut self.sequence,
                tags: if level == 0 { &mut self.tags } else { &mut self.deep_tags },
                settled: &mut self.settled,
                urls: &mut self.urls,
                scratch: &mut self.scratch,
                messages: &mut self.messages,
                line: recognize::Line::default(),
                tag: recognize::Tag::default(),
            };
            recognize::run(&text, &mut found);
            self.custom.run(&text, (block, below), &mut found, &mut self.matches);
            if level == 0 {
                self.unparsed =
                    positional::run(&text, &mut found, (self.layouts, format, self.count), &mut self.fields);
                if !found.times.is_sorted() {
                    found.times.sort_unstable();
                }
            }
            self.layouts.read_inside(&text, &mut found, level == 0, &mut self.fields);
            if let Some(asked) = self.asked {
                let (aside, scratch, memo) = (&mut self.aside, &mut self.scratch, &mut self.memo);
                self.urls.find(&text, asked, level, below.last(), &mut Values { aside, scratch, memo });
            }
            if level == 0 {
                self.scanner.events.swap(kind::LINE, &mut self.lines);
            }
        }
        for level in (1..=depth).rev() {
            let (shallow, deep) = self.hits.split_at_mut(level);
            let view = &self.views[level - 1];
            let up = |hit: &Hit| raise(hit, level as u8, view);
            self.blobs.raise(
                &deep[0],
                (level as u8, self.registry.weak()),
                view,
                &mut shallow[level - 1],
                &mut self.order,
                up,
            );
            self.urls.raise(level, view);
        }
        resolve::resolve(&mut self.hits[0], self.registry.weak(), &mut self.order, &mut self.resolved);
        self.urls.weave(&mut self.resolved);
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

    /// True when the record `start..end` may hold a tag of ours; `next` starts at zeros, and records are asked for in
    /// order.
    pub fn may_be_tagged(&self, next: &mut [usize; 2], start: usize, end: usize) -> bool {
        let [tag, region] = next;
        let from = *tag;
        *tag += self.tags[from..].iter().take_while(|&&p| (p as usize) < end).count();
        // What stands in escapes may be one, too.
        let regions = self.views[0].regions();
        *region += regions[*region..].iter().take_while(|r| (r.end as usize) < start).count();
        *tag > from || regions.get(*region).is_some_and(|r| (r.start as usize) < end)
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

    /// The run of base64 that a hit of the last block stands for, and its decoded text.
    pub fn blob(&self, hit: &Hit) -> Option<(Blob<'_>, &[u8])> {
        let blob = self.blobs.get(hit.blob)?;
        let text = self.views[blob.level as usize - 1].text();
        Some((blob, text))
    }

    /// Appends `replacement` to `out`, written as the hit was.
    pub fn encode(&self, hit: &Hit, replacement: &[u8], out: &mut Vec<u8>, scratch: &mut Vec<u8>) {
        if hit.depth == 0 || is_plain(replacement) {
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
    let s = hit.start as usize;
    let traced = view.trace(s, hit.end as usize, hit.anchor as usize)?;
    if hit.level == 0 {
        h.level = level;
    }
    let mut carriers = traced.carriers;
    if hit.bare_json || hit.blob != 0 || carriers == Carriers::RAW && hit.carriers.iter().any(|&c| c != Carriers::RAW) {
        // Quotes and escapes that the replacement brings must be written as the region writes its own.
        carriers = carriers.with(view.region_carriers(s));
    }
    h.depth += 1;
    h.carriers.copy_within(0..LEVELS - 1, 1);
    h.carriers[0] = carriers;
    (h.start, h.end, h.anchor) = (traced.start, traced.end, traced.anchor);
    Some(h)
}
