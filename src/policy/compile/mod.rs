//! From stanzas to tables.

mod coverage;
mod recipients;
mod stanza;
mod table;

pub use coverage::VERBS;
pub(super) use recipients::may_go;

use super::conditions::{Condition, Conditions};
use super::{Linkage, Policy, Retention};
use crate::model::{Category, CategorySet, EntityId, RetentionId};
use crate::rules::{Algorithm, LinkageDef, PolicyDef, RuleError, Ruleset, Scope, TransformDef, TransformKind};
use crate::transform::fpe::FpeMode;
use crate::transform::generalise::{Style, Unit};
use crate::transform::mask::MaskStyle;
use sha2::{Digest, Sha256};
use stanza::Stanza;
use std::fmt::Display;

struct Compiler<'a> {
    file: &'a str,
    text: &'a str,
    def: &'a PolicyDef,
    rules: &'a Ruleset,
    errors: Vec<RuleError>,
    /// The file's transforms, and their copies under other key domains.
    transforms: Vec<TransformDef>,
    clauses: Vec<String>,
    conditions: Vec<Condition>,
    levels: Vec<u8>,
    linkage: Option<Linkage>,
}

/// Compiles the text of a policy file against the entities in force.
///
/// # Errors
/// All mistakes: unknown names, bad durations, classes without a basis, entities that no clause decides.
pub fn compile(file: &str, text: &str, rules: &Ruleset) -> Result<Policy, Vec<RuleError>> {
    let def = PolicyDef::parse(file, text)?;
    let mut c = Compiler {
        file,
        text,
        def: &def,
        rules,
        errors: Vec::new(),
        transforms: def.transform.clone(),
        clauses: def.clause.iter().map(|x| x.id.clone()).collect(),
        conditions: Vec::new(),
        levels: Vec::new(),
        linkage: None,
    };
    def.transform.iter().for_each(|t| c.transform(t));
    let retentions = c.retentions();
    let offset = c.offset();
    let effective = c.effective(offset);
    let default_retention = c.retention(&def.policy.default_retention, Stanza::POLICY);
    c.levels = c.levels();
    let purposes = c.purposes();
    c.linkage = def.linkage.as_ref().map(|l| c.linkage(l));
    c.conditions();
    let consent = def.consent.clone().map(|d| {
        let set = c.categories(Stanza("consent", ""), &d.strip);
        (d, set)
    });
    let hold = def.hold.as_ref().map(|h| c.retention(&h.retention, Stanza("hold", "")));
    let views = c.views();
    c.coverage();
    if !c.errors.is_empty() {
        return Err(c.errors);
    }
    let Compiler { transforms, clauses, conditions, levels, linkage, .. } = c;
    Ok(Policy {
        id: def.policy.id.clone(),
        title: def.policy.title.clone(),
        effective_from: def.policy.effective_from.clone(),
        effective,
        older: Vec::new(),
        earlier: def.policy.earlier,
        least: def.policy.min_confidence.least(),
        hash: data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..6]),
        offset,
        region: def.policy.region.clone(),
        transforms,
        clauses,
        retentions,
        default_retention,
        views,
        linkage,
        levels,
        purposes,
        minors: def.minors.clone(),
        consent,
        erasure: def.erasure.clone(),
        hold,
        coverage: def.coverage.clone(),
        conditions: Conditions::new(&conditions),
        phones: def.allow.phones.iter().map(|p| p.clone().into_bytes()).collect(),
        emails: def.allow.emails.iter().map(|p| p.clone().into_bytes()).collect(),
        def,
    })
}

