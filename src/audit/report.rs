//! placeholder
pub fn html(_: &super::Manifest) -> String { String::new() }
