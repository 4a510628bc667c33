//! From findings to edits, from edits to output.

use super::action::{Action, READERS, read_ip};
use super::{Entry, TagMode, Worker};
use crate::detect::check::output::SUPPRESSED;
use crate::detect::hit::Hit;
use crate::format::slot::{self, Slot};
use crate::format::time;
use crate::model::{CategorySet, Decision, well_known as e};
use crate::tag::{Clock, TagContext, TagStyle, bit};
use crate::transform::canonical::{IpBytes, canonical};
use crate::transform::lanes::Batch;
use crate::transform::mask::mask;
use crate::transform::pseudonym::{TagKey, base32, surrogate};
use crate::transform::truncate::truncate;
use std::io::Write as _;
use std::net::IpAddr;

/// No job in the batch.
const NO_JOB: u32 = u32::MAX;

/// What becomes of one hit.
#[derive(Clone, Copy)]
pub(super) struct Edit {
    /// Index of the hit.
    pub hit: u32,
    /// What was decided.
    pub decision: Decision,
    /// Era of its record.
    pub era: u16,
    /// Number of its tag in the batch.
    job: u32,
    /// The value stays.
    keep: bool,
    /// AES-CMAC tag, where the policy asks for that.
    cmac: [u8; 16],
    /// The value has no canonical form: it is suppressed.
    unfit: bool,
}

