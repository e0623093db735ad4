//! Sessions and their viewers.

use std::collections::BTreeMap;

use playfield_core::api::{EndReason, Role, SessionState};
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::people::{Person, Roster};
use playfield_core::permission::Permissions;
use rusqlite::{Connection, Row, named_params, params};

use super::words::{read_hash, read_id, read_word, word};
use super::{Admission, Caps, Db, DbError, Entry, Guests, Hash, NewSession, SessionRow, ViewerRow};

macro_rules! has_receipt {
    () => {
        "EXISTS (SELECT 1 FROM receipts WHERE session = sessions.id) AS has_receipt"
    };
}

impl Db {
    /// Writes down a session, as `activating`, and the viewer who asked for it, unless one of `caps` is reached. Counting
    /// and writing are one step: two requests at once cannot both take the last place.
    pub async fn insert_session(
        &self,
        session: NewSession,
        viewer: ViewerRow,
        token: Hash,
        caps: Caps,
    ) -> Result<Admission, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            if count(&change, "client", &session.client)? >= caps.per_client {
                return Ok(Admission::ClientFull);
            }
            if count(&change, "node", session.node.as_str())? >= caps.per_node {
                return Ok(Admission::NodeFull);
            }
            insert(&change, &session)?;
            insert_viewer(&change, &viewer, &token, None)?;
            change.commit()?;
            Ok(Admission::Admitted)
        })
        .await
    }

    /// Lets a further viewer into a session that exists, unless it has as many as `most` says, or its link let in as many as it
    /// may: counting and writing are one step. Where `client` has as many as it may, the one it came with first is forgotten: it
    /// takes no place from anybody else. The viewer's number is counted here.
    pub async fn insert_viewer(
        &self,
        viewer: ViewerRow,
        token: Hash,
        client: String,
        now_ms: u64,
        most: Guests,
    ) -> Result<Entry, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            change
                .prepare_cached(
                    "DELETE FROM viewers WHERE id IN (SELECT id FROM viewers WHERE session = ?1 AND client = ?2
                     ORDER BY created_ms DESC, id LIMIT -1 OFFSET ?3)",
                )?
                .execute(params![viewer.session.as_str(), client, most.of_client.saturating_sub(1)])?;
            let known: u32 = change
                .prepare_cached("SELECT count(*) FROM viewers WHERE session = ?1")?
                .query_row([viewer.session.as_str()], |row| row.get(0))?;
            if known >= most.of_session {
                return Ok(Entry::Full);
            }
            if let Some(invite) = &viewer.invite {
                let used = change
                    .prepare_cached(
                        "UPDATE invites SET used = used + 1 WHERE id = ?1 AND session = ?2 AND revoked_ms IS NULL
                         AND (uses IS NULL OR used < uses)",
                    )?
                    .execute([invite.as_str(), viewer.session.as_str()])?;
                if used == 0 {
                    return Ok(Entry::UsedUp);
                }
            }
            let number: u32 = change
                .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM viewers WHERE session = ?1")?
                .query_row([viewer.session.as_str()], |row| row.get(0))?;
            let person = Person { number, ..viewer.person.clone() };
            insert_viewer(&change, &ViewerRow { person, ..viewer }, &token, Some((&client, now_ms)))?;
            change.commit()?;
            Ok(Entry::In(number))
        })
        .await
    }

    /// A viewer left for good: its token is good no more.
    pub async fn remove_viewer(&self, id: ViewerId) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.prepare_cached("DELETE FROM viewers WHERE id = ?1")?.execute([id.as_str()])?;
            Ok(())
        })
        .await
    }

    /// The host removes a viewer: its token is known as that of somebody who was removed, and the link it came by lets nobody in any
    /// more. False: the session has no such viewer.
    pub async fn dismiss_viewer(&self, session: SessionId, id: ViewerId, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let which = params![session.as_str(), id.as_str(), now_ms as i64];
            let known = change
                .prepare_cached(
                    "UPDATE viewers SET removed_ms = coalesce(removed_ms, ?3) WHERE session = ?1 AND id = ?2",
                )?
                .execute(which)?;
            change
                .prepare_cached(
                    "UPDATE invites SET revoked_ms = coalesce(revoked_ms, ?3) WHERE session = ?1
                     AND id = (SELECT invite FROM viewers WHERE session = ?1 AND id = ?2)",
                )?
                .execute(which)?;
            change.commit()?;
            Ok(known == 1)
        })
        .await
    }

    /// What the people of a session are now, unless something newer was written. Those who are not named stay as they were.
    pub async fn put_roster(&self, session: SessionId, roster: Roster) -> Result<(), DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let newer = change
                .prepare_cached("UPDATE sessions SET roster = ?2 WHERE id = ?1 AND roster < ?2")?
                .execute(params![session.as_str(), roster.revision as i64])?;
            if newer == 0 {
                return Ok(());
            }
            let host = roster.people.iter().find(|person| person.role == Role::Host);
            if let Some(host) = host {
                change
                    .prepare_cached(
                        "UPDATE viewers SET role = ?3 WHERE session = ?1 AND role = ?4 AND id != ?2 AND removed_ms IS NULL",
                    )?
                    .execute(params![session.as_str(), host.viewer.as_str(), word(Role::Player), word(Role::Host)])?;
            }
            let mut put = change.prepare_cached(
                "UPDATE viewers SET role = ?3, slot = ?4, may = ?5, name = ?6, expires_ms = ?7
                 WHERE session = ?1 AND id = ?2",
            )?;
            for Person { viewer, role, slot, may, name, expires_ms, number: _ } in &roster.people {
                let (may, expires) = (may.map(Permissions::bits), expires_ms.map(|ms| ms as i64));
                put.execute(params![session.as_str(), viewer.as_str(), word(*role), slot, may, name, expires])?;
            }
            drop(put);
            change.commit()?;
            Ok(())
        })
        .await
    }

    /// Puts a session into another state. False: there is no such session, or it has ended, and an end is the end.
    pub async fn set_session_state(
        &self,
        id: SessionId,
        state: SessionState,
        reason: Option<EndReason>,
        detail: Option<String>,
        now_ms: u64,
    ) -> Result<bool, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached(
                    "UPDATE sessions SET state = :state, reason = :reason, detail = :detail, ended_ms = :ended
                     WHERE id = :id AND ended_ms IS NULL",
                )?
                .execute(named_params! {
                    ":id": id.as_str(),
                    ":state": word(state),
                    ":reason": reason.map(word),
                    ":detail": detail,
                    ":ended": state.is_final().then_some(now_ms as i64),
                })?;
            Ok(changed == 1)
        })
        .await
    }

    /// The session went on in another worker. False: there is no such session, or it has ended.
    pub async fn count_resume(&self, id: SessionId) -> Result<bool, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached("UPDATE sessions SET resumes = resumes + 1 WHERE id = ?1 AND ended_ms IS NULL")?
                .execute([id.as_str()])?;
            Ok(changed == 1)
        })
        .await
    }

    /// A session.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRow>, DbError> {
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached(concat!("SELECT *, ", has_receipt!(), " FROM sessions WHERE id = ?1"))?;
            let mut rows = find.query([id.as_str()])?;
            rows.next()?.map(read_session).transpose()
        })
        .await
    }

    /// The newest sessions, newest first.
    pub async fn recent_sessions(&self, most: u32) -> Result<Vec<SessionRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(concat!(
                "SELECT *, ",
                has_receipt!(),
                " FROM sessions ORDER BY created_ms DESC, id LIMIT ?1"
            ))?;
            let mut rows = find.query([most])?;
            let mut sessions = Vec::new();
            while let Some(row) = rows.next()? {
                sessions.push(read_session(row)?);
            }
            Ok(sessions)
        })
        .await
    }

    /// Sessions of a title in which somebody plays, the oldest first.
    pub async fn played_sessions(&self, title: String) -> Result<Vec<SessionRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(concat!(
                "SELECT *, ",
                has_receipt!(),
                " FROM sessions WHERE title = ?1 AND state = ?2 AND ended_ms IS NULL ORDER BY created_ms, id"
            ))?;
            let mut rows = find.query(params![title, word(SessionState::Connected)])?;
            let mut sessions = Vec::new();
            while let Some(row) = rows.next()? {
                sessions.push(read_session(row)?);
            }
            Ok(sessions)
        })
        .await
    }

    /// How many sessions a client address has open.
    pub async fn open_sessions_of(&self, client: String) -> Result<u32, DbError> {
        self.call(move |connection| count(connection, "client", &client)).await
    }

    /// How many sessions are open, by state.
    pub async fn open_sessions(&self) -> Result<BTreeMap<String, u64>, DbError> {
        self.call(|connection| {
            let mut find = connection
                .prepare_cached("SELECT state, count(*) FROM sessions WHERE ended_ms IS NULL GROUP BY state")?;
            let rows = find.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// For the start of a process: sessions that an earlier one left open become `terminated`, `internalError`, with
    /// `detail`; requests it left unanswered are forgotten. Returns how many sessions.
    pub async fn close_orphans(&self, detail: String, now_ms: u64) -> Result<usize, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            change.execute("DELETE FROM idempotency WHERE response IS NULL", [])?;
            let closed = change.execute(
                "UPDATE sessions SET state = ?1, reason = ?2, detail = ?3, ended_ms = ?4 WHERE ended_ms IS NULL",
                params![word(SessionState::Terminated), word(EndReason::InternalError), detail, now_ms as i64],
            )?;
            change.commit()?;
            Ok(closed)
        })
        .await
    }

    /// Forgets sessions that ended before `before_ms`, with their viewers and receipts. Returns how many.
    pub async fn forget_sessions(&self, before_ms: u64) -> Result<usize, DbError> {
        self.call(move |connection| {
            Ok(connection.execute("DELETE FROM sessions WHERE ended_ms < ?1", [before_ms as i64])?)
        })
        .await
    }

    /// The viewer whose token has this hash.
    pub async fn viewer_by_token(&self, token: Hash) -> Result<Option<ViewerRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM viewers WHERE token = ?1")?;
            let mut rows = find.query([token])?;
            rows.next()?.map(read_viewer).transpose()
        })
        .await
    }
}

