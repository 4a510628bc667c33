//! What was done, never to what: counts, the entry of each file, the journal and the report of a run.

pub mod chain;
mod entry;
mod journal;
mod manifest;
mod report;
pub mod signed;
mod timeline;

pub use entry::{Counts, FileEntry, Kept, Output, Piece, RunInfo, Sample, State};
pub use journal::{Journal, JournalError, Known, Place};
pub use manifest::{Manifest, Totals};
pub use report::html;
pub use timeline::{Retain, Timeline};

use crate::model::Carriers;
use crate::rules::Ruleset;
use std::collections::BTreeMap;

/// Counts of a run; merging is addition, so the order of workers does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Records read.
    pub records: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Findings by entity id.
    pub entities: Vec<u64>,
    /// Findings by the bits of how they were written.
    pub carriers: [u64; Carriers::SETS],
    /// Values that could not take their transform and were suppressed instead.
    pub unfit: u64,
    /// Findings that the policy keeps.
    pub kept: u64,
    /// Records suppressed whole.
    pub suppressed_records: u64,
    /// Records whose event time could not be read.
    pub untimed: u64,
    /// Records of another format than their stream; they were read as text.
    pub unparsed: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            records: 0,
            bytes_in: 0,
            bytes_out: 0,
            entities: Vec::new(),
            carriers: [0; Carriers::SETS],
            unfit: 0,
            kept: 0,
            suppressed_records: 0,
            untimed: 0,
            unparsed: 0,
        }
    }
}

impl Tally {
    /// Counts a finding.
    #[inline]
    pub fn found(&mut self, entity: u8, carriers: Carriers) {
        if self.entities.len() <= entity as usize {
            self.entities.resize(entity as usize + 1, 0);
        }
        self.entities[entity as usize] += 1;
        self.carriers[usize::from(carriers.0) % Carriers::SETS] += 1;
    }

    /// All findings.
    pub fn findings(&self) -> u64 {
        self.entities.iter().sum()
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Tally) {
        self.records += other.records;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.unfit += other.unfit;
        self.kept += other.kept;
        self.suppressed_records += other.suppressed_records;
        self.untimed += other.untimed;
        self.unparsed += other.unparsed;
        if self.entities.len() < other.entities.len() {
            self.entities.resize(other.entities.len(), 0);
        }
        for (a, b) in self.entities.iter_mut().zip(&other.entities) {
            *a += b;
        }
        for (a, b) in self.carriers.iter_mut().zip(&other.carriers) {
            *a += b;
        }
    }

    /// The tally as one JSON object, with names of entities and carriers.
    pub fn to_json(&self, rules: &Ruleset, seconds: f64) -> serde_json::Value {
        let entities: serde_json::Map<_, _> = rules
            .entities
            .iter()
            .map(|e| (e.name.clone(), self.entities.get(e.id.0 as usize).copied().unwrap_or(0).into()))
            .collect();
        let mut carriers: BTreeMap<&str, u64> = BTreeMap::new();
        for (bits, n) in self.carriers.iter().enumerate().filter(|(_, n)| **n != 0) {
            *carriers.entry(Carriers(bits as u16).name()).or_default() += n;
        }
        serde_json::json!({
            "records": self.records,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "findings": self.findings(),
            "entities": entities,
            "carriers": carriers,
            "kept": self.kept,
            "suppressed_values": self.unfit,
            "suppressed_records": self.suppressed_records,
            "untimed": self.untimed,
            "unparsed": self.unparsed,
            "seconds": (seconds * 1e6).round() / 1e6,
            "mb_per_s": (self.bytes_in as f64 / 1e6 / seconds.max(1e-9)).round(),
        })
    }
}
