//! Policy files, as written.

use super::recipient_def::{BasisDef, RecipientDef, ResidencyDef};
use super::subject_def::{ConsentDef, CoverageDef, ErasureDef, HoldDef, LinkageDef, MinorsDef, SelectDef};
use super::{RuleError, TransformDef};
use crate::model::Confidence;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A policy file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyDef {
    /// Who and when.
    pub policy: PolicyHead,
    /// Streams that the policy is for.
    #[serde(default)]
    pub select: SelectDef,
    /// The organisation's own contacts, which are not personal.
    #[serde(default)]
    pub allow: AllowDef,
    /// Parts of URLs that are looked for; none without this table.
    pub urls: Option<UrlsDef>,
    /// Levels and purposes of data categories.
    #[serde(default)]
    pub category: Vec<CategoryDef>,
    /// Named transforms.
    pub transform: Vec<TransformDef>,
    /// Retention classes.
    pub retention: Vec<RetentionDef>,
    /// Device and log data beside a person.
    pub linkage: Option<LinkageDef>,
    /// Where data may go.
    pub residency: Option<ResidencyDef>,
    /// Records of children.
    pub minors: Option<MinorsDef>,
    /// Withdrawn consent.
    pub consent: Option<ConsentDef>,
    /// Erased subjects.
    pub erasure: Option<ErasureDef>,
    /// Legal holds.
    pub hold: Option<HoldDef>,
    /// Grounds on which data may be disclosed.
    #[serde(default)]
    pub basis: Vec<BasisDef>,
    /// Who gets a view of the data.
    #[serde(default)]
    pub recipient: Vec<RecipientDef>,
    /// Clauses in order; the first that fits decides.
    pub clause: Vec<ClauseDef>,
    /// Which rules carry out which clause of the policy's text.
    #[serde(default)]
    pub coverage: Vec<CoverageDef>,
}

/// Head of a policy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyHead {
    /// Identifier, stamped on every record.
    pub id: String,
    /// Title.
    pub title: String,
    /// First day in force, `YYYY-MM-DD`.
    pub effective_from: String,
    /// Versions that this one replaces: names of embedded policies or files beside this one.
    #[serde(default)]
    pub supersedes: Vec<String>,
    /// What becomes of records of events before the oldest version.
    #[serde(default)]
    pub earlier: Earlier,
    /// Offset from UTC in which its days begin, `+08:00`.
    pub tz: String,
    /// Where the data must stay, `*` for anywhere.
    pub region: String,
    /// Retention class of a record that nothing else classifies.
    pub default_retention: String,
    /// Who decides on the data.
    #[serde(default)]
    pub controller: String,
    /// Who answers for data protection.
    #[serde(default)]
    pub dpo: String,
    /// Risk assessment in force.
    #[serde(default)]
    pub assessment: String,
    /// Authority whose levels count; the strictest of all when it is missing.
    #[serde(default)]
    pub authority: String,
    /// Purposes that the data is processed for.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// Findings that are less sure than this stay as they are; everything goes by default.
    #[serde(default)]
    pub min_confidence: MinConfidence,
}

/// How sure a finding must be to be acted upon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MinConfidence {
    /// The shape fits.
    #[default]
    Shape,
    /// The words around it agree.
    Context,
    /// A checksum, a parser or a fixed prefix agrees.
    Checked,
    /// The key, position or header names it.
    Keyed,
}

impl MinConfidence {
    /// The least confidence of a finding that is acted upon.
    pub fn least(self) -> Confidence {
        match self {
            MinConfidence::Shape => Confidence::Shape,
            MinConfidence::Context => Confidence::Context,
            MinConfidence::Checked => Confidence::Checked,
            MinConfidence::Keyed => Confidence::Keyed,
        }
    }
}

/// What becomes of records of events before the oldest version of a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Earlier {
    /// The oldest version handles them; the tag says `early`.
    #[default]
    Apply,
    /// They are suppressed whole and counted.
    Quarantine,
}

/// Values that stay.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AllowDef {
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
}

/// Which parts of URLs `browse.url` and `browse.path` stand for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UrlsDef {
    /// Parameters whose values are no `browse.url`; a `*` at the end of a name stands for anything.
    pub query: Vec<String>,
    /// Segments of paths that are no words are `browse.path`.
    pub route: bool,
}

/// A data category as the policy sees it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryDef {
    /// Name of a data category.
    pub id: String,
    /// Sensitivity, 0 to 4, by authority.
    #[serde(default)]
    pub levels: BTreeMap<String, u8>,
    /// Authorities for which it is sensitive personal information.
    #[serde(default)]
    pub sensitive: Vec<String>,
    /// What it is processed for; part of the head's purposes.
    #[serde(default)]
    pub purposes: Vec<String>,
}

/// A retention class.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// Applies only under this condition.
    #[serde(default)]
    pub when: When,
    /// Applies to these recipients only; to all outputs when it is empty.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Transform.
    pub apply: String,
    /// Retention class.
    pub retention: String,
}

/// Condition of a clause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// None.
    #[default]
    Always,
    /// Device or log data stands with a person, by the linkage rule.
    Joined,
}

impl PolicyDef {
    /// Reads a policy file.
    ///
    /// # Errors
    /// All mistakes of form, each with its place.
    pub fn parse(file: &str, text: &str) -> Result<PolicyDef, Vec<RuleError>> {
        super::read(file, text)
    }

    /// JSON Schema (draft 2020-12) of policy files.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(PolicyDef).to_value()
    }
}

const POLICIES: &[(&str, &str)] = &[
    ("jdcloud-2021", include_str!("../../rules/policies/jdcloud-2021.toml")),
    ("gdpr-web-2018", include_str!("../../rules/policies/gdpr-web-2018.toml")),
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
