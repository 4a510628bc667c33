//! Salts of subjects' keys.

use super::{Inner, Ledger, LedgerError, Result};
use crate::keys::{HANDLE, Share, Subjects};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// Most subjects that a process remembers.
const CACHED: usize = 1 << 16;

/// What a process remembers of a subject: nothing for one that was erased.
pub(super) type Cached = Option<Share>;

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Share")
    }
}

fn share(handle: &[u8], mut salt: Vec<u8>) -> Option<Share> {
    let s = <[u8; 32]>::try_from(&salt[..]).ok().map(Zeroizing::new);
    salt.zeroize();
    Some(Share { handle: handle.try_into().ok()?, salt: s? })
}

fn row(db: &Connection, sql: &str, key: &[u8]) -> rusqlite::Result<Option<Share>> {
    let mut query = db.prepare_cached(sql)?;
    let found = query.query_row([key], |r| Ok((r.get::<_, Vec<u8>>(0)?, r.get::<_, Vec<u8>>(1)?))).optional()?;
    Ok(found.and_then(|(handle, salt)| share(&handle, salt)))
}

const BY_TAG: &str = "SELECT handle, salt FROM subject WHERE tag = ?1";

impl Inner {
    /// Forgets what is remembered when another process changed the ledger: a salt may be gone.
    fn follow(&mut self) -> rusqlite::Result<()> {
        let now: i64 = self.db.prepare_cached("PRAGMA data_version")?.query_row([], |r| r.get(0))?;
        if now != self.version || self.cache.len() >= CACHED {
            self.cache.clear();
            self.version = now;
        }
        Ok(())
    }

    fn known(&mut self, tag: &[u8; 16]) -> rusqlite::Result<Option<Share>> {
        self.follow()?;
        if let Some(known) = self.cache.get(tag) {
            return Ok(known.clone());
        }
        let found = row(&self.db, BY_TAG, tag)?;
        if found.is_some() {
            self.cache.insert(*tag, found.clone());
        }
        Ok(found)
    }

    fn known_or_new(&mut self, tag: &[u8; 16], kid: &str) -> rusqlite::Result<Option<Share>> {
        if let Some(known) = self.known(tag)? {
            return Ok(Some(known));
        }
        let tx = rusqlite::Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let erased = tx.prepare_cached("SELECT 1 FROM erased WHERE tag = ?1")?.exists([&tag[..]])?;
        let mut found = row(&tx, BY_TAG, tag)?;
        if found.is_none() && !erased {
            let mut new = Share { handle: [0; HANDLE], salt: Zeroizing::new([0; 32]) };
            let random = getrandom::fill(&mut new.handle).and_then(|()| getrandom::fill(&mut new.salt[..]));
            if random.is_err() {
                return Ok(None);
            }
            tx.prepare_cached("INSERT INTO subject (tag, kid, handle, salt) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![&tag[..], kid, &new.handle[..], &new.salt[..]])?;
            found = Some(new);
        }
        tx.commit()?;
        if !erased {
            self.cache.insert(*tag, found.clone());
        }
        Ok(found.filter(|_| !erased))
    }
}

impl Subjects for Ledger {
    fn share(&self, tag: &[u8; 16], kid: &str) -> Option<Share> {
        // A ledger that can't be read makes no keys: values are suppressed and counted.
        self.lock().known_or_new(tag, kid).ok().flatten()
    }

    fn by_handle(&self, handle: &[u8; HANDLE]) -> Option<Share> {
        row(&self.lock().db, "SELECT handle, salt FROM subject WHERE handle = ?1", handle).ok().flatten()
    }
}

/// A ledger that makes no keys for subjects it does not know.
#[derive(Debug)]
pub struct ReadOnly(pub Arc<Ledger>);

impl Subjects for ReadOnly {
    fn share(&self, tag: &[u8; 16], _: &str) -> Option<Share> {
        self.0.lock().known(tag).ok().flatten()
    }

    fn by_handle(&self, handle: &[u8; HANDLE]) -> Option<Share> {
        self.0.by_handle(handle)
    }
}

impl Ledger {
    /// True when a subject with this tag was erased.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn is_erased(&self, tag: &[u8; 16]) -> Result<bool> {
        let found =
            self.lock().db.prepare_cached("SELECT 1 FROM erased WHERE tag = ?1").and_then(|mut q| q.exists([&tag[..]]));
        found.map_err(|e| self.sql(e))
    }

    /// Forgets the salts of keys of the ring that are destroyed: nothing can be made of them any more.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn forget_keys(&self, kids: &[String]) -> Result<u64> {
        let mut inner = self.lock();
        inner.cache.clear();
        let mut gone = 0;
        for kid in kids {
            for table in ["subject", "erased"] {
                let n = inner.db.execute(&format!("DELETE FROM {table} WHERE kid = ?1"), [kid]);
                gone += n.map_err(|e: rusqlite::Error| -> LedgerError { self.sql(e) })? as u64;
            }
        }
        self.checkpoint(&inner.db)?;
        Ok(gone)
    }
}
