//! How far each lane came: offsets of its sources and the state of its sink, in one file that is there whole or not at all.

use super::sink::SinkMark;
use super::tail::Mark;
use crate::output::atomic::{AtomicFile, sync_dir};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What is known of a lane.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Unix time when all files were known.
    pub time: u64,
    /// Files by source.
    pub files: BTreeMap<String, Vec<Mark>>,
    /// What the sink has for good.
    pub sink: SinkMark,
    /// The line of the ledger of disclosures that is not written yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosed: Option<serde_json::Value>,
}

/// The file of one lane.
pub struct Checkpoint {
    path: PathBuf,
    /// What was saved or loaded last.
    last: Saved,
}

impl Checkpoint {
    /// The checkpoint of the sink `name` in the state folder.
    pub fn new(state: &Path, name: &str) -> Checkpoint {
        Checkpoint { path: state.join(format!("{name}.checkpoint")), last: Saved::default() }
    }

    /// What was saved last; nothing for a new lane.
    ///
    /// # Errors
    /// When the file is there and can't be read: going on without it would lose or repeat records.
    pub fn load(&self) -> Result<Option<Saved>, String> {
        let name = self.path.display();
        match std::fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| {
                format!("{name}: no checkpoint ({e}); remove it to begin anew, and expect repeated records")
            }),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(format!("{name}: {e}")),
        }
    }

    /// Saves, for good.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&mut self, saved: Saved) -> io::Result<()> {
        let mut file = AtomicFile::new(&self.path)?;
        file.write_all(&serde_json::to_vec(&saved)?)?;
        file.settle(None)?;
        file.publish()?;
        self.last = saved;
        self.path.parent().map_or(Ok(()), sync_dir)
    }

    /// Saves another mark of the sink with the offsets, and the time, that were saved before.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn amend(&mut self, sink: SinkMark) -> io::Result<()> {
        self.save(Saved { sink, ..self.last.clone() })
    }
}

/// The key of checksums: random, made once, and of no use elsewhere.
///
/// # Errors
/// Those of the file system.
pub fn print_key(state: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    let path = state.join("print.key");
    match std::fs::read(&path).map(Zeroizing::new) {
        Ok(bytes) => <[u8; 32]>::try_from(&bytes[..])
            .map(Zeroizing::new)
            .map_err(|_| io::Error::other(format!("{}: damaged; remove it and the checkpoints", path.display()))),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let mut key = Zeroizing::new([0; 32]);
            getrandom::fill(&mut key[..]).map_err(|e| io::Error::other(e.to_string()))?;
            let mut file = AtomicFile::new(&path)?;
            file.write_all(&key[..])?;
            file.settle(None)?;
            file.publish()?;
            sync_dir(state)?;
            Ok(key)
        }
        Err(e) => Err(e),
    }
}
