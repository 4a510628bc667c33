//! Secrets and accounts in commands that part their words by blanks alone: of network devices (`username alice password 7 094F471A1A0A`,
//! `snmp-server community s3cret RO`), `.netrc`, Windows (`net use`, `schtasks`), and `echo hunter2 | sudo -S`.

use super::{Found, Text, keyed};
use crate::format::slot::BEGINS as TAG;
use crate::model::{EntityId, Shape, well_known as e};

/// First words of a line that is such a command.
const FIRST: &[&str] = &[
    "username",
    "local-user",
    "enable",
    "snmp-server",
    "snmp-agent",
    "radius-server",
    "tacacs-server",
    "hwtacacs-server",
    "password",
    "super",
    "machine",
    "set",
    "net",
    "net1",
    "schtasks",
    "winrs",
    "wevtutil",
    "xfreerdp",
    "runas",
    "echo",
    "printf",
    "pre-shared-key",
    "radius",
    "tacacs",
    "isakmp",
    "ntp",
    "ike",
    "crypto",
    "neighbor",
    "ppp",
];

/// Words before a secret.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "passphrase",
    "pass-phrase",
    "psk",
    "psksecret",
    "pre-shared-key",
    "shared-key",
    "authtoken",
    "encrypted-password",
    "auth-password",
    "priv-password",
    "community",
];

/// Commands whose `key` is a secret.
const KEYED: &[&str] = &[
    "radius-server",
    "radius",
    "tacacs-server",
    "tacacs",
    "hwtacacs-server",
    "crypto",
    "isakmp",
    "ntp",
    "server",
    "ike",
];

/// Words between one of these and the secret: how it is kept, and what it may do.
const KINDS: &[&str] = &[
    "simple",
    "cipher",
    "irreversible-cipher",
    "hash",
    "encrypted",
    "enc",
    "plain-text",
    "plaintext",
    "ascii",
    "hex",
    "read",
    "write",
    "sha256",
    "sha512",
    "md5",
    "scrypt",
    "string",
];

/// Words that follow one of these where nothing is kept.
const OTHERS: &[&str] = &[
    "policy",
    "encryption",
    "recovery",
    "expiration",
    "expire",
    "min-length",
    "max-length",
    "length",
    "history",
    "complexity",
    "aging",
    "change",
    "changed",
    "prompt",
    "required",
    "control",
    "strength",
    "reset",
    "expired",
    "authentication",
    "manager",
    "is",
    "the",
    "for",
    "and",
    "or",
    "to",
    "of",
    "on",
    "in",
    "from",
    "has",
    "was",
    "file",
];

/// No such command is shorter.
const LEAST: usize = 12;

/// Most words of a command that are looked at, and most bytes.
const WORDS: usize = 40;
const REACH: usize = 512;

/// True when a line begins as such a command does.
#[inline(always)]
pub fn begins(line: &[u8]) -> bool {
    // Most lines begin with a number, a bracket or a capital.
    line.len() >= LEAST
        && matches!(
            line.first(),
            Some(b' ' | b'u' | b'l' | b'e' | b's' | b'r' | b't' | b'h' | b'p' | b'm' | b'n' | b'c')
        )
        && begins_so(line)
}

#[inline(never)]
fn begins_so(line: &[u8]) -> bool {
    let line = &line[line.iter().take(8).take_while(|b| **b == b' ').count()..];
    let word = &line[..line.iter().take(PATH).take_while(|b| !is_blank(**b)).count()];
    line.len() > word.len() && is(FIRST, program(word))
}

fn is(list: &[&str], word: &[u8]) -> bool {
    list.iter().any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
}

/// The name of a program, without its folder.
fn program(word: &[u8]) -> &[u8] {
    let name = word.rsplit(|b| matches!(b, b'\\' | b'/')).next().unwrap_or_default();
    name.strip_suffix(b".exe").unwrap_or(name)
}

/// Longest folder and name of a program.
const PATH: usize = 64;

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// The words of a command, by where they stand, without their quotes.
struct Words {
    at: [(usize, usize); WORDS],
    n: usize,
}

impl Words {
    fn of(t: &[u8], start: usize, end: usize) -> Words {
        let (mut words, mut i) = (Words { at: [(0, 0); WORDS], n: 0 }, start);
        while i < end && words.n < WORDS {
            i += t[i..end].iter().take_while(|b| is_blank(**b)).count();
            let quote = t[i..end].first().copied().filter(|b| matches!(b, b'"' | b'\''));
            let (from, to) = match quote {
                Some(q) => (i + 1, memchr::memchr(q, &t[i + 1..end]).map_or(end, |n| i + 1 + n)),
                None => (i, i + t[i..end].iter().take_while(|b| !is_blank(**b)).count()),
            };
            if to > from {
                words.at[words.n] = (from, to);
                words.n += 1;
            }
            i = to + usize::from(quote.is_some());
        }
        words
    }

    fn get(&self, i: usize) -> Option<(usize, usize)> {
        (i < self.n).then(|| self.at[i])
    }
}

