//! Legal holds: cases, and the tokens of the subjects that they hold.

use super::{Ledger, LedgerError, Result};
use crate::lifecycle::retain::holds::Holds;
use rusqlite::{Connection, params};

impl Ledger {
    /// Holds the records with these tokens for a case, from `day` on.
    ///
    /// # Errors
    /// [`LedgerError::State`] when the case has ended.
    pub fn hold(&self, case: &str, day: &str, tokens: &[String]) -> Result<()> {
        let inner = self.lock();
        let ended = inner
            .db
            .prepare_cached("SELECT 1 FROM hold WHERE case_id = ?1 AND ended IS NOT NULL")
            .and_then(|mut q| q.exists([case]));
        if ended.map_err(|e| self.sql(e))? {
            return Err(LedgerError::State(
                self.name.clone(),
                format!("the hold of case {case} has ended; use a new case"),
            ));
        }
        let write = |db: &Connection| {
            let tx = db.unchecked_transaction()?;
            tx.execute("INSERT OR IGNORE INTO hold (case_id, opened) VALUES (?1, ?2)", [case, day])?;
            for t in tokens {
                tx.execute("INSERT OR IGNORE INTO held (token, case_id) VALUES (?1, ?2)", [t, case])?;
            }
            tx.commit()
        };
        write(&inner.db).map_err(|e| self.sql(e))
    }

    /// Ends the hold of a case on a day; false when no such hold is open.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn release(&self, case: &str, day: &str) -> Result<bool> {
        let inner = self.lock();
        let write = |db: &Connection| {
            let tx = db.unchecked_transaction()?;
            let n =
                tx.execute("UPDATE hold SET ended = ?2 WHERE case_id = ?1 AND ended IS NULL", params![case, day])?;
            tx.execute("DELETE FROM held WHERE case_id = ?1", [case])?;
            tx.commit().map(|()| n > 0)
        };
        write(&inner.db).map_err(|e| self.sql(e))
    }

    /// Adds all holds to those that a sweep knows.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn holds(&self, into: &mut Holds) -> Result<()> {
        let inner = self.lock();
        let mut read = || {
            let mut ended = inner.db.prepare("SELECT case_id, ended FROM hold WHERE ended IS NOT NULL")?;
            for row in ended.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))? {
                let (case, day) = row?;
                day.parse().iter().for_each(|d| into.end(&case, *d));
            }
            let mut held = inner.db.prepare("SELECT token, case_id FROM held ORDER BY case_id, token")?;
            for row in held.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))? {
                let (token, case) = row?;
                into.hold(&token, &case);
            }
            Ok(())
        };
        read().map_err(|e| self.sql(e))
    }

    /// Cases and first days of open holds, and how many tokens each has.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open_holds(&self) -> Result<Vec<(String, String, u64)>> {
        let inner = self.lock();
        let read = || {
            let sql = "SELECT case_id, opened, (SELECT count(*) FROM held WHERE held.case_id = hold.case_id) FROM hold
                WHERE ended IS NULL ORDER BY case_id";
            let mut all = inner.db.prepare(sql)?;
            all.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, i64>(2)? as u64)))?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(|e| self.sql(e))
    }
}
