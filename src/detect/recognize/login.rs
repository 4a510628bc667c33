//! Account names in the sentences of login programs: `for alice from 192.0.2.7`, `alice@localhost`, `alice : TTY=pts/0`.

use super::{Found, Text, account};
use crate::detect::check::{keyed, output, windows};
use crate::detect::hit::Hit;
use crate::model::{Confidence, RuleId, Shape, well_known as e};

/// Looks in front of every address that was found.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let (mut names, mut hosts) = (Vec::new(), Vec::new());
    for h in found.hits.iter() {
        if h.entity == e::MAC {
            hosts.extend(host(text.bytes, h));
            continue;
        }
        let s = h.start as usize;
        let address = matches!(h.entity, e::IP_V4 | e::IP_V6 | e::IP_PRIVATE | e::IP_DOCUMENTATION | e::IP_SPECIAL);
        if !address {
            continue;
        }
        let head = &text.bytes[..s];
        names.extend(if head.ends_with(b" from ") {
            word_before(text, s - b" from ".len(), &[b"for ", b"user ", b"User "])
        } else if head.ends_with(b" ") && text.bytes[h.end as usize..].starts_with(b" port ") {
            // `Disconnected from user alice 192.0.2.7 port 22`
            word_before(text, s - 1, &[b"user "]).filter(|n| !account::is_noun(&head[n.0..n.1]))
        } else if head.ends_with(b"@") {
            at_host(text, s - 1)
        } else {
            None
        });
    }
    for (start, end) in hosts {
        found.push(start, end, e::DEVICE_NAME, RuleId::Words, Confidence::Context);
    }
    for (start, end) in names {
        found.push(start, end, e::ACCOUNT, RuleId::Words, Confidence::Context);
    }
}

/// The account of `alice@192.0.2.7`, whose at sign stands at `at`.
pub fn at_host(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let head = &text.bytes[..at];
    let len =
        head.iter().rev().take(64).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
    let (start, name) = (at - len, &head[at - len..]);
    let begins =
        head[..start].last().is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'(' | b'<' | b'=' | b'"' | b'\''));
    // Identifiers of calls and messages are written alike and mostly begin with a digit.
    let account = name.first().is_some_and(u8::is_ascii_alphabetic)
        && matches!(keyed::keyed(Shape::AccountName, e::ACCOUNT, name), keyed::Keyed::Take(_));
    (begins && account && !output::is(name) && name != b"git").then_some((start, at))
}

/// The name that a device gave with its hardware address: `DHCPACK on 192.0.2.7 to 3c:22:fb:12:34:56 (Alices-phone) via eth0` (ISC),
/// `DHCPACK(br0) 192.0.2.7 3c:22:fb:12:34:56 Alices-phone` (dnsmasq).
fn host(t: &[u8], address: &Hit) -> Option<(usize, usize)> {
    let (s, end) = (address.start as usize, address.end as usize);
    let head = &t[s.saturating_sub(LEASE)..s];
    // Both stand in one line.
    let head = &head[memchr::memrchr(b'\n', head).map_or(0, |i| i + 1)..];
    let rest = t.get(end + 1..).filter(|_| t[end] == b' ')?;
    let from = end + 1 + usize::from(rest.first() == Some(&b'('));
    let len = t[from..]
        .iter()
        .take(NAME)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        .count();
    let after = &t[from + len..];
    let told = if from == end + 1 {
        memchr::memmem::find(head, b" DHCPACK(").is_some()
            && after.first().is_none_or(|b| matches!(b, b'\n' | b'\r' | b'"' | b'\\'))
    } else {
        after.starts_with(b") via ")
    };
    (told && len > 0).then_some((from, from + len))
}

/// How far before a hardware address its message begins, and the longest name of a host.
const LEASE: usize = 96;
const NAME: usize = 63;

/// The account before ` : TTY=` or ` : user NOT in sudoers ; TTY=`, whose equals sign stands at `sep` (sudo).
pub fn sudo(text: &Text<'_>, found: &mut Found<'_>, sep: usize) {
    let Some(from) = sep.checked_sub(b" : TTY".len()) else { return };
    let (head, rest) = text.bytes.split_at(from);
    let floor = from.saturating_sub(SUDO);
    let end = match rest {
        [b' ', b':', ..] => Some(from),
        [b' ', b';', ..] => memchr::memmem::rfind(&head[floor..], b" : ").map(|i| floor + i),
        _ => None,
    };
    let Some(end) = end.filter(|_| rest[2..].starts_with(b" TTY=")) else { return };
    if memchr::memchr(b'\n', &head[end..]).is_some() {
        return;
    }
    if let Some((start, end)) = word_before(text, end, &[b": ", b" "]) {
        found.push(start, end, e::ACCOUNT, RuleId::Words, Confidence::Context);
    }
}

/// Longest message between the account and its terminal.
const SUDO: usize = 128;

