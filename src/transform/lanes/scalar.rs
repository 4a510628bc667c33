//! The twin: lane after lane through the `sha2` crate.

use super::{LANES, Word};
use crate::transform::pseudonym::base32;
use sha2::block_api::compress256;

/// One compression in every lane.
pub fn compress(state: &mut [Word; 8], block: &[Word; 16]) {
    for lane in 0..LANES {
        let mut s: [u32; 8] = std::array::from_fn(|i| state[i][lane]);
        let mut b = [0u8; 64];
        for (out, row) in b.as_chunks_mut::<4>().0.iter_mut().zip(block) {
            *out = row[lane].to_be_bytes();
        }
        compress256(&mut s, &[b]);
        for i in 0..8 {
            state[i][lane] = s[i];
        }
    }
}

/// Base32 of each tag, in the first twenty-six bytes.
pub fn letters(tags: &[[u8; 16]; LANES], out: &mut [[u8; 32]; LANES]) {
    for (tag, text) in tags.iter().zip(out) {
        text[..26].copy_from_slice(&base32(tag));
    }
}
