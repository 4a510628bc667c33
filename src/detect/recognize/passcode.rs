//! One-time codes in sentences: `Your verification code is 482913`, `482913 is your login code`, `482913（登录验证码）`.

use super::{Found, Skip, Text};
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, well_known as e};

/// How much of a sentence is read on either side of a number.
const REACH: usize = 96;

/// Looks at numbers behind and before words.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::PASSCODE) {
        let p = p as usize;
        if !may_tell(t, p) {
            continue;
        }
        let behind = t[p].is_ascii_digit();
        let start = if behind { p - 3 } else { p - 1 - text.scan.maps.digits.run_before(p - 1) };
        if start < done || skip.covers(start) {
            continue;
        }
        let end = start + (!text.scan.maps.digits.window(start)).trailing_zeros() as usize;
        if !(4..=8).contains(&(end - start)) || !is_alone(text, start, end) {
            continue;
        }
        let (head, tail) = (&t[start.saturating_sub(REACH)..start], &t[end..t.len().min(end + REACH)]);
        let head = &head[memchr::memrchr2(b'\n', b'"', head).map_or(0, |i| i + 1)..];
        let tail = &tail[..memchr::memchr2(b'\n', b'"', tail).unwrap_or(tail.len())];
        let plus = b'+' == if behind { text.before(start) } else { text.at(end) };
        let (mut left, mut right) = ([0; REACH], [0; REACH]);
        let (head, tail) = (lower(head, plus, &mut left), lower(tail, plus, &mut right));
        let tells = if behind { announced(head) } else { told(head, tail) };
        if tells {
            found.push(start, end, e::CODE, RuleId::Words, Confidence::Context);
            done = end;
        }
    }
}

/// A part of a sentence in lower case, with blanks where a form has plus signs.
fn lower<'b>(v: &[u8], plus: bool, to: &'b mut [u8; REACH]) -> &'b [u8] {
    let to = &mut to[..v.len()];
    for (to, b) in to.iter_mut().zip(v) {
        *to = if plus && *b == b'+' { b' ' } else { b.to_ascii_lowercase() };
    }
    to
}

/// True when no more of the number stands around it.
fn is_alone(text: &Text<'_>, start: usize, end: usize) -> bool {
    // `G-482913`
    let before = match text.before(start) {
        b'-' => {
            start < 2 || !text.before(start - 1).is_ascii_alphabetic() || text.before(start - 2).is_ascii_alphanumeric()
        }
        b => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'@' | b'#' | b'$' | b'='),
    };
    let (a, b) = (text.at(end), text.at(end + 1));
    let joined = a.is_ascii_alphabetic() || matches!(a, b'_' | b'%' | b'/' | b'@' | b'=');
    let goes_on = matches!(a, b'.' | b',' | b'-' | b':') && b.is_ascii_digit();
    !(before || joined || goes_on)
}

/// True when the words beside the number of the event at `p` may tell that it is a code. Most numbers end here, and which do is not
/// to be guessed: no jumps.
#[inline(always)]
fn may_tell(t: &[u8], p: usize) -> bool {
    let Some(&near) = t.get(p.wrapping_sub(7)..).and_then(<[u8]>::first_chunk::<10>) else { return true };
    let pair = |i: usize| u16::from_le_bytes([near[i] | 0x20, near[i + 1] | 0x20]);
    // code, passcode, OTP, PIN, password; is, was; (OTP); lautet, est, es, and the last letter of подтверждения.
    const ENDS: [u16; 11] = [
        u16::from_le_bytes(*b"et"),
        u16::from_le_bytes(*b"st"),
        u16::from_le_bytes(*b"es"),
        u16::from_le_bytes([0xD1 | 0x20, 0x8F | 0x20]),
        u16::from_le_bytes(*b"de"),
        u16::from_le_bytes(*b"tp"),
        u16::from_le_bytes(*b"in"),
        u16::from_le_bytes(*b"rd"),
        u16::from_le_bytes(*b"is"),
        u16::from_le_bytes(*b"as"),
        u16::from_le_bytes(*b"p)"),
    ];
    let ends = |w: u16| ENDS.iter().fold(false, |any, e| any | (*e == w));
    // `code 4829` and `code:4829`, or `code: 4829`, whose fourth digit is the byte of the event.
    let announced = ends(pair(1)) | ends(pair(0));
    // `4829 is`, `4829 as`, `4829 to`: the event is at their first letter.
    let next = u16::from_le_bytes([near[7], near[8]]);
    let tells = (next == u16::from_le_bytes(*b"is"))
        | (next == u16::from_le_bytes(*b"as"))
        | (next == u16::from_le_bytes(*b"to"));
    (near[7].is_ascii_digit() & announced) | tells
}

/// `Your verification code is`, `OTP:`, `One-time password (OTP) for login is`.
fn announced(head: &[u8]) -> bool {
    let mut head = head.trim_ascii_end();
    let marked = head.ends_with(b":");
    head = head.strip_suffix(b":").unwrap_or(head).trim_ascii_end();
    if foreign(head, marked) {
        return true;
    }
    let verb = [&b" is"[..], b" was"].iter().find_map(|v| head.strip_suffix(*v));
    let said = marked || verb.is_some();
    head = verb.unwrap_or(head).trim_ascii_end();
    let clause =
        &head[head.iter().rposition(|b| matches!(b, b'.' | b',' | b';' | b'!' | b'?' | b':')).map_or(0, |i| i + 1)..];
    if said {
        let purpose = [&b" for "[..], b" to "].iter().filter_map(|w| memchr::memmem::find(clause, w)).min();
        if purpose.is_some_and(|i| names_code(&clause[..i], true)) {
            return true;
        }
    }
    names_code(clause, said)
}

