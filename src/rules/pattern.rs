//! Rules that users write: a regular expression for an entity, and what must stand around it.

use super::{RuleError, Source, nearest};
use crate::model::{Confidence, EntityId};
use serde::Deserialize;
use toml::Spanned;

/// One pattern of an entity.
#[derive(Debug, Clone)]
pub struct PatternDef {
    /// Name in messages.
    pub id: String,
    /// What a match is.
    pub entity: EntityId,
    /// Regular expression (Rust `regex` syntax) within one line; a group named `value` narrows the match.
    pub pattern: String,
    /// Words one of which must stand near; empty for no condition.
    pub keywords: Vec<String>,
    /// Name of a validator that the value must pass.
    pub validator: Option<String>,
    /// Keys one of which must name the value; empty for no condition.
    pub fields: Vec<String>,
    /// How sure a match is.
    pub confidence: Confidence,
    /// Texts in which it must match.
    pub examples: Vec<String>,
    /// Texts in which it must not match.
    pub negative_examples: Vec<String>,
    /// Where the pattern is written.
    pub source: Source,
    /// Where the validator is named.
    pub validator_source: Source,
}

/// A `[[pattern]]` stanza, or the part of an `[[entity]]` that is one.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternStanza {
    #[serde(default)]
    pub id: Option<String>,
    pub entity: Option<Spanned<String>>,
    pub pattern: Option<Spanned<String>>,
    #[serde(default)]
    pub keywords: Vec<String>,
    pub validator: Option<Spanned<String>>,
    #[serde(default)]
    pub fields: Vec<String>,
    pub confidence: Option<Spanned<String>>,
    #[serde(default)]
    pub examples: Vec<String>,
    #[serde(default)]
    pub negative_examples: Vec<String>,
}

const CONFIDENCES: &[(&str, Confidence)] = &[
    ("shape", Confidence::Shape),
    ("context", Confidence::Context),
    ("checked", Confidence::Checked),
    ("keyed", Confidence::Keyed),
];

impl PatternStanza {
    /// A mistake of the whole stanza, told at the first of its words that has a place.
    pub(super) fn place(&self, file: &str, text: &str, message: impl Into<String>) -> RuleError {
        let named = [&self.pattern, &self.entity, &self.validator, &self.confidence];
        match named.into_iter().flatten().next() {
            Some(s) => Source::new(file, text, s.span()).error(message),
            None => RuleError::new(file, message),
        }
    }

    /// The pattern for `entity`; mistakes go to `errors`.
    pub(super) fn check(
        self,
        file: &str,
        text: &str,
        entity: EntityId,
        name: &str,
        errors: &mut Vec<RuleError>,
    ) -> Option<PatternDef> {
        let place = |s: &Spanned<String>| Source::new(file, text, s.span());
        let Some(pattern) = &self.pattern else {
            let m = format!("pattern of `{name}`: `pattern` is missing; write a regular expression");
            errors.push(self.place(file, text, m));
            return None;
        };
        let said = match &self.confidence {
            None => None,
            Some(c) => {
                let known = CONFIDENCES.iter().find(|k| k.0 == c.get_ref()).map(|k| k.1);
                if known.is_none() {
                    let near = nearest(c.get_ref(), CONFIDENCES.iter().map(|k| k.0));
                    errors.push(place(c).error(format!("unknown confidence `{}`{near}", c.get_ref())));
                }
                known
            }
        };
        let implied = if self.validator.is_some() {
            Confidence::Checked
        } else if self.keywords.is_empty() && self.fields.is_empty() {
            Confidence::Shape
        } else {
            Confidence::Context
        };
        Some(PatternDef {
            id: self.id.unwrap_or_else(|| name.into()),
            entity,
            source: place(pattern),
            validator_source: self.validator.as_ref().map_or_else(|| place(pattern), &place),
            pattern: pattern.get_ref().clone(),
            keywords: self.keywords,
            validator: self.validator.map(Spanned::into_inner),
            fields: self.fields,
            confidence: said.unwrap_or(implied),
            examples: self.examples,
            negative_examples: self.negative_examples,
        })
    }
}
