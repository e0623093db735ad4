//! What guests stored, by profile and title.

use std::collections::BTreeMap;

use rusqlite::params;

use super::{Db, DbError, Hash, Put};

impl Db {
    /// All a title stored for a profile.
    pub async fn storage(&self, profile: Hash, title: String) -> Result<BTreeMap<String, Vec<u8>>, DbError> {
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT key, value FROM storage WHERE profile = ?1 AND title = ?2")?;
            let rows = find.query_map(params![profile, title], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Stores a value, unless keys and values of that profile and title would exceed `quota` bytes.
    pub async fn put_storage(
        &self,
        profile: Hash,
        title: String,
        key: String,
        value: Vec<u8>,
        quota: u64,
    ) -> Result<Put, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let others: i64 = change
                .prepare_cached(
                    "SELECT coalesce(sum(octet_length(key) + length(value)), 0) FROM storage
                     WHERE profile = ?1 AND title = ?2 AND key <> ?3",
                )?
                .query_row(params![profile, title, key], |row| row.get(0))?;
            if others as u64 + (key.len() + value.len()) as u64 > quota {
                return Ok(Put::Full);
            }
            change
                .prepare_cached("INSERT OR REPLACE INTO storage (profile, title, key, value) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![profile, title, key, value])?;
            change.commit()?;
            Ok(Put::Stored)
        })
        .await
    }

    /// Removes a value, if it is there.
    pub async fn remove_storage(&self, profile: Hash, title: String, key: String) -> Result<(), DbError> {
        self.call(move |connection| {
            connection
                .prepare_cached("DELETE FROM storage WHERE profile = ?1 AND title = ?2 AND key = ?3")?
                .execute(params![profile, title, key])?;
            Ok(())
        })
        .await
    }
}
