//! Which field is this, and how is it written?

pub mod base64;
pub mod encode;
pub mod flat;
pub mod layout;
pub mod marks;
pub mod slot;
pub mod terminal;
pub mod time;
pub mod url;
pub mod view;
