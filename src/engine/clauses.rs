//! Findings by entity and by the clause that decided.

use super::{Engine, Worker};
use crate::model::{ClauseId, EntityId};
use std::collections::BTreeMap;

/// Counts by policy version, clause and entity.
pub(super) struct ByClause {
    counts: Vec<u64>,
    entities: usize,
    /// Where each policy version begins, in clauses.
    bases: Vec<usize>,
}

impl ByClause {
    fn new(engine: &Engine) -> ByClause {
        let mut bases = vec![0];
        for policy in &engine.policies {
            bases.push(bases[bases.len() - 1] + policy.clauses.len());
        }
        let entities = engine.rules.entities.len();
        ByClause { counts: vec![0; bases[bases.len() - 1] * entities], entities, bases }
    }

    #[inline]
    pub fn count(&mut self, policy: usize, clause: ClauseId, entity: EntityId) {
        let at = (self.bases[policy] + clause.0 as usize) * self.entities + entity.0 as usize;
        self.counts[at] += 1;
    }
}

impl<'e> Worker<'e> {
    /// Asks for counts of findings by entity and clause.
    #[must_use]
    pub fn counting_clauses(mut self) -> Self {
        self.by_clause = Some(ByClause::new(self.engine));
        self
    }

    /// Names of entities and clauses with the findings since the last call; none unless they are counted. Versions of a
    /// policy that name a clause alike are added up.
    pub fn take_clauses(&mut self) -> BTreeMap<(&'e str, &'e str), u64> {
        let (engine, mut found) = (self.engine, BTreeMap::new());
        let Some(by) = &mut self.by_clause else { return found };
        for (policy, base) in engine.policies.iter().zip(&by.bases) {
            let counts = &mut by.counts[base * by.entities..(base + policy.clauses.len()) * by.entities];
            for (at, n) in counts.iter_mut().enumerate().filter(|(_, n)| **n > 0) {
                let entity = engine.rules.entities[at % by.entities].name.as_str();
                *found.entry((entity, policy.clauses[at / by.entities].as_str())).or_default() += std::mem::take(n);
            }
        }
        found
    }
}
