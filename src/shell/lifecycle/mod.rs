//! Verbs for what happens later: `retain`, `erase`, `trace`, `reveal`, `ledger`, `audit`.

pub mod args;
mod audit;
mod erase;
mod ledger;
pub mod record;
mod retain;
mod reveal;
mod subject;
mod trace;

pub use audit::run as audit;
pub use erase::run as erase;
pub use ledger::run as ledger;
pub use retain::run as retain;
pub use reveal::run as reveal;
pub use trace::run as trace;

use super::Failure;
use super::args::KeyArgs;
use super::exit::Exit;
use crate::keys::Keyring;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// A failure of a file.
fn io(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |e| (Exit::Io, format!("{}: {e}", path.display()))
}

/// The keys that were named; a key of this run only would sign nothing that anybody can check.
fn keys(args: &KeyArgs) -> Result<Keyring, Failure> {
    match args.none() {
        true => Err((Exit::Usage, "name a key or key ring: --key-file FILE".into())),
        false => super::key_source::ring(args),
    }
}

/// Prints a line; a reader that went away is no failure, and never stops what is under way.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(e) = writeln!(out, "{line}")
        && e.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("logveil: output: {e}");
    }
}
