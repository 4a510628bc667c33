//! `logveil batch`: archives, on all cores, safe to interrupt.

mod archive;
pub mod args;
mod end;
mod file;
mod lane;
mod meter;
mod plan;
mod pool;
mod progress;
pub mod report;
mod sample;
mod stream;

use super::exit::Exit;
use super::lifecycle::record;
use super::live::stop_flag;
use super::{Failure, setup};
use crate::audit::{FileEntry, Journal, Known, Place, RunInfo, State};
use crate::engine::{Engine, TagMode};
use crate::input::codec::{Caps, Codec};
use crate::output::atomic;
use crate::output::pack::{Grain, Packing, default_level, levels};
use args::{BatchArgs, BatchTag};
use plan::{Plan, Rejected, Task};
use pool::{Hand, Pool};
use progress::Progress;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use stream::Streams;
use zeroize::Zeroizing;

/// More threads than this only wait for the disk.
const MAX_THREADS: usize = 64;

/// What all threads of a run share.
pub struct Run<'e> {
    args: &'e BatchArgs,
    pool: &'e Pool<'e>,
    streams: Streams<'e, 'e>,
    progress: &'e Progress,
    journal: &'e Journal,
    known: &'e Known,
    key: Zeroizing<[u8; 32]>,
    /// Folder of the outputs.
    root: PathBuf,
    /// Folder of journal, manifest and quarantine.
    state_dir: PathBuf,
    swept: Mutex<HashSet<PathBuf>>,
    changed: Mutex<HashSet<PathBuf>>,
}

/// De-identifies all inputs.
pub fn run(args: &BatchArgs) -> Result<Exit, Failure> {
    check(args)?;
    let engine = setup::engine(&args.policy, tag_mode(args))?;
    let engine = match args.ingest_time {
        Some(t) => engine.with_ingest(t),
        None => engine,
    };
    let format = setup::format(&engine, &args.format)?;
    let encoding = setup::encoding(&args.encoding)?;
    let plan = plan::plan(args, &engine)?;
    let ring = if args.dry_run { None } else { record::ready(&args.record, &args.policy.keys)? };
    let state_dir = state_dir(args, &plan);
    let mut info = run_info(args, &engine)?;
    let resume = args.resume.then_some(info.identity.as_str());
    let (journal, known) = match args.dry_run {
        true => (Journal::temporary().map_err(|e| (Exit::Io, format!("journal: {e}")))?, Known::default()),
        false => Journal::open(&state_dir.join("journal.jsonl"), resume, args.in_place.is_some())
            .map_err(|e| (Exit::Io, e.to_string()))?,
    };
    // An interrupted run goes on with the time that it began with: records without one get the same tags.
    let engine = match (&known.run, args.ingest_time) {
        (Some(run), None) => engine.with_ingest(run.ingest),
        _ => engine,
    };
    info.ingest = engine.ingest();
    journal.begin(&info).map_err(|e| (Exit::Io, format!("journal: {e}")))?;
    if args.policy.keys.none() {
        eprintln!("{}", setup::EPHEMERAL);
    }
    let stop = stop_flag().map_err(|e| (Exit::Io, format!("signals: {e}")))?;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if engine.is_sequential() { 1 } else { args.threads.unwrap_or_else(cores).clamp(1, MAX_THREADS) };
    let bytes = plan.tasks.iter().map(|t| t.size).sum();
    let progress = Progress::new(args.progress, args.progress_interval, plan.tasks.len() as u64, bytes);
    let pool = Pool::new(&engine, threads, stop);
    let run = Run {
        args,
        pool: &pool,
        streams: Streams { pool: &pool, format, encoding, samples: args.report.is_some() },
        progress: &progress,
        journal: &journal,
        known: &known,
        key: engine.fingerprint_key(),
        root: args.output.clone().map_or_else(|| plan.root.clone(), |o| plan::absolute(&o)),
        state_dir,
        swept: Mutex::default(),
        changed: Mutex::default(),
    };
    let mut places = run.reject(&plan.rejected)?;
    places.extend(run.all(&plan.tasks)?);
    end::end(&run, &info, &plan, places, ring.as_ref())
}

