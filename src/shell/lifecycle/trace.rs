//! `logveil trace`.

use super::args::TraceArgs;
use super::subject::{Context, needles};
use super::{io, record, say};
use crate::lifecycle::needles::{Counts, Needles};
use crate::lifecycle::records;
use crate::shell::Failure;
use crate::shell::exit::Exit;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// More threads than this only wait for the disk.
const THREADS: usize = 16;

/// Finds every record of a subject.
pub fn run(args: &TraceArgs) -> Result<Exit, Failure> {
    let context = Context::new(&args.subject)?;
    let known = context.known(&args.subject)?;
    let (needles, kids) = needles(known.tokens.iter().map(|t| t.text.as_str()));
    let mut exit = Exit::Clean;
    let (mut files, mut found) = (0u64, 0u64);
    for (path, traced) in trace(&all_files(&args.paths)?, &needles) {
        let counts = match traced {
            Ok(c) => c,
            Err(e) => {
                eprintln!("logveil: {}: {e}", path.display());
                exit = exit.and(Exit::Io);
                continue;
            }
        };
        if counts.total == 0 {
            continue;
        }
        (files, found) = (files + 1, found + counts.total);
        exit = exit.and(Exit::Suppressed);
        let mut by: Vec<_> = counts.records.iter().map(|(n, c)| (kids[*n as usize].as_str(), *c)).collect();
        by.sort_unstable();
        match args.json {
            true => {
                let keys: serde_json::Map<_, _> = by.iter().map(|(k, n)| ((*k).into(), json!(n))).collect();
                say(&format!("{}", json!({ "path": path.to_string_lossy(), "records": counts.total, "keys": keys })));
            }
            false => {
                let keys: Vec<_> = by.iter().map(|(k, n)| format!("{k} {n}")).collect();
                say(&format!("{}: {} records ({})", path.display(), counts.total, keys.join(", ")));
            }
        }
    }
    if !args.json {
        say(&format!("{found} records in {files} files; {} tokens were looked for", known.tokens.len()));
    }
    let body = json!({ "tokens": known.tokens.len(), "files": files, "records": found });
    record::record(&args.record, &context.keys, "trace", body)?;
    Ok(exit)
}

/// The files that are named, and those in folders that are named.
pub fn all_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => records::files(path, true, &mut all).map_err(io(path))?,
            false => all.push(path.clone()),
        }
    }
    Ok(all)
}

/// Counts in each file the records that hold tokens, the file's name included.
pub fn trace(files: &[PathBuf], needles: &Needles) -> Vec<(PathBuf, std::io::Result<Counts>)> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let counts = one(path, needles);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), counts));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS).min(files.len().max(1));
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by(|a, b| a.0.cmp(&b.0));
    done
}

fn one(path: &Path, needles: &Needles) -> std::io::Result<Counts> {
    let mut counts = Counts::default();
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    needles.count(name, &mut counts);
    records::read_text(path, |block| {
        needles.count(block, &mut counts);
        Ok(())
    })?;
    Ok(counts)
}
