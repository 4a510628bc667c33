//! What recognisers report, before overlaps are resolved.

use crate::model::{Carriers, Confidence, EntityId, RuleId};

/// Views in front of the block. All but the last decode one level of nested escapes each; the last decodes all that is left.
pub const LEVELS: usize = 4;

/// Level number of values that stand decoded in the side buffer.
pub const ASIDE: u8 = u8::MAX;

/// A candidate that a recogniser confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// First byte, in the text of `level` (after resolving: in the block).
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Where the evidence begins: the separator of a key, or `start`.
    pub anchor: u32,
    /// What it is.
    pub entity: EntityId,
    /// Which recogniser spoke.
    pub rule: RuleId,
    /// How sure.
    pub confidence: Confidence,
    /// The value is a bare JSON number or word: its replacement needs quotes.
    pub bare_json: bool,
    /// The address, where it was read already.
    pub v4: Option<[u8; 4]>,
    /// Level of the text that holds the decoded value, or [`ASIDE`].
    pub level: u8,
    /// Decoded value: first byte in that text.
    pub value_start: u32,
    /// Decoded value: one past the last byte.
    pub value_end: u32,
    /// How many levels of escapes stand around the value.
    pub depth: u8,
    /// Number of its base64 run, whose findings are rewritten together; 0 for none.
    pub blob: u32,
    /// How it was written, from the block (index 0) inwards; `depth` entries are set.
    pub carriers: [Carriers; LEVELS],
}

impl Hit {
    /// A hit whose value is its span.
    pub fn new(start: usize, end: usize, entity: EntityId, rule: RuleId, confidence: Confidence) -> Hit {
        debug_assert!(start <= end, "a hit ends before it begins");
        Hit {
            start: start as u32,
            end: end as u32,
            anchor: start as u32,
            entity,
            rule,
            confidence,
            bare_json: false,
            v4: None,
            level: 0,
            value_start: start as u32,
            value_end: end as u32,
            depth: 0,
            blob: 0,
            carriers: [Carriers::RAW; LEVELS],
        }
    }

    /// Every carrier that the span was written in.
    #[inline]
    pub fn all_carriers(&self) -> Carriers {
        if self.depth == 0 && self.blob == 0 { Carriers::RAW } else { self.escapes() }
    }

    #[cold]
    fn escapes(&self) -> Carriers {
        let all = self.carriers.iter().fold(Carriers::RAW, |a, &c| a.with(c));
        let levels = self.carriers.iter().filter(|&&c| c != Carriers::RAW).count();
        if levels > 1 { all.with(Carriers::NESTED) } else { all }
    }
}
