//! AVX-512 kernel: three table look-ups give each byte its class bits; a bit-matrix transposition turns the bits of 64
//! bytes into one 64-bit mask per class.

use super::{BATCH, CHUNK_WORDS, CLASSES, Chunk, FRONT, List, Lists, algebra, scalar};
use std::arch::x86_64::*;

/// Classes of one look-up.
const GROUP: usize = 8;
/// Look-ups that hold all classes.
const GROUPS: usize = CLASSES.div_ceil(GROUP);
/// Words that are transposed together.
const TILE: usize = 8;

/// Class bits of the ASCII bytes, eight classes a table.
static ASCII: [[u8; 128]; GROUPS] = ascii();

const fn ascii() -> [[u8; 128]; GROUPS] {
    let mut t = [[0; 128]; GROUPS];
    let mut i = 0;
    while i < 128 {
        let bits = scalar::bits(i as u8);
        let mut g = 0;
        while g < GROUPS {
            t[g][i] = (bits >> (8 * g)) as u8;
            g += 1;
        }
        i += 1;
    }
    t
}

/// Class bits that all bytes of 0x80 and above share, and those of 0xEF besides.
const HIGH: u32 = scalar::bits(0x80);
const EF: u32 = scalar::bits(0xEF);

/// Byte order that makes the transposed bits come out in the order of the text: each group of eight, reversed.
static REVERSE: [u8; 64] = order(false);
/// Byte `c` of each group of eight to group `c`.
static GATHER: [u8; 64] = order(true);

/// 0 to 63.
static NUMBERS: [u8; 64] = {
    let mut t = [0; 64];
    let mut i = 0;
    while i < 64 {
        t[i] = i as u8;
        i += 1;
    }
    t
};

const fn order(gather: bool) -> [u8; 64] {
    let mut t = [0; 64];
    let mut i = 0;
    while i < 64 {
        t[i] = if gather { (i % 8 * 8 + i / 8) as u8 } else { (i / 8 * 8 + 7 - i % 8) as u8 };
        i += 1;
    }
    t
}

/// Classifies a chunk and computes its events. Callers must have checked `Kernel::Avx512.available()`.
pub fn run(chunk: &mut Chunk, part: &[u8], base: usize, lists: &mut Lists) {
    debug_assert!(super::Kernel::Avx512.available());
    // SAFETY: the scanner selects this kernel only after `available()` found these features.
    unsafe { run_avx512(chunk, part, base, lists) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,gfni,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx512(chunk: &mut Chunk, part: &[u8], base: usize, lists: &mut Lists) {
    super::roll(chunk);
    let words = part.len().div_ceil(64);
    let (whole, rest) = part.as_chunks::<{ TILE * 64 }>();
    for (i, bytes) in whole.iter().enumerate() {
        tile(chunk, FRONT + i * TILE, bytes);
    }
    if !rest.is_empty() {
        let mut last = [0u8; TILE * 64];
        last[..rest.len()].copy_from_slice(rest);
        tile(chunk, FRONT + whole.len() * TILE, &last);
    }
    if words < CHUNK_WORDS {
        super::pad(chunk, FRONT + words);
    }
    algebra::run(chunk);
    flatten(chunk, words, base, lists);
}

/// Lists the events of a chunk that begins at `base`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi1,popcnt")]
fn flatten(chunk: &Chunk, words: usize, base: usize, lists: &mut Lists) {
    let tiles = (words + 1).min(CHUNK_WORDS).div_ceil(TILE);
    for (list, masks) in lists.iter_mut().zip(&chunk.event) {
        // One loop over the words that hold something: one mispredicted end for each kind.
        let mut some = 0u64;
        for (g, tile) in masks.as_chunks::<TILE>().0[..tiles].iter().enumerate() {
            // SAFETY: the tile is 64 readable bytes; the load has no alignment need.
            let v = unsafe { _mm512_loadu_si512(tile.as_ptr().cast()) };
            some |= u64::from(_mm512_test_epi64_mask(v, v)) << (g * TILE);
        }
        while some != 0 {
            let w = some.trailing_zeros() as usize;
            positions(masks[w % CHUNK_WORDS], (base + w * 64) as u32, list);
            some &= some - 1;
        }
    }
}

/// Appends the positions of a word's bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi1,popcnt")]
fn positions(mask: u64, base: u32, list: &mut List) {
    let mut n = mask.count_ones() as usize;
    let mut numbers = _mm512_maskz_compress_epi8(mask, load(&NUMBERS));
    loop {
        let wide =
            _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(numbers)), _mm512_set1_epi32(base as i32));
        let some: &mut [u32; BATCH] = list.room();
        // SAFETY: the array is 64 writable bytes; the store has no alignment need.
        unsafe { _mm512_storeu_si512(some.as_mut_ptr().cast(), wide) }
        list.add(n.min(BATCH));
        if n <= BATCH {
            return;
        }
        n -= BATCH;
        numbers = _mm512_shuffle_i64x2::<0b11_11_10_01>(numbers, numbers);
    }
}