impl Compiler<'_> {
    /// A mistake of a stanza, at the word that is wrong.
    fn fail(&mut self, whose: Stanza<'_>, word: &str, message: impl Display) {
        self.errors.push(whose.error(self.file, self.text, word, message));
    }

    fn offset(&mut self) -> i32 {
        let tz = &self.def.policy.tz;
        let parsed = (tz.len() == 6).then(|| {
            let sign = if tz.starts_with('-') { -1 } else { 1 };
            Some(sign * (tz.get(1..3)?.parse::<i32>().ok()? * 3600 + tz.get(4..)?.parse::<i32>().ok()? * 60))
        });
        parsed.flatten().unwrap_or_else(|| {
            self.fail(Stanza::POLICY, tz, format!("tz `{tz}` is no offset; write `+08:00`"));
            0
        })
    }

    /// Midnight of the first day in force, in Unix seconds.
    fn effective(&mut self, offset: i32) -> i64 {
        let day = &self.def.policy.effective_from;
        match day.parse::<jiff::civil::Date>() {
            Ok(d) => {
                let days = (d - jiff::civil::Date::constant(1970, 1, 1)).get_days();
                i64::from(days) * 86400 - i64::from(offset)
            }
            Err(_) => {
                self.fail(Stanza::POLICY, day, "effective_from is no date; write YYYY-MM-DD");
                0
            }
        }
    }

    fn retentions(&mut self) -> Vec<Retention> {
        let def = self.def;
        def.retention
            .iter()
            .map(|r| {
                let whose = Stanza("retention", &r.class);
                if r.basis.is_empty() {
                    self.fail(whose, &r.class, "names no legal basis");
                }
                let mut span = |text: &Option<String>| {
                    text.as_ref().and_then(|t| {
                        let parsed = t.parse::<jiff::Span>().ok();
                        if parsed.is_none() {
                            self.fail(whose, t, format!("`{t}` is no duration; write P6M, P5Y or P90D"));
                        }
                        parsed
                    })
                };
                let (floor, ceiling) = (span(&r.floor), span(&r.ceiling));
                Retention { class: r.class.clone(), floor, ceiling, basis: r.basis.clone() }
            })
            .collect()
    }

    fn retention(&mut self, name: &str, whose: Stanza<'_>) -> RetentionId {
        let at = self.def.retention.iter().position(|r| r.class == name);
        let at = at.unwrap_or_else(|| {
            self.unknown(whose, "retention", name, self.def.retention.iter().map(|r| r.class.as_str()).collect());
            0
        });
        RetentionId(at as u8)
    }

    fn unknown(&mut self, whose: Stanza<'_>, what: &str, name: &str, known: Vec<&str>) {
        let near = crate::rules::nearest(name, known);
        self.fail(whose, name, format!("unknown {what} `{name}`{near}"));
    }

    fn transform(&mut self, t: &TransformDef) {
        use TransformKind::*;
        let whose = Stanza("transform", &t.id);
        let mut style = |known: Vec<&'static str>| {
            if !known.contains(&t.style.as_str()) {
                self.unknown(whose, "style", &t.style, known);
            }
        };
        match t.kind {
            Mask => style(MaskStyle::NAMES.iter().map(|n| n.0).collect()),
            Fpe => style(FpeMode::NAMES.iter().map(|n| n.0).collect()),
            Generalise => {
                style(Style::NAMES.iter().map(|n| n.0).collect());
                if Unit::parse(&t.unit).is_none() {
                    self.unknown(whose, "unit", &t.unit, Unit::NAMES.iter().map(|n| n.0).collect());
                }
            }
            Truncate if t.v4_bits > 32 || t.v6_bits > 128 => {
                self.fail(whose, &t.id, "more bits than an address has");
            }
            Surrogate if t.algorithm == Algorithm::HmacSm3 => {
                self.fail(whose, &t.id, "surrogate addresses are made by hmac-sha256 or aes-cmac");
            }
            Token => {}
            Pseudonym | Surrogate if t.per_subject && t.algorithm != Algorithm::HmacSha256 => {
                self.fail(whose, &t.id, "keys of subjects go with hmac-sha256");
            }
            Pseudonym | Surrogate => {}
            _ if t.per_subject => {
                self.fail(whose, &t.id, "only pseudonyms, surrogates and tokens have keys of subjects")
            }
            DateShift if t.days == 0 || t.days > 3650 => self.fail(whose, &t.id, "days must be 1 to 3650"),
            _ => {}
        }
    }

    /// Levels of entities: their own, raised to that of their category.
    fn levels(&mut self) -> Vec<u8> {
        let def = self.def;
        let authority = &def.policy.authority;
        let mut of = [0u8; Category::ALL.len()];
        for c in &def.category {
            let Some(category) = Category::parse(&c.id) else {
                self.unknown(
                    Stanza("category", &c.id),
                    "category",
                    &c.id,
                    Category::ALL.iter().map(|c| c.name()).collect(),
                );
                continue;
            };
            let counts = |name: &String| authority.is_empty() || name == authority;
            let level = c.levels.iter().filter(|(name, _)| counts(name)).map(|(_, l)| *l).max().unwrap_or(0);
            if level > 4 {
                self.fail(Stanza("category", &c.id), &c.id, format!("level {level} is above 4"));
            }
            of[category as usize] = level;
        }
        let named = |c: &crate::rules::CategoryDef| c.levels.contains_key(authority);
        if !authority.is_empty() && !def.category.iter().any(named) {
            let known = def.category.iter().flat_map(|c| c.levels.keys().map(String::as_str)).collect();
            self.unknown(Stanza::POLICY, "authority", authority, known);
        }
        // What says little by itself, such as a model, keeps its own level.
        let level =
            |e: &crate::rules::EntityDef| if e.level < 2 { e.level } else { e.level.max(of[e.category as usize]) };
        self.rules.entities.iter().map(level).collect()
    }

    fn purposes(&mut self) -> Vec<Vec<String>> {
        let def = self.def;
        let mut of = vec![Vec::new(); Category::ALL.len()];
        for c in &def.category {
            for p in c.purposes.iter().filter(|p| !def.policy.purposes.contains(p)) {
                let known = def.policy.purposes.iter().map(String::as_str).collect();
                self.unknown(Stanza("category", &c.id), "purpose", p, known);
            }
            if let Some(category) = Category::parse(&c.id) {
                of[category as usize] = c.purposes.clone();
            }
        }
        of
    }

    fn linkage(&mut self, l: &LinkageDef) -> Linkage {
        let whose = Stanza("linkage", "");
        let triggers = self.categories(whose, &l.triggers);
        let subjects = self.entities(whose, &l.subjects);
        let sessions = if l.scope == Scope::Session { self.entities(whose, &l.sessions) } else { 0 };
        if l.scope == Scope::Session && sessions == 0 {
            self.fail(whose, "session", "scope `session` needs `sessions`, the entities that tell sessions apart");
        }
        if l.joined_domain == l.single_domain {
            let m = "joined_domain and single_domain must differ, else their tokens can be joined";
            self.fail(whose, &l.joined_domain, m);
        }
        Linkage { triggers, subjects, sessions, window: l.window.max(1) }
    }

    /// Bit set of entities that names of entities, groups (`ip.*`) or categories stand for.
    fn entities(&mut self, whose: Stanza<'_>, names: &[String]) -> u128 {
        let mut set = 0;
        for name in names {
            let found = matching(self.rules, name).fold(0, |bits: u128, e| bits | 1 << e.0);
            if found == 0 {
                let known = self.rules.entities.iter().map(|e| e.name.as_str());
                self.unknown(whose, "entity", name, known.chain(Category::ALL.iter().map(|c| c.name())).collect());
            }
            set |= found;
        }
        set
    }

    fn categories(&mut self, whose: Stanza<'_>, names: &[String]) -> CategorySet {
        names
            .iter()
            .filter_map(|n| {
                let c = Category::parse(n);
                if c.is_none() {
                    self.unknown(whose, "category", n, Category::ALL.iter().map(|c| c.name()).collect());
                }
                c
            })
            .collect()
    }
}

