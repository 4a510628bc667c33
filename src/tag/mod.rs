//! How long may it stay, and who said so? The tag of a record, rendered once per day and set of findings.

mod cache;
mod window;

pub use window::{Window, day, window};

use crate::model::{Category, CategorySet, EntityId};
use crate::policy::Policy;
use crate::rules::Ruleset;
use cache::Cache;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::hash::Hash;

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

/// Most renderings kept, their dates apart; beyond that they are made anew.
const TEMPLATES: usize = 1024;
/// Most whole tags kept; a power of two.
const READY: usize = 256;
/// Most sets of dates kept.
const DATES: usize = 64;

/// Most contexts that are counted apart.
const SEEN: usize = 1 << 16;

/// A tag's context and style, packed to be compared fast.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Packed([u64; 4]);

impl Packed {
    /// No context is this one.
    const NONE: Packed = Packed([u64::MAX; 4]);

    #[inline(always)]
    fn new(ctx: &TagContext, style: TagStyle) -> Packed {
        let flags = [ctx.clock == Clock::Record, ctx.linked, ctx.early, ctx.minor, ctx.stripped];
        let flags = flags.iter().fold(0, |bits, f| bits << 1 | u64::from(*f));
        let rest = u64::from(ctx.day as u32) | flags << 32 | (style as u64) << 40 | u64::from(ctx.case) << 48;
        Packed([ctx.entities as u64, (ctx.entities >> 64) as u64, ctx.retentions, rest])
    }
}

/// A whole tag, and what it was rendered for.
type Ready = (Packed, Vec<u8>);

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
    templates: Cache<(TagContext, TagStyle), Template>,
    dates: Cache<DatesKey, String>,
    /// Whole tags, and the place of the last one.
    ready: Vec<Ready>,
    at: usize,
    last: Packed,
    /// The context of the last one.
    context: Option<TagContext>,
    /// Contexts are counted.
    counts: bool,
    /// Records since `last` changed.
    run: u64,
    seen: HashMap<TagContext, u64>,
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
            templates: Cache::new(TEMPLATES),
            dates: Cache::new(DATES),
            ready: vec![(Packed::NONE, Vec::new()); READY],
            at: 0,
            last: Packed::NONE,
            context: None,
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
        if let (true, Some(ctx), 1..) = (self.counts, self.context, self.run)
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
        self.templates.clear();
        self.ready.iter_mut().for_each(|r| r.0 = Packed::NONE);
        self.last = Packed::NONE;
    }

    /// The tag, written.
    #[inline]
    pub fn render(&mut self, ctx: TagContext, style: TagStyle) -> &[u8] {
        let key = Packed::new(&ctx, style);
        if self.last != key {
            self.note();
            self.at = place(&ctx);
            if self.ready[self.at].0 != key {
                self.compose(ctx, style, key);
            }
            (self.last, self.context) = (key, Some(ctx));
        }
        self.run += 1;
        &self.ready[self.at].1
    }

    /// Renders the tag into its place: most of it is the same on every day.
    #[inline(never)]
    fn compose(&mut self, ctx: TagContext, style: TagStyle, packed: Packed) {
        let Tagger { policy, rules, version, kid, to, cases, templates, dates, ready, at, .. } = self;
        let (key, text) = &mut ready[*at];
        let writer = Writer { policy, rules, version, kid, to: to.as_deref(), cases };
        let template = templates.get((TagContext { day: 0, ..ctx }, style), || writer.template(ctx, style));
        let dates = dates.get((ctx.retentions, ctx.day, ctx.case != 0, style), || writer.dates(ctx, style));
        let (head, tail) = template.text.split_at(template.dates);
        text.clear();
        for part in [head, dates, tail] {
            text.extend_from_slice(part.as_bytes());
        }
        *key = packed;
    }
}

/// Where the tags of a context are kept.
fn place(ctx: &TagContext) -> usize {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let found = (ctx.entities as u64).wrapping_mul(ODD) ^ (ctx.entities >> 64) as u64;
    let mix = (found ^ ctx.retentions ^ ctx.day as u64).wrapping_mul(ODD);
    (mix >> (64 - READY.trailing_zeros())) as usize
}

/// What the dates of a tag depend on: retention classes, day, legal hold, style.
type DatesKey = (u64, i32, bool, TagStyle);

/// A tag without its dates.
#[derive(Default)]
struct Template {
    text: String,
    /// Where the dates stand.
    dates: usize,
}

/// What tags are written from.
struct Writer<'a> {
    policy: &'a Policy,
    rules: &'a Ruleset,
    version: &'a str,
    kid: &'a str,
    to: Option<&'a str>,
    cases: &'a [String],
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
        for (name, date) in w.dates().filter(|d| ctx.case == 0 || d.0 == "keep_until") {
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
            level: found.iter().map(|e| self.policy.levels[e.id.0 as usize]).max().unwrap_or(0),
            categories: Category::ALL.iter().filter(|c| set.contains(**c)).map(|c| c.name()).collect(),
            found: found.iter().map(|e| e.name.as_str()).collect(),
            purposes: self.purposes(set),
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
            ",\"basis\":{},\"state\":\"{}\"}},\"res\":\"{}\",\"kid\":\"{}\",\"link\":\"{}\",\"clock\":\"{}\"",
            List(&f.basis),
            state(ctx),
            self.policy.region,
            self.kid,
            link(ctx),
            clock(ctx),
        );
        if !f.purposes.is_empty() {
            let _ = write!(s, ",\"purpose\":{}", List(&f.purposes));
        }
        for (name, text) in self.marks(ctx) {
            let _ = match text {
                Some(t) => write!(s, ",\"{name}\":\"{t}\""),
                None => write!(s, ",\"{name}\":true"),
            };
        }
        s.push('}');
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
        dates
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
            self.to.map(|t| ("to", Some(t))),
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
    basis: Vec<&'a str>,
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
