//! NEON kernel: four vectors of 16 bytes; three rounds of pairwise adds turn their byte masks into 64 bits.

use super::{CLASSES, Chunk, Lists, Masks, algebra, class, fill, flatten};
use std::arch::aarch64::*;

/// Classifies a chunk and computes its events. Callers must have checked `Kernel::Neon.available()`.
pub fn run(chunk: &mut Chunk, part: &[u8], base: usize, lists: &mut Lists) {
    debug_assert!(super::Kernel::Neon.available());
    // SAFETY: the scanner selects this kernel only after `available()` found neon.
    unsafe { run_neon(chunk, part, base, lists) }
}

#[target_feature(enable = "neon")]
fn run_neon(chunk: &mut Chunk, part: &[u8], base: usize, lists: &mut Lists) {
    fill(chunk, part, |b| word(b));
    algebra::run(chunk);
    flatten(chunk, part.len().div_ceil(64), base, lists);
}

type Quad = [uint8x16_t; 4];

#[inline]
#[target_feature(enable = "neon")]
fn each(v: Quad, f: impl Fn(uint8x16_t) -> uint8x16_t) -> Quad {
    [f(v[0]), f(v[1]), f(v[2]), f(v[3])]
}

/// One bit per byte that is all ones.
#[inline]
#[target_feature(enable = "neon")]
fn bits(m: Quad) -> u64 {
    let weights: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: the array holds the 16 bytes that are read; the load has no alignment need.
    let w = unsafe { vld1q_u8(weights.as_ptr()) };
    let m = each(m, |x| vandq_u8(x, w));
    let sum = vpaddq_u8(vpaddq_u8(m[0], m[1]), vpaddq_u8(m[2], m[3]));
    let sum = vpaddq_u8(sum, sum);
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(sum))
}

#[inline]
#[target_feature(enable = "neon")]
fn word(bytes: &[u8; 64]) -> Masks {
    let load = |i: usize| {
        // SAFETY: the four loads lie inside the 64 readable bytes and have no alignment need.
        unsafe { vld1q_u8(bytes.as_ptr().add(16 * i)) }
    };
    let v: Quad = [load(0), load(1), load(2), load(3)];
    let eq = |c: u8| bits(each(v, |x| vceqq_u8(x, vdupq_n_u8(c))));
    let either = |a: u8, b: u8| bits(each(v, |x| vorrq_u8(vceqq_u8(x, vdupq_n_u8(a)), vceqq_u8(x, vdupq_n_u8(b)))));
    let within = |x: uint8x16_t, first: u8, n: u8| vcltq_u8(vsubq_u8(x, vdupq_n_u8(first)), vdupq_n_u8(n));
    let fold = |x: uint8x16_t| vorrq_u8(x, vdupq_n_u8(0x20));
    let digit = bits(each(v, |x| within(x, b'0', 10)));
    let mut m = [0u64; CLASSES];
    m[class::DIGIT] = digit;
    m[class::HEX] = digit | bits(each(v, |x| within(fold(x), b'a', 6)));
    m[class::WORD] = digit | bits(each(v, |x| vorrq_u8(within(fold(x), b'a', 26), vcgeq_u8(x, vdupq_n_u8(0x80)))));
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
    m[class::HIGH] = bits(each(v, |x| vcgeq_u8(x, vdupq_n_u8(0x80))));
    m[class::TERM] = bits(each(v, |x| vcltq_u8(x, vdupq_n_u8(0x21))))
        | either(b'"', b'\'')
        | either(b'&', b';')
        | either(b',', b')')
        | either(b']', b'}')
        | either(b'<', b'>')
        | eq(b'|');
    m[class::HASH] = eq(b'#');
    m[class::REF] = either(b'&', b';');
    m[class::FRAME] = either(b'[', b']') | either(b'(', b'`');
    m
}
