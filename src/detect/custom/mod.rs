//! Rules that users write: one pass over a text tells which of them occur in it; only those are located.
//!
//! Hundreds of rules cost one pass of a lazy automaton. What a rule finds does not depend on how its occurrence was
//! noticed: each rule that may occur is searched line by line with its own expression.

#[cfg(feature = "hyperscan")]
mod hyperscan;
mod reach;

pub use reach::can_match;

use super::check::table::{self, Validator};
use super::recognize::{Found, Skip, Text};
use crate::format::view::View;
use crate::model::{Confidence, EntityId};
use crate::rules::{PatternDef, RuleError, Ruleset, Source};
use regex_automata::meta::{Cache, Regex};
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, PatternSet};

/// One rule, compiled.
struct Rule {
    regex: Regex,
    entity: EntityId,
    confidence: Confidence,
    validator: Option<Validator>,
    keywords: Vec<Vec<u8>>,
    fields: Vec<Vec<u8>>,
    /// Number of the group that holds the value.
    group: usize,
}

/// All rules of the user's. Immutable and shared.
pub struct Custom {
    rules: Vec<Rule>,
    which: Option<Which>,
}

/// Tells which rules may occur in a text.
enum Which {
    Automaton(Box<Regex>),
    #[cfg(feature = "hyperscan")]
    Hyperscan(hyperscan::Database),
}

/// Scratch space of one worker.
#[derive(Default)]
pub struct Scratch {
    which: Option<Cache>,
    rules: Vec<Option<Cache>>,
    seen: Option<PatternSet>,
    #[cfg(feature = "hyperscan")]
    hyperscan: Option<hyperscan::Scratch>,
}

/// Memory of the lazy automaton: beyond it states are made again.
const CACHE: usize = 32 << 20;

/// Largest expression, compiled: repetitions of wide classes are what makes them large.
const LARGEST: usize = 4 << 20;

/// Bytes on either side of a match in which a keyword counts.
const NEAR: usize = 64;

/// The syntax of every pattern: `^` and `$` are the ends of a line, CR LF included; `\d`, `\w` and `\b` are ASCII, as logs
/// are, unless a pattern says `(?u)`.
fn syntax() -> syntax::Config {
    syntax::Config::new().utf8(false).unicode(false).multi_line(true).crlf(true)
}

impl Custom {
    /// Compiles the patterns of `rules`.
    ///
    /// # Errors
    /// All patterns that are no expressions, match nothing or everything, and unknown validators.
    pub fn new(rules: &Ruleset) -> Result<Custom, Vec<RuleError>> {
        Custom::with(rules, cfg!(feature = "hyperscan"))
    }

