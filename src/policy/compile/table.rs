//! Decision tables: one for each output, indexed by entity and the conditions that a record meets.

use super::super::View;
use super::super::conditions::Condition;
use super::stanza::Stanza;
use super::{Compiler, matching};
use crate::model::{CategorySet, ClauseId, Decision, EntityId, TransformId, well_known};
use crate::rules::{ClauseDef, EntityDef, RecipientDef, RuleError, When};

/// Conditions that one table can tell apart.
const MOST: usize = 6;

/// A clause with its names looked up.
struct Entry<'a> {
    def: &'a ClauseDef,
    categories: CategorySet,
    linked_with: CategorySet,
    decision: Decision,
}

impl<'a> Compiler<'a> {
    /// Collects the conditions of all clauses.
    pub(super) fn conditions(&mut self) {
        let mut all = Vec::new();
        if self.linkage.is_some() {
            all.push(Condition::Joined);
        }
        for clause in &self.def.clause {
            let whose = Stanza("clause", &clause.id);
            if clause.when == When::Joined && self.linkage.is_none() {
                self.fail(whose, "joined", "`when = \"joined\"` needs a [linkage] stanza");
            }
            let set = self.categories(whose, &clause.linked_with);
            if set.0 != 0 && !all.contains(&Condition::Holds(set)) {
                all.push(Condition::Holds(set));
            }
        }
        if all.len() > MOST {
            self.fail(Stanza::POLICY, "", format!("more than {MOST} different conditions of clauses"));
            all.truncate(MOST);
        }
        self.conditions = all;
    }

    /// The tables of the main output and of all recipients.
    pub(super) fn views(&mut self) -> Vec<View> {
        let entries = self.entries();
        let mut views = vec![self.view(&entries, None)];
        for r in &self.def.recipient {
            self.recipient(r);
            let mut view = self.view(&entries, Some(r));
            self.fields(r, &mut view);
            views.push(view);
        }
        views
    }

