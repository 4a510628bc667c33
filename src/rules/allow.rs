//! Allow stanzas: values, networks and keys that stay whatever they look like.

use super::{RuleError, Source};
use serde::Deserialize;
use std::net::IpAddr;
use toml::Spanned;

/// What stays, of which entities.
#[derive(Debug, Clone)]
pub struct AllowRule {
    /// Name that `explain` gives.
    pub id: String,
    /// Whole values, ASCII letters in any case.
    pub values: Vec<String>,
    /// Networks: address and prefix length.
    pub networks: Vec<(IpAddr, u8)>,
    /// Keys whose values stay.
    pub keys: Vec<String>,
    /// Entities that it is about; empty for all.
    pub entities: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowStanza {
    id: String,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    cidrs: Vec<Spanned<String>>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    entities: Vec<String>,
}

impl AllowStanza {
    pub(super) fn check(self, file: &str, text: &str, errors: &mut Vec<RuleError>) -> AllowRule {
        let mut networks = Vec::new();
        for c in &self.cidrs {
            match network(c.get_ref()) {
                Some(n) => networks.push(n),
                None => {
                    let m = format!("`{}` is no network; write 192.0.2.0/24 or 2001:db8::/32", c.get_ref());
                    errors.push(Source::new(file, text, c.span()).error(m));
                }
            }
        }
        AllowRule { id: self.id, values: self.values, networks, keys: self.keys, entities: self.entities }
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = if bits.is_empty() { most } else { bits.parse().ok()? };
    (bits <= most).then_some((address, bits))
}
