//! Projections: one JSON object a record, made of the allowed fields and nothing else. Members are named by entity, so
//! that a recipient's schema does not depend on who logged the record.

use super::Worker;
use super::edit::{Edit, Found};
use super::place::{event_time, record_at};
use crate::detect::check::output::SUPPRESSED;
use crate::detect::hit::Hit;
use crate::format::encode::{is_json_plain, string};
use crate::model::{EntityId, well_known as e};
use crate::policy::{Facts, Platform, Policy};
use crate::rules::{Ruleset, ViewKind};
use crate::tag::{TagStyle, bit};
use std::ops::Range;

/// What a record says of itself that no view changes.
#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    platform: Option<Platform>,
    /// Hit that names the carrier.
    carrier: Option<u32>,
    /// Unix seconds of its event.
    when: Option<i64>,
}

/// Entities that tell of the device as a whole.
#[derive(Clone, Copy)]
pub(super) struct Tellers {
    platform: Option<EntityId>,
    agent: Option<EntityId>,
    carrier: Option<EntityId>,
}

impl Tellers {
    /// Looks the entities up by name, where a recipient asks what they tell.
    pub fn new(rules: &Ruleset, policies: &[Policy]) -> Tellers {
        let recipients = || policies.iter().flat_map(|p| &p.views).filter_map(|v| v.recipient.as_ref());
        let platform = recipients().any(|r| !r.platform.is_empty());
        let carrier = recipients().any(|r| !r.carriers.is_empty());
        let id = |asked: bool, name| rules.by_name(name).filter(|_| asked).map(|e| e.id);
        Tellers {
            platform: id(platform, "device.platform"),
            agent: id(platform, "user_agent"),
            carrier: id(carrier, "carrier"),
        }
    }
}

