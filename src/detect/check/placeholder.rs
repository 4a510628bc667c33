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
            | b"(null"
            | b"(nil)"
            | b"(nil"
            | b"<nil>"
            | b"(none)"
            | b"(none"
            | b"(empty)"
            | b"(empty"
            | b"(unset)"
            | b"(unset"
            | b"omitted"
            | b"disabled"
            | b"enabled"
            | b"optional"
            | b"<null>"
            | b"empty"
            | b"default"
            | b"test"
            | b"anonymous"
            | b"*"
            | b"?"
            | b"void"
            | b"yes"
            | b"no"
            | b"chauthtok"
            | b"n\\a"
            | b"n\\\\a"
            | b"unset"
            | b"not set"
            | b"(not set)"
            | b"0x0"
            | b"[]"
            | b"{}"
    )
}

/// True for what loggers write over a secret (`[FILTERED]`, `__REDACTED__`, `<masked>`), and for a number of a message of
/// Windows (`%%1843`).
fn is_veiled(v: &[u8]) -> bool {
    if let Some(n) = v.strip_prefix(b"%%") {
        return n.iter().all(u8::is_ascii_digit);
    }
    let marks = |b: &u8| matches!(b, b'[' | b'<' | b'(' | b'_' | b']' | b'>' | b')');
    let from = v.iter().take_while(|b| marks(b)).count();
    let to = v.len() - v.iter().rev().take_while(|b| marks(b)).count();
    let veils = ["filtered", "redacted", "masked", "hidden", "removed", "protected", "sanitized", "scrubbed"];
    v.get(from..to).is_some_and(|w| veils.iter().any(|x| w.eq_ignore_ascii_case(x.as_bytes())))
}

/// True for an empty, constant or opted-out value.
pub fn is(v: &[u8]) -> bool {
    if v.len() > 40 {
        return false;
    }
    let mut marks = v.iter().filter(|b| !matches!(b, b'-' | b':' | b'.'));
    let Some(first) = marks.next() else { return true };
    if marks.all(|b| b == first)
        && (first.is_ascii_digit()
            || v.len() == 1
            || first.eq_ignore_ascii_case(&b'f') && v.len() > 8
            || matches!(first, b'x' | b'X' | b'#') && v.len() > 3)
    {
        return true;
    }
    if matches!(first, b'[' | b'<' | b'(' | b'_' | b'%') && (3..=15).contains(&v.len()) && is_veiled(v) {
        return true;
    }
    // A quote alone is no value, nor is one that is written as an escape.
    if *first == b'#' && v.chunks(3).all(|c| matches!(c, b"#22" | b"#27")) {
        return true;
    }
    match v.len() {
        2..=9 if first.is_ascii() && (!first.is_ascii_digit() || v.len() < 4) => is_word(v),
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
            "[FILTERED]",
            "__REDACTED__",
            "[Filtered",
            "<masked>",
            "%%1843",
            "YES",
            "No",
            "N\\A",
            "#22",
            "#27#27",
        ] {
            assert!(super::is(v.as_bytes()), "{v}");
        }
        for v in
            ["13800138000", "alice", "1.2.3.4", "[secret]", "%1843", "_filtered2_", "<a>", "%%18a3", "#223", "#22a"]
        {
            assert!(!super::is(v.as_bytes()), "{v}");
        }
    }
}
