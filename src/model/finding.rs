//! Confirmed detections.

use super::EntityId;

/// Half-open range of bytes of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }
    /// Length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }
    /// True when it holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
    /// The span as a range for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// How sure a finding is, from shape alone to checksum plus key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Confidence {
    /// Only the shape fits.
    Shape = 1,
    /// The shape fits and the words around it agree.
    Context,
    /// A checksum, a parser or a fixed prefix agrees.
    Checked,
    /// The key, position or header names it.
    Keyed,
}

impl Confidence {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Shape => "shape",
            Confidence::Context => "context",
            Confidence::Checked => "checked",
            Confidence::Keyed => "keyed",
        }
    }
}

/// How a value was written: one bit per carrier found inside its span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Carriers(pub u16);

impl Carriers {
    /// No escape inside the span.
    pub const RAW: Carriers = Carriers(0);
    /// `%HH`.
    pub const PERCENT: Carriers = Carriers(1);
    /// JSON `\uXXXX`.
    pub const JSON_U: Carriers = Carriers(2);
    /// JSON one-letter escapes (`\"`, `\/`).
    pub const JSON: Carriers = Carriers(4);
    /// nginx and Apache `\xHH`.
    pub const HEX: Carriers = Carriers(8);
    /// Full-width forms.
    pub const WIDE: Carriers = Carriers(16);
    /// More than one level of escapes.
    pub const NESTED: Carriers = Carriers(32);
    /// HTML character references (`&#64;`).
    pub const HTML: Carriers = Carriers(64);
    /// HAProxy captures (`#E4`).
    pub const HASH: Carriers = Carriers(128);
    /// Base64 of text.
    pub const BASE64: Carriers = Carriers(256);
    /// Control sequences of terminals, which colour words.
    pub const TERMINAL: Carriers = Carriers(512);
    /// Hexadecimal digits of text.
    pub const HEX_TEXT: Carriers = Carriers(1024);
    /// Fields of CSV, whose quotes are written twice.
    pub const CSV: Carriers = Carriers(2048);

    /// How many sets there are.
    pub const SETS: usize = 4096;

    /// Both sets.
    pub fn with(self, other: Carriers) -> Carriers {
        Carriers(self.0 | other.0)
    }
    /// True when it holds all of `other`.
    pub fn has(self, other: Carriers) -> bool {
        self.0 & other.0 == other.0
    }
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        if self.has(Carriers::BASE64) {
            "base64"
        } else if self.has(Carriers::HEX_TEXT) {
            "hex"
        } else if self.has(Carriers::NESTED) {
            "nested"
        } else if self.has(Carriers::HTML) {
            "html"
        } else if self.has(Carriers::HASH) {
            "hash-escape"
        } else if self.has(Carriers::WIDE) {
            "fullwidth"
        } else if self.has(Carriers::HEX) {
            "hex-escape"
        } else if self.has(Carriers::JSON_U) {
            "json-u"
        } else if self.has(Carriers::PERCENT) {
            "percent"
        } else if self.has(Carriers::JSON) {
            "json"
        } else if self.has(Carriers::CSV) {
            "csv"
        } else if self.has(Carriers::TERMINAL) {
            "terminal"
        } else {
            "raw"
        }
    }
}

/// Why a span was taken: which recogniser spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum RuleId {
    /// A key of the registry named the value.
    Key = 0,
    /// Dotted, dashed or reversed IPv4.
    Ipv4,
    /// IPv6 in any notation.
    Ipv6,
    /// Hardware address.
    Mac,
    /// A run of digits.
    Digits,
    /// Digits in groups.
    Grouped,
    /// `+` and a country code.
    International,
    /// `@` between words.
    Email,
    /// `eyJ...`.
    Jwt,
    /// Hexadecimal run or UUID after a key.
    HexId,
    /// `Authorization` scheme and credential.
    Credential,
    /// Check digits or a magic number in a run of letters and digits.
    Document,
    /// Words of running text around the value.
    Words,
    /// A value of a cookie header.
    Cookie,
    /// A rule of the user's.
    Custom,
    /// A part of a URL.
    Url,
}

impl RuleId {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            RuleId::Key => "key",
            RuleId::Ipv4 => "ipv4",
            RuleId::Ipv6 => "ipv6",
            RuleId::Mac => "mac",
            RuleId::Digits => "digits",
            RuleId::Grouped => "grouped",
            RuleId::International => "international",
            RuleId::Email => "email",
            RuleId::Jwt => "jwt",
            RuleId::HexId => "hex-id",
            RuleId::Credential => "credential",
            RuleId::Document => "document",
            RuleId::Words => "words",
            RuleId::Cookie => "cookie",
            RuleId::Custom => "custom",
            RuleId::Url => "url",
        }
    }
}

/// A confirmed detection in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Where, in bytes of the block as it was read.
    pub span: Span,
    /// What.
    pub entity: EntityId,
    /// Which recogniser said so.
    pub rule: RuleId,
    /// How sure.
    pub confidence: Confidence,
    /// How it was written.
    pub carriers: Carriers,
}
