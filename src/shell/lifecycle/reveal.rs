//! `logveil reveal`.

use super::args::RevealArgs;
use super::record;
use super::subject::Context;
use crate::engine::subject::reveal;
use crate::keys::State;
use crate::shell::Failure;
use crate::shell::exit::Exit;
use serde_json::json;
use std::io::Write;
use zeroize::Zeroizing;

/// Prints the values of reversible tokens; the act is on record before the first of them.
pub fn run(args: &RevealArgs) -> Result<Exit, Failure> {
    if args.record.audit.is_none() {
        return Err((Exit::Usage, "reveal needs --audit FILE, where it is put on record".into()));
    }
    let context = Context::new(&args.subject)?;
    let mut exit = Exit::Clean;
    let mut lines = Zeroizing::new(Vec::new());
    let (mut done, mut kids) = (0u64, Vec::new());
    for token in &args.tokens {
        let kid = token.rsplit('_').nth(1).unwrap_or_default();
        let refused = match context.keys.by_kid(kid) {
            None => Some("no key of this ring made it".to_string()),
            Some(k) if k.state == State::Destroyed => Some(format!("its key {kid} is destroyed: nobody can reveal it")),
            Some(k) if k.state == State::Retired && args.document.is_none() => {
                Some(format!("its key {kid} is retired: name the document that demands it by --document"))
            }
            Some(k) => {
                let at = lines.len();
                let found = reveal(&context.rules, &context.policy, k, token.as_bytes(), &mut lines);
                if found {
                    lines.push(b'\n');
                    done += 1;
                    kids.push(kid);
                } else {
                    lines.truncate(at);
                }
                let why = "not a reversible token of this policy, or its subject was erased";
                (!found).then(|| why.to_string())
            }
        };
        if let Some(why) = refused {
            eprintln!("logveil: token of key {kid}: {why}");
            exit = Exit::Suppressed;
        }
    }
    kids.sort_unstable();
    kids.dedup();
    let body = json!({
        "reason": args.why.reason, "case": args.why.case, "document": args.document, "kids": kids, "revealed": done,
        "refused": args.tokens.len() as u64 - done,
    });
    record::record(&args.record, &context.keys, "reveal", body)?;
    std::io::stdout().lock().write_all(&lines).map_err(|e| (Exit::Io, format!("output: {e}")))?;
    Ok(exit)
}
