//! Requests of erasure, and what came of them.

use super::{Ledger, LedgerError, Result};
use rusqlite::{Connection, OptionalExtension, params};

/// Letters of a pseudonym's tag: lists know no other tokens.
const PSEUDONYM: usize = 26;

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is known; nothing was done.
    Open,
    /// Keys are shredded; files are under way.
    Shredded,
    /// It is done.
    Done,
}

/// A request of erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Case or ticket.
    pub case: String,
    /// Ground, as the policy names it.
    pub ground: String,
    /// Day of the request.
    pub requested: String,
    /// Last day on which it may be carried out.
    pub erase_by: String,
    /// How far it is.
    pub fate: Fate,
    /// Day from which the subject's records are refused; that of the erasure.
    pub at: String,
    /// Keys of subjects that were shredded.
    pub shredded: u64,
}

/// A file that an erasure took records out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Its path.
    pub path: String,
    /// Records that are gone.
    pub deleted: u64,
    /// Records that must be kept for a while, under the key of restricted data.
    pub restricted: u64,
}

impl Ledger {
    /// Notes a request; one that is known already stays as it is.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn register(&self, r: &Request) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO request (case_id, ground, requested, erase_by, state) VALUES (?1, ?2, ?3, ?4, 'open')";
        let done = self.lock().db.execute(sql, params![r.case, r.ground, r.requested, r.erase_by]);
        done.map(|_| ()).map_err(|e| self.sql(e))
    }

    /// The request of a case.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn request(&self, case: &str) -> Result<Option<Request>> {
        let sql =
            "SELECT ground, requested, erase_by, state, coalesce(at, ''), shredded FROM request WHERE case_id = ?1";
        let read = |r: &rusqlite::Row<'_>| {
            Ok(Request {
                case: case.into(),
                ground: r.get(0)?,
                requested: r.get(1)?,
                erase_by: r.get(2)?,
                fate: match r.get::<_, String>(3)?.as_str() {
                    "done" => Fate::Done,
                    "shredded" => Fate::Shredded,
                    _ => Fate::Open,
                },
                at: r.get(4)?,
                shredded: r.get::<_, i64>(5)? as u64,
            })
        };
        self.lock().db.query_row(sql, [case], read).optional().map_err(|e| self.sql(e))
    }

    /// Shreds the keys of a subject and writes down its tokens, all or nothing: `tags` are those of [`crate::keys`], with
    /// the ids of their keys; a token is `lasting` when its key outlives the erasure, so that it stays a tombstone.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn shred(&self, case: &str, at: &str, tags: &[([u8; 16], String)], tokens: &[(String, bool)]) -> Result<()> {
        let mut inner = self.lock();
        inner.cache.clear();
        let write = |db: &Connection| {
            let tx = db.unchecked_transaction()?;
            let mut shredded = 0;
            for (tag, kid) in tags {
                shredded += tx.prepare_cached("DELETE FROM subject WHERE tag = ?1")?.execute([&tag[..]])?;
                tx.prepare_cached("INSERT OR IGNORE INTO erased (tag, kid, case_id) VALUES (?1, ?2, ?3)")?
                    .execute(params![&tag[..], kid, case])?;
            }
            for (token, lasting) in tokens {
                tx.prepare_cached("INSERT OR IGNORE INTO tombstone (case_id, token, lasting) VALUES (?1, ?2, ?3)")?
                    .execute(params![case, token, lasting])?;
            }
            let sql =
                "UPDATE request SET state = 'shredded', at = ?2, shredded = ?3 WHERE case_id = ?1 AND state = 'open'";
            tx.execute(sql, params![case, at, shredded as i64])?;
            tx.commit()
        };
        write(&inner.db).map_err(|e| self.sql(e))?;
        self.checkpoint(&inner.db)
    }

    /// Tokens of the subject of a case.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn tokens(&self, case: &str) -> Result<Vec<String>> {
        let inner = self.lock();
        let read = || {
            let mut all = inner.db.prepare("SELECT token FROM tombstone WHERE case_id = ?1 ORDER BY token")?;
            all.query_map([case], |r| r.get(0))?.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|e| self.sql(e))
    }

    /// Notes what is about to become of a file.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn touch(&self, case: &str, t: &Touched) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO touched (case_id, path, deleted, restricted) VALUES (?1, ?2, ?3, ?4)";
        let done = self.lock().db.execute(sql, params![case, t.path, t.deleted as i64, t.restricted as i64]);
        done.map(|_| ()).map_err(|e| self.sql(e))
    }

    /// Files of a case, by path.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn touched(&self, case: &str) -> Result<Vec<Touched>> {
        let inner = self.lock();
        let read = || {
            let sql = "SELECT path, deleted, restricted FROM touched WHERE case_id = ?1 ORDER BY path";
            let mut all = inner.db.prepare(sql)?;
            let row = |r: &rusqlite::Row<'_>| {
                let n = |i| r.get::<_, i64>(i).map(|n| n as u64);
                Ok(Touched { path: r.get(0)?, deleted: n(1)?, restricted: n(2)? })
            };
            all.query_map([case], row)?.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|e| self.sql(e))
    }

    /// Ends a request: tokens that nothing can make again are forgotten.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn finish(&self, case: &str) -> Result<()> {
        let inner = self.lock();
        let write = |db: &Connection| {
            let tx = db.unchecked_transaction()?;
            tx.execute("DELETE FROM tombstone WHERE case_id = ?1 AND NOT lasting", [case])?;
            tx.execute("UPDATE request SET state = 'done' WHERE case_id = ?1", [case])?;
            tx.commit()
        };
        write(&inner.db).map_err(|e| self.sql(e))?;
        self.checkpoint(&inner.db)
    }

    /// All tombstones that records can be told by, as lines of an erasure list: token, day, ground.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn tombstones(&self) -> Result<String> {
        let inner = self.lock();
        let read = || {
            let sql = "SELECT token, at, ground FROM tombstone JOIN request USING (case_id) WHERE lasting ORDER BY at, case_id, token";
            let mut all = inner.db.prepare(sql)?;
            let row = |r: &rusqlite::Row<'_>| {
                let text = |i| r.get::<_, String>(i);
                Ok((text(0)?, text(1)?, text(2)?))
            };
            let mut lines = String::new();
            for line in all.query_map([], row)? {
                let (token, at, ground) = line?;
                if token.rsplit('_').next().is_some_and(|tail| tail.len() == PSEUDONYM && token.len() > PSEUDONYM) {
                    lines += &format!("{token} {at} {ground}\n");
                }
            }
            Ok(lines)
        };
        read().map_err(|e: rusqlite::Error| -> LedgerError { self.sql(e) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Subjects;

    #[test]
    fn a_shredded_subject_has_no_key_and_gets_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        let (ledger, other) = (Ledger::open(&path).unwrap(), Ledger::open(&path).unwrap());
        let tag = [7; 16];
        let made = ledger.share(&tag, "aaaaaaaa").unwrap();
        assert!(other.share(&tag, "aaaaaaaa").is_some_and(|s| s.handle == made.handle && s.salt == made.salt));
        let request = Request {
            case: "c-1".into(),
            ground: "cancellation".into(),
            requested: "2026-11-23".into(),
            erase_by: "2026-11-26".into(),
            fate: Fate::Open,
            at: String::new(),
            shredded: 0,
        };
        ledger.register(&request).unwrap();
        assert_eq!(ledger.check("2026-11-27").unwrap().overdue, ["c-1"]);
        let tokens = [(format!("phone_aaaaaaaa_{}", "a".repeat(26)), true), ("phone_b".to_string(), false)];
        ledger.shred("c-1", "2026-11-25", &[(tag, "aaaaaaaa".into()), ([8; 16], "aaaaaaaa".into())], &tokens).unwrap();
        assert!(ledger.share(&tag, "aaaaaaaa").is_none() && ledger.by_handle(&made.handle).is_none());
        assert!(other.share(&tag, "aaaaaaaa").is_none(), "another process follows");
        assert!(ledger.share(&[8; 16], "aaaaaaaa").is_none() && ledger.share(&[9; 16], "aaaaaaaa").is_some());
        let files = ["ledger", "ledger-wal"].map(|n| std::fs::read(dir.path().join(n)).unwrap_or_default());
        for file in files {
            assert!(memchr::memmem::find(&file, &made.salt[..]).is_none(), "the salt is still on the disk");
        }
        ledger.finish("c-1").unwrap();
        assert_eq!(ledger.tombstones().unwrap(), format!("{} 2026-11-25 cancellation\n", tokens[0].0));
        let r = ledger.request("c-1").unwrap().unwrap();
        assert_eq!((r.fate, r.shredded), (Fate::Done, 1));
        let s = ledger.check("2027-01-01").unwrap();
        assert!(s.faults.is_empty() && s.overdue.is_empty() && (s.subjects, s.erased, s.done) == (1, 2, 1));
        let copy = dir.path().join("copy");
        ledger.backup(&copy).unwrap();
        assert!(ledger.backup(&copy).is_err(), "a backup overwrites nothing");
        assert_eq!(Ledger::open(&copy).unwrap().check("2027-01-01").unwrap(), s);
    }
}
