//! SHA-256 compression (FIPS 180-4 section 6.2.2) in sixteen lanes.

use super::{Block, K, Word};
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
    for (turn, k) in K.as_chunks::<16>().0.iter().enumerate() {
        if turn > 0 {
            expand(&mut w);
        }
        sixteen(&mut s, &w, k);
    }
    for (row, v) in state.iter_mut().zip(s) {
        let sum = add(load(row), v);
        // SAFETY: a row is 64 writable bytes; the store has no alignment need.
        unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), sum) }
    }
}

/// Sixteen rounds, written out: the working variables trade names instead of places.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen(s: &mut [__m512i; 8], w: &[__m512i; 16], k: &[u32; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *s;
    macro_rules! round {
        ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident $i:literal) => {
            let big1 = xor3(_mm512_ror_epi32::<6>($e), _mm512_ror_epi32::<11>($e), _mm512_ror_epi32::<25>($e));
            let choose = _mm512_ternarylogic_epi32::<0xCA>($e, $f, $g);
            let input = add(w[$i], _mm512_set1_epi32(k[$i] as i32));
            let t1 = add(add($h, input), add(big1, choose));
            let big0 = xor3(_mm512_ror_epi32::<2>($a), _mm512_ror_epi32::<13>($a), _mm512_ror_epi32::<22>($a));
            let majority = _mm512_ternarylogic_epi32::<0xE8>($a, $b, $c);
            $d = add($d, t1);
            $h = add(t1, add(big0, majority));
        };
    }
    round!(a b c d e f g h 0);
    round!(h a b c d e f g 1);
    round!(g h a b c d e f 2);
    round!(f g h a b c d e 3);
    round!(e f g h a b c d 4);
    round!(d e f g h a b c 5);
    round!(c d e f g h a b 6);
    round!(b c d e f g h a 7);
    round!(a b c d e f g h 8);
    round!(h a b c d e f g 9);
    round!(g h a b c d e f 10);
    round!(f g h a b c d e 11);
    round!(e f g h a b c d 12);
    round!(d e f g h a b c 13);
    round!(c d e f g h a b 14);
    round!(b c d e f g h a 15);
    *s = [a, b, c, d, e, f, g, h];
}

/// The next sixteen words of the message schedule.
#[inline]
#[target_feature(enable = "avx512f")]
fn expand(w: &mut [__m512i; 16]) {
    macro_rules! word {
        ($($i:literal)*) => { $(
            let (x, y) = (w[($i + 1) % 16], w[($i + 14) % 16]);
            let s0 = xor3(_mm512_ror_epi32::<7>(x), _mm512_ror_epi32::<18>(x), _mm512_srli_epi32::<3>(x));
            let s1 = xor3(_mm512_ror_epi32::<17>(y), _mm512_ror_epi32::<19>(y), _mm512_srli_epi32::<10>(y));
            w[$i] = add(add(w[$i], s0), add(w[($i + 9) % 16], s1));
        )* };
    }
    word!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
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

/// The big-endian words of sixteen blocks, lanes of each word together. Callers must have checked
/// `Kernel::Avx512.available()`.
pub fn words(blocks: &[Block; 16]) -> [Word; 16] {
    debug_assert!(super::Kernel::Avx512.available());
    // SAFETY: the batch selects this kernel only after `available()` found avx512bw.
    unsafe { words_avx512(blocks) }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn words_avx512(blocks: &[Block; 16]) -> [Word; 16] {
    let swap = _mm512_set4_epi32(0x0C0D_0E0F, 0x0809_0A0B, 0x0405_0607, 0x0001_0203);
    transpose_avx512(std::array::from_fn(|i| {
        // SAFETY: a block is 64 readable bytes; the load has no alignment need.
        let v = unsafe { _mm512_loadu_si512(blocks[i].as_ptr().cast()) };
        _mm512_shuffle_epi8(v, swap)
    }))
}

/// Rows to columns, 16 by 16 words. Callers must have checked `Kernel::Avx512.available()`.
pub fn transpose(rows: &[Word; 16]) -> [Word; 16] {
    debug_assert!(super::Kernel::Avx512.available());
    // SAFETY: the batch selects this kernel only after `available()` found avx512f.
    unsafe { load_and_transpose(rows) }
}

#[target_feature(enable = "avx512f")]
fn load_and_transpose(rows: &[Word; 16]) -> [Word; 16] {
    transpose_avx512(std::array::from_fn(|i| {
        // SAFETY: a row is 64 readable bytes; the load has no alignment need.
        unsafe { _mm512_loadu_si512(rows[i].as_ptr().cast()) }
    }))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_avx512(mut r: [__m512i; 16]) -> [Word; 16] {
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

/// Which byte of four tags goes where: five bytes of a tag to each group of eight, the first one highest.
static SPREAD: [[u8; 64]; 2] = {
    let mut t = [[0; 64]; 2];
    let mut i = 0;
    while i < 128 {
        let (tag, group, byte) = (i / 32, i % 32 / 8, i % 8);
        if byte < 5 && group * 5 + 4 - byte < 16 {
            t[i / 64][i % 64] = (tag * 16 + group * 5 + 4 - byte) as u8;
        }
        i += 1;
    }
    t
};

/// The bytes of [`SPREAD`] that are taken; the others are zero.
static TAKEN: [u64; 2] = {
    let mut t = [0; 2];
    let mut i = 0;
    while i < 128 {
        if i % 8 < 5 && i % 32 / 8 * 5 + 4 - i % 8 < 16 {
            t[i / 64] |= 1 << (i % 64);
        }
        i += 1;
    }
    t
};

/// Base32 of each tag, twenty-six letters. Callers must have checked [`has_letters`].
pub fn letters(tags: &[[u8; 16]; 16], alphabet: &[u8; 32], out: &mut [[u8; 32]; 16]) {
    debug_assert!(has_letters());
    // SAFETY: the batch calls this only after `has_letters()` found these features.
    unsafe { letters_avx512(tags, alphabet, out) }
}

/// True when this machine can run [`letters`].
pub fn has_letters() -> bool {
    is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512bw")
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn letters_avx512(tags: &[[u8; 16]; 16], alphabet: &[u8; 32], out: &mut [[u8; 32]; 16]) {
    // SAFETY: the array is 32 readable bytes; the load has no alignment need.
    let alphabet = unsafe { _mm256_loadu_si256(alphabet.as_ptr().cast()) };
    let alphabet = _mm512_broadcast_i64x4(alphabet);
    // Letter `i` of a group begins 35 - 5 * i bits above its lowest.
    let shifts = _mm512_set1_epi64(0x0005_0A0F_1419_1E23);
    let five = _mm512_set1_epi8(31);
    for (four, text) in tags.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<4>().0) {
        // SAFETY: four tags are 64 readable bytes; the load has no alignment need.
        let v = unsafe { _mm512_loadu_si512(four.as_ptr().cast()) };
        for (half, text) in text.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            // SAFETY: the table is 64 readable bytes; the load has no alignment need.
            let spread = unsafe { _mm512_loadu_si512(SPREAD[half].as_ptr().cast()) };
            let groups = _mm512_maskz_permutexvar_epi8(TAKEN[half], spread, v);
            let numbers = _mm512_and_si512(_mm512_multishift_epi64_epi8(shifts, groups), five);
            let letters = _mm512_permutexvar_epi8(numbers, alphabet);
            // SAFETY: two texts are 64 writable bytes; the store has no alignment need.
            unsafe { _mm512_storeu_si512(text.as_mut_ptr().cast(), letters) }
        }
    }
}
