//! Linkage beyond the record: sessions and devices that stood with a person are remembered for a number of records, in
//! a table of fixed size. Values are kept as hashes under a key that never leaves this process.

use super::Worker;
use super::edit::Found;
use crate::policy::Policy;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

/// Sets of the table, and entries of a set: 64 Ki sessions, 1.5 MiB.
const SETS: usize = 1 << 14;
const WAYS: usize = 4;

#[derive(Clone, Copy, Default)]
struct Entry {
    session: u64,
    /// Number of the record that last joined it, from 1; 0 for a free entry.
    seen: u64,
}

/// Sessions that stood with a person.
pub struct Sessions {
    table: Box<[[Entry; WAYS]]>,
    hasher: RandomState,
    /// Records so far.
    now: u64,
}

impl Sessions {
    /// An empty table; of no size where the policy looks at records alone.
    pub fn new(policy: &Policy) -> Sessions {
        let used = policy.linkage.as_ref().is_some_and(|l| l.sessions != 0);
        let sets = if used { SETS } else { 0 };
        Sessions { table: vec![Default::default(); sets].into(), hasher: RandomState::new(), now: 0 }
    }

    fn hash(&self, value: &[u8]) -> u64 {
        self.hasher.hash_one(value)
    }

    fn recalls(&self, session: u64, window: u64) -> bool {
        let set = &self.table[session as usize % SETS];
        set.iter().any(|e| e.seen != 0 && e.session == session && self.now - e.seen <= window)
    }

    /// Remembers a session in place of itself or of the one that was not seen for longest.
    fn remember(&mut self, session: u64) {
        let now = self.now;
        let set = &mut self.table[session as usize % SETS];
        let old = set.iter().enumerate().min_by_key(|(_, e)| e.seen).map_or(0, |(i, _)| i);
        let at = set.iter().position(|e| e.seen != 0 && e.session == session).unwrap_or(old);
        set[at] = Entry { session, seen: now };
    }
}

impl Worker<'_> {
    /// True when the linkage rule joins a record, whose hits are `hits`.
    #[inline]
    pub(super) fn joins(&mut self, block: &[u8], hits: Range<usize>, era: u16, found: &Found) -> bool {
        let policy = self.engine.era(era).0;
        let joined = policy.joins(found.present, found.entities);
        match &policy.linkage {
            Some(l) if l.sessions != 0 && !self.sessions.table.is_empty() => {
                self.joins_session(block, hits, l.sessions, u64::from(l.window), joined, found, era)
            }
            _ => joined,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn joins_session(
        &mut self,
        block: &[u8],
        hits: Range<usize>,
        sessions: u128,
        window: u64,
        mut joined: bool,
        found: &Found,
        era: u16,
    ) -> bool {
        if self.view == 0 {
            self.sessions.now += 1;
        }
        let of = |h: &&crate::detect::hit::Hit| sessions >> h.entity.0 & 1 == 1;
        let mut seen = [0; 8];
        let mut n = 0;
        for h in self.detector.hits()[hits].iter().filter(of).take(seen.len()) {
            seen[n] = self.sessions.hash(self.detector.value(block, h).expose());
            joined |= self.sessions.recalls(seen[n], window);
            n += 1;
        }
        // A session that stood with a person does so whether or not the record holds device data.
        let person = self.engine.era(era).0.names_person(found.present);
        if joined || person {
            seen[..n].iter().for_each(|s| self.sessions.remember(*s));
        }
        joined && self.engine.era(era).0.has_subjects(found.entities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_forgets_the_oldest_and_never_grows() {
        let mut s = Sessions { table: vec![Default::default(); SETS].into(), hasher: RandomState::new(), now: 0 };
        let keys: Vec<u64> = (0..6).map(|i| (i * SETS) as u64 + 5).collect();
        for k in &keys {
            s.now += 1;
            s.remember(*k);
        }
        assert!(!s.recalls(keys[0], 100) && !s.recalls(keys[1], 100));
        assert!(keys[2..].iter().all(|k| s.recalls(*k, 100)));
        s.now += 50;
        assert!(!s.recalls(keys[5], 49) && s.recalls(keys[5], 50));
        assert_eq!(s.table.len(), SETS);
    }
}
