//! Command stanzas: which options of which programs carry a secret.

use super::Source;
use serde::Deserialize;
use toml::Spanned;

/// Options of programs that take a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandDef {
    /// Names of the programs, `*` at the end for any rest.
    pub programs: Vec<String>,
    /// Options as one would type them, with fields for what they take, and where they stand.
    pub options: Vec<(String, Source)>,
    /// Only the first argument counts: another command follows.
    pub first: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandStanza {
    programs: Vec<String>,
    options: Vec<Spanned<String>>,
    #[serde(default)]
    first: bool,
}

impl CommandStanza {
    pub(super) fn place(self, file: &str, text: &str) -> CommandDef {
        let options = self.options.into_iter().map(|s| (s.get_ref().clone(), Source::new(file, text, s.span())));
        CommandDef { programs: self.programs, options: options.collect(), first: self.first }
    }
}
