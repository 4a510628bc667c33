//! Fuzzing on stable Rust: inputs are made from the samples, the rules' own words and one another; a target states laws, not
//! only the absence of panics. `laws` holds what must be true, `mutate` makes inputs, `driver` runs and shrinks.
//!
//! ```sh
//! cargo run --release --bin engine -- 60          # sixty seconds
//! FUZZ_SEED=7 cargo run --release --bin engine -- 60
//! cargo run --release --bin engine -- failures/engine-0123456789abcdef
//! cargo fuzz run -s none engine --features libfuzzer   # coverage feedback of libFuzzer
//! ```
//!
//! A failing input is shrunk and written to `failures/`. Once it is understood it moves to `regressions/TARGET/`, from where
//! the product's own test suite replays it.

#[cfg(not(feature = "libfuzzer"))]
pub mod driver;
pub mod laws;
#[cfg(not(feature = "libfuzzer"))]
mod mutate;

#[cfg(feature = "libfuzzer")]
pub use libfuzzer_sys;

/// The `main` of a target, for this crate's driver or for libFuzzer.
#[macro_export]
macro_rules! target {
    ($law:ident) => {
        #[cfg(not(feature = "libfuzzer"))]
        fn main() -> std::process::ExitCode {
            $crate::driver::main(stringify!($law), $crate::laws::$law::check)
        }
        #[cfg(feature = "libfuzzer")]
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            $crate::laws::$law::check(data);
        });
    };
}
