//! A sample of the brute-force attack; `benches/brute_force.rs` runs it over the whole space.

#[path = "support/attack.rs"]
mod attack;
mod support;

use attack::{Derivation, Targets, Value, guesses, mobile, segments};
use logveil::engine::{Engine, EngineConfig, HashKernel, ScanKernel, TagMode};
use logveil::keys::MasterKey;
use logveil::rules::{Ruleset, policy_builtin};

const PHONE: Derivation = Derivation { purpose: "pseudonym", class: "phone.mobile.cn", domain: "svc" };
const ADDRESS: Derivation = Derivation { purpose: "surrogate", class: "ip", domain: "svc/single" };

/// The engine's own token of a mobile number must be among the targets, else the attack aims at nothing.
fn token(key: MasterKey, line: &str) -> String {
    let rules = Ruleset::builtin();
    let policy = logveil::policy::compile("p", policy_builtin("jdcloud-2021").unwrap(), &rules).unwrap();
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    let cfg = EngineConfig { rules, policy, key: key.into(), tag: TagMode::None, scan, hash, ingest: 0 };
    let engine = Engine::new(cfg).unwrap();
    String::from_utf8(support::rewrite(&mut engine.worker(), line.as_bytes())).unwrap()
}

#[test]
fn without_the_key_nothing_is_found_and_with_it_everything() {
    let master = || MasterKey::from_bytes(&[0x5A; 32], "test").unwrap();
    let policy = policy_builtin("jdcloud-2021").unwrap();
    let phone = PHONE.key(&master());
    let rests = [0u64, 1234, 1_999, 321];
    let phones: Vec<Vec<u8>> = segments().flat_map(|s| rests.map(|r| mobile(s, r).to_vec())).collect();
    let targets: Targets = phones.iter().map(|p| (phone.tag(p), p.clone())).collect();
    let written = token(master(), "mobile=13800001234");
    let tag = logveil::transform::pseudonym::base32(&phone.tag(&mobile(138, 1234)));
    assert!(written.ends_with(std::str::from_utf8(&tag).unwrap()), "{written}");

    let space = || segments().flat_map(|s| (0..2_000).map(move |r| mobile(s, r)));
    let kid = master().kid().to_owned();
    assert_eq!(attack::attack(&targets, &guesses(&PHONE, &kid, policy), space()), Vec::<Vec<u8>>::new());
    let mut all = phones.clone();
    all.sort();
    assert_eq!(attack::attack(&targets, &[PHONE.key(&master())], space()), all);

    let ip = ADDRESS.key(&master());
    let value = |n: u32| Value::new(&(10u32 << 24 | n).to_be_bytes());
    let targets: Targets = (0..1 << 14).step_by(4_001).map(|n| (ip.tag(&value(n)), value(n).to_vec())).collect();
    let written = token(master(), "ip=10.0.0.0 x");
    let surrogate = logveil::transform::pseudonym::surrogate(&ip.tag(&value(0)));
    assert_eq!(written, format!("ip={} x", std::str::from_utf8(&surrogate).unwrap()));
    let space = || (0..1 << 14).map(value);
    assert_eq!(attack::attack(&targets, &guesses(&ADDRESS, &kid, policy), space()), Vec::<Vec<u8>>::new());
    assert_eq!(attack::attack(&targets, &[ADDRESS.key(&master())], space()).len(), targets.len());
}
