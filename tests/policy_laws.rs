//! What no policy may break: projections, key domains, reversible transforms, retention, event time, sessions.

mod support;

use jiff::civil::Date;
use logveil::engine::{Engine, EngineConfig, HashKernel, READERS, ScanKernel, TagMode};
use logveil::keys::{Keyring, MasterKey};
use logveil::model::Block;
use logveil::policy::{Policy, compile};
use logveil::rules::{Ruleset, Suite, policy_builtin};
use logveil::tag::{day, window};
use logveil::transform::cryptopan::CryptoPan;
use logveil::transform::fpe::{Fpe, FpeMode};
use logveil::transform::ipcrypt::IpCipher;
use logveil::transform::ipcrypt_nd::TweakedIp;
use logveil::transform::siv::{SivToken, key_len};
use logveil::transform::{At, Transform, reveal};
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::LazyLock;
use zeroize::Zeroizing;

const JD: &str = "jdcloud-2021";

fn policy(change: (&str, &str)) -> Policy {
    let text = policy_builtin(JD).unwrap();
    assert!(text.contains(change.0), "{}", change.0);
    compile("p", &text.replace(change.0, change.1), &Ruleset::builtin()).unwrap()
}

fn engine(policy: Policy, key: impl Into<Keyring>, tag: TagMode) -> Engine {
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    let cfg =
        EngineConfig { rules: Ruleset::builtin(), policy, key: key.into(), tag, scan, hash, ingest: 1_795_399_905 };
    Engine::new(cfg).unwrap()
}

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes(&[byte; 32], "test").unwrap()
}

/// All outputs of an engine.
fn views(engine: &Engine, text: &str) -> Vec<String> {
    let mut all = vec![String::new(); engine.policy().views.len()];
    let mut worker = engine.worker();
    worker.set_format(engine.sniffer(None).look(text.as_bytes()));
    let write = &mut |n: usize, clean: &logveil::engine::Clean<'_>| {
        all[n].push_str(std::str::from_utf8(clean.bytes()).unwrap());
        Ok(())
    };
    worker.views(Block::records(text.as_bytes()), write).unwrap();
    all
}

/// A transform under the right key and under a wrong one, a value, and whether it is authenticated.
type Pair<'v> = (Box<dyn Transform>, Box<dyn Transform>, &'v str, bool);

static ALL: LazyLock<Engine> = LazyLock::new(|| engine(policy(("", "")), key(7), TagMode::None));

