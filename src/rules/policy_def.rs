//! Policy files, as written.

use super::RuleError;
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

/// A named transform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformDef {
    /// Name that clauses apply.
    pub id: String,
    /// What it does.
    pub kind: TransformKind,
    /// `pseudonym`: which keyed function.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// `pseudonym`, `surrogate`, `ipcrypt*`: key domain; outputs of two domains can't be joined.
    #[serde(default)]
    pub domain: String,
    /// `mask`: which convention.
    #[serde(default)]
    pub style: String,
    /// `truncate`: leading bits kept of an IPv4 address.
    #[serde(default)]
    pub v4_bits: u8,
    /// `truncate`: leading bits kept of an IPv6 address.
    #[serde(default)]
    pub v6_bits: u8,
}

/// What a transform does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransformKind {
    /// Leave the value.
    Keep,
    /// Replace it by a constant.
    Suppress,
    /// Show a part of it.
    Mask,
    /// Keep the leading bits of an address.
    Truncate,
    /// Keyed token.
    Pseudonym,
    /// Keyed address in a fixed prefix.
    Surrogate,
    /// ipcrypt-deterministic (draft-denis-ipcrypt).
    IpcryptDeterministic,
    /// ipcrypt-pfx (draft-denis-ipcrypt).
    IpcryptPfx,
}

/// Keyed function of a pseudonym.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// HMAC-SHA256 (RFC 2104, FIPS 180-4), 128 bits kept.
    #[default]
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// AES-128-CMAC (RFC 4493).
    #[serde(rename = "aes-cmac")]
    AesCmac,
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
