//! `logveil keys`.

use super::args::KeysVerb;
use super::exit::Exit;
use super::lifecycle::args::RecordArgs;
use super::lifecycle::record;
use super::{Failure, setup};
use crate::engine::bridge::Bridge;
use crate::keys::{Keyring, State, replace_ring, write_new, write_ring};
use jiff::Timestamp;
use serde_json::json;
use std::io::{BufRead, Write};
use std::path::Path;

/// Puts a key event on record, signed with the keys as they were before it.
fn note(record: &RecordArgs, keys: &Keyring, what: &str, kids: &[String]) -> Result<(), Failure> {
    record::record(record, keys, "keys", json!({ "verb": what, "kids": kids }))
}

/// Runs a key verb.
pub fn run(verb: &KeysVerb, record: &RecordArgs) -> Result<Exit, Failure> {
    match verb {
        KeysVerb::New { file, ring: false, .. } => {
            let kid = write_new(file).map_err(failed)?;
            println!("{kid}");
            note(record, &open(file)?, "new", &[kid])?;
            Ok(Exit::Clean)
        }
        KeysVerb::New { file, epoch, .. } => {
            let ring = Keyring::new(now(), epoch.as_deref().unwrap_or("0"));
            write_ring(file, &ring).map_err(failed)?;
            println!("{}", ring.keys()[0].kid);
            note(record, &ring, "new", &[ring.keys()[0].kid.clone()])?;
            Ok(Exit::Clean)
        }
        KeysVerb::List { ring } => list(ring),
        KeysVerb::Rotate { ring, from, epoch } => {
            let mut keys = open(ring)?;
            let from = from.map_or_else(now, |t| t);
            let epoch = epoch.clone().unwrap_or_else(|| from.strftime("%Y-%m-%d").to_string());
            let kid = keys.rotate(from, now(), &epoch).map_err(failed)?;
            replace_ring(ring, &keys).map_err(failed)?;
            println!("{kid}");
            note(record, &keys, "rotate", &[kid])?;
            Ok(Exit::Clean)
        }
        KeysVerb::State { ring, kid, state } => {
            let mut keys = open(ring)?;
            if !keys.set_state(kid, *state) {
                return Err(unknown(ring, kid, &keys));
            }
            replace_ring(ring, &keys).map_err(failed)?;
            note(record, &keys, state.name(), std::slice::from_ref(kid))?;
            Ok(Exit::Clean)
        }
        KeysVerb::Destroy { ring, kid, all, after, yes_irreversible } => {
            destroy(ring, kid.as_deref().filter(|_| !all), *after, *yes_irreversible, record)
        }
        KeysVerb::Bridge { ring, from, to, policy, entity, transform } => {
            let keys = open(ring)?;
            let (policy, rules) = setup::policy_and_rules(policy, &[])?;
            let bridge = Bridge::new(&rules, &policy, &keys, [from.as_str(), to], entity, transform.as_deref());
            run_bridge(&bridge.map_err(|m| (Exit::Config, m))?)
        }
    }
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn failed(e: crate::keys::KeyError) -> Failure {
    let code = if matches!(e, crate::keys::KeyError::Io { .. }) { Exit::Io } else { Exit::Config };
    (code, e.to_string())
}

fn open(path: &Path) -> Result<Keyring, Failure> {
    Keyring::from_file(path).map_err(failed)
}

fn unknown(path: &Path, kid: &str, keys: &Keyring) -> Failure {
    let known: Vec<_> = keys.keys().iter().map(|k| k.kid.as_str()).collect();
    (Exit::Config, format!("{}: no usable key `{kid}`; there are: {}", path.display(), known.join(", ")))
}

fn list(path: &Path) -> Result<Exit, Failure> {
    let keys = open(path)?;
    println!("{:<10}{:<11}{:<10}{:<22}{:<22}created", "kid", "state", "epoch", "first event", "ends before");
    let time = |t: Option<Timestamp>| t.map_or("-".into(), |t| t.to_string());
    for k in keys.keys() {
        let (from, to, made) = (time(k.not_before), time(k.not_after), time(k.created));
        println!("{:<10}{:<11}{:<10}{from:<22}{to:<22}{made}", k.kid, k.state.name(), k.epoch);
    }
    Ok(Exit::Clean)
}

/// Destroys one key or all. Without the word it only says what would be lost.
fn destroy(
    path: &Path,
    kid: Option<&str>,
    after: Option<u16>,
    sure: bool,
    record: &RecordArgs,
) -> Result<Exit, Failure> {
    let mut keys = open(path)?;
    if let Some(kid) = kid.filter(|k| keys.by_kid(k).is_none()) {
        return Err(unknown(path, kid, &keys));
    }
    let old = |t: Option<Timestamp>| match (after, t) {
        (None, _) => true,
        (Some(days), Some(t)) => now().as_second() - t.as_second() >= i64::from(days) * 86400,
        (Some(_), None) => false,
    };
    let chosen = |k: &&crate::keys::RingKey| kid.is_none_or(|id| id == k.kid) && k.state != State::Destroyed;
    let doomed: Vec<String> =
        keys.keys().iter().filter(chosen).filter(|k| old(k.not_after.or(k.created))).map(|k| k.kid.clone()).collect();
    if sure {
        note(record, &keys, "destroy", &doomed)?;
    }
    for kid in &doomed {
        println!("{kid}{}", if sure { " destroyed" } else { " would be destroyed" });
        keys.destroy(kid);
    }
    println!("masks, groups and values that the policy keeps stay readable; backups of the key ring must go too");
    if !sure {
        return Err((Exit::Usage, "nothing was done: say --yes-irreversible".into()));
    }
    replace_ring(path, &keys).map_err(failed)?;
    Ok(Exit::Clean)
}

/// Reads reversible tokens, one a line, and prints the pseudonyms of each under both keys.
fn run_bridge(bridge: &Bridge) -> Result<Exit, Failure> {
    let mut exit = Exit::Clean;
    let mut out = std::io::stdout().lock();
    for (n, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|e| (Exit::Io, format!("stdin: {e}")))?;
        match bridge.pair(line.trim().as_bytes()) {
            Some([old, new]) => writeln!(out, "{old} {new}").map_err(|e| (Exit::Io, format!("output: {e}")))?,
            None => {
                eprintln!("logveil: line {}: no token of the old key", n + 1);
                exit = Exit::Suppressed;
            }
        }
    }
    Ok(exit)
}
