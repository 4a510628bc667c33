//! The raw bytes of one input: counted, fingerprinted and shown as progress while they are read.

use super::progress::Bar;
use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;

/// What is known of the bytes that were read.
#[derive(Clone)]
pub struct Seen {
    /// How many.
    pub bytes: Rc<Cell<u64>>,
    hash: Rc<RefCell<blake3::Hasher>>,
}

impl Seen {
    /// Nothing was read yet.
    pub fn new(key: &[u8; 32]) -> Seen {
        Seen { bytes: Rc::default(), hash: Rc::new(RefCell::new(blake3::Hasher::new_keyed(key))) }
    }

    /// Keyed digest of all bytes so far (BLAKE3, keyed mode).
    pub fn fingerprint(&self) -> String {
        self.hash.borrow().finalize().to_hex().to_string()
    }
}

/// A reader that tells what it read.
pub struct Meter<'b, R> {
    inner: R,
    seen: Seen,
    bar: &'b Bar<'b>,
}

impl<'b, R: Read> Meter<'b, R> {
    /// Tells `seen` and `bar` what is read from `inner`.
    pub fn new(inner: R, seen: Seen, bar: &'b Bar<'b>) -> Self {
        Meter { inner, seen, bar }
    }
}

impl<R: Read> Read for Meter<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.seen.hash.borrow_mut().update(&out[..n]);
        self.seen.bytes.set(self.seen.bytes.get() + n as u64);
        self.bar.advance(n as u64);
        Ok(n)
    }
}
