//! A brute-force attack over all mobile numbers of China and all addresses of 10.0.0.0/8, with everything that lies on
//! disk but the key, and then with the key.
//!
//! Environment: `LOGVEIL_BRUTE_SHARE` (default 100) tries one number in so many; 1 tries all 5.2 thousand million under
//! ten guessed keys and without one, on all cores: some 58 thousand million hashes.

#[path = "../tests/support/attack.rs"]
mod attack;

use attack::{Derivation, Targets, Value, guesses, mobile, segments};
use logveil::keys::MasterKey;
use logveil::rules::policy_builtin;
use logveil::transform::lanes::HmacKey;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const PHONE: Derivation = Derivation { purpose: "pseudonym", class: "phone.mobile.cn", domain: "svc" };
const ADDRESS: Derivation = Derivation { purpose: "surrogate", class: "ip", domain: "svc/single" };

/// Numbers and addresses are tried in parts, one after the other on each core.
const PARTS: u64 = 520;

fn main() {
    let share = std::env::var("LOGVEIL_BRUTE_SHARE").ok().and_then(|v| v.parse().ok()).unwrap_or(100usize).max(1);
    let master = MasterKey::ephemeral();
    let policy = policy_builtin("jdcloud-2021").expect("an embedded policy");
    let first: Vec<u64> = segments().collect();
    let size = first.len() as u64 * 100_000_000;
    let number = |n: u64| mobile(first[(n / 100_000_000) as usize], n % 100_000_000);
    let phone = PHONE.key(&master);
    let all = |step: usize| (0..size).step_by(step).map(number);
    let targets: Targets = all(share * 100_000).map(|v| (phone.tag(&v), v.to_vec())).collect();
    let part = |i: u64| (size / PARTS * i..size / PARTS * (i + 1)).step_by(share).map(number);
    run("mobile numbers", &targets, &guesses(&PHONE, master.kid(), policy), part);
    run("mobile numbers, with the key", &targets, &[PHONE.key(&master)], part);

    let ip = ADDRESS.key(&master);
    let address = |n: u32| Value::new(&(10u32 << 24 | n).to_be_bytes());
    let targets: Targets = (0..1 << 24).step_by(65_537).map(address).map(|v| (ip.tag(&v), v.to_vec())).collect();
    let part = |i: u64| ((i << 24) / PARTS..((i + 1) << 24) / PARTS).map(|n| address(n as u32));
    run("10.0.0.0/8", &targets, &guesses(&ADDRESS, master.kid(), policy), part);
    run("10.0.0.0/8, with the key", &targets, &[ADDRESS.key(&master)], part);
}

fn run<I: Iterator<Item = Value>>(what: &str, targets: &Targets, keys: &[HmacKey], part: impl Fn(u64) -> I + Sync) {
    let started = Instant::now();
    let (next, tried) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        let mut found = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= PARTS {
                return found;
            }
            let mut count = 0;
            found.extend(attack::attack(targets, keys, part(i).inspect(|_| count += 1)));
            tried.fetch_add(count, Ordering::Relaxed);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut found: Vec<Vec<u8>> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..cores).map(|_| s.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().expect("a thread of the attack")).collect()
    });
    found.sort();
    found.dedup();
    let (tried, found) = (tried.into_inner(), found.len());
    let seconds = started.elapsed().as_secs_f64();
    println!("{what}: {tried} values under {} keys, {found} of {} found, {seconds:.1} s", keys.len(), targets.len());
    assert_eq!(found, if keys.len() == 1 { targets.len() } else { 0 }, "{what}");
}