/// Classifies the bytes of eight words into slots `at..at + 8` of every class.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn tile(chunk: &mut Chunk, at: usize, bytes: &[u8; TILE * 64]) {
    let reverse = load(&REVERSE);
    let gather = load(&GATHER);
    let unit = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
    let tables: [[__m512i; 2]; GROUPS] = std::array::from_fn(|g| {
        let (low, high) = ASCII[g].split_at(64);
        [load(low.try_into().expect("half of 128")), load(high.try_into().expect("half of 128"))]
    });
    let mut masks = [[_mm512_setzero_si512(); TILE]; GROUPS];
    for (w, word) in bytes.as_chunks::<64>().0.iter().enumerate() {
        let v = _mm512_shuffle_epi8(load(word), reverse_in_lanes(reverse));
        let high = _mm512_movepi8_mask(v);
        let ef = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(0xEF_u8 as i8));
        for g in 0..GROUPS {
            let [low, upper] = tables[g];
            let mut c = _mm512_permutex2var_epi8(low, v, upper);
            c = _mm512_mask_mov_epi8(c, high, _mm512_set1_epi8((HIGH >> (8 * g)) as i8));
            if (EF ^ HIGH) >> (8 * g) & 0xFF != 0 {
                c = _mm512_mask_mov_epi8(c, ef, _mm512_set1_epi8((EF >> (8 * g)) as i8));
            }
            let bits = _mm512_gf2p8affine_epi64_epi8::<0>(unit, c);
            masks[g][w] = _mm512_permutexvar_epi8(gather, bits);
        }
    }
    for (g, words) in masks.into_iter().enumerate() {
        for (row, v) in chunk.class[g * GROUP..].iter_mut().take(GROUP).zip(transpose(words)) {
            let to: &mut [u64; TILE] = (&mut row[at..at + TILE]).try_into().expect("eight slots");
            // SAFETY: the array is 64 writable bytes; the store has no alignment need.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), v) }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array is 64 readable bytes; the load has no alignment need.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Byte numbers within lanes of sixteen, as the shuffle wants them.
#[inline]
#[target_feature(enable = "avx512f")]
fn reverse_in_lanes(order: __m512i) -> __m512i {
    _mm512_and_si512(order, _mm512_set1_epi8(15))
}

/// Rows to columns, 8 by 8.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(r: [__m512i; 8]) -> [__m512i; 8] {
    let pair = |a, b| (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let (a0, a1) = pair(r[0], r[1]);
    let (b0, b1) = pair(r[2], r[3]);
    let (c0, c1) = pair(r[4], r[5]);
    let (d0, d1) = pair(r[6], r[7]);
    let quad = |a, b, c, d| {
        let (x, y) = (_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xDD>(a, b));
        let (z, w) = (_mm512_shuffle_i64x2::<0x88>(c, d), _mm512_shuffle_i64x2::<0xDD>(c, d));
        [
            _mm512_shuffle_i64x2::<0x88>(x, z),
            _mm512_shuffle_i64x2::<0x88>(y, w),
            _mm512_shuffle_i64x2::<0xDD>(x, z),
            _mm512_shuffle_i64x2::<0xDD>(y, w),
        ]
    };
    let even = quad(a0, b0, c0, d0);
    let odd = quad(a1, b1, c1, d1);
    [even[0], odd[0], even[1], odd[1], even[2], odd[2], even[3], odd[3]]
}
