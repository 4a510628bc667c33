//! What did the TOML say? Stanzas of entities, keys and policies become validated tables; every mistake of a run is
//! reported at once.

mod allow;
mod commands;
mod entities;
mod formats;
mod pattern;
mod policy_def;
mod read;
mod recipient_def;
mod sentences;
mod subject_def;
mod transform_def;

pub use allow::AllowRule;
pub use commands::CommandDef;
pub use entities::{EntityDef, ExemptDef, Ruleset};
pub use formats::{FormatDef, Notation};
pub use pattern::PatternDef;
pub use policy_def::{
    AllowDef, CategoryDef, ClauseDef, Earlier, PolicyDef, PolicyHead, RetentionDef, UrlsDef, When, builtin_policies,
    policy_builtin,
};
pub use read::{locate, read};
pub use recipient_def::{BasisDef, Exception, Proof, RecipientClass, RecipientDef, ResidencyDef, ViewKind};
pub use sentences::{MessageDef, SentenceDef};
pub use subject_def::{
    ConsentDef, CoverageDef, ErasureDef, Ground, HoldDef, LinkageDef, MinorAction, MinorsDef, Scope, SelectDef,
};
pub use transform_def::{Algorithm, Suite, TransformDef, TransformKind};

/// A mistake in a rules or policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}{snippet}")]
pub struct RuleError {
    /// File, with line and column where they are known.
    pub file: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// The line of the file with a caret under the mistake, each on a line of its own; empty when there is no place.
    pub snippet: String,
}

/// The character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// A place in a rules file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    file: String,
    line: usize,
    column: usize,
    text: String,
    width: usize,
}

impl Source {
    /// The bytes `span` of `text`, which is the content of `file`.
    pub fn new(file: &str, text: &str, span: std::ops::Range<usize>) -> Source {
        let start = floor(text, span.start);
        let before = &text[..start];
        let from = before.rfind('\n').map_or(0, |i| i + 1);
        let line = text[from..].lines().next().unwrap_or_default();
        let inside = &text[start..floor(text, span.end.min(from + line.len()).max(start))];
        Source {
            file: file.into(),
            line: before.matches('\n').count() + 1,
            column: text[from..start].chars().count() + 1,
            text: line.into(),
            width: inside.chars().count().max(1),
        }
    }

    /// A mistake at this place.
    pub fn error(&self, message: impl Into<String>) -> RuleError {
        let number = self.line.to_string();
        let gap = " ".repeat(number.len());
        let indent: String =
            self.text.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        RuleError {
            file: format!("{}:{}:{}", self.file, self.line, self.column),
            message: message.into(),
            snippet: format!("\n {number} | {}\n {gap} | {indent}{}", self.text, "^".repeat(self.width)),
        }
    }
}

impl RuleError {
    /// A mistake that has no single place in the file.
    pub fn new(file: &str, message: impl Into<String>) -> Self {
        RuleError { file: file.into(), message: message.into(), snippet: String::new() }
    }

    /// A syntax error with its place.
    pub fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().replace('\n', "; ");
        match error.span() {
            Some(span) => Source::new(file, text, span).error(suggest(message)),
            None => RuleError::new(file, suggest(message)),
        }
    }
}

/// Adds the nearest known name to serde's "unknown field `x`, expected one of `a`, `b`".
fn suggest(message: String) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    match names.next() {
        Some(word) if message.starts_with("unknown") => {
            let near = nearest(word, names);
            format!("{message}{near}")
        }
        _ => message,
    }
}

/// The known word nearest to `word`, when it is near enough to be a slip.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    // `negatives` for `negative_examples`: what stands in front is as good as no slip.
    let shared = |k: &str| k.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
    let far = |k: &str| if shared(k) >= 4 && shared(k) + 1 >= word.len() { 1 } else { distance(word, k) };
    match known.into_iter().map(|k| (far(k), k)).min() {
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
