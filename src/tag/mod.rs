//! How long may it stay, and who said so? The tag of a record, rendered once per day and set of findings.

use crate::keys::MasterKey;
use crate::model::{Category, CategorySet, EntityId, RetentionId};
use crate::policy::Policy;
use crate::rules::Ruleset;
use jiff::civil::Date;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

/// Name of the tag's member in JSON objects.
pub const MEMBER: &str = "_deid";

/// Where the event time came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// The record says when.
    Record,
    /// The record does not say; the time of reading stands in.
    Ingest,
}

/// How the tag is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagStyle {
    /// `,"_deid":{...}` for a JSON object with members.
    JsonMember,
    /// `"_deid":{...}` for an empty JSON object.
    JsonFirst,
    /// `,{"_deid":{...}}` for a JSON array of objects.
    JsonElement,
    /// ` "deid=..."`, one quoted field for a line of text.
    Text,
    /// `{...}` alone, for the manifest.
    Object,
}

/// What a tag depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TagContext {
    /// Bit set of entities found.
    pub entities: u128,
    /// Bit set of retention classes.
    pub retentions: u64,
    /// Device or log data stands with a person.
    pub linked: bool,
    /// Day of the event in the policy's zone, from 1970-01-01.
    pub day: i32,
    /// Where that came from.
    pub clock: Clock,
}

/// Most renderings kept, their dates apart; beyond that they are made anew.
const TEMPLATES: usize = 1024;
/// Most sets of dates kept.
const DATES: usize = 64;

/// Most contexts that are counted apart.
const SEEN: usize = 1 << 16;

/// Renders tags. One per worker.
pub struct Tagger<'p> {
    policy: &'p Policy,
    rules: &'p Ruleset,
    version: String,
    kid: String,
    templates: Cache<(TagContext, TagStyle), Template>,
    dates: Cache<(u64, i32, TagStyle), String>,
    last: Option<(TagContext, TagStyle)>,
    last_text: Vec<u8>,
    /// Contexts are counted.
    counts: bool,
    /// Records since `last` changed.
    run: u64,
    seen: HashMap<TagContext, u64>,
}

/// From when to when a record may stay.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    /// Class with the longest floor, else the shortest ceiling.
    pub class: RetentionId,
    /// Longest floor.
    pub keep_until: Option<Date>,
    /// Shortest ceiling, but never before `keep_until`.
    pub delete_after: Option<Date>,
    /// The shortest ceiling, where it lies before `keep_until`: from then on the record is kept, not used.
    pub restrict_after: Option<Date>,
}

impl<'p> Tagger<'p> {
    /// A tagger for records under `policy` whose tokens are made with `key`.
    pub fn new(policy: &'p Policy, rules: &'p Ruleset, key: &MasterKey) -> Self {
        let version = format!("{}@{}#{}", policy.id, policy.effective_from, policy.hash);
        Tagger {
            policy,
            rules,
            version,
            kid: key.kid().into(),
            templates: Cache::new(TEMPLATES),
            dates: Cache::new(DATES),
            last: None,
            last_text: Vec::new(),
            counts: false,
            run: 0,
            seen: HashMap::new(),
        }
    }

    /// Asks for the count of records with each context.
    pub fn count(&mut self) {
        self.counts = true;
    }

    /// How many records had each context since the last call; none unless they are counted.
    pub fn take_seen(&mut self) -> HashMap<TagContext, u64> {
        self.note();
        std::mem::take(&mut self.seen)
    }

    fn note(&mut self) {
        if let (true, Some((ctx, _)), 1..) = (self.counts, self.last, self.run)
            && (self.seen.len() < SEEN || self.seen.contains_key(&ctx))
        {
            *self.seen.entry(ctx).or_default() += self.run;
        }
        self.run = 0;
    }

    /// Day of a point in time, in the policy's zone.
    pub fn day(&self, unix: i64) -> i32 {
        (unix + i64::from(self.policy.offset)).div_euclid(86400).clamp(-700_000, 2_900_000) as i32
    }

    /// The tag, written.
    #[inline]
    pub fn render(&mut self, ctx: TagContext, style: TagStyle) -> &[u8] {
        if self.last != Some((ctx, style)) {
            self.note();
            self.compose(ctx, style);
            self.last = Some((ctx, style));
        }
        self.run += 1;
        &self.last_text
    }

    /// Renders the tag into `last_text`: most of it is the same on every day.
    fn compose(&mut self, ctx: TagContext, style: TagStyle) {
        let Tagger { policy, rules, version, kid, templates, dates, last_text, .. } = self;
        let writer = Writer { policy, rules, version, kid };
        let template = templates.get((TagContext { day: 0, ..ctx }, style), || writer.template(ctx, style));
        let dates = dates.get((ctx.retentions, ctx.day, style), || writer.dates(ctx, style));
        let (head, tail) = template.text.split_at(template.dates);
        last_text.clear();
        for part in [head, dates, tail] {
            last_text.extend_from_slice(part.as_bytes());
        }
    }
}

