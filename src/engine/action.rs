//! What a decision means for an entity, prepared: keys expanded, prefixes written.

use crate::detect::check;
use crate::keys::{MasterKey, RingKey};
use crate::model::{EntityId, TransformId};
use crate::policy::Policy;
use crate::rules::{Algorithm, EntityDef, Ruleset, TransformDef, TransformKind};
use crate::transform::Transform;
use crate::transform::canonical::{Canon, IpBytes, Readers};
use crate::transform::cmac::CmacKey;
use crate::transform::cryptopan::CryptoPan;
use crate::transform::date_shift::DateShift;
use crate::transform::fpe::{Fpe, FpeMode};
use crate::transform::generalise::{Generalise, Style, Unit};
use crate::transform::ipcrypt::IpCipher;
use crate::transform::ipcrypt_nd::TweakedIp;
use crate::transform::lanes::HmacKey;
use crate::transform::mask::MaskStyle;
use crate::transform::names::SurrogateName;
use crate::transform::pseudonym::TagKey;
use crate::transform::siv::{self, SivToken};
use crate::transform::sm3::Sm3Token;
use crate::transform::subject_token::SubjectToken;
use zeroize::Zeroizing;

/// A prepared transform of one entity.
pub enum Action {
    Keep,
    Suppress,
    Mask(MaskStyle),
    Truncate {
        v4: u8,
        v6: u8,
    },
    Token {
        key: TagKey,
        prefix: Prefix,
        canon: Canon,
    },
    Surrogate {
        key: TagKey,
    },
    Ipcrypt(IpCipher),
    /// There is no key for the event's time: the value is suppressed and counted.
    NoKey,
    /// Every other kind.
    Other(Box<dyn Transform>),
}

/// What a token begins with.
pub struct Prefix {
    /// The bytes, zeros behind them.
    pub bytes: [u8; 48],
    /// How many of them count.
    pub len: usize,
}

impl Prefix {
    fn new(text: &[u8]) -> Prefix {
        let mut bytes = [0; 48];
        let len = text.len().min(bytes.len());
        bytes[..len].copy_from_slice(&text[..len]);
        Prefix { bytes, len }
    }
}

impl Action {
    /// True when the output can't be told from a real value, so that only the tag stops a second pass.
    pub fn looks_real(&self) -> bool {
        match self {
            Action::Ipcrypt(_) => true,
            Action::Other(t) => t.looks_real(),
            _ => false,
        }
    }
}

/// Prepared transforms of the pairs of entity and transform that a policy's tables hold.
pub struct Actions {
    /// Number of the action, by entity and transform; 0 where no table pairs them.
    index: Vec<u16>,
    transforms: usize,
    all: Vec<Action>,
}

impl Actions {
    /// Prepares what `policy` decides; without a key every keyed transform refuses its value.
    pub fn new(rules: &Ruleset, policy: &Policy, key: Option<&RingKey>) -> Actions {
        let transforms = policy.transforms.len();
        let mut actions =
            Actions { index: vec![0; rules.entities.len() * transforms], transforms, all: vec![Action::Suppress] };
        for (entity, transform) in policy.pairs() {
            let at = entity.0 as usize * transforms + transform.0 as usize;
            if actions.index[at] == 0 {
                let (e, t) = (rules.entity(entity), &policy.transforms[transform.0 as usize]);
                actions.index[at] = actions.all.len() as u16;
                actions.all.push(prepare(e, t, key));
            }
        }
        actions
    }

    /// The action of an entity under a transform.
    #[inline]
    pub fn of(&self, entity: EntityId, transform: TransformId) -> &Action {
        &self.all[self.index[entity.0 as usize * self.transforms + transform.0 as usize] as usize]
    }
}

/// The action of one entity under one transform.
pub fn prepare(e: &EntityDef, t: &TransformDef, key: Option<&RingKey>) -> Action {
    let (canon, ring) = (Canon::parse(&e.canon).unwrap_or(Canon::Text), key);
    match key.and_then(|k| Some((k.key()?, k.epoch.as_str()))) {
        Some((key, epoch)) => Maker { class: &e.class, kind: &e.kind, canon, key, epoch, ring }.action(t),
        None if t.kind.keyed() => Action::NoKey,
        None => {
            let key = MasterKey::ephemeral();
            Maker { class: &e.class, kind: &e.kind, canon, key: &key, epoch: "", ring }.action(t)
        }
    }
}

/// What a transform is prepared for.
struct Maker<'a> {
    class: &'a str,
    kind: &'a str,
    canon: Canon,
    key: &'a MasterKey,
    epoch: &'a str,
    ring: Option<&'a RingKey>,
}

