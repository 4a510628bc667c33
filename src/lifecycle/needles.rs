//! Finds any number of known tokens in a text in one pass: tokens are recognised by their form and looked up, so the cost
//! does not depend on how many are looked for.

use data_encoding::{BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use memchr::{memchr, memmem};
use std::collections::HashMap;

/// Letters of a pseudonym's tag.
const TAG: usize = 26;
/// Least letters of a reversible token's tail.
const LONG: usize = 28;
/// First bytes of a surrogate address, plain and in URLs, and what parts its groups.
const SURROGATES: [(&[u8], &[u8]); 3] =
    [(b"fdde:1d00:", b":"), (b"fdde%3A1d00%3A", b"%3A"), (b"fdde%3a1d00%3a", b"%3a")];
/// Letters of a handle.
const HANDLE: usize = 16;
/// Least letters of a run of base64 that can hold a token.
const RUN: usize = 48;

/// Tokens that are looked for, each with a number that its finder gave it.
#[derive(Debug, Default)]
pub struct Needles {
    tags: HashMap<u128, u32>,
    tails: HashMap<Box<[u8]>, u32>,
    /// What reversible tokens of one subject begin with.
    handles: HashMap<[u8; HANDLE], u32>,
    surrogates: HashMap<[u8; 12], u32>,
}

/// A record under way: a line counts once for each number.
#[derive(Debug, Default)]
pub struct Counts {
    /// Records by number.
    pub records: HashMap<u32, u64>,
    /// Records with any of them.
    pub total: u64,
}

fn is_letter(b: u8) -> bool {
    matches!(b, b'a'..=b'z' | b'2'..=b'7')
}

/// 128 bits of 26 letters.
fn bits(text: &[u8]) -> u128 {
    let digit = |b: u8| u128::from(if b.is_ascii_lowercase() { b - b'a' } else { b - b'2' + 26 });
    text.iter()
        .take(TAG)
        .enumerate()
        .fold(0, |bits, (i, b)| if i < TAG - 1 { bits << 5 | digit(*b) } else { bits << 3 | digit(*b) >> 2 })
}

/// The 96 bits behind the prefix of a surrogate address whose groups are parted by `colon`.
fn address(text: &[u8], colon: &[u8]) -> Option<[u8; 12]> {
    let mut out = [0; 12];
    let mut at = 0;
    for group in 0..6 {
        if group > 0 {
            at += text.get(at..)?.starts_with(colon).then_some(colon.len())?;
        }
        for half in 0..2 {
            let hex = std::str::from_utf8(text.get(at..at + 2)?).ok()?;
            out[group * 2 + half] = u8::from_str_radix(hex, 16).ok()?;
            at += 2;
        }
    }
    Some(out)
}

/// The tail of the token whose first mark stands at `at`.
fn tail(text: &[u8], at: usize) -> Option<&[u8]> {
    let kid = text.get(at + 1..at + 9)?;
    if text.get(at + 9) != Some(&b'_') || !kid.iter().all(|b| is_letter(*b)) {
        return None;
    }
    let rest = &text[at + 10..];
    let len = rest.iter().position(|b| !is_letter(*b)).unwrap_or(rest.len());
    Some(&rest[..len])
}

impl Needles {
    /// Adds a token or a surrogate address; false when it is neither.
    pub fn add(&mut self, token: &[u8], number: u32) -> bool {
        if let Some(rest) = token.strip_prefix(SURROGATES[0].0) {
            return address(rest, b":").map(|a| self.surrogates.insert(a, number)).is_some();
        }
        let tail = memchr(b'_', token).and_then(|at| tail(token, at));
        match tail {
            Some(t) if t.len() == TAG => self.tags.insert(bits(t), number),
            Some(t) if t.len() >= LONG => self.tails.insert(t.into(), number),
            Some(t) if t.len() == HANDLE => t.try_into().ok().and_then(|h| self.handles.insert(h, number)),
            _ => return false,
        };
        true
    }

    /// True when nothing is looked for.
    pub fn is_empty(&self) -> bool {
        !self.any_token() && self.surrogates.is_empty()
    }

    fn any_token(&self) -> bool {
        !(self.tags.is_empty() && self.tails.is_empty() && self.handles.is_empty())
    }

    /// Calls `hit` with the place and the number of each token that is looked for; places don't always ascend.
    pub fn find(&self, text: &[u8], mut hit: impl FnMut(usize, u32)) {
        self.plain(text, &mut hit);
        runs(text, |at, decoded| self.plain(decoded, &mut |_, n| hit(at, n)));
    }

    fn plain(&self, text: &[u8], hit: &mut impl FnMut(usize, u32)) {
        if self.any_token() {
            for at in memchr::memchr_iter(b'_', text) {
                let Some(t) = tail(text, at) else { continue };
                let found = match t.len() {
                    TAG => self.tags.get(&bits(t)),
                    LONG.. => self.tails.get(t).or_else(|| self.handles.get(t.first_chunk()?)),
                    _ => None,
                };
                found.into_iter().for_each(|n| hit(at, *n));
            }
        }
        if !self.surrogates.is_empty() {
            for (prefix, colon) in SURROGATES {
                for at in memmem::find_iter(text, prefix) {
                    let found = address(&text[at + prefix.len()..], colon);
                    found.and_then(|a| self.surrogates.get(&a)).into_iter().for_each(|n| hit(at, *n));
                }
            }
        }
    }

    /// Counts the records (lines) that hold tokens.
    pub fn count(&self, text: &[u8], counts: &mut Counts) {
        let mut hits = Vec::new();
        self.find(text, |at, n| hits.push((at, n)));
        hits.sort_unstable();
        let (mut end, mut seen) = (0, Vec::new());
        for (at, n) in hits {
            if at >= end {
                end = memchr(b'\n', &text[at..]).map_or(text.len(), |e| at + e + 1);
                counts.total += 1;
                seen.clear();
            }
            if !seen.contains(&n) {
                seen.push(n);
                *counts.records.entry(n).or_default() += 1;
            }
        }
    }
}

/// Letters of both alphabets of base64.
static BASE64: [bool; 256] = {
    let mut t = [false; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        t[i] = b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
        i += 1;
    }
    t
};

/// Decodes each run of base64 that is long enough to hold a token, at all four places where its groups may begin, and each of
/// hexadecimal digits at both.
fn runs(text: &[u8], mut each: impl FnMut(usize, &[u8])) {
    let mut at = 0;
    let mut letters = Vec::new();
    // A run holds the byte at its length's end, so most bytes are never looked at.
    while let Some(probe) = text.get(at + RUN - 1) {
        if !BASE64[usize::from(*probe)] {
            at += RUN;
            continue;
        }
        let last = at + RUN - 1;
        let start = text[..last].iter().rposition(|b| !BASE64[usize::from(*b)]).map_or(0, |i| i + 1).max(at);
        let end = text[last..].iter().position(|b| !BASE64[usize::from(*b)]).map_or(text.len(), |i| last + i);
        if end - start >= RUN && text[start..start + RUN].iter().all(u8::is_ascii_hexdigit) {
            for shift in 0..2 {
                let part = &text[start + shift..end];
                if let Ok(decoded) = HEXLOWER_PERMISSIVE.decode(&part[..part.len() - part.len() % 2]) {
                    each(start, &decoded);
                }
            }
        } else if end - start >= RUN && looks_encoded(&text[start..end]) {
            letters.clear();
            letters.extend(text[start..end].iter().map(|b| match b {
                b'-' => b'+',
                b'_' => b'/',
                b => *b,
            }));
            for shift in 0..4 {
                let part = &letters[shift..];
                let part = &part[..part.len() - part.len() % 4];
                if let Ok(decoded) = BASE64_NOPAD.decode(part) {
                    each(start, &decoded);
                }
            }
        }
        at = end.max(at + 1);
    }
}

/// False for our own tokens and for words: base64 of text mixes cases early on.
fn looks_encoded(run: &[u8]) -> bool {
    let head = &run[..RUN];
    head.iter().any(u8::is_ascii_uppercase) && head.iter().any(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "phone_elfuawes_4mp2htg6vplwjp227frohhbqpm";
    const OTHER: &str = "phone_elfuawes_amp2htg6vplwjp227frohhbqpm";
    const LONGER: &str = "phone_elfuawes_4mp2htg6vplwjp227frohhbqpm4mp2htg6vplwjp";
    const ADDRESS: &str = "fdde:1d00:62b5:6894:d8e2:729f:3e8a:a777";

    fn found(text: &str) -> Vec<u32> {
        let mut n = Needles::default();
        assert!(n.add(TOKEN.as_bytes(), 1) && n.add(LONGER.as_bytes(), 2) && n.add(ADDRESS.as_bytes(), 3));
        assert!(!n.add(b"13800138000", 4) && !n.add(b"phone_x_y", 4));
        let mut out = Vec::new();
        n.find(text.as_bytes(), |_, n| out.push(n));
        out
    }

    #[test]
    fn every_form_is_found() {
        assert_eq!(found(&format!("a={TOKEN}&b={OTHER}")), [1]);
        assert_eq!(found(&format!("\"{LONGER}\"")), [2]);
        assert_eq!(found(&format!("x_{TOKEN}_y")), [1]);
        assert_eq!(found(ADDRESS), [3]);
        assert_eq!(found(&ADDRESS.replace(':', "%3A")), [3]);
        assert_eq!(found(&ADDRESS.replace('7', "8")), Vec::<u32>::new());
        for pad in ["", "x", "xy", "xyz"] {
            let text = format!("{pad}{{\"a\":\"{TOKEN}\"}}");
            let code = data_encoding::BASE64.encode(text.as_bytes());
            assert_eq!(found(&format!("d={code} ")), [1], "{code}");
            assert_eq!(found(&data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())), [1]);
            assert_eq!(found(&format!("cmd={} x", data_encoding::HEXUPPER.encode(text.as_bytes()))), [1]);
            assert_eq!(found(&format!("1{}", data_encoding::HEXLOWER.encode(text.as_bytes()))), [1]);
        }
    }

    #[test]
    fn a_record_counts_once() {
        let mut n = Needles::default();
        n.add(TOKEN.as_bytes(), 0);
        n.add(OTHER.as_bytes(), 1);
        let mut c = Counts::default();
        n.count(format!("{TOKEN} {TOKEN} {OTHER}\nnothing\n{OTHER}\n").as_bytes(), &mut c);
        assert_eq!((c.total, c.records[&0], c.records[&1]), (2, 1, 2));
    }
}