    /// As [`Custom::new`], by Hyperscan or not where it is built in.
    ///
    /// # Errors
    /// As [`Custom::new`].
    pub fn with(rules: &Ruleset, hyperscan: bool) -> Result<Custom, Vec<RuleError>> {
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        for def in &rules.patterns {
            match compile(def) {
                Ok(rule) => out.push(rule),
                Err(mut e) => errors.append(&mut e),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let patterns: Vec<&str> = rules.patterns.iter().map(|p| p.pattern.as_str()).collect();
        let which = if patterns.is_empty() {
            None
        } else {
            let place = &rules.patterns[0].source;
            Some(which(&patterns, hyperscan).map_err(|m| vec![place.error(format!("all patterns together: {m}"))])?)
        };
        Ok(Custom { rules: out, which })
    }

    /// Reports the matches of a text, which is the last of `views` or else the block.
    pub fn run(&self, text: &Text<'_>, (block, views): (&[u8], &[View]), found: &mut Found<'_>, scratch: &mut Scratch) {
        let Some(which) = &self.which else { return };
        let mut seen = match scratch.seen.take() {
            Some(s) if s.capacity() == self.rules.len() => s,
            _ => PatternSet::new(self.rules.len()),
        };
        seen.clear();
        match which {
            Which::Automaton(regex) => {
                let cache = scratch.which.get_or_insert_with(|| regex.create_cache());
                // The search can only fail to begin in the middle of a text, and this begins at its front.
                regex.which_overlapping_matches_with(cache, &Input::new(text.bytes), &mut seen);
            }
            #[cfg(feature = "hyperscan")]
            Which::Hyperscan(db) => db.which(text.bytes, &mut scratch.hyperscan, &mut seen),
        }
        scratch.rules.resize_with(self.rules.len(), || None);
        for id in seen.iter() {
            let rule = &self.rules[id.as_usize()];
            let cache = scratch.rules[id.as_usize()].get_or_insert_with(|| rule.regex.create_cache());
            rule.locate(text, (block, views), found, cache);
        }
        scratch.seen = Some(seen);
    }
}

fn which(patterns: &[&str], _hyperscan: bool) -> Result<Which, String> {
    #[cfg(feature = "hyperscan")]
    if _hyperscan && let Some(db) = hyperscan::Database::new(patterns) {
        return Ok(Which::Hyperscan(db));
    }
    automaton(patterns).map(|r| Which::Automaton(Box::new(r)))
}

/// One lazy automaton for all patterns.
fn automaton(patterns: &[&str]) -> Result<Regex, String> {
    let config = Regex::config()
        .match_kind(MatchKind::All)
        .utf8_empty(false)
        .nfa_size_limit(None)
        .onepass(false)
        .backtrack(false)
        .hybrid_cache_capacity(CACHE);
    Regex::builder().configure(config).syntax(syntax()).build_many(patterns).map_err(|e| e.to_string())
}

/// All mistakes in patterns: what is no expression, matches nothing or everything, or asks for an unknown validator.
pub fn mistakes(patterns: &[PatternDef]) -> Vec<RuleError> {
    patterns.iter().filter_map(|def| compile(def).err()).flatten().collect()
}

/// Compiles one pattern.
pub fn compile_one(pattern: &str) -> Result<Regex, String> {
    compile_as(pattern, syntax())
}

/// Compiles a pattern of single lines, where `^` and `$` stand for their ends.
pub fn compile_line(pattern: &str) -> Result<Regex, String> {
    compile_as(pattern, syntax().multi_line(false))
}

fn compile_as(pattern: &str, syntax: syntax::Config) -> Result<Regex, String> {
    let config = Regex::config().utf8_empty(false).nfa_size_limit(Some(LARGEST));
    Regex::builder().configure(config).syntax(syntax).build(pattern).map_err(|e| {
        if e.size_limit().is_some() {
            return "it grows too large; bound its repetitions".into();
        }
        match e.syntax_error() {
            // The first line repeats the pattern, the last says what is wrong.
            Some(s) => {
                let text = s.to_string();
                let said = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let hint =
                    if said.contains("Unicode") { "; begin the pattern with (?u) for signs beyond ASCII" } else { "" };
                format!("{said}{hint}")
            }
            None => e.to_string(),
        }
    })
}

fn compile(def: &PatternDef) -> Result<Rule, Vec<RuleError>> {
    let mut errors = Vec::new();
    let mut fail = |at: &Source, m: String| errors.push(at.error(m));
    let regex = compile_one(&def.pattern).map_err(|m| fail(&def.source, format!("pattern of `{}`: {m}", def.id))).ok();
    if let Some(hir) = parse(&def.pattern) {
        let p = hir.properties();
        match p.minimum_len() {
            None => fail(&def.source, format!("pattern of `{}` can match nothing", def.id)),
            Some(0) => {
                fail(&def.source, format!("pattern of `{}` matches the empty text; ask for a sign at least", def.id))
            }
            _ => {}
        }
        use regex_syntax::hir::Look;
        if p.look_set().contains(Look::Start) || p.look_set().contains(Look::End) {
            fail(
                &def.source,
                format!("pattern of `{}`: `\\A` and `\\z` have no place in a stream; write `^` and `$`", def.id),
            );
        }
    }
    let validator = def.validator.as_ref().and_then(|name| {
        let v = table::validator(name);
        if v.is_none() {
            let near = crate::rules::nearest(name, table::VALIDATORS.iter().map(|v| v.0));
            let known: Vec<_> = table::VALIDATORS.iter().map(|v| v.0).collect();
            let all = if near.is_empty() { format!("; there are {}", known.join(", ")) } else { near };
            fail(&def.validator_source, format!("unknown validator `{name}`{all}"));
        }
        v
    });
    let (Some(regex), true) = (regex, errors.is_empty()) else { return Err(errors) };
    let names = regex.group_info().pattern_names(regex_automata::PatternID::ZERO);
    let group = names.enumerate().find(|(_, n)| *n == Some("value")).map_or(0, |(i, _)| i);
    Ok(Rule {
        group,
        entity: def.entity,
        confidence: def.confidence,
        validator,
        keywords: def.keywords.iter().map(|k| k.to_lowercase().into_bytes()).collect(),
        fields: def.fields.iter().map(|f| super::keys::joined(f.as_bytes())).collect(),
        regex,
    })
}

/// The parsed form of a pattern.
pub fn parse(pattern: &str) -> Option<regex_syntax::hir::Hir> {
    regex_syntax::ParserBuilder::new()
        .utf8(false)
        .unicode(false)
        .multi_line(true)
        .crlf(true)
        .build()
        .parse(pattern)
        .ok()
}

impl Rule {
    /// Finds the rule's matches in every line.
    fn locate(&self, text: &Text<'_>, under: (&[u8], &[View]), found: &mut Found<'_>, cache: &mut Cache) {
        let mut skip = Skip::new(text.regions);
        let mut at = 0;
        let mut slots = vec![None; 2 * (self.group + 1)];
        for line in text.bytes.split_inclusive(|&b| b == b'\n') {
            let end = at + line.len() - usize::from(line.ends_with(b"\n"));
            let mut from = at;
            while from <= end {
                let input = Input::new(text.bytes).span(from..end);
                if self.regex.search_slots_with(cache, &input, &mut slots).is_none() {
                    break;
                }
                let (Some(s), Some(e)) = (slots[0], slots[1]) else { break };
                let (s, e) = (s.get(), e.get());
                let value = match (slots[2 * self.group], slots[2 * self.group + 1]) {
                    (Some(a), Some(b)) => (a.get(), b.get()),
                    _ => (s, e),
                };
                if value.0 < value.1 && !skip.covers(value.0) && self.accepts(text, under, value, at) {
                    let bare = text.is_bare_json(found, value.0, value.1);
                    found.custom(value.0, value.1, self.entity, self.confidence).bare_json = bare;
                }
                from = e.max(s + 1);
            }
            at += line.len();
        }
    }

    fn accepts(&self, text: &Text<'_>, under: (&[u8], &[View]), (s, e): (usize, usize), line: usize) -> bool {
        let v = &text.bytes[s..e];
        !super::check::output::veils(v)
            && self.validator.is_none_or(|f| f(v))
            && (self.keywords.is_empty() || self.announced(text.bytes, under, (s, e)))
            && (self.fields.is_empty() || self.in_field(&text.bytes[line..s]))
    }

    /// True when a keyword stands near in the same line: of this text, or of one that shows less decoded, as an escape may begin
    /// between the two.
    fn announced<'t>(
        &self,
        mut bytes: &'t [u8],
        (block, mut views): (&'t [u8], &'t [View]),
        (mut s, mut e): (usize, usize),
    ) -> bool {
        loop {
            let (before, after) = (&bytes[s.saturating_sub(NEAR)..s], &bytes[e..bytes.len().min(e + NEAR)]);
            let start = s - memchr::memrchr(b'\n', before).map_or(before.len(), |i| before.len() - i - 1);
            let end = e + memchr::memchr(b'\n', after).unwrap_or(after.len());
            let near = |k: &Vec<u8>| bytes[start..end].windows(k.len()).any(|w| w.eq_ignore_ascii_case(k));
            if self.keywords.iter().any(near) {
                return true;
            }
            let Some((view, rest)) = views.split_last() else { return false };
            let Some(at) = view.trace(s, e, s) else { return false };
            (s, e) = (at.start as usize, at.end as usize);
            bytes = rest.last().map_or(block, |v| v.text());
            views = rest;
        }
    }

    /// True when the last key before the value is one of the fields: `key=`, `key:`, `"key":"`.
    fn in_field(&self, before: &[u8]) -> bool {
        let Some(sep) = before.iter().rposition(|&b| matches!(b, b'=' | b':')) else { return false };
        let head = before[..sep].trim_ascii_end();
        let head = head.strip_suffix(b"\"").or(head.strip_suffix(b"'")).unwrap_or(head);
        let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$') || *b >= 0x80;
        let key = &head[head.len() - head.iter().rev().take_while(|b| sign(b)).count()..];
        let key = super::keys::joined(key);
        self.fields.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Detector;
    use crate::detect::keys::Registry;
    use crate::detect::positional::{Format, Layouts};
    use crate::detect::scan::Kernel;

    const RULES: &str = r#"
        [[entity]]
        id = "staff"
        category = "account"
        level = 2
        pattern = 'EMP-\d{6}'
        examples = ["EMP-123456"]

        [[pattern]]
        entity = "staff"
        pattern = '(?u)坐席(?P<value>\d{5})'

        [[pattern]]
        entity = "bank.card"
        pattern = '\b9\d{15}\b'
        validator = "luhn"

        [[pattern]]
        entity = "device.id"
        pattern = '[A-Z]{2}\d{4}$'
        fields = ["asset_tag", "资产号"]

        [[pattern]]
        entity = "account"
        pattern = 'u-[0-9a-f]{8}'
        keywords = ["tenant", "租户"]
    "#;

    fn found(text: &str, hyperscan: bool) -> Vec<(String, String)> {
        let rules = Ruleset::with(&[("t.toml".into(), RULES.into())]).unwrap();
        let registry = Registry::new(&rules);
        let layouts = Layouts::new(&rules, &registry).unwrap();
        let custom = Custom::with(&rules, hyperscan).unwrap();
        let mut d = Detector::new(&registry, &layouts, &custom, Kernel::Scalar);
        d.run(text.as_bytes(), Format::Text);
        d.hits()
            .iter()
            .filter(|h| h.rule == crate::model::RuleId::Custom)
            .map(|h| (rules.entity(h.entity).name.clone(), text[h.start as usize..h.end as usize].to_string()))
            .collect()
    }

    const TEXTS: &[(&str, &[(&str, &str)])] = &[
        ("seen EMP-123456, EMP-12345 and EMP-654321\n", &[("staff", "EMP-123456"), ("staff", "EMP-654321")]),
        ("坐席12345 登录", &[("staff", "12345")]),
        ("9000000000000009 9000000000000001", &[("bank.card", "9000000000000001")]),
        ("asset_tag=AB1234\r\nother=AB1234\nassetTag: AB1234\n", &[("device.id", "AB1234"), ("device.id", "AB1234")]),
        ("tenant u-0123abcd; and u-0123abcd far off", &[("account", "u-0123abcd"), ("account", "u-0123abcd")]),
        ("租户 u-0123abcd", &[("account", "u-0123abcd")]),
        ("host u-0123abcd", &[]),
        // A word in plain text announces what stands in an escape, however deep, and not what stands in the next line.
        ("tenant %75%2D0123abcd", &[("account", "%75%2D0123abcd")]),
        ("tenant %2575%252D0123abcd", &[("account", "%2575%252D0123abcd")]),
        ("tenant\n%75%2D0123abcd", &[]),
        ("q=%45%4DP-123456", &[("staff", "%45%4DP-123456")]),
        ("EMP-123\n456", &[]),
    ];

    #[test]
    fn rules_find_what_they_say() {
        for (text, want) in TEXTS {
            let want: Vec<_> = want.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
            assert_eq!(found(text, false), want, "{text}");
        }
    }

    #[test]
    fn both_ways_to_notice_a_rule_agree() {
        for (text, _) in TEXTS {
            assert_eq!(found(text, true), found(text, false), "{text}");
        }
    }

    #[test]
    fn mistakes_come_all_at_once_with_their_place() {
        let text = "[[pattern]]\nentity = 'email'\npattern = 'a(b'\nvalidator = 'lun'\n\n[[pattern]]\nentity = 'email'\npattern = 'a*'\n";
        let rules = Ruleset::with(&[("r.toml".into(), text.into())]).unwrap();
        let errors = Custom::new(&rules).err().unwrap();
        let all = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for want in [
            "r.toml:3:11: pattern of `email`: unclosed group",
            " 3 | pattern = 'a(b'\n   |           ^^^^^",
            "r.toml:4:13: unknown validator `lun`, did you mean `luhn`?",
            "r.toml:8:11: pattern of `email` matches the empty text",
        ] {
            assert!(all.contains(want), "{want} in {all}");
        }
    }
}
