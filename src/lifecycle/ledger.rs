//! The ledger: salts of subjects' keys, legal holds, requests of erasure and what came of them. One SQLite file, written
//! ahead (WAL), whose deleted rows are overwritten. It knows subjects by keyed tags and tokens only. Losing it makes
//! nothing readable: what was made with a lost salt stays noise.

mod erasures;
mod holds;
mod subjects;

pub use erasures::{Fate, Request, Touched};
pub use subjects::ReadOnly;

use rusqlite::{Connection, OpenFlags};
use std::collections::HashMap;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Version of the tables.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE subject (tag BLOB PRIMARY KEY, kid TEXT NOT NULL, handle BLOB NOT NULL UNIQUE, salt BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE erased (tag BLOB PRIMARY KEY, kid TEXT NOT NULL, case_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE hold (case_id TEXT PRIMARY KEY, opened TEXT NOT NULL, ended TEXT) WITHOUT ROWID;
CREATE TABLE held (token TEXT NOT NULL, case_id TEXT NOT NULL, PRIMARY KEY (token, case_id)) WITHOUT ROWID;
CREATE TABLE request (case_id TEXT PRIMARY KEY, ground TEXT NOT NULL, requested TEXT NOT NULL, erase_by TEXT NOT NULL,
    state TEXT NOT NULL, at TEXT, shredded INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE tombstone (case_id TEXT NOT NULL, token TEXT NOT NULL, lasting INTEGER NOT NULL,
    PRIMARY KEY (case_id, token)) WITHOUT ROWID;
CREATE TABLE touched (case_id TEXT NOT NULL, path TEXT NOT NULL, deleted INTEGER NOT NULL, restricted INTEGER NOT NULL,
    PRIMARY KEY (case_id, path)) WITHOUT ROWID;
";

/// Why a ledger can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite says no.
    #[error("ledger {0}: {1}")]
    Sql(String, rusqlite::Error),
    /// The file system says no.
    #[error("ledger {0}: {1}")]
    Io(String, std::io::Error),
    /// It is open to others.
    #[error("ledger {0}: others can read it; run: chmod 600 {0}")]
    Mode(String),
    /// It can't be used as it is.
    #[error("ledger {0}: {1}")]
    State(String, String),
}

type Result<T> = std::result::Result<T, LedgerError>;

/// A ledger open for use.
#[derive(Debug)]
pub struct Ledger {
    name: String,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Connection,
    cache: HashMap<[u8; 16], subjects::Cached>,
    /// Of the database when the cache was filled.
    version: i64,
}

/// Counts of a ledger.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Subjects with keys.
    pub subjects: u64,
    /// Subjects' tags that were erased.
    pub erased: u64,
    /// Open holds.
    pub holds: u64,
    /// Requests that are not done.
    pub open: u64,
    /// Those of them whose last day is past.
    pub overdue: Vec<String>,
    /// Requests that are done.
    pub done: u64,
    /// What is wrong with the file.
    pub faults: Vec<String>,
}

impl Ledger {
    /// Opens a ledger, or makes one that only its owner may read.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open(path: &Path) -> Result<Ledger> {
        let name = path.display().to_string();
        let io = |e| LedgerError::Io(name.clone(), e);
        let options =
            |o: &mut std::fs::OpenOptions| o.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = options(&mut std::fs::OpenOptions::new()).map_err(io)?;
        if file.metadata().map_err(io)?.mode() & 0o077 != 0 {
            return Err(LedgerError::Mode(name));
        }
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let db = Connection::open_with_flags(path, flags)?;
            db.busy_timeout(std::time::Duration::from_secs(30))?;
            db.pragma_update(None, "secure_delete", true)?;
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "NORMAL")?;
            let tx = rusqlite::Transaction::new_unchecked(&db, rusqlite::TransactionBehavior::Immediate)?;
            let version: i64 = tx.pragma_query_value(None, "user_version", |r| r.get(0))?;
            if version == 0 {
                tx.execute_batch(TABLES)?;
                tx.pragma_update(None, "user_version", VERSION)?;
            }
            tx.commit()?;
            Ok((db, version))
        };
        let (db, version) = open().map_err(|e| LedgerError::Sql(name.clone(), e))?;
        if version > VERSION {
            return Err(LedgerError::State(name, format!("a newer logveil wrote it (version {version})")));
        }
        Ok(Ledger { name, inner: Mutex::new(Inner { db, cache: HashMap::new(), version: -1 }) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sql(&self, e: rusqlite::Error) -> LedgerError {
        LedgerError::Sql(self.name.clone(), e)
    }

    /// Moves what was written ahead into the file, so that no deleted row stays beside it.
    fn checkpoint(&self, db: &Connection) -> Result<()> {
        let busy = |_| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get::<_, i64>(0));
        for attempt in 0..3 {
            if busy(attempt).map_err(|e| self.sql(e))? == 0 {
                return Ok(());
            }
        }
        let why =
            "another process reads it, so deleted rows may still stand in its write-ahead file; run the same again";
        Err(LedgerError::State(self.name.clone(), why.into()))
    }

    /// Checks the file and counts what it holds; `today` tells which requests are overdue.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn check(&self, today: &str) -> Result<Summary> {
        let inner = self.lock();
        self.summary(&inner.db, today).map_err(|e| self.sql(e))
    }

    fn summary(&self, db: &Connection, today: &str) -> rusqlite::Result<Summary> {
        let count = |sql: &str| db.query_row(sql, [], |r| r.get::<_, i64>(0)).map(|n| n as u64);
        let mut faults = Vec::new();
        let mut integrity = db.prepare("PRAGMA integrity_check")?;
        for line in integrity.query_map([], |r| r.get::<_, String>(0))? {
            faults.extend(Some(line?).filter(|l| l != "ok"));
        }
        let short = count("SELECT count(*) FROM subject WHERE length(salt) != 32 OR length(handle) != 10")?;
        if short > 0 {
            faults.push(format!("{short} subjects have no whole salt"));
        }
        let both = count("SELECT count(*) FROM subject JOIN erased USING (tag)")?;
        if both > 0 {
            faults.push(format!("{both} erased subjects still have keys"));
        }
        let mut overdue =
            db.prepare("SELECT case_id FROM request WHERE state != 'done' AND erase_by < ?1 ORDER BY case_id")?;
        Ok(Summary {
            subjects: count("SELECT count(*) FROM subject")?,
            erased: count("SELECT count(*) FROM erased")?,
            holds: count("SELECT count(*) FROM hold WHERE ended IS NULL")?,
            open: count("SELECT count(*) FROM request WHERE state != 'done'")?,
            overdue: overdue.query_map([today], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?,
            done: count("SELECT count(*) FROM request WHERE state = 'done'")?,
            faults,
        })
    }

    /// Copies the ledger, as it is now, to a file that must not exist yet.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn backup(&self, to: &Path) -> Result<()> {
        let io = |e| LedgerError::Io(to.display().to_string(), e);
        let new = |o: &mut std::fs::OpenOptions| o.write(true).create_new(true).mode(0o600).open(to);
        new(&mut std::fs::OpenOptions::new()).map_err(io)?;
        let inner = self.lock();
        let copy = || {
            let mut db = Connection::open(to)?;
            rusqlite::backup::Backup::new(&inner.db, &mut db)?.run_to_completion(
                1024,
                std::time::Duration::ZERO,
                None,
            )?;
            db.pragma_update(None, "journal_mode", "DELETE")
        };
        copy().map_err(|e| self.sql(e))?;
        std::fs::File::open(to).and_then(|f| f.sync_all()).map_err(io)
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.name.clone().into()
    }
}
