//! Passwords as servers keep them: hashes of crypt(5) and its kin. From one of these a password is guessed, not computed, but most are
//! guessed soon.

use super::{Found, Skip, Text};
use crate::detect::check::output;
use crate::model::{Confidence, RuleId, well_known as e};

/// Looks at every dollar sign.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    if !text.dollars {
        return;
    }
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for p in memchr::memchr_iter(b'$', t) {
        if p < done || skip.covers(p) {
            continue;
        }
        let Some((start, end)) = hash(t, p) else { continue };
        done = end;
        if !output::is(&t[start..end]) {
            found.push(start, end, e::PASSWORD, RuleId::Document, Confidence::Checked);
        }
    }
}

/// Longest hash that is looked at.
const LONGEST: usize = 512;

/// Shortest digest of those whose length their name does not tell.
const DIGEST: usize = 22;

/// Names that stand before the first dollar sign (Django).
const DJANGO: [&[u8]; 3] = [b"pbkdf2_sha256", b"pbkdf2_sha1", b"pbkdf2_sha512"];

/// The hash whose name stands before or behind the dollar sign at `p`.
fn hash(t: &[u8], p: usize) -> Option<(usize, usize)> {
    let v = &t[p + 1..t.len().min(p + LONGEST)];
    if v.first()?.is_ascii_digit()
        && let Some(name) = DJANGO.iter().find(|n| t[..p].ends_with(n))
    {
        // `pbkdf2_sha256$600000$salt$digest`
        return loose(v, 2).map(|n| (p - name.len(), p + 1 + n));
    }
    modular(v).map(|n| (p, p + 1 + n))
}

/// Length of a hash behind its first dollar sign.
fn modular(v: &[u8]) -> Option<usize> {
    let id = &v[..v.iter().take(16).position(|b| *b == b'$')?];
    let rounds = v[id.len() + 1..].starts_with(b"rounds=");
    // Dollar signs before the digest, and how long that is.
    let (parts, digest) = match id {
        b"1" | b"apr1" => (2, 22),
        b"2a" | b"2b" | b"2x" | b"2y" => (2, 53),
        b"5" => (2 + usize::from(rounds), 43),
        b"6" => (2 + usize::from(rounds), 86),
        b"y" | b"gy" => (3, 43),
        b"P" | b"H" => (1, 31),
        b"sha1" => (3, 28),
        // Their parameters may be left out, and their digests are as long as one wants.
        b"argon2i" | b"argon2d" | b"argon2id" | b"scrypt" => return (2..=4).rev().find_map(|n| loose(v, n)),
        _ if id.starts_with(b"pbkdf2") => return loose(v, 3),
        _ => return None,
    };
    let (end, len) = last_part(v, parts)?;
    // Padding and what follows a sentence are no part of a digest of known length.
    let over = len.checked_sub(digest)?;
    let rest = &v[end - over..end];
    (rest.first().is_none_or(|b| !b.is_ascii_alphanumeric())).then_some(end - over)
}

fn loose(v: &[u8], parts: usize) -> Option<usize> {
    last_part(v, parts).filter(|(_, digest)| *digest >= DIGEST).map(|(end, _)| end)
}

/// Where the part behind the dollar sign of that number ends, and how long it is; the parts before hold what salts and parameters do.
fn last_part(v: &[u8], parts: usize) -> Option<(usize, usize)> {
    let mut at = 0;
    for _ in 0..parts {
        let n = v[at..].iter().position(|b| !is_sign(*b) && !matches!(b, b'=' | b',' | b'-' | b'_'))?;
        if v[at + n] != b'$' || n == 0 {
            return None;
        }
        at += n + 1;
    }
    let n = v[at..].iter().take_while(|b| is_sign(**b)).count();
    let pad = v[at + n..].iter().take(2).take_while(|b| **b == b'=').count();
    Some((at + n + pad, n + pad))
}

/// Signs of base64 and of crypt's own.
fn is_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'+')
}

#[cfg(test)]
mod tests {
    use super::hash;

    fn of(text: &str) -> Option<&str> {
        let t = text.as_bytes();
        memchr::memchr_iter(b'$', t).find_map(|p| hash(t, p)).map(|(s, e)| &text[s..e])
    }

    #[test]
    fn forms_of_crypt_are_hashes() {
        let digest = |n: usize| "aB3./xYz9".chars().cycle().take(n).collect::<String>();
        for hash in [
            format!("$1$salt${}", digest(22)),
            format!("$apr1$lZL6V/ci${}", digest(22)),
            format!("$2b$12${}", digest(53)),
            format!("$2y$05${}", digest(53)),
            format!("$5$salt${}", digest(43)),
            format!("$5$rounds=5000$salt${}", digest(43)),
            format!("$6$salt${}", digest(86)),
            format!("$y$j9T$salt${}", digest(43)),
            format!("$P$B{}", digest(30)),
            format!("$sha1$40000$salt${}", digest(28)),
            format!("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ${}", digest(43)),
            format!("$argon2i$m=65536,t=3,p=4$c29tZXNhbHQ${}", digest(43)),
            format!("$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q${}", digest(43)),
            format!("$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ${}", digest(43)),
            format!("pbkdf2_sha256$600000$salt${}=", digest(43)),
        ] {
            for text in
                [hash.clone(), format!("alice:{hash}:19000:0"), format!("was {hash}, so"), format!("\"{hash}\",")]
            {
                assert_eq!(of(&text), Some(hash.as_str()), "{text}");
            }
            // One that was cut off has too short a digest, unless its salt would do for one.
            let cut = of(&hash[..hash.len() - 24]);
            assert!(cut.is_none_or(|cut| cut.starts_with("$scrypt$") || cut.starts_with("$pbkdf2")), "{cut:?}");
        }
    }

    #[test]
    fn other_dollar_signs_are_none() {
        for text in [
            "at com.example.Foo$1$MethodHandlerWithAVeryLongName.run(Foo.java:12)",
            "rewrite ^/(.*)$ /x/$1$is_args$arguments_of_the_whole_request last",
            "costs $2 and $6$ more",
            "$2b$12$short",
            "$5$",
            "$",
            "a$P$",
            "$argon2id$v=19$",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
