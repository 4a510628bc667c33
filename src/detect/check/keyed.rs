//! A key named the value: does the value have the shape, and which entity is it precisely?

use super::{
    all_digits, cn_id, email, imsi, ip, mac, meid, national, output, papers, phone, placeholder, reference, scheme,
    state, uuid, word,
};
use crate::model::{EntityId, Shape, well_known as e};

/// Verdict on a keyed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// It is of this entity.
    Take(EntityId),
    /// It stands for no value, or logveil wrote it.
    Placeholder,
    /// The key was wrong about it.
    No,
}

/// Judges a decoded, trimmed value under a key of `entity`.
pub fn keyed(shape: Shape, entity: EntityId, v: &[u8]) -> Keyed {
    let free = shape.is_boundless() && entity != e::PERSON_NAME || matches!(entity, e::TOKEN | e::SESSION);
    if placeholder::is(v) || state::is(v) || if free { output::veils(v) } else { output::is(v) } {
        return Keyed::Placeholder;
    }
    if (free || entity == e::PERSON_NAME) && word::is_verdict(v) {
        return Keyed::Placeholder;
    }
    let take = |yes: bool| if yes { Keyed::Take(entity) } else { Keyed::No };
    if entity == e::SESSION && is_endpoint(v) {
        return Keyed::No;
    }
    match shape {
        Shape::Ip => address(v, entity),
        Shape::Phone => match telephone(v) {
            // `Calling-Station-Id` (RFC 2865 section 5.31) holds either.
            Keyed::No if is_bare_mac(v) => Keyed::Take(e::MAC),
            judged => judged,
        },
        Shape::CnId => identity(v),
        Shape::DeviceId => device(v, entity),
        Shape::WeakDeviceId => match device(v, entity) {
            Keyed::Take(id) if matches!(id, e::ANDROID_ID | e::OPENUDID | e::IMEI) => Keyed::Take(id),
            // Apple's systems print theirs in upper case.
            Keyed::Take(e::UUID_ID) if !v.iter().any(u8::is_ascii_lowercase) => Keyed::Take(e::UUID_ID),
            _ if super::named::visitor(v) => Keyed::Take(entity),
            _ => Keyed::No,
        },
        Shape::Imsi => take(imsi::grouped(v)),
        Shape::Iccid => {
            take((18..=22).contains(&v.len()) && v.starts_with(b"89") && v.iter().all(u8::is_ascii_alphanumeric))
        }
        Shape::Mac => match mac::parse(v) {
            Some(m) if mac::placeholder(&m) => Keyed::Placeholder,
            Some(_) => Keyed::Take(e::MAC),
            None => take(matches!(v.len(), 32 | 40 | 64) && v.iter().all(u8::is_ascii_hexdigit)),
        },
        Shape::Email => take(email::valid(v)),
        // `pan` names the number of a card, and India's tax number.
        Shape::Card if v.len() == 10 && national::checked(v) => Keyed::Take(e::NATIONAL_ID),
        // Cards with a chip that buildings and hospitals hand out.
        Shape::Card if v.len() == 10 && all_digits(v) => Keyed::Take(entity),
        Shape::Card if (20..=25).contains(&v.len()) && all_digits(v) && !v.starts_with(b"8986") => {
            Keyed::Take(e::BANK_ACCOUNT)
        }
        Shape::Card => take(account_number(v)),
        Shape::AccountNumber => take(account_number(v) || papers::account(v)),
        Shape::Passport => {
            take((7..=11).contains(&v.len()) && v.iter().all(u8::is_ascii_alphanumeric) && digits_in(v) >= 6)
        }
        Shape::Serial => take(
            (6..=32).contains(&v.len())
                && (digits_in(v) >= 2
                    || v.len() >= 10 && v.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
                && v.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'),
        ),
        Shape::Geo => take(coordinates(v)),
        Shape::Code => take((4..=8).contains(&v.len()) && v.iter().all(u8::is_ascii_alphanumeric) && digits_in(v) > 0),
        // Analytics number sessions by their second.
        Shape::Secret if entity == e::SESSION && super::named::is_epoch(v) => Keyed::No,
        Shape::Secret if matches!(entity, e::TOKEN | e::SESSION) => take(!is_count(v) && !is_case(v, entity)),
        Shape::Secret | Shape::Text => Keyed::Take(entity),
        Shape::SecretNoPath => take(!is_path(v)),
        Shape::Signature => take(is_signature(v)),
        Shape::LoginCode => take(is_login_code(v)),
        Shape::Credential => credential(v, entity),
        _ => super::named::judge(shape, entity, v),
    }
}

/// `SESSION: 192.0.2.7:54321->...` is one of a network.
fn is_endpoint(v: &[u8]) -> bool {
    let n = v.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    (7..=15).contains(&n)
        && ip::v4(&v[..n]).is_some()
        && v[n..].iter().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'-'))
}

