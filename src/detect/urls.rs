//! URLs whose parts a policy wants to see go: request targets, referrers, values of URL keys.

use super::check::output;
use super::hit::{ASIDE, Hit};
use super::keys::{KeyClass, Memo, Registry};
use super::recognize::Text;
use super::scan::kind;
use crate::format::url::{self, Part};
use crate::format::view::{View, decode_all};
use crate::model::{Confidence, RuleId, Shape, well_known as e};
use std::cmp::Reverse;
use std::ops::Range;

/// What a policy says of URLs, compiled.
#[derive(Clone, Debug, Default)]
pub struct Urls {
    /// Names of parameters whose values stay, and whether more may follow the name.
    keep: Vec<(Box<[u8]>, bool)>,
    /// Segments of paths that are no words are found, too.
    route: bool,
}

impl Urls {
    /// `query` lists parameters whose values stay; a `*` at the end of a name stands for anything.
    pub fn new(query: &[String], route: bool) -> Urls {
        let name = |k: &String| match k.strip_suffix('*') {
            Some(front) => (front.as_bytes().into(), true),
            None => (k.as_bytes().into(), false),
        };
        Urls { keep: query.iter().map(name).collect(), route }
    }

    fn keeps(&self, name: &[u8]) -> bool {
        self.keep.iter().any(|(k, more)| if *more { name.starts_with(k) } else { name == &**k })
    }
}

/// A URL or a query string in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    start: u32,
    end: u32,
    query: bool,
    /// A column: nothing else tells better where the value ends.
    exact: bool,
}

impl Place {
    fn new(start: usize, end: usize) -> Place {
        Place { start: start as u32, end: end as u32, query: false, exact: false }
    }

    /// The value `span` of a key or column of that class; nothing when it names none.
    pub fn of(class: KeyClass, span: &Range<usize>) -> Option<Place> {
        let query = class.has_shape(&[Shape::Query]);
        let is = query || class.has_shape(&[Shape::Url]);
        is.then_some(Place { query, ..Place::new(span.start, span.end) })
    }
}

/// Scratch space: URLs of each level of views, and their parts.
#[derive(Default)]
pub struct Scratch {
    places: Vec<Place>,
    /// What was looked at, in each text from the block inwards.
    seen: [Vec<(u32, u32)>; super::hit::LEVELS + 1],
    /// Parts found, in each text from the block inwards.
    parts: [Vec<Hit>; super::hit::LEVELS + 1],
    woven: Vec<Hit>,
}

/// Where decoded values go.
pub struct Values<'a> {
    /// Values that stand in no view.
    pub aside: &'a mut Vec<u8>,
    /// Scratch for single values.
    pub scratch: &'a mut View,
    /// Key memo.
    pub memo: &'a mut Memo,
}

impl Scratch {
    /// Forgets the block before.
    pub fn clear(&mut self) {
        self.seen.iter_mut().for_each(Vec::clear);
        self.parts.iter_mut().for_each(Vec::clear);
        self.places.clear();
    }

    /// Notes a column that holds a URL.
    pub fn column(&mut self, place: Place) {
        self.places.push(Place { exact: true, ..place });
    }

    /// Finds the parts of the URLs of a text, `level` views deep; `view` shows it.
    pub fn find(&mut self, text: &Text<'_>, urls: &Urls, level: usize, view: Option<&View>, values: &mut Values<'_>) {
        let inner = view.is_some();
        keyed(text, values.memo, inner, &mut self.places);
        absolute(text, inner, &mut self.places);
        targets(text, &mut self.places);
        self.places.sort_unstable_by_key(|p| (p.start, !p.exact, Reverse(p.end)));
        let mut done = 0;
        for i in 0..self.places.len() {
            let p = self.places[i];
            if p.start < done || p.start >= p.end {
                continue;
            }
            done = p.end;
            if deeper(text, p, level) {
                continue;
            }
            self.seen[level].push((p.start, p.end));
            if !view.is_some_and(|v| known(v, &self.seen[level - 1], p)) {
                take(text, urls, p, values, &mut self.parts[level]);
            }
        }
        self.places.clear();
    }

