//! Fields that their position names: layouts of access and error logs, and which of them a stream has.

use super::check::container;
use super::columns::{Columns, Headers};
use super::commands::Commands;
use super::hit::Hit;
use super::keys::{Exempt, KeyClass, Registry};
use super::messages;
use super::recognize::{Found, Text, keyed, special};
use super::scan::Maps;
use super::scan::kind;
use super::sentences::Sentences;
use super::urls::Place;
use crate::format::layout::{Layout, Marks, Plain};
use crate::model::{Confidence, RuleId, Shape};
use crate::rules::{FormatDef, Notation, RuleError, Ruleset};
use regex_automata::meta::Regex;
use std::ops::Range;

/// What a stream is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Any text.
    #[default]
    Text,
    /// The format of that number in [`Layouts`].
    Known(u8),
    /// Columns under the header of that number.
    Columns(u16),
}

enum Kind {
    Json,
    Positional(Positional),
}

struct Positional {
    layout: Layout,
    /// What a record must look like besides, where the layout alone fits too much.
    like: Option<Regex>,
    /// Fields whose name says something of their value: number and class.
    fields: Vec<(usize, KeyClass)>,
    /// Some field names an entity, or a time that stands in no brackets: every record is read.
    names: bool,
    /// Its time stands in brackets, as in access logs.
    clf: bool,
    /// Rare bytes that stand between its fields.
    marks: Vec<u8>,
    /// How most records begin that name nobody.
    nameless: Option<Nameless>,
}

/// `192.0.2.7 - - [23/Nov/2026:10:11:45 +0800]`: all fields that would name someone are a dash.
struct Nameless {
    /// What stands between the first field and the time, and which of its bytes count.
    between: [u8; 8],
    len: usize,
    /// Number of the time.
    field: usize,
}

/// All formats, sentences and commands of the rules, compiled. Immutable and shared.
pub struct Layouts {
    all: Vec<(String, Kind)>,
    pub(super) headers: Headers,
    sentences: Sentences,
    commands: Commands,
}

impl Layouts {
    /// Compiles the formats, sentences and commands of `rules`.
    ///
    /// # Errors
    /// Every layout, sentence and option whose notation is wrong.
    pub fn new(rules: &Ruleset, registry: &Registry) -> Result<Layouts, Vec<RuleError>> {
        let (mut all, mut errors) = (Vec::new(), Vec::new());
        for def in rules.formats.iter().take(usize::from(u8::MAX)) {
            match compile(def, registry) {
                Ok(kind) => all.push((def.name.clone(), kind)),
                Err(e) => errors.push(e),
            }
        }
        let sentences = Sentences::new(rules, registry).unwrap_or_else(|more| {
            errors.extend(more);
            Sentences::default()
        });
        let commands = Commands::new(rules, registry).unwrap_or_else(|more| {
            errors.extend(more);
            Commands::default()
        });
        if errors.is_empty() {
            Ok(Layouts { all, headers: Headers::default(), sentences, commands })
        } else {
            Err(errors)
        }
    }

    /// The format of that name.
    pub fn by_name(&self, name: &str) -> Option<Format> {
        self.all.iter().position(|(n, _)| n == name).map(|i| Format::Known(i as u8))
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|(n, _)| n.as_str())
    }

    /// Adds the findings of lines inside of records; the records of a block are such lines behind a header.
    pub fn read_inside(&self, text: &Text<'_>, found: &mut Found<'_>, is_block: bool, scratch: &mut Fields) {
        if is_block {
            messages::records(text, found, self, &mut scratch.spans);
        } else {
            messages::regions(text, found, self, &mut scratch.spans);
        }
        messages::members(text, found, self, &mut scratch.spans);
    }

    /// What programs say.
    pub(super) fn sentences(&self) -> &Sentences {
        &self.sentences
    }

    /// Adds what the first layout names that the line `at..end` inside of a record fits; `clf` tells whether it holds a time of access
    /// logs.
    pub(super) fn read(
        &self,
        text: &Text<'_>,
        found: &mut Found<'_>,
        (at, end): (usize, usize),
        clf: bool,
        spans: &mut Vec<Range<usize>>,
    ) {
        let record = &text.bytes[at..end];
        let kinds = self.all.iter().filter_map(|(_, k)| if let Kind::Positional(p) = k { Some(p) } else { None });
        let nameless = |p: &Positional| p.nameless.as_ref().is_some_and(|n| n.time(text, at, end).is_some());
        if clf && kinds.clone().any(nameless) {
            return;
        }
        let marks = Mapped { record, at, maps: &text.scan.maps };
        let fits = |p: &&Positional| {
            (clf || !p.clf)
                && p.names
                && p.marks.iter().all(|b| memchr::memchr(*b, record).is_some())
                && p.like.as_ref().is_none_or(|l| l.is_match(record))
                && p.layout.parse(record, &marks, spans)
        };
        let Some(p) = kinds.clone().find(fits) else { return };
        for (field, class) in &p.fields {
            if let (Some((entity, shape)), Some(s)) = (class.entity.filter(|e| e.1 != Shape::Jar), spans.get(*field)) {
                keyed::accept(text, found, entity, shape, at + s.start, (at + s.start, at + s.end), false);
            }
        }
    }

    /// Options of programs.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// The first format that a record without its line ending fits.
    pub(super) fn of_record(&self, record: &[u8], fields: &mut Vec<Range<usize>>) -> Option<Format> {
        let container = container::prefix(record) > 0;
        let fits = |kind: &Kind, fields: &mut Vec<Range<usize>>| match kind {
            Kind::Json => is_json(record),
            // What the runtime of a container writes in front is no field.
            Kind::Positional(_) if container => false,
            Kind::Positional(p) => {
                p.like.as_ref().is_none_or(|l| l.is_match(record)) && p.layout.parse(record, &Plain(record), fields)
            }
        };
        self.all.iter().position(|(_, k)| fits(k, fields)).map(|i| Format::Known(i as u8))
    }
}

