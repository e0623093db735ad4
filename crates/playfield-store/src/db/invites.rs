//! Links into sessions.

use playfield_core::id::{InviteId, SessionId};
use rusqlite::{Row, params};

use super::words::{read_id, read_word, word};
use super::{Db, DbError, Hash, InviteRow};

/// Links of a session whose time is over and that are still known, so that who comes too late is told so.
const OVER_KEPT: u32 = 64;

impl Db {
    /// Writes down a link, unless its session has `most` that are good. False: it has.
    pub async fn insert_invite(&self, invite: InviteRow, token: Hash, most: u32) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let (session, now) = (invite.session.as_str(), invite.created_ms as i64);
            change
                .prepare_cached(
                    "DELETE FROM invites WHERE session = ?1 AND id IN (SELECT id FROM invites
                     WHERE session = ?1 AND expires_ms <= ?2 ORDER BY expires_ms DESC LIMIT -1 OFFSET ?3)",
                )?
                .execute(params![session, now, OVER_KEPT])?;
            let good: u32 = change
                .prepare_cached("SELECT count(*) FROM invites WHERE session = ?1 AND expires_ms > ?2")?
                .query_row(params![session, now], |row| row.get(0))?;
            if good >= most {
                return Ok(false);
            }
            let (role, expires) = (word(invite.role), invite.expires_ms as i64);
            change
                .prepare_cached(
                    "INSERT INTO invites (id, session, token, role, slot, created_ms, expires_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![invite.id.as_str(), session, token, role, invite.slot, now, expires])?;
            change.commit()?;
            Ok(true)
        })
        .await
    }

    /// The link whose secret has this hash; its time may be over.
    pub async fn invite_by_token(&self, token: Hash) -> Result<Option<InviteRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM invites WHERE token = ?1")?;
            let mut rows = find.query([token])?;
            rows.next()?.map(read_invite).transpose()
        })
        .await
    }

    /// The links of a session that are good at `now_ms`, the newest first.
    pub async fn invites(&self, session: SessionId, now_ms: u64) -> Result<Vec<InviteRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT * FROM invites WHERE session = ?1 AND expires_ms > ?2 ORDER BY created_ms DESC, id",
            )?;
            let mut rows = find.query(params![session.as_str(), now_ms as i64])?;
            let mut invites = Vec::new();
            while let Some(row) = rows.next()? {
                invites.push(read_invite(row)?);
            }
            Ok(invites)
        })
        .await
    }

    /// Takes a link back: nobody comes in by it any more. False: the session has no such link.
    pub async fn remove_invite(&self, session: SessionId, id: InviteId) -> Result<bool, DbError> {
        self.call(move |connection| {
            let removed = connection
                .prepare_cached("DELETE FROM invites WHERE session = ?1 AND id = ?2")?
                .execute([session.as_str(), id.as_str()])?;
            Ok(removed == 1)
        })
        .await
    }
}

fn read_invite(row: &Row<'_>) -> Result<InviteRow, DbError> {
    Ok(InviteRow {
        id: read_id("an invite id", row.get("id")?)?,
        session: read_id("a session id", row.get("session")?)?,
        role: read_word("a role", row.get("role")?)?,
        slot: row.get("slot")?,
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        expires_ms: row.get::<_, i64>("expires_ms")? as u64,
    })
}
