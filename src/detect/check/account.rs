//! Accounts and ids of users as far as their form tells.

use super::keyed::Keyed;
use super::{all_digits, digits, name, pinyin, plain, windows, word};
use crate::model::{EntityId, well_known as e};

/// Accounts of machines, which are nobody's.
const SYSTEM: &[&str] = &[
    "root",
    "nobody",
    "www-data",
    "nginx",
    "apache",
    "daemon",
    "system",
    "admin",
    "administrator",
    "guest",
    "mysql",
    "postgres",
    "redis",
    "git",
    "sshd",
    "ubuntu",
    "debian",
    "centos",
    "user",
    "username",
    "local",
    "service",
    "kafka",
    "hdfs",
    "yarn",
    "spark",
    "hadoop",
    "zookeeper",
    "elastic",
    "http",
    "https",
    "cron",
    "syslog",
    "messagebus",
    "userid",
    "id",
    "name",
    // Words that logs show behind `user` or `login`: `User: Security ID:` (Windows), `FAIL LOGIN: Client` (vsftpd),
    // `login: invalid username`, `;user=phone` (SIP).
    "security",
    "client",
    "invalid",
    "phone",
    // SQL Server, Elasticsearch, Debian's and Windows' services.
    "sa",
    "dbo",
    "_system",
    "_xpack",
    "_xpack_security",
    "_anonymous",
    "news",
    "mail",
    "postfix",
    "cyrus",
    "uucp",
    "linux",
    "darwin",
    "games",
    "backup",
    "named",
    "squid",
    "dbus",
    "local service",
    "network service",
    "preauth",
    "undef",
    // What starts jobs, and groups of everybody (Google Cloud).
    "schedule",
    "scheduler",
    "timer",
    "webhook",
    "workflow",
    "pipeline",
    "automation",
    "web-flow",
    "allusers",
    "app@sharepoint",
    // Spring Security.
    "anonymoususer",
    // AWS.
    "aws internal",
    "unbekannt",
    "desconocido",
    "inconnu",
    "sconosciuto",
    "onbekend",
];

/// True for an account that a system has for itself: reserved names of Kubernetes, apps of GitHub, linked roles of AWS, and what
/// Google Cloud shows in place of one.
fn is_machine(name: &[u8]) -> bool {
    [&b"system:"[..], b"AWSServiceRoleFor", b"aws:", b"HIDDEN_DUE_TO_", b"allAuthenticatedUsers"]
        .iter()
        .any(|p| name.starts_with(p))
        || name.ends_with(b"[bot]")
        || name.ends_with(b".amazonaws.com")
}

/// Numbers of five digits and more (smaller ones are Unix users) and tokens that hold a digit.
pub fn user_id(v: &[u8]) -> bool {
    if all_digits(v) {
        return (5..=24).contains(&v.len()) && v != b"65534" && v != b"4294967295";
    }
    // Accounts of every Windows, as `S-1-5-18`; those of people have a domain's number in them ([MS-DTYP] section 2.4.2.4).
    let system = v.len() <= 8 && v.starts_with(b"S-1-5-");
    let sign = |b: &u8| plain(*b) || matches!(b, b'=' | b'+' | b'/' | b':' | b'@' | b'\\' | b'~');
    !connection(v) && !system && (4..=96).contains(&v.len()) && digits(v) > 0 && (v.iter().all(sign) || provided(v))
}

/// A person under a key that operators of networks, languages and queries have as well.
pub fn operator(v: &[u8], entity: EntityId) -> Keyed {
    if name::chinese(v) || name::given(v) {
        Keyed::Take(e::PERSON_NAME)
    } else if pinyin::name(v) {
        Keyed::Take(entity)
    } else {
        Keyed::No
    }
}

