//! What replaces it? One kind of transform, one file.

pub mod canonical;
pub mod cmac;
pub mod ipcrypt;
pub mod lanes;
pub mod mask;
pub mod pseudonym;
pub mod region;
pub mod truncate;
