//! From findings to edits, from edits to output.

use super::action::Action;
pub(super) use super::fate::Edit;
use super::fate::{Fate, NO_JOB};
use super::judge::Judged;
use super::render::{is_host_name, needs_brackets, render};
use super::{Entry, TagMode, Worker};
use crate::detect::check::output::SUPPRESSED;
use crate::detect::hit::Hit;
use crate::format::slot::{self, Slot};
use crate::model::CategorySet;
use crate::policy::Met;
use crate::tag::{Clock, TagContext, TagStyle, bit};
use crate::transform::pseudonym::surrogate;

/// The hits of one record, summed up.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    /// One past the record's last byte, its line feed excluded.
    pub end: u32,
    /// One past its last edit.
    pub edits: u32,
    /// Device or log data stands with a person.
    pub joined: bool,
    /// What lists and the minors' rule say of it.
    pub judged: Judged,
    /// Bit set of entities.
    pub entities: u128,
    /// Bit set of retention classes.
    retentions: u64,
    /// Categories that stand together.
    pub present: CategorySet,
}

impl Worker<'_> {
    /// Decides every hit that begins in `from..to` and hashes what must be hashed.
    pub(super) fn decide(&mut self, block: &[u8], from: usize, to: usize) {
        self.edits.clear();
        self.founds.clear();
        self.inner.clear();
        self.batch.clear();
        let hits = self.detector.hits();
        let mut i = hits.partition_point(|h| (h.start as usize) < from);
        let last = hits.partition_point(|h| (h.start as usize) < to);
        let mut line = 0;
        while i < last {
            // The hits of one record decide together.
            let (hits, lines) = (self.detector.hits(), self.detector.lines());
            let start = hits[i].start;
            line += lines[line..].iter().take_while(|&&l| l < start).count();
            let end = lines.get(line).map_or(block.len() as u32, |&l| l);
            let mut found = Found { end, ..Found::default() };
            let mut n = i;
            while n < last && hits[n].start < end.max(start + 1) {
                found.present.insert(self.engine.categories[hits[n].entity.0 as usize]);
                found.entities |= bit(hits[n].entity);
                for h in self.inside(&hits[n]) {
                    found.present.insert(self.engine.categories[h.entity.0 as usize]);
                    found.entities |= bit(h.entity);
                }
                n += 1;
            }
            let era = self.engine.era_of_record(&self.detector, block, start as usize);
            found.joined = self.joins(block, i..n, era, &found);
            let met = self.engine.era(era).0.met(found.present, found.joined);
            let wanted = self.wanted(block, i..n, era, &found);
            for k in i..n {
                let hit = self.detector.hits()[k];
                let decision = self.engine.era(era).0.decide(self.view, hit.entity, met);
                found.retentions |= 1 << decision.retention.0;
                self.edits.push(Edit::new(k, decision, era));
                let is_wanted = wanted & bit(hit.entity) != 0;
                let fate = if is_wanted { self.fate(block, &hit, era, decision) } else { Fate::Open };
                let inner = self.inner.len() as u32;
                if let Some(edit) = self.edits.last_mut() {
                    edit.settle(fate);
                    edit.inner = inner;
                }
                if hit.blob != 0 {
                    found.retentions |= self.decide_inside(block, &hit, era, met);
                }
            }
            found.edits = self.edits.len() as u32;
            self.founds.push(found);
            i = n;
        }
        self.batch.run();
        self.judge(block);
    }

    /// Findings inside the run of base64 that a hit stands for.
    #[inline]
    pub(super) fn inside(&self, hit: &Hit) -> &[Hit] {
        if hit.blob == 0 {
            return &[];
        }
        self.detector.blob(hit).map_or(&[], |(b, _)| b.hits)
    }

    /// Decides the findings inside a run of base64; returns the bit set of their retention classes.
    fn decide_inside(&mut self, block: &[u8], run: &Hit, era: u16, met: Met) -> u64 {
        let mut retentions = 0;
        for j in 0..self.inside(run).len() {
            let hit = self.inside(run)[j];
            let decision = self.engine.era(era).0.decide(self.view, hit.entity, met);
            retentions |= 1 << decision.retention.0;
            let mut edit = Edit::new(j, decision, era);
            edit.settle(self.fate(block, &hit, era, decision));
            self.inner.push(edit);
        }
        retentions
    }

    /// Writes whole records with their edits and tags.
    pub(super) fn write_records(&mut self, block: &[u8]) {
        let lines = self.detector.lines().len();
        if self.view == 0 {
            self.tally.bytes_in += block.len() as u64;
            self.tally.records += lines as u64 + u64::from(block.last().is_some_and(|b| *b != b'\n'));
        }
        let mut next = 0;
        if self.tag == TagMode::None && !self.judging() {
            return self.write_span(block, 0, block.len(), &mut next);
        }
        let mut at = Place::default();
        for line in 0..=lines {
            let end = self.detector.lines().get(line).map_or(block.len(), |&l| l as usize + 1);
            if at.start < end {
                self.write_tagged(block, &mut at, end, &mut next);
                at.start = end;
            }
        }
    }

    fn write_tagged(&mut self, block: &[u8], at: &mut Place, end: usize, next: &mut usize) {
        let record = &block[at.start..end];
        let slot = slot::slot(record, self.detector.may_be_tagged(&mut at.tag, at.start, end));
        let found = match self.founds.get(at.found) {
            Some(f) if f.end as usize <= end => {
                at.found += 1;
                *f
            }
            _ => Found { edits: *next as u32, ..Found::default() },
        };
        let start = self.out.len();
        if matches!(slot, Slot::Taken) && self.looks_real(*next..found.edits as usize) {
            *next = found.edits as usize;
            return self.suppress_record(record);
        }
        let (place, style) = match slot {
            Slot::Member(p) => (p, TagStyle::JsonMember),
            Slot::First(p) => (p, TagStyle::JsonFirst),
            Slot::Element(p) => (p, TagStyle::JsonElement),
            Slot::End(p) => (p, TagStyle::Text),
            Slot::Taken => (record.len(), TagStyle::Text),
        };
        let Some((era, ctx)) = self.context(record, at, end, &found) else {
            *next = found.edits as usize;
            return self.suppress_record(record);
        };
        self.write_span(block, at.start, at.start + place, next);
        if slot != Slot::Taken && !(style == TagStyle::Text && place == 0) {
            match self.tag {
                TagMode::Inline => self.out.put(self.taggers[era].render(ctx, style)),
                TagMode::Manifest => {
                    let from = self.manifest.len();
                    self.manifest.extend_from_slice(self.taggers[era].render(ctx, TagStyle::Object));
                    self.entries.push(Entry { offset: start, tag: from..self.manifest.len() });
                }
                TagMode::None => {}
            }
        }
        self.write_span(block, at.start + place, end, next);
    }

    fn looks_real(&self, edits: std::ops::Range<usize>) -> bool {
        let hits = self.detector.hits();
        let engine = self.engine;
        let real = |h: &Hit, x: &Edit| engine.era(x.era).1.of(h.entity, x.decision.transform).looks_real();
        self.edits[edits].iter().any(|x| {
            let hit = &hits[x.hit as usize];
            real(hit, x) || self.inside(hit).iter().zip(&self.inner[x.inner()..]).any(|(h, x)| real(h, x))
        })
    }

    /// A record that was encrypted before would be encrypted again, without a way to tell: it is refused.
    fn suppress_record(&mut self, record: &[u8]) {
        self.tally.suppressed_records += 1;
        if record.first() == Some(&b'{') {
            self.out.put(b"{\"_deid\":{\"state\":\"suppressed\"}}");
        } else {
            self.out.put(SUPPRESSED);
        }
        self.out.put(&record[record.len() - slot::ending(record)..]);
    }

    /// Number of the record's tagger and what its tag depends on; nothing when the record must go as a whole.
    fn context(&mut self, record: &[u8], at: &mut Place, end: usize, found: &Found) -> Option<(usize, TagContext)> {
        let when = self.event_time(record, at, end);
        if when.is_none() && self.view == 0 {
            self.tally.untimed += 1;
        }
        let early = self.engine.is_early(when);
        if found.judged.refused || early && self.engine.quarantines() {
            return None;
        }
        Some(self.tag_context(when, early, found))
    }

    /// What the tag of a record depends on, and the number of its tagger.
    pub(super) fn tag_context(&self, when: Option<i64>, early: bool, found: &Found) -> (usize, TagContext) {
        let era = self.engine.era_at(when);
        let policy = self.engine.era(era).0;
        let held = policy.hold.filter(|_| found.judged.case != 0).map_or(0, |r| 1 << r.0);
        let unix = when.unwrap_or(self.engine.ingest);
        let ctx = TagContext {
            entities: found.entities,
            retentions: found.retentions | 1 << policy.default_retention.0 | held,
            linked: found.joined,
            day: crate::tag::day(unix, policy.offset),
            clock: if when.is_some() { Clock::Record } else { Clock::Ingest },
            early,
            minor: found.judged.minor,
            stripped: found.judged.strip.0 != 0,
            case: found.judged.case,
        };
        (self.engine.tagger_of(era, self.view), ctx)
    }

    fn event_time(&mut self, record: &[u8], at: &mut Place, end: usize) -> Option<i64> {
        let offset = self.engine.policy().offset;
        let times = self.detector.times();
        while times.get(at.time).is_some_and(|t| (t.0 as usize) < at.start) {
            at.time += 1;
        }
        let mut found = None;
        while let Some(&(s, e)) = times.get(at.time).filter(|t| (t.0 as usize) < end) {
            at.time += 1;
            let value = &record[s as usize - at.start..(e as usize).min(end) - at.start];
            found = found.or_else(|| self.clock.of_value(value, offset));
        }
        found.or_else(|| (record[0] != b'{').then(|| self.clock.of_text(record, offset)).flatten())
    }

    /// Tag of an edit's value, when it was hashed.
    pub(super) fn tag_of(&self, edit: &Edit) -> Option<&[u8; 16]> {
        (edit.job != NO_JOB).then(|| self.batch.tag(edit.job))
    }

    /// True when the edit leaves its value.
    pub(super) fn is_kept(&self, edit: &Edit) -> bool {
        edit.keep
    }

    /// Copies `from..to` with the edits that begin there.
    pub(super) fn write_span(&mut self, block: &[u8], from: usize, to: usize, next: &mut usize) {
        let mut at = from;
        while let Some(edit) = self.edits.get(*next) {
            let hit = &self.detector.hits()[edit.hit as usize];
            let (start, end) = (hit.start as usize, hit.end as usize);
            if start >= to {
                break;
            }
            *next += 1;
            if edit.keep {
                continue;
            }
            self.out.put_span(block, at, start);
            self.write_edit(block, *next - 1);
            at = end;
        }
        if at < to {
            self.out.put_span(block, at, to);
        }
    }

    /// Appends what replaces a hit to the scratch buffer, without escapes; false when the value can't take it.
    pub(super) fn replace(&mut self, block: &[u8], hit: &Hit, edit: &Edit) -> bool {
        let action = self.engine.era(edit.era).1.of(hit.entity, edit.decision.transform);
        let value = self.detector.value(block, hit).expose();
        let tag = if edit.job == NO_JOB { &[0; 16] } else { self.batch.tag(edit.job) };
        match action {
            _ if edit.gone || edit.unfit => false,
            Action::Other(t) => {
                let mut place = super::place::at(t.needs(), &self.detector, block, hit, self.engine, &mut self.canon);
                t.apply(value, &mut place, &mut self.replacement).is_ok()
            }
            _ => render(action, value, tag, hit, &mut self.replacement),
        }
    }

    /// Writes what replaces the hit of an edit.
    #[inline]
    fn write_edit(&mut self, block: &[u8], edit: usize) {
        let edit = &self.edits[edit];
        let hit = &self.detector.hits()[edit.hit as usize];
        if hit.blob != 0 && !edit.gone {
            let (run, first) = (*hit, edit.inner());
            return self.write_run(block, &run, first);
        }
        let action = self.engine.era(edit.era).1.of(hit.entity, edit.decision.transform);
        let action = if edit.gone { &Action::Suppress } else { action };
        if edit.job != NO_JOB && hit.depth == 0 {
            let tag = self.batch.tag(edit.job);
            match action {
                Action::Token { prefix, .. } => {
                    let quote = usize::from(hit.bare_json);
                    self.out.put_first(b"\"", quote);
                    self.out.put_first(&prefix.bytes, prefix.len);
                    self.out.put_first(&self.batch.letters(edit.job), 26);
                    return self.out.put_first(b"\"", quote);
                }
                Action::Surrogate { .. }
                    if !hit.bare_json && !needs_brackets(block, hit) && !is_host_name(&block[hit.start as usize..]) =>
                {
                    return self.out.put_first(&surrogate(tag), 39);
                }
                _ => {}
            }
        }
        let (hit, edit) = (*hit, *edit);
        self.compose(block, &hit, &edit, None);
        self.out.put(&self.written);
    }

    /// Writes a run of base64 whose decoded text has its own edits.
    #[cold]
    fn write_run(&mut self, block: &[u8], run: &Hit, first: usize) {
        let mut text = std::mem::take(&mut self.blob);
        text.clear();
        let mut at = None;
        for j in 0.. {
            let Some((blob, view)) = self.detector.blob(run) else { break };
            let from = at.unwrap_or(blob.text.0);
            let Some(&hit) = blob.hits.get(j) else {
                text.extend_from_slice(&view[from..blob.text.1]);
                break;
            };
            at = Some(hit.end as usize);
            let edit = self.inner[first + j];
            if edit.keep {
                text.extend_from_slice(&view[from..hit.end as usize]);
                continue;
            }
            text.extend_from_slice(&view[from..hit.start as usize]);
            self.compose(block, &hit, &edit, Some(run));
            text.extend_from_slice(&self.written);
        }
        if let Some((blob, _)) = self.detector.blob(run) {
            self.replacement.clear();
            blob.style.encode(&text, &mut self.replacement);
            self.written.clear();
            self.detector.encode(run, &self.replacement, &mut self.written, &mut self.encoded);
            self.out.put(&self.written);
        }
        self.blob = text;
    }

    /// Makes any replacement, in its quotes and escapes, of a hit of the block or of a `run` of base64; it is left in `written`.
    fn compose(&mut self, block: &[u8], hit: &Hit, edit: &Edit, run: Option<&Hit>) {
        let (job, unfit) = (edit.job, edit.unfit);
        let action = self.engine.era(edit.era).1.of(hit.entity, edit.decision.transform);
        let action = if edit.gone { &Action::Suppress } else { action };
        let value = self.detector.value(block, hit).expose();
        let tag = if job == NO_JOB { &[0; 16] } else { self.batch.tag(job) };
        let out = &mut self.replacement;
        out.clear();
        if hit.bare_json {
            out.push(b'"');
        }
        let at = out.len();
        let done = match action {
            _ if unfit => false,
            Action::Other(t) => {
                let mut place = super::place::at(
                    t.needs(),
                    &self.detector,
                    block,
                    run.unwrap_or(hit),
                    self.engine,
                    &mut self.canon,
                );
                t.apply(value, &mut place, out).is_ok()
            }
            _ => render(action, value, tag, hit, out),
        };
        if !done {
            out.truncate(at);
            out.extend_from_slice(SUPPRESSED);
            self.tally.unfit += u64::from(!unfit);
        }
        let place = run.and_then(|r| self.detector.blob(r)).map_or(block, |(_, view)| view);
        if needs_brackets(place, hit) && out[at..].contains(&b':') && !value.contains(&b':') {
            out.insert(at, b'[');
            out.push(b']');
        }
        if hit.bare_json {
            out.push(b'"');
        }
        self.written.clear();
        self.detector.encode(hit, &self.replacement, &mut self.written, &mut self.encoded);
    }
}

/// Where the writer stands: the record's first byte, and the next of each list.
#[derive(Default)]
struct Place {
    start: usize,
    found: usize,
    time: usize,
    tag: [usize; 2],
}
