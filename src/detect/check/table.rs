//! Validators by the names that rules call them.

use super::{
    all_digits, card, cn_id, email, iccid, imei, imsi, ip, luhn, mac, meid, mrz, name, organisation, permit, phone,
    regional, uuid, vehicle,
};

/// A validator: pure, on the bytes of one value.
pub type Validator = fn(&[u8]) -> bool;

/// All validators, by name.
pub const VALIDATORS: &[(&str, Validator)] = &[
    ("luhn", |v| v.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-')) && luhn_of(v)),
    ("card", |v| card::pan(&digits(v))),
    ("cn_id", |v| cn_id::resident18(v) || cn_id::resident15(v)),
    ("cn_id18", cn_id::resident18),
    ("imei", |v| v.len() == 15 && all_digits(v) && imei::imei(v)),
    ("meid", meid::hex14),
    ("imsi", |v| v.len() == 15 && all_digits(v) && imsi::cn(v)),
    ("iccid", iccid::cn),
    ("mac", |v| mac::parse(v).is_some()),
    ("uuid", uuid::is),
    ("ipv4", |v| ip::v4(v).is_some()),
    ("ipv6", |v| ip::v6(v).is_some()),
    ("email", email::valid),
    ("phone_cn", |v| v.len() == 11 && all_digits(v) && phone::mobile_shape(v) && phone::mobile_assigned(v)),
    ("credit_code", organisation::credit_code),
    ("org_code", organisation::org_code),
    ("licence", organisation::licence),
    ("hkid", regional::hong_kong),
    ("twid", regional::taiwan),
    ("home_return", permit::home_return),
    ("plate_cn", vehicle::plate),
    ("vin", vehicle::vin),
    ("mrz", mrz::second_line),
    ("name_cn", name::chinese),
];

/// The validator of that name.
pub fn validator(name: &str) -> Option<Validator> {
    VALIDATORS.iter().find(|v| v.0 == name).map(|v| v.1)
}

fn digits(v: &[u8]) -> Vec<u8> {
    v.iter().copied().filter(u8::is_ascii_digit).collect()
}

fn luhn_of(v: &[u8]) -> bool {
    let d = digits(v);
    d.len() > 1 && luhn::valid(&d)
}
