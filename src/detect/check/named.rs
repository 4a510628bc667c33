//! Shapes that only a key makes believable: accounts, names, documents, companies, places.

use super::keyed::Keyed;
use super::{
    all_digits, eastern, iban, name, national, organisation, papers, permit, pinyin, regional, street, vehicle,
    windows, word,
};
use crate::model::{EntityId, Shape, well_known as e};

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

/// Judges a decoded value that is neither a placeholder nor our own output.
pub fn judge(shape: Shape, entity: EntityId, v: &[u8]) -> Keyed {
    let take = |yes: bool| if yes { Keyed::Take(entity) } else { Keyed::No };
    match shape {
        Shape::LooseSecret => take(!is_result(v)),
        Shape::SecretWord => take(v.len() >= 4 && v.iter().any(u8::is_ascii_alphanumeric)),
        Shape::Digest => take(matches!(v.len(), 32 | 40 | 64) && v.iter().all(u8::is_ascii_hexdigit)),
        Shape::Basic => take(basic(v)),
        Shape::Visitor => take(visitor(v)),
        Shape::Operator => operator(v, entity),
        Shape::UserId if entity == e::SESSION && is_no_session(v) => Keyed::No,
        Shape::UserId if user_id(v) => Keyed::Take(entity),
        Shape::UserId if entity == e::USER_ID && is_named(v) => account(v, entity),
        Shape::UserId => Keyed::No,
        Shape::AccountName => account(v, entity),
        Shape::NamedAccount if is_written(v) => account(v, entity),
        Shape::Login if name::chinese(v) || name::given(v) => Keyed::Take(e::PERSON_NAME),
        Shape::Login if is_login(v) => account(v, e::ACCOUNT),
        Shape::ShortCode => take((3..=4).contains(&v.len()) && all_digits(v)),
        Shape::LongSecret => take(long_secret(v)),
        Shape::Name => take(name::chinese(v) || name::given(v)),
        Shape::FullName => take(name::chinese(v) || name::western(v) || eastern::name(v)),
        Shape::Owned => take(["'s ", "’s ", "的"].iter().any(|o| memchr::memmem::find(v, o.as_bytes()).is_some())),
        Shape::Permit => permit_of(v, entity),
        Shape::RegionalId => regional_of(v),
        Shape::Organisation => {
            if organisation::number(v) {
                Keyed::Take(if v.len() == 18 { e::CREDIT_CODE } else { entity })
            } else {
                Keyed::No
            }
        }
        Shape::BankAccount => {
            take((6..=40).contains(&v.len()) && digits(v) >= 6 && v.iter().all(|b| plain(*b) || *b == b' '))
        }
        // Behind its key a number goes whatever its check digits: a typo is still a person's number.
        Shape::Iban => {
            take(iban::valid(v) || (15..=34).contains(&v.len()) && digits(v) >= 6 && v.iter().all(|b| plain(*b)))
        }
        Shape::Ssn => take(ssn(v)),
        Shape::NationalId => take(national::form(v)),
        Shape::NationalIdChecked => take(national::checked(v)),
        Shape::StateNumber => take(papers::number(v)),
        Shape::PaperNumber => take(papers::named(v)),
        Shape::PassportNumber => take(papers::passport(v)),
        Shape::MixedSecret => take(papers::is_mixed(v)),
        Shape::GivenName => take(name::chinese(v) || name::western(v) || name::is_given(v)),
        Shape::Plate => take(
            vehicle::plate(v)
                || (6..=10).contains(&v.len()) && digits(v) >= 3 && v.iter().all(u8::is_ascii_alphanumeric)
                || vehicle::foreign_plate(v),
        ),
        Shape::Vin => take(v.len() == 17 && v.iter().all(u8::is_ascii_alphanumeric) && digits(v) >= 4),
        Shape::Birth => take(birth(v)),
        Shape::WeakSerial => take(weak_serial(v)),
        Shape::Geohash => take(
            (5..=12).contains(&v.len())
                && v.iter().all(|b| b"0123456789bcdefghjkmnpqrstuvwxyz".contains(b))
                && digits(v) > 0,
        ),
        Shape::Place => {
            take(v.iter().filter(|b| **b == b'_').count() >= 2 && v.iter().all(|b| b.is_ascii_digit() || *b == b'_'))
        }
        Shape::Prose | Shape::PlaceText if entity == e::ADDRESS && street::is_locator(v) => Keyed::No,
        Shape::PlaceText => {
            take(v.len() >= 6 && (v.iter().any(|b| *b >= 0x80) || entity == e::ADDRESS && street::is(v)))
        }
        // Windows numbers the keywords of its events (`0x8020000000000000`).
        Shape::Prose | Shape::Search
            if v.len() == 18 && v.starts_with(b"0x") && v[2..].iter().all(u8::is_ascii_hexdigit) =>
        {
            Keyed::No
        }
        Shape::Prose | Shape::Search => take(v.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80)),
        _ => Keyed::No,
    }
}

