//! The deliberate way across key epochs: from held reversible tokens to the pseudonyms of two keys.

use super::action::{Action, READERS, prepare};
use crate::keys::Keyring;
use crate::policy::Policy;
use crate::rules::{EntityDef, Ruleset, TransformDef, TransformKind};
use crate::transform::canonical::{CanonBuf, canonical};
use crate::transform::pseudonym::base32;
use zeroize::Zeroizing;

/// Prepared transforms of both keys.
pub struct Bridge {
    open: Action,
    make: [Action; 2],
}

impl Bridge {
    /// From the key `from` to the key `to`, for one entity; `transform` is the pseudonym's name in the policy.
    ///
    /// # Errors
    /// What is missing, and what there is instead.
    pub fn new(
        rules: &Ruleset,
        policy: &Policy,
        keys: &Keyring,
        [from, to]: [&str; 2],
        entity: &str,
        transform: Option<&str>,
    ) -> Result<Bridge, String> {
        let entity = rules.by_name(entity).ok_or_else(|| format!("no entity `{entity}`"))?;
        let kind = |k: TransformKind| move |t: &&TransformDef| t.kind == k && transform.is_none_or(|n| n == t.id);
        let token = policy.transforms.iter().find(|t| t.kind == TransformKind::Token);
        let pseudonym = policy.transforms.iter().find(kind(TransformKind::Pseudonym));
        let (Some(token), Some(pseudonym)) = (token, pseudonym) else {
            return Err("the policy must have a transform of kind `token` and one of kind `pseudonym`".into());
        };
        let side = |kid: &str, e: &EntityDef, t: &TransformDef| {
            let key = keys.by_kid(kid).filter(|k| k.key().is_some());
            key.map(|k| prepare(e, t, Some(k))).ok_or_else(|| format!("no key `{kid}` in the ring, or it is destroyed"))
        };
        Ok(Bridge {
            open: side(from, entity, token)?,
            make: [side(from, entity, pseudonym)?, side(to, entity, pseudonym)?],
        })
    }

    /// The pseudonyms of one reversible token under the old and the new key; nothing when it is not the old key's.
    pub fn pair(&self, token: &[u8]) -> Option<[String; 2]> {
        let Action::Other(open) = &self.open else { return None };
        let mut value = Zeroizing::new(Vec::new());
        open.reveal(token, &mut value).ok()?;
        let [old, new] = &self.make;
        Some([pseudonym(old, &value)?, pseudonym(new, &value)?])
    }
}

fn pseudonym(action: &Action, value: &[u8]) -> Option<String> {
    let Action::Token { key, prefix, canon } = action else { return None };
    let mut buf = CanonBuf::default();
    canonical(*canon, value, &READERS, &mut buf).ok()?;
    let tag = key.tag(buf.bytes())?;
    let mut out = prefix.bytes[..prefix.len].to_vec();
    out.extend_from_slice(&base32(&tag));
    String::from_utf8(out).ok()
}
