//! Two accidents of the build that nothing else would show: `aes` ran seven to ten times slower with thin LTO and
//! several codegen units, `sha2` seventy-five times slower with `target-cpu=native` and fat LTO.

use super::Failure;
use super::measure::median;
use super::table::Row;
use logveil::engine::HashKernel;
use logveil::transform::canonical::CanonBuf;
use logveil::transform::cmac::CmacKey;
use logveil::transform::lanes::{Batch, HmacKey};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

/// Nanoseconds of CPU time of this thread.
fn now() -> f64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as f64 * 1e9 + t.tv_nsec as f64
}

/// Nanoseconds of one call, the median of several loops.
fn each(calls: u32, mut f: impl FnMut()) -> f64 {
    median((0..9).map(|_| {
        let started = now();
        (0..calls).for_each(|_| f());
        (now() - started) / f64::from(calls)
    }))
}

/// A yardstick that no compiler setting moves: one step of a chain of dependent multiplications (3 cycles).
fn step() -> f64 {
    let mut x = black_box(0x9E37_79B9_7F4A_7C15_u64);
    let ns = each(100_000, || x = black_box(x).wrapping_mul(0x2545_F491_4F6C_DD1D) | 1);
    black_box(x);
    ns
}

/// Time of each in nanoseconds and in steps of the yardstick; above the limit the build is at fault.
pub fn build() -> Result<Vec<Row>, Failure> {
    let (aes, hmac) = (CmacKey::new(&[7; 16]), HmacKey::new(&[7; 32]));
    let msg = black_box(*b"13800138000+86..");
    let canon = CanonBuf::of(&msg);
    let mut batch = Batch::new(HashKernel::detect());
    let step = step();
    let lanes = each(2_000, || {
        batch.clear();
        for _ in 0..16 {
            batch.push(&hmac, black_box(&canon));
        }
        batch.run();
        black_box(batch.tag(15));
    });
    let hardware = cfg!(not(target_arch = "x86_64")) || hardware_aes();
    let rows = [
        ("AES-CMAC of 16 bytes (aes)", each(20_000, || _ = black_box(aes.tag(black_box(&msg)))), 150.0),
        ("HMAC-SHA256 of 16 bytes (sha2)", each(5_000, || _ = black_box(hmac.tag(black_box(&msg)))), 1500.0),
        ("HMAC-SHA256 of 16 bytes, in lanes", lanes / 16.0, 300.0),
    ];
    let row = |(name, ns, limit): (&str, f64, f64)| {
        let steps = ns / step;
        Row::new("build", name, vec![("ns", ns), ("steps", steps), ("limit", limit)])
            .flag(steps > limit && hardware, "SLOW: look at the build profile")
    };
    Ok(rows.into_iter().map(row).collect())
}

#[cfg(target_arch = "x86_64")]
fn hardware_aes() -> bool {
    is_x86_feature_detected!("aes")
}

#[cfg(not(target_arch = "x86_64"))]
fn hardware_aes() -> bool {
    false
}
