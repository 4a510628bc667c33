//! Account names in sentences: `user "alice"`, `session closed for user alice`, `User alice logged in`, `password changed for alice`;
//! passwords in those of SQL: `IDENTIFIED BY '...'`.

use super::quotes::string_end;
use super::{Found, Skip, Text, monitor, sql};
use crate::detect::check::{keyed, output, word};
use crate::detect::scan::kind;
use crate::format::slot::BEGINS as TAG;
use crate::model::{Confidence, RuleId, Shape, well_known as e};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Longest name that is looked at.
pub const NAME: usize = 64;

/// Looks at words behind quotes and brackets, and behind words that may announce an account.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::FRAMED) {
        let p = p as usize;
        if matches!(t[p], b']' | b')' | b'[' | b'(' | b'`') || skip.covers(p) {
            continue;
        }
        if p > 3 && t[p - 3..p] == *b"\" \"" && monitor::member(text, found, p) {
            continue;
        }
        // Our tag stands in quotes behind the record.
        if t[p] == b'd' && t[p..].starts_with(TAG) {
            continue;
        }
        if matches!(text.before(p - 1), b'=' | b' ') && text.before(p - 2) == b'=' || text.before(p - 1) == b'=' {
            sql::compared(text, found, p);
            continue;
        }
        if !announced(t, p) || stated(text, found, p) {
            continue;
        }
        if let Some(end) = identified(text, found, p) {
            found.push(p, end, e::PASSWORD, RuleId::Words, Confidence::Context);
            continue;
        }
        if let Some((start, end)) = monitor::auth(t, p) {
            found.push(start, end, e::PASSWORD, RuleId::Words, Confidence::Context);
            continue;
        }
        if let Some((name, password)) = net_user(t, p).or_else(|| set_password(text, found, p)) {
            if is_account(&t[p..name]) {
                found.push(p, name, e::ACCOUNT, RuleId::Words, Confidence::Context);
            }
            found.push(password.0, password.1, e::PASSWORD, RuleId::Words, Confidence::Context);
            continue;
        }
        let span = if t[p - 1] == b' ' { bare(t, p) } else { framed(t, p) };
        if let Some((start, end)) = span
            && is_account(&t[start..end])
        {
            found.push(start, end, e::ACCOUNT, RuleId::Words, Confidence::Context);
        }
    }
}

/// Takes what a statement or a message of a database says of the value at `p`; returns whether it says so.
fn stated(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    if let Some((start, end)) = sql::clause(text, p) {
        found.push(start, end, e::PASSWORD, RuleId::Words, Confidence::Context);
        return true;
    }
    sql::like(text, found, p) || sql::entry(text, found, p) || sql::procedure(text, found, p)
}

/// True for the name of a person's account.
pub fn is_account(v: &[u8]) -> bool {
    matches!(keyed::keyed(Shape::AccountName, e::ACCOUNT, v), keyed::Keyed::Take(_)) && !output::is(v)
}

/// Words that end before a name: four letters each, the last ones.
#[inline(always)]
fn announced(t: &[u8], p: usize) -> bool {
    // `user "` and `user "" are as far from the name as the marks are long, and `"AUTH" "` has one before the blank, too.
    let marks = t[..p].iter().rev().take(3).take_while(|b| **b != b' ').count();
    let marks = marks + usize::from(p.checked_sub(marks + 2).is_some_and(|i| matches!(t[i], b'"' | b'\'')));
    let Some(word) = p.checked_sub(marks + 5).and_then(|i| t.get(i..i + 4)).and_then(<[u8]>::first_chunk) else {
        return false;
    };
    let word = u32::from_le_bytes(*word) | 0x2020_2020;
    const ENDS: [u32; 22] = [
        u32::from_le_bytes(*b"like"),
        u32::from_le_bytes(*b"ntry"),
        u32::from_le_bytes(*b"e is"),
        u32::from_le_bytes(*b"h by"),
        u32::from_le_bytes(*b"' by"),
        u32::from_le_bytes(*b"lace"),
        u32::from_le_bytes(*b"lues"),
        u32::from_le_bytes(*b"d by"),
        u32::from_le_bytes(*b"word"),
        u32::from_le_bytes(*b"user"),
        u32::from_le_bytes(*b") by"),
        u32::from_le_bytes(*b"name"),
        u32::from_le_bytes(*b"role"),
        u32::from_le_bytes(*b"ount"),
        u32::from_le_bytes(*b"ogin"),
        u32::from_le_bytes(*b"ipal"),
        u32::from_le_bytes(*b" for"),
        u32::from_le_bytes(*b"sswd"),
        u32::from_le_bytes(*b"rase"),
        u32::from_le_bytes(*b"pass"),
        u32::from_le_bytes(*b"auth"),
        u32::from_le_bytes(*b"ring"),
    ];
    ENDS.iter().fold(false, |any, e| any | (*e == word))
}

