//! Confirms events: each family of identifiers in its own file and its own loop.

mod account;
mod acting;
mod american;
mod array;
mod arrow;
mod attribute;
mod beside;
mod bracketed;
mod command;
pub mod configured;
mod copula;
mod crypt;
mod defanged;
mod digits;
mod document;
mod element;
mod email;
mod enclosed;
mod extent;
mod form;
mod groups;
mod hexid;
mod iban;
mod ipv4;
mod ipv6;
mod issuers;
pub mod keyed;
mod login;
mod monitor;
mod naming;
mod numbered;
mod numeric;
mod option;
mod pairs;
mod papers;
mod passcode;
mod place;
mod plain;
mod prose;
mod quotes;
mod release;
mod reverse;
mod secret;
mod separators;
mod serialized;
mod settled;
pub mod special;
mod sql;
mod stands;
mod stripe;
mod tuple;
mod typed;
mod version;
mod wide;
mod words;

pub use attribute::Tag;
pub use naming::ends_phrase;
pub use settled::Settled;

use super::check::container;
use super::commands::Commands;
use super::hit::{ASIDE, Hit};
use super::keys::{Exempt, KeyClass, Memo, Registry, Says};
use super::scan::Scanner;
use super::scan::bits::Task;
use super::sequence::Sequence;
use super::urls;
use crate::format::view::{Region, View};
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// One text (the block, or a decoded view of it) under recognition.
pub struct Text<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Events and bitmaps of these bytes.
    pub scan: &'a Scanner,
    /// Keys of the rules.
    pub registry: &'a Registry,
    /// Options of programs.
    pub commands: &'a Commands,
    /// Regions that a deeper view shows: nothing that begins there is reported here.
    pub regions: &'a [Region],
    /// The view that this text is, when it is one.
    pub view: Option<&'a View>,
    /// It holds a `^`, which parts the members of LEEF.
    pub carets: bool,
    /// It holds a `$`.
    pub dollars: bool,
}

/// What the recognisers of one worker write to.
pub struct Found<'a> {
    /// Confirmed candidates of this text.
    pub hits: &'a mut Vec<Hit>,
    /// Decoded values that stand in no view.
    pub aside: &'a mut Vec<u8>,
    /// Values of event-time keys, as spans of this text.
    pub times: &'a mut Vec<(u32, u32)>,
    /// Key memo.
    pub memo: &'a mut Memo,
    /// The order of keys.
    pub sequence: &'a mut Sequence,
    /// Separators of keys that name a tag of ours.
    pub tags: &'a mut Vec<u32>,
    /// Scratch for single values.
    pub scratch: &'a mut View,
    /// What the keys of this text have settled.
    pub settled: &'a mut Settled,
    /// Columns that hold URLs.
    pub urls: &'a mut urls::Scratch,
    /// Separators of members that hold what programs wrote, and of those that name them.
    pub messages: &'a mut Vec<(u32, Says)>,
    /// The line looked at last.
    pub line: Line,
    /// The tag looked at last.
    pub tag: attribute::Tag,
}

/// A line of a text and whether it looks like JSON.
#[derive(Clone, Copy, Default)]
pub struct Line {
    end: usize,
    start: usize,
    /// Where it begins behind a key that a view shows in front.
    content: usize,
    json: bool,
    /// Quotes up to here are counted.
    counted: usize,
    /// A string is open there.
    open: bool,
}

impl Line {
    /// Moves to the line that holds `pos`. Ascending calls cost one pass over the text in all.
    fn seek(&mut self, text: &Text<'_>, pos: usize) -> bool {
        let t = text.bytes;
        if pos < self.start {
            *self = Line::default();
        }
        while pos >= self.end && self.end < t.len() {
            self.start = self.end;
            self.end = memchr::memchr(b'\n', &t[self.start..]).map_or(t.len(), |i| self.start + i + 1);
            self.content = text.content_of(self.start, self.end);
            self.content += container::prefix(&t[self.content..self.end]);
            self.json = match t[self.content] {
                b'[' => true,
                // `{user=alice, ids=[1, 2]}` is no JSON.
                b'{' => {
                    let first = t[self.content + 1..self.end].iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r'));
                    matches!(first, None | Some(b'"' | b'}' | b'\n' | b'\\'))
                }
                _ => false,
            };
            (self.counted, self.open) = (self.content, false);
        }
        self.json
    }

