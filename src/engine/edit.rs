//! From edits to output.

use super::action::Action;
pub(super) use super::decide::Found;
use super::era::Dated;
pub(super) use super::fate::Edit;
use super::fate::NO_JOB;
use super::render::{is_host_name, needs_brackets, render};
use super::{Entry, TagMode, Worker};
use crate::detect::check::output::SUPPRESSED;
use crate::detect::hit::Hit;
use crate::detect::scan::bits::Task;
use crate::format::slot::{self, Slot};
use crate::tag::{Clock, TagContext, TagStyle};
use crate::transform::pseudonym::surrogate;

/// Records that are to be written.
struct Write<'a, 'e> {
    worker: &'a mut Worker<'e>,
    block: &'a [u8],
}

impl Task for Write<'_, '_> {
    #[inline(always)]
    fn run(self) {
        self.worker.write_all(self.block);
    }
}

impl Worker<'_> {
    /// Writes whole records with their edits and tags.
    pub(super) fn write_records(&mut self, block: &[u8]) {
        if self.view == 0 {
            self.tally.bytes_in += block.len() as u64;
            let lines = self.detector.lines().len() as u64;
            self.tally.records += lines + u64::from(block.last().is_some_and(|b| *b != b'\n'));
        }
        self.bits.run(Write { worker: self, block });
    }

    #[inline(always)]
    fn write_all(&mut self, block: &[u8]) {
        let lines = self.detector.lines().len();
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

    #[inline(always)]
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
        self.write_rest(block, at.start + place, end, next);
    }

    /// As [`Self::write_span`], for the end of a record: there is seldom more than a bracket and the line ending.
    #[inline(always)]
    fn write_rest(&mut self, block: &[u8], from: usize, to: usize, next: &mut usize) {
        let hits = self.detector.hits();
        if self.edits.get(*next).is_some_and(|x| (hits[x.hit as usize].start as usize) < to) {
            return self.write_late(block, from, to, next);
        }
        self.out.put_span(block, from, to);
    }

    #[cold]
    fn write_late(&mut self, block: &[u8], from: usize, to: usize, next: &mut usize) {
        self.write_span(block, from, to, next);
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
        let dated = self.dated(when);
        if found.judged.refused || dated.early && self.engine.quarantines() {
            return None;
        }
        Some(self.tag_context(dated, found))
    }

    /// What follows from the time of an event; logs tell of many events of one second.
    #[inline]
    pub(super) fn dated(&mut self, when: Option<i64>) -> Dated {
        match self.dated {
            Some(dated) if dated.when == when => dated,
            _ => {
                let dated = self.engine.dated(when);
                self.dated = Some(dated);
                dated
            }
        }
    }

    /// What the tag of a record depends on, and the number of its tagger.
    #[inline]
    pub(super) fn tag_context(&self, dated: Dated, found: &Found) -> (usize, TagContext) {
        let policy = self.engine.era(dated.era).0;
        let held = policy.hold.filter(|_| found.judged.case != 0).map_or(0, |r| 1 << r.0);
        let ctx = TagContext {
            entities: found.entities,
            retentions: found.retentions | 1 << policy.default_retention.0 | held,
            linked: found.joined,
            day: dated.day,
            clock: if dated.when.is_some() { Clock::Record } else { Clock::Ingest },
            early: dated.early,
            minor: found.judged.minor,
            stripped: found.judged.strip.0 != 0,
            case: found.judged.case,
        };
        (self.engine.tagger_of(dated.era, self.view), ctx)
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
    #[inline(always)]
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
    #[inline(always)]
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
        if hit.depth == 0 {
            return std::mem::swap(&mut self.written, &mut self.replacement);
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