impl Worker<'_> {
    /// Entities that the view wants of the record with these hits: none, when its recipient gets no such records.
    #[inline]
    pub(super) fn wanted(&mut self, block: &[u8], hits: Range<usize>, era: u16, found: &Found) -> u128 {
        if self.view == 0 { u128::MAX } else { self.wanted_by_recipient(block, hits, era, found) }
    }

    fn wanted_by_recipient(&mut self, block: &[u8], hits: Range<usize>, era: u16, found: &Found) -> u128 {
        let policy = self.engine.era(era).0;
        let view = &policy.views[self.view];
        if view.recipient.as_ref().is_none_or(|r| r.view == ViewKind::Record) {
            return u128::MAX;
        }
        if found.entities & view.shown == 0 {
            return 0;
        }
        let record = self.founds.len();
        let told = self.told(block, record, hits);
        let mut facts = self.facts(block, told, found);
        facts.minor = self.judged.get(record).is_some_and(|j| j.minor);
        if view.admits(policy, facts).is_ok() { view.shown } else { 0 }
    }

    /// Writes what the view's recipient may have of each record.
    pub(super) fn project(&mut self, block: &[u8]) {
        let mut from = 0;
        for i in 0..self.founds.len() {
            let found = self.founds[i];
            let edits = from..found.edits as usize;
            from = edits.end;
            let shown = self.engine.policy().views[self.view].shown;
            if !found.judged.refused && found.entities & shown != 0 && self.shows(edits.clone(), shown) {
                self.project_one(block, i, edits, &found);
            }
        }
    }

    /// True when one of the edits is of a shown entity: not only of one inside a run of base64.
    fn shows(&self, mut edits: Range<usize>, shown: u128) -> bool {
        let hits = self.detector.hits();
        edits.any(|i| bit(hits[self.edits[i].hit as usize].entity) & shown != 0)
    }

    fn project_one(&mut self, block: &[u8], record: usize, edits: Range<usize>, found: &Found) {
        let engine = self.engine;
        let first = self.edits[edits.start];
        let view = &engine.era(first.era).0.views[self.view];
        let last = self.edits[edits.end - 1].hit as usize;
        let told = self.told(block, record, first.hit as usize..last + 1);
        let dated = self.dated(told.when);
        let facts = self.facts(block, told, found);
        if view.admits(engine.era(first.era).0, facts).is_err() || dated.early && engine.quarantines() {
            self.disclosed[self.view].refused += 1;
            return;
        }
        let mut picks = std::mem::take(&mut self.picks);
        picks.clear();
        for i in edits {
            let entity = self.detector.hits()[self.edits[i].hit as usize].entity;
            if bit(entity) & view.shown != 0 {
                picks.push((view.rank[entity.0 as usize], i as u32));
            }
        }
        picks.sort_unstable();
        let mut mark = b'{';
        for fields in picks.chunk_by(|a, b| a.0 == b.0) {
            self.out.put_first(&[mark, b'"'], 2);
            mark = b',';
            self.out.put(engine.rules.entity(view.allowed[fields[0].0 as usize]).name.as_bytes());
            self.out.put_first(b"\":[", if fields.len() > 1 { 3 } else { 2 });
            for (n, &(_, i)) in fields.iter().enumerate() {
                if n > 0 {
                    self.out.put_first(b",", 1);
                }
                let edit = self.edits[i as usize];
                let hit = self.detector.hits()[edit.hit as usize];
                self.member(block, &hit, &edit);
            }
            if fields.len() > 1 {
                self.out.put_first(b"]", 1);
            }
        }
        self.picks = picks;
        self.disclosed[self.view].records += 1;
        let (tagger, mut ctx) = self.tag_context(dated, found);
        // What else the record holds is nothing to them.
        ctx.entities &= view.shown;
        self.out.put(self.taggers[tagger].render(ctx, TagStyle::JsonMember));
        self.out.put(b"}\n");
    }

    /// Writes one value as a JSON string.
    fn member(&mut self, block: &[u8], hit: &Hit, edit: &Edit) {
        self.replacement.clear();
        if !self.replace(block, hit, edit) {
            self.replacement.clear();
            self.replacement.extend_from_slice(SUPPRESSED);
            self.tally.unfit += 1;
        }
        if is_json_plain(&self.replacement) {
            self.out.put_first(b"\"", 1);
            self.out.put_span(&self.replacement, 0, self.replacement.len());
            self.out.put_first(b"\"", 1);
        } else {
            self.encoded.clear();
            string(&self.replacement, &mut self.encoded);
            self.out.put(&self.encoded);
        }
        self.disclosed[self.view].field(hit.entity.0);
    }

    /// What the record of that number, with these hits, tells of itself; read once for all views.
    fn told(&mut self, block: &[u8], record: usize, hits: Range<usize>) -> Told {
        self.told.resize(self.told.len().max(record + 1), None);
        let told = self.told[record].unwrap_or_else(|| self.tell(block, hits));
        *self.told[record].insert(told)
    }

    /// What decides on a record as a whole.
    fn facts<'a>(&'a self, block: &'a [u8], told: Told, found: &Found) -> Facts<'a> {
        let value = |hit: u32| self.detector.value(block, &self.detector.hits()[hit as usize]).expose();
        Facts {
            platform: told.platform,
            carrier: told.carrier.map_or(b"", value),
            minor: found.judged.minor,
            joined: found.joined,
        }
    }

    /// Reads what a record tells of itself.
    fn tell(&self, block: &[u8], hits: Range<usize>) -> Told {
        let all = self.detector.hits();
        let by = self.engine.tellers;
        let (mut told, mut agent, mut imsi) = (Told::default(), None, None);
        let first = hits.start;
        for i in hits {
            let entity = Some(all[i].entity);
            let platform = || Platform::parse(self.detector.value(block, &all[i]).expose());
            if entity == by.platform {
                told.platform = told.platform.or_else(platform);
            } else if entity == by.agent {
                agent = agent.or_else(platform);
            } else if entity == by.carrier {
                told.carrier = Some(i as u32);
            } else if entity == Some(e::IMSI) {
                imsi = Some(i as u32);
            }
        }
        told.platform = told.platform.or(agent);
        told.carrier = told.carrier.or(imsi);
        let record = record_at(block, all[first].start as usize);
        told.when = event_time(&self.detector, block, &record, self.engine.policy().offset);
        told
    }
}