/// Four to eight digits, or a long token (RFC 6749 section 4.1.2); three digits are a status.
fn is_login_code(v: &[u8]) -> bool {
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~' | b'+' | b'=');
    let token = v.len() >= 16 && v.iter().any(u8::is_ascii_alphabetic) && digits_in(v) > 0 && v.iter().all(sign);
    token || (4..=8).contains(&v.len()) && all_digits(v)
}

/// Tokens of a language model and sessions of a terminal are counted: `input_token=512`, `first token: 1.38`.
fn is_count(v: &[u8]) -> bool {
    let n = v.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let unit = matches!(&v[n..], b"" | b"s" | b"ms" | b"us" | b"ns" | b"%");
    n > 0 && unit && (n < 6 || v[..n].contains(&b'.')) && v[..n].iter().filter(|b| **b == b'.').count() < 2
}

/// `PROJ-1234`, `INC0012345`: the ticket of a bug or a call for help.
fn is_case(v: &[u8], entity: EntityId) -> bool {
    let capitals = v.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let number = v[capitals..].strip_prefix(b"-").unwrap_or(&v[capitals..]);
    entity == e::SESSION && (2..=10).contains(&capitals) && (1..=8).contains(&number.len()) && all_digits(number)
}

/// Base64 of 20 bytes, as an HMAC with SHA-1 has.
const SIGNATURE: usize = 27;

/// Base64, or more hexadecimal digits than a digest has.
fn is_signature(v: &[u8]) -> bool {
    let hex = v.iter().all(u8::is_ascii_hexdigit);
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=' | b'~');
    v.len() >= SIGNATURE && (!hex || v.len() > 128) && v.iter().all(sign)
}

/// Twelve hexadecimal digits, letters among them.
fn is_bare_mac(v: &[u8]) -> bool {
    v.len() == 12 && v.iter().any(u8::is_ascii_alphabetic) && mac::parse(v).is_some_and(|m| !mac::placeholder(&m))
}

fn digits_in(v: &[u8]) -> usize {
    v.iter().filter(|b| b.is_ascii_digit()).count()
}

/// Any text form of an address; what this cannot read is left to the recognisers.
fn address(v: &[u8], entity: EntityId) -> Keyed {
    let core = v.strip_prefix(b"[").map_or(v, |r| r.split(|&b| b == b']').next().unwrap_or(r));
    let core = core.split(|&b| b == b'%' || b == b'/').next().unwrap_or(core);
    if let Some(a) = ip::v4(core) {
        return class(ip::class_v4(a), entity);
    }
    if let Some(a) = ip::v6(core) {
        return class(ip::class_v6(&a), e::IP_V6);
    }
    let dots = core.iter().filter(|b| **b == b'.').count();
    // Short and hexadecimal forms that inet_aton reads: `127.1`, `0x7f.0.0.1`.
    let numeric = core.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b'x' | b'X'))
        && core.first().is_some_and(u8::is_ascii_digit);
    if core.starts_with(b"127.") {
        Keyed::Placeholder
    } else if numeric && (1..=3).contains(&dots) && core.contains(&b'x') {
        Keyed::Take(entity)
    } else {
        Keyed::No
    }
}

/// What the class of an address says of it under a key of `entity`.
pub fn address_class(a: [u8; 4], entity: EntityId) -> Keyed {
    class(ip::class_v4(a), entity)
}

