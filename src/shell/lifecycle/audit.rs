//! `logveil audit`.

use super::args::AuditVerb;
use super::say;
use crate::audit::chain::verify;
use crate::shell::Failure;
use crate::shell::exit::Exit;

/// Runs an audit verb.
pub fn run(verb: &AuditVerb) -> Result<Exit, Failure> {
    let AuditVerb::Verify { file, keys, anchor } = verb;
    let keys = super::keys(keys)?;
    let v = verify(file, &keys, anchor.as_deref()).map_err(|e| (Exit::Io, e.to_string()))?;
    for fault in &v.faults {
        say(&format!("{}: {fault}", file.display()));
    }
    v.notes.iter().for_each(|n| say(&format!("{}: {n}", file.display())));
    if v.vouched > 0 {
        say(&format!("{} lines are signed with destroyed keys; later lines vouch for them", v.vouched));
    }
    if !v.faults.is_empty() {
        return Ok(Exit::Suppressed);
    }
    let kinds: Vec<_> = v.kinds.iter().map(|(k, n)| format!("{n} {k}")).collect();
    say(&format!("ok: {} lines ({})\nlog {}\nhead {}", v.lines, kinds.join(", "), v.log, v.head));
    Ok(Exit::Clean)
}
