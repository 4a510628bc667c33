//! What was found, why, by which rule and clause, and what was done.

use super::Worker;
use super::edit::Edit;
use crate::detect::hit::Hit;
use crate::model::{Block, Span};

/// One finding and its fate.
#[derive(Debug, Clone)]
pub struct Explained<'e> {
    /// Where it stood in the block.
    pub span: Span,
    /// What it is.
    pub entity: &'e str,
    /// Data category.
    pub category: &'static str,
    /// Sensitivity, 0 to 4.
    pub level: u8,
    /// Which recogniser spoke.
    pub rule: &'static str,
    /// How sure: `shape`, `context`, `checked`, `keyed`.
    pub confidence: &'static str,
    /// How it was written.
    pub carrier: &'static str,
    /// Clause that decided.
    pub clause: &'e str,
    /// Transform that the clause applies.
    pub transform: &'e str,
    /// Retention class.
    pub retention: &'e str,
    /// True when the value stays.
    pub kept: bool,
    /// Why it stays: the policy, or an allow stanza by its name; empty when it does not.
    pub kept_by: String,
}

impl<'e> Worker<'e> {
    /// Explains a record; its de-identified form is what [`Worker::rewrite`] makes of it.
    pub fn explain(&mut self, record: &[u8]) -> Vec<Explained<'e>> {
        self.format = self.engine.sniffer(None).look(record);
        self.rewrite(Block::records(record));
        let mut out = Vec::new();
        self.findings(|f| out.push(f));
        out
    }

    /// Findings of the block that was rewritten last, ascending. Those inside a run of base64 have the span of the run.
    pub fn findings(&self, mut each: impl FnMut(Explained<'e>)) {
        for edit in &self.edits {
            let hit = &self.detector.hits()[edit.hit as usize];
            let inside = self.inside(hit);
            if inside.is_empty() {
                each(self.explained(hit, hit, edit));
            }
            for (inner, edit) in inside.iter().zip(&self.inner[edit.inner()..]) {
                each(self.explained(hit, inner, edit));
            }
        }
    }

    fn explained(&self, place: &Hit, hit: &Hit, edit: &Edit) -> Explained<'e> {
        let engine = self.engine;
        let (rules, policy) = (&engine.rules, engine.era(edit.era).0);
        let entity = rules.entity(hit.entity);
        Explained {
            span: Span { start: place.start, end: place.end },
            entity: &entity.name,
            category: entity.category.name(),
            level: policy.levels[entity.id.0 as usize],
            rule: hit.rule.name(),
            confidence: hit.confidence.name(),
            carrier: if place.blob != 0 { place } else { hit }.all_carriers().name(),
            clause: &policy.clauses[edit.decision.clause.0 as usize],
            transform: &policy.transforms[edit.decision.transform.0 as usize].id,
            retention: &policy.retentions[edit.decision.retention.0 as usize].class,
            kept: self.is_kept(edit),
            kept_by: self.engine.allow.name(edit.kept),
        }
    }
}
