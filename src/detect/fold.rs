//! The one form of all spellings of a key.

/// A key in lower case. The ideographs from U+3000 to U+9FFF have none.
pub fn lower(key: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(key) {
        Ok(k) if key.iter().any(|b| matches!(b, 0xC2..=0xE2 | 0xEA..)) => k.to_lowercase().into_bytes(),
        _ => key.to_ascii_lowercase(),
    }
}

/// Lower-case letters and digits of a key, without marks; keys beyond ASCII as they are.
pub fn joined(key: &[u8]) -> Vec<u8> {
    if key.is_ascii() { tokens(key).0 } else { key.to_vec() }
}

/// The joined key and where its tokens after the first begin, by marks and by camel case.
pub fn tokens(key: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let mut name = Vec::with_capacity(key.len());
    let mut starts = Vec::new();
    let mut before = b'_';
    for (i, &b) in key.iter().enumerate() {
        if b.is_ascii_alphanumeric() {
            let hump = b.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && key.get(i + 1).is_some_and(u8::is_ascii_lowercase)));
            if (hump || !before.is_ascii_alphanumeric()) && !name.is_empty() {
                starts.push(name.len());
            }
            name.push(b.to_ascii_lowercase());
        }
        before = b;
    }
    (name, starts)
}
