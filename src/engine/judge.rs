//! What lists of subjects and the minors' rule make of whole records, after their tags are known.

use super::edit::Edit;
use super::place::{event_time, record_at};
use super::{Engine, TagMode, Worker};
use crate::model::{CategorySet, Shape};
use crate::policy::lists::Verdict;
use crate::rules::{Earlier, MinorAction};
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
    /// True when an entity's value tells an age.
    fn tells_age(&self, edit: &Edit, hits: &[crate::detect::hit::Hit]) -> bool {
        let e = self.rules.entity(hits[edit.hit as usize].entity);
        e.shape == Shape::CnId || e.name == "birthday"
    }

    /// True when minors may be told by their values.
    fn looks_for_minors(&self) -> bool {
        self.policies.iter().any(|p| p.minors.is_some())
    }
}

impl Worker<'_> {
    /// True when records must be looked at one by one even without tags.
    pub(super) fn judging(&self) -> bool {
        let early = self.engine.policies[0].earlier == Earlier::Quarantine;
        !self.lists.is_empty() || early || self.engine.looks_for_minors() && self.engine.tag == TagMode::None
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
        if self.lists.is_empty() && !self.engine.looks_for_minors() {
            return;
        }
        if self.view == 0 {
            self.judged.clear();
        }
        let mut from = 0;
        for i in 0..self.founds.len() {
            let to = self.founds[i].edits as usize;
            if self.view == 0 {
                let judged = self.judge_one(block, from..to);
                self.judged.push(judged);
            }
            let judged = self.judged.get(i).copied().unwrap_or_default();
            self.founds[i].judged = judged;
            self.enforce(from..to, judged);
            from = to;
        }
    }

    fn judge_one(&mut self, block: &[u8], edits: std::ops::Range<usize>) -> Judged {
        let (engine, hits) = (self.engine, self.detector.hits());
        let edits = &self.edits[edits];
        let Some(first) = edits.first() else { return Judged::default() };
        let policy = engine.era(first.era).0;
        let ages = |x: &&Edit| policy.minors.is_some() && engine.tells_age(x, hits);
        if self.lists.is_empty() && !edits.iter().any(|x| ages(&x)) {
            return Judged::default();
        }
        let record = record_at(block, hits[first.hit as usize].start as usize);
        let when = event_time(&self.detector, block, &record, engine.policy().offset).unwrap_or(engine.ingest);
        let mut verdict = Verdict::default();
        edits.iter().filter_map(|x| self.tag_of(x)).for_each(|tag| self.lists.judge(tag, when, &mut verdict));
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
        for x in &mut self.edits[edits] {
            let entity = self.detector.hits()[x.hit as usize].entity;
            if all || judged.strip.contains(self.engine.categories[entity.0 as usize]) {
                (x.gone, x.keep) = (true, false);
            }
        }
    }
}
