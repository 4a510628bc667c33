//! What is due by its retention: planned by names and tags alone, then deleted, restricted, aggregated or thinned out.

pub mod aggregate;
pub mod holds;
pub mod place;
pub mod plan;
pub mod sweep;
pub mod tags;
pub mod thin;

use serde::{Deserialize, Serialize};

/// What becomes of something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Its ceiling is past: it goes.
    Delete,
    /// Its ceiling is past: counts of it stay.
    Aggregate,
    /// Its ceiling lies before its floor: it is kept under another key.
    Restrict,
    /// A legal hold keeps it.
    Held,
    /// Its name says no date that can be read.
    Unknown,
}
