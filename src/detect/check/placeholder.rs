//! Values that stand for "no value": they identify nobody and stay.

/// True for a word of at most nine letters that stands for none.
fn is_word(v: &[u8]) -> bool {
    let mut low = [0; 9];
    let Some(low) = low.get_mut(..v.len()) else { return false };
    low.copy_from_slice(v);
    low.make_ascii_lowercase();
    matches!(
        &low[..],
        b"-" | b"null"
            | b"nil"
            | b"none"
            | b"unknown"
            | b"n/a"
            | b"na"
            | b"undefined"
            | b"true"
            | b"false"
            | b"nan"
            | b"(null)"
            | b"<null>"
            | b"empty"
            | b"default"
            | b"test"
            | b"anonymous"
            | b"*"
            | b"?"
            | b"void"
            | b"unset"
            | b"not set"
            | b"(not set)"
            | b"0x0"
            | b"[]"
            | b"{}"
    )
}

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
        2..=9 if !first.is_ascii_digit() || v.len() < 4 => is_word(v),
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
