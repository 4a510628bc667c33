//! Names of HTTP authentication schemes: the IANA registry (RFC 9110 section 16.4.1) and what services add to it.

const NAMES: &[&str] = &[
    "ApiKey",
    "AWS4-HMAC-SHA256",
    "Basic",
    "Bearer",
    "Concealed",
    "Digest",
    "DPoP",
    "GNAP",
    "Hawk",
    "HOBA",
    "JDCLOUD2-HMAC-SHA256",
    "Mutual",
    "Negotiate",
    "NTLM",
    "OAuth",
    "PrivateToken",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "Token",
    "vapid",
];

/// True for the name of a scheme.
pub fn is(v: &[u8]) -> bool {
    NAMES.iter().any(|n| v.eq_ignore_ascii_case(n.as_bytes()))
}

/// The name of a scheme with the blank behind it, and the credential; without a scheme, all of it is the credential.
pub fn split(v: &[u8]) -> (&[u8], &[u8]) {
    let blank = v.iter().position(|&b| b == b' ').filter(|&i| is(&v[..i]));
    v.split_at(blank.map_or(0, |i| i + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_are_told_from_credentials() {
        assert_eq!(split(b"bearer abc"), (&b"bearer "[..], &b"abc"[..]));
        assert_eq!(split(b"c0rrect horse"), (&b""[..], &b"c0rrect horse"[..]));
        assert_eq!(split(b"Bearer"), (&b""[..], &b"Bearer"[..]));
    }
}
