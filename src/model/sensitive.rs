//! Bytes that must not be printed.

/// A value under detection. `Debug` shows its length only; there is no `Display`.
#[derive(Clone, Copy)]
pub struct Sensitive<'a>(&'a [u8]);

impl<'a> Sensitive<'a> {
    /// Wraps a value.
    pub fn new(bytes: &'a [u8]) -> Self {
        Sensitive(bytes)
    }
    /// The bytes themselves. Each call is a place to review.
    pub fn expose(self) -> &'a [u8] {
        self.0
    }
    /// Length in bytes.
    pub fn len(self) -> usize {
        self.0.len()
    }
    /// True when there are no bytes.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Sensitive<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sensitive({} bytes)", self.0.len())
    }
}
