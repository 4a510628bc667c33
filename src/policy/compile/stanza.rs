//! Where a mistake of a policy stands.

use crate::rules::{RuleError, locate};
use std::fmt::{Display, Formatter, Result};

/// A stanza by its kind and its name; single ones have none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stanza<'a>(pub &'static str, pub &'a str);

impl Stanza<'static> {
    /// What a policy says of itself.
    pub const POLICY: Self = Stanza("policy", "");
}

impl Display for Stanza<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.1 {
            "" => write!(f, "{}", self.0),
            name => write!(f, "{} `{name}`", self.0),
        }
    }
}

impl Stanza<'_> {
    /// A mistake at the word that is wrong, or at the name of the stanza when it stands elsewhere.
    pub fn error(self, file: &str, text: &str, word: &str, message: impl Display) -> RuleError {
        let message = format!("{self}: {message}");
        match locate(text, self.0, self.1, word) {
            Some(span) => crate::rules::Source::new(file, text, span).error(message),
            None => RuleError::new(file, message),
        }
    }
}
