//! Plain code built for machines that count and shift bits fast and move 32 bytes at once.

/// True when this machine has the instructions.
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("avx2");
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

    /// Does a task, built with these instructions as far as it is inlined.
    #[inline(always)]
    pub fn run(self, task: impl Task) {
        #[cfg(target_arch = "x86_64")]
        if self.0 {
            // SAFETY: only `detect` makes a true value, after it found these features.
            return unsafe { built(task) };
        }
        task.run();
    }
}

/// What is built twice. A trait, as closures can't be told to be inlined.
pub trait Task {
    /// Does it; to be marked `#[inline(always)]`.
    fn run(self);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn built(task: impl Task) {
    task.run();
}
