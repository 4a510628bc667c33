//! What changed between two versions of a policy, and what of it is material (clause 9.2 of the reference policy):
//! subjects must then be told anew, and a release should stop until somebody says so.

use super::{Met, Policy, View};
use crate::model::EntityId;
use crate::rules::Ruleset;
use std::collections::BTreeSet;

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What kind of change is material, by the reference policy's clause; nothing for the others.
    pub clause: Option<&'static str>,
    /// What changed.
    pub text: String,
}

/// Purposes, categories and protection.
const SERVICE: &str = "9.2(1)";
const OWNER: &str = "9.2(2)";
const RECIPIENTS: &str = "9.2(3)";
const RIGHTS: &str = "9.2(4)";
const CONTACT: &str = "9.2(5)";
const RISK: &str = "9.2(6)";

/// All changes from `old` to `new`, the material ones first.
pub fn diff(old: &Policy, new: &Policy, rules: &Ruleset) -> Vec<Change> {
    let mut d = Diff { rules, changes: BTreeSet::new() };
    d.head(old, new);
    d.urls(old, new);
    d.view("", (old, &old.views[0]), (new, &new.views[0]), SERVICE);
    d.retention(old, new);
    d.recipients(old, new);
    d.rights(old, new);
    let mut all: Vec<Change> = d.changes.into_iter().collect();
    all.sort_by_key(|c| c.clause.is_none());
    all
}

struct Diff<'a> {
    rules: &'a Ruleset,
    changes: BTreeSet<Change>,
}

