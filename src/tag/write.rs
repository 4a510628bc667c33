//! The text of a tag. What many tags share is kept by what it depends on.

use super::cache::Cache;
use super::window::window;
use super::{Clock, MEMBER, TagContext, TagStyle};
use crate::model::{Category, CategorySet};
use crate::policy::Policy;
use crate::rules::Ruleset;

/// Sets of categories and of retention classes whose words are kept.
const SETS: usize = 256;

/// Levels of sensitivity, as they are written.
const LEVELS: [&str; 5] = ["0", "1", "2", "3", "4"];

/// How lists and members are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Notation {
    /// One JSON object.
    Json,
    /// `name:word,word;name:...`
    Line,
}

/// What a set of categories says.
#[derive(Default)]
struct OfCategories {
    names: String,
    /// What they may be processed for; empty for nothing.
    purposes: String,
}

/// What retention classes, a day and a legal hold say.
#[derive(Default)]
struct OfRetention {
    dates: String,
    basis: String,
}

/// Retention classes, day, whether a legal hold holds.
type When = (u64, i32, bool);

/// Writes tags. One per worker.
pub struct Writer<'p> {
    pub policy: &'p Policy,
    /// Names of the cases of legal holds.
    pub cases: Vec<String>,
    kid: String,
    /// The recipient of the output.
    to: Option<String>,
    version: String,
    /// Name of each entity as it stands in a list of either notation, a comma behind it; its level, its category.
    entities: Vec<([String; 2], u8, Category)>,
    categories: Cache<(CategorySet, Notation), OfCategories>,
    retentions: Cache<(When, Notation), OfRetention>,
}

impl<'p> Writer<'p> {
    /// Writes under `policy`, for records whose tokens are made with the key `kid`, for the recipient `to`.
    pub fn new(policy: &'p Policy, rules: &Ruleset, kid: &str, to: Option<&str>) -> Self {
        let entities = rules.entities.iter().map(|e| {
            let names = [format!("\"{}\",", e.name), format!("{},", e.name)];
            (names, policy.levels[e.id.0 as usize], e.category)
        });
        Writer {
            policy,
            cases: Vec::new(),
            kid: kid.into(),
            to: to.map(String::from),
            version: policy.version(),
            entities: entities.collect(),
            categories: Cache::new(SETS),
            retentions: Cache::new(SETS),
        }
    }

    /// Appends the tag of a context.
    pub fn write(&mut self, ctx: TagContext, style: TagStyle, s: &mut String) {
        put(
            s,
            match style {
                TagStyle::JsonMember => [",\"", MEMBER, "\":"],
                TagStyle::JsonFirst => ["\"", MEMBER, "\":"],
                TagStyle::JsonElement => [",{\"", MEMBER, "\":"],
                TagStyle::Object => [""; 3],
                TagStyle::Text => [" \"deid=", "", ""],
            },
        );
        self.facts(ctx, if style == TagStyle::Text { Notation::Line } else { Notation::Json }, s);
        s.push_str(match style {
            TagStyle::JsonElement => "}",
            TagStyle::Text => "\"",
            _ => "",
        });
    }

