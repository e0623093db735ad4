//! A device's journal: what it has to tell, on its disk until the control plane has it.
//!
//! One file of a size that it never exceeds. Where it is full, **the oldest goes first**, and how many went is counted: who reads
//! it sees a gap in the numbers. A number that [`Journal::append`] returned is on the disk (`synchronous = FULL`).

use std::path::Path;

use rusqlite::{Connection, ErrorCode, params};

use crate::db::DbError;
use crate::db::sqlite::{Room, Sqlite};

/// Bytes of a page, the unit that the bound is counted in.
const PAGE: u64 = 4096;
/// The least that is of use.
const LEAST_PAGES: u64 = 32;
/// What goes at once where there is no room: this part of all, so that the next ones find some.
const PART: i64 = 64;
/// Devices are small.
const ROOM: Room = Room { cache_kb: 2 << 10, log_bytes: 4 << 20 };

/// A journal. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Journal {
    engine: Sqlite,
    id: String,
}

/// How full a journal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Number of the last event that was appended.
    pub newest: u64,
    /// Events in it.
    pub waiting: u64,
    /// Events that were dropped for want of room since it was made.
    pub dropped: u64,
}

impl Journal {
    /// Opens or makes the journal at `path`, of at most so many bytes. `fresh_id` names it, if it is made now: another journal is
    /// another sequence of numbers.
    pub async fn open(path: &Path, most_bytes: u64, fresh_id: String) -> Result<Journal, DbError> {
        let pages = i64::try_from((most_bytes / PAGE).max(LEAST_PAGES)).unwrap_or(i64::MAX);
        let engine =
            Sqlite::open(path, ROOM, Box::new(move |connection, _| prepare(connection, pages, &fresh_id))).await?;
        let id = engine.call(|connection| Ok(connection.query_row("SELECT id FROM journal", [], |row| row.get(0))?));
        Ok(Journal { id: id.await?, engine })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Adds events, in this order: all of them or none. They are on the disk when this returns the number of the last.
    pub async fn append(&self, events: Vec<String>) -> Result<u64, DbError> {
        self.engine
            .call(move |connection| {
                loop {
                    match append(connection, &events) {
                        Err(DbError::Sqlite(error)) if is_full(&error) => drop_oldest(connection)?,
                        done => return done,
                    }
                }
            })
            .await
    }

    /// What is in it after this number and up to that one, in order.
    pub async fn read(&self, after: u64, last: u64) -> Result<Vec<(u64, String)>, DbError> {
        self.engine
            .call(move |connection| {
                let mut find = connection
                    .prepare_cached("SELECT seq, event FROM told WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")?;
                let rows = find.query_map(params![after as i64, last as i64], |row| {
                    Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Forgets all up to this number: somebody else has it.
    pub async fn forget(&self, seq: u64) -> Result<(), DbError> {
        self.engine
            .call(move |connection| {
                connection.prepare_cached("DELETE FROM told WHERE seq <= ?1")?.execute([seq as i64])?;
                Ok(())
            })
            .await
    }

    /// How full it is.
    pub async fn figures(&self) -> Result<Figures, DbError> {
        self.engine
            .call(move |connection| {
                let figures = connection.query_row(
                    "SELECT newest, dropped, (SELECT count(*) FROM told) FROM journal",
                    [],
                    |row| {
                        let number = |at| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)? as u64);
                        Ok(Figures { newest: number(0)?, dropped: number(1)?, waiting: number(2)? })
                    },
                )?;
                Ok(figures)
            })
            .await
    }
}

fn prepare(connection: &mut Connection, pages: i64, fresh_id: &str) -> Result<(), DbError> {
    // With a rollback journal, which is cut after each commit, what is on the disk is this file and little beside it.
    connection.pragma_update(None, "journal_mode", "truncate")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS journal (id TEXT NOT NULL, newest INTEGER NOT NULL, dropped INTEGER NOT NULL) STRICT;
         CREATE TABLE IF NOT EXISTS told (seq INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;",
    )?;
    connection.execute(
        "INSERT INTO journal (id, newest, dropped) SELECT ?1, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM journal)",
        [fresh_id],
    )?;
    // One that is larger already stays as large as it is.
    connection.pragma_update(None, "max_page_count", pages)?;
    Ok(())
}

fn append(connection: &mut Connection, events: &[String]) -> Result<u64, DbError> {
    let change = connection.transaction()?;
    let newest: i64 = change
        .prepare_cached("UPDATE journal SET newest = newest + ?1 RETURNING newest")?
        .query_row([events.len() as i64], |row| row.get(0))?;
    for (seq, event) in (newest - events.len() as i64 + 1..).zip(events) {
        change.prepare_cached("INSERT INTO told (seq, event) VALUES (?1, ?2)")?.execute(params![seq, event])?;
    }
    change.commit()?;
    Ok(newest as u64)
}

/// Makes room. Where nothing is left to go, what was to be added is too large by itself.
fn drop_oldest(connection: &mut Connection) -> Result<(), DbError> {
    let change = connection.transaction()?;
    let dropped = change.execute(
        "DELETE FROM told WHERE seq IN (SELECT seq FROM told ORDER BY seq LIMIT (SELECT count(*) / ?1 + 1 FROM told))",
        [PART],
    )?;
    change.execute("UPDATE journal SET dropped = dropped + ?1", [dropped as i64])?;
    change.commit()?;
    let nothing = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_TOOBIG);
    if dropped == 0 { Err(rusqlite::Error::SqliteFailure(nothing, None).into()) } else { Ok(()) }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
