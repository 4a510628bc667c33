//! Shapes that only a key makes believable: accounts, names, documents, companies, places.

use super::keyed::Keyed;
use super::{
    account, all_digits, birth, digits, eastern, iban, name, national, organisation, papers, permit, plain, regional,
    street, vehicle,
};
use crate::model::{EntityId, Shape, well_known as e};

/// Judges a decoded value that is neither a placeholder nor our own output.
pub fn judge(shape: Shape, entity: EntityId, v: &[u8]) -> Keyed {
    let take = |yes: bool| if yes { Keyed::Take(entity) } else { Keyed::No };
    match shape {
        Shape::LooseSecret => take(!is_result(v)),
        Shape::SecretWord => take(v.len() >= 4 && v.iter().any(u8::is_ascii_alphanumeric)),
        Shape::Digest => take(matches!(v.len(), 32 | 40 | 64) && v.iter().all(u8::is_ascii_hexdigit)),
        Shape::Basic => take(basic(v)),
        Shape::Visitor => take(visitor(v)),
        Shape::Operator => account::operator(v, entity),
        Shape::UserId if entity == e::SESSION && is_no_session(v) => Keyed::No,
        Shape::UserId if account::user_id(v) => Keyed::Take(entity),
        Shape::UserId if entity == e::USER_ID && account::is_named(v) => account::judge(v, entity),
        Shape::UserId => Keyed::No,
        Shape::AccountName => account::judge(v, entity),
        Shape::NamedAccount if account::is_written(v) => account::judge(v, entity),
        Shape::Login if name::chinese(v) || name::given(v) => Keyed::Take(e::PERSON_NAME),
        Shape::Login if account::is_login(v) => account::judge(v, e::ACCOUNT),
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
        Shape::Birth => take(birth::is(v)),
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

/// Nine digits, in print with a dash, blank or dot behind the third and the fifth.
pub fn ssn(v: &[u8]) -> bool {
    let mark = |i: usize| matches!(v[i], b'-' | b' ' | b'.');
    match v.len() {
        9 => all_digits(v),
        11 => mark(3) && mark(6) && all_digits(&v[..3]) && all_digits(&v[4..6]) && all_digits(&v[7..]),
        _ => false,
    }
}

/// Google Analytics' number of a browser: a number by chance and the second of the first visit.
pub fn visitor(v: &[u8]) -> bool {
    let dot = v.iter().position(|b| *b == b'.');
    dot.is_some_and(|d| (6..=10).contains(&d) && v.len() == d + 11 && all_digits(&v[..d]) && all_digits(&v[d + 1..]))
}

/// Base64 of printable signs, a colon among them (RFC 7617 section 2).
fn basic(v: &[u8]) -> bool {
    let core = &v[..v.len() - v.iter().rev().take(2).take_while(|b| **b == b'=').count()];
    let mut pair = [0; 128];
    let Some(pair) = data_encoding::BASE64_NOPAD.decode_len(core.len()).ok().and_then(|n| pair.get_mut(..n)) else {
        return false;
    };
    let read = data_encoding::BASE64_NOPAD.decode_mut(core, pair).is_ok();
    read && core.len() >= 8 && pair.iter().all(|b| (b' '..0x7F).contains(b)) && pair.contains(&b':')
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

/// `base64:...`, or 32 signs and more, digits and letters among them.
fn long_secret(v: &[u8]) -> bool {
    let body = v.strip_prefix(b"base64:");
    let (core, least) = body.map_or((v, 32), |body| (body, 16));
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_');
    core.len() >= least && digits(core) > 0 && core.iter().any(u8::is_ascii_alphabetic) && core.iter().all(sign)
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