    /// True when the double quotes of the line before `pos` leave a string open. As cheap as [`Line::seek`].
    fn in_string(&mut self, text: &Text<'_>, pos: usize) -> bool {
        let t = text.bytes;
        self.seek(text, pos);
        if self.counted > pos {
            (self.counted, self.open) = (self.content.min(pos), false);
        }
        loop {
            let stop = text.scan.maps.stops.next(self.counted, pos);
            // A backslash takes the sign behind it along.
            let behind = stop + 1 + usize::from(t.get(stop) == Some(&b'\\'));
            if stop >= pos || behind > pos {
                break;
            }
            self.open ^= t[stop] == b'"';
            self.counted = behind;
        }
        self.open
    }
}

impl Found<'_> {
    fn push(&mut self, start: usize, end: usize, entity: EntityId, rule: RuleId, confidence: Confidence) -> &mut Hit {
        let at = self.hits.len();
        self.hits.push(Hit::new(start, end, entity, rule, confidence));
        &mut self.hits[at]
    }

    /// Reports a value whose plain form has been written to `aside` from `from` on.
    fn normalised(
        &mut self,
        start: usize,
        end: usize,
        from: usize,
        entity: EntityId,
        rule: RuleId,
        confidence: Confidence,
    ) -> &mut Hit {
        let to = self.aside.len() as u32;
        let hit = self.push(start, end, entity, rule, confidence);
        hit.level = ASIDE;
        (hit.value_start, hit.value_end) = (from as u32, to);
        hit
    }

    /// Reports a match of a user's rule.
    pub fn custom(&mut self, start: usize, end: usize, entity: EntityId, confidence: Confidence) -> &mut Hit {
        self.push(start, end, entity, RuleId::Custom, confidence)
    }
}

/// Runs every recogniser.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    found.settled.begin(text.bytes.len());
    text.scan.bits.run(keyed::Keys { text, found });
    text.scan.bits.run(Shapes { text, found });
    email::run(text, found);
    defanged::run(text, found);
    secret::run(text, found);
    issuers::run(text, found);
    crypt::run(text, found);
    document::run(text, found);
    words::run(text, found);
    passcode::run(text, found);
    option::run(text, found);
    place::run(text, found);
    account::run(text, found);
    login::run(text, found);
    escapes_stay(text, found);
}

/// `\b` and `\f` of JSON are not decoded: a finding that begins with their letter would leave a backslash alone.
fn escapes_stay(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    for i in 0..found.hits.len() {
        let s = found.hits[i].start as usize;
        if text.before(s) != b'\\' || !matches!(t[s], b'b' | b'f') {
            continue;
        }
        let slashes = t[..s].iter().rev().take_while(|b| **b == b'\\').count();
        if slashes % 2 == 1 && (text.view.is_some() || found.line.seek(text, s)) {
            let hit = &mut found.hits[i];
            hit.start = (hit.start + 1).min(hit.end - 1);
        }
    }
}

/// The shapes that are read from bitmaps.
struct Shapes<'a, 'f> {
    text: &'a Text<'a>,
    found: &'a mut Found<'f>,
}

impl Task for Shapes<'_, '_> {
    #[inline(always)]
    fn run(self) {
        ipv4::run(self.text, self.found);
        ipv6::run(self.text, self.found);
        digits::run(self.text, self.found);
        groups::run(self.text, self.found);
        hexid::run(self.text, self.found);
        numbered::run(self.text, self.found);
    }
}

/// Tells of ascending positions whether they lie in a region.
pub struct Skip<'a> {
    regions: &'a [Region],
}

impl<'a> Skip<'a> {
    /// Over regions in ascending order.
    pub fn new(regions: &'a [Region]) -> Self {
        Skip { regions }
    }
    /// True when `pos`, which must not go down between calls, lies in a region.
    #[inline]
    pub fn covers(&mut self, pos: usize) -> bool {
        self.shown(pos) > 0
    }
    /// Where the region ends that `pos` lies in, or 0. Positions must not go down between calls.
    #[inline]
    pub fn shown(&mut self, pos: usize) -> usize {
        while let [first, rest @ ..] = self.regions {
            if pos < first.end as usize {
                return if pos >= first.start as usize { first.end as usize } else { 0 };
            }
            self.regions = rest;
        }
        0
    }
}

