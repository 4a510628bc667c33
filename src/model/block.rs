//! The unit of work: raw whole records, or one window of an over-long record.

/// Raw bytes handed to a worker. Holds whole records, unless `window` says otherwise.
#[derive(Clone, Copy)]
pub struct Block<'b> {
    /// The bytes: records with their line endings.
    pub bytes: &'b [u8],
    /// Set when the bytes are a part of one record that is longer than the largest block.
    pub window: Option<Window>,
}

/// Which part of an over-long record a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Bytes at the front that were already written and serve as left context only.
    pub context: usize,
    /// True when the record ends inside this block.
    pub last: bool,
}

impl<'b> Block<'b> {
    /// A block of whole records.
    pub fn records(bytes: &'b [u8]) -> Self {
        Block { bytes, window: None }
    }
}
