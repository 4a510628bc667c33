//! Every token that outputs may hold of an identifier: under all keys of the ring, all versions of the policy, all classes
//! that it may have been taken for.

use super::action::{Action, READERS, prepare};
use crate::keys::{Keyring, RingKey, handle_text};
use crate::policy::Policy;
use crate::rules::{EntityDef, Ruleset, TransformDef, TransformKind};
use crate::transform::At;
use crate::transform::canonical::{Canon, CanonBuf, canonical};
use crate::transform::pseudonym::{base32, surrogate};
use std::collections::{BTreeMap, BTreeSet};

/// A token of a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    /// As outputs show it; of a reversible token under a key of the subject only what all of them begin with.
    pub text: String,
    /// Id of its key.
    pub kid: String,
    /// Its key outlives an erasure: it depends on the ring alone.
    pub lasting: bool,
}

/// What is known of a subject.
#[derive(Debug, Default)]
pub struct Known {
    /// Tokens.
    pub tokens: BTreeSet<Token>,
    /// Tags by which a ledger knows the subject, with the ids of their keys.
    pub tags: BTreeMap<[u8; 16], String>,
}

/// Ways of writing a telephone number that reversible tokens are tried for.
fn spellings(value: &[u8], canonical: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![value.to_vec()];
    if canonical.is_ascii() && !canonical.is_empty() {
        all.push(canonical.to_vec());
        all.extend(canonical.strip_prefix(b"+").map(<[u8]>::to_vec));
        all.extend(canonical.strip_prefix(b"+86").map(<[u8]>::to_vec));
    }
    all.sort();
    all.dedup();
    all
}

impl Known {
    /// Adds what is known of one identifier. The ring should have the ledger of subjects, if there is one, and must not
    /// make keys for subjects that it does not know.
    pub fn add(&mut self, rules: &Ruleset, policy: &Policy, keys: &Keyring, value: &[u8]) {
        for p in policy.older.iter().chain([policy]) {
            let pairs: BTreeSet<(u8, u16)> = p.pairs().map(|(e, t)| (e.0, t.0)).collect();
            for (e, t) in pairs {
                let entity = rules.entity(crate::model::EntityId(e));
                let transform = &p.transforms[usize::from(t)];
                for key in keys.keys().iter().filter(|k| k.key().is_some()) {
                    self.pair(entity, transform, key, value);
                }
            }
        }
    }

    fn pair(&mut self, e: &EntityDef, t: &TransformDef, key: &RingKey, value: &[u8]) {
        let mut buf = CanonBuf::default();
        let canon = Canon::parse(&e.canon).unwrap_or(Canon::Text);
        if !t.kind.keyed() || canonical(canon, value, &READERS, &mut buf).is_err() {
            return;
        }
        let lasting = !t.per_subject;
        let mut say = |text: String| {
            self.tokens.insert(Token { text, kid: key.kid.clone(), lasting });
        };
        if t.per_subject {
            let Some(tag) = key.subject_tag(&e.class, buf.bytes()) else { return };
            self.tags.insert(tag, key.kid.clone());
            let known = key.subject_keys("token", &e.class, &t.domain).and_then(|k| k.of(buf.bytes()));
            let Some((handle, _)) = known else { return };
            if t.kind == TransformKind::Token {
                return say(format!("{}_{}_{}", e.kind, key.kid, handle_text(&handle)));
            }
        }
        match prepare(e, t, Some(key)) {
            Action::Token { key: k, prefix, .. } => {
                let Some(tag) = k.tag(buf.bytes()) else { return };
                let head = String::from_utf8_lossy(&prefix.bytes[..prefix.len]).into_owned();
                say(head + &String::from_utf8_lossy(&base32(&tag)));
            }
            Action::Surrogate { key: k } if canon == Canon::Ip => {
                let Some(tag) = k.tag(buf.bytes()) else { return };
                say(String::from_utf8_lossy(&surrogate(&tag)).into_owned());
            }
            Action::Other(o) if matches!(t.kind, TransformKind::Token | TransformKind::Pseudonym) => {
                for v in spellings(value, buf.bytes()) {
                    let mut out = Vec::new();
                    let mut scratch = CanonBuf::default();
                    let mut at = At { record: &[], offset: 0, subject: &[], day: 0, canon: &mut scratch };
                    if o.apply(&v, &mut at, &mut out).is_ok() {
                        say(String::from_utf8_lossy(&out).into_owned());
                    }
                }
            }
            _ => {}
        }
    }
}

/// The value of a reversible token, under a key that is there.
pub fn reveal(rules: &Ruleset, policy: &Policy, key: &RingKey, token: &[u8], out: &mut Vec<u8>) -> bool {
    let kind = token.split(|b| *b == b'_').next().unwrap_or_default();
    for p in policy.older.iter().chain([policy]) {
        let pairs: BTreeSet<(u8, u16)> = p.pairs().map(|(e, t)| (e.0, t.0)).collect();
        for (e, t) in pairs {
            let (entity, transform) = (rules.entity(crate::model::EntityId(e)), &p.transforms[usize::from(t)]);
            if transform.kind != TransformKind::Token || entity.kind.as_bytes() != kind {
                continue;
            }
            if let Action::Other(o) = prepare(entity, transform, Some(key))
                && crate::transform::reveal(&*o, &key.kid, &key.kid, token, out).is_ok()
            {
                return true;
            }
        }
    }
    false
}
