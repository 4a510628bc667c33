//! Files that grow and rotate. Each lane follows them by itself: what it has written decides where it reads on.

mod paths;
mod print;
mod watched;

pub use paths::Globs;
pub use print::Prints;
use print::REACH;
pub use watched::Mark;

use super::log::Quiet;
use crate::input::codec::{self, Codec};
use paths::{Found, siblings};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use watched::{Seen, Trouble, Watched, open};
use zeroize::Zeroizing;

/// The lane stops before all is written.
#[derive(Debug)]
pub struct Stopped;

/// Takes raw records.
pub trait Feed {
    /// Whole records of one stream, none longer than a chunk.
    ///
    /// # Errors
    /// [`Stopped`] when the lane ends first.
    fn records(&mut self, stream: &Path, bytes: &[u8]) -> Result<(), Stopped>;

    /// Records of any length.
    ///
    /// # Errors
    /// [`Stopped`] when the lane ends first.
    fn long(&mut self, stream: &Path, input: &mut dyn Read) -> Result<(), Stopped>;
}

/// How a file source is followed.
pub struct Rules {
    /// What is read.
    pub globs: Globs,
    /// Files of the first start begin at their end.
    pub from_end: bool,
    /// How long a rotated file is watched.
    pub rotate_wait: Duration,
}

/// Most finished files that are remembered.
const REMEMBERED: usize = 512;
/// How often folders are looked at.
const SCAN: Duration = Duration::from_millis(500);
/// A descriptor without news is given back after this.
const IDLE: Duration = Duration::from_secs(60);
/// How long a file that can't be told from a copy is looked at again, in seconds.
const UNSURE: u64 = 30;
/// Times of files and of this process may differ by this.
const SLACK: u64 = 2;

/// One file source as one lane sees it.
pub struct Tail {
    rules: Rules,
    prints: Prints,
    files: Vec<Watched>,
    /// Rotated files that were there before, and when they were changed.
    old: HashMap<(u64, u64), i128>,
    /// Files changed since then may have been missed; `None` before the first scan of a fresh source.
    since: Option<u64>,
    scanned: Option<Instant>,
    buf: Vec<u8>,
    quiet: Quiet,
    /// It goes on from a checkpoint.
    resumed: bool,
    /// A look at all folders was completed.
    begun: bool,
    /// A folder changed while it was looked at.
    again: bool,
    /// Paths of that look.
    unsettled: Vec<PathBuf>,
    /// Rotated files by base, as they were found in the scan under way: there may be hundreds.
    near: RefCell<HashMap<PathBuf, Arc<Vec<Found>>>>,
    /// Bytes that were cut away unread.
    pub lost: u64,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

fn id(f: &Found) -> (u64, u64) {
    (f.meta.dev(), f.meta.ino())
}

fn changed(f: &Found) -> i128 {
    i128::from(f.meta.mtime()) * 1_000_000_000 + i128::from(f.meta.mtime_nsec())
}

impl Tail {
    /// Goes on where `marks`, written at Unix time `saved`, say.
    pub fn new(rules: Rules, prints: Prints, marks: Vec<Mark>, saved: Option<u64>) -> Tail {
        let files = marks.into_iter().map(Watched::new).collect();
        Tail {
            rules,
            prints,
            files,
            old: HashMap::new(),
            since: saved,
            scanned: None,
            buf: Vec::new(),
            quiet: Quiet::default(),
            resumed: saved.is_some(),
            begun: false,
            again: false,
            unsettled: Vec::new(),
            near: RefCell::default(),
            lost: 0,
        }
    }

    /// What the checkpoint holds.
    pub fn marks(&self) -> Vec<Mark> {
        self.files.iter().map(|w| w.mark.clone()).collect()
    }

    /// Bytes that wait in files.
    pub fn lag(&self) -> u64 {
        self.files.iter().map(Watched::lag).sum()
    }

    /// Looks at the folders for the first time.
    pub fn begin(&mut self) {
        if self.scanned.is_none() {
            self.scan();
        }
    }

    /// Reads what is new in all files; true when there was something.
    ///
    /// # Errors
    /// [`Stopped`] when the lane ends first.
    pub fn poll(&mut self, feed: &mut dyn Feed) -> Result<bool, Stopped> {
        if self.scanned.is_none_or(|t| t.elapsed() >= SCAN) {
            self.scan();
        }
        let mut busy = false;
        let mut i = 0;
        while i < self.files.len() {
            // A file is not begun before the one it took the place of is read.
            let base = &self.files[i].mark.base;
            let behind = self.files[..i].iter().any(|w| w.lag() > 0 && w.mark.base == *base && w.rotated.is_some());
            if !self.files[i].mark.done && !behind {
                busy |= self.look(i, feed)?;
            }
            i += 1;
        }
        Ok(busy)
    }