impl Worker<'_> {
    /// Decides every hit that begins in `from..to` and hashes what must be hashed.
    pub(super) fn decide(&mut self, block: &[u8], from: usize, to: usize) {
        self.edits.clear();
        self.batch.clear();
        let hits = self.detector.hits();
        let mut i = hits.partition_point(|h| (h.start as usize) < from);
        let last = hits.partition_point(|h| (h.start as usize) < to);
        while i < last {
            let hits = self.detector.hits();
            // The hits of one record decide together.
            let end = memchr::memchr(b'\n', &block[hits[i].start as usize..])
                .map_or(block.len(), |n| hits[i].start as usize + n);
            let n = hits[i..last].iter().take_while(|h| (h.start as usize) < end).count().max(1);
            let present: CategorySet =
                hits[i..i + n].iter().map(|h| self.engine.rules.entity(h.entity).category).collect();
            let era = self.engine.era_of_record(&self.detector, block, hits[i].start as usize);
            for k in i..i + n {
                let edit = self.decide_one(block, k, present, era);
                self.edits.push(edit);
            }
            i += n;
        }
        self.batch.run();
    }

    fn decide_one(&mut self, block: &[u8], k: usize, present: CategorySet, era: u16) -> Edit {
        let hit = &self.detector.hits()[k];
        let engine = self.engine;
        let (policy, actions) = engine.era(era);
        let decision = policy.decide(hit.entity, present);
        let mut edit = Edit { hit: k as u32, decision, era, job: NO_JOB, keep: false, cmac: [0; 16], unfit: false };
        self.tally.found(hit.entity.0, hit.all_carriers());
        let value = self.detector.value(block, hit).expose();
        if policy.allows(engine.rules.entity(hit.entity).category, value) {
            edit.keep = true;
            self.tally.kept += 1;
            return edit;
        }
        let (key, canon) = match actions.of(hit.entity, decision.transform) {
            Action::Token { key, canon, .. } => (key, *canon),
            Action::Surrogate { key } => (key, crate::transform::canonical::Canon::Ip),
            Action::Keep => {
                edit.keep = true;
                self.tally.kept += 1;
                return edit;
            }
            _ => return edit,
        };
        match canonical(canon, value, &READERS, &mut self.canon) {
            Err(_) => {
                edit.unfit = true;
                self.tally.unfit += 1;
            }
            Ok(()) => match key {
                TagKey::Hmac(k) => edit.job = self.batch.push(k, self.canon.bytes()),
                TagKey::Cmac(k) => edit.cmac = k.tag(self.canon.bytes()),
            },
        }
        edit
    }

    /// Writes whole records with their edits and tags.
    pub(super) fn write_records(&mut self, block: &[u8]) {
        self.tally.bytes_in += block.len() as u64;
        if self.engine.tag == TagMode::None {
            self.tally.records +=
                memchr::memchr_iter(b'\n', block).count() as u64 + u64::from(block.last().is_some_and(|b| *b != b'\n'));
            let mut next = 0;
            self.write_span(block, 0, block.len(), &mut next);
            return;
        }
        let (mut at, mut next, mut clock) = (0, 0, 0);
        while at < block.len() {
            let end = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |n| at + n + 1);
            self.tally.records += 1;
            self.write_tagged(block, at, end, &mut next, &mut clock);
            at = end;
        }
    }

    fn write_tagged(&mut self, block: &[u8], at: usize, end: usize, next: &mut usize, clock: &mut usize) {
        let record = &block[at..end];
        let slot = slot::slot(record);
        let edits = self.edits_until(*next, end);
        let start = self.out.len();
        if matches!(slot, Slot::Taken) && self.looks_real(&edits) {
            return self.suppress_record(block, at, end, next);
        }
        let (place, style) = match slot {
            Slot::Member(p) => (p, TagStyle::JsonMember),
            Slot::First(p) => (p, TagStyle::JsonFirst),
            Slot::End(p) => (p, TagStyle::Text),
            Slot::Taken => (record.len(), TagStyle::Text),
        };
        let (era, ctx) = self.context(block, at, end, edits, clock);
        self.write_span(block, at, at + place, next);
        if slot != Slot::Taken && !(style == TagStyle::Text && place == 0) {
            match self.engine.tag {
                TagMode::Inline => self.taggers[era].render(ctx, style, &mut self.out),
                TagMode::Manifest => {
                    let from = self.manifest.len();
                    self.taggers[era].render(ctx, TagStyle::Object, &mut self.manifest);
                    self.entries.push(Entry { offset: start, tag: from..self.manifest.len() });
                }
                TagMode::None => {}
            }
        }
        self.write_span(block, at + place, end, next);
    }

    /// Range of edits from `next` on that begin before `end`.
    fn edits_until(&self, next: usize, end: usize) -> std::ops::Range<usize> {
        let hits = self.detector.hits();
        let n = self.edits[next..].iter().take_while(|x| (hits[x.hit as usize].start as usize) < end).count();
        next..next + n
    }

    fn looks_real(&self, edits: &std::ops::Range<usize>) -> bool {
        let hits = self.detector.hits();
        self.edits[edits.clone()]
            .iter()
            .any(|x| self.engine.era(x.era).1.of(hits[x.hit as usize].entity, x.decision.transform).looks_real())
    }

    /// A record that was encrypted before would be encrypted again, without a way to tell: it is refused.
    fn suppress_record(&mut self, block: &[u8], at: usize, end: usize, next: &mut usize) {
        *next = self.edits_until(*next, end).end;
        self.tally.suppressed_records += 1;
        let record = &block[at..end];
        if record.first() == Some(&b'{') {
            self.out.extend_from_slice(b"{\"_deid\":{\"state\":\"suppressed\"}}");
        } else {
            self.out.extend_from_slice(SUPPRESSED);
        }
        self.out.extend_from_slice(&record[record.len() - slot::ending(record)..]);
    }

    fn context(
        &mut self,
        block: &[u8],
        at: usize,
        end: usize,
        edits: std::ops::Range<usize>,
        clock: &mut usize,
    ) -> (usize, TagContext) {
        let when = self.event_time(block, at, end, clock);
        if when.is_none() {
            self.tally.untimed += 1;
        }
        let era = self.engine.era_at(when);
        let policy = self.engine.era(era).0;
        let hits = self.detector.hits();
        let (mut entities, mut retentions) = (0u128, 1u64 << policy.default_retention.0);
        let mut present = CategorySet::default();
        for x in &self.edits[edits] {
            let entity = hits[x.hit as usize].entity;
            entities |= bit(entity);
            retentions |= 1 << x.decision.retention.0;
            present.insert(self.engine.rules.entity(entity).category);
        }
        let ctx = TagContext {
            entities,
            retentions,
            linked: policy.is_linked(present),
            day: self.taggers[era as usize].day(when.unwrap_or(self.engine.ingest)),
            clock: if when.is_some() { Clock::Record } else { Clock::Ingest },
        };
        (era as usize, ctx)
    }

    fn event_time(&self, block: &[u8], at: usize, end: usize, clock: &mut usize) -> Option<i64> {
        let offset = self.engine.policy().offset;
        let times = self.detector.times();
        while times.get(*clock).is_some_and(|t| (t.0 as usize) < at) {
            *clock += 1;
        }
        let mut found = None;
        while let Some(&(s, e)) = times.get(*clock).filter(|t| (t.0 as usize) < end) {
            *clock += 1;
            found = found.or_else(|| time::of_value(&block[s as usize..e as usize], offset));
        }
        found.or_else(|| (block[at] != b'{').then(|| time::of_text(&block[at..end], offset)).flatten())
    }

    /// True when the edit leaves its value.
    pub(super) fn is_kept(&self, edit: &Edit) -> bool {
        edit.keep
    }

    /// Copies `from..to` with the edits that begin there.
    pub(super) fn write_span(&mut self, block: &[u8], from: usize, to: usize, next: &mut usize) {
        let mut at = from;
        while let Some(&edit) = self.edits.get(*next) {
            let hit = self.detector.hits()[edit.hit as usize];
            if hit.start as usize >= to {
                break;
            }
            *next += 1;
            if edit.keep {
                continue;
            }
            self.out.extend_from_slice(&block[at..hit.start as usize]);
            self.write_edit(block, &hit, &edit);
            at = hit.end as usize;
        }
        if at < to {
            self.out.extend_from_slice(&block[at..to]);
        }
    }

    /// Writes what replaces a hit.
    fn write_edit(&mut self, block: &[u8], hit: &Hit, edit: &Edit) {
        self.replacement.clear();
        if hit.bare_json {
            self.replacement.push(b'"');
        }
        let at = self.replacement.len();
        let action = self.engine.era(edit.era).1.of(hit.entity, edit.decision.transform);
        let value = self.detector.value(block, hit).expose();
        let tag = tag_of(&self.batch, edit);
        let done = match action {
            Action::Other(t) => {
                let mut at = super::place::at(t.needs(), &self.detector, block, hit, &self.engine, &mut self.canon);
                t.apply(value, &mut at, &mut self.replacement).is_ok()
            }
            _ => render(action, value, tag, edit.unfit, hit, &mut self.replacement),
        };
        if !done {
            self.replacement.truncate(at);
            self.replacement.extend_from_slice(SUPPRESSED);
            self.tally.unfit += 1;
        }
        self.bracket(block, hit, at);
        if hit.bare_json {
            self.replacement.push(b'"');
        }
        self.detector.encode(hit, &self.replacement, &mut self.out, &mut self.encoded);
    }

    /// An IPv6 address before `:port` needs brackets (RFC 3986 section 3.2.2).
    fn bracket(&mut self, block: &[u8], hit: &Hit, at: usize) {
        if !matches!(hit.entity, e::IP_V4 | e::IP_PRIVATE | e::IP_DOCUMENTATION)
            || !self.replacement[at..].contains(&b':')
        {
            return;
        }
        let after = &block[hit.end as usize..];
        let port = match after {
            [b':', d, ..] => d.is_ascii_digit(),
            [b'%', b'3', b'A' | b'a', d, ..] => d.is_ascii_digit(),
            _ => false,
        };
        let before = hit.start.checked_sub(1).map(|i| block[i as usize]);
        if port && before != Some(b'[') && self.detector.value(block, hit).expose().iter().all(|b| *b != b':') {
            self.replacement.insert(at, b'[');
            self.replacement.push(b']');
        }
    }
}