fn compile(def: &FormatDef, registry: &Registry) -> Result<Kind, RuleError> {
    let layout = match &def.notation {
        Notation::Json => return Ok(Kind::Json),
        Notation::Nginx(p) => Layout::nginx(p),
        Notation::Apache(p) => Layout::apache(p),
    };
    let layout = layout.map_err(|m| def.source.error(format!("format `{}`: {m}", def.name)))?;
    let like = match &def.like {
        None => None,
        Some((pattern, place)) => Some(super::custom::compile_line(pattern).map_err(|m| place.error(m))?),
    };
    let telling = |c: &KeyClass| !c.is_unknown() && !c.has_shape(&[Shape::Ip, Shape::Email]);
    let fields = layout.fields().map(|f| registry.classify(f.as_bytes())).enumerate();
    let fields: Vec<_> = fields.filter(|(_, c)| telling(c)).collect();
    let names = fields.iter().any(|(i, c)| c.entity.is_some() || c.event_time && !layout.is_bracketed(*i));
    let clf = fields.iter().any(|(i, c)| c.event_time && layout.is_bracketed(*i));
    let marks = RARE.iter().copied().filter(|b| layout.literals().any(|l| l.contains(b))).collect();
    let nameless = Nameless::of(&layout, &fields).filter(|_| names);
    Ok(Kind::Positional(Positional { layout, like, fields, names, clf, marks, nameless }))
}

/// Bytes that most lines lack, and that fewer programs write between fields.
const RARE: &[u8] = b"@\"/|;{}";

impl Nameless {
    /// Of a layout whose only time stands in brackets behind all fields that name someone.
    fn of(layout: &Layout, fields: &[(usize, KeyClass)]) -> Option<Nameless> {
        let mut times = fields.iter().filter(|(_, c)| c.event_time).map(|f| f.0);
        let time = times.next().filter(|t| layout.is_bracketed(*t))?;
        let named =
            |(i, c): &(usize, KeyClass)| c.entity.is_none() || (1..time).contains(i) && !c.has_shape(&[Shape::Jar]);
        let between = layout.dashed(time);
        let fits = times.next().is_none() && fields.iter().all(named);
        let whole = layout.begins_with_field() && between.len() <= 8 && between.first() == Some(&b' ');
        (fits && whole).then(|| {
            let mut bytes = [0; 8];
            bytes[..between.len()].copy_from_slice(&between);
            Nameless { between: bytes, len: between.len(), field: time }
        })
    }

    /// Where the time stands in a record of `at..end`, when it is one of these.
    #[inline]
    fn time(&self, text: &Text<'_>, at: usize, end: usize) -> Option<(usize, usize)> {
        let blank = text.scan.maps.spaces.next(at, end);
        let from = blank + self.len;
        let time: &[u8; CLF + 1] = text.bytes[..end].get(from..from + CLF + 1)?.first_chunk()?;
        let head: &[u8; 8] = text.bytes[blank..].first_chunk()?;
        let word = |v: &[u8; 8]| u64::from_le_bytes(*v) << (64 - 8 * self.len);
        let clf = time[2] == b'/' && time[11] == b':' && time[20] == b' ' && time[CLF] == b']';
        (word(head) == word(&self.between) && clf).then_some((from, from + CLF))
    }
}

