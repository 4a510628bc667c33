//! Values that stand for "no value": they identify nobody and stay.

const WORDS: &[&str] = &[
    "-",
    "null",
    "nil",
    "none",
    "unknown",
    "n/a",
    "na",
    "undefined",
    "true",
    "false",
    "nan",
    "(null)",
    "<null>",
    "empty",
    "default",
    "test",
    "anonymous",
    "*",
    "?",
    "void",
    "unset",
    "not set",
    "(not set)",
    "0x0",
    "[]",
    "{}",
];

/// True for an empty, constant or opted-out value.
pub fn is(v: &[u8]) -> bool {
    if v.len() > 40 {
        return false;
    }
    let mut marks = v.iter().filter(|b| !matches!(b, b'-' | b':' | b'.'));
    let Some(first) = marks.next() else { return true };
    if marks.all(|b| b == first)
        && (first.is_ascii_digit() || v.len() == 1 || first.eq_ignore_ascii_case(&b'f') && v.len() > 8)
    {
        return true;
    }
    match v.len() {
        2..=9 if !first.is_ascii_digit() || v.len() < 4 => WORDS.iter().any(|w| v.eq_ignore_ascii_case(w.as_bytes())),
        12 => v == b"020000000000",
        15 => v == b"004999010640000",
        16 => v == b"9774d56d682e549c",
        17 => v == b"02:00:00:00:00:00",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        for v in [
            "",
            "-",
            "NULL",
            "0",
            "00000000-0000-0000-0000-000000000000",
            "000000000000000",
            "02:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
        ] {
            assert!(super::is(v.as_bytes()), "{v}");
        }
        for v in ["13800138000", "alice", "1.2.3.4"] {
            assert!(!super::is(v.as_bytes()), "{v}");
        }
    }
}
