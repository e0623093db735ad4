//! What the installation keeps about itself, and who is signed in.

use rusqlite::{OptionalExtension, params};

use super::{Db, DbError, Hash};

impl Db {
    /// What is kept under `name`.
    pub async fn kept(&self, name: &'static str) -> Result<Option<Vec<u8>>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
            Ok(find.query_row([name], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Keeps `value` under `name` instead of what was there.
    pub async fn keep(&self, name: &'static str, value: Vec<u8>) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", params![name, value])?;
            Ok(())
        })
        .await
    }

    /// Remembers a sign-in by the hash of its cookie.
    pub async fn insert_cookie(&self, cookie: Hash, expires_ms: u64) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO cookies (hash, expires_ms) VALUES (?1, ?2)",
                params![cookie, expires_ms as i64],
            )?;
            Ok(())
        })
        .await
    }

    /// Whether a cookie with this hash is good at `now_ms`.
    pub async fn cookie_is_good(&self, cookie: Hash, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT 1 FROM cookies WHERE hash = ?1 AND expires_ms > ?2")?;
            Ok(find.exists(params![cookie, now_ms as i64])?)
        })
        .await
    }

    /// Signs out: the cookie with this hash is good no more.
    pub async fn remove_cookie(&self, cookie: Hash) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.execute("DELETE FROM cookies WHERE hash = ?1", [cookie])?;
            Ok(())
        })
        .await
    }

    /// Signs everybody out, as when the sign-in token changes.
    pub async fn remove_all_cookies(&self) -> Result<(), DbError> {
        self.call(|connection| {
            connection.execute("DELETE FROM cookies", [])?;
            Ok(())
        })
        .await
    }

    /// Forgets cookies that expired before `now_ms`.
    pub async fn forget_cookies(&self, now_ms: u64) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.execute("DELETE FROM cookies WHERE expires_ms <= ?1", [now_ms as i64])?;
            Ok(())
        })
        .await
    }

    /// Moves everything into the one database file, so that it can be copied alone. For the end of a process.
    pub async fn settle(&self) -> Result<(), DbError> {
        self.call(|connection| Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)).await
    }

    /// Whether a write comes through: what readiness asks.
    pub async fn check_writable(&self) -> Result<(), DbError> {
        self.call(|connection| {
            connection.execute(
                "INSERT INTO meta (name, value) VALUES ('probe', x'00')
                 ON CONFLICT DO UPDATE SET value = CASE value WHEN x'00' THEN x'01' ELSE x'00' END",
                [],
            )?;
            Ok(())
        })
        .await
    }
}
