//! One pass, several outputs: the main one and a view for each recipient.

use super::{Clean, Worker};
use crate::model::Block;
use crate::rules::ViewKind;
use std::io;

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
                // Only a part of the record is known: nobody gets it.
                self.disclosed[view].refused += u64::from(block.window.is_some_and(|w| w.last));
                continue;
            }
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
            let clean = Clean { bytes: self.out.bytes(), manifest: &self.manifest, entries: &self.entries, consumed };
            write(view, &clean)?;
        }
        self.view = 0;
        Ok(consumed)
    }

    /// What each view disclosed since the worker was made; the first is the main output's and stays empty.
    pub fn disclosed(&self) -> &[Disclosed] {
        &self.disclosed
    }
}