/// A tag without its dates.
#[derive(Default)]
struct Template {
    text: String,
    /// Where the dates stand.
    dates: usize,
}

/// Values by key; each key has one place, where the last one stays.
struct Cache<K, V> {
    slots: Vec<(Option<K>, V)>,
}

impl<K: Copy + PartialEq + Hash, V: Default> Cache<K, V> {
    fn new(slots: usize) -> Self {
        Cache { slots: std::iter::repeat_with(|| (None, V::default())).take(slots).collect() }
    }

    fn get(&mut self, key: K, make: impl FnOnce() -> V) -> &V {
        let mut mix = Mix(0);
        key.hash(&mut mix);
        let at = (mix.0 >> 32) as usize % self.slots.len();
        let slot = &mut self.slots[at];
        if slot.0 != Some(key) {
            *slot = (Some(key), make());
        }
        &slot.1
    }
}

/// A quick hash of a few words. Nothing that a sender chooses makes it slow: a slot holds one value.
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(29) ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}

/// What tags are written from.
struct Writer<'a> {
    policy: &'a Policy,
    rules: &'a Ruleset,
    version: &'a str,
    kid: &'a str,
}

impl Writer<'_> {
    fn template(&self, ctx: TagContext, style: TagStyle) -> Template {
        let mut text = String::with_capacity(1024);
        let _ = match style {
            TagStyle::JsonMember => write!(text, ",\"{MEMBER}\":"),
            TagStyle::JsonFirst => write!(text, "\"{MEMBER}\":"),
            TagStyle::JsonElement => write!(text, ",{{\"{MEMBER}\":"),
            TagStyle::Object => Ok(()),
            TagStyle::Text => write!(text, " \"deid="),
        };
        let facts = self.facts(ctx);
        let dates = if style == TagStyle::Text {
            self.line(ctx, &facts, &mut text)
        } else {
            self.object(ctx, &facts, &mut text)
        };
        text.push_str(match style {
            TagStyle::JsonElement => "}",
            TagStyle::Text => "\"",
            _ => "",
        });
        Template { text, dates }
    }

    fn dates(&self, ctx: TagContext, style: TagStyle) -> String {
        let w = window(self.policy, ctx.retentions, ctx.day);
        let class = &self.policy.retentions[w.class.0 as usize].class;
        let mut s = String::new();
        let _ = match style {
            TagStyle::Text => write!(s, "{class}"),
            _ => write!(s, "\"{class}\""),
        };
        for (name, date) in w.dates() {
            let _ = match style {
                TagStyle::Text => write!(s, ";{name}:{date}"),
                _ => write!(s, ",\"{name}\":\"{date}\""),
            };
        }
        s
    }

    fn facts(&self, ctx: TagContext) -> Facts<'_> {
        let found: Vec<_> = self.rules.entities.iter().filter(|e| ctx.entities >> e.id.0 & 1 == 1).collect();
        let set: CategorySet = found.iter().map(|e| e.category).collect();
        Facts {
            level: found.iter().map(|e| e.level).max().unwrap_or(0),
            categories: Category::ALL.iter().filter(|c| set.contains(**c)).map(|c| c.name()).collect(),
            found: found.iter().map(|e| e.name.as_str()).collect(),
            basis: self.basis(ctx.retentions),
        }
    }

    fn basis(&self, retentions: u64) -> Vec<&str> {
        let mut all: Vec<&str> = self.chosen(retentions).flat_map(|r| r.1.basis.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn chosen(&self, retentions: u64) -> impl Iterator<Item = (usize, &crate::policy::Retention)> {
        self.policy.retentions.iter().enumerate().filter(move |(i, _)| retentions >> i & 1 == 1)
    }

    /// Writes the tag as a JSON object; returns where class and dates are to stand.
    fn object(&self, ctx: TagContext, f: &Facts<'_>, s: &mut String) -> usize {
        let _ = write!(
            s,
            "{{\"pv\":\"{}\",\"cls\":{},\"lvl\":{},\"found\":{},\"ret\":{{\"class\":",
            self.version,
            List(&f.categories),
            f.level,
            List(&f.found),
        );
        let dates = s.len();
        let _ = write!(
            s,
            ",\"basis\":{},\"state\":\"{}\"}},\"res\":\"{}\",\"kid\":\"{}\",\"link\":\"{}\",\"clock\":\"{}\"}}",
            List(&f.basis),
            STATE,
            self.policy.region,
            self.kid,
            link(ctx),
            clock(ctx),
        );
        dates
    }

    /// Writes the tag for a line of text; returns where class and dates are to stand.
    fn line(&self, ctx: TagContext, f: &Facts<'_>, s: &mut String) -> usize {
        let _ = write!(
            s,
            "pv:{};cls:{};lvl:{};found:{};class:",
            self.version,
            f.categories.join(","),
            f.level,
            f.found.join(","),
        );
        let dates = s.len();
        let _ = write!(
            s,
            ";basis:{};state:{};res:{};kid:{};link:{};clock:{}",
            f.basis.join(","),
            STATE,
            self.policy.region,
            self.kid,
            link(ctx),
            clock(ctx),
        );
        dates
    }
}

struct Facts<'a> {
    level: u8,
    categories: Vec<&'static str>,
    found: Vec<&'a str>,
    basis: Vec<&'a str>,
}