/// Open sessions with `value` in `column`.
fn count(connection: &Connection, column: &'static str, value: &str) -> Result<u32, DbError> {
    let question = format!("SELECT count(*) FROM sessions WHERE ended_ms IS NULL AND {column} = ?1");
    Ok(connection.prepare_cached(&question)?.query_row([value], |row| row.get(0))?)
}

fn insert(connection: &Connection, session: &NewSession) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "INSERT INTO sessions (id, title, module, node, client, profile, storage_bytes, state, created_ms)
             VALUES (:id, :title, :module, :node, :client, :profile, :storage_bytes, :state, :created_ms)",
        )?
        .execute(named_params! {
            ":id": session.id.as_str(),
            ":title": session.title,
            ":module": session.module,
            ":node": session.node.as_str(),
            ":client": session.client,
            ":profile": session.profile,
            ":storage_bytes": session.storage_bytes as i64,
            ":state": word(SessionState::Activating),
            ":created_ms": session.created_ms as i64,
        })?;
    Ok(())
}

/// Writes down a viewer, and of a guest the client and the time it came. A client's guests stay in the order they came in, also
/// where the clock stands still or is put back.
fn insert_viewer(
    connection: &Connection,
    viewer: &ViewerRow,
    token: &Hash,
    guest: Option<(&str, u64)>,
) -> Result<(), DbError> {
    let ViewerRow { session, person, invite, removed: _ } = viewer;
    let Person { viewer: id, role, slot, may, name, number, expires_ms } = person;
    let (may, expires) = (may.map(Permissions::bits), expires_ms.map(|ms| ms as i64));
    let (client, created_ms) = guest.map_or((None, 0), |(client, now_ms)| (Some(client), now_ms as i64));
    connection
        .prepare_cached(
            "INSERT INTO viewers (id, session, token, role, slot, client, created_ms, may, name, number, expires_ms, invite)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6,
             max(?7, (SELECT coalesce(max(created_ms) + 1, 0) FROM viewers WHERE session = ?2 AND client = ?6)),
             ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            id.as_str(),
            session.as_str(),
            token,
            word(*role),
            slot,
            client,
            created_ms,
            may,
            name,
            number,
            expires,
            invite.as_ref().map(|invite| invite.as_str()),
        ])?;
    Ok(())
}

