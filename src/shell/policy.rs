//! `logveil policy`.

use super::args::{ClausesForm, PolicyVerb};
use super::exit::Exit;
use super::{Failure, setup};
use crate::policy::{Policy, diff, format};
use crate::rules::{PolicyDef, Ruleset};
use serde_json::json;
use std::io::Write;
use std::path::Path;

/// Runs a policy verb.
pub fn run(verb: &PolicyVerb) -> Result<Exit, Failure> {
    match verb {
        PolicyVerb::Check { policy, rules } => {
            let (p, _) = setup::policy_and_rules(policy, rules)?;
            let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
            print(&format!(
                "{}: {}, {}, {}, {}\n",
                p.version(),
                count(p.def.clause.len(), "clause"),
                count(p.def.recipient.len(), "recipient"),
                count(p.retentions.len(), "retention class").replace("classs", "classes"),
                count(p.older.len(), "older version"),
            ))
        }
        PolicyVerb::Show { policy, rules } => {
            let (p, rules) = setup::policy_and_rules(policy, rules)?;
            print(&show(&p, &rules))
        }
        PolicyVerb::Clauses { policy, format } => {
            let (p, _) = setup::policy_and_rules(policy, &[])?;
            print(&clauses(&p, *format))
        }
        PolicyVerb::Diff { old, new, format } => {
            let ((a, _), (b, rules)) = (setup::policy_and_rules(old, &[])?, setup::policy_and_rules(new, &[])?);
            let changes = diff::diff(&a, &b, &rules);
            print(&changes_text(&changes, *format))?;
            Ok(if changes.iter().any(|c| c.clause.is_some()) { Exit::Suppressed } else { Exit::Clean })
        }
        PolicyVerb::Schema => print(&format!("{:#}\n", PolicyDef::schema())),
        PolicyVerb::Fmt { files, check } => fmt(files, *check),
    }
}

fn print(text: &str) -> Result<Exit, Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err((Exit::Io, format!("output: {e}"))),
        _ => Ok(Exit::Clean),
    }
}

/// What becomes of every entity, alone and beside a person, and what recipients get.
fn show(p: &Policy, rules: &Ruleset) -> String {
    let mut s = format!(
        "{} {}\nin force from {}, zone {}, region {}\n\n",
        p.version(),
        p.title,
        p.effective_from,
        p.def.policy.tz,
        p.region
    );
    s += &format!(
        "{:<22}{:<14}{:<4}{:<36}{:<34}{}\n",
        "entity", "category", "lvl", "alone", "beside a person", "retention"
    );
    for e in &rules.entities {
        let of = |joined: bool| p.decide(0, e.id, p.met(Default::default(), joined));
        let name = |d: crate::model::Decision| {
            p.transforms[d.transform.0 as usize].id.clone() + " by " + &p.clauses[d.clause.0 as usize]
        };
        let (alone, joined) = (of(false), of(true));
        let class = &p.retentions[alone.retention.0 as usize].class;
        let beside = if alone == joined { "same".into() } else { name(joined) };
        s += &format!(
            "{:<22}{:<14}{:<4}{:<36}{beside:<34}{class}\n",
            e.name,
            e.category.name(),
            p.levels[e.id.0 as usize],
            name(alone)
        );
    }
    for v in &p.views {
        let Some(r) = &v.recipient else { continue };
        s += &format!(
            "\nrecipient {}: {} ({:?}, {:?}), basis {}\n",
            r.id,
            r.name,
            r.class,
            r.view,
            if r.basis.is_empty() { "none" } else { &r.basis }
        );
        for (field, transform) in &r.allow {
            s += &format!("  {field:<20}{transform}\n");
        }
    }
    s
}

fn clauses(p: &Policy, form: ClausesForm) -> String {
    if form == ClausesForm::Json {
        let row = |c: &crate::rules::CoverageDef| {
            json!({ "clause": c.clause, "rules": c.rules, "reason": c.reason }).to_string()
        };
        return format!("[\n{}\n]\n", p.coverage.iter().map(row).collect::<Vec<_>>().join(",\n"));
    }
    let mut s = String::new();
    for c in &p.coverage {
        let rules = if c.rules.is_empty() { "-".into() } else { c.rules.join(", ") };
        s += &format!("{}\t{rules}\t{}\n", c.clause, c.reason);
    }
    s
}

fn changes_text(changes: &[diff::Change], form: ClausesForm) -> String {
    if form == ClausesForm::Json {
        let row = |c: &diff::Change| {
            json!({ "material": c.clause.is_some(), "clause": c.clause, "change": c.text }).to_string()
        };
        return format!("[\n{}\n]\n", changes.iter().map(row).collect::<Vec<_>>().join(",\n"));
    }
    let mut s = String::new();
    for c in changes {
        s += &match c.clause {
            Some(clause) => format!("material {clause}: {}\n", c.text),
            None => format!("minor: {}\n", c.text),
        };
    }
    if s.is_empty() { "no change\n".into() } else { s }
}

fn fmt(files: &[std::path::PathBuf], check: bool) -> Result<Exit, Failure> {
    let mut exit = Exit::Clean;
    for path in files {
        let io = |e: std::io::Error| (Exit::Io, format!("{}: {e}", path.display()));
        let text = std::fs::read_to_string(path).map_err(io)?;
        let new = format::format(&text);
        if new == text {
            continue;
        }
        if check {
            println!("{}: not in the house style; run `logveil policy fmt`", path.display());
            exit = Exit::Suppressed;
        } else {
            write(path, &new).map_err(io)?;
        }
    }
    Ok(exit)
}

/// Replaces a file whole.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("toml.new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, path)
}