/// Where the password ends that begins at `p`: `ALTER USER a IDENTIFIED BY '...'` (MySQL), `CREATE ROLE a WITH PASSWORD '...'`
/// (PostgreSQL).
fn identified(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> Option<usize> {
    let t = text.bytes;
    let quote = t[p - 1];
    let head = t[..p - 1].strip_suffix(b" ").filter(|_| matches!(quote, b'\'' | b'"'))?;
    let sure = CLAUSES.iter().any(|c| last_word(head, c));
    if !sure && !SETTINGS.iter().any(|c| last_word(head, c)) {
        return None;
    }
    let sure = |v: &[u8]| sure || is_password(v) || last_word(head, b"password") && is_about_role(head);
    let end = closed(text, found, p);
    (end > p && !output::veils(&t[p..end]) && sure(&t[p..end])).then_some(end)
}

/// Where the string of SQL ends whose quote stands before `p`.
fn closed(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> usize {
    let (t, quote) = (text.bytes, text.before(p));
    let mut end = p;
    while end < t.len() {
        end = memchr::memchr3(quote, b'\\', b'\n', &t[end..]).map_or(t.len(), |n| end + n);
        match t.get(end) {
            Some(b'\\') => end = t.len().min(end + 2),
            // The end of a line, or of a region.
            Some(b'\n') if !text.is_escape(end) => break,
            // What was escaped where the opening quote was not ends nothing.
            Some(_) if text.is_escape(end) != text.is_escape(p - 1) => end += 1,
            Some(b) if *b == quote && t.get(end + 1) == Some(&quote) => end += 2,
            _ => break,
        }
    }
    if quote == b'\'' { string_end(text, found, (p, end)) } else { end }
}

/// Where the account at `p` ends and where its password stands: `SET PASSWORD FOR 'alice'@'%' = PASSWORD('...')` (MySQL).
fn set_password(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> Option<(usize, (usize, usize))> {
    let t = text.bytes;
    if !matches!(text.before(p), b'\'' | b'"') || !last_word(&t[..p - 2], b"set password for") {
        return None;
    }
    let rest = &t[p..t.len().min(p + STATEMENT)];
    let sep = memchr::memchr3(b'=', b';', b'\n', rest).filter(|&i| rest[i] == b'=')? + 1;
    let value = rest[sep..].trim_ascii_start();
    let value = value.strip_prefix(b"PASSWORD(").or(value.strip_prefix(b"password(")).unwrap_or(value);
    let start = p + rest.len() - value.len() + 1;
    if !matches!(value.first(), Some(b'\'' | b'"')) {
        return None;
    }
    let name = p + memchr::memchr(text.before(p), rest)?;
    let end = closed(text, found, start);
    (end > start && !output::veils(&t[start..end])).then_some((name, (start, end)))
}

/// Settings and commands whose value stands in quotes behind a blank: `password "..."`, `{:password "..."}` (Clojure),
/// `requirepass "..."` (Redis).
const SETTINGS: [&[u8]; 6] =
    [b"password", b"passwd", b"passphrase", b"requirepass", b"masterauth", b"convertto-securestring"];

/// True for what is no word or sentence about a password.
fn is_password(v: &[u8]) -> bool {
    let taken = keyed::keyed(Shape::SecretWord, e::PASSWORD, v);
    matches!(taken, keyed::Keyed::Take(_)) && !v.contains(&b' ') && !word::is_like(v)
}

/// Where the account at `p` ends and where its password stands: `net user alice Hunter2! /add` (Windows).
fn net_user(t: &[u8], p: usize) -> Option<(usize, (usize, usize))> {
    let head = t[..p].strip_suffix(b" user ")?.trim_ascii_end();
    let program = [&b"net"[..], b"net1", b"net.exe", b"net1.exe"].into_iter().find(|w| last_word(head, w))?;
    // Running text speaks of a net user, too: a command begins its line, or stands behind a path, a quote or what ends another one.
    let front = &head[..head.len() - program.len()];
    let begins = match front.last() {
        Some(b' ') => {
            let ends = [&b"/c"[..], b"/C", b"/k", b"&", b"|", b";", b":", b">", b"$", b"#", b"=", b","];
            ends.iter().any(|e| front.trim_ascii_end().ends_with(e))
        }
        last => last.is_none_or(|b| matches!(b, b'\n' | b'"' | b'\'' | b'\\' | b'/' | b'>' | b'=' | b'(')),
    };
    if !begins {
        return None;
    }
    let argument = |from: usize| {
        let sign = |b: &u8| *b > b' ' && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'|' | b'&');
        let start = from + t[from..].iter().take(4).take_while(|b| **b == b' ').count();
        let end = start + t[start..].iter().take(NAME).take_while(|b| sign(b)).count();
        (end > start && !matches!(t[start], b'/' | b'*')).then_some((start, end))
    };
    let (_, name) = argument(p)?;
    Some((name, argument(name)?)).filter(|(_, (start, end))| !output::is(&t[*start..*end]))
}

/// Words before a password in quotes.
const CLAUSES: [&[u8]; 11] = [
    b"identified by",
    b"identified by password",
    b"with password",
    b"encrypted password",
    b"login password",
    b"wrong password",
    b"invalid password",
    b"incorrect password",
    b"bad password",
    b"tried password",
    b"using password",
];

/// `ALTER ROLE a PASSWORD '...'`: `WITH` may be left out.
fn is_about_role(head: &[u8]) -> bool {
    let head = &head[head.len().saturating_sub(STATEMENT)..];
    let head = &head[memchr::memrchr2(b'\n', b';', head).map_or(0, |i| i + 1)..];
    let changed = |at: usize| last_word(&head[..at], b"alter") || last_word(&head[..at], b"create");
    OBJECTS.iter().any(|o| o.find(head).is_some_and(changed))
}

/// What such statements change.
static OBJECTS: LazyLock<[Finder<'_>; 4]> =
    LazyLock::new(|| [" ROLE ", " role ", " USER ", " user "].map(|o| Finder::new(o).into_owned()));

/// Bytes of a statement that are read before its password.
const STATEMENT: usize = 256;

/// The name in the quotes or brackets before `p`, when the word in front says that it is one.
fn framed(t: &[u8], p: usize) -> Option<(usize, usize)> {
    let open = t[p - 1];
    let close = match open {
        b'"' | b'\'' | b'`' => open,
        b'[' => b']',
        b'<' => b'>',
        _ => return None,
    };
    let twice = t[p - 2] == open;
    let head = &t[..p - 2 - usize::from(twice)];
    let len = t[p..].iter().take(NAME).position(|b| *b == close || *b < b' ')?;
    let (name, rest) = (&t[p..p + len], &t[p + len..]);
    let spaces = name.iter().filter(|b| **b == b' ').count();
    let closed = rest.first() == Some(&close);
    // `user [WORKGROUP]\[alice]` (Samba): the domain stands in front.
    if let Some(rest) = rest.strip_prefix(b"]\\[").filter(|_| open == b'[') {
        let n = rest.iter().take(NAME).position(|b| *b == close)?;
        let from = t.len() - rest.len();
        return NAMED.iter().any(|w| last_word(head, w)).then_some((from, from + n));
    }
    let names = match last_word(head, b"role") {
        true => {
            let said = if twice { rest.strip_prefix(b"\"").unwrap_or(rest) } else { rest };
            [&b"\" does not exist"[..], b"\" is not permitted"].iter().any(|s| said.starts_with(s))
        }
        false => NAMED.iter().any(|w| last_word(head, w)),
    };
    (closed && names && spaces <= usize::from(open != b'[')).then_some((p, p + len))
}

/// Words before a name in quotes or brackets.
const NAMED: [&[u8]; 6] = [b"user", b"username", b"user name", b"account", b"login", b"principal"];

/// True when `v` ends with this word, in any case.
fn last_word(v: &[u8], word: &[u8]) -> bool {
    let Some(at) = v.len().checked_sub(word.len()) else { return false };
    v[at..].eq_ignore_ascii_case(word) && !v[..at].last().is_some_and(u8::is_ascii_alphanumeric)
}

/// The name at `p` behind `user` or `for`, when what stands around says that it is one.
fn bare(t: &[u8], p: usize) -> Option<(usize, usize)> {
    let len = t[p..].iter().take(NAME).take_while(|b| is_sign(**b)).count();
    let len = t[p..p + len].iter().rposition(|b| *b != b'.').map_or(0, |i| i + 1);
    let (name, rest) = (&t[p..p + len], &t[p + len..]);
    let head = &t[..p - 1];
    let ends = !rest.first().is_some_and(|b| is_sign(*b) && *b != b'.');
    let closed =
        rest.first().is_none_or(|b| matches!(b, b'.' | b',' | b';' | b'\n' | b'\r' | b'"' | b'\'' | b'<' | b'&'));
    let told = if last_word(head, b"user") {
        let front = &head[..head.len() - b"user".len()];
        let object =
            said_of(front) || front.ends_with(b" of ") && memchr::memmem::find(near(front, 32), b" session ").is_some();
        let by = rest.starts_with(b"(uid=") || rest.starts_with(b" by ");
        // `User alice (alice@example.com) signed in`
        let aside =
            rest.strip_prefix(b" (").and_then(|r| r.iter().take(96).position(|b| *b == b')').map(|n| &r[n + 1..]));
        VERBS.iter().any(|v| aside.unwrap_or(rest).starts_with(v)) || object && (closed || by)
    } else if head.ends_with(b") by") {
        // `session opened for user root(uid=0) by alice(uid=1000)`
        rest.starts_with(b"(uid=")
    } else {
        // `user root authentication failure for Example`: that is the program.
        let named = memchr::memmem::find(near(head, 48), b"user ").is_some();
        said_of(&t[..p]) && closed && !named
    };
    (ends && told && !is_noun(name)).then_some((p, p + len))
}

/// True for a word that follows `user` or `for` in sentences about no account in particular.
pub fn is_noun(word: &[u8]) -> bool {
    NOUNS.iter().any(|n| word.eq_ignore_ascii_case(n))
}

/// The last `most` bytes of `v` that stand in its last line.
fn near(v: &[u8], most: usize) -> &[u8] {
    let v = &v[v.len().saturating_sub(most)..];
    &v[memchr::memrchr(b'\n', v).map_or(0, |i| i + 1)..]
}

pub fn is_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'\\' | b'+') || b >= 0x80
}

/// What only a person's account does.
const VERBS: [&[u8]; 17] = [
    b" logged ",
    b" has logged ",
    b" successfully logged ",
    b" is logged ",
    b" signed in",
    b" signed out",
    b" signed up",
    b" authenticated",
    b" successfully authenticated",
    b" failed to log",
    b" failed to authenticate",
    b" NOT in sudoers",
    b": authentication failure",
    b": password mismatch",
    b": no such user",
    b" not found: ",
    b" [preauth]",
];

/// True when `v` ends with `for ` and what happened for the account that follows.
fn said_of(v: &[u8]) -> bool {
    v.strip_suffix(b" for ").is_some_and(|v| HAPPENED.iter().any(|w| last_word(v, w)))
}

/// What logs say before `for` and a name.
const HAPPENED: [&[u8]; 12] = [
    b"session opened",
    b"session closed",
    b"authentication failed",
    b"authentication failure",
    b"login failed",
    b"failed login",
    b"password changed",
    b"password expired",
    b"password check failed",
    b"invalid password",
    b"wrong password",
    b"access denied",
];

const NOUNS: [&[u8]; 24] = [
    b"account",
    b"accounts",
    b"agent",
    b"client",
    b"data",
    b"group",
    b"id",
    b"input",
    b"interface",
    b"login",
    b"name",
    b"password",
    b"profile",
    b"session",
    b"sessions",
    b"space",
    b"this",
    b"the",
    b"users",
    b"unknown",
    b"was",
    b"has",
    b"is",
    b"all",
];
