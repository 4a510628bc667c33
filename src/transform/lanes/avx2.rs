//! SHA-256 compression (FIPS 180-4 section 6.2.2) in eight lanes, run twice.

use super::{K, LANES, Word};
use std::arch::x86_64::*;

/// One compression in every lane. Callers must have checked `Kernel::Avx2.available()`.
pub fn compress(state: &mut [Word; 8], block: &[Word; 16]) {
    debug_assert!(super::Kernel::Avx2.available());
    for half in 0..LANES / 8 {
        // SAFETY: the batch selects this kernel only after `available()` found avx2.
        unsafe { compress_avx2(state, block, half * 8) }
    }
}

#[target_feature(enable = "avx2")]
fn compress_avx2(state: &mut [Word; 8], block: &[Word; 16], from: usize) {
    let load = |w: &Word| {
        // SAFETY: `from` is 0 or 8, so 32 bytes from there lie in the row; the load has no alignment need.
        unsafe { _mm256_loadu_si256(w[from..].as_ptr().cast()) }
    };
    let mut w: [__m256i; 16] = std::array::from_fn(|i| load(&block[i]));
    let mut s: [__m256i; 8] = std::array::from_fn(|i| load(&state[i]));
    for t in 0..64 {
        let i = t % 16;
        if t >= 16 {
            let (x, y) = (w[(t + 1) % 16], w[(t + 14) % 16]);
            let s0 = xor3(ror::<7, 25>(x), ror::<18, 14>(x), _mm256_srli_epi32::<3>(x));
            let s1 = xor3(ror::<17, 15>(y), ror::<19, 13>(y), _mm256_srli_epi32::<10>(y));
            w[i] = add(add(w[i], s0), add(w[(t + 9) % 16], s1));
        }
        let [a, b, c, d, e, f, g, h] = s;
        let big1 = xor3(ror::<6, 26>(e), ror::<11, 21>(e), ror::<25, 7>(e));
        let choose = _mm256_xor_si256(_mm256_and_si256(e, f), _mm256_andnot_si256(e, g));
        let t1 = add(add(add(h, big1), add(choose, w[i])), _mm256_set1_epi32(K[t] as i32));
        let big0 = xor3(ror::<2, 30>(a), ror::<13, 19>(a), ror::<22, 10>(a));
        let majority = _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
        s = [add(t1, add(big0, majority)), a, b, c, add(d, t1), e, f, g];
    }
    for (row, v) in state.iter_mut().zip(s) {
        let sum = add(load(row), v);
        // SAFETY: `from` is 0 or 8, so 32 bytes from there lie in the row; the store has no alignment need.
        unsafe { _mm256_storeu_si256(row[from..].as_mut_ptr().cast(), sum) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn ror<const R: i32, const L: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi32::<R>(x), _mm256_slli_epi32::<L>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(a, _mm256_xor_si256(b, c))
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(a, b)
}
