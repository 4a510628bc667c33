//! Transform stanzas, as written.

use schemars::JsonSchema;
use serde::Deserialize;

/// A named transform.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformDef {
    /// Name that clauses apply.
    pub id: String,
    /// What it does.
    pub kind: TransformKind,
    /// `pseudonym`, `surrogate`: which keyed function.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// `token`, `fpe`: which block cipher.
    #[serde(default)]
    pub suite: Suite,
    /// Keyed kinds: key domain; outputs of two domains can't be joined.
    #[serde(default)]
    pub domain: String,
    /// `mask`: which convention. `fpe`: what stays (`digits`, `phone`, `id`, `card`, `imei`). `generalise`: into what
    /// (`ua-family`, `geo`, `age-band`, `region`, `route`, `time`, `major`, `brand`, `language`).
    #[serde(default)]
    pub style: String,
    /// `truncate`: leading bits kept of an IPv4 address.
    #[serde(default)]
    pub v4_bits: u8,
    /// `truncate`: leading bits kept of an IPv6 address.
    #[serde(default)]
    pub v6_bits: u8,
    /// `generalise` of style `geo`: decimals kept, at most 3.
    #[serde(default = "two")]
    pub decimals: u8,
    /// `generalise` of style `time`: `second`, `minute`, `hour` or `day`.
    #[serde(default)]
    pub unit: String,
    /// `generalise` of style `route`: query keys that stay.
    #[serde(default)]
    pub keep: Vec<String>,
    /// `pseudonym`, `surrogate`, `token`: under a key of each subject, whose salt the ledger of `--subjects` keeps; an
    /// erasure shreds what was made of the subject in every copy. Without the ledger values are suppressed.
    #[serde(default)]
    pub per_subject: bool,
    /// `date-shift`: most days that a subject's dates move.
    #[serde(default = "half_year")]
    pub days: u16,
}

fn two() -> u8 {
    2
}

fn half_year() -> u16 {
    182
}

/// What a transform does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
    /// ipcrypt-nd (draft-denis-ipcrypt).
    IpcryptNd,
    /// ipcrypt-ndx (draft-denis-ipcrypt).
    IpcryptNdx,
    /// Crypto-PAn.
    CryptoPan,
    /// Reversible token: AES-SIV (RFC 5297) or SM4 in the same mode.
    Token,
    /// Format-preserving encryption: FF1 (NIST SP 800-38G).
    Fpe,
    /// A group that many values share.
    Generalise,
    /// A date moved by days fixed for each subject.
    DateShift,
    /// A keyed invented name.
    SurrogateName,
}

impl TransformKind {
    /// How well the value is protected, for comparing policies: 0 not at all, 1 a part or a group shows, 2 a key
    /// restores it, 3 a key recognises it, 4 it is gone.
    pub fn strength(self) -> u8 {
        use TransformKind::*;
        match self {
            Keep => 0,
            Mask | Truncate | Generalise => 1,
            IpcryptDeterministic | IpcryptPfx | IpcryptNd | IpcryptNdx | CryptoPan | Token | Fpe | DateShift => 2,
            Pseudonym | Surrogate | SurrogateName => 3,
            Suppress => 4,
        }
    }

    /// True when its output depends on a key, and so on a key domain.
    pub fn keyed(self) -> bool {
        self.strength() == 2 || self.strength() == 3
    }

    /// True when the key restores the value.
    pub fn reversible(self) -> bool {
        self.strength() == 2 && self != TransformKind::DateShift
    }
}

/// Keyed function of a pseudonym.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// HMAC-SHA256 (RFC 2104, FIPS 180-4), 128 bits kept.
    #[default]
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// AES-128-CMAC (RFC 4493).
    #[serde(rename = "aes-cmac")]
    AesCmac,
    /// HMAC-SM3 (GB/T 32905-2016), 128 bits kept.
    #[serde(rename = "hmac-sm3")]
    HmacSm3,
}

/// Block cipher of reversible transforms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Suite {
    /// AES-256 (FIPS 197).
    #[default]
    Aes,
    /// SM4 (GB/T 32907-2016).
    Sm4,
}