    fn look(&mut self, i: usize, feed: &mut dyn Feed) -> Result<bool, Stopped> {
        let before = self.files[i].size;
        let seen = match self.files[i].advance(&self.prints, &mut self.buf, feed) {
            Ok(Seen::Idle) => self.settle(i, feed),
            Ok(Seen::More) => return Ok(true),
            Ok(Seen::Replaced) => {
                self.replaced(i, before);
                return Ok(true);
            }
            Err(e) => Err(e),
        };
        match seen {
            Ok(()) => Ok(false),
            Err(Trouble::Stopped) => Err(Stopped),
            Err(Trouble::File(e)) => {
                self.quiet.warn(&format!("{}: {e}", self.files[i].mark.path.display()));
                Ok(false)
            }
        }
    }

    /// A file without news: finished when it was rotated long enough ago.
    fn settle(&mut self, i: usize, feed: &mut dyn Feed) -> Result<(), Trouble> {
        let w = &mut self.files[i];
        match w.rotated {
            Some(since) if since.elapsed().min(w.grown.elapsed()) >= self.rules.rotate_wait => {
                w.finish(&self.prints, feed)
            }
            None if w.is_open() && w.grown.elapsed() >= IDLE => {
                w.close();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A file was cut and is written anew: what was not read of it may stand in a copy.
    fn replaced(&mut self, i: usize, size: u64) {
        let old = &self.files[i];
        let (path, mark) = (old.mark.base.clone(), old.mark.clone());
        self.unsettled.push(path.clone());
        self.near.borrow_mut().clear();
        let mut fresh = Watched::new(Mark { offset: 0, head: None, tail: None, ..mark });
        (fresh.live, fresh.rotated) = (old.live, old.rotated);
        match self.copy_of(i) {
            Some(mut copy) => {
                copy.rotated = Some(Instant::now());
                self.files[i] = copy;
                self.files.insert(i + 1, fresh);
            }
            None => {
                let gone = size.saturating_sub(self.files[i].mark.offset);
                if gone > 0 {
                    self.lost += gone;
                    let path = path.display();
                    tracing::warn!("{path}: cut before {gone} bytes were read, and no copy of it was found");
                }
                self.files[i] = fresh;
            }
        }
    }

    /// The copy of a file that rotation made, to be read on from the same place.
    fn copy_of(&self, i: usize) -> Option<Watched> {
        let w = &self.files[i];
        w.mark.head.as_ref()?;
        let near = self.near(&w.mark.base);
        let mut candidates: Vec<_> = near.iter().filter(|f| !self.is_read(f)).collect();
        candidates.sort_by_key(|f| std::cmp::Reverse(changed(f)));
        candidates.iter().find_map(|f| {
            let packed = self.continues(w, &f.path).ok().flatten()?;
            let (path, (dev, ino)) = (f.path.clone(), id(f));
            let mut copy = Watched::new(Mark { path, dev, ino, packed, done: false, ..w.mark.clone() });
            copy.hold().ok()?.then_some(copy)
        })
    }

    /// Rotated files of `base`, and the file at its place.
    fn near(&self, base: &Path) -> Arc<Vec<Found>> {
        let mut near = self.near.borrow_mut();
        near.entry(base.into())
            .or_insert_with(|| {
                let here = std::fs::metadata(base).ok().map(|meta| Found { path: base.into(), meta });
                Arc::new(siblings(base).into_iter().chain(here).collect())
            })
            .clone()
    }

    /// True when a file is one of those that are read: by its inode, which may have been given to another file meanwhile.
    fn is_read(&self, f: &Found) -> bool {
        let same = |w: &&Watched| w.id() == id(f);
        self.files.iter().filter(same).any(|w| w.is_open() || self.holds(w, &f.path).unwrap_or(true))
    }

    /// True when the file at `path` holds what was read of `w`.
    fn holds(&self, w: &Watched, path: &Path) -> io::Result<bool> {
        match (&w.mark.head, w.mark.packed) {
            (None, _) => Ok(true),
            (_, true) => Ok(self.continues(w, path)?.is_some()),
            (_, false) => w.same(&open(path)?, &self.prints),
        }
    }

    /// Whether the file at `path` begins with what was read of `w`, and whether it is compressed.
    fn continues(&self, w: &Watched, path: &Path) -> io::Result<Option<bool>> {
        let (Some(head), Some(tail)) = (&w.mark.head, &w.mark.tail) else { return Ok(None) };
        let (first, input) = codec::peek(open(path)?)?;
        let packed = Codec::of(&first) != Codec::Plain;
        let mut input = codec::decoder(&first, input)?;
        Ok(self.prints.leads(&mut input, head, tail)?.then_some(packed))
    }

    /// Looks at the folders: new files, rotated ones, and those that came and went between two looks.
    fn scan(&mut self) {
        let started = now();
        self.near.borrow_mut().clear();
        let found = self.rules.globs.expand();
        let (first, resumed) = (!self.begun, self.resumed);
        for w in &mut self.files {
            w.live = false;
        }
        let mut fresh = Vec::new();
        for f in found {
            if !self.known(&f) {
                fresh.push(f);
            }
        }
        let moved = self.gone();
        if first && resumed {
            self.relocate();
        }
        let mut paths: BTreeSet<PathBuf> = moved.into_iter().chain(std::mem::take(&mut self.unsettled)).collect();
        if first && resumed {
            paths.extend(self.files.iter().map(|w| w.mark.base.clone()));
        }
        if !first {
            paths.extend(fresh.iter().map(|f| f.path.clone()));
        }
        let taken: HashSet<_> = fresh.iter().map(id).collect();
        let since = self.since.unwrap_or(started).min(started).saturating_sub(SLACK);
        for path in &paths {
            self.missed(path, since, &taken);
        }
        for f in fresh {
            self.adopt(&f, first && !resumed);
        }
        let live: BTreeSet<PathBuf> =
            self.files.iter().filter(|w| w.rotated.is_none()).map(|w| w.mark.base.clone()).collect();
        let known: HashSet<_> = self.files.iter().map(Watched::id).collect();
        if !self.again {
            self.old.clear();
        }
        for path in live.iter().filter(|_| !self.again) {
            self.old.extend(self.near(path).iter().filter(|f| !known.contains(&id(f))).map(|f| (id(f), changed(f))));
        }
        self.forget();
        if std::mem::take(&mut self.again) {
            self.unsettled = paths.into_iter().collect();
            self.since = Some(since + SLACK);
            self.scanned = None;
        } else {
            self.since = Some(started);
            self.begun = true;
            self.scanned = Some(Instant::now());
        }
    }

    /// True when a found file is one that is read already.
    fn known(&mut self, f: &Found) -> bool {
        let with_id: Vec<_> = (0..self.files.len()).filter(|i| self.files[*i].id() == id(f)).collect();
        let is = |i: &usize| self.files[*i].is_open() || self.holds(&self.files[*i], &f.path).unwrap_or(true);
        let same = with_id.iter().copied().find(is);
        let Some(i) = same.or(with_id.last().copied()) else { return false };
        if same.is_none() {
            // The inode was given to another file, which comes after all others, or the file was cut.
            if self.files[i].mark.path == f.path && !self.files[i].mark.done {
                self.replaced(i, 0);
                self.files.iter_mut().rfind(|w| w.id() == id(f)).into_iter().for_each(|w| w.live = true);
                return true;
            }
            // What was read of it tells copies of it still.
            self.files[i].mark.ino = 0;
            return false;
        }
        let w = &mut self.files[i];
        (w.live, w.rotated) = (true, None);
        w.mark.path.clone_from(&f.path);
        if w.mark.done && !w.mark.packed && f.meta.len() > w.mark.offset {
            w.mark.done = false;
        }
        true
    }

    /// Files that are not at their place any more; their paths.
    fn gone(&mut self) -> Vec<PathBuf> {
        let mut moved = Vec::new();
        for w in self.files.iter_mut().filter(|w| !w.live && w.rotated.is_none()) {
            w.rotated = Some(Instant::now());
            moved.push(w.mark.base.clone());
        }
        moved
    }

    /// After a start: finds files that were rotated while nobody looked.
    fn relocate(&mut self) {
        let (mut i, mut sure) = (0, false);
        while i < self.files.len() {
            let w = &self.files[i];
            if w.live || w.mark.done || w.is_open() {
                i += 1;
                continue;
            }
            let near = self.near(&w.mark.base);
            let moved = near.iter().find(|f| id(f) == w.id() && self.holds(w, &f.path).unwrap_or(false));
            if let Some(f) = moved {
                let age = now().saturating_sub(f.meta.mtime().max(0) as u64);
                let w = &mut self.files[i];
                w.mark.path.clone_from(&f.path);
                // It has been silent since before this start.
                if let Some(then) = Instant::now().checked_sub(Duration::from_secs(age)) {
                    (w.rotated, w.grown) = (Some(then), then);
                }
                // When it was moved again just now, the next turn of this loop finds it elsewhere.
                let there = !matches!(self.files[i].hold(), Ok(false));
                i += usize::from(there);
                if !there {
                    self.near.borrow_mut().clear();
                }
            } else if let Some(mut copy) = self.copy_of(i) {
                copy.rotated = Some(Instant::now());
                self.files[i] = copy;
                i += 1;
            } else if !std::mem::replace(&mut sure, true) {
                // It may have been moved since the folder was read.
                self.near.borrow_mut().clear();
            } else {
                if w.mark.offset > 0 {
                    tracing::warn!("{}: it was removed while nobody read it", w.mark.path.display());
                }
                self.files.remove(i);
            }
        }
    }

    /// Files that were at `path` for so short a time that nobody saw them there. The one that is there now may be cut just now.
    fn missed(&mut self, path: &Path, since: u64, taken: &HashSet<(u64, u64)>) {
        let near = self.near(path);
        let mut near: Vec<_> = near.iter().collect();
        near.sort_by_key(|f| changed(f));
        for f in near {
            let known = f.path == *path || taken.contains(&id(f)) || self.is_read(f);
            let old = self.old.get(&id(f)) == Some(&changed(f)) || (f.meta.mtime().max(0) as u64) < since;
            if known || old {
                continue;
            }
            match self.is_copy(f) {
                Ok(false) if f.meta.len() > 0 && !self.may_become_copy(f) => {}
                Ok(true) => continue,
                // It is being written, or gone; one that stays like this is damaged.
                _ if now().saturating_sub(f.meta.ctime().max(0) as u64) > UNSURE => continue,
                _ => {
                    self.again = true;
                    continue;
                }
            }
            let mut w = Watched::fresh(path, &f.path, &f.meta);
            w.rotated = Some(Instant::now());
            if w.hold().unwrap_or(false) {
                let at = self.files.iter().position(|o| o.live && o.mark.base == *path);
                self.files.insert(at.unwrap_or(self.files.len()), w);
            } else {
                self.again = true;
            }
        }
    }

    /// True when a rotated file holds what was or will be read elsewhere.
    fn is_copy(&self, f: &Found) -> io::Result<bool> {
        let (first, input) = codec::peek(open(&f.path)?)?;
        let mut front = Zeroizing::new(Vec::new());
        codec::decoder(&first, input)?.take(REACH as u64).read_to_end(&mut front)?;
        for w in &self.files {
            // The first bytes tell almost all files apart.
            let Some(head) = &w.mark.head else { continue };
            let same = front.get(..usize::from(head.len)).is_some_and(|v| self.prints.of(0, v) == *head);
            let of = || w.mark.base == f.path || self.near(&w.mark.base).iter().any(|s| s.path == f.path);
            if same && of() && self.continues(w, &f.path)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// True while a file begins like one that is read, and is shorter: it may be a copy that is being written.
    fn may_become_copy(&self, f: &Found) -> bool {
        let Ok(file) = open(&f.path) else { return false };
        let recent = now().saturating_sub(f.meta.mtime().max(0) as u64) < 10;
        let like = |w: &Watched| {
            w.mark.offset > f.meta.len()
                && w.mark.head.as_ref().is_some_and(|h| self.prints.holds(&file, h).unwrap_or(false))
        };
        recent && self.files.iter().any(like)
    }

    /// Begins a file that the globs found.
    fn adopt(&mut self, f: &Found, first: bool) {
        let taken_over = self.files.iter().any(|w| w.mark.base == f.path);
        if !taken_over && !first && (self.is_copy(f).unwrap_or(true) || self.may_become_copy(f)) {
            return;
        }
        let mut w = Watched::fresh(&f.path, &f.path, &f.meta);
        w.live = true;
        match w.hold() {
            Ok(true) => {}
            Ok(false) => return self.again = true,
            Err(e) => return self.quiet.warn(&format!("{}: {e}", f.path.display())),
        }
        if first
            && self.rules.from_end
            && let Err(e) = w.skip_to_end(&self.prints)
        {
            return self.quiet.warn(&format!("{}: {e}", f.path.display()));
        }
        self.files.push(w);
    }

    /// Drops the oldest of many finished files.
    fn forget(&mut self) {
        let done = |w: &Watched| w.mark.done && !w.live;
        let mut over = self.files.iter().filter(|w| done(w)).count().saturating_sub(REMEMBERED);
        self.files.retain(|w| {
            let drop = over > 0 && done(w);
            over -= usize::from(drop);
            !drop
        });
    }
}
