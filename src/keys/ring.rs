//! Key rings: one key for each stretch of event time, so that destroying a key shreds exactly that stretch.

use super::{KeyError, MasterKey, Subjects};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// What a key may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Makes tokens for events of its time, and reveals.
    Active,
    /// Recognises and reveals; events of its time get no more tokens.
    Verify,
    /// Reveals only where a document demands it.
    Retired,
    /// Its bytes are gone: what it made can't be traced back.
    Destroyed,
}

impl State {
    /// The name used in key rings.
    pub fn name(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Verify => "verify",
            State::Retired => "retired",
            State::Destroyed => "destroyed",
        }
    }
}

/// One key of a ring.
#[derive(Debug)]
pub struct RingKey {
    /// Public name.
    pub kid: String,
    /// Label that enters every sub-key.
    pub epoch: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// First event it serves.
    pub not_before: Option<Timestamp>,
    /// First event it no longer serves.
    pub not_after: Option<Timestamp>,
    /// What it may still do.
    pub state: State,
    key: Option<MasterKey>,
    /// Ledger of the salts of subjects' keys.
    pub(super) subjects: Option<Arc<dyn Subjects>>,
}

/// Keys by event time.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<RingKey>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kid: String,
    #[serde(default = "zero")]
    epoch: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_after: Option<Timestamp>,
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Zeroizing<String>>,
}

/// Epoch of keys that have no ring.
fn zero() -> String {
    "0".into()
}

impl From<MasterKey> for Keyring {
    /// One key for all time.
    fn from(key: MasterKey) -> Keyring {
        let (created, not_before, not_after) = (None, None, None);
        let kid = key.kid().to_owned();
        Keyring {
            keys: vec![RingKey {
                kid,
                epoch: zero(),
                created,
                not_before,
                not_after,
                state: State::Active,
                key: Some(key),
                subjects: None,
            }],
        }
    }
}

impl RingKey {
    /// The key itself, unless it was destroyed.
    pub fn key(&self) -> Option<&MasterKey> {
        self.key.as_ref()
    }

    fn serves(&self, unix: i64) -> bool {
        self.not_before.is_none_or(|t| t.as_second() <= unix) && self.not_after.is_none_or(|t| unix < t.as_second())
    }
}

impl Keyring {
    /// A ring whose first key serves all events until it is rotated.
    pub fn new(now: Timestamp, epoch: &str) -> Keyring {
        let mut ring = Keyring::from(MasterKey::ephemeral());
        ring.keys[0].created = Some(now);
        ring.keys[0].epoch = epoch.to_owned();
        ring
    }

