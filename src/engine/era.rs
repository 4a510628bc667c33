//! Stretches of event time with one policy version and one key each.

use super::Engine;
use super::action::Actions;
use super::place::{event_time, record_at};
use crate::detect::Detector;
use crate::keys::Keyring;
use crate::policy::Policy;
use crate::rules::{Earlier, Ruleset};

/// One stretch of event time.
pub struct Era {
    /// First event, in Unix seconds.
    from: i64,
    /// Number of the policy version.
    pub policy: usize,
    /// Id of the key; `none` where there is no key.
    pub kid: String,
    actions: Actions,
}

/// A policy and the older versions that it brings along, the newest last.
pub fn versions(mut newest: Policy) -> Vec<Policy> {
    let mut all = std::mem::take(&mut newest.older);
    all.push(newest);
    all.sort_by_key(|p| p.effective);
    all
}

/// Eras of these versions and keys, ascending.
pub fn eras(rules: &Ruleset, policies: &[Policy], keys: &Keyring) -> Vec<Era> {
    let mut edges: Vec<i64> = policies.iter().skip(1).map(|p| p.effective).chain(keys.edges()).collect();
    edges.push(i64::MIN);
    edges.sort_unstable();
    edges.dedup();
    edges
        .into_iter()
        .map(|from| {
            let policy = policies.iter().skip(1).filter(|p| p.effective <= from).count();
            let key = keys.at(from);
            Era {
                from,
                policy,
                kid: key.map_or("none", |k| &k.kid).to_owned(),
                actions: Actions::new(rules, &policies[policy], key),
            }
        })
        .collect()
}

/// What holds for the records of one era.
#[derive(Clone, Copy)]
pub(super) struct InForce<'e> {
    /// Number of the era.
    pub era: u16,
    /// The policy.
    pub policy: &'e Policy,
    /// Prepared transforms.
    pub actions: &'e Actions,
    /// The policy names contacts of the organisation.
    pub contacts: bool,
}

/// What follows from the time of an event.
#[derive(Clone, Copy)]
pub(super) struct Dated {
    /// The time, when the record says.
    pub when: Option<i64>,
    /// Number of its era.
    pub era: u16,
    /// It lies before the oldest version of the policy.
    pub early: bool,
    /// Its day in the policy's zone, from 1970-01-01.
    pub day: i32,
}

impl Engine {
    /// What follows from the time of an event; from the time of reading, when the record does not say.
    pub(super) fn dated(&self, when: Option<i64>) -> Dated {
        let era = self.era_at(when);
        let day = crate::tag::day(when.unwrap_or(self.ingest), self.era(era).0.offset);
        Dated { when, era, early: self.is_early(when), day }
    }

    /// What holds for the records of an era.
    #[inline]
    pub(super) fn in_force(&self, era: u16) -> InForce<'_> {
        let (policy, actions) = self.era(era);
        InForce { era, policy, actions, contacts: policy.has_contacts() }
    }

    /// Policy and prepared transforms of an era.
    #[inline]
    pub(super) fn era(&self, era: u16) -> (&Policy, &Actions) {
        let era = &self.eras[era as usize];
        (&self.policies[era.policy], &era.actions)
    }

    /// The era of an event; of the time of reading, when the record does not say.
    #[inline]
    pub(super) fn era_at(&self, when: Option<i64>) -> u16 {
        if self.eras.len() == 1 {
            return 0;
        }
        let when = when.unwrap_or(self.ingest);
        (self.eras.partition_point(|e| e.from <= when) - 1) as u16
    }

    /// Number of the tagger of an era and view.
    pub(super) fn tagger_of(&self, era: u16, view: usize) -> usize {
        era as usize * self.policy().views.len() + view
    }

    /// True when the event lies before the oldest version of the policy.
    fn is_early(&self, when: Option<i64>) -> bool {
        when.is_some_and(|w| w < self.policies[0].effective)
    }

    /// True when such records are suppressed whole.
    pub(super) fn quarantines(&self) -> bool {
        self.policies[0].earlier == Earlier::Quarantine
    }

    /// The era of the record around a byte of a block.
    #[inline]
    pub(super) fn era_of_record(&self, detector: &Detector<'_>, block: &[u8], byte: usize) -> u16 {
        if self.eras.len() == 1 {
            return 0;
        }
        self.era_at(event_time(detector, block, &record_at(block, byte), self.policy().offset))
    }
}