/// `Ihr Bestätigungscode lautet`, `Votre code de vérification est`, `Su código de verificación es`, `Код подтверждения:`.
fn foreign(head: &[u8], marked: bool) -> bool {
    const CODES: [(&str, &str); 6] = [
        ("tigungscode", " lautet"),
        ("code de vérification", " est"),
        ("code de confirmation", " est"),
        ("código de verificación", " es"),
        ("código de confirmación", " es"),
        ("од подтверждения", ""),
    ];
    CODES.iter().any(|(code, verb)| {
        let named = if marked { Some(head) } else { head.strip_suffix(verb.as_bytes()) };
        named.is_some_and(|h| h.ends_with(code.as_bytes()))
    })
}

/// `482913 is your login code`; `Use 482913 to sign in`.
fn told(head: &[u8], tail: &[u8]) -> bool {
    let end = tail.iter().position(|b| matches!(b, b'.' | b',' | b';' | b'!' | b'?' | b':')).unwrap_or(tail.len());
    let clause = &tail[..end];
    if let Some(purpose) = clause.strip_prefix(b" to ") {
        let order = [&b"use"[..], b"enter", b"type", b"code"].iter().any(|w| ends_with_word(head.trim_ascii_end(), w));
        let ends = [&b"verify"[..], b"log in", b"login", b"sign in", b"confirm", b"authenticate", b"reset your"];
        return order && ends.iter().any(|w| purpose.starts_with(w));
    }
    let Some(clause) = clause.strip_prefix(b" is").or(clause.strip_prefix(b" as")) else { return false };
    let kinds = [&b" code"[..], b" otp", b" passcode", b" password", b" pin"];
    kinds.iter().any(|k| {
        let at =
            memchr::memmem::find(clause, k).filter(|i| !clause.get(i + k.len()).is_some_and(u8::is_ascii_alphanumeric));
        at.is_some_and(|i| names_code(&clause[..i + k.len()], true))
    })
}

/// True when the end of a clause in lower case names a one-time code; `said` when a verb or colon follows.
fn names_code(clause: &[u8], said: bool) -> bool {
    // `One-time password (OTP)`
    let clause = clause.trim_ascii_end();
    let clause = clause.strip_suffix(b")").unwrap_or(clause);
    if [&b"otp"[..], b"passcode"].iter().any(|w| ends_with_word(clause, w)) {
        return true;
    }
    let rest = |w: &[u8]| clause.strip_suffix(w).filter(|r| r.last().is_none_or(|b| matches!(b, b' ' | b'-' | b'(')));
    if let Some(front) = rest(b"password") {
        return said
            && [&b"one-time"[..], b"one time", b"onetime", b"dynamic", b"temporary"]
                .iter()
                .any(|w| front.trim_ascii_end().ends_with(w));
    }
    if let Some(front) = rest(b"pin") {
        return said && ends_with_word(front.trim_ascii_end(), b"your");
    }
    let Some(front) = rest(b"code") else { return false };
    let mut words = front.rsplit(|b| matches!(b, b' ' | b'(')).filter(|w| !w.is_empty());
    let (last, other) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is = |list: &[&str], w: &[u8]| list.iter().any(|x| x.as_bytes() == w);
    !is(OTHERS, last) && (is(QUALITIES, last) || is(QUALITIES, other) || said && (last == b"your" || other == b"your"))
}

fn ends_with_word(v: &[u8], word: &[u8]) -> bool {
    v.strip_suffix(word).is_some_and(|r| !r.last().is_some_and(u8::is_ascii_alphanumeric))
}

/// Words that make a code one that proves who somebody is.
const QUALITIES: &[&str] = &[
    "verification",
    "verify",
    "security",
    "login",
    "log-in",
    "signin",
    "sign-in",
    "auth",
    "authentication",
    "authorization",
    "confirmation",
    "activation",
    "access",
    "one-time",
    "otp",
    "sms",
    "2fa",
    "mfa",
    "two-factor",
    "two-step",
    "2-step",
    "reset",
    "recovery",
    "validation",
];

/// Words that make it another one.
const OTHERS: &[&str] = &[
    "error",
    "status",
    "exit",
    "return",
    "response",
    "result",
    "reason",
    "zip",
    "postal",
    "area",
    "country",
    "city",
    "promo",
    "coupon",
    "discount",
    "product",
    "item",
    "order",
    "reply",
    "http",
    "sql",
    "exception",
    "fault",
    "event",
    "failure",
    "message",
    "source",
    "dial",
    "dialing",
    "type",
    "currency",
    "language",
    "station",
    "airport",
    "stock",
];

/// Words of Chinese for such a code.
const CODES: [&str; 7] = ["验证码", "校验码", "动态码", "动态密码", "动态口令", "短信码", "确认码"];

/// Takes the number before the run `start..end` of text beyond ASCII: `482913（登录验证码）`, `482913 是您的验证码`.
pub fn before(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    let bracket = text.before(start) == b'(';
    let to = start - usize::from(bracket || text.before(start) == b' ');
    let n = text.scan.maps.digits.run_before(to);
    if !(4..=8).contains(&n) || !is_alone(text, to - n, to) {
        return;
    }
    let run = &t[start..end.min(start + REACH)];
    let opens = bracket || ["（", "【", "是", "为"].iter().any(|w| run.starts_with(w.as_bytes()));
    if opens && CODES.iter().any(|w| memchr::memmem::find(run, w.as_bytes()).is_some_and(|i| i <= REACH / 2)) {
        found.push(to - n, to, e::CODE, RuleId::Words, Confidence::Context);
    }
}
