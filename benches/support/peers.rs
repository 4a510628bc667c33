//! What a user would write with general tools, as block functions.

use logveil::detect::check::{self, keyed::Keyed, phone::PhoneKind};
use logveil::detect::keys::{Exempt, KeyClass, Registry};
use logveil::rules::Ruleset;
use regex_automata::Input;
use regex_automata::meta;
use regex_automata::util::syntax;
use std::collections::HashMap;

/// What stands for every value.
const PLACEHOLDER: &[u8] = b"<redacted>";

/// A filter of blocks of whole lines.
pub trait Peer {
    /// Appends the block to `out` with its findings replaced; returns their number.
    fn replace(&mut self, block: &[u8], out: &mut Vec<u8>) -> u64;
}

/// Reads and writes: what the plumbing costs.
pub struct Copy;

impl Peer for Copy {
    fn replace(&mut self, block: &[u8], out: &mut Vec<u8>) -> u64 {
        out.extend_from_slice(block);
        0
    }
}

/// The control: one alternation of ten patterns in the `regex` crate. It validates nothing, knows no keys, decodes
/// nothing, tags nothing and puts the same placeholder everywhere.
pub struct Control(regex::bytes::Regex);

const CONTROL: [&str; 10] = [
    r"(?-u:\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?-u:\b)",
    r"(?i-u:\b(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,7}\b)",
    r"(?i-u:\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b)",
    r"(?-u:[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,})",
    r"(?-u:\b[1-9][0-9]{16}[0-9Xx]\b)",
    r"(?-u:\b1[3-9][0-9]{9}\b)",
    r"(?-u:\b[0-9]{15}\b)",
    r"(?i-u:\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)",
    r"(?i-u:\b[0-9a-f]{16}\b)",
    r"(?-u:eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)",
];

impl Control {
    pub fn new() -> Control {
        Control(regex::bytes::Regex::new(&CONTROL.join("|")).expect("valid patterns"))
    }
}

impl Peer for Control {
    fn replace(&mut self, block: &[u8], out: &mut Vec<u8>) -> u64 {
        let (mut at, mut found) = (0, 0);
        for m in self.0.find_iter(block) {
            out.extend_from_slice(&block[at..m.start()]);
            out.extend_from_slice(PLACEHOLDER);
            at = m.end();
            found += 1;
        }
        out.extend_from_slice(&block[at..]);
        found
    }
}

/// One `regex-automata` engine that finds the shapes of this crate's entities and every key of its rules, and
/// validates each match with this crate's own checks.
///
/// It does what a careful user would: values of known keys are judged by their key, shapes under exempt keys (order
/// numbers, counters, trace ids) and behind versions stay. It does not decode escapes or percent signs, has no
/// formats of access logs, joins no overlaps, decides by no policy, computes no pseudonym and writes no tag: a
/// constant placeholder stands for every value.
pub struct Validated {
    engine: meta::Regex,
    judge: Judge,
}

/// Decides about matches.
struct Judge {
    registry: Registry,
    /// Keys seen before.
    known: HashMap<Box<[u8]>, KeyClass>,
}

/// Shapes that show themselves; the key pattern is added behind them.
const SHAPES: [&str; 8] = [
    r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b",
    r"(?i)\b(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,7}\b|::[0-9a-f]{1,4}",
    r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b|\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"\b[1-9][0-9]{10,18}[Xx]?\b",
    r"\+?(?:\b86[ -]?)?\b1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}\b|\b0[1-9][0-9]{1,2}-[2-8][0-9]{6,7}\b",
    r"\+[1-9][0-9]{0,2}[0-9 -]{6,14}[0-9]\b",
    r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
];

impl Validated {
    pub fn new() -> Validated {
        let rules = Ruleset::builtin();
        let mut patterns: Vec<String> = SHAPES.iter().map(|s| s.to_string()).collect();
        patterns.push(keys(&rules));
        let engine = meta::Builder::new()
            .syntax(syntax::Config::new().utf8(false).unicode(false))
            .configure(meta::Config::new().utf8_empty(false).hybrid_cache_capacity(16 << 20).nfa_size_limit(None))
            .build_many(&patterns)
            .expect("valid patterns");
        Validated { engine, judge: Judge { registry: Registry::new(&rules), known: HashMap::new() } }
    }
}

impl Judge {
    /// The span to replace for a match, if it is real; else where to search on.
    fn look(&mut self, block: &[u8], pattern: usize, start: usize, end: usize) -> Result<(usize, usize), usize> {
        let v = &block[start..end];
        if pattern == SHAPES.len() {
            return self.keyed(block, start, end);
        }
        let real = match pattern {
            0 => check::ip::v4(v).is_some() && !is_version(block, start, end),
            1 => check::ip::v6(v).is_some(),
            2 => check::mac::parse(v).is_some_and(|m| !check::mac::placeholder(&m)),
            3 => check::email::valid(v),
            4 => digits(v),
            5 | 6 => {
                check::phone::normalise(v, &mut [0; 24]).is_some_and(|(k, _)| pattern == 5 || k != PhoneKind::FixedCn)
            }
            _ => true,
        };
        if real && self.key_of(block, start).exempt == Exempt::No { Ok((start, end)) } else { Err(end) }
    }

