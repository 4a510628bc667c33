//! What stays of records that are due: how many there were, with which kinds of identifiers; groups that are too small
//! to hide in are left out.

use super::plan::Item;
use super::tags::Tag;
use crate::lifecycle::records;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Records that a group must have at least.
pub const LEAST: u64 = 10;

/// Counts of the files of a partition, as JSON.
///
/// # Errors
/// Those of the files.
pub fn of(files: &[PathBuf], item: &Item) -> io::Result<String> {
    let (mut records, mut found, mut levels) = (0u64, BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    for f in files {
        records::read(f, |block| {
            for line in block.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                records += 1;
                let Some(tag) = Tag::of(line) else { continue };
                tag.list("found").for_each(|e| *found.entry(e.into()).or_default() += 1);
                tag.get("lvl").into_iter().for_each(|l| *levels.entry(l.into()).or_default() += 1);
            }
            Ok(())
        })?;
    }
    let large = |m: BTreeMap<String, u64>| m.into_iter().filter(|g| g.1 >= LEAST).collect::<BTreeMap<_, _>>();
    let counts = serde_json::json!({
        "class": item.class, "due": item.due, "files": item.files, "least": LEAST,
        "records": if records >= LEAST { records.into() } else { serde_json::Value::Null },
        "found": large(found), "levels": large(levels),
    });
    Ok(format!("{counts}\n"))
}
