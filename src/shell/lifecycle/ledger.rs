//! `logveil ledger`.

use super::args::LedgerVerb;
use super::subject::{Context, ledger};
use super::{io, keys, record, say};
use crate::keys::State;
use crate::lifecycle::ledger::LedgerError;
use crate::shell::Failure;
use crate::shell::exit::Exit;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

/// A failure of the ledger.
pub fn failed(e: LedgerError) -> Failure {
    (Exit::Config, e.to_string())
}

fn day(at: Option<Date>) -> String {
    at.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::system()).date()).to_string()
}

/// Runs a ledger verb.
pub fn run(verb: &LedgerVerb) -> Result<Exit, Failure> {
    match verb {
        LedgerVerb::New { file } => {
            ledger(file)?;
            Ok(Exit::Clean)
        }
        LedgerVerb::Check { file, at } => {
            std::fs::metadata(file).map_err(io(file))?;
            let s = ledger(file)?.check(&day(*at)).map_err(failed)?;
            s.faults.iter().for_each(|f| say(&format!("{}: {f}", file.display())));
            s.overdue.iter().for_each(|c| say(&format!("case {c}: its last day is past and it is not carried out")));
            say(&format!(
                "{} subjects with keys, {} erased tags, {} open holds, {} open requests, {} done",
                s.subjects, s.erased, s.holds, s.open, s.done
            ));
            Ok(if s.faults.is_empty() && s.overdue.is_empty() { Exit::Clean } else { Exit::Suppressed })
        }
        LedgerVerb::Backup { file, to } => {
            std::fs::metadata(file).map_err(io(file))?;
            ledger(file)?.backup(to).map_err(failed)?;
            Ok(Exit::Clean)
        }
        LedgerVerb::Hold { case, at, subject, record: r } => {
            let context = Context::new(subject)?;
            let known = context.known(subject)?;
            let ledger = context.ledger.as_ref().ok_or_else(missing)?;
            let tokens: Vec<String> = known.tokens.iter().map(|t| t.text.clone()).collect();
            ledger.hold(case, &day(*at), &tokens).map_err(failed)?;
            record::record(r, &context.keys, "hold", json!({ "case": case, "tokens": tokens.len() }))?;
            say(&format!("case {case} holds {} tokens", tokens.len()));
            Ok(Exit::Clean)
        }
        LedgerVerb::Release { file, case, at, keys: k, record: r } => {
            let keys = keys(k)?;
            if !ledger(file)?.release(case, &day(*at)).map_err(failed)? {
                return Err((Exit::Config, format!("{}: no open hold of case {case}", file.display())));
            }
            record::record(r, &keys, "release", json!({ "case": case }))?;
            Ok(Exit::Clean)
        }
        LedgerVerb::Prune { file, keys: k, record: r } => {
            let keys = keys(k)?;
            let gone: Vec<String> =
                keys.keys().iter().filter(|k| k.state == State::Destroyed).map(|k| k.kid.clone()).collect();
            let rows = ledger(file)?.forget_keys(&gone).map_err(failed)?;
            record::record(r, &keys, "prune", json!({ "kids": gone, "rows": rows }))?;
            say(&format!("{rows} rows of {} destroyed keys are gone", gone.len()));
            Ok(Exit::Clean)
        }
    }
}

/// The ledger must be named.
pub fn missing() -> Failure {
    (Exit::Usage, "name the ledger of subjects: --subjects FILE (make one: logveil ledger new FILE)".into())
}