impl Window {
    fn dates(&self) -> impl Iterator<Item = (&'static str, Date)> {
        [("keep_until", self.keep_until), ("delete_after", self.delete_after), ("restrict_after", self.restrict_after)]
            .into_iter()
            .filter_map(|(n, d)| Some((n, d?)))
    }
}

/// No record is held or frozen yet when it is tagged.
const STATE: &str = "active";

fn link(ctx: TagContext) -> &'static str {
    if ctx.linked { "joined" } else { "single" }
}

fn clock(ctx: TagContext) -> &'static str {
    if ctx.clock == Clock::Record { "record" } else { "ingest" }
}

/// A JSON array of words that need no escapes.
struct List<'a>(&'a [&'a str]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (i, word) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "\"" } else { ",\"" })?;
            f.write_str(word)?;
            f.write_char('"')?;
        }
        f.write_char(']')
    }
}

/// Joins retention classes: floors are the longest, ceilings the shortest, a floor outranks a ceiling.
pub fn window(policy: &Policy, retentions: u64, day: i32) -> Window {
    let start = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap_or(Date::MAX);
    let until = |s: &Option<jiff::Span>| s.as_ref().and_then(|s| start.checked_add(*s).ok());
    let mut w = Window { class: policy.default_retention, keep_until: None, delete_after: None, restrict_after: None };
    let mut ceiling: Option<Date> = None;
    for (i, r) in policy.retentions.iter().enumerate().filter(|(i, _)| retentions >> i & 1 == 1) {
        if let Some(f) = until(&r.floor).filter(|f| w.keep_until.is_none_or(|k| *f > k)) {
            w.keep_until = Some(f);
            w.class = RetentionId(i as u8);
        }
        if let Some(c) = until(&r.ceiling).filter(|c| ceiling.is_none_or(|d| *c < d)) {
            ceiling = Some(c);
            if w.keep_until.is_none() {
                w.class = RetentionId(i as u8);
            }
        }
    }
    w.delete_after = ceiling.max(w.keep_until.filter(|_| ceiling.is_some()));
    w.restrict_after = ceiling.filter(|c| w.keep_until.is_some_and(|k| *c < k));
    w
}

/// Bit of an entity in [`TagContext::entities`].
pub fn bit(e: EntityId) -> u128 {
    1 << e.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::policy_builtin;

    fn policy() -> Policy {
        crate::policy::compile("p", policy_builtin("jdcloud-2021").unwrap(), &Ruleset::builtin()).unwrap()
    }

    fn day(s: &str) -> i32 {
        let d: Date = s.parse().unwrap();
        (d - Date::constant(1970, 1, 1)).get_days()
    }

    fn bits(p: &Policy, names: &[&str]) -> u64 {
        p.retentions.iter().enumerate().filter(|(_, r)| names.contains(&r.class.as_str())).map(|(i, _)| 1 << i).sum()
    }

    #[test]
    fn calendar_months_and_leap_days() {
        let p = policy();
        for (from, class, want) in [
            ("2026-08-31", "network_log", "2027-02-28"),
            ("2023-08-31", "network_log", "2024-02-29"),
            ("2024-02-29", "transaction", "2029-02-28"),
        ] {
            let w = window(&p, bits(&p, &[class]), day(from));
            assert_eq!(w.keep_until.unwrap().to_string(), want);
            assert_eq!(w.delete_after, w.keep_until);
        }
    }

    #[test]
    fn a_floor_outranks_a_ceiling() {
        let p = policy();
        let w = window(&p, bits(&p, &["network_log", "telemetry"]), day("2026-11-23"));
        assert_eq!(w.keep_until.unwrap().to_string(), "2027-05-23");
        assert_eq!(w.delete_after, w.keep_until);
        assert_eq!(w.restrict_after.unwrap().to_string(), "2027-02-21");
        assert_eq!(p.retentions[w.class.0 as usize].class, "network_log");
    }

    #[test]
    fn renderings_are_well_formed() {
        let (p, r) = (policy(), Ruleset::builtin());
        let key = MasterKey::ephemeral();
        let mut t = Tagger::new(&p, &r, &key);
        let ctx = TagContext { entities: 0b100001, retentions: 3, linked: true, day: 20000, clock: Clock::Record };
        let mut out = b"{\"a\":1".to_vec();
        out.extend_from_slice(t.render(ctx, TagStyle::JsonMember));
        out.push(b'}');
        let v: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(v["_deid"]["link"], "joined");
        assert_eq!(v["_deid"]["found"][0], "ip.v4");
        let text = t.render(ctx, TagStyle::Text);
        assert_eq!(text.iter().filter(|b| **b == b'"').count(), 2);
        assert!(text.starts_with(b" \"deid=pv:JDT-YSXY-2021@2021-03-10#"));
    }
}
