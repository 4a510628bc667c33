//! `logveil retain`.

use super::args::{RecordArgs, RetainArgs, RetainVerb};
use super::subject::ledger;
use super::{io, keys, record, say};
use crate::audit::signed;
use crate::keys::{Keyring, MasterKey};
use crate::lifecycle::retain::Act;
use crate::lifecycle::retain::holds::Holds;
use crate::lifecycle::retain::plan::{Item, Options, Plan};
use crate::lifecycle::retain::sweep::Sweep;
use crate::lifecycle::vault::Vault;
use crate::policy::Policy;
use crate::shell::exit::Exit;
use crate::shell::{Failure, setup};
use jiff::civil::Date;
use jiff::{Timestamp, tz};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::Path;

/// Runs a retain verb.
pub fn run(verb: &RetainVerb) -> Result<Exit, Failure> {
    match verb {
        RetainVerb::Plan { what, json } => {
            let plan = Plan::new(&what.dir, &options(what)?).map_err(io(&what.dir))?;
            match json {
                true => say(plan.text().trim_end()),
                false => show(&plan),
            }
            Ok(outcome(&plan))
        }
        RetainVerb::Sweep { what, keys: k, vault_key, report, record } => {
            sweep(what, &keys(k)?, vault_key.as_deref(), report.as_deref(), record)
        }
        RetainVerb::Check { report, keys: k } => {
            let text = std::fs::read_to_string(report).map_err(io(report))?;
            match signed::checked(&text, &keys(k)?) {
                Some(_) => {
                    say("ok");
                    Ok(Exit::Clean)
                }
                None => {
                    say(&format!(
                        "{}: not as it was signed, or signed with a key that is not in this ring",
                        report.display()
                    ));
                    Ok(Exit::Suppressed)
                }
            }
        }
        RetainVerb::Unseal { file, vault_key, why, keys: k, record: r } => {
            if r.audit.is_none() {
                return Err((Exit::Usage, "unseal needs --audit FILE, where it is put on record".into()));
            }
            let vault = vault(vault_key)?;
            let mut input = File::open(file).map_err(io(file))?;
            let body = json!({ "reason": why.reason, "case": why.case, "files": 1 });
            record::record(r, &keys(k)?, "unseal", body)?;
            vault.open(&mut input, &mut std::io::stdout().lock()).map_err(io(file))?;
            Ok(Exit::Clean)
        }
    }
}

/// The vault of a key file.
pub fn vault(path: &Path) -> Result<Vault, Failure> {
    MasterKey::from_file(path).map(|k| Vault::new(&k)).map_err(|e| (Exit::Config, e.to_string()))
}

/// Today in the zone of a policy.
pub fn today(policy: &Policy) -> Date {
    let zone = tz::Offset::from_seconds(policy.offset).unwrap_or(tz::Offset::UTC);
    Timestamp::now().to_zoned(tz::TimeZone::fixed(zone)).date()
}

/// Adds the lines of lists of holds.
pub fn read_lists(lists: &[String], holds: &mut Holds) -> Result<(), Failure> {
    for l in lists {
        let file = l.strip_prefix("hold=").ok_or_else(|| (Exit::Usage, format!("--list {l}: write hold=FILE")))?;
        let text = std::fs::read_to_string(file).map_err(io(Path::new(file)))?;
        for (n, line) in text.lines().enumerate() {
            let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
            let Some(token) = words.next() else { continue };
            let case = words.nth(1).filter(|c| plain(c));
            if !case.is_some_and(|c| holds.hold(token, c)) {
                return Err((Exit::Config, format!("{file}:{}: write TOKEN DAY CASE", n + 1)));
            }
        }
    }
    Ok(())
}

/// Day and holds.
fn options(what: &RetainArgs) -> Result<Options, Failure> {
    let (policy, _) = setup::policy_and_rules(&what.policy, &[])?;
    let mut holds = Holds::default();
    read_lists(&what.list, &mut holds)?;
    if let Some(path) = &what.holds {
        ledger(path)?.holds(&mut holds).map_err(super::ledger::failed)?;
    }
    for e in &what.ended {
        let pair = e.split_once('=').and_then(|(case, day)| Some((case, day.parse::<Date>().ok()?)));
        let (case, day) = pair.ok_or_else(|| (Exit::Usage, format!("--ended {e}: write CASE=YYYY-MM-DD")))?;
        holds.end(case, day);
    }
    Ok(Options { at: what.at.unwrap_or_else(|| today(&policy)), holds, aggregate: what.aggregate.clone() })
}

/// True for a word that can be a folder's name.
fn plain(word: &str) -> bool {
    !word.starts_with('.') && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn name(act: Act) -> &'static str {
    match act {
        Act::Delete => "delete",
        Act::Aggregate => "aggregate",
        Act::Restrict => "restrict",
        Act::Held => "held",
        Act::Unknown => "unknown",
    }
}

fn outcome(plan: &Plan) -> Exit {
    if plan.items.iter().any(|i| i.act == Act::Unknown) { Exit::Suppressed } else { Exit::Clean }
}

fn show(plan: &Plan) {
    let part = |i: &Item| match (i.held, i.records) {
        (0, 0) => String::new(),
        (0, n) => format!(", {n} records of it"),
        (n, _) => format!(", {n} held records stay"),
    };
    for i in &plan.items {
        let due = i.due.map_or(String::new(), |d| format!(" since {d}"));
        say(&format!("{:<9} {}{due}: {} files, {} bytes{}", name(i.act), i.path, i.files, i.bytes, part(i)));
    }
    totals(plan);
}

fn totals(plan: &Plan) {
    let all: Vec<_> = plan.totals().into_iter().map(|(act, [n, ..])| format!("{n} {}", name(act))).collect();
    say(&format!(
        "{}: {}",
        plan.at,
        all.into_iter().chain([format!("{} not due", plan.kept)]).collect::<Vec<_>>().join(", ")
    ));
}

fn sweep(
    what: &RetainArgs,
    keys: &Keyring,
    vault_key: Option<&Path>,
    report: Option<&Path>,
    record: &RecordArgs,
) -> Result<Exit, Failure> {
    let failed = io(&what.dir);
    let options = options(what)?;
    let vault = vault_key.map(vault).transpose()?;
    let mut sweep = Sweep::open(&what.dir, &options, vault.as_ref(), report).map_err(&failed)?;
    if sweep.needs_vault() && vault.is_none() {
        return Err((
            Exit::Usage,
            "some of it is to be restricted: name the key of restricted data by --vault-key".into(),
        ));
    }
    sweep.run().map_err(&failed)?;
    let text = signed::signed(sweep.plan.text(), keys);
    let text =
        text.ok_or((Exit::Config, "no key to sign the report with: all keys of the ring are destroyed".into()))?;
    sweep.publish(&text).map_err(io(&sweep.report))?;
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    let acts: serde_json::Map<_, _> = sweep
        .plan
        .totals()
        .into_iter()
        .map(|(act, t)| (name(act).into(), json!({"items": t[0], "files": t[1], "bytes": t[2]})))
        .collect();
    let body = json!({ "at": sweep.plan.at, "done": acts, "kept": sweep.plan.kept, "report": digest });
    record::once(record, keys, "sweep", body, &digest)?;
    totals(&sweep.plan);
    if sweep.resumed {
        say("this finished a sweep that was interrupted; run again for a new one");
    }
    say(&format!("report {}", sweep.report.display()));
    let exit = outcome(&sweep.plan);
    sweep.finish().map_err(&failed)?;
    Ok(exit)
}