    /// Reads a ring, or a single key in any form that [`MasterKey::from_bytes`] takes.
    ///
    /// # Errors
    /// [`KeyError::Form`] and [`KeyError::Ring`]; neither holds a byte of a key.
    pub fn from_bytes(v: &[u8], name: &str) -> Result<Keyring, KeyError> {
        let text = std::str::from_utf8(v).ok().filter(|t| t.contains("[[key]]"));
        let Some(text) = text else { return MasterKey::from_bytes(v, name).map(Keyring::from) };
        let bad = |m: String| KeyError::Ring(name.into(), m);
        let line =
            |e: &toml::de::Error| e.span().map_or(1, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
        // The parser's own message may quote the line, and so a secret.
        let file: File = toml::from_str(text).map_err(|e| bad(format!("line {}: not a key entry", line(&e))))?;
        let keys: Result<Vec<_>, KeyError> = file.key.into_iter().map(|e| e.check(name)).collect();
        let ring = Keyring { keys: keys? };
        ring.check(name)?;
        Ok(ring)
    }

    /// Two active keys for one event would make the choice arbitrary.
    fn check(&self, name: &str) -> Result<(), KeyError> {
        for (i, a) in self.keys.iter().enumerate() {
            for b in &self.keys[i + 1..] {
                let bad = |m: String| Err(KeyError::Ring(name.into(), m));
                if a.kid == b.kid {
                    return bad(format!("key `{}` stands there twice", a.kid));
                }
                let late = |x: Option<Timestamp>| x.map_or(i64::MAX, Timestamp::as_second);
                let early = |x: Option<Timestamp>| x.map_or(i64::MIN, Timestamp::as_second);
                let apart = late(a.not_after) <= early(b.not_before) || late(b.not_after) <= early(a.not_before);
                if a.state == State::Active && b.state == State::Active && !apart {
                    return bad(format!("keys `{}` and `{}` are active for the same events", a.kid, b.kid));
                }
            }
        }
        Ok(())
    }

    /// The same ring with a ledger of subjects' keys at hand.
    #[must_use]
    pub fn with_subjects(mut self, subjects: &Arc<dyn Subjects>) -> Keyring {
        self.keys.iter_mut().for_each(|k| k.subjects = Some(Arc::clone(subjects)));
        self
    }

    /// All keys, in the file's order.
    pub fn keys(&self) -> &[RingKey] {
        &self.keys
    }

    /// The key that makes tokens for an event; nothing when that stretch of time has none (any more).
    pub fn at(&self, unix: i64) -> Option<&RingKey> {
        self.keys.iter().find(|k| k.state == State::Active && k.serves(unix) && k.key.is_some())
    }

    /// The key of that id.
    pub fn by_kid(&self, kid: &str) -> Option<&RingKey> {
        self.keys.iter().find(|k| k.kid == kid)
    }

    /// Unix seconds at which the key may change.
    pub fn edges(&self) -> impl Iterator<Item = i64> {
        self.keys.iter().flat_map(|k| [k.not_before, k.not_after]).flatten().map(Timestamp::as_second)
    }

    /// Ends the newest active key at `from` and adds a new one from there on; returns its id.
    ///
    /// # Errors
    /// [`KeyError::Ring`] when the newest key begins after `from`.
    pub fn rotate(&mut self, from: Timestamp, now: Timestamp, epoch: &str) -> Result<String, KeyError> {
        let open = self.keys.iter_mut().rev().find(|k| k.state == State::Active && k.not_after.is_none());
        if let Some(k) = open {
            if k.not_before.is_some_and(|t| t >= from) {
                let message = format!("key `{}` begins later than {from}; rotate from a later time", k.kid);
                return Err(KeyError::Ring("key ring".into(), message));
            }
            k.not_after = Some(from);
        }
        let mut new = Keyring::new(now, epoch).keys.remove(0);
        new.not_before = Some(from);
        let kid = new.kid.clone();
        self.keys.push(new);
        Ok(kid)
    }

    /// Forgets a key's bytes; false when there is no such key.
    pub fn destroy(&mut self, kid: &str) -> bool {
        let found = self.keys.iter_mut().find(|k| k.kid == kid);
        found.map(|k| (k.key, k.state) = (None, State::Destroyed)).is_some()
    }

    /// Sets what a key may do; false when there is no such key, or it was destroyed.
    pub fn set_state(&mut self, kid: &str, state: State) -> bool {
        let found = self.keys.iter_mut().find(|k| k.kid == kid && k.state != State::Destroyed);
        found.map(|k| k.state = state).is_some()
    }

    /// The ring as it stands in its file, secrets included.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let entry = |k: &RingKey| Entry {
            kid: k.kid.clone(),
            epoch: k.epoch.clone(),
            created: k.created,
            not_before: k.not_before,
            not_after: k.not_after,
            state: k.state,
            secret: k.key.as_ref().map(|m| Zeroizing::new(HEXLOWER.encode(&m.bytes[..]))),
        };
        let file = File { key: self.keys.iter().map(entry).collect() };
        Zeroizing::new(toml::to_string(&file).unwrap_or_default())
    }
}