fn read_session(row: &Row<'_>) -> Result<SessionRow, DbError> {
    let reason: Option<String> = row.get("reason")?;
    Ok(SessionRow {
        id: read_id("a session id", row.get("id")?)?,
        title: row.get("title")?,
        module: row.get("module")?,
        node: read_id("a node id", row.get("node")?)?,
        profile: read_hash(row, "profile")?,
        storage_bytes: row.get::<_, i64>("storage_bytes")? as u64,
        state: read_word("a session state", row.get("state")?)?,
        reason: reason.map(|word| read_word("an end reason", word)).transpose()?,
        detail: row.get("detail")?,
        resumes: row.get("resumes")?,
        has_receipt: row.get("has_receipt")?,
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        ended_ms: row.get::<_, Option<i64>>("ended_ms")?.map(|ms| ms as u64),
    })
}

fn read_viewer(row: &Row<'_>) -> Result<ViewerRow, DbError> {
    let invite: Option<String> = row.get("invite")?;
    let person = Person {
        viewer: read_id("a viewer id", row.get("id")?)?,
        role: read_word("a role", row.get("role")?)?,
        slot: row.get("slot")?,
        may: row.get::<_, Option<u8>>("may")?.map(Permissions::from_bits),
        name: row.get("name")?,
        number: row.get("number")?,
        expires_ms: row.get::<_, Option<i64>>("expires_ms")?.map(|ms| ms as u64),
    };
    Ok(ViewerRow {
        session: read_id("a session id", row.get("session")?)?,
        person,
        invite: invite.map(|id| read_id("an invite id", id)).transpose()?,
        removed: row.get::<_, Option<i64>>("removed_ms")?.is_some(),
    })
}
