//! How long may it stay, and who said so? The tag of a record, rendered once per day and set of findings.

use crate::model::{Category, CategorySet, EntityId, RetentionId};
use crate::policy::Policy;
use crate::rules::Ruleset;
use jiff::civil::Date;
use std::collections::HashMap;
use std::fmt::Write as _;

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
    /// The event lies before the oldest version of the policy.
    pub early: bool,
    /// A minor's record.
    pub minor: bool,
    /// Withdrawn consent stripped it.
    pub stripped: bool,
    /// Number of the case that holds it, from 1; 0 for none.
    pub case: u16,
}

/// Most renderings kept; beyond that they are made anew.
const CACHE: usize = 4096;

/// Most contexts that are counted apart.
const SEEN: usize = 1 << 16;

/// Renders tags. One per worker.
pub struct Tagger<'p> {
    policy: &'p Policy,
    rules: &'p Ruleset,
    version: String,
    kid: String,
    /// The recipient of the output.
    to: Option<String>,
    /// Names of the cases of legal holds.
    cases: Vec<String>,
    cache: HashMap<(TagContext, TagStyle), Box<[u8]>>,
    last: Option<(TagContext, TagStyle)>,
    last_text: Vec<u8>,
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
    /// A tagger for records under `policy` whose tokens are made with the key `kid`, for the
    /// recipient `to`.
    pub fn new(policy: &'p Policy, rules: &'p Ruleset, kid: &str, to: Option<&str>) -> Self {
        let version = policy.version();
        Tagger {
            policy,
            rules,
            version,
            kid: kid.into(),
            to: to.map(String::from),
            cases: Vec::new(),
            cache: HashMap::new(),
            last: None,
            last_text: Vec::new(),
            run: 0,
            seen: HashMap::new(),
        }
    }

    /// How many records had each context since the last call.
    pub fn take_seen(&mut self) -> HashMap<TagContext, u64> {
        self.note();
        std::mem::take(&mut self.seen)
    }

    fn note(&mut self) {
        if let (Some((ctx, _)), 1..) = (self.last, self.run)
            && (self.seen.len() < SEEN || self.seen.contains_key(&ctx))
        {
            *self.seen.entry(ctx).or_default() += self.run;
        }
        self.run = 0;
    }

    /// Day of a point in time, in the policy's zone.
    pub fn day(&self, unix: i64) -> i32 {
        day(unix, self.policy.offset)
    }

    /// Sets the names of the cases of legal holds.
    pub fn set_cases(&mut self, cases: &[String]) {
        cases.clone_into(&mut self.cases);
        self.cache.clear();
        self.last = None;
    }

    /// The tag, written.
    #[inline]
    pub fn render(&mut self, ctx: TagContext, style: TagStyle) -> &[u8] {
        if self.last != Some((ctx, style)) {
            self.note();
            let text = match self.cache.get(&(ctx, style)) {
                Some(t) => t.clone(),
                None => {
                    if self.cache.len() >= CACHE {
                        self.cache.clear();
                    }
                    let t: Box<[u8]> = self.text(ctx, style).into_bytes().into();
                    self.cache.insert((ctx, style), t.clone());
                    t
                }
            };
            self.last = Some((ctx, style));
            self.last_text.clear();
            self.last_text.extend_from_slice(&text);
        }
        self.run += 1;
        &self.last_text
    }

    fn text(&self, ctx: TagContext, style: TagStyle) -> String {
        match style {
            TagStyle::JsonMember => format!(",\"{MEMBER}\":{}", self.object(ctx)),
            TagStyle::JsonFirst => format!("\"{MEMBER}\":{}", self.object(ctx)),
            TagStyle::JsonElement => format!(",{{\"{MEMBER}\":{}}}", self.object(ctx)),
            TagStyle::Object => self.object(ctx),
            TagStyle::Text => format!(" \"deid={}\"", self.line(ctx)),
        }
    }

    fn facts(&self, ctx: TagContext) -> Facts<'_> {
        let found: Vec<_> = self.rules.entities.iter().filter(|e| ctx.entities >> e.id.0 & 1 == 1).collect();
        let set: CategorySet = found.iter().map(|e| e.category).collect();
        Facts {
            level: found.iter().map(|e| self.policy.levels[e.id.0 as usize]).max().unwrap_or(0),
            categories: Category::ALL.iter().filter(|c| set.contains(**c)).map(|c| c.name()).collect(),
            found: found.iter().map(|e| e.name.as_str()).collect(),
            purposes: self.purposes(set),
            window: window(self.policy, ctx.retentions, ctx.day),
            basis: self.basis(ctx.retentions),
        }
    }

    /// What the categories of a record may be processed for.
    fn purposes(&self, set: CategorySet) -> Vec<&str> {
        let of = |c: Category| self.policy.purposes[c as usize].iter().map(String::as_str);
        let mut all: Vec<&str> = Category::ALL.into_iter().filter(|c| set.contains(*c)).flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
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

    fn object(&self, ctx: TagContext) -> String {
        let f = self.facts(ctx);
        let mut s = format!(
            "{{\"pv\":\"{}\",\"cls\":{},\"lvl\":{},\"found\":{},\"ret\":{{\"class\":\"{}\"",
            self.version,
            list(&f.categories),
            f.level,
            list(&f.found),
            self.policy.retentions[f.window.class.0 as usize].class,
        );
        for (name, date) in f.window.dates().filter(|d| ctx.case == 0 || d.0 == "keep_until") {
            let _ = write!(s, ",\"{name}\":\"{date}\"");
        }
        let _ = write!(
            s,
            ",\"basis\":{},\"state\":\"{}\"}},\"res\":\"{}\",\"kid\":\"{}\",\"link\":\"{}\",\"clock\":\"{}\"",
            list(&f.basis),
            state(ctx),
            self.policy.region,
            self.kid,
            link(ctx),
            clock(ctx),
        );
        if !f.purposes.is_empty() {
            let _ = write!(s, ",\"purpose\":{}", list(&f.purposes));
        }
        for (name, text) in self.marks(ctx) {
            let _ = match text {
                Some(t) => write!(s, ",\"{name}\":\"{t}\""),
                None => write!(s, ",\"{name}\":true"),
            };
        }
        s.push('}');
        s
    }

    fn line(&self, ctx: TagContext) -> String {
        let f = self.facts(ctx);
        let mut s = format!(
            "pv:{};cls:{};lvl:{};found:{};class:{}",
            self.version,
            f.categories.join(","),
            f.level,
            f.found.join(","),
            self.policy.retentions[f.window.class.0 as usize].class,
        );
        for (name, date) in f.window.dates().filter(|d| ctx.case == 0 || d.0 == "keep_until") {
            let _ = write!(s, ";{name}:{date}");
        }
        let _ = write!(
            s,
            ";basis:{};state:{};res:{};kid:{};link:{};clock:{}",
            f.basis.join(","),
            state(ctx),
            self.policy.region,
            self.kid,
            link(ctx),
            clock(ctx),
        );
        if !f.purposes.is_empty() {
            let _ = write!(s, ";purpose:{}", f.purposes.join(","));
        }
        for (name, text) in self.marks(ctx) {
            let _ = write!(s, ";{name}:{}", text.unwrap_or("true"));
        }
        s
    }

    /// What few records have: a name, and a text or simply true.
    fn marks(&self, ctx: TagContext) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        let case = usize::from(ctx.case).checked_sub(1).map(|i| self.cases.get(i).map_or("unknown", String::as_str));
        let set = |on: bool, name| on.then_some((name, None));
        [
            set(ctx.early, "early"),
            set(ctx.minor, "minor"),
            set(ctx.stripped, "withdrawn"),
            case.map(|c| ("hold", Some(c))),
            self.to.as_deref().map(|t| ("to", Some(t))),
        ]
        .into_iter()
        .flatten()
    }
}

