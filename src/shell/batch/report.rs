//! `logveil report`: manifests of several runs become one, as if one machine had done them.

use super::args::ReportArgs;
use super::end::{collect, exit, summary_line};
use crate::audit::{FileEntry, Manifest, RunInfo};
use crate::shell::Failure;
use crate::shell::exit::Exit;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

/// Merges manifests.
pub fn run(args: &ReportArgs) -> Result<Exit, Failure> {
    let mut first: Option<RunInfo> = None;
    let mut entries: Vec<FileEntry> = Vec::new();
    for path in &args.manifests {
        let run = read(path, &mut entries).map_err(|e| (Exit::Io, format!("{}: {e}", path.display())))?;
        match &first {
            None => first = Some(run),
            Some(f) => same(f, &run, path)?,
        }
    }
    let Some(info) = first else { return Err((Exit::Usage, "no manifest".into())) };
    entries.sort_by(|a, b| (&a.file, &a.id).cmp(&(&b.file, &b.id)));
    // A file that was tried again counts once, as it ended best.
    entries.dedup_by(|b, a| {
        a.id == b.id && {
            if b.state < a.state {
                std::mem::swap(a, b)
            };
            true
        }
    });
    let all = entries.into_iter().map(Ok);
    let all = collect(&info, all, args.manifest.as_deref(), args.report.as_deref(), &mut |_| {})
        .map_err(|e| (Exit::Io, e.to_string()))?;
    println!("{}", summary_line(&all.totals));
    Ok(exit(&all.totals, 0))
}

fn read(path: &Path, entries: &mut Vec<FileEntry>) -> io::Result<RunInfo> {
    Manifest::read(BufReader::new(File::open(path)?), |e| {
        entries.push(e);
        Ok(())
    })
}

/// Refuses to merge what was done under different rules: the outputs would not fit together.
fn same(a: &RunInfo, b: &RunInfo, path: &Path) -> Result<(), Failure> {
    let differs = [
        ("policy", &a.policy, &b.policy),
        ("key", &a.kid, &b.kid),
        ("version of logveil", &a.logveil, &b.logveil),
        ("way of tagging", &a.tag, &b.tag),
        ("set of options", &a.identity, &b.identity),
    ];
    match differs.into_iter().find(|(_, x, y)| x != y) {
        None => Ok(()),
        Some((what, x, y)) => Err((
            Exit::Config,
            format!(
                "{}: another {what} than the manifests before it ({y}, not {x}); run those files again",
                path.display()
            ),
        )),
    }
}
