//! logveil finds personal data in access logs and telemetry, replaces it by policy and tags what remains.
//!
//! # Layers
//! An import may only point to a smaller row. `tests/tidy.rs` reads this table and enforces it.
//!
//! | row | module | the question it answers |
//! |---|---|---|
//! | 1 | `model` | what do the words mean? |
//! | 2 | `rules` | what did the TOML say? |
//! | 2 | `keys` | which key? |
//! | 3 | `input` | where does a record end? |
//! | 3 | `format` | which field is this, and how is it written? |
//! | 3 | `audit` | what was done, never to what |
//! | 4 | `detect` | where is it? |
//! | 4 | `transform` | what replaces it? |
//! | 5 | `policy` | what must be done? |
//! | 6 | `tag` | how long may it stay, and who said so? |
//! | 7 | `engine` | the hot loop, the only maker of `Clean` |
//! | 8 | `output` | where does it go? |
//! | 9 | `lifecycle` | what happens later? |
//! | 9 | `sidecar` | how does it stay beside a web server? (feature `sidecar`) |
//! | 10 | `shell` | how is it run? |
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

pub mod audit;
pub mod detect;
pub mod engine;
pub mod format;
pub mod input;
pub mod keys;
pub mod lifecycle;
pub mod model;
pub mod output;
pub mod policy;
pub mod rules;
pub mod shell;
#[cfg(feature = "sidecar")]
pub mod sidecar;
pub mod tag;
pub mod transform;
