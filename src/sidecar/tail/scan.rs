//! Which files are there now? New ones, rotated ones, and those that came and went between two looks.

use super::paths::Found;
use super::print::REACH;
use super::watched::{Watched, open};
use super::{HELD, REMEMBERED, SLACK, Tail, UNSURE, changed, id, now};
use crate::input::codec::{self, Codec};
use std::collections::{BTreeSet, HashSet};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

impl Tail {
    /// Looks at the folders: new files, rotated ones, and those that came and went between two looks.
    pub(super) fn scan(&mut self) {
        let started = now();
        self.near.borrow_mut().clear();
        let found = self.rules.globs.expand();
        let (first, resumed) = (!self.begun, self.resumed);
        self.held = 0;
        for w in &mut self.files {
            w.live = false;
            self.held += usize::from(w.is_open());
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
        live.iter().for_each(|path| self.late(path));
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
                let fresh = self.files.iter_mut().rfind(|w| w.id() == id(f));
                fresh.into_iter().for_each(|w| (w.live, w.rotated) = (true, None));
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
        // Held, it is followed wherever it is moved. What forbids it is told when there is something to read.
        if !w.mark.done && !w.is_open() && self.held < HELD && w.hold().unwrap_or(false) {
            self.held += 1;
        }
        true
    }

    /// Files that are not at their place any more; their paths.
    fn gone(&mut self) -> Vec<PathBuf> {
        let mut moved = Vec::new();
        for i in 0..self.files.len() {
            let w = &self.files[i];
            if w.live {
                continue;
            }
            // Who writes to it may do so for a while.
            if self.begun
                && !w.mark.done
                && !w.is_open()
                && let Some(f) = self.moved(w)
            {
                self.files[i].mark.path = f;
                let _ = self.files[i].hold();
            }
            let w = &mut self.files[i];
            if w.rotated.is_none() {
                w.rotated = Some(Instant::now());
                moved.push(w.mark.base.clone());
            }
        }
        moved
    }

    /// Where a file is that was rotated.
    fn moved(&self, w: &Watched) -> Option<PathBuf> {
        let near = self.near(&w.mark.base);
        let found = near.iter().find(|f| id(f) == w.id() && self.holds(w, &f.path).unwrap_or(false));
        found.map(|f| f.path.clone())
    }

    /// Finished files that somebody still wrote to, such as a server that ends an old request.
    fn late(&mut self, path: &Path) {
        for f in self.near(path).iter() {
            // Of an empty one nothing tells it from another file with its inode.
            let is = |w: &Watched| w.id() == id(f) && w.mark.head.is_some() && w.mark.done && !w.mark.packed;
            let grown = |w: &Watched| is(w) && f.meta.len() > w.mark.offset;
            let Some(i) = self.files.iter().position(grown) else { continue };
            if self.holds(&self.files[i], &f.path).unwrap_or(false) {
                let w = &mut self.files[i];
                (w.mark.done, w.rotated, w.grown) = (false, Some(Instant::now()), Instant::now());
                w.mark.path.clone_from(&f.path);
                let _ = w.hold();
            }
        }
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
            let Some(head) = &w.mark.head else {
                if w.id() != id(f) && are_packed_pair(&w.mark.path, w.bytes(), &f.path)? {
                    return Ok(true);
                }
                continue;
            };
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

/// True when one file is the other one compressed, and named after it. For files that nothing was read of: what was read tells
/// others apart.
///
/// # Errors
/// Those of `b`, which may be in the making; `a` is another file's when it can't be read.
fn are_packed_pair(a: &Path, bytes: io::Result<Box<dyn Read + '_>>, b: &Path) -> io::Result<bool> {
    let named = |plain: &Path, packed: &Path| {
        let rest = packed.as_os_str().as_encoded_bytes().strip_prefix(plain.as_os_str().as_encoded_bytes());
        rest.is_some_and(|end| end.len() > 1 && end[0] == b'.')
    };
    if !named(a, b) && !named(b, a) {
        return Ok(false);
    }
    let Ok(a) = bytes.and_then(codec::peek) else { return Ok(false) };
    let b = codec::peek(open(b)?)?;
    if (Codec::of(&a.0) == Codec::Plain) == (Codec::of(&b.0) == Codec::Plain) {
        return Ok(false);
    }
    let Ok(mut a) = codec::decoder(&a.0, a.1) else { return Ok(false) };
    let mut b = codec::decoder(&b.0, b.1)?;
    let (mut x, mut y) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
    loop {
        x.clear();
        y.clear();
        if a.by_ref().take(STEP).read_to_end(&mut x).is_err() {
            return Ok(false);
        }
        b.by_ref().take(STEP).read_to_end(&mut y)?;
        if *x != *y || x.is_empty() {
            return Ok(*x == *y);
        }
    }
}

/// Bytes of two files that are compared at once.
const STEP: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::write;

    #[test]
    fn a_compressed_file_belongs_to_the_one_it_was_made_of() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let text = "one line\n".repeat(20_000);
        let packed = zstd::bulk::compress(text.as_bytes(), 1).unwrap();
        write(at("a.1"), &text).unwrap();
        write(at("a.1.zst"), &packed).unwrap();
        write(at("a.2.zst"), &packed).unwrap();
        let pair = |a: &str, b: &str| {
            let bytes = open(&at(a)).map(|f| Box::new(f) as Box<dyn Read>);
            are_packed_pair(&at(a), bytes, &at(b)).map_err(|e| e.kind())
        };
        assert_eq!((pair("a.1", "a.1.zst"), pair("a.1.zst", "a.1")), (Ok(true), Ok(true)));
        assert_eq!(pair("a.1", "a.2.zst"), Ok(false), "named after another file");
        write(at("a.1.zst"), &packed[..packed.len() / 2]).unwrap();
        assert!(pair("a.1", "a.1.zst").is_err(), "it is being written");
        write(at("a.1"), text.replacen("one", "two", 1)).unwrap();
        write(at("a.1.zst"), &packed).unwrap();
        assert_eq!(pair("a.1", "a.1.zst"), Ok(false));
        write(at("a.1.x"), std::fs::read(at("a.1")).unwrap()).unwrap();
        assert_eq!(pair("a.1", "a.1.x"), Ok(false), "neither is compressed");
    }
}
