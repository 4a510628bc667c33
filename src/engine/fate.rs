//! What comes of one hit: it stays, is hashed, or is changed where it is written.

use super::Engine;
use super::action::{Action, READERS};
use super::allow::Kept;
use super::clauses::ByClause;
use super::era::InForce;
use crate::audit::Tally;
use crate::detect::Detector;
use crate::detect::hit::Hit;
use crate::model::{Category, Decision};
use crate::transform::canonical::{Canon, CanonBuf, canonical, plain};
use crate::transform::lanes::Batch;
use crate::transform::pseudonym::TagKey;

/// No job in the batch.
pub(super) const NO_JOB: u32 = u32::MAX;

/// What becomes of one hit.
#[derive(Clone, Copy)]
pub(super) struct Edit {
    /// Index of the hit.
    pub hit: u32,
    /// Number of its tag in the batch.
    pub job: u32,
    /// What was decided.
    pub decision: Decision,
    /// Era of its record.
    pub era: u16,
    /// The value stays.
    pub keep: bool,
    /// The value has no canonical form: it is suppressed.
    pub unfit: bool,
    /// A list or the minors' rule wants the value gone.
    pub gone: bool,
    /// Why it stays.
    pub kept: Kept,
    /// Where the edits inside its run of base64 begin.
    pub inner: u32,
}

/// What comes of a hit.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// It was hashed: number of its tag in the batch.
    Job(u32),
    /// It has no canonical form.
    Unfit,
    /// It stays.
    Stays(Kept),
    /// The rest is done where it is written.
    Open,
}

impl Edit {
    pub(super) fn new(hit: usize, decision: Decision, era: u16) -> Edit {
        let (keep, unfit, gone) = (false, false, false);
        Edit { hit: hit as u32, job: NO_JOB, decision, era, keep, unfit, gone, kept: Kept::No, inner: 0 }
    }

    /// Changes an edit that stands in its list: copying a whole one right behind its last change would wait for that.
    #[inline]
    pub(super) fn settle(&mut self, fate: Fate) {
        match fate {
            Fate::Job(job) => self.job = job,
            Fate::Unfit => self.unfit = true,
            Fate::Stays(kept) => (self.keep, self.kept) = (true, kept),
            Fate::Open => {}
        }
    }

    /// Where the edits inside its run of base64 begin.
    pub(super) fn inner(&self) -> usize {
        self.inner as usize
    }
}

/// Decides hits of records of one era.
pub(super) struct Fates<'w, 'e> {
    /// What is in force.
    pub law: InForce<'e>,
    /// Where values stand.
    pub detector: &'w Detector<'e>,
    /// What is hashed.
    pub batch: &'w mut Batch,
    /// Scratch for canonical forms.
    pub canon: &'w mut CanonBuf,
    /// Counts, for the main output.
    pub tally: &'w mut Tally,
    /// Counts by clause, where they are asked for.
    pub by_clause: Option<&'w mut ByClause>,
    /// Whether findings are counted: they are once, for the main output.
    pub main: bool,
}

impl Fates<'_, '_> {
    /// Decides one hit, and hashes it when it must be hashed.
    #[inline(always)]
    pub fn of(&mut self, engine: &Engine, block: &[u8], hit: &Hit, decision: Decision) -> Fate {
        if hit.blob != 0 {
            return Fate::Open;
        }
        if self.main {
            self.tally.found(hit.entity.0, hit.all_carriers());
            if let Some(by) = &mut self.by_clause {
                by.count(engine.eras[self.law.era as usize].policy, decision.clause, hit.entity);
            }
        }
        let value = self.detector.value(block, hit).expose();
        let action = self.law.actions.of(hit.entity, decision.transform);
        let contact = self.law.contacts && engine.categories[hit.entity.0 as usize] == Category::Basic;
        let kept = if contact || !engine.allow.is_empty() { self.listed(engine, block, hit) } else { Kept::No };
        let kept = match kept {
            Kept::No if hit.confidence < self.law.policy.least => Kept::Unsure,
            Kept::No if matches!(action, Action::Keep) => Kept::Policy,
            kept => kept,
        };
        if kept != Kept::No {
            self.tally.kept += 1;
            return Fate::Stays(kept);
        }
        let (key, canon) = match action {
            Action::Token { key, canon, .. } => (key, *canon),
            Action::Surrogate { key } => (key, Canon::Ip),
            _ => return Fate::Open,
        };
        let job = job((&mut *self.batch, &mut *self.canon), key, (canon, value), hit.v4);
        self.tally.unfit += u64::from(job.is_none());
        job.map_or(Fate::Unfit, Fate::Job)
    }

    /// What lists of values say of a hit.
    #[inline(never)]
    fn listed(&self, engine: &Engine, block: &[u8], hit: &Hit) -> Kept {
        let value = self.detector.value(block, hit).expose();
        let mut kept = Kept::No;
        if !engine.allow.is_empty() {
            let before = if hit.depth == 0 { &block[..hit.start as usize] } else { &b""[..] };
            kept = engine.allow.keeps(hit.entity, value, before);
        }
        match kept {
            Kept::No if self.law.policy.allows(engine.categories[hit.entity.0 as usize], value) => Kept::Policy,
            kept => kept,
        }
    }
}

/// Adds the canonical form of a value to the batch, or of the address `v4` that it was read as; the number of its tag, or
/// nothing when it has no such form.
#[inline(always)]
fn job(
    (batch, buf): (&mut Batch, &mut CanonBuf),
    key: &TagKey,
    (canon, value): (Canon, &[u8]),
    v4: Option<[u8; 4]>,
) -> Option<u32> {
    let v4 = v4.filter(|_| canon == Canon::Ip);
    let hmac = match key {
        TagKey::Hmac(k) => k,
        _ => {
            form(buf, canon, value, v4)?;
            // Of a subject that was erased nothing may be made again.
            return key.tag(buf.bytes()).map(|tag| batch.push_tag(tag));
        }
    };
    // Most forms are short: they are written where they are hashed.
    let short = batch.push_with(hmac, |block| match v4 {
        Some(a) => block.first_chunk_mut().map(|to| *to = a).map(|()| a.len()),
        None => plain(canon, value, &READERS, block),
    });
    if short.is_some() {
        return short;
    }
    form(buf, canon, value, v4)?;
    Some(batch.push(hmac, buf))
}

fn form(buf: &mut CanonBuf, canon: Canon, value: &[u8], v4: Option<[u8; 4]>) -> Option<()> {
    let Some(a) = v4 else { return canonical(canon, value, &READERS, buf).ok() };
    buf.set(a);
    Some(())
}
