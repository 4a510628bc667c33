//! Every identifier of the shared vector tables, and the examples of our own rules, against the validators and
//! through the whole engine.

mod support;

use logveil::detect::check::{card, cn_id, email, iccid, imei, imsi, ip, luhn, mac, meid, phone, uuid};
use logveil::engine::{TagMode, Worker};
use std::path::Path;
use support::{engine, rewrite, shared};

type Check = fn(&str) -> bool;

/// A kind of the table: its validator, and the key a log would use for it.
const KINDS: &[(&str, Check, &str)] = &[
    ("resident_id18", |v| cn_id::resident18(v.as_bytes()), "idCard"),
    ("residence_permit_hmt", |v| cn_id::hmt_permit(v.as_bytes()), "certNo"),
    ("resident_id15", |v| cn_id::resident15(v.as_bytes()), "identityNo"),
    ("fpr15", |v| cn_id::fpr15(v.as_bytes()), "idNo"),
    ("fpr18", |v| cn_id::fpr18(v.as_bytes()), "idNo"),
    ("luhn", |v| luhn::valid(v.as_bytes()), ""),
    ("bankcard", |v| card::pan(&bare(v)), "bankCard"),
    ("imei", |v| imei::imei(&bare(v)), "imei"),
    ("imeisv", |v| v.len() == 16 && bare(v).iter().all(u8::is_ascii_digit), "imeiSv"),
    ("meid", |v| meid::hex14(v.as_bytes()), "meid"),
    ("imsi_cn", |v| imsi::cn(v.as_bytes()), "imsi"),
    ("iccid_cn", |v| iccid::cn(v.as_bytes()), "iccid"),
    ("mac", |v| mac::parse(v.as_bytes()).is_some(), "mac"),
    ("mobile_cn", is_mobile, "mobile"),
    ("tel400", |v| phone::service(&bare(v)), ""),
    ("landline_cn", is_landline, "tel"),
    ("jwt", |v| v.split('.').count() == 3 && v.starts_with("eyJ"), "x"),
    ("email", |v| email::valid(v.as_bytes()), "email"),
    ("uuid", |v| uuid::is(v.as_bytes()), "oaid"),
    ("ip", |v| ip::v4(v.as_bytes()).is_some() || ip::v6(v.as_bytes()).is_some(), "ip"),
];

/// Kinds of the table that no rule finds by itself yet.
const LATER: &[&str] =
    &["hkmo_permit", "tw_permit", "uscc", "org_code", "biz15", "plate", "passport_cn", "hkid", "twid"];

fn bare(v: &str) -> Vec<u8> {
    v.bytes().filter(|b| !matches!(b, b' ' | b'-')).collect()
}

fn canonical_phone(v: &str) -> Option<(phone::PhoneKind, String)> {
    let ascii: String =
        v.chars().map(|c| if ('０'..='９').contains(&c) { (c as u32 - 0xFEE0) as u8 as char } else { c }).collect();
    let mut out = [0; 24];
    phone::normalise(ascii.as_bytes(), &mut out).map(|(kind, n)| (kind, String::from_utf8(out[..n].to_vec()).unwrap()))
}

fn is_mobile(v: &str) -> bool {
    canonical_phone(v)
        .is_some_and(|(k, n)| k == phone::PhoneKind::MobileCn && phone::mobile_assigned(&n.as_bytes()[3..]))
}

fn is_landline(v: &str) -> bool {
    canonical_phone(v).is_some_and(|(k, _)| k == phone::PhoneKind::FixedCn)
}

/// What the engine makes of one line, values as text.
fn clean(worker: &mut Worker<'_>, line: &str) -> String {
    let out = rewrite(worker, format!("{line}\n").as_bytes());
    String::from_utf8(out).unwrap().trim_end_matches('\n').to_string()
}

fn rows(shared: &Path, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(shared.join("identifiers").join(name)).unwrap();
    let rows = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    rows.map(|l| l.split('\t').map(String::from).collect()).collect()
}

/// Ways in which logs write a value behind its key.
fn keyed(key: &str, value: &str) -> Vec<String> {
    let snake: String = key
        .chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
        .collect();
    vec![
        format!("GET /a?{key}={}&z=1 HTTP/1.1", value.replace(' ', "%20").replace('+', "%2B")),
        format!("{{\"{snake}\":\"{value}\",\"z\":1}}"),
        format!("{{\"msg\":\"{{\\\"{key}\\\":\\\"{value}\\\"}}\"}}"),
        format!("2026-11-23 10:11:45 INFO done {snake}={value}"),
        format!("{key}: {value}"),
        format!("body={{\\x22{key}\\x22:\\x22{value}\\x22}}"),
    ]
}

