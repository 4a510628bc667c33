//! Which conditions of clauses does a record meet? One look-up for every set of categories.

use crate::model::{Category, CategorySet};

/// A condition of clauses; a record sets one bit for each that it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// The linkage rule joins the record.
    Joined,
    /// The record holds one of these categories.
    Holds(CategorySet),
}

/// Bits of the conditions that a record meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Met(pub(super) u8);

/// Sets of categories.
const SETS: usize = 1 << Category::ALL.len();

/// What records meet, by their categories and whether they are joined.
#[derive(Debug)]
pub(super) struct Conditions {
    number: u32,
    met: Box<[[Met; SETS]; 2]>,
}

impl Conditions {
    /// Answers for every record; at most eight conditions.
    pub fn new(all: &[Condition]) -> Conditions {
        let met = |present, joined| {
            let holds = |c: &Condition| match c {
                Condition::Joined => joined,
                Condition::Holds(set) => set.intersects(present),
            };
            Met(all.iter().enumerate().fold(0, |bits, (i, c)| bits | u8::from(holds(c)) << i))
        };
        let of = |joined| std::array::from_fn(|set| met(CategorySet(set as u16), joined));
        Conditions { number: all.len() as u32, met: Box::new([of(false), of(true)]) }
    }

    /// How many there are.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Those that a record meets.
    #[inline(always)]
    pub fn met(&self, present: CategorySet, joined: bool) -> Met {
        self.met[usize::from(joined)][usize::from(present.0) % SETS]
    }
}