/// Fields of records: key, value.
const FIELDS: &[(&str, &str)] = &[
    ("mobile", "13800138001"),
    ("imei", "490154203237518"),
    ("deviceId", "fedcba9876543210"),
    ("idCard", "11010519491231002X"),
    ("email", "a.b@example.com"),
    ("ip", "203.0.113.9"),
    ("pt_pin", "jd_5f3a2b1c4d5e6"),
    ("realName", "欧阳小明"),
    ("cardNo", "4111111111111111"),
    ("password", "hunter2-secret"),
    ("lat", "39.908230"),
    ("model", "SM-G9810"),
    ("osVersion", "12.0.1"),
    ("brand", "samsung-brand"),
    ("companyName", "示例有限公司"),
    ("mac", "d0:50:99:84:a2:a0"),
    ("person.birth", "1991-02-03"),
    ("note", "words that no list names"),
    ("userAgent", "okhttp/3.12.1"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_unlisted_field_never_reaches_a_recipient(
        picks in prop::collection::vec(0..FIELDS.len(), 1..14),
        platform in prop::sample::select(vec!["android", "ios"]),
        carrier in prop::sample::select(vec!["46000", "46003", "中国电信"]),
    ) {
        let mut record = format!("{{\"platform\":\"{platform}\",\"mcc_mnc\":\"{carrier}\"");
        for (n, i) in picks.iter().enumerate() {
            let name = if n % 3 == 2 { format!("x.{}", FIELDS[*i].0) } else { FIELDS[*i].0.to_string() };
            record += &format!(",\"{name}\":\"{}\"", FIELDS[*i].1);
        }
        record += "}\n";
        let outputs = views(&ALL, &record);
        let rules = ALL.rules();
        for (view, out) in ALL.policy().views.iter().zip(&outputs).skip(1) {
            let r = view.recipient.as_ref().unwrap();
            if r.view == logveil::rules::ViewKind::Record || out.is_empty() {
                continue;
            }
            let object: serde_json::Value = serde_json::from_str(out).unwrap();
            for name in object.as_object().unwrap().keys().filter(|n| *n != "_deid") {
                let entity = rules.by_name(name).unwrap();
                prop_assert!(view.allowed.contains(&entity.id), "{} got {name}", r.id);
            }
            // Values that the view keeps are those of its own fields.
            for (_, value) in FIELDS.iter().filter(|f| !matches!(f.0, "model" | "osVersion" | "brand" | "companyName")) {
                prop_assert!(!out.contains(value), "{} got a value: {out}", r.id);
            }
            prop_assert!(r.allow.keys().any(|k| k == "device.model") || !out.contains("SM-G9810"));
        }
    }

    #[test]
    fn tokens_of_two_domains_never_coincide(n in 0u64..100_000_000, imei in 0u64..1_000_000) {
        let body: Vec<u32> = format!("8601234{imei:07}").bytes().map(|b| u32::from(b - b'0')).collect();
        let sum: u32 = body.iter().enumerate().map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d }).sum();
        let imei = format!("8601234{imei:07}{}", (10 - sum % 10) % 10);
        let joined = format!("{{\"platform\":\"android\",\"mcc_mnc\":\"46003\",\"imei\":\"{imei}\",\"ip\":\"203.0.113.9\",\"mobile\":\"138{n:08}\"}}\n");
        let single = format!("{{\"platform\":\"android\",\"mcc_mnc\":\"46003\",\"imei\":\"{imei}\",\"ip\":\"203.0.113.9\"}}\n");
        let mut seen = HashSet::new();
        let other = engine(policy(("", "")), key(8), TagMode::None);
        for (regime, record) in [("joined", &joined), ("single", &single)] {
            for engine in [&*ALL, &other] {
                for out in views(engine, record) {
                    let words = out.split(['"', '=']).filter(|w| w.starts_with("imei_") || w.starts_with("fdde:"));
                    for w in words {
                        prop_assert!(seen.insert(w.to_string()), "{regime}: {w}");
                    }
                }
            }
        }
        prop_assert!(seen.len() > 20);
    }

    #[test]
    fn reversible_transforms_come_back_under_their_key_only(n in 0u64..100_000_000, ip in any::<u32>(), seed in 1u8..200) {
        let sub = |b: u8| [b; 32];
        let (right, wrong) = (key(seed), key(seed + 1));
        let siv = |k: &MasterKey, s: Suite| {
            let mut bytes = Zeroizing::new(vec![0; key_len(s)]);
            k.expand(b"token", &mut bytes);
            SivToken::new(s, bytes, format!("phone_{}_", k.kid()).into_bytes(), "c", "d")
        };
        let phone = format!("138{n:08}");
        let address = std::net::Ipv4Addr::from(ip).to_string();
        let pairs: Vec<Pair<'_>> = vec![
            (Box::new(siv(&right, Suite::Aes)), Box::new(siv(&wrong, Suite::Aes)), &phone, true),
            (Box::new(siv(&right, Suite::Sm4)), Box::new(siv(&wrong, Suite::Sm4)), &phone, true),
            (
                Box::new(Fpe::new(Suite::Aes, &sub(seed), FpeMode::Phone, "c", &READERS)),
                Box::new(Fpe::new(Suite::Aes, &sub(seed + 1), FpeMode::Phone, "c", &READERS)),
                &phone,
                false,
            ),
            (Box::new(CryptoPan::new(&sub(seed), &READERS)), Box::new(CryptoPan::new(&sub(seed + 1), &READERS)), &address, false),
            (Box::new(TweakedIp::nd(&right, "d", "0", &READERS)), Box::new(TweakedIp::nd(&wrong, "d", "0", &READERS)), &address, false),
            (Box::new(TweakedIp::ndx(&right, "d", "0", &READERS)), Box::new(TweakedIp::ndx(&wrong, "d", "0", &READERS)), &address, false),
        ];
        for (good, bad, value, authentic) in &pairs {
            let mut canon = Default::default();
            let mut at = At { record: b"a record", offset: 0, subject: b"", day: 0, canon: &mut canon };
            let (mut token, mut back) = (Vec::new(), Vec::new());
            good.apply(value.as_bytes(), &mut at, &mut token).unwrap();
            prop_assert_ne!(&token[..], value.as_bytes());
            reveal(&**good, right.kid(), right.kid(), &token, &mut back).unwrap();
            prop_assert_eq!(&back[..], value.as_bytes());
            back.clear();
            prop_assert!(reveal(&**bad, wrong.kid(), right.kid(), &token, &mut back).is_err());
            prop_assert!(back.is_empty());
            // Even if someone lies about the key id, the value does not come out.
            if let Ok(()) = reveal(&**bad, wrong.kid(), wrong.kid(), &token, &mut back) {
                prop_assert!(!authentic && back != value.as_bytes());
            }
        }
        let ip = std::net::IpAddr::from(std::net::Ipv4Addr::from(ip));
        for (good, bad) in [
            (IpCipher::deterministic(&right, "d"), IpCipher::deterministic(&wrong, "d")),
            (IpCipher::pfx(&right, "d"), IpCipher::pfx(&wrong, "d")),
        ] {
            prop_assert_eq!(good.decrypt(good.encrypt(ip)), ip);
            prop_assert_ne!(bad.decrypt(good.encrypt(ip)), ip);
        }
    }

    #[test]
    fn nothing_may_go_before_its_floor(classes in 1u64..256, day in -30_000i32..60_000) {
        let w = window(ALL.policy(), classes, day);
        prop_assert!(w.delete_after.is_none() || w.delete_after >= w.keep_until);
        prop_assert!(w.restrict_after.is_none() || w.restrict_after < w.keep_until);
    }
}

