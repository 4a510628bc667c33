//! What must be done? A policy file, compiled to one look-up per finding.

mod compile;

pub use compile::compile;

use crate::model::{Category, CategorySet, Decision, EntityId, RetentionId, TransformId};
use crate::rules::TransformDef;

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    /// Identifier, stamped on every record.
    pub id: String,
    /// Title.
    pub title: String,
    /// First day in force.
    pub effective_from: String,
    /// The same in Unix seconds.
    pub effective: i64,
    /// Older versions, for events before that.
    pub older: Vec<Policy>,
    /// First 12 hex digits of the SHA-256 of the policy's text.
    pub hash: String,
    /// Seconds east of UTC where its days begin.
    pub offset: i32,
    /// Where the data must stay.
    pub region: String,
    /// Transforms, indexed by [`TransformId`].
    pub transforms: Vec<TransformDef>,
    /// Clause identifiers, indexed by [`ClauseId`].
    pub clauses: Vec<String>,
    /// Retention classes, indexed by [`RetentionId`].
    pub retentions: Vec<Retention>,
    /// Retention class of every record.
    pub default_retention: RetentionId,
    table: Vec<Vec<Rule>>,
    linked: CategorySet,
    phones: Vec<Vec<u8>>,
    emails: Vec<Vec<u8>>,
}

/// A retention class.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Name.
    pub class: String,
    /// Least time to keep.
    pub floor: Option<jiff::Span>,
    /// Most time to keep.
    pub ceiling: Option<jiff::Span>,
    /// Legal bases.
    pub basis: Vec<String>,
}

/// One way to decide an entity.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Categories one of which the record must also hold; empty for always.
    linked_with: CategorySet,
    decision: Decision,
}

impl Policy {
    /// What becomes of an entity in a record that holds the `present` categories.
    #[inline]
    pub fn decide(&self, entity: EntityId, present: CategorySet) -> Decision {
        let rules = &self.table[entity.0 as usize];
        // The last rule of an entity is unconditional: compile() refuses a policy that leaves one undecided.
        let rule = rules.iter().find(|r| r.linked_with.0 == 0 || r.linked_with.intersects(present));
        rule.map_or(rules[rules.len() - 1].decision, |r| r.decision)
    }

    /// Every pair of entity and transform that a decision may bring together.
    pub fn pairs(&self) -> impl Iterator<Item = (EntityId, TransformId)> {
        let all = self.table.iter().enumerate();
        all.flat_map(|(e, rules)| rules.iter().map(move |r| (EntityId(e as u8), r.decision.transform)))
    }

    /// True when the record joins device or log data with a person (clause 4.2.6 of the reference policy).
    pub fn is_linked(&self, present: CategorySet) -> bool {
        present.intersects(self.linked)
            && [Category::Device, Category::NetId, Category::Browse].iter().any(|c| present.contains(*c))
    }

    /// True when the value is one of the organisation's own contacts.
    pub fn allows(&self, category: Category, value: &[u8]) -> bool {
        if category != Category::Basic || self.phones.is_empty() && self.emails.is_empty() {
            return false;
        }
        self.emails.iter().any(|e| e.eq_ignore_ascii_case(value)) || self.phones.iter().any(|p| p == value)
    }
}
