//! What must be done? A policy file, compiled to one look-up per finding.

mod compile;
mod conditions;
pub mod diff;
pub mod format;
pub mod lists;
mod project;
mod select;

pub use compile::{VERBS, compile};
pub use conditions::Met;
pub use project::{Facts, Platform, Refusal};
pub use select::{Origin, Selection, select};

use crate::model::{Category, CategorySet, Confidence, Decision, EntityId, RetentionId, TransformId, well_known as e};
use crate::rules::{ConsentDef, CoverageDef, Earlier, ErasureDef, MinorsDef, PolicyDef, RecipientDef, TransformDef};
use conditions::Conditions;

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
    /// What becomes of records of events before the oldest version.
    pub earlier: Earlier,
    /// Findings below this stay.
    pub least: Confidence,
    /// First 12 hex digits of the SHA-256 of the policy's text.
    pub hash: String,
    /// Seconds east of UTC where its days begin.
    pub offset: i32,
    /// Where the data must stay.
    pub region: String,
    /// Transforms, indexed by [`TransformId`].
    pub transforms: Vec<TransformDef>,
    /// Clause identifiers, indexed by [`ClauseId`](crate::model::ClauseId).
    pub clauses: Vec<String>,
    /// Retention classes, indexed by [`RetentionId`].
    pub retentions: Vec<Retention>,
    /// Retention class of every record.
    pub default_retention: RetentionId,
    /// Outputs: the main one, then one for each recipient.
    pub views: Vec<View>,
    /// When device and log data is treated as personal.
    pub linkage: Option<Linkage>,
    /// Sensitivity of each entity, by the authority that the policy names or the strictest.
    pub levels: Vec<u8>,
    /// Purposes of each category, by its number.
    pub purposes: Vec<Vec<String>>,
    /// Records of children.
    pub minors: Option<MinorsDef>,
    /// Withdrawn consent, and the categories that it strips.
    pub consent: Option<(ConsentDef, CategorySet)>,
    /// Erased subjects.
    pub erasure: Option<ErasureDef>,
    /// Retention class of records under legal hold.
    pub hold: Option<RetentionId>,
    /// Which rules carry out which clause.
    pub coverage: Vec<CoverageDef>,
    /// The file as it was read.
    pub def: PolicyDef,
    conditions: Conditions,
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

/// One output of a pass.
#[derive(Debug)]
pub struct View {
    /// Whose it is; nothing for the main output.
    pub recipient: Option<RecipientDef>,
    /// Entities that a projection shows.
    pub allowed: Vec<EntityId>,
    /// The same as a bit set.
    pub shown: u128,
    /// Place of each entity among them.
    pub rank: Box<[u8; 128]>,
    /// What it shows may tell who a record is about.
    pub identifiable: bool,
    /// Decisions, by entity and the bits of the conditions that hold.
    table: Vec<Decision>,
}

/// When device and log data is treated as personal.
#[derive(Debug, Clone)]
pub struct Linkage {
    triggers: CategorySet,
    subjects: u128,
    /// Entities that tell sessions apart, as a bit set; 0 for the scope of a record.
    pub sessions: u128,
    /// Records that a session is remembered for.
    pub window: u32,
}

/// Decisions for one kind of record.
#[derive(Clone, Copy)]
pub struct Decisions<'p> {
    table: &'p [Decision],
    shift: u32,
    met: usize,
}

impl Decisions<'_> {
    /// The decision for an entity.
    #[inline(always)]
    pub fn of(self, entity: EntityId) -> Decision {
        self.table[(entity.0 as usize) << self.shift | self.met]
    }
}

impl Policy {
    /// What becomes of an entity in the output `view` of a record that meets the conditions `met`.
    #[inline]
    pub fn decide(&self, view: usize, entity: EntityId, met: Met) -> Decision {
        self.row(view, met).of(entity)
    }

