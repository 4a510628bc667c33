//! What stands in the place of a value and is none: references to one, types of a program, objects as they are printed, causes of errors
//! (`failed to get user: context deadline exceeded`).

use super::{Found, Text};
use crate::detect::check::reference;
use crate::format::slot::BEGINS as TAG;
use crate::model::Shape;

/// How much of a text is looked at.
const REACH: usize = 96;

/// True when a look is worth it: for most values one byte says that it is not.
#[inline(always)]
pub fn may(t: &[u8], i: usize, start: usize) -> bool {
    let first = t.get(start).copied().unwrap_or(b'\n');
    matches!(first, b'$' | b'%' | b'{' | b'#' | b'<')
        || start == i && (first.is_ascii_uppercase() || i > 0 && t[i - 1] == b' ')
}

/// True when what begins at `start` behind the separator at `sep` is no value of that shape; `i` is where its quote begins, when it has one.
#[inline(never)]
pub fn is(
    text: &Text<'_>,
    found: &mut Found<'_>,
    shape: Shape,
    (sep, i): (usize, usize),
    (start, end): (usize, usize),
) -> bool {
    let named = matches!(shape, Shape::AccountName | Shape::NamedAccount | Shape::UserId | Shape::LongSecret);
    if !shape.is_secret() && !named {
        return false;
    }
    let t = text.bytes;
    let rest = &t[start..t.len().min(start + REACH)];
    let rest = &rest[..memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())];
    if reference::is(rest) || is_variable(text, found, start, end) {
        return true;
    }
    if start != i {
        return false;
    }
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return is_size(rest);
    }
    let v = &t[start..end.max(start)];
    // `Post "https://auth.example.com/token": dial tcp: ...`
    let path =
        || text.before(sep) == b'"' && text.before(sep - 1 - text.scan.maps.keychars.run_before(sep - 1)) == b'/';
    let colon =
        text.at(sep) == b':' && (text.before(sep).is_ascii_alphanumeric() || text.before(sep) == b')' || path());
    is_object(rest) || is_code(v, rest) || i == sep + 2 && colon && is_cause(rest)
}

/// `$password` (GraphQL, PHP): a variable with the name of a key.
fn is_variable(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) -> bool {
    let v = &text.bytes[start..end.max(start)];
    let name = v.strip_prefix(b"$").unwrap_or_default();
    (2..=32).contains(&name.len())
        && name.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_')
        && !text.registry.class(found.memo.classify(text.registry, text.bytes, name.len(), end)).is_unknown()
}

/// `<requests.sessions.Session object at 0x7f8b...>`, `<function login at 0x...>`, `UserDto(id=138, ...`.
fn is_object(rest: &[u8]) -> bool {
    if rest.first() == Some(&b'<') {
        let close = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        return memchr::memmem::find(&rest[..close], b" at 0x").is_some();
    }
    let class = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'.').count();
    let simple = rest[..class].rsplit(|b| *b == b'.').next().unwrap_or_default();
    let Some(b'(' | b'[') = rest.get(class) else { return false };
    let member = &rest[class + 1..];
    let name = member.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    simple.first().is_some_and(u8::is_ascii_uppercase)
        && simple.iter().any(u8::is_ascii_lowercase)
        && name > 0
        && member.get(name) == Some(&b'=')
}

/// Where programs find a value, in their own words.
const CODE: &[&str] = &[
    "process.env",
    "os.environ",
    "os.getenv",
    "System.getenv",
    "getenv(",
    "env(",
    "ENV[",
    "ENV.fetch",
    "!vault",
    "!Ref",
    "!Sub",
    "!GetAtt",
    "models.",
    "forms.",
    "serializers.",
    "Option<",
    "Optional[",
    "Optional<",
    "Secret<",
    "SecretStr",
    "Mapped[",
    "Column(",
    "z.string",
];

/// First words of such a place, when letters alone follow.
const PLACES: &[&str] =
    &["var.", "local.", "data.", "module.", "secrets.", "self.", "this.", "args.", "params.", "config.", "settings."];