impl Maker<'_> {
    fn subkey(&self, purpose: &str, domain: &str) -> Zeroizing<[u8; 32]> {
        self.key.subkey(purpose, self.class, domain, self.epoch)
    }

    /// `<kind>_<key id>_`
    fn prefix(&self) -> Vec<u8> {
        format!("{}_{}_", self.kind, self.key.kid()).into_bytes()
    }

    fn tag_key(&self, purpose: &str, t: &TransformDef) -> TagKey {
        if t.algorithm == Algorithm::AesCmac {
            let k = self.subkey("pseudonym-cmac", &t.domain);
            let half: &[u8; 16] = k.first_chunk().expect("32 bytes hold 16");
            TagKey::Cmac(Box::new(CmacKey::new(half)))
        } else {
            TagKey::Hmac(HmacKey::new(&self.subkey(purpose, &t.domain)))
        }
    }

    fn token(&self, t: &TransformDef) -> SivToken {
        let mut key = Zeroizing::new(vec![0; siv::key_len(t.suite)]);
        let info = ["token", self.class, &t.domain, self.epoch].join("\0");
        self.key.expand(info.as_bytes(), &mut key);
        SivToken::new(t.suite, key, self.prefix(), self.class, &t.domain)
    }

    /// The action under keys of subjects; without their ledger there is no key.
    fn of_subject(&self, t: &TransformDef) -> Action {
        let purpose = match t.kind {
            TransformKind::Token => "token",
            TransformKind::Surrogate => "surrogate",
            _ => "pseudonym",
        };
        let Some(keys) = self.ring.and_then(|k| k.subject_keys(purpose, self.class, &t.domain)) else {
            return Action::NoKey;
        };
        match t.kind {
            TransformKind::Token => {
                let names = [self.class, &t.domain];
                Action::Other(Box::new(SubjectToken::new(keys, t.suite, self.prefix(), names, self.canon, &READERS)))
            }
            TransformKind::Surrogate => Action::Surrogate { key: TagKey::Subject(Box::new(keys)) },
            _ => Action::Token {
                key: TagKey::Subject(Box::new(keys)),
                prefix: Prefix::new(&self.prefix()),
                canon: self.canon,
            },
        }
    }

    fn generalise(t: &TransformDef) -> Option<Generalise> {
        Some(Generalise::new(Style::parse(&t.style)?, t.decimals, Unit::parse(&t.unit)?, &t.keep))
    }

    fn action(&self, t: &TransformDef) -> Action {
        let other = |t: Box<dyn Transform>| Action::Other(t);
        match t.kind {
            _ if t.per_subject => self.of_subject(t),
            TransformKind::Keep => Action::Keep,
            TransformKind::Suppress => Action::Suppress,
            TransformKind::Mask => MaskStyle::parse(&t.style).map_or(Action::Suppress, Action::Mask),
            TransformKind::Truncate => Action::Truncate { v4: t.v4_bits, v6: t.v6_bits },
            TransformKind::Pseudonym if t.algorithm == Algorithm::HmacSm3 => {
                let key = self.subkey("pseudonym-sm3", &t.domain);
                other(Box::new(Sm3Token::new(&key, self.prefix(), self.canon, &READERS)))
            }
            TransformKind::Pseudonym => Action::Token {
                key: self.tag_key("pseudonym", t),
                prefix: Prefix::new(&self.prefix()),
                canon: self.canon,
            },
            TransformKind::Surrogate => Action::Surrogate { key: self.tag_key("surrogate", t) },
            TransformKind::IpcryptDeterministic => Action::Ipcrypt(IpCipher::deterministic(self.key, &t.domain)),
            TransformKind::IpcryptPfx => Action::Ipcrypt(IpCipher::pfx(self.key, &t.domain)),
            TransformKind::IpcryptNd => other(Box::new(TweakedIp::nd(self.key, &t.domain, self.epoch, &READERS))),
            TransformKind::IpcryptNdx => other(Box::new(TweakedIp::ndx(self.key, &t.domain, self.epoch, &READERS))),
            TransformKind::CryptoPan => {
                other(Box::new(CryptoPan::new(&self.subkey("crypto-pan", &t.domain), &READERS)))
            }
            TransformKind::Token => other(Box::new(self.token(t))),
            TransformKind::Fpe => FpeMode::parse(&t.style).map_or(Action::Suppress, |mode| {
                other(Box::new(Fpe::new(t.suite, &self.subkey("fpe", &t.domain), mode, self.class, &READERS)))
            }),
            TransformKind::Generalise => Self::generalise(t).map_or(Action::Suppress, |g| other(Box::new(g))),
            TransformKind::DateShift => {
                // One shift for all dates of a subject, whatever they are.
                let key = self.key.subkey("date-shift", "", &t.domain, self.epoch);
                other(Box::new(DateShift::new(&key, t.days)))
            }
            TransformKind::SurrogateName => other(Box::new(SurrogateName::new(&self.subkey("name", &t.domain)))),
        }
    }
}

/// Text readers of the detection layer, for canonical forms.
pub static READERS: Readers = Readers {
    ip: read_ip,
    phone: |v, out| {
        if check::phone::mobile_shape(v) {
            out[..3].copy_from_slice(b"+86");
            out[3..14].copy_from_slice(v);
            return Some(14);
        }
        check::phone::normalise(v, out).map(|(_, n)| n)
    },
    mac: check::mac::parse,
    uuid: check::uuid::parse,
    upgrade15: check::cn_id::upgrade15,
};

/// An address in any of its text forms; a mapped IPv4 address reads as IPv4.
pub fn read_ip(v: &[u8]) -> Option<IpBytes> {
    if let Some(a) = check::ip::v4(v) {
        return Some(IpBytes::V4(a));
    }
    let v = v.strip_prefix(b"[").map_or(v, |r| r.split(|&b| b == b']').next().unwrap_or(r));
    let v = v.split(|&b| matches!(b, b'%' | b'/')).next().unwrap_or(v);
    let v4 = |v: &[u8]| check::ip::v4(v).map(IpBytes::V4);
    v4(v).or_else(|| {
        if let Some(a) = check::ip::v6(v) {
            return Some(check::ip::mapped_v4(&a).map_or(IpBytes::V6(a), IpBytes::V4));
        }
        // An IPv4 address and its port.
        v4(v.split(|&b| b == b':').next().unwrap_or(v))
    })
}
