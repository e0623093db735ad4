//! Requests that may be sent twice and are done once. A key belongs to its caller and is kept for a day; of a caller with very
//! many the newest are.

use rusqlite::{OptionalExtension, params};

use super::{Begun, Db, DbError, Hash};

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 3_600_000;
/// Answers that are kept for one caller, besides the newest.
const KEPT: u32 = 255;

impl Db {
    /// Claims `key` for a request, or says what is known of it. `key` and `request` are hashes.
    pub async fn begin_request(&self, caller: String, key: Hash, request: Hash, now_ms: u64) -> Result<Begun, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            change.execute("DELETE FROM idempotency WHERE created_ms <= ?1", [now_ms as i64 - KEPT_MS])?;
            let known: Option<(Vec<u8>, Option<Vec<u8>>)> = change
                .prepare_cached("SELECT request, response FROM idempotency WHERE caller = ?1 AND key = ?2")?
                .query_row(params![caller, key], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let begun = match known {
                Some((other, _)) if other != request => Begun::Different,
                Some((_, Some(response))) => Begun::Answered(response),
                Some((_, None)) => Begun::Working,
                None => {
                    change.execute(
                        "INSERT INTO idempotency (caller, key, request, created_ms) VALUES (?1, ?2, ?3, ?4)",
                        params![caller, key, request, now_ms as i64],
                    )?;
                    Begun::New
                }
            };
            change.commit()?;
            Ok(begun)
        })
        .await
    }

    /// Keeps the answer to a request that [`Db::begin_request`] called new.
    pub async fn finish_request(&self, caller: String, key: Hash, response: Vec<u8>) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.execute(
                "UPDATE idempotency SET response = ?3 WHERE caller = ?1 AND key = ?2",
                params![caller, key, response],
            )?;
            connection
                .prepare_cached(
                    "DELETE FROM idempotency WHERE caller = ?1 AND key <> ?2 AND key IN (SELECT key FROM idempotency
                     WHERE caller = ?1 AND key <> ?2 AND response IS NOT NULL
                     ORDER BY created_ms DESC, key LIMIT -1 OFFSET ?3)",
                )?
                .execute(params![caller, key, KEPT])?;
            Ok(())
        })
        .await
    }

    /// Gives the key of a request that failed free again.
    pub async fn forget_request(&self, caller: String, key: Hash) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.execute("DELETE FROM idempotency WHERE caller = ?1 AND key = ?2", params![caller, key])?;
            Ok(())
        })
        .await
    }
}