impl Diff<'_> {
    fn say(&mut self, clause: impl Into<Option<&'static str>>, text: String) {
        self.changes.insert(Change { clause: clause.into(), text });
    }

    fn head(&mut self, old: &Policy, new: &Policy) {
        let (a, b) = (&old.def.policy, &new.def.policy);
        for (name, a, b, clause) in [
            ("controller", &a.controller, &b.controller, OWNER),
            ("dpo", &a.dpo, &b.dpo, CONTACT),
            ("assessment", &a.assessment, &b.assessment, RISK),
            ("region", &a.region, &b.region, SERVICE),
        ] {
            if a != b {
                self.say(clause, format!("{name}: `{a}` becomes `{b}`"));
            }
        }
        for p in b.purposes.iter().filter(|p| !a.purposes.contains(p)) {
            self.say(SERVICE, format!("new purpose `{p}`"));
        }
        for p in a.purposes.iter().filter(|p| !b.purposes.contains(p)) {
            self.say(None, format!("purpose `{p}` is gone"));
        }
        for c in crate::model::Category::ALL {
            let (a, b) = (&old.purposes[c as usize], &new.purposes[c as usize]);
            for p in b.iter().filter(|p| !a.contains(p)) {
                self.say(SERVICE, format!("category {} now also serves `{p}`", c.name()));
            }
        }
        if a.min_confidence != b.min_confidence {
            let weaker = (b.min_confidence > a.min_confidence).then_some(SERVICE);
            let (a, b) = (a.min_confidence.least().name(), b.min_confidence.least().name());
            self.say(weaker, format!("min_confidence: `{a}` becomes `{b}`"));
        }
        if old.linkage.is_some() && new.linkage.is_none() {
            self.say(SERVICE, "device and log data beside a person is no longer treated as personal".into());
        }
    }

    /// Parts of URLs that are no longer looked for stand in clear.
    fn urls(&mut self, old: &Policy, new: &Policy) {
        let (a, b) = match (&old.def.urls, &new.def.urls) {
            (Some(a), Some(b)) => (a, b),
            (Some(_), None) => return self.say(SERVICE, "parts of URLs are no longer looked for".into()),
            (None, Some(_)) => return self.say(None, "parts of URLs are looked for".into()),
            (None, None) => return,
        };
        for q in b.query.iter().filter(|q| !a.query.contains(q)) {
            self.say(SERVICE, format!("values of the parameter `{q}` stay"));
        }
        for q in a.query.iter().filter(|q| !b.query.contains(q)) {
            self.say(None, format!("values of the parameter `{q}` no longer stay"));
        }
        if a.route != b.route {
            let how = if b.route { "are" } else { "are no longer" };
            self.say((!b.route).then_some(SERVICE), format!("segments of paths {how} looked for"));
        }
    }

    /// Compares protection entity by entity: the weakest of all conditions counts.
    fn view(&mut self, whose: &str, old: (&Policy, &View), new: (&Policy, &View), clause: &'static str) {
        let strength = |(p, v): (&Policy, &View), e: EntityId, joined: bool| {
            let bits = p.conditions.number();
            let all = (0..1u8 << bits).filter(|m| (m & 1 == 1) == joined || p.linkage.is_none());
            let kinds = all.map(|m| v.table[(e.0 as usize) << bits | Met(m).0 as usize].transform);
            kinds.map(|t| p.transforms[t.0 as usize].kind.strength()).min().unwrap_or(0)
        };
        let shown = |v: &View, e: EntityId| v.recipient.is_none() || v.allowed.contains(&e);
        for entity in &self.rules.entities {
            let (a, b) = (shown(old.1, entity.id), shown(new.1, entity.id));
            if !a && b {
                self.say(clause, format!("{whose}gets {} now", entity.name));
            }
            for joined in [false, true] {
                let (x, y) = (strength(old, entity.id, joined), strength(new, entity.id, joined));
                if a && b && x != y {
                    let how = if y < x { "weaker" } else { "stronger" };
                    let text = format!(
                        "{whose}{} is protected {how}: {} becomes {}",
                        entity.name, WORDS[x as usize], WORDS[y as usize]
                    );
                    self.say((y < x).then_some(clause), text);
                }
            }
        }
    }

    fn retention(&mut self, old: &Policy, new: &Policy) {
        let days = |s: &Option<jiff::Span>| s.as_ref().map(|s| days(*s));
        for b in &new.retentions {
            let Some(a) = old.retentions.iter().find(|a| a.class == b.class) else {
                self.say(None, format!("new retention class `{}`", b.class));
                continue;
            };
            let longer = match (days(&a.ceiling), days(&b.ceiling)) {
                (Some(x), Some(y)) => y > x,
                (Some(_), None) => true,
                _ => false,
            };
            if longer {
                self.say(SERVICE, format!("class `{}` may stay longer", b.class));
            } else if (days(&a.floor), days(&a.ceiling)) != (days(&b.floor), days(&b.ceiling)) {
                self.say(None, format!("class `{}` has other times", b.class));
            }
        }
    }

    fn recipients(&mut self, old: &Policy, new: &Policy) {
        let of =
            |p: &'_ Policy, id: &str| p.views.iter().position(|v| v.recipient.as_ref().is_some_and(|r| r.id == id));
        for v in &new.views {
            let Some(r) = &v.recipient else { continue };
            let whose = format!("recipient `{}`: ", r.id);
            let Some(at) = of(old, &r.id) else {
                self.say(RECIPIENTS, format!("new recipient `{}`, {}", r.id, r.name));
                continue;
            };
            let before = &old.views[at];
            self.view(&whose, (old, before), (new, v), RECIPIENTS);
            let Some(b) = &before.recipient else { continue };
            if (&b.name, b.class, &b.region, &b.basis) != (&r.name, r.class, &r.region, &r.basis) {
                self.say(RECIPIENTS, format!("{whose}other name, class, region or basis"));
            }
            for p in r.purposes.iter().filter(|p| !b.purposes.contains(p)) {
                self.say(RECIPIENTS, format!("{whose}new purpose `{p}`"));
            }
        }
        for v in &old.views {
            if let Some(r) = v.recipient.as_ref().filter(|r| of(new, &r.id).is_none()) {
                self.say(None, format!("recipient `{}` is gone", r.id));
            }
        }
    }

    fn rights(&mut self, old: &Policy, new: &Policy) {
        let (a, b) = (&old.def, &new.def);
        for (name, a, b) in [
            ("minors", format!("{:?}", a.minors), format!("{:?}", b.minors)),
            ("consent", format!("{:?}", a.consent), format!("{:?}", b.consent)),
            ("erasure", format!("{:?}", a.erasure), format!("{:?}", b.erasure)),
            ("hold", format!("{:?}", a.hold), format!("{:?}", b.hold)),
        ] {
            if a != b {
                self.say(RIGHTS, format!("the [{name}] stanza changed"));
            }
        }
    }
}

const WORDS: [&str; 5] = ["clear", "a part or group", "reversible", "keyed", "gone"];

/// Days of a span, months and years by their mean; good enough to say which of two is longer.
fn days(s: jiff::Span) -> i64 {
    i64::from(s.get_years()) * 3653 / 10
        + i64::from(s.get_months()) * 3044 / 100
        + i64::from(s.get_weeks()) * 7
        + i64::from(s.get_days())
}