impl Entry {
    fn check(self, name: &str) -> Result<RingKey, KeyError> {
        let bad = |m: &str| Err(KeyError::Ring(name.into(), format!("key `{}`: {m}", self.kid)));
        let key = match (&self.secret, self.state) {
            (None, State::Destroyed) => None,
            (Some(_), State::Destroyed) => return bad("is destroyed but still has a secret; delete that line"),
            (None, _) => return bad("has no secret"),
            (Some(s), _) => Some(MasterKey::from_bytes(s.as_bytes(), name)?),
        };
        if key.as_ref().is_some_and(|k| k.kid() != self.kid) {
            return bad("is not the id of its secret");
        }
        if let (Some(a), Some(b)) = (self.not_before, self.not_after)
            && a >= b
        {
            return bad("ends before it begins");
        }
        let Entry { kid, epoch, created, not_before, not_after, state, secret } = self;
        drop(secret);
        Ok(RingKey { kid, epoch, created, not_before, not_after, state, key, subjects: None })
    }
}

impl Drop for RingKey {
    fn drop(&mut self) {
        self.epoch.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(s: &str) -> Timestamp {
        s.parse().unwrap()
    }

    #[test]
    fn rotation_goes_by_event_time() {
        let mut ring = Keyring::new(t("2026-01-01T00:00:00Z"), "2026Q1");
        let first = ring.keys()[0].kid.clone();
        let second = ring.rotate(t("2026-04-01T00:00:00+08:00"), t("2026-03-20T00:00:00Z"), "2026Q2").unwrap();
        let at = |ring: &Keyring, s: &str| ring.at(t(s).as_second()).map(|k| k.kid.clone());
        assert_eq!(at(&ring, "2026-03-31T15:59:59Z"), Some(first.clone()));
        assert_eq!(at(&ring, "2026-03-31T16:00:00Z"), Some(second.clone()));
        assert_eq!(at(&ring, "1999-01-01T00:00:00Z"), Some(first.clone()));
        let ring2 = Keyring::from_bytes(ring.text().as_bytes(), "r").unwrap();
        assert_eq!(ring2.keys().len(), 2);
        assert!(ring.rotate(t("2026-04-01T00:00:00+08:00"), t("2026-03-20T00:00:00Z"), "x").is_err());
        assert!(ring.destroy(&first) && !ring.destroy("nobody"));
        assert_eq!(at(&ring, "2026-03-31T15:59:59Z"), None);
        assert!(!ring.set_state(&first, State::Active));
        assert!(ring.set_state(&second, State::Verify));
        assert_eq!(at(&ring, "2026-05-01T00:00:00Z"), None);
        let text = ring.text();
        assert_eq!(text.matches("secret").count(), 1);
        assert_eq!(Keyring::from_bytes(text.as_bytes(), "r").unwrap().keys()[0].state, State::Destroyed);
    }

    #[test]
    fn errors_name_the_place_and_no_secret() {
        let secret = "ab".repeat(32);
        let key = MasterKey::from_bytes(secret.as_bytes(), "x").unwrap();
        let entry =
            |kid: &str, state: &str| format!("[[key]]\nkid = \"{kid}\"\nstate = \"{state}\"\nsecret = \"{secret}\"\n");
        for (text, want) in [
            (entry("nobodyyy", "active"), "not the id"),
            (entry(key.kid(), "destroyed"), "still has a secret"),
            (entry(key.kid(), "activ"), "line 3"),
            (format!("[[key]]\nkid = \"a\"\nstate = \"active\"\nsecret = {secret}\n"), "line 4"),
            (entry(key.kid(), "active") + &entry(key.kid(), "active"), "twice"),
        ] {
            let e = Keyring::from_bytes(text.as_bytes(), "ring").unwrap_err().to_string();
            assert!(e.contains(want) && e.starts_with("ring") && !e.contains("abab"), "{e}");
        }
    }
}
