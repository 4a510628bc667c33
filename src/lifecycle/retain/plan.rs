//! What is due: found by the names of partitions; only those that are due are looked into.

use super::Act;
use super::holds::Holds;
use super::place::{self, Place};
use crate::lifecycle::needles::Counts;
use crate::lifecycle::records;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a sweep goes by.
pub struct Options {
    /// The day that counts as today.
    pub at: Date,
    /// Legal holds.
    pub holds: Holds,
    /// Classes of which counts stay.
    pub aggregate: Vec<String>,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Partition or file, below the root.
    pub path: String,
    /// What becomes of it.
    #[serde(rename = "do")]
    pub act: Act,
    /// Retention class.
    pub class: String,
    /// Since when it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// Files in it.
    pub files: u64,
    /// Their bytes as they stand.
    pub bytes: u64,
    /// Records in it that a hold keeps; the others go.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held: u64,
    /// Records of a file that go while others stay.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub records: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What a sweep would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The day that counts as today.
    pub at: Date,
    /// What is due, by path.
    pub items: Vec<Item>,
    /// Partitions and files that are not due.
    pub kept: u64,
}

impl Plan {
    /// Plans the outputs below `root`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(root: &Path, options: &Options) -> io::Result<Plan> {
        let mut walk =
            Walk { root, options, plan: Plan { at: options.at, items: Vec::new(), kept: 0 }, loose: Vec::new() };
        walk.folder(Path::new(""), true)?;
        let loose = std::mem::take(&mut walk.loose);
        super::thin::plan(root, &loose, options, &mut walk.plan)?;
        walk.plan.items.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(walk.plan)
    }

    /// Items, files and bytes by act.
    pub fn totals(&self) -> BTreeMap<Act, [u64; 3]> {
        let mut all: BTreeMap<Act, [u64; 3]> = BTreeMap::new();
        for i in &self.items {
            let t = all.entry(i.act).or_default();
            for (sum, n) in t.iter_mut().zip([1, i.files, i.bytes]) {
                *sum += n;
            }
        }
        all
    }

    /// The report as JSON lines: the day, the items, the totals.
    pub fn text(&self) -> String {
        let mut text = serde_json::json!({"retain": {"logveil": env!("CARGO_PKG_VERSION"), "at": self.at}}).to_string();
        for item in &self.items {
            text.push('\n');
            text.push_str(&serde_json::to_string(item).unwrap_or_default());
        }
        let act = |(act, [items, files, bytes]): (Act, [u64; 3])| {
            let name = serde_json::to_value(act).ok().and_then(|v| v.as_str().map(String::from)).unwrap_or_default();
            (name, serde_json::json!({"items": items, "files": files, "bytes": bytes}))
        };
        let mut totals: serde_json::Map<_, _> = self.totals().into_iter().map(act).collect();
        totals.insert("kept".into(), self.kept.into());
        text.push_str(&format!("\n{}\n", serde_json::json!({ "totals": totals })));
        text
    }
}

struct Walk<'a> {
    root: &'a Path,
    options: &'a Options,
    plan: Plan,
    /// Files outside partitions.
    loose: Vec<PathBuf>,
}

/// Files and bytes below a folder.
fn size(dir: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut sum) = (Vec::new(), 0);
    records::files(dir, false, &mut files)?;
    for f in &files {
        sum += fs::symlink_metadata(f)?.len();
    }
    Ok((files.len() as u64, sum))
}

impl Walk<'_> {
    fn folder(&mut self, below: &Path, top: bool) -> io::Result<()> {
        let mut entries: Vec<_> = fs::read_dir(self.root.join(below))?.collect::<io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for e in entries {
            let (kind, file_name) = (e.file_type()?, e.file_name());
            let path = below.join(&file_name);
            let name = file_name.to_str().unwrap_or_default();
            match kind.is_dir() {
                true if name == records::OWN || top && name == super::sweep::AGGREGATES => {}
                true if place::is_last(name) => self.partition(&path)?,
                true => self.folder(&path, top && name == place::RESTRICTED)?,
                false if kind.is_file() && !crate::output::atomic::is_part(&file_name) => self.loose.push(path),
                false => {}
            }
        }
        Ok(())
    }

    fn partition(&mut self, path: &Path) -> io::Result<()> {
        let mut item = Item {
            path: path.to_string_lossy().into_owned(),
            act: Act::Unknown,
            class: String::new(),
            due: None,
            files: 0,
            bytes: 0,
            held: 0,
            records: 0,
        };
        if let (Some(place), Some(_)) = (Place::of(path), path.to_str()) {
            let Some((act, due)) = place.due(self.options.at, &self.options.holds) else {
                self.plan.kept += 1;
                return Ok(());
            };
            (item.act, item.due) = (act, Some(due).filter(|d| *d != Date::MAX));
            if act == Act::Delete && self.options.aggregate.contains(&place.class) && !place.restricted {
                item.act = Act::Aggregate;
            }
            // What is sealed can't be searched for held subjects.
            if place.restricted && act == Act::Delete && !self.options.holds.needles.is_empty() {
                item.act = Act::Held;
            }
            item.class = place.class;
            if matches!(item.act, Act::Delete | Act::Aggregate) && place.hold.is_none() && !place.restricted {
                item.held = self.held(path)?;
            }
        }
        (item.files, item.bytes) = size(&self.root.join(path))?;
        self.plan.items.push(item);
        Ok(())
    }

    /// Records of a partition that a hold keeps.
    fn held(&self, path: &Path) -> io::Result<u64> {
        let needles = &self.options.holds.needles;
        let (mut files, mut counts) = (Vec::new(), Counts::default());
        if !needles.is_empty() {
            records::files(&self.root.join(path), false, &mut files)?;
        }
        for f in files {
            records::read(&f, |block| {
                needles.count(block, &mut counts);
                Ok(())
            })?;
        }
        Ok(counts.total)
    }
}
