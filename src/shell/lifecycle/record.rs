//! Puts what was done into the audit log.

use super::args::RecordArgs;
use crate::audit::chain::{AuditError, Log};
use crate::keys::Keyring;
use crate::shell::Failure;
use crate::shell::exit::Exit;
use jiff::Timestamp;

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