/// Types of a string.
const TYPES: &[&str] = &["String", "string", "str", "&str", "varchar", "STRING", "VARCHAR"];

fn is_code(v: &[u8], rest: &[u8]) -> bool {
    let starts = |list: &[&str]| list.iter().any(|w| rest.starts_with(w.as_bytes()));
    let bare = v.strip_suffix(b"!").or(v.strip_suffix(b"?")).unwrap_or(v);
    let letters = || v.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.'));
    starts(CODE) || TYPES.iter().any(|w| w.as_bytes() == bare) || starts(PLACES) && letters()
}

/// `16 bytes`: what kubectl says of a secret.
fn is_size(rest: &[u8]) -> bool {
    let n = rest.iter().take(8).take_while(|b| b.is_ascii_digit()).count();
    n > 0 && rest[n..].starts_with(b" bytes")
}

/// First words of causes that more words follow.
const BEGIN: &[&str] = &[
    "access",
    "account",
    "already",
    "attempt",
    "authentication",
    "bad",
    "can",
    "can't",
    "cannot",
    "connection",
    "context",
    "could",
    "dial",
    "does",
    "duplicate",
    "error",
    "failed",
    "field",
    "finished",
    "get",
    "has",
    "i/o",
    "insufficient",
    "internal",
    "invalid",
    "is",
    "lookup",
    "missing",
    "must",
    "no",
    "not",
    "open",
    "parse",
    "permission",
    "post",
    "put",
    "read",
    "record",
    "rejects",
    "request",
    "resource",
    "returns",
    "row",
    "rpc",
    "secrets",
    "should",
    "too",
    "unable",
    "unexpected",
    "unknown",
    "unsupported",
    "user",
    "value",
    "was",
    "wrong",
];

/// Words that are a cause by themselves.
const ALONE: &[&str] = &[
    "canceled",
    "cancelled",
    "denied",
    "disabled",
    "done",
    "enabled",
    "eof",
    "expired",
    "failed",
    "failure",
    "finished",
    "forbidden",
    "invalid",
    "locked",
    "missing",
    "nil",
    "ok",
    "refused",
    "rejected",
    "required",
    "success",
    "successful",
    "timeout",
    "unauthorized",
];

/// True for what a program says went wrong, or did not.
fn is_cause(rest: &[u8]) -> bool {
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'\'' | b'/' | b'_' | b'.' | b'-');
    let n = rest.iter().take(64).take_while(|b| sign(b)).count();
    let (word, after) = (&rest[..n], &rest[n..]);
    let is = |list: &[&str]| list.iter().any(|w| word.eq_ignore_ascii_case(w.as_bytes()));
    match after {
        // `redis: nil`, `strconv.Atoi: parsing ...`
        [b':', b' ', next, ..] => next.is_ascii_graphic() && is_source(word),
        // A tag in the slot of a line of text, with its quote.
        [b' ', b'"', tag @ ..] if tag.starts_with(TAG) => is(ALONE),
        [b' ', next, ..] => is(BEGIN) && (next.is_ascii_alphanumeric() || matches!(next, b'"' | b'\'' | b'/' | b'`')),
        [] | [b'"' | b',' | b';' | b')' | b'.', ..] => is(ALONE),
        _ => false,
    }
}

/// Packages and protocols that name themselves in front of their causes.
const SOURCES: &[&str] = &[
    "amqp", "context", "crypto", "exec", "gorm", "grpc", "http", "https", "imap", "io", "json", "jwt", "kafka", "ldap",
    "mongo", "mysql", "net/http", "oauth2", "os", "pq", "redis", "rpc", "smtp", "sql", "ssh", "tls", "toml", "x509",
    "xml", "yaml",
];

/// `strconv.Atoi`, `TypeError`, `org.foo.BarException`: what names a cause.
fn is_source(word: &[u8]) -> bool {
    let ends = [&b"Error"[..], b"error", b"Exception"].iter().any(|w| word.ends_with(w));
    let class = word.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'.' || *b == b'_');
    ends && class || word.starts_with(b"strconv.") || SOURCES.iter().any(|w| w.as_bytes() == word)
}