fn digits(v: &[u8]) -> usize {
    v.iter().filter(|b| b.is_ascii_digit()).count()
}

/// Nine digits, in print with a dash, blank or dot behind the third and the fifth.
pub fn ssn(v: &[u8]) -> bool {
    let mark = |i: usize| matches!(v[i], b'-' | b' ' | b'.');
    match v.len() {
        9 => all_digits(v),
        11 => mark(3) && mark(6) && all_digits(&v[..3]) && all_digits(&v[4..6]) && all_digits(&v[7..]),
        _ => false,
    }
}

fn plain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
}

/// Numbers of five digits and more (smaller ones are Unix users) and tokens that hold a digit.
fn user_id(v: &[u8]) -> bool {
    if all_digits(v) {
        return (5..=24).contains(&v.len()) && v != b"65534" && v != b"4294967295";
    }
    // Accounts of every Windows, as `S-1-5-18`; those of people have a domain's number in them ([MS-DTYP] section 2.4.2.4).
    let system = v.len() <= 8 && v.starts_with(b"S-1-5-");
    !connection(v)
        && !system
        && (4..=96).contains(&v.len())
        && digits(v) > 0
        && v.iter().all(|b| plain(*b) || matches!(b, b'=' | b'+' | b'/' | b':' | b'@' | b'|' | b'\\' | b'#' | b'~'))
}

/// Google Analytics' number of a browser: a number by chance and the second of the first visit.
pub fn visitor(v: &[u8]) -> bool {
    let dot = v.iter().position(|b| *b == b'.');
    dot.is_some_and(|d| (6..=10).contains(&d) && v.len() == d + 11 && all_digits(&v[..d]) && all_digits(&v[d + 1..]))
}

/// Base64 of printable signs, a colon among them (RFC 7617 section 2).
fn basic(v: &[u8]) -> bool {
    let value = |b: u8| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let core = &v[..v.len() - v.iter().rev().take(2).take_while(|b| **b == b'=').count()];
    let (mut bits, mut n, mut colon) = (0u32, 0, false);
    for &b in core {
        let Some(six) = value(b) else { return false };
        (bits, n) = (bits << 6 | u32::from(six), n + 6);
        if n >= 8 {
            n -= 8;
            let sign = (bits >> n) as u8;
            if !(b' '..0x7F).contains(&sign) {
                return false;
            }
            colon |= sign == b':';
        }
    }
    v.len() >= 8 && colon
}

/// Under `sid`: a statement of a policy (AWS), an object of Twilio's (two capitals and 32 hexadecimal digits), a time.
fn is_no_session(v: &[u8]) -> bool {
    let statement = v.strip_prefix(b"Stmt").is_some_and(all_digits);
    let object = v.len() == 34
        && v[..2].iter().all(u8::is_ascii_uppercase)
        && v[2..].iter().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    statement || object || is_epoch(v)
}

/// Seconds or milliseconds since 1970, of this century's years.
pub fn is_epoch(v: &[u8]) -> bool {
    matches!(v.len(), 10 | 13) && all_digits(v) && v[0] == b'1' && (b'4'..=b'9').contains(&v[1])
}

/// A person under a key that operators of networks, languages and queries have as well.
fn operator(v: &[u8], entity: EntityId) -> Keyed {
    if name::chinese(v) || name::given(v) {
        Keyed::Take(e::PERSON_NAME)
    } else if pinyin::name(v) {
        Keyed::Take(entity)
    } else {
        Keyed::No
    }
}

/// Zeek numbers connections under the key of Unix users: `CHhAvVGS1DHFjwGM9`.
fn connection(v: &[u8]) -> bool {
    (14..=19).contains(&v.len())
        && v[0] == b'C'
        && v.iter().all(u8::is_ascii_alphanumeric)
        && v.iter().any(u8::is_ascii_lowercase)
}

/// An id that is a name. `orders.customer_id=customers.id` joins tables, `<accountId>` stands in examples.
fn is_named(v: &[u8]) -> bool {
    let sign = |b: &u8| plain(*b) || matches!(b, b'@' | b'\\' | b' ') || *b >= 0x80;
    let joins = v.ends_with(b"id") && v.contains(&b'.');
    // `@alice:example.org` (Matrix)
    let matrix = v[0] == b'@' && v.iter().all(|b| sign(b) || *b == b':');
    digits(v) == 0 && !connection(v) && !joins && (matrix || v.iter().all(sign))
}

