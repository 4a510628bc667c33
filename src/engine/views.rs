//! One pass, several outputs: the main one and a view for each recipient.

use super::{Clean, Engine, Worker};
use crate::model::Block;
use crate::rules::ViewKind;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::io;

/// Years that a line of the ledger must be kept (Network Data Security Regulation, article 12; PIPL, article 56).
const LEDGER_YEARS: i16 = 3;

/// What a view disclosed, for the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosed {
    /// Records that went out.
    pub records: u64,
    /// Records with allowed fields that were refused: another platform or carrier, a minor's, or one that may not go
    /// abroad; and records too long to be read whole.
    pub refused: u64,
    /// Fields that went out, by entity.
    pub fields: Vec<u64>,
}

impl Disclosed {
    /// Adds the counts of another worker.
    pub fn merge(&mut self, other: &Disclosed) {
        self.records += other.records;
        self.refused += other.refused;
        self.fields.resize(self.fields.len().max(other.fields.len()), 0);
        self.fields.iter_mut().zip(&other.fields).for_each(|(a, b)| *a += b);
    }

    /// Counts a field.
    pub(super) fn field(&mut self, entity: u8) {
        if self.fields.len() <= entity as usize {
            self.fields.resize(entity as usize + 1, 0);
        }
        self.fields[entity as usize] += 1;
    }
}

impl Engine {
    /// A line of the ledger of disclosures: who got what, how much, on which basis. Nothing for the main output.
    pub fn disclosure(&self, view: usize, done: &Disclosed, at: Timestamp) -> Option<Value> {
        let policy = self.policy();
        let r = policy.views.get(view)?.recipient.as_ref()?;
        let now = at.to_zoned(jiff::tz::TimeZone::UTC);
        let keep = now.date().saturating_add(jiff::Span::new().years(LEDGER_YEARS));
        let named = |(e, n): (usize, &u64)| (*n > 0).then(|| (self.rules.entities[e].name.clone(), json!(n)));
        let fields: Map<_, _> = done.fields.iter().enumerate().filter_map(named).collect();
        Some(json!({
            "at": at.to_string(), "policy": policy.version(), "recipient": r.id, "name": r.name,
            "class": format!("{:?}", r.class).to_lowercase(), "basis": r.basis, "reference": r.reference,
            "purposes": r.purposes, "region": r.region, "consent": r.consent, "records": done.records,
            "refused": done.refused, "fields": fields, "keep_until": keep.to_string(),
        }))
    }
}

impl Worker<'_> {
    /// De-identifies a block for the main output and every view of the policy, in this order; `write` gets the number
    /// of the output. Returns what [`Clean::consumed`] says.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn views(
        &mut self,
        block: Block<'_>,
        write: &mut dyn FnMut(usize, &Clean<'_>) -> io::Result<()>,
    ) -> io::Result<usize> {
        let main = self.rewrite(block);
        let consumed = main.consumed();
        write(0, &main)?;
        for view in 1..self.engine.policy().views.len() {
            if block.window.is_some() {
                self.withhold(view, block);
                continue;
            }
            self.write_view(view, block);
            write(view, &self.made(consumed))?;
        }
        self.view = 0;
        Ok(consumed)
    }

    /// De-identifies a block for one output alone; counts of what was written are those of this output.
    pub fn view(&mut self, view: usize, block: Block<'_>) -> Clean<'_> {
        let t = &self.tally;
        let before = (t.bytes_out, t.unfit, t.kept, t.suppressed_records);
        let consumed = self.rewrite(block).consumed();
        if view == 0 {
            return self.made(consumed);
        }
        let t = &mut self.tally;
        (t.bytes_out, t.unfit, t.kept, t.suppressed_records) = before;
        if block.window.is_some() {
            self.withhold(view, block);
        } else {
            self.write_view(view, block);
        }
        self.view = 0;
        self.tally.bytes_out += self.out.len() as u64;
        self.made(consumed)
    }

    /// Only a part of the record is known: nobody gets it.
    fn withhold(&mut self, view: usize, block: Block<'_>) {
        self.begin(view);
        self.disclosed[view].refused += u64::from(block.window.is_some_and(|w| w.last));
    }

    /// Writes the view of a block that was rewritten for the main output before.
    fn write_view(&mut self, view: usize, block: Block<'_>) {
        self.begin(view);
        self.decide(block.bytes, 0, block.bytes.len());
        let recipient = self.engine.policy().views[view].recipient.as_ref();
        match recipient.map(|r| r.view) {
            Some(ViewKind::Record) => {
                self.write_records(block.bytes);
                self.disclosed[view].records += self.detector.lines().len() as u64;
            }
            _ => self.project(block.bytes),
        }
    }

    fn made(&self, consumed: usize) -> Clean<'_> {
        Clean { bytes: self.out.bytes(), manifest: &self.manifest, entries: &self.entries, consumed }
    }

    /// What each view disclosed since the last call.
    pub fn take_disclosed(&mut self) -> Vec<Disclosed> {
        let views = self.disclosed.len();
        std::mem::replace(&mut self.disclosed, vec![Disclosed::default(); views])
    }

    /// What each view disclosed since the worker was made; the first is the main output's and stays empty.
    pub fn disclosed(&self) -> &[Disclosed] {
        &self.disclosed
    }
}
