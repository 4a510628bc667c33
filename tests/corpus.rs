//! Real logs and the public test cases of other projects, through the binary, against oracles in Python.

mod support;

use std::path::Path;
use std::process::Command;
use support::shared;

/// Runs a script of `tests/oracle` that exits with 0 when all is well; skipped when this machine lacks Python.
fn oracle(script: &str, args: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(script);
    let run = match Command::new("python3").arg(path).args(args).output() {
        Ok(run) => run,
        Err(e) => {
            eprintln!("skipped: python3: {e}");
            return;
        }
    };
    let text = String::from_utf8_lossy(&run.stdout);
    eprintln!("{text}");
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn real_logs_lose_nothing_but_identifiers() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus").display().to_string();
    oracle("corpus.py", &[&corpus, env!("CARGO_BIN_EXE_logveil")]);
}

#[test]
fn counters_epochs_digests_and_request_ids_of_real_logs_stay() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus").display().to_string();
    oracle("false_positives.py", &[&corpus, env!("CARGO_BIN_EXE_logveil")]);
}

#[test]
fn lines_of_real_logs_are_read_alike_inside_of_records() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus").display().to_string();
    oracle("wrapped.py", &[&corpus, env!("CARGO_BIN_EXE_logveil"), "--lines", "40"]);
}

#[test]
fn public_cases_differ_only_with_a_reason() {
    let Some(shared) = shared() else { return };
    oracle("cases.py", &[&shared.display().to_string(), env!("CARGO_BIN_EXE_logveil"), "--bool"]);
}
