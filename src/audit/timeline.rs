//! When the records of a file happened, and how long they may stay.

use jiff::civil::Date;
use std::collections::BTreeMap;

/// Most keys that are counted apart: a file of invented dates must not grow its entry.
const KEYS: usize = 4096;

/// A retention class (its number in the policy) and its dates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retain {
    /// Number of the class.
    pub class: u8,
    /// Least time to keep.
    pub keep_until: Option<Date>,
    /// Most time to keep.
    pub delete_after: Option<Date>,
}

/// Records by day and entity, and by retention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Records of a day that hold an entity, by its number.
    pub days: BTreeMap<(Date, u8), u64>,
    /// Records by retention.
    pub kept: BTreeMap<Retain, u64>,
}

impl Timeline {
    /// Counts records of a day that hold an entity.
    pub fn add_day(&mut self, day: Date, entity: u8, n: u64) {
        add(&mut self.days, (day, entity), n);
    }

    /// Counts records of a retention.
    pub fn add_kept(&mut self, kept: Retain, n: u64) {
        add(&mut self.kept, kept, n);
    }

    /// Adds another timeline.
    pub fn merge(&mut self, other: Timeline) {
        other.days.into_iter().for_each(|((day, entity), n)| self.add_day(day, entity, n));
        other.kept.into_iter().for_each(|(k, n)| self.add_kept(k, n));
    }
}

fn add<K: Ord>(map: &mut BTreeMap<K, u64>, key: K, n: u64) {
    if map.len() < KEYS || map.contains_key(&key) {
        *map.entry(key).or_default() += n;
    }
}
