//! What happens later? Retention kept, subjects erased and traced, values revealed on record.

pub mod needles;
pub mod records;
pub mod retain;
pub mod vault;
