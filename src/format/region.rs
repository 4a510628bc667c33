//! Stretches of a text that are shown decoded.

use super::armour::Armour;

/// A stretch of the parent text that is shown decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte in the parent.
    pub start: u32,
    /// One past the last byte in the parent.
    pub end: u32,
}

/// A region that is one run of base64 or of hexadecimal text: its findings change the run as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    /// First byte of the decoded text in the view.
    pub from: u32,
    /// One past its last byte.
    pub to: u32,
    /// The run in the parent.
    pub run: Region,
    /// How the run was written.
    pub style: Armour,
}