/// A name with a letter in it. Paths, calls and expressions are none.
fn is_written(v: &[u8]) -> bool {
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
fn is_login(v: &[u8]) -> bool {
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'\\' | b'+');
    (2..=64).contains(&v.len())
        && v[0].is_ascii_alphanumeric()
        && v.iter().any(u8::is_ascii_alphabetic)
        && v.iter().all(sign)
        && !word::is_about(v)
        && !SAID.iter().any(|w| v.eq_ignore_ascii_case(w.as_bytes()))
}

/// `base64:...`, or 32 signs and more, digits and letters among them.
fn long_secret(v: &[u8]) -> bool {
    let body = v.strip_prefix(b"base64:");
    let (core, least) = body.map_or((v, 32), |body| (body, 16));
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_');
    core.len() >= least && digits(core) > 0 && core.iter().any(u8::is_ascii_alphabetic) && core.iter().all(sign)
}

fn account(v: &[u8], entity: EntityId) -> Keyed {
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

fn permit_of(v: &[u8], entity: EntityId) -> Keyed {
    if permit::home_return(v) || permit::exit_entry(v) || permit::taiwan(v) {
        return Keyed::Take(e::TRAVEL_PERMIT);
    }
    if permit::military(v) || entity == e::MILITARY_ID && (5..=24).contains(&v.len()) && digits(v) >= 4 {
        return Keyed::Take(e::MILITARY_ID);
    }
    let loose = (6..=15).contains(&v.len())
        && digits(v) >= 5
        && v.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'(' | b')'));
    if loose { Keyed::Take(entity) } else { Keyed::No }
}

fn regional_of(v: &[u8]) -> Keyed {
    if regional::taiwan(v) {
        Keyed::Take(e::ID_TAIWAN)
    } else if regional::macao(v) {
        Keyed::Take(e::ID_MACAO)
    } else if (8..=11).contains(&v.len()) && v[0].is_ascii_alphabetic() && digits(v) >= 6 {
        Keyed::Take(e::ID_HONG_KONG)
    } else {
        Keyed::No
    }
}

/// A day of birth: eight digits, or year, month and day with marks; a time of day may follow.
fn birth(v: &[u8]) -> bool {
    // `Wed Jan 31 00:00:00 CST 1990` (Java).
    if (24..=35).contains(&v.len()) && v[3] == b' ' && v[13] == b':' {
        let mut day = [b' '; 11];
        day[..6].copy_from_slice(&v[4..10]);
        day[6..].copy_from_slice(&v[v.len() - 5..]);
        return names_month(&day);
    }
    // `1990-01-31T00:00:00.000+08:00`: the day alone counts.
    if let [day @ .., b'T' | b' '] = &v[..v.len().min(11)]
        && day.len() == 10
        && v.len() <= 40
        && v[10..].iter().all(|b| b.is_ascii_graphic() || *b == b' ')
    {
        return birth(day);
    }
    if short_day(v) {
        return true;
    }
    let n = digits(v);
    if v.iter().any(u8::is_ascii_alphabetic) && (5..=6).contains(&n) {
        return names_month(v);
    }
    // Milliseconds since 1970, before or behind it.
    if v.len() == n + usize::from(v.first() == Some(&b'-')) && (11..=13).contains(&n) {
        return true;
    }
    let marks = v.iter().filter(|b| !b.is_ascii_digit()).count();
    // `1990-03`
    if v.len() == 7 && marks == 1 && v[4] == b'-' {
        return v.starts_with(b"19") || v.starts_with(b"20");
    }
    (if marks > 1 { 6 } else { 8 }..=17).contains(&n)
        && v.len() <= 30
        && (v.starts_with(b"19") || v.starts_with(b"20") || n == 8)
        && v.iter().all(|b| {
            b.is_ascii_digit() || matches!(b, b'-' | b'/' | b'.' | b':' | b' ' | b'T' | b'Z' | b'+') || *b >= 0x80
        })
}

/// `5/12/1985`, `3.5.1985`, `12/05/85`: a zero in front may lack, and so may the century.
fn short_day(v: &[u8]) -> bool {
    let Some(&mark) = v.iter().find(|b| matches!(b, b'/' | b'.' | b'-')) else { return false };
    let mut parts = v.split(|b| *b == mark);
    let mut part = |lens: &[usize]| parts.next().is_some_and(|p| lens.contains(&p.len()) && all_digits(p));
    part(&[1, 2]) && part(&[1, 2]) && part(&[2, 4]) && parts.next().is_none()
}