    /// What becomes of all entities in the output `view` of a record that meets the conditions `met`.
    #[inline]
    pub fn row(&self, view: usize, met: Met) -> Decisions<'_> {
        Decisions { table: &self.views[view].table, shift: self.conditions.number(), met: met.0 as usize }
    }

    /// The conditions that a record meets: `present` are its categories, `joined` is what [`Policy::joins`] says.
    #[inline]
    pub fn met(&self, present: CategorySet, joined: bool) -> Met {
        self.conditions.met(present, joined)
    }

    /// True when a record joins device or log data with a person (clause 4.2.6 of the reference policy).
    #[inline]
    pub fn joins(&self, present: CategorySet, entities: u128) -> bool {
        self.linkage.as_ref().is_some_and(|l| present.intersects(l.triggers) && entities & l.subjects != 0)
    }

    /// True when a record names a person.
    pub fn names_person(&self, present: CategorySet) -> bool {
        self.linkage.as_ref().is_some_and(|l| present.intersects(l.triggers))
    }

    /// True when a record holds what the linkage rule makes personal beside a person.
    pub fn has_subjects(&self, entities: u128) -> bool {
        self.linkage.as_ref().is_some_and(|l| entities & l.subjects != 0)
    }

    /// Every pair of entity and transform that a decision may bring together.
    pub fn pairs(&self) -> impl Iterator<Item = (EntityId, TransformId)> {
        let bits = self.conditions.number();
        let all = self.views.iter().flat_map(|v| v.table.iter().enumerate());
        all.map(move |(i, d)| (EntityId((i >> bits) as u8), d.transform))
    }

    /// False for parts of URLs of which the policy says nothing.
    pub fn asks_for(&self, entity: EntityId) -> bool {
        match entity {
            e::URL => self.def.urls.is_some(),
            e::PATH => self.def.urls.as_ref().is_some_and(|u| u.route),
            _ => true,
        }
    }

    /// True when some output may change or show the entity, so that it must be looked for.
    pub fn needs(&self, entity: EntityId) -> bool {
        use crate::rules::TransformKind::Keep;
        if matches!(entity, e::URL | e::PATH) {
            return self.asks_for(entity);
        }
        let changed = self.pairs().any(|(e, t)| e == entity && self.transforms[t.0 as usize].kind != Keep);
        changed || self.views.len() > 1
    }

    /// Keeps the main output and those of these recipients, in this order.
    ///
    /// # Errors
    /// The first name that is none of a recipient, and those that are.
    pub fn choose(&mut self, recipients: &[String]) -> Result<(), String> {
        let mut rest: Vec<View> = self.views.drain(1..).collect();
        for name in recipients {
            let is = |v: &View| v.recipient.as_ref().is_some_and(|r| r.id == *name);
            let Some(at) = rest.iter().position(is) else {
                let known: Vec<_> = self.def.recipient.iter().map(|r| r.id.as_str()).collect();
                return Err(format!("policy {}: no recipient `{name}`; there are: {}", self.id, known.join(", ")));
            };
            self.views.push(rest.swap_remove(at));
        }
        self.older.iter_mut().try_for_each(|p| p.choose(recipients))
    }

    /// Puts every key domain under a tenant's name: tokens of two tenants can't be joined.
    pub fn for_tenant(&mut self, tenant: &str) {
        for t in &mut self.transforms {
            t.domain = format!("tenant:{tenant}/{}", t.domain);
        }
        self.older.iter_mut().for_each(|p| p.for_tenant(tenant));
    }

    /// True when the policy names contacts of the organisation.
    #[inline]
    pub fn has_contacts(&self) -> bool {
        !self.phones.is_empty() || !self.emails.is_empty()
    }

    /// True when the value is one of the organisation's own contacts.
    pub fn allows(&self, category: Category, value: &[u8]) -> bool {
        if category != Category::Basic || !self.has_contacts() {
            return false;
        }
        self.emails.iter().any(|e| e.eq_ignore_ascii_case(value)) || self.phones.iter().any(|p| p == value)
    }

    /// Version stamped on every record: id, first day and hash of the text.
    pub fn version(&self) -> String {
        format!("{}@{}#{}", self.id, self.effective_from, self.hash)
    }
}
