//! A brute-force attack over all mobile numbers of China and all addresses of 10.0.0.0/8, with everything that lies on
//! disk but the key, and then with the key.
//!
//! Environment: `LOGVEIL_BRUTE_SHARE` (default 100) tries one number in so many; 1 tries all 5.2 thousand million under
//! ten guessed keys and takes hours.

#[path = "../tests/support/attack.rs"]
mod attack;

use attack::{Derivation, Targets, guesses, mobile, segments};
use logveil::keys::MasterKey;
use logveil::rules::policy_builtin;
use std::time::Instant;

const PHONE: Derivation = Derivation { purpose: "pseudonym", class: "phone.mobile.cn", domain: "svc" };
const ADDRESS: Derivation = Derivation { purpose: "surrogate", class: "ip", domain: "svc/single" };

fn main() {
    let share = std::env::var("LOGVEIL_BRUTE_SHARE").ok().and_then(|v| v.parse().ok()).unwrap_or(100usize).max(1);
    let master = MasterKey::ephemeral();
    let policy = policy_builtin("jdcloud-2021").expect("an embedded policy");
    let phone = PHONE.key(&master);
    let numbers = |step: usize| segments().flat_map(move |s| (0..100_000_000).step_by(step).map(move |r| mobile(s, r)));
    let targets: Targets = numbers(share * 100_000).map(|v| (phone.tag(&v), v)).collect();
    run("mobile numbers", &targets, &guesses(&PHONE, master.kid(), policy), numbers(share));
    run("mobile numbers, with the key", &targets, &[PHONE.key(&master)], numbers(share));
    let ip = ADDRESS.key(&master);
    let addresses = || (0..1u32 << 24).map(|n| (10u32 << 24 | n).to_be_bytes().to_vec());
    let targets: Targets = addresses().step_by(65_537).map(|v| (ip.tag(&v), v)).collect();
    run("10.0.0.0/8", &targets, &guesses(&ADDRESS, master.kid(), policy), addresses());
    run("10.0.0.0/8, with the key", &targets, &[ADDRESS.key(&master)], addresses());
}

fn run(
    what: &str,
    targets: &Targets,
    keys: &[logveil::transform::lanes::HmacKey],
    space: impl Iterator<Item = Vec<u8>>,
) {
    let started = Instant::now();
    let mut tried = 0u64;
    let found = attack::attack(targets, keys, space.inspect(|_| tried += 1)).len();
    let seconds = started.elapsed().as_secs_f64();
    println!("{what}: {tried} values under {} keys, {found} of {} found, {seconds:.1} s", keys.len(), targets.len());
    assert_eq!(found, if keys.len() == 1 { targets.len() } else { 0 }, "{what}");
}
