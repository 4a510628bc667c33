//! Which field is this, and how is it written?

pub mod encode;
pub mod view;