/// Length of a time in common log format.
const CLF: usize = 26;

fn is_json(record: &[u8]) -> bool {
    matches!(record.trim_ascii(), [b'{', .., b'}'] | [b'[', .., b']'])
}

/// A record without its line ending.
pub(super) fn line(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

/// Scratch space of one worker.
#[derive(Default)]
pub struct Fields {
    spans: Vec<Range<usize>>,
    /// Fields that hold counts, ids or times.
    quiet: Vec<Range<usize>>,
}

/// Adds the findings that position names to those of a block of whole records, and withdraws those that it refutes;
/// returns how many records have another format, when all are to be counted. Those are searched as text, like all others.
pub fn run(
    text: &Text<'_>,
    found: &mut Found<'_>,
    (layouts, format, count): (&Layouts, Format, bool),
    scratch: &mut Fields,
) -> u64 {
    let i = match format {
        Format::Text => return 0,
        Format::Known(i) => i,
        Format::Columns(n) => return columns(text, found, layouts, n, scratch),
    };
    match layouts.all.get(usize::from(i)) {
        Some((_, Kind::Json)) if count => {
            records(text).filter(|(at, end)| !is_json(line(&text.bytes[*at..*end])) && end - at > 1).count() as u64
        }
        Some((_, Kind::Positional(p))) if p.nameless.is_none() && (count || p.names) => {
            every_record(text, found, p, scratch)
        }
        Some((_, Kind::Positional(p))) => {
            let unparsed = match &p.nameless {
                Some(nameless) => named_records(text, found, (p, nameless, count), scratch),
                None => 0,
            };
            found.hits.retain(|h| !may_be_count(text.bytes, h) || !is_count(text, h, p, &mut scratch.spans));
            unparsed
        }
        _ => 0,
    }
}

/// Reads the records that may name someone, and the times of all; returns how many have another layout, when they are to be counted.
fn named_records(
    text: &Text<'_>,
    found: &mut Found<'_>,
    (p, nameless, count): (&Positional, &Nameless, bool),
    scratch: &mut Fields,
) -> u64 {
    let mut unparsed = 0;
    scratch.quiet.clear();
    for (at, end) in records(text) {
        let fits = match nameless.time(text, at, end) {
            Some((from, to)) => {
                found.times.push((from as u32, to as u32));
                !count || {
                    let record = line(&text.bytes[at..end]);
                    let marks = Mapped { record, at, maps: &text.scan.maps };
                    p.layout.fits_from(record, (nameless.field, from - at), &marks)
                }
            }
            None => read_record(text, found, p, (at, end), scratch),
        };
        unparsed += u64::from(count && !fits);
    }
    unparsed
}

/// First byte of each record, and the one behind its line feed.
pub(super) fn records<'t>(text: &'t Text<'_>) -> impl Iterator<Item = (usize, usize)> + use<'t> {
    let ends = text.scan.events.of(kind::LINE).iter().map(|&l| l as usize + 1).chain([text.bytes.len()]);
    ends.scan(0, |at, end| Some((std::mem::replace(at, end), end))).filter(|(at, end)| at < end)
}

/// Reads all records; returns how many have another layout.
fn every_record(text: &Text<'_>, found: &mut Found<'_>, p: &Positional, scratch: &mut Fields) -> u64 {
    let mut unparsed = 0;
    scratch.quiet.clear();
    for (at, end) in records(text) {
        unparsed += u64::from(!read_record(text, found, p, (at, end), scratch));
    }
    if !scratch.quiet.is_empty() {
        hush(text.bytes, found, &scratch.quiet);
    }
    unparsed
}

/// Reads one record; false when it has another layout.
fn read_record(
    text: &Text<'_>,
    found: &mut Found<'_>,
    p: &Positional,
    (at, end): (usize, usize),
    scratch: &mut Fields,
) -> bool {
    let record = line(&text.bytes[at..end]);
    let marks = Mapped { record, at, maps: &text.scan.maps };
    if !p.layout.parse(record, &marks, &mut scratch.spans) {
        return record.is_empty();
    }
    for (field, class) in &p.fields {
        let Some(span) = scratch.spans.get(*field).map(|s| at + s.start..at + s.end) else { break };
        name(text, found, *class, span, &mut scratch.quiet);
    }
    true
}

/// The findings of columns. A directive in the block declares those behind it.
fn columns(text: &Text<'_>, found: &mut Found<'_>, layouts: &Layouts, number: u16, scratch: &mut Fields) -> u64 {
    let Some(mut columns) = layouts.headers.get(number) else { return 0 };
    let (mut at, mut unparsed) = (0, 0);
    scratch.quiet.clear();
    let lines = text.scan.events.of(kind::LINE).iter().map(|&l| l as usize + 1);
    for end in lines.chain([text.bytes.len()]) {
        let record = line(&text.bytes[at..end]);
        let from = std::mem::replace(&mut at, end);
        if columns.declared && record.first() == Some(&b'#') {
            if let Some(other) = Columns::of_header(record, false, text.registry) {
                columns = std::sync::Arc::new(other);
            }
            continue;
        }
        if record.is_empty() {
            continue;
        }
        if !columns.parse(record, &mut scratch.spans) {
            unparsed += 1;
            continue;
        }
        for (field, class) in columns.fields() {
            let Some(span) = scratch.spans.get(*field).map(|s| from + s.start..from + s.end) else { break };
            name(text, found, *class, span, &mut scratch.quiet);
        }
    }
    if !scratch.quiet.is_empty() {
        hush(text.bytes, found, &scratch.quiet);
    }
    unparsed
}

/// A bare number that only its shape speaks for.
#[inline]
fn may_be_count(t: &[u8], h: &Hit) -> bool {
    matches!(h.rule, RuleId::Digits | RuleId::HexId)
        && h.confidence != Confidence::Keyed
        && t[h.start as usize..h.end as usize].iter().all(u8::is_ascii_digit)
}

/// True when the hit stands in a field that holds counts, ids or times.
fn is_count(text: &Text<'_>, h: &Hit, p: &Positional, spans: &mut Vec<Range<usize>>) -> bool {
    let lines = text.scan.events.of(kind::LINE);
    let next = lines.partition_point(|l| *l < h.start);
    let at = next.checked_sub(1).map_or(0, |i| lines[i] as usize + 1);
    let record = line(&text.bytes[at..lines.get(next).map_or(text.bytes.len(), |l| *l as usize)]);
    let (s, e) = (h.start as usize - at, h.end as usize - at);
    // A count or an id is one word: servers that append fields to a layout make its last field longer.
    let holds = |f: &Range<usize>| f.start <= s && e <= f.end && memchr::memchr(b' ', &record[f.start..s]).is_none();
    p.layout.parse(record, &Mapped { record, at, maps: &text.scan.maps }, spans)
        && p.fields.iter().any(|(f, c)| c.entity.is_none() && c.exempt != Exempt::No && holds(&spans[*f]))
}

/// Marks of a record that begins at `at`, from the bitmaps of its text.
pub(super) struct Mapped<'a> {
    pub record: &'a [u8],
    pub at: usize,
    pub maps: &'a Maps,
}

