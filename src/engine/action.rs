//! What a decision means for an entity, prepared: keys expanded, prefixes written.

use crate::detect::check;
use crate::keys::MasterKey;
use crate::model::{EntityId, TransformId};
use crate::policy::Policy;
use crate::rules::{Algorithm, Ruleset, TransformDef, TransformKind};
use crate::transform::canonical::{Canon, IpBytes, Readers};
use crate::transform::cmac::CmacKey;
use crate::transform::ipcrypt::IpCipher;
use crate::transform::lanes::HmacKey;
use crate::transform::mask::MaskStyle;
use crate::transform::pseudonym::TagKey;

/// A prepared transform of one entity.
pub enum Action {
    Keep,
    Suppress,
    Mask(MaskStyle),
    Truncate { v4: u8, v6: u8 },
    Token { key: TagKey, prefix: Prefix, canon: Canon },
    Surrogate { key: TagKey },
    Ipcrypt(IpCipher),
}

/// What a token begins with.
pub struct Prefix {
    /// The bytes, zeros behind them.
    pub bytes: [u8; 48],
    /// How many of them count.
    pub len: usize,
}

impl Prefix {
    fn new(text: &str) -> Prefix {
        let mut bytes = [0; 48];
        let len = text.len().min(bytes.len());
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Prefix { bytes, len }
    }
}

impl Action {
    /// True when the output can't be told from a real value, so that only the tag stops a second pass.
    pub fn looks_real(&self) -> bool {
        matches!(self, Action::Ipcrypt(_))
    }
}

/// Prepared transforms of every entity under every transform of the policy.
pub struct Actions {
    table: Vec<Vec<Action>>,
}

impl Actions {
    /// Prepares all pairs; policies have few transforms.
    pub fn new(rules: &Ruleset, policy: &Policy, key: &MasterKey) -> Actions {
        let table = rules
            .entities
            .iter()
            .map(|e| {
                policy
                    .transforms
                    .iter()
                    .map(|t| prepare(t, &e.class, &e.kind, Canon::parse(&e.canon).unwrap_or(Canon::Text), key))
                    .collect()
            })
            .collect();
        Actions { table }
    }

    /// The action of an entity under a transform.
    #[inline]
    pub fn of(&self, entity: EntityId, transform: TransformId) -> &Action {
        &self.table[entity.0 as usize][transform.0 as usize]
    }
}

/// Epoch of keys until key rings give it.
const EPOCH: &str = "0";

fn prepare(t: &TransformDef, class: &str, kind: &str, canon: Canon, key: &MasterKey) -> Action {
    let hmac = |purpose: &str| TagKey::Hmac(HmacKey::new(&key.subkey(purpose, class, &t.domain, EPOCH)));
    let cmac = || {
        let k = key.subkey("pseudonym-cmac", class, &t.domain, EPOCH);
        let half: &[u8; 16] = k.first_chunk().expect("32 bytes hold 16");
        TagKey::Cmac(Box::new(CmacKey::new(half)))
    };
    match t.kind {
        TransformKind::Keep => Action::Keep,
        TransformKind::Suppress => Action::Suppress,
        TransformKind::Mask => MaskStyle::parse(&t.style).map_or(Action::Suppress, Action::Mask),
        TransformKind::Truncate => Action::Truncate { v4: t.v4_bits, v6: t.v6_bits },
        TransformKind::Pseudonym => Action::Token {
            key: if t.algorithm == Algorithm::AesCmac { cmac() } else { hmac("pseudonym") },
            prefix: Prefix::new(&format!("{kind}_{}_", key.kid())),
            canon,
        },
        TransformKind::Surrogate => {
            Action::Surrogate { key: if t.algorithm == Algorithm::AesCmac { cmac() } else { hmac("surrogate") } }
        }
        TransformKind::IpcryptDeterministic => Action::Ipcrypt(IpCipher::deterministic(key, &t.domain)),
        TransformKind::IpcryptPfx => Action::Ipcrypt(IpCipher::pfx(key, &t.domain)),
    }
}

/// Text readers of the detection layer, for canonical forms.
pub const READERS: Readers = Readers {
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
