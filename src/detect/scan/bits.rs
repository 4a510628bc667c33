//! Plain code built for machines that count and shift bits fast.

/// True when this machine has the instructions.
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Whether to run code that was built for them.
#[derive(Clone, Copy, Debug)]
pub struct Bits(bool);

impl Bits {
    /// What this machine has.
    pub fn detect() -> Bits {
        Bits(available())
    }

    /// Runs `f`, built with these instructions as far as it is inlined.
    #[inline(always)]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        if self.0 {
            // SAFETY: only `detect` makes a true value, after it found these features.
            return unsafe { built(f) };
        }
        f()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,bmi2,lzcnt,popcnt")]
fn built<R>(f: impl FnOnce() -> R) -> R {
    f()
}
