//! What was found in one record, why, by which rule and clause, and what was done.

use super::Worker;
use crate::model::{Block, Span};

/// One finding and its fate.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Where it stood.
    pub span: Span,
    /// What it is.
    pub entity: String,
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
    pub clause: String,
    /// Transform that the clause applies.
    pub transform: String,
    /// Retention class.
    pub retention: String,
    /// True when the value stays.
    pub kept: bool,
}

impl Worker<'_> {
    /// Explains a record; its de-identified form is what [`Worker::rewrite`] makes of it.
    pub fn explain(&mut self, record: &[u8]) -> Vec<Explained> {
        self.format = self.engine.sniffer(None).look(record);
        self.rewrite(Block::records(record));
        let rules = &self.engine.rules;
        self.edits
            .iter()
            .map(|edit| {
                let hit = &self.detector.hits()[edit.hit as usize];
                let (entity, policy) = (rules.entity(hit.entity), self.engine.era(edit.era).0);
                let transform = &policy.transforms[edit.decision.transform.0 as usize];
                Explained {
                    span: Span { start: hit.start, end: hit.end },
                    entity: entity.name.clone(),
                    category: entity.category.name(),
                    level: entity.level,
                    rule: hit.rule.name(),
                    confidence: hit.confidence.name(),
                    carrier: hit.all_carriers().name(),
                    clause: policy.clauses[edit.decision.clause.0 as usize].clone(),
                    transform: transform.id.clone(),
                    retention: policy.retentions[edit.decision.retention.0 as usize].class.clone(),
                    kept: self.is_kept(edit),
                }
            })
            .collect()
    }
}
