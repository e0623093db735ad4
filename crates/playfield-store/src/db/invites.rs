//! Links into sessions.

use playfield_core::id::{InviteId, SessionId};
use playfield_core::permission::Permissions;
use rusqlite::{Row, params};

use super::words::{read_id, read_word, word};
use super::{Db, DbError, Hash, InviteRow};

/// Links of a session that let nobody in any more and are still known, so that who comes too late is told why.
const OVER_KEPT: u32 = 64;
/// When a link expires that is good as long as its session.
const NEVER: i64 = i64::MAX;

/// Of a link that lets people in at `?2`.
macro_rules! good {
    () => {
        "expires_ms > ?2 AND revoked_ms IS NULL AND (uses IS NULL OR used < uses)"
    };
}

impl Db {
    /// Writes down a link, unless its session has `most` that are good. False: it has.
    pub async fn insert_invite(&self, invite: InviteRow, token: Hash, most: u32) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let (session, now) = (invite.session.as_str(), invite.created_ms as i64);
            change
                .prepare_cached(concat!(
                    "DELETE FROM invites WHERE session = ?1 AND id IN (SELECT id FROM invites WHERE session = ?1 AND NOT (",
                    good!(),
                    ") ORDER BY coalesce(revoked_ms, expires_ms) DESC LIMIT -1 OFFSET ?3)"
                ))?
                .execute(params![session, now, OVER_KEPT])?;
            let good: u32 = change
                .prepare_cached(concat!("SELECT count(*) FROM invites WHERE session = ?1 AND ", good!()))?
                .query_row(params![session, now], |row| row.get(0))?;
            if good >= most {
                return Ok(false);
            }
            let (role, expires) = (word(invite.role), invite.expires_ms.map_or(NEVER, |ms| ms as i64));
            let InviteRow { id, slot, may, uses, stay_s, .. } = &invite;
            let (id, may) = (id.as_str(), may.map(Permissions::bits));
            change
                .prepare_cached(
                    "INSERT INTO invites (id, session, token, role, slot, created_ms, expires_ms, may, uses, stay_s)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![id, session, token, role, slot, now, expires, may, uses, stay_s])?;
            change.commit()?;
            Ok(true)
        })
        .await
    }

    /// The link whose secret has this hash; it may let nobody in any more.
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
            let mut find = connection.prepare_cached(concat!(
                "SELECT * FROM invites WHERE session = ?1 AND ",
                good!(),
                " ORDER BY created_ms DESC, id"
            ))?;
            let mut rows = find.query(params![session.as_str(), now_ms as i64])?;
            let mut invites = Vec::new();
            while let Some(row) = rows.next()? {
                invites.push(read_invite(row)?);
            }
            Ok(invites)
        })
        .await
    }

    /// Takes a link back: nobody comes in by it any more. False: the session has no such link, or it was taken back before.
    pub async fn revoke_invite(&self, session: SessionId, id: InviteId, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let revoked = connection
                .prepare_cached(
                    "UPDATE invites SET revoked_ms = ?3 WHERE session = ?1 AND id = ?2 AND revoked_ms IS NULL",
                )?
                .execute(params![session.as_str(), id.as_str(), now_ms as i64])?;
            Ok(revoked == 1)
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
        may: row.get::<_, Option<u8>>("may")?.map(Permissions::from_bits),
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        expires_ms: Some(row.get::<_, i64>("expires_ms")?).filter(|ms| *ms != NEVER).map(|ms| ms as u64),
        uses: row.get("uses")?,
        used: row.get("used")?,
        stay_s: row.get("stay_s")?,
        revoked: row.get::<_, Option<i64>>("revoked_ms")?.is_some(),
    })
}
