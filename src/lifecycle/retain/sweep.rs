//! Carries a plan out. The plan is on the disk before anything goes, so a sweep that was killed is finished by the next
//! one, with the same report.

use super::Act;
use super::place::RESTRICTED;
use super::plan::{Item, Options, Plan};
use super::thin;
use crate::lifecycle::records::{self, OWN};
use crate::lifecycle::vault::{SUFFIX, Vault};
use crate::output::atomic::{AtomicFile, Attributes, sweep, sync_dir};
use jiff::civil::Date;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Folder of counts that outlive their records, below the root.
pub const AGGREGATES: &str = "aggregates";

/// Partitions that are removed at once.
const REMOVERS: usize = 8;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// A sweep began: its day, its report's place, what is not due.
    Begin {
        at: Date,
        report: PathBuf,
        kept: u64,
    },
    Item(Item),
    /// All items stand above: nothing was touched before this line.
    Planned,
    /// What an item becomes is on the disk; its source may go.
    Made(usize),
}

/// A sweep under way.
pub struct Sweep<'o> {
    root: PathBuf,
    options: &'o Options,
    vault: Option<&'o Vault>,
    journal: File,
    /// What it does.
    pub plan: Plan,
    /// Where its report goes.
    pub report: PathBuf,
    /// True when an earlier one was interrupted and this one finishes it.
    pub resumed: bool,
    made: HashSet<usize>,
    dirs: HashSet<PathBuf>,
    swept: HashSet<PathBuf>,
}

impl<'o> Sweep<'o> {
    /// Plans a sweep, or takes over one that was interrupted. One process at a time.
    ///
    /// # Errors
    /// Those of the file system; [`ErrorKind::WouldBlock`] when another sweep is under way.
    pub fn open(
        root: &Path,
        options: &'o Options,
        vault: Option<&'o Vault>,
        report: Option<&Path>,
    ) -> io::Result<Sweep<'o>> {
        let dir = root.join(OWN);
        fs::create_dir_all(&dir)?;
        let path = dir.join("retain.jsonl");
        let mut journal = OpenOptions::new().read(true).append(true).create(true).truncate(false).open(&path)?;
        if flock(&journal, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK) {
            return Err(io::Error::new(ErrorKind::WouldBlock, "another sweep is under way"));
        }
        let (plan, report, resumed, made) = match known(&journal)? {
            Some((plan, report, made)) => (plan, report, true, made),
            None => {
                journal.set_len(0)?;
                let plan = Plan::new(root, options)?;
                let report = report.map_or_else(|| free_name(&dir, plan.at), std::path::absolute)?;
                let mut text = line(&Line::Begin { at: plan.at, report: report.clone(), kept: plan.kept });
                plan.items.iter().for_each(|i| text += &line(&Line::Item(i.clone())));
                text += &line(&Line::Planned);
                journal.write_all(text.as_bytes())?;
                journal.sync_data()?;
                sync_dir(&dir)?;
                (plan, report, false, HashSet::new())
            }
        };
        Ok(Sweep {
            root: root.into(),
            options,
            vault,
            journal,
            plan,
            report,
            resumed,
            made,
            dirs: HashSet::new(),
            swept: HashSet::new(),
        })
    }

    /// True when something is to be restricted, which needs a vault.
    pub fn needs_vault(&self) -> bool {
        self.plan.items.iter().any(|i| i.act == Act::Restrict)
    }

    /// Does what is planned and not done yet.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn run(&mut self) -> io::Result<()> {
        let mut simple = Vec::new();
        for n in 0..self.plan.items.len() {
            let item = self.plan.items[n].clone();
            if matches!(item.act, Act::Held | Act::Unknown) {
                continue;
            }
            let source = self.root.join(&item.path);
            if item.act == Act::Delete && item.held == 0 && item.records == 0 {
                simple.push(source);
                continue;
            }
            if !self.made.contains(&n) && source.exists() {
                self.make(&item, &source)?;
                self.journal.write_all(line(&Line::Made(n)).as_bytes())?;
                self.journal.sync_data()?;
                self.made.insert(n);
            }
            if item.records == 0 {
                self.dirs.insert(remove(&self.root, &source)?);
            }
        }
        self.dirs.extend(remove_all(&self.root, &simple)?);
        self.sync()
    }

    /// Removes what a killed sweep left where a file is going to be.
    fn clear(&mut self, target: &Path) {
        if let Some(dir) = target.parent().filter(|d| self.swept.insert(d.to_path_buf())) {
            sweep(dir);
        }
    }

    /// Writes what an item becomes.
    fn make(&mut self, item: &Item, source: &Path) -> io::Result<()> {
        if item.records > 0 {
            self.clear(source);
            return thin::rewrite(source, self.options);
        }
        let mut files = Vec::new();
        records::files(source, false, &mut files)?;
        let root = self.root.clone();
        let below = |f: &PathBuf| f.strip_prefix(&root).map(Path::to_path_buf).unwrap_or_default();
        if item.act == Act::Restrict {
            let vault = self.vault.ok_or_else(|| io::Error::other("no vault key"))?;
            for f in &files {
                let target = self.root.join(RESTRICTED).join(below(f));
                self.clear(&target);
                vault.seal_file(f, &added(&target, SUFFIX))?;
                self.dirs.extend(target.parent().map(Path::to_path_buf));
            }
        }
        if item.act == Act::Aggregate {
            let target = added(&self.root.join(AGGREGATES).join(&item.path), "json");
            let text = super::aggregate::of(&files, item)?;
            publish(&target, text.as_bytes())?;
            self.dirs.extend(target.parent().map(Path::to_path_buf));
        }
        if item.held > 0 {
            for f in &files {
                let inner = f.strip_prefix(source).unwrap_or(f);
                let target = |case: &str| root.join(held_name(&item.path, case)).join(inner);
                for case in &self.options.holds.cases {
                    self.clear(&target(case));
                }
                self.dirs.extend(thin::hold(f, &self.options.holds, target)?);
            }
        }
        self.sync()
    }

    fn sync(&mut self) -> io::Result<()> {
        let above = |d: &Path| d.ancestors().take_while(|a| a.starts_with(&self.root)).map(Path::to_path_buf).collect();
        let all: HashSet<PathBuf> = self.dirs.drain().flat_map(|d| -> Vec<_> { above(&d) }).collect();
        all.iter().filter(|d| d.exists()).try_for_each(|d| sync_dir(d))
    }

    /// Puts the signed report at its place.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn publish(&self, text: &str) -> io::Result<()> {
        publish(&self.report, text.as_bytes())
    }

    /// Forgets the journal: everything is done and on record.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self) -> io::Result<()> {
        let dir = self.root.join(OWN);
        fs::remove_file(dir.join("retain.jsonl"))?;
        sync_dir(&dir)
    }
}

