//! How is it run? Arguments, verbs, exit codes; the only layer that knows the clock, the environment and threads.

mod args;
mod batch;
mod exit;
mod explain;
mod filter;
mod key_source;
mod keys;
mod lifecycle;
mod live;
mod parallel;
mod policy;
mod protocol;
mod scan;
mod setup;
#[cfg(feature = "sidecar")]
mod sidecar;
mod stats;
mod test;
mod views;

use args::{Cli, Verb};
use clap::{CommandFactory, Parser};
use exit::Exit;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let code = if e.use_stderr() { Exit::Usage } else { Exit::Clean };
            let _ = e.print();
            return code.into();
        }
    };
    match run(cli) {
        Ok(code) => code.into(),
        Err((code, message)) => {
            if code != Exit::Clean {
                eprintln!("logveil: {message}");
            }
            code.into()
        }
    }
}

type Failure = (Exit, String);

fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.verb {
        Some(Verb::Filter(a)) => filter::run(&a),
        Some(Verb::Batch(a)) => batch::run(&a),
        Some(Verb::Report(a)) => batch::report::run(&a),
        Some(Verb::Explain(a)) => explain::run(&a),
        Some(Verb::Scan(a)) => scan::run(&a),
        Some(Verb::Test(a)) => test::run(&a),
        #[cfg(feature = "sidecar")]
        Some(Verb::Sidecar(a)) => sidecar::run(&a),
        Some(Verb::Keys { verb, record }) => keys::run(&verb, &record),
        Some(Verb::Policy { verb }) => policy::run(&verb),
        Some(Verb::Retain { verb }) => lifecycle::retain(&verb),
        Some(Verb::Erase(a)) => lifecycle::erase(&a),
        Some(Verb::Trace(a)) => lifecycle::trace(&a),
        Some(Verb::Reveal(a)) => lifecycle::reveal(&a),
        Some(Verb::Ledger { verb }) => lifecycle::ledger(&verb),
        Some(Verb::Audit { verb }) => lifecycle::audit(&verb),
        Some(Verb::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "logveil", &mut std::io::stdout());
            Ok(Exit::Clean)
        }
        Some(Verb::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(|e| (Exit::Io, e.to_string()))?;
            std::io::stdout().write_all(&page).map_err(|e| (Exit::Io, e.to_string()))?;
            Ok(Exit::Clean)
        }
        None if cli.filter.files.is_empty() && std::io::stdin().is_terminal() => {
            let _ = Cli::command().print_help();
            Ok(Exit::Usage)
        }
        None => match slip(&cli.filter.files) {
            Some(message) => Err((Exit::Usage, message)),
            None => filter::run(&cli.filter),
        },
    }
}

/// What to say when the first file is rather a verb with a slip in it.
fn slip(files: &[std::path::PathBuf]) -> Option<String> {
    let name = files.first().filter(|f| !f.exists())?.to_str()?;
    let command = Cli::command();
    let near = crate::rules::nearest(name, command.get_subcommands().map(|c| c.get_name()));
    (!near.is_empty()).then(|| format!("{name}: no such file, and no command of that name{near}"))
}
