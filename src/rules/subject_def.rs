//! Stanzas on subjects and streams: linkage, minors, consent, erasure, holds, selection, coverage.

use schemars::JsonSchema;
use serde::Deserialize;

/// Streams that a policy is for. Patterns may hold `*`; a list that is empty takes anything.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SelectDef {
    /// Names of sources.
    pub sources: Vec<String>,
    /// Hosts.
    pub hosts: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// Hosts that are somebody else's.
    pub exclude_hosts: Vec<String>,
}

/// When device and log data is treated as personal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkageDef {
    /// How far a person's presence reaches.
    #[serde(default)]
    pub scope: Scope,
    /// Categories that name a person.
    pub triggers: Vec<String>,
    /// Categories or entities that are personal beside them.
    pub subjects: Vec<String>,
    /// Key domain of subjects beside a person.
    pub joined_domain: String,
    /// Key domain of subjects alone.
    pub single_domain: String,
    /// Scope `session`: entities whose values tell sessions apart.
    #[serde(default)]
    pub sessions: Vec<String>,
    /// Scope `session`: records that a session is remembered for.
    #[serde(default = "window")]
    pub window: u32,
}

fn window() -> u32 {
    100_000
}

/// How far a person's presence reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The record.
    #[default]
    Record,
    /// The records behind it of the same session or device, in order of input.
    Session,
}

/// Records of minors: found by identity number or birth date, or listed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinorsDef {
    /// Age in full years from which nobody is a minor.
    pub under: u8,
    /// What becomes of their records.
    pub action: MinorAction,
}

/// What becomes of a minor's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MinorAction {
    /// The tag says so, and recipients don't get it.
    Tag,
    /// Every finding is suppressed, the tag says so, and recipients don't get it.
    Strip,
    /// The record is suppressed whole.
    Quarantine,
}

/// What withdrawn consent stops.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentDef {
    /// Categories that are suppressed from the day of withdrawal on.
    pub strip: Vec<String>,
}

/// What becomes of erased subjects.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureDef {
    /// Working days between request and erasure.
    pub working_days: u8,
    /// Grounds that a request may give.
    pub grounds: Vec<Ground>,
}

/// A ground of erasure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// Name in erasure lists.
    pub id: String,
    /// Clause of the policy's text.
    pub clause: String,
    /// Earlier records are erased too.
    #[serde(default)]
    pub retroactive: bool,
}

/// Legal holds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldDef {
    /// Retention class of held records.
    pub retention: String,
}

/// Which rules carry out a clause of the policy's text, or why none does.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageDef {
    /// Clause of the text.
    pub clause: String,
    /// Places in this file: `clause:ID`, `transform:ID`, `retention:CLASS`, `recipient:ID`, `basis:ID`,
    /// `category:ID`, `ground:ID`, the name of another stanza, `policy.FIELD`, or `verb:...`, a verb of the program.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Why no rule, or only a part of one, can carry it out.
    #[serde(default)]
    pub reason: String,
}
