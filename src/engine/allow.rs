//! What stays by the allow stanzas of the rules.
//!
//! Precedence, as `explain` shows it: a value that an allow stanza lists stays, then an address in one of its networks, then
//! a value under one of its keys; the first stanza that applies is named. After them the policy decides: its own contacts,
//! then how sure a finding must be, then its clauses.

use super::action::read_ip;
use crate::detect::keys::joined;
use crate::model::EntityId;
use crate::rules::{RuleError, Ruleset};
use crate::transform::canonical::IpBytes;
use std::collections::HashSet;
use std::net::IpAddr;

/// Why a value stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Kept {
    /// It does not.
    #[default]
    No,
    /// The policy says so: a clause, or one of the organisation's own contacts.
    Policy,
    /// The policy acts on surer findings only.
    Unsure,
    /// The allow stanza of that number lists it.
    Value(u16),
    /// The allow stanza of that number holds its network.
    Network(u16),
    /// The allow stanza of that number lists its key.
    Key(u16),
}

struct Stanza {
    id: String,
    values: HashSet<Vec<u8>>,
    networks: Vec<(IpAddr, u8)>,
    keys: HashSet<Vec<u8>>,
    /// Bit set of entities.
    entities: u128,
}

/// All allow stanzas, compiled.
pub struct Allow {
    stanzas: Vec<Stanza>,
    keyed: bool,
}

impl Allow {
    /// Compiles the stanzas of `rules`.
    ///
    /// # Errors
    /// Entities that there are not.
    pub fn new(rules: &Ruleset) -> Result<Allow, Vec<RuleError>> {
        let mut errors = Vec::new();
        let stanzas: Vec<Stanza> = rules
            .allow
            .iter()
            .map(|a| Stanza {
                id: a.id.clone(),
                values: a.values.iter().map(|v| v.to_ascii_lowercase().into_bytes()).collect(),
                networks: a.networks.clone(),
                keys: a.keys.iter().map(|k| joined(k.as_bytes())).collect(),
                entities: a.entities.iter().fold(0, |set, name| match rules.by_name(name) {
                    Some(e) => set | 1 << e.id.0,
                    None => {
                        let near = crate::rules::nearest(name, rules.entities.iter().map(|e| e.name.as_str()));
                        let m = format!("unknown entity `{name}`{near}");
                        errors.push(RuleError::new(&format!("allow `{}`", a.id), m));
                        set
                    }
                }),
            })
            .collect();
        let keyed = stanzas.iter().any(|s| !s.keys.is_empty());
        if errors.is_empty() { Ok(Allow { stanzas, keyed }) } else { Err(errors) }
    }

    /// True when no stanza is there.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.stanzas.is_empty()
    }

    /// Whether a value of `entity` stays; `before` is the text up to it.
    pub fn keeps(&self, entity: EntityId, value: &[u8], before: &[u8]) -> Kept {
        let about = |s: &&(usize, &Stanza)| s.1.entities == 0 || s.1.entities >> entity.0 & 1 != 0;
        let all: Vec<(usize, &Stanza)> = self.stanzas.iter().enumerate().collect();
        let lower = value.to_ascii_lowercase();
        if let Some((i, _)) = all.iter().filter(about).find(|(_, s)| s.values.contains(&lower)) {
            return Kept::Value(*i as u16);
        }
        if let Some(ip) = read_ip(value)
            && let Some((i, _)) = all.iter().filter(about).find(|(_, s)| s.networks.iter().any(|n| holds(*n, &ip)))
        {
            return Kept::Network(*i as u16);
        }
        if self.keyed {
            let key = joined(key_before(before));
            if let Some((i, _)) = all.iter().filter(about).find(|(_, s)| s.keys.contains(&key)) {
                return Kept::Key(*i as u16);
            }
        }
        Kept::No
    }

    /// The reason, for people.
    pub fn name(&self, kept: Kept) -> String {
        let id = |i: u16| self.stanzas.get(usize::from(i)).map_or("", |s| s.id.as_str());
        match kept {
            Kept::No => String::new(),
            Kept::Policy => "policy".into(),
            Kept::Unsure => "policy: min_confidence".into(),
            Kept::Value(i) => format!("allow `{}`: value", id(i)),
            Kept::Network(i) => format!("allow `{}`: network", id(i)),
            Kept::Key(i) => format!("allow `{}`: key", id(i)),
        }
    }
}

/// The key whose value begins where `before` ends.
fn key_before(before: &[u8]) -> &[u8] {
    let open =
        |v: &[u8]| v.len() - v.iter().rev().take(2).take_while(|b| matches!(b, b'"' | b'\'' | b'[' | b' ')).count();
    let head = &before[..open(before)];
    let Some(head) = head.strip_suffix(b"=").or(head.strip_suffix(b":")) else { return b"" };
    let head = &head[..open(head)];
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$') || *b >= 0x80;
    &head[head.len() - head.iter().rev().take(64).take_while(|b| sign(b)).count()..]
}

fn holds((network, bits): (IpAddr, u8), ip: &IpBytes) -> bool {
    let same = |a: &[u8], b: &[u8]| {
        let (whole, rest) = (usize::from(bits / 8), bits % 8);
        a[..whole] == b[..whole] && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0)
    };
    match (network, ip) {
        (IpAddr::V4(n), IpBytes::V4(a)) => same(&n.octets(), a),
        (IpAddr::V6(n), IpBytes::V6(a)) => same(&n.octets(), a),
        _ => false,
    }
}
