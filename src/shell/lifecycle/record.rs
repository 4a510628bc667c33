//! Puts what was done into the audit log.

use super::args::RecordArgs;
use crate::audit::chain::{AuditError, Log};
use crate::audit::{RunInfo, Tally, Totals};
use crate::engine::{Disclosed, Engine};
use crate::keys::Keyring;
use crate::shell::Failure;
use crate::shell::args::KeyArgs;
use crate::shell::exit::Exit;
use jiff::Timestamp;
use serde_json::json;

fn failed(e: AuditError) -> Failure {
    let code = if matches!(e, AuditError::Io(..)) { Exit::Io } else { Exit::Config };
    (code, e.to_string())
}

/// Who runs this program.
pub fn operator(args: &RecordArgs) -> String {
    let user = || std::env::var("USER").unwrap_or_default();
    let name = args.operator.clone().unwrap_or_else(|| format!("{}({})", user(), rustix::process::getuid().as_raw()));
    name.chars().filter(|c| !c.is_control()).take(128).collect()
}

/// The keys that sign the audit log of a run, when it has one. A run whose record can't be written does not begin.
pub fn ready(args: &RecordArgs, keys: &KeyArgs) -> Result<Option<Keyring>, Failure> {
    let Some(path) = &args.audit else { return Ok(None) };
    let ring = match &args.audit_key {
        Some(file) => Keyring::from_file(file).map_err(|e| (Exit::Config, e.to_string()))?,
        None => super::keys(keys)?,
    };
    Log::open(path, &ring, &now()).map_err(failed)?;
    Ok(Some(ring))
}

/// Appends what a run of `filter` did: one line, and one for each recipient.
pub fn run(
    args: &RecordArgs,
    ring: Option<&Keyring>,
    engine: &Engine,
    tally: &Tally,
    disclosed: &[Disclosed],
) -> Result<(), Failure> {
    let Some(ring) = ring else { return Ok(()) };
    let policy = engine.policy();
    let body = json!({
        "verb": "filter", "policy": policy.version(), "kid": engine.kid(), "records": tally.records, "findings": tally.findings(),
        "suppressed_values": tally.unfit, "suppressed_records": tally.suppressed_records,
    });
    record(args, ring, "run", body)?;
    for (view, done) in policy.views.iter().zip(disclosed) {
        let Some(r) = &view.recipient else { continue };
        let fields: u64 = done.fields.iter().sum();
        let body = json!({
            "policy": policy.version(), "recipient": r.id, "basis": r.basis, "reference": r.reference, "records": done.records,
            "refused": done.refused, "fields": fields,
        });
        record(args, ring, "disclosure", body)?;
    }
    Ok(())
}

/// Appends what a run of `batch` did.
pub fn batch(args: &RecordArgs, ring: Option<&Keyring>, info: &RunInfo, totals: &Totals) -> Result<(), Failure> {
    let Some(ring) = ring else { return Ok(()) };
    let c = &totals.counts;
    let body = json!({
        "verb": "batch", "policy": info.policy, "kid": info.kid, "files": totals.files, "records": c.records,
        "findings": c.findings, "suppressed_values": c.suppressed_values, "suppressed_records": c.suppressed_records,
    });
    record(args, ring, "run", body)
}

/// Appends an act to the audit log; nothing when no log was named.
pub fn record(args: &RecordArgs, keys: &Keyring, kind: &str, body: serde_json::Value) -> Result<(), Failure> {
    once(args, keys, kind, body, "")
}

/// The same, unless the log has a line with this text already: an act that was interrupted after its line.
pub fn once(args: &RecordArgs, keys: &Keyring, kind: &str, body: serde_json::Value, mark: &str) -> Result<(), Failure> {
    let Some(path) = &args.audit else { return Ok(()) };
    let own = args.audit_key.as_deref().map(Keyring::from_file).transpose();
    let own = own.map_err(|e| (Exit::Config, e.to_string()))?;
    let at = now();
    let mut log = Log::open(path, own.as_ref().unwrap_or(keys), &at).map_err(failed)?;
    if !mark.is_empty() && log.holds(mark).map_err(failed)? {
        return Ok(());
    }
    log.append(&at, kind, &operator(args), body).map_err(failed)
}

/// Now, to the second.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
