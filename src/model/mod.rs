//! What do the words mean? Plain data: no I/O, no policy, no bytes kept.

mod block;
mod category;
mod decision;
mod entity;
mod finding;
mod sensitive;

pub use block::{Block, Window};
pub use category::{Category, CategorySet};
pub use decision::{ClauseId, Decision, RetentionId, TransformId};
pub use entity::{EntityId, Shape, WELL_KNOWN, well_known};
pub use finding::{Carriers, Confidence, Finding, RuleId, Span};
pub use sensitive::Sensitive;

/// This value can't take this transform; the engine suppresses it instead (fail closed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit;