fn class(c: ip::Class, entity: EntityId) -> Keyed {
    use ip::Class::*;
    match c {
        Surrogate => Keyed::Placeholder,
        Public | Multicast => Keyed::Take(entity),
        Private | LinkLocal => Keyed::Take(e::IP_PRIVATE),
        Documentation => Keyed::Take(e::IP_DOCUMENTATION),
        Loopback | Unspecified | Broadcast | Netmask => Keyed::Take(e::IP_SPECIAL),
    }
}

fn telephone(v: &[u8]) -> Keyed {
    if v.len() > 32 || digits_in(v) < 7 {
        return Keyed::No;
    }
    let mut buf = [0; 24];
    match phone::normalise(v, &mut buf) {
        Some((phone::PhoneKind::MobileCn, _)) => Keyed::Take(e::PHONE_MOBILE_CN),
        Some((phone::PhoneKind::FixedCn, _)) => Keyed::Take(e::PHONE_FIXED_CN),
        Some((phone::PhoneKind::Intl, _)) => Keyed::Take(e::PHONE_INTL),
        None => Keyed::No,
    }
}

fn identity(v: &[u8]) -> Keyed {
    if cn_id::hmt_permit(v) {
        Keyed::Take(e::ID_HMT_PERMIT)
    } else if cn_id::plausible18(v) {
        Keyed::Take(e::ID_RESIDENT)
    } else if cn_id::fpr18(v) || cn_id::fpr15(v) {
        Keyed::Take(e::ID_FPR)
    } else if cn_id::resident15(v) {
        Keyed::Take(e::ID_RESIDENT15)
    } else if national::checked(v) {
        Keyed::Take(e::NATIONAL_ID)
    } else if let Some(id) = paper(v) {
        Keyed::Take(id)
    } else {
        Keyed::No
    }
}

/// A passport or a travel permit under a key of identity cards: one or two letters and eight digits in nine signs.
fn paper(v: &[u8]) -> Option<EntityId> {
    let digits = digits_in(v);
    let front = v.len() - digits;
    let form = v.len() == 9
        && (1..=2).contains(&front)
        && v[..front].iter().all(u8::is_ascii_uppercase)
        && v[front..].iter().all(u8::is_ascii_digit);
    match v[0] {
        _ if !form => None,
        b'H' | b'M' if front == 1 => Some(e::TRAVEL_PERMIT),
        _ => Some(e::PASSPORT),
    }
}

/// Device ids by their own shape: keys often hold another kind than they say.
fn device(v: &[u8], entity: EntityId) -> Keyed {
    let digits = digits_in(v);
    if digits == 15 && v.len() == 15 {
        return Keyed::Take(if imsi::cn(v) && entity != e::IMEI { e::IMSI } else { e::IMEI });
    }
    let hex = v.iter().all(u8::is_ascii_hexdigit);
    if matches!(v.len(), 12 | 14 | 17)
        && let Some(m) = mac::parse(v).filter(|_| v.len() != 12 || !all_digits(v))
    {
        return if mac::placeholder(&m) { Keyed::Placeholder } else { Keyed::Take(e::MAC) };
    }
    // `35-209900-176148-1` has three marks; a time with its date has more.
    let marked = v.iter().filter(|b| matches!(b, b'-' | b' ')).count();
    if (14..=16).contains(&digits) && digits + marked == v.len() && marked <= 4 {
        return Keyed::Take(if imsi::cn(v) && entity != e::IMEI { e::IMSI } else { e::IMEI });
    }
    let id = match v.len() {
        36 if uuid::is(v) => e::UUID_ID,
        14 | 15 if meid::hex14(v) => e::MEID,
        17..=24 if marked > 1 && meid::spaced(v) => e::MEID,
        13..=16 if hex => e::ANDROID_ID,
        40 if hex => e::OPENUDID,
        25 if v[8] == b'-' && digits > 8 => e::OPENUDID,
        32 | 64 if hex => e::DEVICE_HASH,
        // `0x7340` names a model on a bus.
        ..=10 if v.starts_with(b"0x") => return Keyed::No,
        6..=160
            if digits >= 4
                && v.iter().all(|b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.' | b'=' | b'+' | b'/')
                }) =>
        {
            entity
        }
        _ => return Keyed::No,
    };
    Keyed::Take(id)
}

