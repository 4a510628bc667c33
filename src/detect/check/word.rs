//! Words that stand beside a name in a list and are not its value: types, rules, directions, ways to log in.

/// Types of columns and fields, what validators say of them, and orders.
const WORDS: &[&str] = &[
    "any",
    "array",
    "asc",
    "bigint",
    "binary",
    "blank",
    "blob",
    "bool",
    "boolean",
    "bytes",
    "char",
    "date",
    "datetime",
    "decimal",
    "desc",
    "double",
    "enum",
    "expired",
    "float",
    "hidden",
    "int",
    "int32",
    "int64",
    "integer",
    "invalid",
    "json",
    "keyword",
    "long",
    "mismatch",
    "missing",
    "null",
    "number",
    "numeric",
    "object",
    "optional",
    "required",
    "sensitive",
    "str",
    "string",
    "text",
    "timestamp",
    "unique",
    "utf8",
    "uuid",
    "varchar",
    "varchar2",
];

/// True for a word about a field: `string`, `varchar(255)`, `<U10` (numpy), `required`.
pub fn is_about(v: &[u8]) -> bool {
    let bare = v.strip_prefix(b"<").or(v.strip_prefix(b"|")).unwrap_or(v);
    let numpy = bare.len() < v.len()
        && matches!(bare, [b'U' | b'S' | b'O' | b'i' | b'f', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    let open = v.iter().position(|b| *b == b'(').filter(|_| v.ends_with(b")"));
    let word = &v[..open.unwrap_or(v.len())];
    numpy || WORDS.iter().any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
}

/// First words of sentences about a field.
const BEGIN: &[&str] = &[
    "is",
    "was",
    "are",
    "be",
    "must",
    "may",
    "can",
    "can't",
    "cannot",
    "should",
    "will",
    "has",
    "have",
    "does",
    "doesn't",
    "do",
    "don't",
    "not",
    "needs",
    "please",
    "invalid",
    "field",
    "incorrect",
    "wrong",
    "missing",
    "too",
    "the",
    "this",
    "your",
    "no",
    "expected",
    "value",
];

/// True for a sentence about a field: `can't be blank`, `must have 8 characters`.
pub fn is_sentence(v: &[u8]) -> bool {
    let Some(blank) = v.iter().position(|b| *b == b' ') else { return false };
    BEGIN.iter().any(|w| v[..blank].eq_ignore_ascii_case(w.as_bytes()))
}

/// How validators begin what they say of a field in its place.
const VERDICTS: &[&str] = &[
    "must be ",
    "must not be ",
    "must have ",
    "must contain ",
    "must match ",
    "should be ",
    "should have ",
    "string should ",
    "is too short",
    "is too long",
    "is required",
    "is invalid",
    "is not ",
    "can't be ",
    "cannot be ",
    "may not be ",
    "does not match ",
    "doesn't match ",
    "has already been ",
    "this field ",
    "ensure this ",
    "size must be ",
    "length must be ",
    "password must ",
    "password is too ",
];

/// True for what a validator says in the place of a value: `is too short (minimum is 8 characters)`, `The password field is required.`
pub fn is_verdict(v: &[u8]) -> bool {
    let begins = |w: &str| v.get(..w.len()).is_some_and(|f| f.eq_ignore_ascii_case(w.as_bytes()));
    let holds = |w: &[u8]| memchr::memmem::find(v, w).is_some();
    v.len() <= 160
        && memchr::memchr(b' ', v).is_some()
        && (VERDICTS.iter().any(|w| begins(w)) || begins("the ") && (holds(b" field is ") || holds(b" must be ")))
}

/// Names of ways to log in that hold a digit.
const WAYS: &[&str] = &["oauth", "saml", "fido", "2fa", "u2f", "mfa", "ldap", "sha", "md5", "pbkdf2", "x509", "urn:"];

/// True for what may be a name or word as well as a value: letters and their marks, ways to log in, sentences.
pub fn is_like(v: &[u8]) -> bool {
    let sign = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b':' | b'/' | b' ');
    v.iter().all(sign) || WAYS.iter().any(|w| v.get(..w.len()).is_some_and(|f| f.eq_ignore_ascii_case(w.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_values() {
        for v in ["string", "VARCHAR(255)", "<U10", "|S5", "required", "int64", "asc"] {
            assert!(is_about(v.as_bytes()), "{v}");
        }
        for v in ["hunter2", "strings9", "(x)", "<Usd", "U10", ""] {
            assert!(!is_about(v.as_bytes()), "{v}");
        }
        assert!(is_sentence(b"can't be blank") && is_sentence(b"Must have 8 signs"));
        assert!(!is_sentence(b"correct horse") && !is_sentence(b"is"));
        for v in [
            "is too short (minimum is 8 characters)",
            "The password must be at least 8 characters.",
            "Must not be blank",
        ] {
            assert!(is_verdict(v.as_bytes()), "{v}");
        }
        for v in ["the quick brown fox", "must", "is that so", "mustbe 8 x"] {
            assert!(!is_verdict(v.as_bytes()), "{v}");
        }
        for v in
            ["client_credentials", "oauth2", "urn:ietf:params:oauth:grant-type:saml2-bearer", "keyboard-interactive"]
        {
            assert!(is_like(v.as_bytes()), "{v}");
        }
        assert!(!is_like(b"hunter2") && !is_like(b"s3cret!") && !is_like("密码".as_bytes()));
    }
}
