//! What a run says of each file: one JSON object, in the journal and in the manifest.

use super::{Tally, Timeline};
use crate::rules::Ruleset;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a run was: files done under another identity are done again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of this program.
    pub logveil: String,
    /// Policy id, its first day and its hash.
    pub policy: String,
    /// Title of the policy.
    pub title: String,
    /// Public name of the key.
    pub kid: String,
    /// Where tags went.
    pub tag: String,
    /// Everything that the bytes of an output depend on besides its input, as one keyed digest.
    pub identity: String,
    /// Unix seconds that stood in for the event time of records without one.
    pub ingest: i64,
}

/// How a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// De-identified and written.
    Done,
    /// Read in part: what was readable is in the quarantine folder, de-identified.
    Quarantined,
    /// Not processed: nothing of it was written.
    Refused,
    /// Not an input: a link, a device, a socket.
    Skipped,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its path below the output folder, with identifiers replaced.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 in hex, as `sha256sum` prints it.
    pub sha256: String,
}

/// Records that share a retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Retention class.
    pub class: String,
    /// Least time to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until: Option<String>,
    /// Most time to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_after: Option<String>,
    /// How many.
    pub records: u64,
}

/// Counts of one file or of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records read.
    pub records: u64,
    /// Bytes read, after decompression.
    pub bytes_in: u64,
    /// Bytes written, before compression.
    pub bytes_out: u64,
    /// Values found.
    pub findings: u64,
    /// Values suppressed because they could not take their transform.
    pub suppressed_values: u64,
    /// Records suppressed whole.
    pub suppressed_records: u64,
    /// Records without an event time.
    pub untimed: u64,
    /// Records of another format than their stream, read as text.
    pub unparsed: u64,
    /// Values found, by entity.
    pub entities: BTreeMap<String, u64>,
    /// Records that hold an entity, by day of the event.
    pub days: BTreeMap<String, BTreeMap<String, u64>>,
    /// Records by retention.
    pub kept: Vec<Kept>,
}

/// A record before and after, with no value in either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The entity that it is shown for.
    pub entity: String,
    /// Pieces of the record: text as it was, or the name and length of what was found.
    pub before: Vec<Piece>,
    /// The record as it was written.
    pub after: String,
}

/// A piece of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    /// Text outside every finding.
    Text(String),
    /// Entity and length in bytes of a hidden value.
    Hidden(String, u32),
}

/// One file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its path, with identifiers replaced.
    pub file: String,
    /// Keyed digest of its path below the root.
    pub id: String,
    /// How it ended.
    pub state: State,
    /// Why it is not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// Keyed digest of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// How it was compressed.
    pub codec: String,
    /// What was written.
    pub outputs: Vec<Output>,
    /// Counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Records before and after; only when a report was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
}

impl Counts {
    /// Counts with the names of entities and classes.
    pub fn new(tally: &Tally, timeline: &Timeline, rules: &Ruleset, classes: &[&str]) -> Counts {
        let name = |id: u8| rules.entities.iter().find(|e| e.id.0 == id).map_or("?", |e| e.name.as_str()).to_string();
        let mut days: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for ((day, entity), n) in &timeline.days {
            *days.entry(day.to_string()).or_default().entry(name(*entity)).or_default() += n;
        }
        let kept = timeline.kept.iter().map(|(k, n)| Kept {
            class: classes.get(usize::from(k.class)).unwrap_or(&"?").to_string(),
            keep_until: k.keep_until.map(|d| d.to_string()),
            delete_after: k.delete_after.map(|d| d.to_string()),
            records: *n,
        });
        Counts {
            records: tally.records,
            bytes_in: tally.bytes_in,
            bytes_out: tally.bytes_out,
            findings: tally.findings(),
            suppressed_values: tally.unfit,
            suppressed_records: tally.suppressed_records,
            untimed: tally.untimed,
            unparsed: tally.unparsed,
            entities: tally
                .entities
                .iter()
                .enumerate()
                .filter(|(_, n)| **n > 0)
                .map(|(id, n)| (name(id as u8), *n))
                .collect(),
            kept: kept.collect(),
            days,
        }
    }

    /// Adds others.
    pub fn merge(&mut self, o: &Counts) {
        self.records += o.records;
        self.bytes_in += o.bytes_in;
        self.bytes_out += o.bytes_out;
        self.findings += o.findings;
        self.suppressed_values += o.suppressed_values;
        self.suppressed_records += o.suppressed_records;
        self.untimed += o.untimed;
        self.unparsed += o.unparsed;
        for (e, n) in &o.entities {
            *self.entities.entry(e.clone()).or_default() += n;
        }
        for (day, entities) in &o.days {
            let of_day = self.days.entry(day.clone()).or_default();
            entities.iter().for_each(|(e, n)| *of_day.entry(e.clone()).or_default() += n);
        }
        for k in &o.kept {
            let same = |a: &&mut Kept| {
                (&a.class, &a.keep_until, &a.delete_after) == (&k.class, &k.keep_until, &k.delete_after)
            };
            match self.kept.iter_mut().find(same) {
                Some(a) => a.records += k.records,
                None => self.kept.push(k.clone()),
            }
        }
    }
}
