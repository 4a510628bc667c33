//! `logveil erase`.

use super::args::EraseArgs;
use super::ledger::{failed, missing};
use super::subject::{Context, needles};
use super::trace::{all_files, trace};
use super::{io, record, retain, say};
use crate::audit::signed;
use crate::lifecycle::calendar::Calendar;
use crate::lifecycle::erase::Erasure;
use crate::lifecycle::ledger::{Fate, Ledger, Request};
use crate::lifecycle::needles::Needles;
use crate::lifecycle::retain::holds::Holds;
use crate::lifecycle::retain::sweep::publish;
use crate::shell::Failure;
use crate::shell::exit::Exit;
use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Erases a subject.
pub fn run(args: &EraseArgs) -> Result<Exit, Failure> {
    let context = Context::new(&args.subject)?;
    let ledger = context.ledger.as_ref().ok_or_else(missing)?;
    let at = args.at.unwrap_or_else(|| retain::today(&context.policy));
    let request = request(args, &context, at)?;
    let known = ledger.request(&args.case).map_err(failed)?;
    let request = known.unwrap_or(request);
    if args.register {
        ledger.register(&request).map_err(failed)?;
        say(&format!("case {}: to be carried out by {}", request.case, request.erase_by));
        return Ok(Exit::Clean);
    }
    let (mut tags, mut tokens) = (Vec::new(), Vec::new());
    let begun = request.fate != Fate::Open;
    let texts: Vec<String> = match begun {
        true => ledger.tokens(&args.case).map_err(failed)?,
        false => {
            let known = context.known(&args.subject)?;
            tags.extend(known.tags);
            tokens.extend(known.tokens.iter().map(|t| (t.text.clone(), t.lasting)));
            known.tokens.into_iter().map(|t| t.text).collect()
        }
    };
    let (needles, kids) = needles(texts.iter().map(String::as_str));
    if let Some(case) = held(args, ledger, &texts, &needles)? {
        eprintln!("logveil: case {case} holds this subject: nothing was done");
        return Ok(Exit::Suppressed);
    }
    let vault = args.vault_key.as_deref().map(retain::vault).transpose()?;
    let today = if begun { request.at.parse().unwrap_or(at) } else { at };
    let erasure = Erasure { ledger, case: &args.case, needles: &needles, vault: vault.as_ref(), at: today };
    let found = if request.fate == Fate::Done { Vec::new() } else { find(args, &erasure)? };
    let restricted: u64 = found.iter().map(|f| f.restricted).sum();
    if !args.yes_irreversible {
        found.iter().for_each(|f| {
            say(&format!("{}: {} records go, {} are restricted", f.path.display(), f.deleted, f.restricted))
        });
        say(&format!(
            "case {}: {} tokens under {} keys; to be carried out by {}",
            args.case,
            texts.len(),
            kids.len(),
            request.erase_by
        ));
        return Err((Exit::Usage, "nothing was done: say --yes-irreversible".into()));
    }
    if request.fate == Fate::Done {
        say(&format!("case {} was carried out on {}; further copies need a case of their own", args.case, request.at));
    }
    if restricted > 0 && vault.is_none() {
        let why = "records must be kept for a while: name the key of restricted data by --vault-key";
        return Err((Exit::Usage, format!("{restricted} {why}")));
    }
    ledger.register(&request).map_err(failed)?;
    if !begun {
        ledger.shred(&args.case, &at.to_string(), &tags, &tokens).map_err(failed)?;
    }
    let mut exit = Exit::Clean;
    for f in &found {
        if let Err(e) = erasure.file(&f.root, &f.path) {
            eprintln!("logveil: {}: {e}", f.path.display());
            exit = Exit::Suppressed;
        }
    }
    if exit != Exit::Clean {
        eprintln!("logveil: case {} is not done: mend these files and run the same again", args.case);
        return Ok(exit);
    }
    finish(args, &context, ledger)
}