/// Combinations that make no sense.
fn check(args: &BatchArgs) -> Result<(), Failure> {
    let usage = |text: &str| Err((Exit::Usage, text.to_owned()));
    if args.in_place.is_some() && args.compress.is_some() {
        return usage("--in-place keeps the names of files, so --compress needs -o");
    }
    if args.in_place.is_some() && matches!(args.tag, BatchTag::Partition | BatchTag::Manifest) {
        return usage("--in-place goes with --tag inline or none; the other tags need -o");
    }
    if args.in_place.as_deref().is_some_and(|s| s.contains('/')) {
        return usage("the suffix of --in-place must not hold a slash");
    }
    if args.resume && args.policy.keys.none() {
        return usage("--resume needs --key-file or another key: without one every run has another key");
    }
    if let (Some(c), Some(l)) = (args.compress, args.level)
        && !levels(c.codec()).contains(&l)
    {
        let r = levels(c.codec());
        return usage(&format!("--level {l}: {} has {} to {}", c.codec().name(), r.start(), r.end()));
    }
    Ok(())
}

fn tag_mode(args: &BatchArgs) -> TagMode {
    match args.tag {
        BatchTag::Inline => TagMode::Inline,
        BatchTag::Manifest | BatchTag::Partition => TagMode::Manifest,
        // The report counts by event time, which only tags read.
        BatchTag::None if args.report.is_some() => TagMode::Manifest,
        BatchTag::None => TagMode::None,
    }
}

/// Folder of journal, manifest and quarantine.
fn state_dir(args: &BatchArgs, plan: &Plan) -> PathBuf {
    match (&args.state, &args.output) {
        (Some(dir), _) => {
            let first = plan.tasks.first().map(|t| &t.id).or(plan.rejected.first().map(|r| &r.id));
            let parts = dir.iter().map(|part| match (part == "{id}", first) {
                (true, Some(id)) => id.into(),
                _ => part.to_owned(),
            });
            parts.collect()
        }
        (None, Some(out)) => plan::absolute(out).join(plan::STATE),
        (None, None) => plan.root.join(plan::STATE),
    }
}

/// What the outputs depend on besides the inputs.
fn run_info(args: &BatchArgs, engine: &Engine) -> Result<RunInfo, Failure> {
    let policy = engine.policy();
    let mut identity = blake3::Hasher::new_keyed(&engine.fingerprint_key());
    let mut part = |bytes: &[u8]| {
        identity.update(&(bytes.len() as u64).to_le_bytes());
        identity.update(bytes);
    };
    for text in [
        env!("CARGO_PKG_VERSION"),
        &policy.hash,
        &policy.id,
        engine.kid(),
        args.tag.name(),
        &args.format,
        &args.encoding,
    ] {
        part(text.as_bytes());
    }
    part(args.compress.map_or("", |c| c.codec().name()).as_bytes());
    part(&args.level.unwrap_or(u32::MAX).to_le_bytes());
    part(&args.ingest_time.unwrap_or(i64::MIN).to_le_bytes());
    part(&[u8::from(args.in_place.is_some())]);
    for file in &args.policy.rules {
        part(&std::fs::read(file).map_err(|e| (Exit::Config, format!("{}: {e}", file.display())))?);
    }
    Ok(RunInfo {
        logveil: env!("CARGO_PKG_VERSION").into(),
        policy: format!("{}@{}#{}", policy.id, policy.effective_from, policy.hash),
        title: policy.title.clone(),
        kid: engine.kid().into(),
        tag: args.tag.name().into(),
        identity: identity.finalize().to_hex()[..32].into(),
        ingest: engine.ingest(),
    })
}

