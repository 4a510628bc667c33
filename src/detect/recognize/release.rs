//! Versions of packages, libraries and images: what stands beside the four numbers tells.

use super::version::is_host;

/// Endings of files that packages come in.
const FILES: &[&str] = &[
    "jar",
    "whl",
    "gem",
    "deb",
    "rpm",
    "tgz",
    "tar",
    "pom",
    "apk",
    "nupkg",
    "egg",
    "dll",
    "exe",
    "msi",
    "min",
    "dist-info",
    "RELEASE",
    "Final",
    "GA",
];

/// Words behind a version and its dash.
const STATES: &[&str] = &[
    "alpha", "alpine", "amd64", "arm64", "beta", "bookworm", "bullseye", "ee", "final", "ga", "hotfix", "jdk", "jre",
    "lts", "rc", "release", "slim", "snapshot", "sources", "x64",
];

/// True when what follows the four numbers `s..end` tells that they are a version: `.jar`, `-SNAPSHOT`, `+2-1~deb12u1`, `-0ubuntu1`.
#[inline(never)]
pub fn is(t: &[u8], s: usize, end: usize) -> bool {
    let rest = &t[end + 1..t.len().min(end + 25)];
    let word = |list: &[&str]| {
        list.iter().any(|w| {
            let next = rest.get(w.len());
            rest.get(..w.len()).is_some_and(|v| v.eq_ignore_ascii_case(w.as_bytes()))
                && !next.is_some_and(u8::is_ascii_alphabetic)
        })
    };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    match t[end] {
        b'~' => ["rc", "beta", "alpha", "deb", "ubuntu", "bpo", "dfsg"].iter().any(|w| rest.starts_with(w.as_bytes())),
        b'.' => word(FILES),
        b'+' => {
            let n = rest.iter().take(12).take_while(|b| b.is_ascii_alphanumeric()).count();
            n > 0 && matches!(rest.get(n), Some(b'-' | b'~'))
        }
        _ if digits == 0 => word(STATES),
        _ => {
            let after = &rest[digits..];
            let bracket = s > 0 && t[s - 1] == b'(' && after.first() == Some(&b')');
            bracket
                || after.first() == Some(&b'~')
                || [&b"ubuntu"[..], b".el", b".fc", b"build"].iter().any(|w| after.starts_with(w))
        }
    }
}

/// How far back a line is looked at.
const REACH: usize = 1024;

/// `/gems/actionpack-7.1.3.2/lib`, `Successfully installed opencv-python-4.9.0.80`: the name of a package before the dash before `s`.
#[inline(never)]
pub fn is_package(t: &[u8], s: usize) -> bool {
    let head = &t[..s - 1];
    let name = head.iter().rev().take(64).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
    let (before, name) = head.split_at(head.len() - name);
    if !name.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    if before.ends_with(b"/gems/") {
        return true;
    }
    let line = &before[before.len().saturating_sub(REACH)..];
    let line = &line[memchr::memrchr(b'\n', line).map_or(0, |i| i + 1)..];
    [&b"Successfully installed "[..], b"Successfully uninstalled ", b"Uninstalling "]
        .iter()
        .any(|w| memchr::memmem::find(line, w).is_some())
}

/// `com.oracle.database.jdbc:ojdbc8:21.9.0.0` (Maven), `registry.example.com/team/app:1.2.3.4`, `ojdbc8-19.8.0.0.jar!/:19.8.0.0` (traces
/// of Java): what stands before the colon before `s`.
#[inline(never)]
pub fn is_tag(t: &[u8], s: usize) -> bool {
    let head = &t[..s - 1];
    if head.ends_with(b".jar") || head.ends_with(b".jar!/") {
        return true;
    }
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':');
    let len = head.iter().rev().take(128).take_while(|b| sign(b)).count();
    let (before, token) = head.split_at(head.len() - len);
    // Names of classes and methods, and words for addresses, stand before addresses.
    let name = token.rsplit(|b| matches!(b, b':' | b'/')).next().unwrap_or_default();
    if token.iter().any(u8::is_ascii_uppercase) || is_host(name) {
        return false;
    }
    let letters = |v: &[u8]| v.iter().any(u8::is_ascii_alphabetic);
    let mut parts = token.split(|b| *b == b':');
    let (group, artifact) = (parts.next().unwrap_or_default(), parts.next());
    let dotted = |v: &[u8]| v.contains(&b'.') && v.split(|b| *b == b'.').all(letters);
    match artifact {
        Some(artifact) => parts.next().is_none() && dotted(group) && letters(artifact) && !token.contains(&b'/'),
        None => {
            let mut folders = group.split(|b| *b == b'/');
            let (first, more) = (folders.next().unwrap_or_default(), folders.next().is_some());
            let image = before.trim_ascii_end();
            let image = image.strip_suffix(b"\"").unwrap_or(image).trim_ascii_end();
            more && letters(group) && (dotted(first) || image.ends_with(b"image") || image.ends_with(b"image:"))
        }
    }
}
