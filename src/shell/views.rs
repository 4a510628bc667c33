//! Outputs of recipients beside the main one, and the ledger of what they got.

use super::args::FilterArgs;
use super::exit::Exit;
use super::{Failure, setup};
use crate::engine::{Disclosed, Engine};
use crate::output::Sink;
use jiff::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Recipients' outputs, in the order of the policy's views behind the main one.
pub struct Views {
    /// Sinks.
    pub sinks: Vec<Sink>,
    ledger: Option<File>,
}

/// Names and files of `--view NAME=FILE`.
pub fn pairs(args: &FilterArgs) -> Result<Vec<(String, PathBuf)>, Failure> {
    let pair = |v: &String| {
        let (name, file) = v.split_once('=').filter(|p| !p.0.is_empty() && !p.1.is_empty())?;
        Some((name.to_owned(), PathBuf::from(file)))
    };
    let all = args.view.iter().map(|v| pair(v).ok_or_else(|| (Exit::Usage, format!("--view {v}: write NAME=FILE"))));
    all.collect()
}

impl Views {
    /// Opens all files; a disclosure without a ledger is refused.
    pub fn open(args: &FilterArgs) -> Result<Views, Failure> {
        let io = |path: &PathBuf, e: std::io::Error| (Exit::Io, format!("{}: {e}", path.display()));
        let append = |path: &PathBuf| OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let pairs = pairs(args)?;
        if !pairs.is_empty() && args.ledger.is_none() {
            return Err((Exit::Usage, "--view needs --ledger FILE, where disclosures are recorded".into()));
        }
        let ledger = args.ledger.as_ref().map(|p| append(p).map_err(|e| io(p, e))).transpose()?;
        let sink =
            |(_, path): &(String, PathBuf)| Ok(Sink::new(Box::new(append(path).map_err(|e| io(path, e))?), None));
        Ok(Views { sinks: pairs.iter().map(sink).collect::<Result<_, Failure>>()?, ledger })
    }

    /// Flushes all files and writes a line of the ledger for each recipient.
    pub fn finish(&mut self, engine: &Engine, disclosed: &[Disclosed]) -> Result<(), Failure> {
        let io = |e: std::io::Error| (Exit::Io, format!("recipients' output: {e}"));
        self.sinks.iter_mut().try_for_each(Sink::flush).map_err(io)?;
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        let now = Timestamp::now();
        for (view, done) in disclosed.iter().enumerate() {
            let Some(line) = engine.disclosure(view, done, now) else { continue };
            writeln!(ledger, "{line}").map_err(|e| (Exit::Io, format!("ledger: {e}")))?;
        }
        ledger.sync_all().map_err(|e| (Exit::Io, format!("ledger: {e}")))
    }
}

/// Refuses a main output abroad that nobody consented to.
pub fn check_region(args: &FilterArgs, engine: &Engine) -> Result<(), Failure> {
    let policy = engine.policy();
    let Some(region) = &args.sink_region else { return Ok(()) };
    if policy.main_may_go(region, args.sink_consent.is_some()) {
        return Ok(());
    }
    let message = format!(
        "--sink-region {region}: identifiable records may not leave {}; cite the consent by --sink-consent, where the policy's \
         [residency] excepts a purpose",
        policy.region
    );
    Err((Exit::Config, message))
}

/// Lists of subjects, read again when their files change.
pub struct Watch {
    files: Vec<(crate::policy::lists::Kind, PathBuf, Option<std::time::SystemTime>)>,
    next: std::time::Instant,
}

impl Watch {
    /// Reads the lists of `--list KIND=FILE`.
    pub fn open(lists: &[String], engine: &Engine) -> Result<Watch, Failure> {
        use crate::policy::lists::Kind;
        let mut files = Vec::new();
        for l in lists {
            let pair = l.split_once('=').and_then(|(k, f)| Some((Kind::NAMES.iter().find(|n| n.0 == k)?.1, f)));
            let (kind, file) = pair.ok_or_else(|| {
                (Exit::Usage, format!("--list {l}: write minors=FILE, consent=FILE, erasure=FILE or hold=FILE"))
            })?;
            files.push((kind, PathBuf::from(file), None));
        }
        let mut watch = Watch { files, next: std::time::Instant::now() };
        watch.read(engine)?;
        Ok(watch)
    }

    fn read(&mut self, engine: &Engine) -> Result<(), Failure> {
        let mut all = crate::policy::lists::Lists::default();
        for (kind, path, seen) in &mut self.files {
            let io = |e: std::io::Error| (Exit::Config, format!("{}: {e}; give a list of subjects", path.display()));
            *seen = std::fs::metadata(&*path).and_then(|m| m.modified()).ok();
            let text = std::fs::read_to_string(&*path).map_err(io)?;
            all.add(*kind, &path.display().to_string(), &text, engine.policy()).map_err(setup::config)?;
        }
        engine.set_lists(all);
        Ok(())
    }

    /// Reads the lists again when a file changed; once a second at most. A list that became wrong leaves the old ones
    /// in force.
    pub fn poll(&mut self, engine: &Engine) {
        if self.files.is_empty() || std::time::Instant::now() < self.next {
            return;
        }
        self.next = std::time::Instant::now() + std::time::Duration::from_secs(1);
        let changed = |f: &(_, PathBuf, Option<_>)| std::fs::metadata(&f.1).and_then(|m| m.modified()).ok() != f.2;
        if self.files.iter().any(changed)
            && let Err((_, message)) = self.read(engine)
        {
            eprintln!("logveil: {message}; the lists read before stay in force");
        }
    }
}
