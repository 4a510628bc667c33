//! Parts of the end-to-end harness.

pub mod adversarial;
pub mod build;
pub mod child;
pub mod filters;
pub mod flat;
pub mod generate;
pub mod lab;
pub mod latency;
pub mod measure;
pub mod peers;
pub mod table;

/// What ends the harness.
pub type Failure = Box<dyn std::error::Error>;
