//! Marks of a view: where each stretch of it came from.

use crate::model::Carriers;

/// Where a stretch of the view came from.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Position in the view.
    pub at: u32,
    /// Position in the parent text.
    pub from: u32,
    /// Bytes of the parent that one escape takes; 0 for a stretch copied byte by byte. With [`EACH`], every byte of the view is
    /// an escape of that length.
    pub escape: u16,
    /// How the escape was written.
    pub carrier: Carriers,
}

/// Marks a row of escapes of one length that stand for one byte each.
pub const EACH: u16 = 1 << 15;

/// Longest escape that a mark can hold.
pub const MAX_ESCAPE: u16 = EACH - 1;

impl Mark {
    /// Bytes of the parent for each byte of the view, or 0 when all of these stand for one escape.
    pub fn step(&self) -> usize {
        match self.escape {
            0 => 1,
            n if n & EACH != 0 => (n & !EACH).into(),
            _ => 0,
        }
    }

    /// Start of the parent bytes behind a view position of this mark.
    pub fn origin(&self, at: usize) -> usize {
        self.from as usize + self.step() * (at - self.at as usize)
    }

    /// End of the parent bytes behind a view range that ends at `end` (exclusive) under this mark.
    pub fn origin_end(&self, end: usize) -> usize {
        match self.step() {
            0 => self.from as usize + usize::from(self.escape),
            step => self.from as usize + step * (end - self.at as usize),
        }
    }
}

/// How the escapes among these marks are written.
pub fn carriers_of<'m>(marks: impl Iterator<Item = &'m Mark>) -> Carriers {
    marks.filter(|m| m.escape > 0).fold(Carriers::RAW, |c, m| c.with(m.carrier))
}
