//! What lists of subjects and the minors' rule make of whole records, after their tags are known.

use super::edit::Edit;
use super::place::{event_time, record_at};
use super::{Engine, Worker};
use crate::detect::hit::Hit;
use crate::model::well_known::BIRTH;
use crate::model::{CategorySet, Shape};
use crate::policy::Policy;
use crate::policy::lists::Verdict;
use crate::rules::{EntityDef, MinorAction, Ruleset};
use crate::tag::bit;
use crate::transform::generalise::{birth_date, years};
use std::sync::Arc;

/// What lists and rules say of a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judged {
    /// It goes as a whole.
    pub refused: bool,
    /// A subject is a minor.
    pub minor: bool,
    /// What withdrawn consent strips.
    pub strip: CategorySet,
    /// Number of the case that holds it, from 1; 0 for none.
    pub case: u16,
}

impl Engine {
    /// True when some version of the policy asks for minors.
    fn looks_for_minors(&self) -> bool {
        self.policies.iter().any(|p| p.minors.is_some())
    }
}

/// Bit set of the entities whose values tell an age.
pub fn ages(rules: &Ruleset) -> u128 {
    let tells = |e: &&EntityDef| e.shape == Shape::CnId || e.id == BIRTH;
    rules.entities.iter().filter(tells).fold(0, |bits, e| bits | bit(e.id))
}

impl Worker<'_> {
    /// True when records must be looked at one by one even without tags.
    pub(super) fn judging(&self) -> bool {
        let whole = |p: &Policy| p.minors.as_ref().is_some_and(|m| m.action == MinorAction::Quarantine);
        !self.lists.is_empty() || self.engine.quarantines() || self.engine.policies.iter().any(whole)
    }

    /// Takes over lists that were set anew.
    pub(super) fn follow_lists(&mut self) {
        let lists = self.engine.lists();
        if !Arc::ptr_eq(&lists, &self.lists) {
            self.taggers.iter_mut().for_each(|t| t.set_cases(&lists.cases));
            self.lists = lists;
        }
    }

    /// Judges the records of the block that hold findings; views take over what the main output came to.
    pub(super) fn judge(&mut self, block: &[u8]) {
        let listed = !self.lists.is_empty();
        if !listed && !self.engine.looks_for_minors() {
            return;
        }
        if self.view == 0 {
            self.judged.clear();
            self.judged.resize(self.founds.len(), Judged::default());
        }
        let mut from = 0;
        for i in 0..self.founds.len() {
            let edits = from..self.founds[i].edits as usize;
            from = edits.end;
            if !listed && self.founds[i].entities & self.engine.ages == 0 {
                continue;
            }
            if self.view == 0 {
                self.judged[i] = self.judge_one(block, edits.clone());
            }
            self.founds[i].judged = self.judged[i];
            self.enforce(edits, self.judged[i]);
        }
    }

    fn judge_one(&mut self, block: &[u8], edits: std::ops::Range<usize>) -> Judged {
        let (engine, hits) = (self.engine, self.detector.hits());
        let edits = &self.edits[edits];
        let Some(first) = edits.first() else { return Judged::default() };
        let policy = engine.era(first.era).0;
        let ages = |x: &&Edit| policy.minors.is_some() && engine.ages & bit(hits[x.hit as usize].entity) != 0;
        if self.lists.is_empty() && !edits.iter().any(|x| ages(&x)) {
            return Judged::default();
        }
        let record = record_at(block, hits[first.hit as usize].start as usize);
        let when = event_time(&self.detector, block, &record, engine.policy().offset).unwrap_or(engine.ingest);
        let mut verdict = Verdict::default();
        let inside = |x: &Edit| &self.inner[x.inner()..][..self.inside(&hits[x.hit as usize]).len()];
        let all = edits.iter().chain(edits.iter().flat_map(inside));
        all.filter_map(|x| self.tag_of(x)).for_each(|tag| self.lists.judge(tag, when, &mut verdict));
        let mut judged =
            Judged { refused: verdict.erased, minor: verdict.minor, strip: verdict.strip, case: verdict.case };
        if let Some(rule) = &policy.minors {
            let day = crate::tag::day(when, policy.offset);
            let young = |x: &Edit| {
                let value = self.detector.value(block, &hits[x.hit as usize]).expose();
                let born = std::str::from_utf8(value).ok().and_then(birth_date);
                born.and_then(|b| years(b, day)).is_some_and(|age| age < i16::from(rule.under))
            };
            judged.minor |= edits.iter().filter(ages).any(young);
            judged.refused |= judged.minor && rule.action == MinorAction::Quarantine;
        }
        judged
    }

    /// Suppresses the findings that must go.
    fn enforce(&mut self, edits: std::ops::Range<usize>, judged: Judged) {
        let Some(first) = self.edits.get(edits.start).filter(|_| !edits.is_empty()) else { return };
        let minors = &self.engine.era(first.era).0.minors;
        let strips = minors.as_ref().is_some_and(|m| m.action == MinorAction::Strip);
        let all = judged.refused || judged.minor && strips;
        if !all && judged.strip.0 == 0 {
            return;
        }
        let strips = |h: &Hit| judged.strip.contains(self.engine.categories[h.entity.0 as usize]);
        for i in edits {
            let hit = &self.detector.hits()[self.edits[i].hit as usize];
            // A run of base64 goes as a whole.
            if all || strips(hit) || self.inside(hit).iter().any(strips) {
                (self.edits[i].gone, self.edits[i].keep) = (true, false);
            }
        }
    }
}