impl Text<'_> {
    /// Where the line `start..end` begins in its own right: behind the key that a view shows in front of it.
    fn content_of(&self, start: usize, end: usize) -> usize {
        let contents = self.contents();
        let i = contents.partition_point(|&c| (c as usize) < start);
        contents.get(i).map(|&c| c as usize).filter(|c| *c < end).unwrap_or(start)
    }

    /// Where the regions of this text begin behind their keys, when it is a view.
    pub fn contents(&self) -> &[u32] {
        self.view.map_or(&[], View::contents)
    }

    /// `password=a%26b`: the separator at `sep` was no escape, but the byte at `i` was one of percent signs: it belongs to the
    /// value, whatever it would mean by itself (RFC 3986 section 2.2).
    #[inline]
    pub fn is_data(&self, sep: usize, i: usize) -> bool {
        self.view.is_some_and(|v| i < self.bytes.len() && v.is_percent(i) && !v.is_percent(sep))
    }

    /// True when a deeper view shows what stands at `p`; [`Skip`] tells it of ascending positions for less.
    fn is_shown(&self, p: usize) -> bool {
        let n = self.regions.partition_point(|r| r.end as usize <= p);
        self.regions.get(n).is_some_and(|r| r.start as usize <= p)
    }

    /// Byte at `i`, or a line feed outside the text.
    #[inline]
    pub fn at(&self, i: usize) -> u8 {
        self.bytes.get(i).copied().unwrap_or(b'\n')
    }

    /// Byte before `i`, or a line feed.
    #[inline]
    pub fn before(&self, i: usize) -> u8 {
        if i == 0 { b'\n' } else { self.at(i - 1) }
    }

    /// Where the value behind a separator begins: behind blanks and one quote.
    #[inline]
    pub fn bare_start(&self, i: usize) -> usize {
        let i = keyed::behind_blanks(self, i);
        i + usize::from(matches!(self.at(i), b'"' | b'\''))
    }

    /// True when the separator at `sep` ends a tag of XML: `->` ends none.
    #[inline(always)]
    pub fn is_tag(&self, sep: usize) -> bool {
        self.at(sep) == b'>' && self.before(sep) != b'-'
    }

    /// True when the byte at `i` stood in an escape.
    #[inline]
    pub fn is_escape(&self, i: usize) -> bool {
        self.view.is_some_and(|v| v.is_escape(i))
    }

    /// What the key or word to the left of a value says of it: `key=`, `"key":"`, `<key>`, `key/`, `key `, `关键字`.
    pub fn left_key(&self, memo: &mut Memo, value: usize) -> Left {
        let t = self.bytes;
        let mut i = value;
        while i > 0 && matches!(t[i - 1], b'"' | b'\'' | b'[' | b'(' | b'+') && value - i < 3 {
            i -= 1;
        }
        let spaces = i;
        while i > 0 && t[i - 1] == b' ' && spaces - i < 2 {
            i -= 1;
        }
        let mut mark = self.before(i);
        if mark == b'>' && element::opens(self, i - 1) {
            (i, mark) = (i - 1, b'=');
        } else if matches!(mark, b'=' | b':' | b'/') {
            i -= 1;
        } else if i >= 3 && t[i - 3..i] == *"：".as_bytes() {
            i -= 3;
            mark = b':';
        } else {
            mark = if i < value { b' ' } else { 0 };
            if mark == 0 && self.before(i) < 0x80 {
                return Left::default();
            }
        }
        while i > 0 && (t[i - 1] == b'"' || t[i - 1] == b'\'' || t[i - 1] == b' ' && mark != b' ') {
            i -= 1;
        }
        let len = self.scan.maps.keychars.run_before(i);
        let mut class = self.registry.class(memo.classify(self.registry, t, len, i));
        // `/devices/490154203237518/up`: topics and routes name what follows.
        if mark == b'/' && class.is_unknown() && DEVICES.contains(&&t[i - len..i]) {
            class.entity = Some((e::DEVICE_ID, Shape::DeviceId));
        }
        Left { class, mark, key_start: i - len }
    }

    /// A bare 11-digit number is no phone in these places.
    fn is_number_field(&self, start: usize, end: usize, left: &Left) -> bool {
        // `call us 13800138000`: a short word and a blank is prose, not a key.
        let letter = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$') || **b >= 0x80;
        let word = || self.bytes[left.key_start..start].iter().take_while(letter).count();
        let prose = left.mark == b' ' && word() <= 2;
        if left.class.exempt != Exempt::No && !prose {
            return true;
        }
        let t = self.bytes;
        // `"GET / HTTP/1.1" 200 13912345678 "-"`: the byte counter behind a quoted request and a status.
        if start >= 6 && t[start - 1] == b' ' && t[start - 5] == b' ' && t[start - 6] == b'"' {
            return t[start - 4..start - 1].iter().all(u8::is_ascii_digit);
        }
        if left.mark == b' ' && start > 1 && t[start - 2] == b'}' && is_sample(&t[..start - 2]) {
            return true;
        }
        let after = &t[end.min(t.len())..];
        let Some(first) = after.first() else { return false };
        // `13800138001 user`: a word only begins as a unit does.
        let ends = |rest: &[u8]| {
            rest.first().is_none_or(|b| b.is_ascii_whitespace() || b",;.)]}\"'".contains(b) || *b >= 0x80)
        };
        // Most have another first byte.
        let begins = |u: &&str| u.as_bytes()[0] == *first;
        let unit =
            |u: &&str| begins(u) && after.strip_prefix(u.as_bytes()).is_some_and(|rest| !u.is_ascii() || ends(rest));
        UNITS.iter().any(unit)
    }

    /// True when the token at this span is a bare JSON number or word, whose replacement needs quotes.
    pub fn is_bare_json(&self, found: &mut Found<'_>, start: usize, end: usize) -> bool {
        // Other words are no JSON.
        if !matches!(self.at(start), b'0'..=b'9' | b'-' | b't' | b'f' | b'n') {
            return false;
        }
        let solid = |b: &u8| !matches!(b, b' ' | b'\t' | b'\r');
        let left = self.bytes[..start].iter().rposition(solid).map(|i| (self.bytes[i], i));
        let Some(close) = self.bytes[end..].iter().position(solid).map(|n| end + n) else { return false };
        if !matches!(self.bytes[close], b',' | b'}' | b']') {
            return false;
        }
        match left {
            Some((b':', i)) => {
                let quote = self.bytes[..i].iter().rposition(solid).unwrap_or(0);
                // `":13800138001}"`: a mark before the quote makes it one that opens a string.
                let opens = matches!(self.before(quote), b':' | b',' | b'{' | b'[' | b' ' | b'\n');
                self.at(quote) == b'"' && !(opens && found.line.in_string(self, i))
            }
            Some((mark @ (b'[' | b','), i)) => {
                // `[13800138001][main] text`: brackets that are no array's.
                let after = || self.bytes[close + 1..].iter().copied().find(solid).unwrap_or(b'\n');
                let ends = self.bytes[close] != b']' || matches!(after(), b',' | b']' | b'}' | b'\n');
                let begins = mark == b',' || !matches!(self.bytes[..i].iter().rfind(|b| solid(b)), Some(b']'));
                ends && begins && found.line.seek(self, i) && !found.line.in_string(self, i)
            }
            _ => false,
        }
    }
}