/// A card or account number under its key: 13 to 19 digits that are not all the same.
fn account_number(v: &[u8]) -> bool {
    let mut digits = v.iter().filter(|b| b.is_ascii_digit());
    (13..=19).contains(&digits_in(v))
        && v.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'+'))
        && digits.next().is_some_and(|first| digits.any(|b| b != first))
}

/// A directory: `PWD=/home/alice`.
fn is_path(v: &[u8]) -> bool {
    v[0] == b'/' && v[1..].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'))
}

/// One coordinate in degrees with decimals, or several with commas between.
pub fn coordinates(v: &[u8]) -> bool {
    let one = |p: &[u8]| {
        let p = p.strip_prefix(b"-").unwrap_or(p);
        let dot = p.iter().position(|&b| b == b'.');
        dot.is_some_and(|d| (1..=3).contains(&d) && p.len() - d > 2 && p.len() < 24)
            && p.iter().all(|b| b.is_ascii_digit() || *b == b'.')
    };
    let mut numbers = v.split(|&b| b == b',' || b == b' ').filter(|p| !p.is_empty()).peekable();
    numbers.peek().is_some() && numbers.all(one)
}

/// The credential behind its scheme.
fn credential(v: &[u8], entity: EntityId) -> Keyed {
    let secret = scheme::split(v).1;
    let none = scheme::is(v)
        || placeholder::is(secret)
        || output::veils(secret)
        || reference::is(secret)
        || reference::is_example(secret);
    if none { Keyed::Placeholder } else { Keyed::Take(entity) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let dev = |v: &str| keyed(Shape::DeviceId, e::DEVICE_ID, v.as_bytes());
        assert_eq!(dev("490154203237518"), Keyed::Take(e::IMEI));
        assert_eq!(dev("35-209900-176148-1"), Keyed::Take(e::IMEI));
        assert_eq!(dev("fedcba9876543210"), Keyed::Take(e::ANDROID_ID));
        assert_eq!(dev("1FE9A970-EFBB-29E0-0BDD-F5DBBF751AB5"), Keyed::Take(e::UUID_ID));
        assert_eq!(dev("unknown"), Keyed::Placeholder);
        assert_eq!(dev("android"), Keyed::No);
        let weak = |v: &str| keyed(Shape::WeakDeviceId, e::DEVICE_ID, v.as_bytes());
        assert_eq!(weak("1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5"), Keyed::No);
        assert_eq!(weak("1FE9A970-EFBB-29E0-0BDD-F5DBBF751AB5"), Keyed::Take(e::UUID_ID));
        assert_eq!(weak("2017-08-31-09-16-31-00"), Keyed::No);
        assert_eq!(dev("AF 01 23 45 0A BC DE C"), Keyed::Take(e::MEID));
        assert_eq!(dev("0x7340"), Keyed::No);
        assert_eq!(keyed(Shape::SecretNoPath, e::PASSWORD, b"/home/alice"), Keyed::No);
        assert_eq!(keyed(Shape::SecretNoPath, e::PASSWORD, b"/k=9+"), Keyed::Take(e::PASSWORD));
        assert_eq!(keyed(Shape::Phone, e::PHONE_MOBILE_CN, b"15412345678"), Keyed::Take(e::PHONE_MOBILE_CN));
        assert_eq!(keyed(Shape::Phone, e::PHONE_MOBILE_CN, b"400-098-8505"), Keyed::No);
        assert_eq!(keyed(Shape::Ip, e::IP_V4, b"[2001:db8::1]:443"), Keyed::Take(e::IP_DOCUMENTATION));
        assert_eq!(keyed(Shape::Ip, e::IP_V4, b"127.0.0.1"), Keyed::Take(e::IP_SPECIAL));
        assert_eq!(keyed(Shape::Secret, e::TOKEN, b"REDACTED"), Keyed::Placeholder);
    }
}
