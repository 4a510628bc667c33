//! Takes records out of files and leaves the others as they are: same order, same bytes, same compression.

use super::holds::Holds;
use super::plan::{Item, Options, Plan};
use super::tags;
use super::{Act, place::Place};
use crate::audit::Manifest;
use crate::input::codec::Codec;
use crate::lifecycle::records;
use crate::output::atomic::{AtomicFile, Attributes, sync_dir};
use crate::output::pack::{Packer, Packing, default_level};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a file's records come to.
#[derive(Default)]
struct Census {
    records: u64,
    due: u64,
    tagged: u64,
    class: String,
    since: Option<Date>,
    held: u64,
}

/// Files that a batch run wrote, with their sizes and the first day on which a record of them is due.
fn manifest(root: &Path) -> io::Result<HashMap<PathBuf, (u64, Option<Date>)>> {
    let mut known = HashMap::new();
    let file = match fs::File::open(root.join(records::OWN).join("manifest.jsonl")) {
        Ok(f) => f,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(known),
        Err(e) => return Err(e),
    };
    Manifest::read(io::BufReader::new(file), |entry| {
        let days = entry.counts.kept.iter().filter_map(|k| k.delete_after.as_ref()?.parse::<Date>().ok());
        let first = days.min();
        known.extend(entry.outputs.iter().map(|o| (PathBuf::from(&o.path), (o.bytes, first))));
        Ok(())
    })?;
    Ok(known)
}

/// Plans files outside partitions by the tags of their records; files of which a manifest says that nothing in them is
/// due are not read.
pub fn plan(root: &Path, loose: &[PathBuf], options: &Options, plan: &mut Plan) -> io::Result<()> {
    let known = manifest(root)?;
    for path in loose.iter().filter(|p| !tags::is_side(p)) {
        let full = root.join(path);
        let bytes = fs::metadata(&full)?.len();
        if known.get(path).is_some_and(|k| k.0 == bytes && k.1.is_none_or(|d| options.at < d)) {
            plan.kept += 1;
            continue;
        }
        let c = census(&full, options)?;
        // Restricting a part of a file would need its tag in the open; partitions do that.
        if c.due == 0 {
            plan.kept += 1;
            if c.held == 0 {
                continue;
            }
        }
        let all = c.due == c.tagged && c.tagged == c.records;
        plan.items.push(Item {
            path: path.to_string_lossy().into_owned(),
            act: if c.due > 0 { Act::Delete } else { Act::Held },
            class: c.class,
            due: c.since,
            files: 1,
            bytes,
            held: if c.due > 0 { 0 } else { c.held },
            records: if all { 0 } else { c.due },
        });
    }
    Ok(())
}

/// Whose records go: those that are due and that no hold keeps.
fn goes(record: &[u8], place: Option<Place>, options: &Options) -> Option<(bool, Place, Date)> {
    let place = place?;
    let (act, since) = place.due(options.at, &options.holds)?;
    if act == Act::Held || act == Act::Delete {
        let held = act == Act::Held || case(record, &options.holds).is_some();
        return Some((!held, place, since));
    }
    None
}

/// Number of the case that holds a record by one of its tokens.
fn case(record: &[u8], holds: &Holds) -> Option<u32> {
    let mut case = None;
    if !holds.needles.is_empty() {
        holds.needles.find(record, |_, n| case = Some(case.map_or(n, |c: u32| c.min(n))));
    }
    case
}

fn census(path: &Path, options: &Options) -> io::Result<Census> {
    let mut c = Census::default();
    tags::each(path, |record, retention| {
        if tags::is_blank(record) {
            return Ok(());
        }
        c.records += 1;
        let place = retention.place()?;
        c.tagged += u64::from(place.is_some());
        match goes(record, place, options) {
            Some((true, place, since)) => {
                c.due += 1;
                c.class = place.class;
                c.since = Some(c.since.map_or(since, |d| d.min(since)));
            }
            Some((false, ..)) => c.held += 1,
            None => {}
        }
        Ok(())
    })?;
    Ok(c)
}

/// A file that takes records, compressed as another one is.
pub(crate) struct Rewriter {
    file: AtomicFile,
    packer: Packer,
    piece: Vec<u8>,
    any: bool,
}

/// Bytes that are compressed at once.
const PIECE: usize = 1 << 20;

impl Rewriter {
    pub(crate) fn new(target: &Path, codec: Codec) -> io::Result<Rewriter> {
        let packer = Packer::new(Packing { codec, level: default_level(codec), partitions: None })?;
        Ok(Rewriter { file: AtomicFile::new(target)?, packer, piece: Vec::new(), any: false })
    }

    pub(crate) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        self.piece.extend_from_slice(record);
        if self.piece.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = Vec::new();
        self.packer.compress(&self.piece, &mut out)?;
        self.piece.clear();
        self.any = true;
        self.file.write_all(&out)
    }

    /// Puts the file at its place, with the mode and times of `like`.
    pub(crate) fn publish(mut self, like: &Path) -> io::Result<()> {
        if !self.piece.is_empty() || !self.any {
            self.flush()?;
        }
        let of = fs::metadata(like)?;
        self.file.settle(Some(&Attributes { of: &of, owner: false }))?;
        let dir = self.file.target().parent().map(Path::to_path_buf);
        self.file.publish()?;
        dir.map_or(Ok(()), |d| sync_dir(&d))
    }
}

/// The compression that a file has.
pub(crate) fn codec(path: &Path) -> io::Result<Codec> {
    let (head, _) = crate::input::codec::peek(fs::File::open(path)?)?;
    Ok(Codec::of(&head))
}

/// Rewrites a file without the records that are due.
pub fn rewrite(path: &Path, options: &Options) -> io::Result<()> {
    let mut out = Rewriter::new(path, codec(path)?)?;
    let side = tags::side_path(path).exists();
    tags::each(path, |record, retention| match goes(record, retention.place()?, options) {
        // Tags beside the file name places in it, which must stay.
        Some((true, ..)) if side => out.push(&tags::blank(record)),
        Some((true, ..)) => Ok(()),
        _ => out.push(record),
    })?;
    out.publish(path)
}

/// Copies the held records of a file to a file for each case; says which folders changed.
pub fn hold(path: &Path, holds: &Holds, target: impl Fn(&str) -> PathBuf) -> io::Result<Vec<PathBuf>> {
    let codec = codec(path)?;
    let mut files: BTreeMap<u32, Rewriter> = BTreeMap::new();
    let mut dirs = Vec::new();
    records::read(path, |block| {
        for record in block.split_inclusive(|b| *b == b'\n') {
            let Some(n) = case(record, holds) else { continue };
            if let std::collections::btree_map::Entry::Vacant(free) = files.entry(n) {
                let target = target(&holds.cases[n as usize]);
                dirs.extend(target.parent().map(Path::to_path_buf));
                free.insert(Rewriter::new(&target, codec)?);
            }
            files.get_mut(&n).map_or(Ok(()), |f| f.push(record))?;
        }
        Ok(())
    })?;
    files.into_values().try_for_each(|f| f.publish(path))?;
    Ok(dirs)
}
