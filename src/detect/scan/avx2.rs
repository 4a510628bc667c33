//! AVX2 kernel: two halves of 32 bytes, one `movemask` per class and half.

use super::{CLASSES, Chunk, Lists, Masks, algebra, class, fill, flatten};
use std::arch::x86_64::*;

/// Classifies a chunk and computes its events. Callers must have checked `Kernel::Avx2.available()`.
pub fn run(chunk: &mut Chunk, part: &[u8], base: usize, lists: &mut Lists) {
    debug_assert!(super::Kernel::Avx2.available());
    // SAFETY: the scanner selects this kernel only after `available()` found avx2.
    unsafe { run_avx2(chunk, part, base, lists) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2(chunk: &mut Chunk, part: &[u8], base: usize, lists: &mut Lists) {
    fill(chunk, part, |b| word(b));
    algebra::run(chunk);
    flatten(chunk, part.len().div_ceil(64), base, lists);
}

#[inline]
#[target_feature(enable = "avx2")]
fn word(bytes: &[u8; 64]) -> Masks {
    let mut m = [0u64; CLASSES];
    for half in 0..2 {
        // SAFETY: both halves lie inside the 64 readable bytes; the load has no alignment need.
        let v = unsafe { _mm256_loadu_si256(bytes.as_ptr().add(32 * half).cast()) };
        for (mask, bits) in m.iter_mut().zip(half_masks(v)) {
            *mask |= u64::from(bits) << (32 * half);
        }
    }
    m
}

#[inline]
#[target_feature(enable = "avx2")]
fn half_masks(v: __m256i) -> [u32; CLASSES] {
    let bits = |x: __m256i| _mm256_movemask_epi8(x) as u32;
    let eqv = |c: u8| _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c as i8));
    let eq = |c: u8| bits(eqv(c));
    let either = |a: u8, b: u8| bits(_mm256_or_si256(eqv(a), eqv(b)));
    // x < n for unsigned bytes: min(x, n-1) == x.
    let below = |x: __m256i, n: u8| bits(_mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(n as i8 - 1)), x));
    let folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
    let from_a = _mm256_sub_epi8(folded, _mm256_set1_epi8(b'a' as i8));
    let digit = below(_mm256_sub_epi8(v, _mm256_set1_epi8(b'0' as i8)), 10);
    let mut m = [0u32; CLASSES];
    m[class::DIGIT] = digit;
    m[class::HEX] = digit | below(from_a, 6);
    m[class::WORD] = digit | below(from_a, 26) | bits(v);
    m[class::DOT] = eq(b'.');
    m[class::COLON] = eq(b':');
    m[class::DASH] = eq(b'-');
    m[class::QUOTE] = either(b'"', b'\'');
    m[class::EQ] = either(b'=', b'>');
    m[class::AT] = eq(b'@');
    m[class::PCT] = eq(b'%');
    m[class::BSL] = eq(b'\\');
    m[class::SPACE] = either(b' ', b'\t');
    m[class::PLUS] = eq(b'+');
    m[class::EF] = eq(0xEF);
    m[class::Y_R] = either(b'y', b'r');
    m[class::UPPER_J] = eq(b'J');
    m[class::PAREN] = eq(b')');
    m[class::KEYMARK] = either(b'_', b'$');
    m[class::LINE] = eq(b'\n');
    m[class::HIGH] = bits(v);
    m[class::TERM] = below(v, 0x21) | bits(punctuation(v));
    m[class::HASH] = eq(b'#');
    m[class::REF] = either(b'&', b';');
    m[class::FRAME] = either(b'[', b']') | either(b'(', b'`');
    m
}

/// All ones where a byte is one of `"'&;,)]}<>|`: its low and its high half each pick rows of a small table.
#[inline]
#[target_feature(enable = "avx2")]
fn punctuation(v: __m256i) -> __m256i {
    // Rows: 1 for 0x2_, 2 for 0x3_, 4 for 0x5_, 8 for 0x7_.
    let low = _mm256_setr_epi8(
        0,
        0,
        1,
        0,
        0,
        0,
        1,
        1,
        0,
        1,
        0,
        2,
        1 | 2 | 8,
        4 | 8,
        2,
        0, //
        0,
        0,
        1,
        0,
        0,
        0,
        1,
        1,
        0,
        1,
        0,
        2,
        1 | 2 | 8,
        4 | 8,
        2,
        0,
    );
    let high = _mm256_setr_epi8(
        0, 0, 1, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, //
        0, 0, 1, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
    );
    let nibble = _mm256_set1_epi8(15);
    let l = _mm256_shuffle_epi8(low, _mm256_and_si256(v, nibble));
    let h = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16::<4>(v), nibble));
    let none = _mm256_cmpeq_epi8(_mm256_and_si256(l, h), _mm256_setzero_si256());
    _mm256_xor_si256(none, _mm256_set1_epi8(-1))
}
