//! Saved states, by profile, title and slot; and the blobs that belong to no row.
//!
//! ```text
//!   loosen(blob) -> bytes into the blob store -> put_state: the row names it, and what it named before is loose
//!                                                         -> bytes removed -> forget_loose
//! ```
//! So a crash anywhere leaves the old state or the new one, and of all other bytes it is known that nobody needs them.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::words::read_id;
use super::{Db, DbError, Hash, PutState, StateRow};
use crate::blob::BlobId;

/// Of a loose blob: no row came to name it.
const UNNAMED: &str = "NOT EXISTS (SELECT 1 FROM states WHERE states.blob = loose_blobs.blob)
    AND NOT EXISTS (SELECT 1 FROM samples WHERE samples.blob = loose_blobs.blob)
    AND NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.blob = loose_blobs.blob)";

impl Db {
    /// The states of a title that a profile has, by slot.
    pub async fn states(&self, profile: Hash, title: String) -> Result<Vec<StateRow>, DbError> {
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT * FROM states WHERE profile = ?1 AND title = ?2 ORDER BY slot")?;
            let mut rows = find.query(params![profile, title])?;
            let mut states = Vec::new();
            while let Some(row) = rows.next()? {
                states.push(read_state(row)?);
            }
            Ok(states)
        })
        .await
    }

    /// A blob is about to be written that no row names yet.
    pub async fn loosen(&self, blob: BlobId) -> Result<(), DbError> {
        self.call(move |connection| {
            connection
                .prepare_cached("INSERT OR IGNORE INTO loose_blobs (blob) VALUES (?1)")?
                .execute([blob.as_str()])?;
            Ok(())
        })
        .await
    }

    /// Writes a state down in its slot, in place of what was there, whose blob is loose from then on; unless all states together
    /// would take more than `quota` bytes.
    pub async fn put_state(
        &self,
        profile: Hash,
        title: String,
        state: StateRow,
        quota: u64,
    ) -> Result<PutState, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let others: i64 = change
                .prepare_cached(
                    "SELECT coalesce(sum(bytes), 0) FROM states WHERE NOT (profile = ?1 AND title = ?2 AND slot = ?3)",
                )?
                .query_row(params![profile, title, state.slot], |row| row.get(0))?;
            if others as u64 + state.bytes > quota {
                return Ok(PutState::Full);
            }
            let before = take_out(&change, profile, &title, state.slot)?;
            change
                .prepare_cached(
                    "INSERT INTO states (profile, title, slot, module, maker, blob, bytes, tick, tick_hz, picture, saved_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                )?
                .execute(params![
                    profile,
                    title,
                    state.slot,
                    state.module,
                    state.maker,
                    state.blob.as_str(),
                    state.bytes as i64,
                    state.tick as i64,
                    state.tick_hz,
                    state.picture,
                    state.saved_ms as i64,
                ])?;
            change.prepare_cached("DELETE FROM loose_blobs WHERE blob = ?1")?.execute([state.blob.as_str()])?;
            change.commit()?;
            Ok(PutState::Stored { before })
        })
        .await
    }

    /// Empties a slot; the blob it named is loose from then on. None: it was empty.
    pub async fn remove_state(&self, profile: Hash, title: String, slot: u8) -> Result<Option<BlobId>, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let removed = take_out(&change, profile, &title, slot)?;
            change.commit()?;
            Ok(removed)
        })
        .await
    }

    /// Blobs that no row names.
    pub async fn loose_blobs(&self) -> Result<Vec<BlobId>, DbError> {
        self.call(|connection| {
            let mut find =
                connection.prepare_cached(&format!("SELECT blob FROM loose_blobs WHERE {UNNAMED} ORDER BY blob"))?;
            let mut rows = find.query([])?;
            let mut blobs = Vec::new();
            while let Some(row) = rows.next()? {
                blobs.push(read_id("a blob id", row.get(0)?)?);
            }
            Ok(blobs)
        })
        .await
    }

    /// Whether no row names a blob.
    pub async fn is_loose(&self, blob: BlobId) -> Result<bool, DbError> {
        self.call(move |connection| {
            let find = format!("SELECT EXISTS (SELECT 1 FROM loose_blobs WHERE blob = ?1 AND {UNNAMED})");
            Ok(connection.prepare_cached(&find)?.query_row([blob.as_str()], |row| row.get(0))?)
        })
        .await
    }

    /// The bytes of a loose blob are gone.
    pub async fn forget_loose(&self, blob: BlobId) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.prepare_cached("DELETE FROM loose_blobs WHERE blob = ?1")?.execute([blob.as_str()])?;
            Ok(())
        })
        .await
    }
}

fn take_out(change: &Transaction<'_>, profile: Hash, title: &str, slot: u8) -> Result<Option<BlobId>, DbError> {
    let blob: Option<String> = change
        .prepare_cached("DELETE FROM states WHERE profile = ?1 AND title = ?2 AND slot = ?3 RETURNING blob")?
        .query_row(params![profile, title, slot], |row| row.get(0))
        .optional()?;
    let Some(blob) = blob else { return Ok(None) };
    change.prepare_cached("INSERT OR IGNORE INTO loose_blobs (blob) VALUES (?1)")?.execute([&blob])?;
    Ok(Some(read_id("a blob id", blob)?))
}

fn read_state(row: &Row<'_>) -> Result<StateRow, DbError> {
    Ok(StateRow {
        slot: row.get("slot")?,
        module: row.get("module")?,
        maker: row.get("maker")?,
        blob: read_id("a blob id", row.get("blob")?)?,
        bytes: row.get::<_, i64>("bytes")? as u64,
        tick: row.get::<_, i64>("tick")? as u64,
        tick_hz: row.get("tick_hz")?,
        picture: row.get("picture")?,
        saved_ms: row.get::<_, i64>("saved_ms")? as u64,
    })
}
