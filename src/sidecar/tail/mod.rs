//! Files that grow and rotate. Each lane follows them by itself: what it has written decides where it reads on.

mod join;
mod paths;
mod print;
mod scan;
mod watch;
mod watched;

pub use join::Joiner;
use join::Way;
pub use paths::Globs;
pub use print::Prints;
pub use watch::{Followed, Watch};
pub use watched::Mark;

use super::log::Quiet;
use crate::input::codec::{self, Codec};
use paths::{Found, siblings};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use watched::{Seen, Trouble, Watched, open};

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
    /// Lines that make one record.
    pub joiner: Option<Joiner>,
}

/// Most finished files that are remembered.
const REMEMBERED: usize = 512;
/// How often folders are looked at.
const SCAN: Duration = Duration::from_millis(500);
/// Files that are held open, whether there is news of them or not.
const HELD: usize = 256;
/// Where there are more, the descriptor of one without news is given back after this.
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
    /// Files that were open at the last scan.
    held: usize,
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

/// Unix time.
pub fn now() -> u64 {
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
            held: 0,
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

    /// Unix time of the last look at all folders: files that came since then may have no mark.
    pub fn looked(&self) -> u64 {
        self.since.unwrap_or_else(now)
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
        let way = Way { prints: &self.prints, joiner: self.rules.joiner.as_ref() };
        let seen = match self.files[i].advance(&way, &mut self.buf, feed) {
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
                w.finish(&Way { prints: &self.prints, joiner: self.rules.joiner.as_ref() }, feed)
            }
            None if self.held > HELD && w.is_open() && w.grown.elapsed() >= IDLE => {
                w.close();
                self.held -= 1;
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
        let mut fresh = Watched::new(Mark { offset: 0, head: None, tail: None, done: false, packed: false, ..mark });
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
}
