//! How long may it stay, and who said so? The tag of a record, rendered once per day and set of findings.

mod cache;
mod window;
mod write;

pub use window::{Window, day, window};

use crate::model::EntityId;
use crate::policy::Policy;
use crate::rules::Ruleset;
use std::collections::HashMap;
use write::Writer;

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

/// Most whole tags kept; a power of two.
const READY: usize = 256;
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
type Ready = (Packed, String);

/// Renders tags. One per worker.
pub struct Tagger<'p> {
    writer: Writer<'p>,
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
        Tagger {
            writer: Writer::new(policy, rules, kid, to),
            ready: vec![(Packed::NONE, String::new()); READY],
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
        day(unix, self.writer.policy.offset)
    }

    /// Sets the names of the cases of legal holds.
    pub fn set_cases(&mut self, cases: &[String]) {
        cases.clone_into(&mut self.writer.cases);
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
        self.ready[self.at].1.as_bytes()
    }

    /// Renders the tag into its place.
    #[inline(never)]
    fn compose(&mut self, ctx: TagContext, style: TagStyle, key: Packed) {
        let (of, text) = &mut self.ready[self.at];
        text.clear();
        self.writer.write(ctx, style, text);
        *of = key;
    }
}

/// Where the tags of a context are kept.
fn place(ctx: &TagContext) -> usize {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let found = (ctx.entities as u64).wrapping_mul(ODD) ^ (ctx.entities >> 64) as u64;
    let mix = (found ^ ctx.retentions ^ ctx.day as u64).wrapping_mul(ODD);
    (mix >> (64 - READY.trailing_zeros())) as usize
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
