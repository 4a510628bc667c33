//! From findings to edits, record by record.

use super::fate::{Edit, Fates};
use super::judge::Judged;
use super::{Engine, Worker};
use crate::detect::Detector;
use crate::detect::hit::Hit;
use crate::detect::scan::bits::Task;
use crate::model::{Category, CategorySet, EntityId};
use crate::policy::Decisions;
use crate::tag::bit;
use std::ops::Range;

/// The hits of one record, summed up.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    /// One past the record's last byte, its line feed excluded.
    pub end: u32,
    /// One past its last edit.
    pub edits: u32,
    /// Device or log data stands with a person.
    pub joined: bool,
    /// Some hit stands for a run of base64.
    pub blobs: bool,
    /// What lists and the minors' rule say of it.
    pub judged: Judged,
    /// Bit set of entities.
    pub entities: u128,
    /// Bit set of retention classes.
    pub retentions: u64,
    /// Categories that stand together.
    pub present: CategorySet,
}

/// What a finding of an entity adds to its record.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    entity: u128,
    category: CategorySet,
}

impl Mark {
    /// The mark of an entity of a category.
    pub fn new(entity: EntityId, category: Category) -> Mark {
        Mark { entity: bit(entity), category: [category].into_iter().collect() }
    }
}

impl Found {
    #[inline(always)]
    fn add(&mut self, mark: &Mark) {
        self.entities |= mark.entity;
        self.present.0 |= mark.category.0;
    }
}

/// Hits that are to be decided.
struct Decide<'a, 'e> {
    worker: &'a mut Worker<'e>,
    block: &'a [u8],
    from: usize,
    to: usize,
}

impl Task for Decide<'_, '_> {
    #[inline(always)]
    fn run(self) {
        self.worker.decide_hits(self.block, self.from, self.to);
    }
}

impl Worker<'_> {
    /// Decides every hit that begins in `from..to` and hashes what must be hashed.
    pub(super) fn decide(&mut self, block: &[u8], from: usize, to: usize) {
        self.edits.clear();
        self.founds.clear();
        self.inner.clear();
        self.batch.clear();
        self.bits.run(Decide { worker: self, block, from, to });
        self.batch.run();
        self.judge(block);
    }

    #[inline(always)]
    fn decide_hits(&mut self, block: &[u8], from: usize, to: usize) {
        let hits = self.detector.hits();
        let mut i = hits.partition_point(|h| (h.start as usize) < from);
        let last = hits.partition_point(|h| (h.start as usize) < to);
        let mut line = 0;
        while i < last {
            // The hits of one record decide together.
            let (found, n) = self.sum_up(block.len() as u32, i..last, &mut line);
            self.decide_record(block, i..i + n, found);
            i += n;
        }
    }

    /// Sums up the hits of the record that the first of these stands in; returns how many they are. `line` is the number of
    /// a line at or before it.
    #[inline(always)]
    fn sum_up(&self, len: u32, hits: Range<usize>, line: &mut usize) -> (Found, usize) {
        let (hits, lines) = (&self.detector.hits()[hits], self.detector.lines());
        let start = hits[0].start;
        *line += lines[*line..].iter().take_while(|&&l| l < start).count();
        let end = lines.get(*line).map_or(len, |&l| l);
        let mut found = Found { end, ..Found::default() };
        let mut n = 0;
        for hit in hits {
            if hit.start >= end.max(start + 1) {
                break;
            }
            n += 1;
            found.add(&self.engine.marks[hit.entity.0 as usize]);
            if hit.blob != 0 {
                found.blobs = true;
                inside(&self.detector, hit).iter().for_each(|h| found.add(&self.engine.marks[h.entity.0 as usize]));
            }
        }
        (found, n)
    }

    #[inline(always)]
    fn decide_record(&mut self, block: &[u8], hits: Range<usize>, mut found: Found) {
        let engine = self.engine;
        let era = engine.era_of_record(&self.detector, block, self.detector.hits()[hits.start].start as usize);
        found.joined = self.joins(block, hits.clone(), era, &found);
        let law = engine.in_force(era);
        let decisions = law.policy.row(self.view, law.policy.met(found.present, found.joined));
        let wanted = self.wanted(block, hits.clone(), era, &found);
        let first = self.edits.len();
        let mut fates = Fates {
            law,
            detector: &self.detector,
            batch: &mut self.batch,
            canon: &mut self.canon,
            tally: &mut self.tally,
            by_clause: self.by_clause.as_mut(),
            main: self.view == 0,
        };
        for (k, hit) in hits.clone().zip(&self.detector.hits()[hits]) {
            let decision = decisions.of(hit.entity);
            found.retentions |= 1 << decision.retention.0;
            self.edits.push(Edit::new(k, decision, era));
            if wanted == u128::MAX || wanted & bit(hit.entity) != 0 {
                let fate = fates.of(engine, block, hit, decision);
                if let Some(edit) = self.edits.last_mut() {
                    edit.settle(fate);
                }
            }
        }
        if found.blobs {
            let runs = (&mut self.edits[first..], &mut self.inner);
            found.retentions |= decide_inside(engine, block, &mut fates, runs, decisions);
        }
        found.edits = self.edits.len() as u32;
        self.founds.push(found);
    }

    /// Findings inside the run of base64 that a hit stands for.
    #[inline]
    pub(super) fn inside(&self, hit: &Hit) -> &[Hit] {
        inside(&self.detector, hit)
    }
}

/// Findings inside the run of base64 that a hit stands for.
#[inline(always)]
fn inside<'a>(detector: &'a Detector<'_>, hit: &Hit) -> &'a [Hit] {
    if hit.blob == 0 {
        return &[];
    }
    detector.blob(hit).map_or(&[], |(b, _)| b.hits)
}

/// Decides the findings inside the runs of base64 that these edits stand for; returns the bit set of their retention classes.
#[cold]
fn decide_inside(
    engine: &Engine,
    block: &[u8],
    fates: &mut Fates<'_, '_>,
    (runs, inner): (&mut [Edit], &mut Vec<Edit>),
    decisions: Decisions<'_>,
) -> u64 {
    let mut retentions = 0;
    for run in runs {
        let first = inner.len();
        run.inner = first as u32;
        for (j, hit) in inside(fates.detector, &fates.detector.hits()[run.hit as usize]).iter().enumerate() {
            let decision = decisions.of(hit.entity);
            retentions |= 1 << decision.retention.0;
            let mut edit = Edit::new(j, decision, run.era);
            edit.settle(fates.of(engine, block, hit, decision));
            inner.push(edit);
        }
        // A run in which nothing changes is left as it was written.
        if let [one, rest @ ..] = &inner[first..]
            && one.keep
            && rest.iter().all(|e| e.keep)
        {
            (run.keep, run.kept) = (true, one.kept);
        }
    }
    retentions
}
