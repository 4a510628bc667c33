//! Policy files, as written.

use super::{RuleError, TransformDef};
use serde::Deserialize;

/// A policy file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDef {
    /// Who and when.
    pub policy: PolicyHead,
    /// The organisation's own contacts, which are not personal.
    #[serde(default)]
    pub allow: AllowDef,
    /// Named transforms.
    pub transform: Vec<TransformDef>,
    /// Retention classes.
    pub retention: Vec<RetentionDef>,
    /// Clauses in order; the first that fits decides.
    pub clause: Vec<ClauseDef>,
}

/// Head of a policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyHead {
    /// Identifier, stamped on every record.
    pub id: String,
    /// Title.
    pub title: String,
    /// First day in force, `YYYY-MM-DD`.
    pub effective_from: String,
    /// Offset from UTC in which its days begin, `+08:00`.
    pub tz: String,
    /// Where the data must stay, `*` for anywhere.
    pub region: String,
    /// Retention class of a record that nothing else classifies.
    pub default_retention: String,
}

/// Values that stay.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AllowDef {
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
}

/// A retention class.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionDef {
    /// Name.
    pub class: String,
    /// Keep at least this long: `P6M`, `P5Y`, `P90D`.
    #[serde(default)]
    pub floor: Option<String>,
    /// Delete after this long.
    #[serde(default)]
    pub ceiling: Option<String>,
    /// Legal bases; a class without one does not load.
    pub basis: Vec<String>,
}

/// A clause.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseDef {
    /// Identifier of the clause in the policy's text.
    pub id: String,
    /// Entities it decides.
    #[serde(default)]
    pub entities: Vec<String>,
    /// Categories it decides.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Applies only when the record also holds one of these categories.
    #[serde(default)]
    pub linked_with: Vec<String>,
    /// Transform.
    pub apply: String,
    /// Retention class.
    pub retention: String,
}

impl PolicyDef {
    /// Reads a policy file.
    ///
    /// # Errors
    /// The place and reason of the first syntax error.
    pub fn parse(file: &str, text: &str) -> Result<PolicyDef, Vec<RuleError>> {
        toml::from_str(text).map_err(|e| vec![RuleError::syntax(file, text, &e)])
    }
}

const POLICIES: &[(&str, &str)] = &[
    ("jdcloud-2021", include_str!("../../rules/policies/jdcloud-2021.toml")),
    ("web-minimal", include_str!("../../rules/policies/web-minimal.toml")),
];

/// Text of an embedded policy.
pub fn policy_builtin(name: &str) -> Option<&'static str> {
    POLICIES.iter().find(|p| p.0 == name).map(|p| p.1)
}

/// Names of the embedded policies.
pub fn builtin_policies() -> impl Iterator<Item = &'static str> {
    POLICIES.iter().map(|p| p.0)
}