    fn facts(&mut self, ctx: TagContext, notation: Notation, s: &mut String) {
        let json = notation == Notation::Json;
        let mut found = String::with_capacity(256);
        let (mut set, mut level) = (CategorySet::default(), 0);
        for (names, l, category) in bits(ctx.entities).map(|i| &self.entities[i]) {
            found.push_str(&names[notation as usize]);
            set.insert(*category);
            level = level.max(*l);
        }
        found.pop();
        let (policy, held) = (self.policy, ctx.case != 0);
        let of = self.categories.get((set, notation), || of_categories(policy, set, notation));
        let kept = self.retentions.get(((ctx.retentions, ctx.day, held), notation), || {
            of_retention(policy, (ctx.retentions, ctx.day, held), notation)
        });
        let level = LEVELS[usize::from(level).min(LEVELS.len() - 1)];
        let (state, link) = (if held { "held" } else { "active" }, if ctx.linked { "joined" } else { "single" });
        let clock = if ctx.clock == Clock::Record { "record" } else { "ingest" };
        let (version, region, kid) = (&*self.version, &*policy.region, &*self.kid);
        if json {
            put(s, ["{\"pv\":\"", version, "\",\"cls\":", &of.names, ",\"lvl\":", level, ",\"found\":["]);
            put(s, [&found, "],\"ret\":{\"class\":", &kept.dates, ",\"basis\":", &kept.basis, ",\"state\":\"", state]);
            put(s, ["\"},\"res\":\"", region, "\",\"kid\":\"", kid, "\",\"link\":\"", link]);
            put(s, ["\",\"clock\":\"", clock, "\""]);
        } else {
            put(s, ["pv:", version, ";cls:", &of.names, ";lvl:", level, ";found:", &found, ";class:", &kept.dates]);
            put(s, [";basis:", &kept.basis, ";state:", state, ";res:", region, ";kid:", kid]);
            put(s, [";link:", link, ";clock:", clock]);
        }
        if !of.purposes.is_empty() {
            put(s, [if json { ",\"purpose\":" } else { ";purpose:" }, &of.purposes]);
        }
        self.marks(ctx, json, s);
        if json {
            s.push('}');
        }
    }

    /// What few records have: a name, and a text or simply true.
    fn marks(&self, ctx: TagContext, json: bool, s: &mut String) {
        let case = usize::from(ctx.case).checked_sub(1).map(|i| self.cases.get(i).map_or("unknown", String::as_str));
        let set = |on: bool, name| on.then_some((name, None));
        let marks = [
            set(ctx.early, "early"),
            set(ctx.minor, "minor"),
            set(ctx.stripped, "withdrawn"),
            case.map(|c| ("hold", Some(c))),
            self.to.as_deref().map(|t| ("to", Some(t))),
        ];
        for (name, text) in marks.into_iter().flatten() {
            match (json, text) {
                (true, Some(t)) => put(s, [",\"", name, "\":\"", t, "\""]),
                (true, None) => put(s, [",\"", name, "\":true"]),
                (false, t) => put(s, [";", name, ":", t.unwrap_or("true")]),
            }
        }
    }
}

fn of_categories(policy: &Policy, set: CategorySet, notation: Notation) -> OfCategories {
    let there = || Category::ALL.into_iter().filter(|c| set.contains(*c));
    let mut purposes: Vec<&str> =
        there().flat_map(|c| policy.purposes[c as usize].iter().map(String::as_str)).collect();
    purposes.sort_unstable();
    purposes.dedup();
    OfCategories {
        names: list(&there().map(Category::name).collect::<Vec<_>>(), notation),
        purposes: if purposes.is_empty() { String::new() } else { list(&purposes, notation) },
    }
}

fn of_retention(policy: &Policy, (retentions, day, held): When, notation: Notation) -> OfRetention {
    let chosen = policy.retentions.iter().enumerate().filter(|(i, _)| retentions >> i & 1 == 1);
    let mut basis: Vec<&str> = chosen.flat_map(|(_, r)| r.basis.iter().map(String::as_str)).collect();
    basis.sort_unstable();
    basis.dedup();
    let w = window(policy, retentions, day);
    let class = &policy.retentions[w.class.0 as usize].class;
    let json = notation == Notation::Json;
    let mut dates = if json { format!("\"{class}\"") } else { class.clone() };
    // A record under legal hold may not be deleted, whatever its class says.
    for (name, date) in w.dates().filter(|d| !held || d.0 == "keep_until") {
        dates += &if json { format!(",\"{name}\":\"{date}\"") } else { format!(";{name}:{date}") };
    }
    OfRetention { dates, basis: list(&basis, notation) }
}

/// Words that need no escapes, as a list.
fn list(words: &[&str], notation: Notation) -> String {
    match notation {
        Notation::Json if words.is_empty() => "[]".into(),
        Notation::Json => format!("[\"{}\"]", words.join("\",\"")),
        Notation::Line => words.join(","),
    }
}

fn put<const N: usize>(s: &mut String, parts: [&str; N]) {
    parts.into_iter().for_each(|p| s.push_str(p));
}

/// Numbers of the bits that are set, ascending.
fn bits(mut set: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let i = (set != 0).then(|| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        i
    })
}