    /// What the rules say of the key to the left of a shape: `key=`, `"key":"`, `key/`.
    fn key_of(&mut self, block: &[u8], value: usize) -> KeyClass {
        let quote = |b: &u8| matches!(b, b'"' | b'\'' | b' ');
        let trim = |end: usize| block[..end].iter().rposition(|b| !quote(b)).map_or(0, |i| i + 1);
        let end = trim(value);
        match end.checked_sub(1).map(|i| block[i]) {
            Some(b'=' | b':' | b'/') => self.class_before(block, trim(end - 1)),
            _ => KeyClass::default(),
        }
    }

    fn class_before(&mut self, block: &[u8], end: usize) -> KeyClass {
        let low = end.saturating_sub(48);
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'-' | b'.') || *b >= 0x80;
        let start = block[low..end].iter().rposition(|b| !part(b)).map_or(low, |i| low + i + 1);
        let key = &block[start..end];
        if let Some(class) = self.known.get(key) {
            return *class;
        }
        let class = self.registry.classify(key);
        self.known.insert(key.into(), class);
        class
    }

    /// The value behind a key and its separator, which end at `end`.
    fn keyed(&mut self, block: &[u8], start: usize, end: usize) -> Result<(usize, usize), usize> {
        let name = block[start..end].iter().rposition(|b| !matches!(b, b'=' | b':' | b'"' | b'\'' | b' '));
        let class = self.class_before(block, name.map_or(start, |i| start + i + 1));
        let Some((entity, shape)) = class.entity else { return Err(end) };
        let rest = &block[end..];
        let (from, len) = match rest.first() {
            Some(&q @ (b'"' | b'\'')) => (end + 1, rest[1..].iter().position(|&b| b == q || b == b'\n')),
            _ => (end, rest.iter().position(|b| b" \n\r\t\"'&;,)]}<>|[{".contains(b))),
        };
        let to = len.map_or(block.len(), |n| from + n);
        match check::keyed::keyed(shape, entity, &block[from..to]) {
            Keyed::Take(_) if from < to => Ok((from, to)),
            Keyed::Placeholder => Err(to),
            _ => Err(end),
        }
    }
}

/// `Chrome/126.0.0.0`, `1.2.3.4.5`: four numbers that are no address.
fn is_version(block: &[u8], start: usize, end: usize) -> bool {
    let before = &block[start.saturating_sub(2)..start];
    let product = matches!(before, [c, b'/'] if c.is_ascii_alphanumeric());
    product || before.last() == Some(&b'.') || block.get(end) == Some(&b'.')
}

/// Digits that are a mobile number, a resident id or a bank card; equipment numbers need a key.
fn digits(v: &[u8]) -> bool {
    match v.len() {
        11 => check::phone::mobile_assigned(v),
        13 => v.starts_with(b"86") && check::phone::mobile_assigned(&v[2..]) || check::card::pan(v),
        18 => check::cn_id::resident18(v) || check::card::pan(v),
        _ => check::card::pan(v),
    }
}

/// Every key that names an entity, in any spelling, and its separator.
fn keys(rules: &Ruleset) -> String {
    let named = rules.entities.iter().flat_map(|e| [&e.keys, &e.suffixes, &e.words]).flatten();
    let all: Vec<&String> = named.chain(rules.aliases.iter().flat_map(|a| &a.2)).collect();
    let spellings = |k: &&String| {
        let parts: Vec<_> = k.split([' ', '_', '-', '.']).filter(|p| !p.is_empty()).map(regex::escape).collect();
        parts.join("[_. -]?")
    };
    let (ascii, wide): (Vec<_>, Vec<_>) = all.iter().map(spellings).partition(|k| k.is_ascii());
    format!(r#"(?:(?i:{})[0-9]?|{})["']?[ ]?(?:=|:|：)[ ]?"#, ascii.join("|"), wide.join("|"))
}

impl Peer for Validated {
    fn replace(&mut self, block: &[u8], out: &mut Vec<u8>) -> u64 {
        let (mut at, mut from, mut found) = (0, 0, 0);
        while let Some(m) = self.engine.search(&Input::new(block).range(from..)) {
            match self.judge.look(block, m.pattern().as_usize(), m.start(), m.end()) {
                Ok((start, end)) => {
                    out.extend_from_slice(&block[at..start]);
                    out.extend_from_slice(PLACEHOLDER);
                    (at, from) = (end, end);
                    found += 1;
                }
                Err(next) => from = next.max(m.start() + 1),
            }
        }
        out.extend_from_slice(&block[at..]);
        found
    }
}
