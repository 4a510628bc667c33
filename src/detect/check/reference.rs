//! References to a value that stands elsewhere: variables of shells, templates and statements, and what examples show.

/// True when `v` begins with a reference that is all of the value: `${DB_PASSWORD}`, `$PASSWORD`, `%DB_PASSWORD%`, `$(cat x)`, `{{ x }}`,
/// `#{password,jdbcType=VARCHAR}`, `${{ secrets.X }}`. The end of `v` closes its brackets.
pub fn is(v: &[u8]) -> bool {
    match v {
        [b'$', b'{', b'{', ..] => true,
        [b'$' | b'#' | b'%', b'{', rest @ ..] => {
            let n = identifier(rest);
            // What stands behind `:-` is a value.
            n > 0
                && matches!(
                    rest.get(n..),
                    Some([] | [b'}' | b',', ..] | [b':', b'-' | b'?', b'}', ..] | [b':', b'?', ..])
                )
        }
        [b'$', b'(', rest @ ..] => rest.first().is_some_and(u8::is_ascii_alphanumeric),
        [b'$', rest @ ..] => {
            let n = constant(rest);
            n > 2 && ends(&rest[n..])
        }
        [b'%', rest @ ..] => {
            let n = constant(rest);
            n > 2 && rest.get(n) == Some(&b'%') && ends(&rest[n + 1..])
        }
        [b'{', b'{', rest @ ..] => rest.first().is_some_and(|b| *b == b' ' || *b == b'-' || b.is_ascii_alphabetic()),
        _ => false,
    }
}

/// `<token>`, `<your-api-key>`: what an example shows.
pub fn is_example(v: &[u8]) -> bool {
    let word = v.strip_prefix(b"<").and_then(|v| v.strip_suffix(b">"));
    word.is_some_and(|w| !w.is_empty() && w.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b' ')))
}

/// Length of a name with dots at the front of `v`.
fn identifier(v: &[u8]) -> usize {
    let begins = v.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if begins { v.iter().take_while(|b| sign(b)).count() } else { 0 }
}

/// Length of a name in capitals at the front of `v`.
fn constant(v: &[u8]) -> usize {
    v.iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'_').count()
}

/// True when no sign of a value follows.
fn ends(rest: &[u8]) -> bool {
    rest.first()
        .is_none_or(|b| *b <= b' ' || matches!(b, b'"' | b'\'' | b'`' | b',' | b';' | b')' | b']' | b'}' | b'<' | b'&'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_values() {
        for v in [
            "${DB_PASSWORD}",
            "${DB_PASSWORD",
            "${db.password}",
            "${DB_PASSWORD:-}",
            "${DB_PASSWORD:?unset}",
            "${{ secrets.X }}",
            "$PASSWORD",
            "$DB_PASSWORD,",
            "%DB_PASSWORD%",
            "$(cat /run/x)",
            "{{ password }}",
            "#{password,jdbcType=VARCHAR}",
            "%{pw}",
        ] {
            assert!(is(v.as_bytes()), "{v}");
        }
        for v in [
            "${DB_PASSWORD:-hunter2}",
            "$ecret",
            "$2b$10$abc",
            "$A1",
            "$PASSWORD1x",
            "%A%",
            "%DB%x",
            "$(",
            "{x",
            "${1}",
            "$",
            "#1",
        ] {
            assert!(!is(v.as_bytes()), "{v}");
        }
        assert!(
            is_example(b"<token>") && is_example(b"<your api-key>") && !is_example(b"<hunter2>") && !is_example(b"<>")
        );
    }
}