/// `auth0|5f7c8ec7c33c6c004bbafe82` (OpenID Connect), `i:0#.f|membership|alice1` (SharePoint): who gave the id stands before a bar.
fn provided(v: &[u8]) -> bool {
    let rest = v.strip_prefix(b"i:0#.f|").unwrap_or(v);
    let Some(bar) = rest.iter().position(|b| *b == b'|') else { return false };
    let name = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    bar > 1 && rest[..bar].iter().all(name) && rest[bar + 1..].iter().all(|b| plain(*b) || matches!(b, b'@' | b'|'))
}

/// Zeek numbers connections under the key of Unix users: `CHhAvVGS1DHFjwGM9`.
fn connection(v: &[u8]) -> bool {
    (14..=19).contains(&v.len())
        && v[0] == b'C'
        && v.iter().all(u8::is_ascii_alphanumeric)
        && v.iter().any(u8::is_ascii_lowercase)
}

/// An id that is a name. `orders.customer_id=customers.id` joins tables, `<accountId>` stands in examples.
pub fn is_named(v: &[u8]) -> bool {
    let sign = |b: &u8| plain(*b) || matches!(b, b'@' | b'\\' | b' ') || *b >= 0x80;
    let joins = v.ends_with(b"id") && v.contains(&b'.');
    // `@alice:example.org` (Matrix)
    let matrix = v[0] == b'@' && v.iter().all(|b| sign(b) || *b == b':');
    digits(v) == 0 && !connection(v) && !joins && (matrix || v.iter().all(sign))
}

/// A name with a letter in it. Paths, calls and expressions are none.
pub fn is_written(v: &[u8]) -> bool {
    let mark = |b: &u8| matches!(b, b'/' | b'(' | b'{' | b'$' | b'<' | b'*' | b'|');
    v.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80) && !v.iter().any(mark)
}

/// Words that running text has where a login name could stand.
const SAID: &[&str] = &[
    "ok",
    "ip",
    "vip",
    "svip",
    "new",
    "old",
    "all",
    "test",
    "login",
    "logout",
    "online",
    "offline",
    "active",
    "inactive",
    "locked",
    "success",
    "successful",
    "failed",
    "error",
    "info",
    "debug",
    "warn",
    "not",
    "no",
    "has",
    "is",
    "was",
    "get",
    "post",
    "put",
    "delete",
    "api",
    "app",
    "web",
    "pc",
    "ios",
    "android",
    "token",
    "role",
    "type",
    "status",
    "group",
    "list",
    "none",
];

/// A login name by its form: ASCII letters, digits and the signs that join them.
pub fn is_login(v: &[u8]) -> bool {
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'\\' | b'+');
    (2..=64).contains(&v.len())
        && v[0].is_ascii_alphanumeric()
        && v.iter().any(u8::is_ascii_alphabetic)
        && v.iter().all(sign)
        && !word::is_about(v)
        && !SAID.iter().any(|w| v.eq_ignore_ascii_case(w.as_bytes()))
}

/// An account, or the name of a person in its place.
pub fn judge(v: &[u8], entity: EntityId) -> Keyed {
    let system = windows::is(v)
        || v.len() < 16
            && v.first().is_some_and(u8::is_ascii)
            && SYSTEM.iter().any(|s| v.eq_ignore_ascii_case(s.as_bytes()));
    let letters = v.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    // Layouts that fit by chance and JSON in JSON give more than a name.
    let more = v.iter().filter(|b| **b == b' ').count() > 1
        || v.windows(2).any(|w| w == b": ")
        || matches!(v.first(), Some(b'{' | b'['));
    if more || system || is_machine(v) || v.len() < 2 || !letters && v.len() < 5 || is_amount(v) {
        return Keyed::No;
    }
    Keyed::Take(if name::chinese(v) { e::PERSON_NAME } else { entity })
}

/// `0.05s`, `12.3%`: the time a program took.
fn is_amount(v: &[u8]) -> bool {
    let n = v.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    n > 0 && v[..n].contains(&b'.') && matches!(&v[n..], b"" | b"s" | b"ms" | b"us" | b"ns" | b"%" | b"m" | b"h")
}