    /// Carries the parts of a text, `level` views deep, to its parent.
    pub fn raise(&mut self, level: usize, view: &View) {
        let (above, below) = self.parts.split_at_mut(level);
        above[level - 1].extend(below[0].iter().filter_map(|h| super::raise(h, level as u8, view)));
    }

    /// Puts the parts of level 0 between the findings of `resolved`; a part that holds findings is cut around them.
    pub fn weave(&mut self, resolved: &mut Vec<Hit>) {
        let (parts, out) = (&mut self.parts[0], &mut self.woven);
        if parts.is_empty() {
            return;
        }
        parts.sort_by_key(|h| h.start);
        out.clear();
        let mut others = resolved.iter().peekable();
        let mut at = 0;
        for part in parts.iter() {
            at = at.max(part.start);
            while let Some(h) = others.next_if(|h| h.start < part.end) {
                cut(part, at, h.start.min(part.end), out);
                out.push(*h);
                at = at.max(h.end);
            }
            cut(part, at, part.end, out);
            at = at.max(part.end);
        }
        out.extend(others);
        std::mem::swap(resolved, out);
    }
}

fn cut(part: &Hit, start: u32, end: u32, out: &mut Vec<Hit>) {
    if start >= end {
        return;
    }
    let mut h = Hit { start, end, ..*part };
    if h.level == 0 {
        (h.value_start, h.value_end) = (start, end);
    }
    out.push(h);
}

/// True for what a deeper view shows without its JSON escapes: there it is taken.
fn deeper(text: &Text<'_>, p: Place, level: usize) -> bool {
    let v = &text.bytes[p.start as usize..p.end as usize];
    level + 1 < super::hit::LEVELS
        && memchr::memchr_iter(b'\\', v).any(|i| matches!(v.get(i + 1), Some(b'"' | b'\\' | b'/' | b'u' | b'n')))
}

/// True when a URL of a view was looked at in its parent, or stands in base64.
fn known(view: &View, seen: &[(u32, u32)], p: Place) -> bool {
    let (start, end) = (p.start as usize, p.end as usize);
    let Some(from) = view.trace(start, start + 1, start) else { return true };
    let to = view.trace(end - 1, end, end - 1).map_or(from.end, |t| t.end);
    let i = seen.partition_point(|s| s.1 <= from.start);
    view.blob(start).is_some() || seen.get(i).is_some_and(|s| s.0 < to)
}

fn take(text: &Text<'_>, urls: &Urls, p: Place, values: &mut Values<'_>, out: &mut Vec<Hit>) {
    let start = p.start as usize;
    let v = &text.bytes[start..p.end as usize];
    let mut each = |part: Part, r: Range<usize>| {
        let raw = &v[r.clone()];
        if raw == b"-" || output::is(raw) {
            return;
        }
        let entity = if part == Part::Value { e::URL } else { e::PATH };
        let mut h = Hit::new(start + r.start, start + r.end, entity, RuleId::Url, Confidence::Keyed);
        if memchr::memchr2(b'%', b'\\', raw).is_some() {
            h.level = ASIDE;
            h.value_start = values.aside.len() as u32;
            decode_all(raw, values.aside, values.scratch);
            h.value_end = values.aside.len() as u32;
        }
        out.push(h);
    };
    if p.query {
        url::query(v, 0..v.len(), |k| urls.keeps(k), &mut each);
    } else {
        url::parts(v, urls.route, |k| urls.keeps(k), each);
    }
}

