//! What did the TOML say? Stanzas of entities, keys and policies become validated tables; every mistake of a run is
//! reported at once.

mod entities;
mod formats;
mod policy_def;
mod recipient_def;
mod subject_def;
mod transform_def;

pub use entities::{EntityDef, ExemptDef, Ruleset};
pub use formats::{FormatDef, Notation};
pub use policy_def::{
    AllowDef, CategoryDef, ClauseDef, Earlier, PolicyDef, PolicyHead, RetentionDef, When, builtin_policies,
    policy_builtin,
};
pub use recipient_def::{BasisDef, Exception, Proof, RecipientClass, RecipientDef, ResidencyDef, ViewKind};
pub use subject_def::{
    ConsentDef, CoverageDef, ErasureDef, Ground, HoldDef, LinkageDef, MinorAction, MinorsDef, Scope, SelectDef,
};
pub use transform_def::{Algorithm, Suite, TransformDef, TransformKind};

/// A mistake in a rules or policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct RuleError {
    /// File, with line and column where they are known.
    pub file: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl RuleError {
    /// A mistake that has no single place in the file.
    pub fn new(file: &str, message: impl Into<String>) -> Self {
        RuleError { file: file.into(), message: message.into() }
    }

    /// A syntax error with its place.
    pub(crate) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let place = error.span().map(|s| {
            let before = &text[..s.start.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.len() - before.rfind('\n').map_or(0, |i| i + 1) + 1;
            format!("{file}:{line}:{column}")
        });
        RuleError { file: place.unwrap_or_else(|| file.into()), message: error.message().replace('\n', "; ") }
    }
}

/// The known word nearest to `word`, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let best = known.into_iter().map(|k| (distance(word, k), k)).min();
    match best {
        Some((d, k)) if d <= 2 + word.len() / 4 => format!(", did you mean `{k}`?"),
        _ => String::new(),
    }
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