/// `2 January 1990`, `Jan 2, 1990`, `02-Jan-1990`.
fn names_month(v: &[u8]) -> bool {
    const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let mut words = v.split(|b| matches!(b, b' ' | b',' | b'-' | b'.' | b'/')).filter(|w| !w.is_empty());
    let month = |w: &[u8]| MONTHS.as_chunks::<3>().0.iter().any(|m| w.len() >= 3 && w[..3].eq_ignore_ascii_case(m));
    v.len() <= 24
        && words.clone().count() == 3
        && words.all(|w| all_digits(w) && matches!(w.len(), 1 | 2 | 4) || month(w))
}

/// `sn` also numbers orders: those are long runs of digits.
fn weak_serial(v: &[u8]) -> bool {
    let letters = v.iter().any(u8::is_ascii_alphabetic);
    let capitals = v.len() <= 20 && v.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let token = (8..=32).contains(&v.len())
        && (digits(v) >= 2 || capitals)
        && v.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let clock = v.len() >= 14 && v.starts_with(b"20");
    token && (letters || (10..=14).contains(&v.len()) && !is_epoch(v) && !clock)
}

/// What stands under `pass` where nobody logs in: counts, verdicts, references to an environment.
fn is_result(v: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "pass", "passed", "fail", "failed", "ok", "okay", "skip", "skipped", "warn", "warning", "error", "success",
        "first", "second", "all", "some", "done", "end", "through", "on", "off", "entry", "exit",
    ];
    let number = v.len() < 6 && v.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'%' | b'/'));
    number || v.len() < 3 || WORDS.iter().any(|w| v.eq_ignore_ascii_case(w.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let took = |s, id, v: &str| match judge(s, id, v.as_bytes()) {
            Keyed::Take(id) => Some(id),
            _ => None,
        };
        assert_eq!(took(Shape::UserId, e::USER_ID, "123456789"), Some(e::USER_ID));
        assert_eq!(took(Shape::UserId, e::USER_ID, "1000"), None);
        assert_eq!(took(Shape::UserId, e::USER_ID, "S-1-5-18"), None);
        assert_eq!(took(Shape::UserId, e::USER_ID, "S-1-5-21-397955417-626881126-188441444-1001"), Some(e::USER_ID));
        assert_eq!(took(Shape::AccountName, e::ACCOUNT, "root"), None);
        assert_eq!(took(Shape::AccountName, e::ACCOUNT, "alice"), Some(e::ACCOUNT));
        assert_eq!(took(Shape::NamedAccount, e::ACCOUNT, "CORP\\alice"), Some(e::ACCOUNT));
        for no in ["50000", "0.123456", "/bin/sh", "root", "f(x)"] {
            assert_eq!(took(Shape::NamedAccount, e::ACCOUNT, no), None, "{no}");
        }
        assert_eq!(took(Shape::ShortCode, e::PASSWORD, "123"), Some(e::PASSWORD));
        assert_eq!(took(Shape::ShortCode, e::PASSWORD, "600519"), None);
        assert_eq!(took(Shape::LongSecret, e::TOKEN, "base64:0a1B2c3D4e5F6g7H8i9J0k=="), Some(e::TOKEN));
        assert_eq!(took(Shape::LongSecret, e::TOKEN, "0123456789abcdef0123456789abcdef"), Some(e::TOKEN));
        assert_eq!(took(Shape::LongSecret, e::TOKEN, "wx0123456789abcdef"), None);
        assert_eq!(took(Shape::AccountName, e::ACCOUNT, "张伟"), Some(e::PERSON_NAME));
        assert_eq!(took(Shape::Name, e::PERSON_NAME, "click"), None);
        assert_eq!(took(Shape::WeakSerial, e::SERIAL, "KZQWPFRT"), Some(e::SERIAL));
        assert_eq!(took(Shape::WeakSerial, e::SERIAL, "FADBCCEF9A"), Some(e::SERIAL));
        assert_eq!(took(Shape::WeakSerial, e::SERIAL, "checkout"), None);
        assert_eq!(took(Shape::WeakSerial, e::SERIAL, "CHECKOUT_V2"), None);
        assert_eq!(took(Shape::Permit, e::TRAVEL_PERMIT, "H12345678"), Some(e::TRAVEL_PERMIT));
        assert_eq!(took(Shape::RegionalId, e::ID_HONG_KONG, "G123456(A)"), Some(e::ID_HONG_KONG));
        assert_eq!(took(Shape::Organisation, e::LICENCE, "91330106MA27Y4U47R"), Some(e::CREDIT_CODE));
        assert_eq!(took(Shape::WeakSerial, e::SERIAL, "868127199117460"), None);
        assert_eq!(took(Shape::WeakSerial, e::SERIAL, "8A6F12719911"), Some(e::SERIAL));
        assert_eq!(took(Shape::Birth, e::BIRTH, "1990-01-31"), Some(e::BIRTH));
        assert_eq!(took(Shape::Place, e::GEO, "18_1501_1504_52593"), Some(e::GEO));
    }
}
