//! Runs a law until the time is over: mutates what it has, keeps what showed a new behaviour, shrinks what fails.

use crate::laws::{Behaviour, Law};
use crate::mutate::Mutator;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Most inputs that are kept beside the first ones.
const KEPT: usize = 4096;

/// Why the last run of a law failed, as its panic said.
static REASON: Mutex<String> = Mutex::new(String::new());

/// `TARGET SECONDS` fuzzes, `TARGET FILE` replays one input.
pub fn main(name: &str, law: Law) -> ExitCode {
    panic::set_hook(Box::new(|p| *REASON.lock().unwrap_or_else(|e| e.into_inner()) = p.to_string()));
    let Some(arg) = std::env::args().nth(1) else {
        eprintln!("usage: {name} SECONDS, or {name} FILE to replay one input");
        return ExitCode::from(2);
    };
    match arg.parse() {
        Ok(seconds) => fuzz(name, law, Duration::from_secs(seconds)),
        Err(_) => replay(name, law, Path::new(&arg)),
    }
}

/// What an input showed, or why it broke the law.
fn judge(law: Law, input: &[u8]) -> Result<Behaviour, String> {
    panic::catch_unwind(AssertUnwindSafe(|| law(input)))
        .map_err(|_| REASON.lock().unwrap_or_else(|e| e.into_inner()).clone())
}

fn replay(name: &str, law: Law, path: &Path) -> ExitCode {
    match std::fs::read(path).map(|input| judge(law, &input)) {
        Ok(Ok(_)) => {
            println!("{name}: {} holds", path.display());
            ExitCode::SUCCESS
        }
        Ok(Err(reason)) => {
            println!("{name}: {} fails: {reason}", path.display());
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("{name}: {}: {e}; give seconds or a file", path.display());
            ExitCode::from(2)
        }
    }
}

fn fuzz(name: &str, law: Law, time: Duration) -> ExitCode {
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    let mut mutator = Mutator::new(seed, name);
    let mut corpus = mutator.first();
    let (first, began) = (corpus.len(), Instant::now());
    let (mut seen, mut runs) = (HashSet::new(), 0u64);
    let mut slowest = Duration::ZERO;
    while began.elapsed() < time {
        let input = match corpus.get(runs as usize).filter(|_| (runs as usize) < first) {
            Some(given) => given.clone(),
            None => mutator.next(&corpus),
        };
        runs += 1;
        let run = Instant::now();
        match judge(law, &input) {
            Ok(behaviour) => {
                let before = seen.len();
                seen.extend(behaviour);
                if seen.len() > before && corpus.len() < first + KEPT {
                    corpus.push(input);
                }
            }
            Err(reason) => return report(name, law, &input, &reason, seed, runs),
        }
        slowest = slowest.max(run.elapsed());
    }
    println!(
        "{name}: {runs} executions in {} s, {} behaviours, {} inputs kept, slowest {} ms, seed {seed}",
        began.elapsed().as_secs(),
        seen.len(),
        corpus.len() - first,
        slowest.as_millis(),
    );
    ExitCode::SUCCESS
}

fn report(name: &str, law: Law, input: &[u8], reason: &str, seed: u64, run: u64) -> ExitCode {
    let small = shrink(law, input, reason);
    let path = save(name, &small);
    println!("{name}: a law is broken at execution {run}, seed {seed}");
    println!("{}", judge(law, &small).err().unwrap_or_else(|| reason.to_string()));
    println!("input, {} bytes: {}", small.len(), small.escape_ascii());
    match path {
        Ok(path) => println!("written to {}", path.display()),
        Err(e) => println!("not written: {e}"),
    }
    ExitCode::FAILURE
}

/// Drops halves, quarters, ... single bytes for as long as the law still breaks in the same place.
fn shrink(law: Law, input: &[u8], reason: &str) -> Vec<u8> {
    let place = |r: &str| r.lines().next().unwrap_or_default().to_string();
    let want = place(reason);
    let mut small = input.to_vec();
    let mut step = small.len().div_ceil(2);
    while step > 0 {
        let mut at = 0;
        while at < small.len() {
            let mut less = small.clone();
            less.drain(at..(at + step).min(small.len()));
            match judge(law, &less) {
                Err(r) if place(&r) == want => small = less,
                _ => at += step,
            }
        }
        step = if step == 1 { 0 } else { step.div_ceil(2) };
    }
    small
}

fn save(name: &str, input: &[u8]) -> std::io::Result<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("failures");
    std::fs::create_dir_all(&dir)?;
    let mut hash = DefaultHasher::new();
    input.hash(&mut hash);
    let path = dir.join(format!("{name}-{:016x}", hash.finish()));
    std::fs::write(&path, input)?;
    Ok(path)
}