    fn entries(&mut self) -> Vec<Entry<'a>> {
        let def = self.def;
        let recipients: Vec<&str> = def.recipient.iter().map(|r| r.id.as_str()).collect();
        let mut all = Vec::new();
        for (n, clause) in def.clause.iter().enumerate() {
            let whose = Stanza("clause", &clause.id);
            for name in &clause.entities {
                if self.rules.by_name(name).is_none() {
                    let known = self.rules.entities.iter().map(|e| e.name.as_str()).collect();
                    self.unknown(whose, "entity", name, known);
                }
            }
            for name in clause.recipients.iter().filter(|n| !recipients.contains(&n.as_str())) {
                self.unknown(whose, "recipient", name, recipients.clone());
            }
            let decision = Decision {
                transform: self.named(whose, &clause.apply),
                retention: self.retention(&clause.retention, whose),
                clause: ClauseId(n as u16),
            };
            let categories = self.categories(whose, &clause.categories);
            let linked_with = clause.linked_with.iter().filter_map(|n| crate::model::Category::parse(n)).collect();
            all.push(Entry { def: clause, categories, linked_with, decision });
        }
        all
    }

    /// The transform of that name.
    pub(super) fn named(&mut self, whose: Stanza<'_>, name: &str) -> TransformId {
        let at = self.def.transform.iter().position(|t| t.id == name);
        if at.is_none() {
            let known = self.def.transform.iter().map(|t| t.id.as_str()).collect();
            self.unknown(whose, "transform", name, known);
        }
        TransformId(at.unwrap_or(0) as u16)
    }

    fn view(&mut self, entries: &[Entry<'_>], recipient: Option<&RecipientDef>) -> View {
        let combinations = 1u8 << self.conditions.len();
        let shown = recipient.map(|r| self.allowed(r)).unwrap_or_default();
        let own = recipient.map(|r| {
            self.clauses.push(format!("recipient:{}", r.id));
            ClauseId(self.clauses.len() as u16 - 1)
        });
        let mut table = Vec::with_capacity(self.rules.entities.len() * usize::from(combinations));
        for e in &self.rules.entities {
            for met in 0..combinations {
                let mut decision = match self.first(entries, e, met, recipient) {
                    Some(d) => d,
                    None => {
                        self.undecided(e, recipient);
                        entries.first().map_or(NOTHING, |x| x.decision)
                    }
                };
                let allowed = shown.iter().find(|s| s.0 == e.id);
                if let (Some((_, transform)), Some(own)) = (allowed, own) {
                    (decision.transform, decision.clause) = (*transform, own);
                }
                decision.transform = self.in_domain(decision.transform, e, met, recipient);
                table.push(decision);
            }
        }
        let bits = shown.iter().fold(0, |bits, s| bits | 1 << s.0.0);
        let mut rank = Box::new([0; 128]);
        shown.iter().enumerate().for_each(|(i, s)| rank[s.0.0 as usize] = i as u8);
        let allowed = shown.iter().map(|s| s.0).collect();
        View { recipient: recipient.cloned(), allowed, shown: bits, rank, identifiable: true, table }
    }

    /// The first clause that fits.
    fn first(
        &self,
        entries: &[Entry<'_>],
        e: &EntityDef,
        met: u8,
        recipient: Option<&RecipientDef>,
    ) -> Option<Decision> {
        let holds = |c: Condition| self.conditions.iter().position(|x| *x == c).is_some_and(|i| met >> i & 1 == 1);
        let fits = |x: &&Entry<'_>| {
            let named = x.categories.contains(e.category) || x.def.entities.contains(&e.name);
            let linked = x.linked_with.0 == 0 || holds(Condition::Holds(x.linked_with));
            let when = x.def.when == When::Always || holds(Condition::Joined);
            let to = x.def.recipients.is_empty() || recipient.is_some_and(|r| x.def.recipients.contains(&r.id));
            named && linked && when && to
        };
        entries.iter().find(fits).map(|x| x.decision)
    }

    fn undecided(&mut self, e: &EntityDef, recipient: Option<&RecipientDef>) {
        // Nothing is found of what the policy does not ask for.
        let asked = match e.id {
            well_known::URL => self.def.urls.is_some(),
            well_known::PATH => self.def.urls.as_ref().is_some_and(|u| u.route),
            _ => true,
        };
        if !asked {
            return;
        }
        let to = recipient.map_or(String::new(), |r| format!(" for recipient `{}`", r.id));
        let message = format!("no clause decides entity `{}` (category `{}`){to}", e.name, e.category.name());
        if !self.errors.iter().any(|x| x.message == message) {
            self.errors.push(RuleError::new(self.file, message));
        }
    }

    /// The transform under the key domain of the recipient and of the linkage regime.
    fn in_domain(&mut self, id: TransformId, e: &EntityDef, met: u8, recipient: Option<&RecipientDef>) -> TransformId {
        let base = self.transforms[id.0 as usize].clone();
        if !base.kind.keyed() {
            return id;
        }
        let mut domain = base.domain.clone();
        if let Some(r) = recipient {
            domain = format!("{}/{domain}", if r.key_domain.is_empty() { &r.id } else { &r.key_domain });
        }
        if let (Some(l), Some(d)) = (&self.linkage, &self.def.linkage)
            && l.subjects >> e.id.0 & 1 == 1
        {
            // The linkage condition is always the first.
            let regime = if met & 1 == 1 { &d.joined_domain } else { &d.single_domain };
            domain = format!("{domain}/{regime}");
        }
        let same = |t: &crate::rules::TransformDef| t.id == base.id && t.domain == domain;
        let at = self.transforms.iter().position(same).unwrap_or_else(|| {
            self.transforms.push(crate::rules::TransformDef { domain: domain.clone(), ..base.clone() });
            self.transforms.len() - 1
        });
        TransformId(at as u16)
    }

    /// Entities that a recipient may get, with their transforms; the most particular name counts.
    fn allowed(&mut self, r: &RecipientDef) -> Vec<(EntityId, TransformId)> {
        let whose = Stanza("recipient", &r.id);
        let mut found: Vec<(EntityId, TransformId, usize)> = Vec::new();
        for (name, transform) in &r.allow {
            let id = self.named(whose, transform);
            let rank = if self.rules.by_name(name).is_some() { usize::MAX } else { name.trim_end_matches('*').len() };
            let rank = if name.starts_with("category:") { 0 } else { rank };
            let mut any = false;
            for e in matching(self.rules, name) {
                any = true;
                match found.iter_mut().find(|f| f.0 == e) {
                    Some(f) if f.2 < rank => *f = (e, id, rank),
                    Some(_) => {}
                    None => found.push((e, id, rank)),
                }
            }
            if !any {
                let known = self.rules.entities.iter().map(|e| e.name.as_str()).collect();
                self.unknown(whose, "field", name, known);
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(e, t, _)| (e, t)).collect()
    }
}

const NOTHING: Decision =
    Decision { transform: TransformId(0), retention: crate::model::RetentionId(0), clause: ClauseId(0) };
