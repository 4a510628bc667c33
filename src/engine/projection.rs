//! Projections: one JSON object a record, made of the allowed fields and nothing else. Members are named by entity, so
//! that a recipient's schema does not depend on who logged the record.

use super::Worker;
use super::edit::{Edit, Found};
use super::place::{event_time, record_at};
use crate::detect::check::output::SUPPRESSED;
use crate::detect::hit::Hit;
use crate::format::encode::string;
use crate::model::well_known as e;
use crate::policy::{Facts, Platform};
use crate::tag::{TagStyle, bit};
use std::ops::Range;

impl Worker<'_> {
    /// Writes what the view's recipient may have of each record.
    pub(super) fn project(&mut self, block: &[u8]) {
        let mut from = 0;
        for i in 0..self.founds.len() {
            let found = self.founds[i];
            let edits = from..found.edits as usize;
            from = edits.end;
            let allowed = &self.engine.policy().views[self.view].allowed;
            let hits = self.detector.hits();
            let wanted = |x: &Edit| allowed.contains(&hits[x.hit as usize].entity);
            if !found.judged.refused && self.edits[edits.clone()].iter().any(wanted) {
                self.project_one(block, edits, &found);
            }
        }
    }

    fn project_one(&mut self, block: &[u8], edits: Range<usize>, found: &Found) {
        let engine = self.engine;
        let first = self.edits[edits.start];
        let view = &engine.era(first.era).0.views[self.view];
        let facts = self.facts(block, edits.clone(), found);
        let record = record_at(block, self.detector.hits()[first.hit as usize].start as usize);
        let when = event_time(&self.detector, block, &record, engine.policy().offset);
        let early = engine.is_early(when);
        if view.admits(engine.era(first.era).0, facts).is_err() || early && engine.quarantines() {
            self.disclosed[self.view].refused += 1;
            return;
        }
        let mut mark = b'{';
        for &entity in &view.allowed {
            let hits = self.detector.hits();
            let of = |i: &usize| hits[self.edits[*i].hit as usize].entity == entity;
            let fields = edits.clone().filter(of).count();
            if fields == 0 {
                continue;
            }
            self.out.put(&[mark, b'"']);
            mark = b',';
            self.out.put(engine.rules.entity(entity).name.as_bytes());
            self.out.put(if fields > 1 { b"\":[" } else { b"\":" });
            let mut comma = false;
            for i in edits.clone() {
                let edit = self.edits[i];
                let hit = self.detector.hits()[edit.hit as usize];
                if hit.entity == entity {
                    if comma {
                        self.out.put(b",");
                    }
                    comma = true;
                    self.member(block, &hit, &edit);
                }
            }
            if fields > 1 {
                self.out.put(b"]");
            }
        }
        self.disclosed[self.view].records += 1;
        let (tagger, mut ctx) = self.tag_context(when, early, found);
        // What else the record holds is nothing to them.
        ctx.entities &= view.allowed.iter().fold(0, |bits, e| bits | bit(*e));
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
        self.encoded.clear();
        string(&self.replacement, &mut self.encoded);
        self.out.put(&self.encoded);
        self.disclosed[self.view].field(hit.entity.0);
    }

    /// What decides on the record as a whole.
    fn facts<'a>(&'a self, block: &'a [u8], edits: Range<usize>, found: &Found) -> Facts<'a> {
        let mut facts = Facts { minor: found.judged.minor, joined: found.joined, ..Facts::default() };
        let mut agent = None;
        for edit in &self.edits[edits] {
            let hit = &self.detector.hits()[edit.hit as usize];
            let value = self.detector.value(block, hit).expose();
            match self.engine.rules.entity(hit.entity).name.as_str() {
                "device.platform" => facts.platform = facts.platform.or(Platform::parse(value)),
                "user_agent" => agent = agent.or(Platform::parse(value)),
                "carrier" => facts.carrier = value,
                _ if hit.entity == e::IMSI && facts.carrier.is_empty() => facts.carrier = value,
                _ => {}
            }
        }
        facts.platform = facts.platform.or(agent);
        facts
    }
}
