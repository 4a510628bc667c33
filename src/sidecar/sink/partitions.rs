//! Files below a folder, one for each retention class and date, as `batch` makes them: what `retain` deletes in time.

use super::file::{FileSink, cut};
use super::{Commit, FileMark, Sink, SinkMark};
use crate::engine::Clean;
use crate::input::codec::Codec;
use crate::output::atomic::sync_dir;
use crate::output::pack::{Packed, Packer, Packing};
use crate::sidecar::config;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Most files that are open.
const OPEN: usize = 64;
/// A file without news is closed after this.
const IDLE: Duration = Duration::from_secs(60);

/// Files by partition.
pub struct PartitionSink {
    config: config::FileSink,
    root: PathBuf,
    packer: Packer,
    /// The block in work.
    packed: Packed,
    open: BTreeMap<String, Open>,
    /// Files that were closed since the last commit, to make room.
    closed: BTreeMap<String, FileMark>,
    /// What the mark holds: every file that may be longer than at the last commit.
    known: BTreeMap<String, FileMark>,
    /// The mark changed and may not be saved yet.
    unsaved: bool,
}

struct Open {
    file: FileSink,
    used: Instant,
}

impl PartitionSink {
    /// Cuts what was written after the last commit.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(config: &config::FileSink, mark: &SinkMark) -> io::Result<PartitionSink> {
        if let SinkMark::Files { files } = mark {
            files.iter().try_for_each(cut)?;
        }
        let root = config.path.parent().unwrap_or(Path::new("/")).to_path_buf();
        std::fs::create_dir_all(&root)?;
        Ok(PartitionSink {
            root,
            packer: Packer::new(Packing { codec: Codec::Plain, level: 0, partitions: config.partitions })?,
            config: config.clone(),
            packed: Packed::default(),
            open: BTreeMap::new(),
            closed: BTreeMap::new(),
            known: BTreeMap::new(),
            unsaved: false,
        })
    }

    fn mark(&self) -> SinkMark {
        SinkMark::Files { files: self.known.values().cloned().collect() }
    }

    /// The file of a partition, opened when it is not.
    fn file(&mut self, partition: &str) -> io::Result<&mut FileSink> {
        if !self.open.contains_key(partition) {
            self.make_room()?;
            let mut config = self.config.clone();
            if let Some(name) = self.config.path.file_name() {
                config.path = self.root.join(partition).join(name);
            }
            let file = FileSink::open(&config, &SinkMark::None)?;
            let dir = self.root.join(partition);
            dir.ancestors().take_while(|d| d.starts_with(&self.root)).try_for_each(sync_dir)?;
            self.closed.remove(partition);
            self.open.insert(partition.into(), Open { file, used: Instant::now() });
        }
        let open = self.open.get_mut(partition).ok_or(io::ErrorKind::NotFound)?;
        open.used = Instant::now();
        Ok(&mut open.file)
    }

    /// Closes the file that was used longest ago, when there are many.
    fn make_room(&mut self) -> io::Result<()> {
        if self.open.len() < OPEN {
            return Ok(());
        }
        let oldest = self.open.iter().min_by_key(|(_, o)| o.used).map(|(p, _)| p.clone());
        if let Some(partition) = oldest
            && let Some(open) = self.open.get_mut(&partition)
        {
            let mark = open.file.settle()?;
            self.closed.insert(partition.clone(), mark);
            self.open.remove(&partition);
        }
        Ok(())
    }

    fn append(&mut self, packed: &Packed) -> io::Result<()> {
        let mut done = Vec::new();
        for (partition, bytes) in packed.sections() {
            let written = self.file(partition).and_then(|file| {
                let before = file.place()?;
                file.append(bytes).map(|()| before)
            });
            match written {
                Ok(before) => done.push((partition, before)),
                Err(e) => {
                    done.into_iter().try_for_each(|(partition, before)| self.undo(partition, &before))?;
                    return Err(e);
                }
            }
        }
        Ok(())
    }

    /// Takes back what a block that was not written whole put into a file.
    fn undo(&mut self, partition: &str, before: &FileMark) -> io::Result<()> {
        if let Some(open) = self.open.get_mut(partition) {
            return open.file.cut_back(before.length);
        }
        self.closed.insert(partition.into(), before.clone());
        cut(before)
    }
}

impl Sink for PartitionSink {
    fn prepare(&mut self, clean: &Clean<'_>) -> io::Result<Option<SinkMark>> {
        self.packed.clear();
        self.packed.push(clean);
        self.packer.seal(&mut self.packed)?;
        let new = self.packed.sections().map(|(p, _)| p).filter(|p| !self.known.contains_key(*p));
        for partition in new.map(String::from).collect::<Vec<_>>() {
            let mark = self.file(&partition)?.place()?;
            self.known.insert(partition, mark);
            self.unsaved = true;
        }
        Ok(self.unsaved.then(|| self.mark()))
    }

    fn write(&mut self, _: &Clean<'_>) -> io::Result<()> {
        self.unsaved = false;
        let packed = std::mem::take(&mut self.packed);
        let written = self.append(&packed);
        self.packed = packed;
        written
    }

    fn commit(&mut self) -> io::Result<Commit> {
        let mut files = Vec::new();
        for (partition, open) in &mut self.open {
            let (mark, file) = open.file.pledge()?;
            self.known.insert(partition.clone(), mark);
            files.extend(file);
        }
        // All or none: a file that is named once is not named again.
        self.open.values_mut().for_each(|o| o.file.pledged());
        self.known.append(&mut self.closed);
        self.unsaved = false;
        Ok(Commit { files, mark: self.mark(), then: None })
    }

    fn turns(&self) -> io::Result<bool> {
        let forgotten = !self.closed.is_empty() || self.known.keys().any(|p| !self.open.contains_key(p));
        let turns = |o: &Open| Ok::<_, io::Error>(o.used.elapsed() >= IDLE || o.file.turns()?);
        self.open.values().try_fold(forgotten, |any, o| Ok(any || turns(o)?))
    }

    fn turn(&mut self) -> io::Result<Option<SinkMark>> {
        let mut keep = BTreeMap::new();
        for (partition, mut open) in std::mem::take(&mut self.open) {
            // A partition that was deleted is begun anew when it is needed.
            if open.used.elapsed() < IDLE && !open.file.moved()? {
                if open.file.turn()?.is_some() {
                    self.known.insert(partition.clone(), open.file.place()?);
                    self.unsaved = true;
                }
                keep.insert(partition, open);
            }
        }
        self.open = keep;
        let known = self.known.len();
        self.known.retain(|p, _| self.open.contains_key(p));
        self.unsaved |= known != self.known.len();
        Ok(self.unsaved.then(|| self.mark()))
    }

    fn full(&self) -> bool {
        self.open.values().any(|o| o.file.full())
    }
}
