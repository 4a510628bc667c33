//! Whose records: identifiers from a file or standard input, never from the command line, which others can read.

use super::args::SubjectArgs;
use super::io;
use crate::engine::subject::Known;
use crate::keys::{Keyring, Subjects};
use crate::lifecycle::ledger::{Ledger, ReadOnly};
use crate::lifecycle::needles::Needles;
use crate::policy::Policy;
use crate::rules::Ruleset;
use crate::shell::exit::Exit;
use crate::shell::{Failure, key_source, setup};
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What tokens are computed from.
pub struct Context {
    /// Entities.
    pub rules: Ruleset,
    /// Policy and its older versions.
    pub policy: Policy,
    /// Keys; with a ledger they find subjects' keys and make none.
    pub keys: Keyring,
    /// Ledger.
    pub ledger: Option<Arc<Ledger>>,
}

/// A ledger, opened.
pub fn ledger(path: &Path) -> Result<Ledger, Failure> {
    Ledger::open(path).map_err(|e| (Exit::Config, e.to_string()))
}

impl Context {
    /// Policy, keys and ledger that the arguments name.
    pub fn new(args: &SubjectArgs) -> Result<Context, Failure> {
        if args.policy.keys.none() {
            return Err((Exit::Usage, "name the key or key ring that made the tokens: --key-file FILE".into()));
        }
        let (mut policy, rules) = setup::policy_and_rules(&args.policy.policy, &args.policy.rules)?;
        if let Some(tenant) = &args.policy.tenant {
            policy.for_tenant(tenant);
        }
        let mut keys = key_source::ring(&args.policy.keys)?;
        let ledger = args.policy.keys.subjects.as_deref().map(ledger).transpose()?.map(Arc::new);
        if let Some(l) = &ledger {
            let subjects: Arc<dyn Subjects> = Arc::new(ReadOnly(Arc::clone(l)));
            keys = keys.with_subjects(&subjects);
        }
        Ok(Context { rules, policy, keys, ledger })
    }

    /// What is known of the subject whose identifiers are read.
    pub fn known(&self, args: &SubjectArgs) -> Result<Known, Failure> {
        let text = identifiers(args.subject_file.as_deref())?;
        let mut known = Known::default();
        for value in text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|v| !v.is_empty()) {
            known.add(&self.rules, &self.policy, &self.keys, value);
        }
        match known.tokens.is_empty() && known.tags.is_empty() {
            true => Err((Exit::Usage, "no identifier was given, or the policy makes no tokens of them".into())),
            false => Ok(known),
        }
    }
}

/// Identifiers, one a line.
fn identifiers(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut text = Zeroizing::new(Vec::with_capacity(4096));
    match file {
        Some(path) => drop(std::fs::File::open(path).and_then(|mut f| f.read_to_end(&mut text)).map_err(io(path))?),
        None => {
            let stdin = std::io::stdin();
            if stdin.is_terminal() {
                eprintln!("identifiers of the subject, one a line, then end of file (Ctrl-D):");
            }
            stdin.lock().read_to_end(&mut text).map_err(|e| (Exit::Io, format!("stdin: {e}")))?;
        }
    }
    Ok(text)
}

/// What finds these tokens; a token's number is that of its key.
pub fn needles<'t>(tokens: impl Iterator<Item = &'t str>) -> (Needles, Vec<String>) {
    let (mut needles, mut kids) = (Needles::default(), Vec::<String>::new());
    for token in tokens {
        let kid = token.split('_').nth(1).unwrap_or("address");
        let at = kids.iter().position(|k| k == kid).unwrap_or_else(|| {
            kids.push(kid.into());
            kids.len() - 1
        });
        needles.add(token.as_bytes(), at as u32);
    }
    (needles, kids)
}