#[test]
fn event_days_end_at_the_policys_midnight() {
    let engine = engine(policy(("", "")), key(7), TagMode::Inline);
    for (when, want) in [
        ("2026-08-31T23:59:59+08:00", "2027-02-28"),
        ("2026-08-31T15:59:59Z", "2027-02-28"),
        ("2026-08-31T16:00:00Z", "2027-03-01"),
        ("2023-08-31T12:00:00+08:00", "2024-02-29"),
        ("2024-02-29T00:00:00+08:00", "2024-08-29"),
        ("2024-02-28T16:00:00Z", "2024-08-29"),
        ("2026-12-31T23:30:00-05:00", "2027-07-01"),
    ] {
        let out = views(&engine, &format!("{when} ip=203.0.113.9\n")).remove(0);
        assert!(out.contains(&format!("keep_until:{want};")), "{when}: {out}");
    }
    let at = |s: &str| day(s.parse::<jiff::Timestamp>().unwrap().as_second(), 8 * 3600);
    let want = (Date::constant(2026, 9, 1) - Date::constant(1970, 1, 1)).get_days();
    assert_eq!((at("2026-08-31T16:00:00Z"), at("2026-08-31T15:59:59Z")), (want, want - 1));
}

#[test]
fn older_versions_handle_older_events() {
    let mut new = policy(("", ""));
    let old = policy_builtin(JD).unwrap().replace("\"2021-03-10\"", "\"2019-01-01\"");
    let old = old.replacen("tz = ", "earlier = \"quarantine\"\ntz = ", 1);
    let old = old.replace(
        "id = \"surrogate\"\nkind = \"surrogate\"\ndomain = \"svc\"",
        "id = \"surrogate\"\nkind = \"suppress\"",
    );
    new.older.push(compile("old", &old, &Ruleset::builtin()).unwrap());
    let engine = engine(new, key(7), TagMode::Inline);
    let lines = "2021-03-10T00:00:00+08:00 ip=203.0.113.9\n2021-03-09T23:59:59+08:00 ip=203.0.113.9\n2018-12-31T23:59:59+08:00 ip=203.0.113.9\n";
    let out = views(&engine, lines).remove(0);
    let out: Vec<&str> = out.lines().collect();
    assert!(out[0].contains("ip=fdde:") && out[0].contains("@2021-03-10#"), "{}", out[0]);
    assert!(out[1].contains("ip=REDACTED") && out[1].contains("@2019-01-01#"), "{}", out[1]);
    assert_eq!(out[2], "REDACTED");
}

#[test]
fn a_session_stays_joined_for_its_window() {
    let change = ("scope = \"record\"", "scope = \"session\"\nwindow = 3");
    let engine = engine(policy(change), key(7), TagMode::Inline);
    assert!(engine.is_sequential());
    let line = |s: &str, rest: &str| format!("{{\"sessionId\":\"{s}\",\"imei\":\"490154203237518\"{rest}}}\n");
    let text: String = [
        line("aaaaaaaaaaaa1111", ""),
        line("aaaaaaaaaaaa1111", ",\"mobile\":\"13800138001\""),
        line("aaaaaaaaaaaa1111", ""),
        "{\"sessionId\":\"bbbbbbbbbbbb2222\",\"ip\":\"203.0.113.9\"}\n".repeat(5),
    ]
    .concat();
    let links = |out: &str| -> Vec<bool> { out.lines().map(|l| l.contains("\"link\":\"joined\"")).collect() };
    let out = views(&engine, &text).remove(0);
    assert_eq!(links(&out), [false, true, true, false, false, false, false, false]);
    // Cut into blocks the same way: one worker carries the sessions on.
    let mut worker = engine.worker();
    let mut parts = String::new();
    for l in text.split_inclusive('\n') {
        parts.push_str(std::str::from_utf8(worker.rewrite(Block::records(l.as_bytes())).bytes()).unwrap());
    }
    assert_eq!(parts, out);
    let late = text + &line("aaaaaaaaaaaa1111", "");
    assert_eq!(links(&views(&engine, &late).remove(0)).last(), Some(&false), "the window is over");
}

#[test]
fn minors_rules_strip_or_quarantine() {
    for (action, want) in [("strip", "idCard=REDACTED mobile=REDACTED"), ("quarantine", "REDACTED\n")] {
        let engine = engine(policy(("action = \"tag\"", &format!("action = \"{action}\""))), key(7), TagMode::Inline);
        let text = "2026-11-23T00:00:00+08:00 idCard=110105201212310027 mobile=13800138001\n";
        let out = views(&engine, text).remove(0);
        assert!(out.contains(want), "{out}");
        let grown = views(&engine, &text.replace("2026-11", "2031-11")).remove(0);
        assert!(grown.contains("idCard=id_") && !grown.contains("minor"), "{grown}");
    }
}