#[test]
fn the_table_of_identifiers_holds() {
    let Some(shared) = shared() else { return };
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let (mut wrong, mut skipped, mut done) = (Vec::new(), Vec::new(), 0);
    for row in rows(&shared, "identifier_vectors.tsv") {
        let (kind, value, expect) = (row[0].as_str(), row[1].as_str(), row[2] == "1");
        let Some((_, check, key)) = KINDS.iter().find(|k| k.0 == kind) else {
            assert!(LATER.contains(&kind), "{kind} is in no list");
            skipped.push(kind.to_string());
            continue;
        };
        done += 1;
        if check(value) != expect {
            wrong.push(format!("{kind} {value}: the validator says {}", !expect));
        }
        // The detector may know more than the table asks of it, never less.
        if expect && !key.is_empty() && value != "jdcloud@jd.com" {
            for line in keyed(key, value) {
                if clean(&mut worker, &line).contains(value) {
                    wrong.push(format!("{kind} {value} leaks: {line}"));
                }
            }
        } else if kind == "tel400" || value == "jdcloud@jd.com" {
            for line in keyed("tel", value).into_iter().chain([format!("请拨打 {value} 咨询")]) {
                if clean(&mut worker, &line).contains("phone_") {
                    wrong.push(format!("{kind} {value} is the firm's own: {line}"));
                }
            }
        } else if kind != "luhn" {
            for line in [value.to_string(), format!("see {value} there")] {
                if clean(&mut worker, &line) != line {
                    wrong.push(format!("{kind} {value} is none: {line}"));
                }
            }
        }
    }
    eprintln!("{done} rows checked; {} of later kinds skipped: {LATER:?}", skipped.len());
    assert!(done > 90 && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_trap_lines_stay_as_they_are() {
    let Some(shared) = shared() else { return };
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let mut wrong = Vec::new();
    let rows = rows(&shared, "trap_lines.tsv");
    for row in &rows {
        let (line, must_not, why) = (&row[0], &row[1], &row[2]);
        let out = clean(&mut worker, line);
        // A dash marks lines whose identifier must be found, in one piece.
        if (out == *line) == (must_not == "-") {
            wrong.push(format!("{line}: {must_not} ({why}) became {out}"));
        }
    }
    assert!(rows.len() > 50 && wrong.is_empty(), "{wrong:#?}");
    let out = clean(&mut worker, "bounce+SRS0=abc=xx=example.com=alice@relay.example.net");
    assert!(out.starts_with("email_") && !out.contains('='), "{out}");
}

/// Text forms that are no address in free text: shorter or longer dotted numbers, times, fingerprints, scopes. Nine
/// groups are an address and a port, or a word in front of one.
const NO_ADDRESS: &[&str] = &[
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.5",
    "0x7f.0.0.1",
    "2130706433",
    "127.1",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "00:11:22:33:44:55:66:77",
    "12:34:56",
    "db::add",
    "dead::beef",
    "abc::def",
    "12345::1",
];

/// Addresses of the machine itself: they stay by policy.
const MACHINE: &[&str] = &["::", "::1", "127.1"];

#[test]
fn every_text_form_of_an_address_is_decided() {
    let Some(shared) = shared() else { return };
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let rows = rows(&shared, "ip_forms.tsv");
    assert!(rows.len() > 40);
    for row in &rows {
        let form = row[0].as_str();
        for line in [format!("from {form} to"), format!("from {form}, to"), form.to_string(), format!("({form})")] {
            let stays = NO_ADDRESS.contains(&form) || MACHINE.contains(&form);
            let out = clean(&mut worker, &line);
            assert_eq!(out == line, stays, "{line} became {out}");
            assert!(stays || !out.contains(form.trim_matches(['[', ']'])), "{line} became {out}");
        }
    }
    // Behind a key even words go that only an address would stand for.
    for form in ["db::add", "dead::beef", "abc::def", "00:11:22:33:44:55:66:77", "0x7f.0.0.1"] {
        let line = format!("{{\"client_ip\":\"{form}\"}}");
        assert!(!clean(&mut worker, &line).contains(form), "{form}");
    }
}