/// Entities that a name, a group (`ip.*`) or a category (`category:net_id` or `net_id`) stands for.
fn matching<'r>(rules: &'r Ruleset, name: &'r str) -> impl Iterator<Item = EntityId> + use<'r> {
    let category = Category::parse(name.strip_prefix("category:").unwrap_or(name));
    let group = name.strip_suffix('*');
    let fits = move |e: &&crate::rules::EntityDef| {
        e.name == name || group.is_some_and(|g| e.name.starts_with(g)) || Some(e.category) == category
    };
    rules.entities.iter().filter(fits).map(|e| e.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::well_known as e;
    use crate::rules::{builtin_policies, policy_builtin};

    #[test]
    fn embedded_policies_decide_every_entity() {
        let rules = Ruleset::builtin();
        for name in builtin_policies() {
            let p = compile(name, policy_builtin(name).unwrap(), &rules).unwrap();
            for e in &rules.entities {
                let d = p.decide(0, e.id, Default::default());
                assert!((d.transform.0 as usize) < p.transforms.len());
            }
        }
    }

    #[test]
    fn an_undecided_entity_and_slips_are_refused_at_once() {
        let rules = Ruleset::builtin();
        let text = policy_builtin("web-minimal")
            .unwrap()
            .replace("\"device\", ", "")
            .replace("apply = \"truncate\"", "apply = \"truncat\"");
        let errors = compile("p.toml", &text, &rules).unwrap_err();
        let all = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(all.contains("no clause decides entity `device.imei`"), "{all}");
        assert!(all.contains("unknown transform `truncat`, did you mean `truncate`?"), "{all}");
        let line = text.lines().position(|l| l == "apply = \"truncat\"").unwrap() + 1;
        assert!(all.contains(&format!("p.toml:{line}:9: clause ")), "{all}");
    }

    #[test]
    fn linked_clauses_need_company() {
        let rules = Ruleset::builtin();
        let p = compile("p", policy_builtin("jdcloud-2021").unwrap(), &rules).unwrap();
        let decide = |categories: &[Category]| {
            let present = categories.iter().copied().collect();
            p.decide(0, e::IMEI, p.met(present, p.joins(present, 1 << e::IMEI.0)))
        };
        let (alone, joined) = (decide(&[Category::Device]), decide(&[Category::Device, Category::Basic]));
        assert_ne!(alone.clause, joined.clause);
        assert_eq!(p.clauses[joined.clause.0 as usize], "4.2.6/device");
        let domain = |d: crate::model::Decision| p.transforms[d.transform.0 as usize].domain.as_str();
        assert_eq!((domain(alone), domain(joined)), ("svc/single", "svc/joined"));
    }
}
