//! The end of a run: what lasts, the manifest, the report, the summary, the exit code.

use super::Run;
use super::plan::Plan;
use crate::audit::{FileEntry, Manifest, Place, RunInfo, State, Totals, html};
use crate::keys::Keyring;
use crate::output::atomic::AtomicFile;
use crate::shell::Failure;
use crate::shell::args::Stats;
use crate::shell::exit::Exit;
use crate::shell::lifecycle::record;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Ends a run.
pub fn end(
    run: &Run<'_>,
    info: &RunInfo,
    plan: &Plan,
    mut places: Vec<(String, Place)>,
    ring: Option<&Keyring>,
) -> Result<Exit, Failure> {
    let io = |e: io::Error| (Exit::Io, format!("manifest: {e}"));
    run.sync().map_err(|e| (Exit::Io, format!("output: {e}")))?;
    places.sort_by(|a, b| a.0.cmp(&b.0));
    let entries = places.iter().map(|(_, place)| run.journal.entry(*place));
    let to = match &run.args.manifest {
        Some(f) => f.clone(),
        None => run.state_dir.join("manifest.jsonl"),
    };
    let written = (!run.args.dry_run || run.args.manifest.is_some()).then_some(to.as_path());
    let mut says = |e: &FileEntry| {
        if run.args.dry_run {
            println!("{}", would(run, e));
        }
    };
    let all = collect(info, entries, written, run.args.report.as_deref(), &mut says).map_err(io)?;
    record::batch(&run.args.record, ring, info, &all.totals)?;
    if let Some(form) = run.args.stats {
        stats(form, &all.totals, run.progress.seconds());
    }
    let left = plan.tasks.len() + plan.rejected.len() - places.len();
    summary(run, &all.totals, left, written);
    Ok(exit(&all.totals, left))
}

/// Merges entries into a manifest and a report.
///
/// # Errors
/// Those of the entries and of the files written.
pub fn collect(
    info: &RunInfo,
    entries: impl Iterator<Item = io::Result<FileEntry>>,
    manifest: Option<&Path>,
    report: Option<&Path>,
    each: &mut dyn FnMut(&FileEntry),
) -> io::Result<Manifest> {
    let mut all = Manifest::new(info.clone());
    let mut out = manifest.map(AtomicFile::new).transpose()?.map(BufWriter::new);
    if let Some(out) = &mut out {
        Manifest::write_run(info, out)?;
    }
    for entry in entries {
        let entry = entry?;
        each(&entry);
        all.add(&entry);
        if let Some(out) = &mut out {
            Manifest::write_file(&entry, out)?;
        }
    }
    if let Some(mut out) = out {
        Manifest::write_totals(&all.totals, &mut out)?;
        whole(out.into_inner().map_err(|e| e.into_error())?)?;
    }
    if let Some(path) = report {
        let mut page = AtomicFile::new(path)?;
        page.write_all(html(&all).as_bytes())?;
        whole(page)?;
    }
    Ok(all)
}

fn whole(mut file: AtomicFile) -> io::Result<()> {
    file.settle(None)?;
    file.publish()
}

fn would(run: &Run<'_>, e: &FileEntry) -> String {
    match (e.state, &e.reason) {
        (State::Done, _) => {
            let verb = if run.args.in_place.is_some() { "would replace" } else { "would write" };
            format!("{verb} {}: {} records, {} findings, {}", e.file, e.counts.records, e.counts.findings, e.codec)
        }
        (State::Skipped, why) => format!("would skip {}: {}", e.file, why.as_deref().unwrap_or("")),
        (_, why) => format!("would refuse {}: {}", e.file, why.as_deref().unwrap_or("")),
    }
}

/// The exit code of a run that did all it could.
pub fn exit(totals: &Totals, left: usize) -> Exit {
    let c = &totals.counts;
    let short = totals.of(State::Refused) + totals.of(State::Quarantined) + left as u64;
    match short + c.suppressed_values + c.suppressed_records {
        0 => Exit::Clean,
        _ => Exit::Suppressed,
    }
}

fn summary(run: &Run<'_>, totals: &Totals, left: usize, manifest: Option<&Path>) {
    let seconds = run.progress.seconds();
    let mut text = summary_line(totals);
    text += &format!(", {:.0} MB/s", totals.counts.bytes_in as f64 / 1e6 / seconds.max(1e-9));
    if left > 0 {
        text += &format!("; stopped with {left} files left: run again with --resume");
    }
    if let Some(m) = manifest.filter(|m| m.exists()) {
        text += &format!("; manifest {}", m.display());
    }
    eprintln!("logveil: {text}");
}

/// One line of what was done.
pub fn summary_line(totals: &Totals) -> String {
    let c = &totals.counts;
    let mut text = format!("{} files done", totals.of(State::Done));
    for (state, word) in [(State::Quarantined, "quarantined"), (State::Refused, "refused"), (State::Skipped, "skipped")]
    {
        if totals.of(state) > 0 {
            text += &format!(", {} {word}", totals.of(state));
        }
    }
    text += &format!("; {} findings in {} records, {:.1} MB", c.findings, c.records, c.bytes_in as f64 / 1e6);
    if c.suppressed_values + c.suppressed_records > 0 {
        text += &format!(", {} values and {} records suppressed", c.suppressed_values, c.suppressed_records);
    }
    text
}

fn stats(form: Stats, totals: &Totals, seconds: f64) {
    if form == Stats::Json {
        let mut v = serde_json::to_value(totals).unwrap_or_default();
        v["seconds"] = serde_json::json!((seconds * 1e6).round() / 1e6);
        eprintln!("{v}");
        return;
    }
    let c = &totals.counts;
    eprintln!("records      {:>12}", c.records);
    eprintln!("bytes        {:>12} -> {}", c.bytes_in, c.bytes_out);
    eprintln!("stored       {:>12} -> {}", totals.bytes, totals.bytes_written);
    eprintln!("findings     {:>12}", c.findings);
    for (name, n) in &c.entities {
        eprintln!("  {name:<20}{n:>12}");
    }
    eprintln!("untimed      {:>12}  records without an event time", c.untimed);
    eprintln!("unparsed     {:>12}  records read as text", c.unparsed);
    eprintln!("time         {seconds:>12.3}  s");
}
