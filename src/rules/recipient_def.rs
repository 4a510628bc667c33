//! Stanzas on disclosure: grounds, recipients, residency.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A ground on which data may be disclosed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasisDef {
    /// Name that recipients cite.
    pub id: String,
    /// What a recipient must cite with it.
    #[serde(default)]
    pub needs: Proof,
    /// Least protection of every field disclosed on it: 0 none, 1 a part or group, 2 reversible, 3 keyed, 4 gone.
    #[serde(default)]
    pub strength: u8,
}

/// What a disclosure must be able to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// Nothing more.
    #[default]
    None,
    /// A reference to the subject's consent.
    Consent,
    /// A legal document.
    Document,
    /// A contract.
    Contract,
}

/// Who gets a view of the data.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientDef {
    /// Name on the command line, in tags and in the ledger.
    pub id: String,
    /// Who that is.
    pub name: String,
    /// What they are to the controller.
    pub class: RecipientClass,
    /// What the view is made of.
    #[serde(default)]
    pub view: ViewKind,
    /// Ground of the disclosure; roles within the controller need none.
    #[serde(default)]
    pub basis: String,
    /// Reference to consent, document or contract, where the ground needs one.
    #[serde(default)]
    pub reference: String,
    /// Why sensitive fields may go in clear, where they do.
    #[serde(default)]
    pub waiver: String,
    /// What for; part of the policy's purposes.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// Where they are.
    #[serde(default)]
    pub region: String,
    /// Reference to the separate consent to a transfer abroad.
    #[serde(default)]
    pub consent: String,
    /// Key domain of all their tokens; the name when it is missing.
    #[serde(default)]
    pub key_domain: String,
    /// Another recipient may use the same key domain, so that the two can match tokens.
    #[serde(default)]
    pub shared_domain: bool,
    /// Only records of these platforms: `android`, `ios`.
    #[serde(default)]
    pub platform: Vec<String>,
    /// Only records of these carriers: network codes (MCC and MNC) or names.
    #[serde(default)]
    pub carriers: Vec<String>,
    /// Fields they get, and the transform of each: names of entities, or of groups of them (`device.*`), or
    /// `category:NAME`. In a projection nothing else goes; in a record view these come before the clauses.
    #[serde(default)]
    pub allow: BTreeMap<String, String>,
    /// Minors' records go too; the ground then covers them.
    #[serde(default)]
    pub minors: bool,
}

/// What a recipient is to the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecipientClass {
    /// A role within the controller.
    Role,
    /// A company of the group.
    Affiliate,
    /// A partner entrusted with a task.
    Processor,
    /// A partner against fraud.
    Antifraud,
    /// An advertiser: no personal data at all.
    Advertiser,
    /// An authority.
    Authority,
    /// Who takes the data over.
    Transferee,
    /// Everybody.
    Public,
}

/// What a view is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ViewKind {
    /// One JSON object a record, with the allowed fields and nothing else.
    #[default]
    Projection,
    /// The whole record, with its own transforms.
    Record,
}

/// Where data may go.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResidencyDef {
    /// Cases in which identifiable records may leave the policy's region.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// A case in which identifiable records may go abroad.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Purpose that the recipient must have.
    pub purpose: String,
    /// What kind of consent the recipient's `consent` refers to.
    pub consent: String,
}