struct Facts<'a> {
    level: u8,
    categories: Vec<&'static str>,
    found: Vec<&'a str>,
    purposes: Vec<&'a str>,
    window: Window,
    basis: Vec<&'a str>,
}

impl Window {
    fn dates(&self) -> impl Iterator<Item = (&'static str, Date)> {
        [("keep_until", self.keep_until), ("delete_after", self.delete_after), ("restrict_after", self.restrict_after)]
            .into_iter()
            .filter_map(|(n, d)| Some((n, d?)))
    }
}

/// A record under legal hold may not be deleted, whatever its class says.
fn state(ctx: TagContext) -> &'static str {
    if ctx.case == 0 { "active" } else { "held" }
}

fn link(ctx: TagContext) -> &'static str {
    if ctx.linked { "joined" } else { "single" }
}

fn clock(ctx: TagContext) -> &'static str {
    if ctx.clock == Clock::Record { "record" } else { "ingest" }
}

fn list(items: &[&str]) -> String {
    let quoted: Vec<String> = items.iter().map(|i| format!("\"{i}\"")).collect();
    format!("[{}]", quoted.join(","))
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

/// Day from 1970-01-01 of a point in time, `offset` seconds east of UTC.
pub fn day(unix: i64, offset: i32) -> i32 {
    (unix.saturating_add(i64::from(offset))).div_euclid(86400).clamp(-700_000, 2_900_000) as i32
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
        let mut t = Tagger::new(&p, &r, "aaaaaaaa", None);
        let ctx = TagContext {
            entities: 0b100001,
            retentions: 3,
            linked: true,
            day: 20000,
            clock: Clock::Record,
            early: false,
            minor: true,
            stripped: false,
            case: 1,
        };
        t.set_cases(&["case-1".into()]);
        let mut out = b"{\"a\":1".to_vec();
        out.extend_from_slice(t.render(ctx, TagStyle::JsonMember));
        out.push(b'}');
        let v: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(v["_deid"]["link"], "joined");
        assert_eq!((&v["_deid"]["hold"], &v["_deid"]["minor"]), (&"case-1".into(), &true.into()));
        assert_eq!((&v["_deid"]["ret"]["state"], &v["_deid"]["ret"]["delete_after"]), (&"held".into(), &().into()));
        assert_eq!(v["_deid"]["found"][0], "ip.v4");
        let text = t.render(ctx, TagStyle::Text);
        assert_eq!(text.iter().filter(|b| **b == b'"').count(), 2);
        assert!(text.starts_with(b" \"deid=pv:JDT-YSXY-2021@2021-03-10#"));
    }
}
