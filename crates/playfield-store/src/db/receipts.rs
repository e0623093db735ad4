//! Receipts: what each worker of a session knew of its pictures, a row for each.

use playfield_core::id::SessionId;
use playfield_core::receipt::{MOST_PARTS, Part};
use rusqlite::params;

use super::{Db, DbError};

impl Db {
    /// Keeps a part of a session's receipt, in place of what the same worker said before; of very many parts the newest. False:
    /// there is no such session.
    pub async fn put_receipt(&self, session: SessionId, part: Part) -> Result<bool, DbError> {
        self.call(move |connection| {
            let text = serde_json::to_string(&part)
                .map_err(|error| DbError::Corrupt { what: "a receipt", value: error.to_string() })?;
            let change = connection.transaction()?;
            let kept = change
                .prepare_cached(
                    "INSERT OR REPLACE INTO receipts (session, began_ms, part) SELECT id, ?2, ?3 FROM sessions WHERE id = ?1",
                )?
                .execute(params![session.as_str(), part.began_ms as i64, text])?;
            change
                .prepare_cached(
                    "DELETE FROM receipts WHERE session = ?1 AND began_ms NOT IN
                     (SELECT began_ms FROM receipts WHERE session = ?1 ORDER BY began_ms DESC LIMIT ?2)",
                )?
                .execute(params![session.as_str(), MOST_PARTS as i64])?;
            change.commit()?;
            Ok(kept == 1)
        })
        .await
    }

    /// All parts of a session's receipt, oldest first.
    pub async fn receipt(&self, session: SessionId) -> Result<Vec<Part>, DbError> {
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT part FROM receipts WHERE session = ?1 ORDER BY began_ms")?;
            let mut rows = find.query([session.as_str()])?;
            let mut parts = Vec::new();
            while let Some(row) = rows.next()? {
                let text: String = row.get(0)?;
                let corrupt = |_| DbError::Corrupt { what: "a receipt", value: text.chars().take(64).collect() };
                parts.push(serde_json::from_str(&text).map_err(corrupt)?);
            }
            Ok(parts)
        })
        .await
    }

    /// Forgets receipts of ended sessions but those of the `newest` that ended last. Returns how many parts.
    pub async fn forget_receipts(&self, newest: u32) -> Result<usize, DbError> {
        self.call(move |connection| {
            Ok(connection.execute(
                "DELETE FROM receipts WHERE session IN
                 (SELECT id FROM sessions WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC, id LIMIT -1 OFFSET ?1)",
                [newest],
            )?)
        })
        .await
    }
}