/// Removes partitions, many at once: each waits for the disk. Returns the folders that changed.
fn remove_all(root: &Path, sources: &[PathBuf]) -> io::Result<HashSet<PathBuf>> {
    let share = sources.len().div_ceil(REMOVERS).max(1);
    std::thread::scope(|scope| {
        let part =
            |part: &[PathBuf]| part.iter().map(|source| remove(root, source)).collect::<io::Result<HashSet<_>>>();
        let threads: Vec<_> = sources.chunks(share).map(|c| scope.spawn(move || part(c))).collect();
        let mut all = HashSet::new();
        for thread in threads {
            all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(all)
    })
}

/// Removes a partition, and the folders above that it leaves empty; returns the lowest folder left.
fn remove(root: &Path, source: &Path) -> io::Result<PathBuf> {
    let gone = match fs::symlink_metadata(source) {
        Ok(m) if m.is_dir() => fs::remove_dir_all(source),
        Ok(_) => {
            let side = fs::remove_file(super::tags::side_path(source));
            side.or_else(|e| if e.kind() == ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
            fs::remove_file(source)
        }
        Err(e) => Err(e),
    };
    match gone {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut above = source.ancestors().skip(1).take_while(|d| d.starts_with(root) && *d != root);
    Ok(above.find(|dir| fs::remove_dir(dir).is_err()).unwrap_or(root).into())
}

/// The partition of the records that a case keeps: the same name with the case behind the class.
fn held_name(partition: &str, case: &str) -> PathBuf {
    let mut name = PathBuf::new();
    for part in Path::new(partition) {
        name.push(part);
        if part.to_string_lossy().starts_with("class=") {
            name.push(format!("hold={case}"));
        }
    }
    name
}

fn line(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default() + "\n"
}

/// The sweep that a journal tells of; nothing when it did not begin to touch anything.
fn known(journal: &File) -> io::Result<Option<(Plan, PathBuf, HashSet<usize>)>> {
    let (mut plan, mut place, mut planned, mut made) = (None, PathBuf::new(), false, HashSet::new());
    for text in BufReader::new(journal).lines() {
        match serde_json::from_str(&text?) {
            Ok(Line::Begin { at, report, kept }) => {
                (plan, place) = (Some(Plan { at, items: Vec::new(), kept }), report);
            }
            Ok(Line::Item(i)) => plan.iter_mut().for_each(|p| p.items.push(i.clone())),
            Ok(Line::Planned) => planned = true,
            Ok(Line::Made(n)) => drop(made.insert(n)),
            // The last line of a killed run may be torn.
            Err(_) => break,
        }
    }
    Ok(plan.filter(|_| planned).map(|p| (p, place, made)))
}

/// A name for the report that no other one has.
fn free_name(dir: &Path, at: Date) -> io::Result<PathBuf> {
    let dir = std::path::absolute(dir.join("reports"))?;
    let name = |n: u32| match n {
        1 => dir.join(format!("retain-{at}.jsonl")),
        n => dir.join(format!("retain-{at}-{n}.jsonl")),
    };
    (1..10_000).map(name).find(|p| !p.exists()).ok_or_else(|| io::Error::other("too many reports of one day"))
}

/// A path with one more ending.
fn added(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Writes a small file whole or not at all.
pub(crate) fn publish(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = target.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    sweep(dir);
    let mut file = AtomicFile::new(target)?;
    file.write_all(bytes)?;
    file.settle(None::<&Attributes<'_>>)?;
    file.publish()?;
    sync_dir(dir)
}