/// Values of keys that name a URL or a query string.
fn keyed(text: &Text<'_>, memo: &mut Memo, inner: bool, out: &mut Vec<Place>) {
    for &p in text.scan.events.of(kind::KEY) {
        let p = p as usize;
        let mut end = p - usize::from(text.before(p) == b' ');
        end -= usize::from(matches!(text.before(end), b'"' | b'\''));
        let len = text.scan.maps.keychars.run_before(end);
        let class = class(text.registry, memo, text.bytes, len, end);
        if class.is_unknown() {
            continue;
        }
        let start = text.bare_start(p + 1);
        let mut to = end_of(text, start, inner);
        if matches!(text.before(end - len), b'&' | b'?') {
            to = memchr::memchr(b'&', &text.bytes[start.min(to)..to]).map_or(to, |n| start + n);
        }
        out.extend(Place::of(class, &(start..to)));
    }
}

fn class(registry: &Registry, memo: &mut Memo, t: &[u8], len: usize, end: usize) -> KeyClass {
    if len == 0 { KeyClass::default() } else { registry.class(memo.classify(registry, t, len, end)) }
}

/// `scheme://...`
fn absolute(text: &Text<'_>, inner: bool, out: &mut Vec<Place>) {
    for i in memchr::memmem::find_iter(text.bytes, b"://") {
        let letters = text.bytes[..i].iter().rev().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
        let start = i - letters;
        let end = end_of(text, start, inner);
        if letters > 1 {
            out.push(Place::new(start, end));
        }
    }
}

/// `GET /path?query HTTP/1.1`, and other texts that begin like a path and hold a query.
fn targets(text: &Text<'_>, out: &mut Vec<Place>) {
    let t = text.bytes;
    let mut add = |start, end| out.push(Place::new(start, end));
    for i in memchr::memmem::find_iter(t, b" /") {
        let method = t[..i].iter().rev().take(12).take_while(|b| b.is_ascii_uppercase()).count();
        if METHODS.contains(&&t[i - method..i]) {
            add(i + 1, target_end(text, i + 1));
        }
    }
    for i in memchr::memchr_iter(b'?', t) {
        let low = i.saturating_sub(PATH);
        let start = t[low..i]
            .iter()
            .rposition(|b| ends(*b) || matches!(b, b'=' | b'(' | b'[' | b':' | b'|'))
            .map_or(low, |n| low + n + 1);
        if text.at(start) == b'/' {
            add(start, target_end(text, start));
        }
    }
}

/// Methods of requests (RFC 9110, 5789, 4918).
const METHODS: &[&[u8]] = &[
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"PATCH",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PROPFIND",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"PURGE",
];

/// Longest path in front of a query that has no method.
const PATH: usize = 2048;

fn ends(b: u8) -> bool {
    b <= b' ' || matches!(b, b'"' | b'\'' | b'<' | b'>' | 0x7F)
}

/// End of a request target: a blank and `HTTP/` end it whatever stands in it, else a blank or quote.
fn target_end(text: &Text<'_>, start: usize) -> usize {
    let t = text.bytes;
    let blank = t[start..].iter().position(|b| *b <= b' ').map_or(t.len(), |n| start + n);
    if t[blank..].starts_with(b" HTTP/") {
        return blank;
    }
    let mut end = t[start..blank].iter().position(|b| ends(*b)).map_or(blank, |n| start + n);
    // Marks of the sentence or list that the URL stands in.
    while end > start && matches!(t[end - 1], b',' | b'.' | b';' | b')' | b']' | b'}') {
        end -= 1;
    }
    end
}

/// End of a URL: the quote that opened it closes it, and a view's region that begins with it is all of it.
fn end_of(text: &Text<'_>, start: usize, inner: bool) -> usize {
    let t = text.bytes;
    let start = start.min(t.len());
    let line = memchr::memchr(b'\n', &t[start..]).map_or(t.len(), |n| start + n);
    let whole = inner && text.contents().binary_search(&(start as u32)).is_ok();
    match text.before(start) {
        _ if whole => line,
        q @ (b'"' | b'\'') => memchr::memchr(q, &t[start..line]).map_or(line, |n| start + n),
        _ => target_end(text, start),
    }
}