/// The request that the arguments describe.
fn request(args: &EraseArgs, context: &Context, at: Date) -> Result<Request, Failure> {
    let erasure = context.policy.erasure.as_ref();
    let erasure = erasure.ok_or((Exit::Config, "the policy has no [erasure] stanza".to_string()))?;
    if !erasure.grounds.iter().any(|g| g.id == args.ground) {
        let known: Vec<_> = erasure.grounds.iter().map(|g| g.id.as_str()).collect();
        return Err((
            Exit::Usage,
            format!("no ground `{}` in the policy; there are: {}", args.ground, known.join(", ")),
        ));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if args.case.is_empty() || args.case.starts_with('.') || !args.case.bytes().all(plain) {
        return Err((Exit::Usage, "--case: letters, digits, `.`, `_`, `-`".into()));
    }
    let calendar = match &args.holidays {
        Some(path) => Calendar::parse(&std::fs::read_to_string(path).map_err(io(path))?)
            .map_err(|e| (Exit::Config, format!("{}: {e}", path.display())))?,
        None => Calendar::china(),
    };
    let requested = args.requested_at.unwrap_or(at);
    let by = calendar.after(requested, erasure.working_days);
    if !calendar.knows(by) {
        eprintln!("logveil: no holidays of {} are known: weekends only; give a newer --holidays FILE", by.year());
    }
    Ok(Request {
        case: args.case.clone(),
        ground: args.ground.clone(),
        requested: requested.to_string(),
        erase_by: by.to_string(),
        fate: Fate::Open,
        at: String::new(),
        shredded: 0,
    })
}

/// The case that holds the subject.
fn held(args: &EraseArgs, ledger: &Ledger, texts: &[String], needles: &Needles) -> Result<Option<String>, Failure> {
    let mut holds = Holds::default();
    retain::read_lists(&args.list, &mut holds)?;
    ledger.holds(&mut holds).map_err(failed)?;
    let mut held = None;
    let mut see = |n: u32| held = Some(held.map_or(n, |h: u32| h.min(n)));
    texts.iter().for_each(|t| holds.needles.find(t.as_bytes(), |_, n| see(n)));
    // A hold may name a reversible token whole, of which an erasure knows the beginning.
    for (n, token) in &holds.tokens {
        needles.find(token.as_bytes(), |_, _| see(*n));
    }
    Ok(held.map(|n| holds.cases[n as usize].clone()))
}

/// A file that holds records of the subject.
struct Found {
    root: PathBuf,
    path: PathBuf,
    deleted: u64,
    restricted: u64,
}

fn find(args: &EraseArgs, erasure: &Erasure<'_>) -> Result<Vec<Found>, Failure> {
    let mut all = Vec::new();
    for given in &args.paths {
        let given = std::path::absolute(given).map_err(io(given))?;
        let root = if given.is_dir() { given.clone() } else { given.parent().unwrap_or(Path::new("/")).into() };
        for (path, counts) in trace(&all_files(std::slice::from_ref(&given))?, erasure.needles) {
            if counts.map_err(io(&path))?.total > 0 {
                let t = erasure.census(&root, &path).map_err(io(&path))?;
                all.push(Found { root: root.clone(), path, deleted: t.deleted, restricted: t.restricted });
            }
        }
    }
    Ok(all)
}

/// Report, tombstones and audit log; then the request is done.
fn finish(args: &EraseArgs, context: &Context, ledger: &Ledger) -> Result<Exit, Failure> {
    let missing = || (Exit::Config, format!("case {}: the ledger does not know it", args.case));
    let r = ledger.request(&args.case).map_err(failed)?.ok_or_else(missing)?;
    let touched = ledger.touched(&args.case).map_err(failed)?;
    let (deleted, restricted) = touched.iter().fold((0, 0), |(d, k), t| (d + t.deleted, k + t.restricted));
    let counts =
        json!({ "files": touched.len(), "deleted": deleted, "restricted": restricted, "shredded": r.shredded });
    let mut text = json!({ "erase": {
        "logveil": env!("CARGO_PKG_VERSION"), "case": r.case, "ground": r.ground, "requested": r.requested,
        "erase_by": r.erase_by, "at": r.at,
    }})
    .to_string();
    for t in &touched {
        text += &format!("\n{}", json!({ "path": t.path, "deleted": t.deleted, "restricted": t.restricted }));
    }
    text += &format!("\n{}\n", json!({ "totals": counts }));
    let text = signed::signed(text, &context.keys);
    let text =
        text.ok_or((Exit::Config, "no key to sign the report with: all keys of the ring are destroyed".into()))?;
    if let Some(report) = &args.report {
        publish(report, text.as_bytes()).map_err(io(report))?;
    }
    if let Some(list) = &args.tombstones {
        publish(list, ledger.tombstones().map_err(failed)?.as_bytes()).map_err(io(list))?;
    }
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    let mut body = json!({ "case": r.case, "ground": r.ground, "requested": r.requested, "erase_by": r.erase_by, "report": digest });
    body["done"] = counts;
    record::once(&args.record, &context.keys, "erase", body, &digest)?;
    ledger.finish(&args.case).map_err(failed)?;
    say(&format!(
        "case {}: {deleted} records are gone and {restricted} restricted in {} files; {} keys of the subject are shredded",
        args.case,
        touched.len(),
        r.shredded
    ));
    if r.at > r.erase_by {
        say(&format!("case {}: late: its last day was {}", args.case, r.erase_by));
    }
    Ok(Exit::Clean)
}