/// `heap_bytes{area="old"` (Prometheus): what stands behind the labels of a metric is a sample of it.
fn is_sample(head: &[u8]) -> bool {
    let low = head.len().saturating_sub(keyed::MAX_VALUE);
    let open = memchr::memrchr2(b'{', b'\n', &head[low..]).map(|i| low + i).filter(|&i| i > 0 && head[i] == b'{');
    let named = |i: usize| head[i - 1].is_ascii_alphanumeric() || matches!(head[i - 1], b'_' | b':');
    head.ends_with(b"\"") && open.is_some_and(named)
}

/// Segments of a path before the id of a device.
const DEVICES: &[&[u8]] = &[b"device", b"devices", b"terminal", b"terminals", b"handset"];

/// Words behind a number that make it a quantity.
const UNITS: &[&str] = &[
    "字节", "元", "次", "条", "个", "毫秒", "微秒", "纳秒", "秒", "bytes", " bytes", "ms", "us", "ns", " ms", " us",
    " ns", "B", "KB", "MB",
];

/// What stands to the left of a value.
#[derive(Clone, Copy, Default)]
pub struct Left {
    /// What the rules say of the key.
    pub class: KeyClass,
    /// The separator: `=`, `:`, `/`, a blank, or 0 for a word that touches the value.
    pub mark: u8,
    /// Where the key begins.
    pub key_start: usize,
}