/// Takes what the command `start..end` says.
#[inline(never)]
pub fn run(text: &Text<'_>, found: &mut Found<'_>, (start, end): (usize, usize)) {
    let t = text.bytes;
    let end = end.min(start + REACH);
    let line = &t[start.min(end)..end];
    if !begins_so(line) {
        return;
    }
    let line = &line[..memchr::memchr2(b'\n', b'\r', line).unwrap_or(line.len())];
    // The slot of a line of text holds no word of the command.
    let slot = memchr::memmem::find(line, TAG).map(|i| i.saturating_sub(2));
    let end = start + slot.unwrap_or(line.len());
    let words = Words::of(t, start, end);
    let word = |i: usize| words.get(i).map_or(&b""[..], |(s, e)| &t[s..e]);
    let first = word(0);
    let program = program(first);
    if is(&["net", "net1"], program) {
        return shares(text, found, &words);
    }
    if is(&["echo", "printf"], program) {
        return piped(text, found, &words, end);
    }
    if is(&["schtasks", "winrs", "wevtutil", "xfreerdp", "runas"], program) {
        return switches(text, found, &words);
    }
    let keys = is(KEYED, first);
    let mut names = [None; 2];
    let mut told = false;
    let mut i = 0;
    while i < words.n {
        let w = word(i);
        if is(SECRETS, w) || keys && w == b"key" {
            if let Some(n) = value(t, &words, i + 1) {
                told |= take(text, found, e::PASSWORD, Shape::Secret, words.at[n]);
                i = n;
            }
        } else if is(&["privilege", "class", "service-type"], w) {
            told = true;
        } else if i == 0 && is(&["username", "local-user"], w) {
            names[0] = words.get(1);
        } else if is(&["login", "user"], w) && i > 0 {
            names[1] = names[1].or(words.get(i + 1));
        }
        i += 1;
    }
    if told {
        names.into_iter().flatten().for_each(|span| _ = take(text, found, e::ACCOUNT, Shape::AccountName, span));
    }
}

/// The word of the secret behind its key at `i - 1`.
fn value(t: &[u8], words: &Words, mut i: usize) -> Option<usize> {
    let word = |i: usize| words.get(i).map(|(s, e)| &t[s..e]);
    for _ in 0..4 {
        let w = word(i)?;
        if is(OTHERS, w) {
            return None;
        }
        let number = w.len() <= 2 && w.iter().all(u8::is_ascii_digit);
        if is(&["level"], w) {
            i += 2;
        } else if (is(KINDS, w) || number) && word(i + 1).is_some() {
            i += 1;
        } else {
            return Some(i);
        }
    }
    None
}

fn take(text: &Text<'_>, found: &mut Found<'_>, entity: EntityId, shape: Shape, (start, end): (usize, usize)) -> bool {
    keyed::accept(text, found, entity, shape, start, (start, end), false).is_some()
}

/// `net user alice hunter2 /add`, `net use Z: \\srv\share hunter2 /user:alice`.
fn shares(text: &Text<'_>, found: &mut Found<'_>, words: &Words) {
    let t = text.bytes;
    let plain = |i: usize| words.get(i).filter(|(s, _)| !matches!(t[*s], b'/' | b'*' | b'\\'));
    let verb = words.get(1).map_or(&b""[..], |(s, e)| &t[s..e]);
    if verb.eq_ignore_ascii_case(b"user") {
        for (i, entity, shape) in [(2, e::ACCOUNT, Shape::AccountName), (3, e::PASSWORD, Shape::Secret)] {
            let Some(span) = plain(i) else { return };
            take(text, found, entity, shape, span);
        }
    } else if verb.eq_ignore_ascii_case(b"use")
        && let Some(share) = (2..words.n).find(|i| t[words.at[*i].0..].starts_with(b"\\\\"))
    {
        for span in (share + 1..words.n).filter_map(plain) {
            if !t[span.0..span.1].contains(&b':') {
                take(text, found, e::PASSWORD, Shape::Secret, span);
                break;
            }
        }
        switches(text, found, words);
    }
}

/// `/ru alice /rp hunter2`, `/u:alice /p:hunter2`.
fn switches(text: &Text<'_>, found: &mut Found<'_>, words: &Words) {
    const NAMES: [(&[&str], EntityId, Shape); 2] = [
        (&["/ru", "/u", "/user", "-u"], e::ACCOUNT, Shape::AccountName),
        (&["/rp", "/p", "/pass", "/password", "-p"], e::PASSWORD, Shape::Secret),
    ];
    let t = text.bytes;
    for i in 0..words.n {
        let (s, end) = words.at[i];
        let colon = memchr::memchr(b':', &t[s..end]).map(|n| s + n);
        let Some((_, entity, shape)) = NAMES.into_iter().find(|n| is(n.0, &t[s..colon.unwrap_or(end)])) else {
            continue;
        };
        let next = words.get(i + 1).filter(|(s, _)| t[*s] != b'/');
        if let Some(span) = colon.map(|c| (c + 1, end)).filter(|(s, e)| e > s).or(next) {
            take(text, found, entity, shape, span);
        }
    }
}

/// `echo hunter2 | sudo -S apt update`, `echo "alice:hunter2" | chpasswd`.
fn piped(text: &Text<'_>, found: &mut Found<'_>, words: &Words, end: usize) {
    const READERS: [&[u8]; 5] = [b"sudo -S", b"chpasswd", b"--password-stdin", b"passwd --stdin", b"smbpasswd -s"];
    let t = text.bytes;
    let from = usize::from(words.get(1).is_some_and(|(s, e)| matches!(&t[s..e], b"-n" | b"-e" | b"-ne"))) + 1;
    let Some((s, to)) = words.get(from) else { return };
    let rest = &t[to..end];
    let Some(pipe) = memchr::memchr(b'|', rest) else { return };
    let Some(reader) = READERS.into_iter().find(|r| memchr::memmem::find(&rest[pipe..], r).is_some()) else { return };
    let colon = memchr::memchr(b':', &t[s..to]).filter(|_| reader == b"chpasswd").map(|n| s + n);
    if let Some(colon) = colon {
        take(text, found, e::ACCOUNT, Shape::AccountName, (s, colon));
    }
    take(text, found, e::PASSWORD, Shape::Secret, (colon.map_or(s, |c| c + 1), to));
}