/// `# User@Host: alice[alice] @ web1 [192.0.2.7]  Id: 12`: both names of MySQL's log of slow statements; the at sign stands at `at`.
#[inline(never)]
pub fn slow_query(text: &Text<'_>, found: &mut Found<'_>, at: usize) -> bool {
    const HOST: &[u8] = b"Host: ";
    let t = text.bytes;
    if !t[..at].ends_with(b"User") || !t[at + 1..].starts_with(HOST) {
        return false;
    }
    let from = at + 1 + HOST.len();
    let rest = &t[from..t.len().min(from + 2 * NAME)];
    let Some(open) = memchr::memchr2(b'[', b'\n', rest).filter(|&i| rest[i] == b'[') else { return true };
    let Some(len) = memchr::memchr2(b']', b'\n', &rest[open..]) else { return true };
    for (start, end) in [(from, from + open), (from + open + 1, from + open + len)] {
        let v = t.get(start..end).unwrap_or_default();
        if !output::is(v) && matches!(keyed::keyed(Shape::AccountName, e::ACCOUNT, v), keyed::Keyed::Take(_)) {
            found.push(start, end, e::ACCOUNT, RuleId::Words, Confidence::Context);
        }
    }
    true
}

/// True for what stands behind a colon or equals sign and is no account by itself: another key (`Login: user=alice`), or the password
/// of a URL (`https://user:secret@host/`).
pub fn is_no_name(text: &Text<'_>, found: &mut Found<'_>, sep: usize, (start, end): (usize, usize)) -> bool {
    let v = &text.bytes[start..end];
    // `User: NT AUTHORITY\LOCAL SERVICE`: blanks stand in the names of Windows' own.
    if windows::domain(&text.bytes[start..text.bytes.len().min(start + 32)]) > 0 {
        return true;
    }
    if text.at(sep) == b':' {
        let key = text.scan.maps.keychars.run_before(sep);
        if text.bytes[..sep - key].ends_with(b"://") {
            return true;
        }
    }
    // `AccountName=logs;AccountKey=...` (Azure) names a store.
    if text.bytes[end..].starts_with(b";AccountKey=") {
        return true;
    }
    let Some(n) = memchr::memchr2(b'=', b':', v) else { return false };
    n + 1 == v.len() || v[n] == b'=' && !text.registry.class(found.memo.classify(text.registry, v, n, n)).is_unknown()
}

/// True when the login name `start..end` is a key itself: `用户：name=alice`.
pub fn is_key(text: &Text<'_>, found: &mut Found<'_>, (start, end): (usize, usize)) -> bool {
    let v = &text.bytes[start..end];
    match text.at(end) {
        b'=' => true,
        b':' => !text.registry.class(found.memo.classify(text.registry, v, v.len(), v.len())).is_unknown(),
        _ => false,
    }
}

/// Takes the account or number in brackets behind a name that ends at `end`: `操作人：张三(zhangsan)`; where that ends.
pub fn aside(text: &Text<'_>, found: &mut Found<'_>, end: usize) -> usize {
    let t = text.bytes;
    let rest = &t[end..t.len().min(end + NAME)];
    let (open, close) = if rest.starts_with(b"(") { ("(", ")") } else { ("（", "）") };
    let Some(inner) = rest.strip_prefix(open.as_bytes()) else { return end };
    let Some(len) = memchr::memmem::find(inner, close.as_bytes()) else { return end };
    let (v, from) = (&inner[..len], end + open.len());
    let number =
        v.len() > 4 && v.iter().all(u8::is_ascii_alphanumeric) && v.iter().filter(|b| b.is_ascii_digit()).count() > 3;
    let judged = keyed::keyed(Shape::Login, e::ACCOUNT, v);
    if let keyed::Keyed::Take(id) = judged {
        found.push(from, from + len, id, RuleId::Words, Confidence::Context);
    } else if number {
        found.push(from, from + len, e::USER_ID, RuleId::Words, Confidence::Context);
    }
    end
}

/// The word that ends at `end`, when one of these stands in front of it and it names an account.
fn word_before(text: &Text<'_>, end: usize, fronts: &[&[u8]]) -> Option<(usize, usize)> {
    let t = text.bytes;
    let len = t[..end].iter().rev().take(64).take_while(|b| **b > b' ').count();
    let (start, word) = (end - len, &t[end - len..end]);
    let account = matches!(keyed::keyed(Shape::AccountName, e::ACCOUNT, word), keyed::Keyed::Take(_));
    let plain =
        word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'\\' | b'@') || *b >= 0x80);
    // `no such user found from 192.0.2.7`
    let found = word == b"found" && t[..start].ends_with(b"such user ");
    (account && plain && !found && !output::is(word) && fronts.iter().any(|f| t[..start].ends_with(f)))
        .then_some((start, end))
}
