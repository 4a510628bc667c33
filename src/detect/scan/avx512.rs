//! AVX-512 kernel: a class is one or two byte comparisons that write a 64-bit mask.

use super::{CLASSES, Chunk, Masks, algebra, class, fill};
use std::arch::x86_64::*;

/// Classifies a chunk and computes its events. Callers must have checked `Kernel::Avx512.available()`.
pub fn run(chunk: &mut Chunk, part: &[u8]) {
    debug_assert!(super::Kernel::Avx512.available());
    // SAFETY: the scanner selects this kernel only after `available()` found avx512f, avx512bw and avx512vl.
    unsafe { run_avx512(chunk, part) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx512(chunk: &mut Chunk, part: &[u8]) {
    fill(chunk, part, |b| word(b));
    algebra::run(chunk);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn word(bytes: &[u8; 64]) -> Masks {
    // SAFETY: the array is 64 readable bytes; the load has no alignment need.
    let v = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    let eq = |c: u8| _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c as i8));
    let below = |x: __m512i, n: i8| _mm512_cmplt_epu8_mask(x, _mm512_set1_epi8(n));
    let folded = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
    let from_a = _mm512_sub_epi8(folded, _mm512_set1_epi8(b'a' as i8));
    let digit = below(_mm512_sub_epi8(v, _mm512_set1_epi8(b'0' as i8)), 10);
    // Folding maps 0xC1.. onto 0xE1..: still above 'z', so the comparison is exact.
    let mut m = [0u64; CLASSES];
    m[class::DIGIT] = digit;
    m[class::HEX] = digit | below(from_a, 6);
    m[class::WORD] = digit | below(from_a, 26) | _mm512_movepi8_mask(v);
    m[class::DOT] = eq(b'.');
    m[class::COLON] = eq(b':');
    m[class::DASH] = eq(b'-');
    m[class::QUOTE] = eq(b'"') | eq(b'\'');
    m[class::EQ] = eq(b'=');
    m[class::AT] = eq(b'@');
    m[class::PCT] = eq(b'%');
    m[class::BSL] = eq(b'\\');
    m[class::SPACE] = eq(b' ') | eq(b'\t');
    m[class::PLUS] = eq(b'+');
    m[class::EF] = eq(0xEF);
    m[class::LOWER_Y] = eq(b'y');
    m[class::UPPER_J] = eq(b'J');
    m[class::PAREN] = eq(b')');
    m[class::KEYMARK] = eq(b'_') | eq(b'$');
    m[class::HIGH] = _mm512_movepi8_mask(v);
    m[class::HASH] = eq(b'#');
    m
}
