//! What happens later? Retention kept, subjects erased and traced, values revealed on record.

pub mod calendar;
pub mod erase;
pub mod ledger;
pub mod needles;
pub mod records;
pub mod retain;
pub mod vault;