impl<'e> Run<'e> {
    /// How outputs of inputs with this compression are written.
    fn packing(&self, input: Codec) -> Packing {
        let codec = self.args.compress.map_or(input, args::Compress::codec);
        let range = levels(codec);
        let level = self.args.level.unwrap_or(default_level(codec)).clamp(*range.start(), *range.end());
        Packing { codec, level, partitions: (self.args.tag == BatchTag::Partition).then_some(Grain::Day) }
    }

    fn caps(&self) -> Caps {
        Caps { ratio: self.args.max_ratio, size: self.args.max_size }
    }

    /// Names of retention classes, by number.
    fn classes(&self) -> Vec<&str> {
        self.pool.engine.policy().retentions.iter().map(|r| r.class.as_str()).collect()
    }

    /// Removes what killed runs left where `target` is going to be.
    fn sweep(&self, target: &Path) {
        let Some(dir) = target.parent() else { return };
        if self.swept.lock().unwrap_or_else(PoisonError::into_inner).insert(dir.into()) {
            atomic::sweep(dir);
        }
    }

    fn changed(&self, dirs: Vec<PathBuf>) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(dirs);
    }

    /// Makes all renames last.
    fn sync(&self) -> io::Result<()> {
        let mut dirs = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        // The folders that were made on the way count as well.
        let above: Vec<PathBuf> = dirs
            .iter()
            .flat_map(|d| d.ancestors().skip(1).take_while(|a| a.starts_with(&self.root)))
            .map(Path::to_path_buf)
            .collect();
        dirs.extend(above);
        dirs.iter().try_for_each(|d| atomic::sync_dir(d))?;
        self.journal.sync()
    }

    /// Says what is no input.
    fn reject(&self, rejected: &[Rejected]) -> Result<Vec<(String, Place)>, Failure> {
        let record = |r: &Rejected| {
            if !r.skipped {
                self.progress.say(&format!("{}: {}", r.shown, r.reason));
            }
            let entry = FileEntry {
                file: r.shown.clone(),
                id: r.id.clone(),
                state: if r.skipped { State::Skipped } else { State::Refused },
                reason: Some(r.reason.clone()),
                bytes: 0,
                content: None,
                codec: String::new(),
                outputs: Vec::new(),
                counts: Default::default(),
                samples: Vec::new(),
            };
            Ok((r.shown.clone(), self.journal.record(&entry)?))
        };
        rejected.iter().map(record).collect::<io::Result<_>>().map_err(journal)
    }

    /// Processes all files, the largest first; returns names and places of entries.
    fn all(&self, tasks: &[Task]) -> Result<Vec<(String, Place)>, Failure> {
        let mut order: Vec<&Task> = tasks.iter().collect();
        order.sort_by_key(|t| std::cmp::Reverse(t.size));
        let (next, places, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(None));
        let work = || {
            let mut hand = Hand::new(self.pool.engine);
            while !self.pool.stopped()
                && let Some(task) = order.get(next.fetch_add(1, Ordering::Relaxed))
            {
                match file::process(self, task, &mut hand) {
                    Ok(Some(place)) => {
                        places.lock().unwrap_or_else(PoisonError::into_inner).push((task.shown.clone(), place));
                    }
                    Ok(None) => break,
                    Err(e) => {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
                        next.store(order.len(), Ordering::Relaxed);
                    }
                }
                self.progress.finished();
            }
            self.pool.help(&mut hand);
        };
        std::thread::scope(|scope| {
            scope.spawn(|| self.progress.tick());
            let others: Vec<_> = (1..self.pool.threads).map(|_| scope.spawn(work)).collect();
            work();
            for t in others {
                let _ = t.join();
            }
            self.progress.end();
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(e) => Err(journal(e)),
            None => Ok(places.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

fn journal(e: io::Error) -> Failure {
    (Exit::Io, format!("journal: {e}"))
}
