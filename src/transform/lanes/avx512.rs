//! SHA-256 compression (FIPS 180-4 section 6.2.2) in sixteen lanes.

use super::{K, Word};
use std::arch::x86_64::*;

/// One compression in every lane. Callers must have checked `Kernel::Avx512.available()`.
pub fn compress(state: &mut [Word; 8], block: &[Word; 16]) {
    debug_assert!(super::Kernel::Avx512.available());
    // SAFETY: the batch selects this kernel only after `available()` found avx512f.
    unsafe { compress_avx512(state, block) }
}

#[target_feature(enable = "avx512f")]
fn compress_avx512(state: &mut [Word; 8], block: &[Word; 16]) {
    let load = |w: &Word| {
        // SAFETY: a row is 64 readable bytes; the load has no alignment need.
        unsafe { _mm512_loadu_si512(w.as_ptr().cast()) }
    };
    let mut w: [__m512i; 16] = std::array::from_fn(|i| load(&block[i]));
    let mut s: [__m512i; 8] = std::array::from_fn(|i| load(&state[i]));
    for t in 0..64 {
        let i = t % 16;
        if t >= 16 {
            let (x, y) = (w[(t + 1) % 16], w[(t + 14) % 16]);
            let s0 = xor3(_mm512_ror_epi32::<7>(x), _mm512_ror_epi32::<18>(x), _mm512_srli_epi32::<3>(x));
            let s1 = xor3(_mm512_ror_epi32::<17>(y), _mm512_ror_epi32::<19>(y), _mm512_srli_epi32::<10>(y));
            w[i] = add(add(w[i], s0), add(w[(t + 9) % 16], s1));
        }
        let [a, b, c, d, e, f, g, h] = s;
        let big1 = xor3(_mm512_ror_epi32::<6>(e), _mm512_ror_epi32::<11>(e), _mm512_ror_epi32::<25>(e));
        let choose = _mm512_ternarylogic_epi32::<0xCA>(e, f, g);
        let t1 = add(add(add(h, big1), add(choose, w[i])), _mm512_set1_epi32(K[t] as i32));
        let big0 = xor3(_mm512_ror_epi32::<2>(a), _mm512_ror_epi32::<13>(a), _mm512_ror_epi32::<22>(a));
        let majority = _mm512_ternarylogic_epi32::<0xE8>(a, b, c);
        s = [add(t1, add(big0, majority)), a, b, c, add(d, t1), e, f, g];
    }
    for (row, v) in state.iter_mut().zip(s) {
        let sum = add(load(row), v);
        // SAFETY: a row is 64 writable bytes; the store has no alignment need.
        unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), sum) }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

/// Rows to columns, 16 by 16 words. Callers must have checked `Kernel::Avx512.available()`.
pub fn transpose(rows: &[Word; 16]) -> [Word; 16] {
    debug_assert!(super::Kernel::Avx512.available());
    // SAFETY: the batch selects this kernel only after `available()` found avx512f.
    unsafe { transpose_avx512(rows) }
}

#[target_feature(enable = "avx512f")]
fn transpose_avx512(rows: &[Word; 16]) -> [Word; 16] {
    let mut r: [__m512i; 16] = std::array::from_fn(|i| {
        // SAFETY: a row is 64 readable bytes; the load has no alignment need.
        unsafe { _mm512_loadu_si512(rows[i].as_ptr().cast()) }
    });
    for i in (0..16).step_by(2) {
        (r[i], r[i + 1]) = (_mm512_unpacklo_epi32(r[i], r[i + 1]), _mm512_unpackhi_epi32(r[i], r[i + 1]));
    }
    for i in (0..16).step_by(4) {
        for k in [i, i + 1] {
            (r[k], r[k + 2]) = (_mm512_unpacklo_epi64(r[k], r[k + 2]), _mm512_unpackhi_epi64(r[k], r[k + 2]));
        }
    }
    // Row 4g + k holds words of quarter lanes; put them in the order of the words.
    let mut out = [[0u32; 16]; 16];
    for (word, k) in [0, 2, 1, 3].into_iter().enumerate() {
        let [a, b, c, d] = [r[k], r[4 + k], r[8 + k], r[12 + k]];
        let (low, high) = (_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xDD>(a, b));
        let (low2, high2) = (_mm512_shuffle_i64x2::<0x88>(c, d), _mm512_shuffle_i64x2::<0xDD>(c, d));
        let columns = [
            _mm512_shuffle_i64x2::<0x88>(low, low2),
            _mm512_shuffle_i64x2::<0x88>(high, high2),
            _mm512_shuffle_i64x2::<0xDD>(low, low2),
            _mm512_shuffle_i64x2::<0xDD>(high, high2),
        ];
        for (quarter, v) in columns.into_iter().enumerate() {
            let row = &mut out[4 * quarter + word];
            // SAFETY: a row is 64 writable bytes; the store has no alignment need.
            unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), v) }
        }
    }
    out
}