fn tag_of(batch: &Batch, edit: &Edit) -> [u8; 16] {
    if edit.job == NO_JOB { edit.cmac } else { *batch.tag(edit.job) }
}

/// Appends the replacement; false when the value can't take the transform.
fn render(action: &Action, value: &[u8], tag: [u8; 16], unfit: bool, hit: &Hit, out: &mut Vec<u8>) -> bool {
    if unfit {
        return false;
    }
    match action {
        Action::Keep => out.extend_from_slice(value),
        Action::Suppress => {
            // A credential keeps the name of its scheme.
            if hit.entity == e::CREDENTIAL
                && let Some(i) = value.iter().position(|&b| b == b' ')
            {
                out.extend_from_slice(&value[..=i]);
            }
            out.extend_from_slice(SUPPRESSED);
        }
        Action::Mask(style) => return mask(*style, value, out).is_ok(),
        Action::Token { prefix, .. } => {
            out.extend_from_slice(prefix);
            out.extend_from_slice(&base32(&tag));
        }
        Action::Surrogate { .. } => {
            let at = out.len();
            out.extend_from_slice(&surrogate(&tag));
            // A host name holds dashes, never colons.
            if value.contains(&b'-') {
                out[at..].iter_mut().filter(|b| **b == b':').for_each(|b| *b = b'-');
            }
        }
        Action::Truncate { v4, v6 } => return address(value, out, |ip| truncate(ip, *v4, *v6)),
        Action::Ipcrypt(cipher) => return address(value, out, |ip| cipher.encrypt(ip)),
        Action::NoKey | Action::Other(_) => return false,
    }
    true
}

fn address(value: &[u8], out: &mut Vec<u8>, f: impl Fn(IpAddr) -> IpAddr) -> bool {
    let ip = match read_ip(value) {
        Some(IpBytes::V4(a)) => IpAddr::from(a),
        Some(IpBytes::V6(a)) => IpAddr::from(a),
        None => return false,
    };
    let _ = write!(out, "{}", f(ip));
    true
}
