//! The one output buffer. It keeps room behind its end, so that short pieces are copied by the word.

use zeroize::Zeroize;

/// Bytes that are copied at once, whatever a piece's length.
const WORD: usize = 64;

/// A buffer that grows and is reused.
#[derive(Default)]
pub struct Out {
    buf: Vec<u8>,
    len: usize,
}

impl Out {
    /// Forgets the bytes.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buf[..self.len]
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    fn room(&mut self, n: usize) {
        if self.buf.len() - self.len < n + WORD {
            self.grow(n + WORD);
        }
    }

    #[cold]
    fn grow(&mut self, n: usize) {
        self.buf.resize((2 * self.buf.len()).max(self.len + n), 0);
    }

    /// Appends bytes.
    #[inline]
    pub fn put(&mut self, v: &[u8]) {
        self.room(v.len());
        self.buf[self.len..][..v.len()].copy_from_slice(v);
        self.len += v.len();
    }

    /// Appends the first `n` of an array's bytes.
    #[inline]
    pub fn put_first<const N: usize>(&mut self, v: &[u8; N], n: usize) {
        self.room(N);
        self.buf[self.len..][..N].copy_from_slice(v);
        self.len += n.min(N);
    }

    /// Appends `text[from..to]`.
    #[inline(always)]
    pub fn put_span(&mut self, text: &[u8], from: usize, to: usize) {
        match text.get(from..from + WORD).and_then(<[u8]>::first_chunk::<WORD>) {
            Some(word) if to - from <= WORD => self.put_first(word, to - from),
            _ => self.put_long(&text[from..to]),
        }
    }

    #[inline(never)]
    fn put_long(&mut self, v: &[u8]) {
        self.put(v);
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        self.buf.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_any_length_and_place() {
        let text: Vec<u8> = (0..=255).collect();
        let mut out = Out::default();
        let mut want = Vec::new();
        for from in 0..=256 {
            for to in from..=256 {
                out.put_span(&text, from, to);
                want.extend_from_slice(&text[from..to]);
            }
        }
        assert_eq!(out.bytes(), want);
        out.clear();
        out.put(b"ab");
        out.put_first(b"cdef", 2);
        assert_eq!(out.bytes(), b"abcd");
    }
}