impl Marks for Mapped<'_> {
    #[inline]
    fn find(&self, byte: u8, from: usize) -> Option<usize> {
        let map = match byte {
            b'"' => &self.maps.stops,
            b' ' => &self.maps.spaces,
            b']' | b')' | b'}' | b',' | b';' | b'|' => &self.maps.terms,
            _ => return Plain(self.record).find(byte, from),
        };
        let end = self.at + self.record.len();
        let mut p = map.next(self.at + from, end);
        while p < end && self.record[p - self.at] != byte {
            p = map.next(p + 1, end);
        }
        (p < end).then(|| p - self.at)
    }
}

fn name(text: &Text<'_>, found: &mut Found<'_>, class: KeyClass, span: Range<usize>, quiet: &mut Vec<Range<usize>>) {
    if class.event_time {
        found.times.push((span.start as u32, span.end as u32));
    }
    if class.has_shape(&[Shape::Jar]) {
        special::jar(text, found, span.start, (span.start, text.bytes.len()));
    } else if let Some(place) = Place::of(class, &span) {
        found.urls.column(place);
    } else if let Some((entity, shape)) = class.entity {
        keyed::accept(text, found, entity, shape, span.start, (span.start, span.end), false);
    } else if class.exempt != Exempt::No && span.len() >= SHORTEST {
        let word = memchr::memchr(b' ', &text.bytes[span.clone()]).unwrap_or(span.len());
        quiet.push(span.start..span.start + word);
    }
}

/// No bare number that is shorter is taken for an identifier.
const SHORTEST: usize = 11;

/// Withdraws bare numbers in fields that hold counts, ids or times.
fn hush(t: &[u8], found: &mut Found<'_>, quiet: &[Range<usize>]) {
    found.hits.retain(|h| {
        let (s, e) = (h.start as usize, h.end as usize);
        let at = quiet.partition_point(|q| q.end < e);
        let inside = quiet.get(at).is_some_and(|q| q.start <= s);
        !(inside && may_be_count(t, h))
    });
}
