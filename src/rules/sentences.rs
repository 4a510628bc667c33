//! Sentence stanzas: what programs write about accounts, where no key and no mark tells it, and where such messages stand.

use super::Source;
use serde::Deserialize;
use toml::Spanned;

/// Sentences of one kind of program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceDef {
    /// Names that the program has in syslog, `*` at the end for any rest; none for logs that name no program.
    pub programs: Vec<String>,
    /// How its messages begin, in the notation of nginx, and where that stands.
    pub says: Vec<(String, Source)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SentenceStanza {
    #[serde(default)]
    programs: Vec<String>,
    says: Vec<Spanned<String>>,
}

/// Members of structured records that hold what a program wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageDef {
    /// Keys whose value is a line or the message of one.
    pub keys: Vec<String>,
    /// Keys whose value names the program.
    pub programs: Vec<String>,
}

impl SentenceStanza {
    pub(super) fn place(self, file: &str, text: &str) -> SentenceDef {
        let says = self.says.into_iter().map(|s| (s.get_ref().clone(), Source::new(file, text, s.span())));
        SentenceDef { programs: self.programs, says: says.collect() }
    }
}
