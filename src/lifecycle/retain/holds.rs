//! Legal holds as a sweep sees them: cases that ended, and tokens of subjects whose records must stay.

use crate::lifecycle::needles::Needles;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What holds say. A case that nobody ended is open: a folder that names it stays.
#[derive(Debug, Default)]
pub struct Holds {
    ended: BTreeMap<String, Date>,
    /// Cases of held subjects, by the number that [`Holds::needles`] answers with.
    pub cases: Vec<String>,
    /// What finds tokens of held subjects.
    pub needles: Needles,
    /// These tokens, with the numbers of their cases.
    pub tokens: Vec<(u32, String)>,
}

impl Holds {
    /// Says that a case ended on that day.
    pub fn end(&mut self, case: &str, day: Date) {
        self.ended.insert(case.into(), day);
    }

    /// The day on which a case ended.
    pub fn ended(&self, case: &str) -> Option<Date> {
        self.ended.get(case).copied()
    }

    /// Holds the records with this token for a case. False when it is no token.
    pub fn hold(&mut self, token: &str, case: &str) -> bool {
        let at = self.cases.iter().position(|c| c == case).unwrap_or_else(|| {
            self.cases.push(case.into());
            self.cases.len() - 1
        });
        self.tokens.push((at as u32, token.into()));
        self.needles.add(token.as_bytes(), at as u32)
    }
}
