//! Which field is this, and how is it written?

pub mod armour;
pub mod base64;
pub mod doubled;
pub mod encode;
pub mod escape;
pub mod flat;
pub mod layout;
pub mod mark;
pub mod marks;
mod near;
pub mod out;
pub mod region;
pub mod slot;
pub mod terminal;
pub mod time;
pub mod url;
pub mod view;
