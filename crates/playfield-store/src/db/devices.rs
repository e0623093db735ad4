//! Cameras, what they told, and what was counted.

use std::collections::HashMap;
use std::ops::Range;

use playfield_core::api::SessionState;
use playfield_core::id::{DeviceId, GrantId, NodeId};
use rusqlite::{Connection, Row, Rows, params};

use super::tail::Tail;
use super::words::{read_id, word};
use super::{Db, DbError, DeviceCount, DeviceEventRow, DeviceRow, GrantRow, NewDeviceEvent, NewSession};

/// Events that are looked through at once for those that are to be forgotten.
const AT_ONCE: i64 = 4_096;

impl Db {
    /// Writes down a new device. False: there is one of that id.
    pub async fn insert_device(&self, device: DeviceRow) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let inserted = insert_device(&change, &device)?;
            change.commit()?;
            Ok(inserted)
        })
        .await
    }

    /// All devices, the oldest first; those too that were turned away.
    pub async fn devices(&self) -> Result<Vec<DeviceRow>, DbError> {
        self.call(move |connection| {
            read_devices(connection.prepare_cached("SELECT * FROM devices ORDER BY created_ms, id")?.query([])?)
        })
        .await
    }

    /// The devices of a machine, the oldest first; those too that were turned away.
    pub async fn devices_of(&self, node: NodeId) -> Result<Vec<DeviceRow>, DbError> {
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT * FROM devices WHERE node = ?1 ORDER BY created_ms, id")?;
            read_devices(find.query([node.as_str()])?)
        })
        .await
    }

    /// A device.
    pub async fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM devices WHERE id = ?1")?;
            let mut rows = find.query([id.as_str()])?;
            rows.next()?.map(read_device).transpose()
        })
        .await
    }

    /// Changes what a device is to do, if nobody did since `version`. The new version; none: somebody did, or there is no such
    /// device.
    pub async fn set_desired(&self, id: DeviceId, version: u32, desired: String) -> Result<Option<u32>, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached(
                    "UPDATE devices SET desired = ?3, version = version + 1 WHERE id = ?1 AND version = ?2",
                )?
                .execute(params![id.as_str(), version, desired])?;
            Ok((changed == 1).then_some(version + 1))
        })
        .await
    }

    /// What a device is to do means another thing now, though it is the same words: it has a new version.
    pub async fn touch_device(&self, id: DeviceId) -> Result<bool, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached("UPDATE devices SET version = version + 1 WHERE id = ?1")?
                .execute([id.as_str()])?;
            Ok(changed == 1)
        })
        .await
    }

    /// Gives a device another name. False: there is no such device.
    pub async fn rename_device(&self, id: DeviceId, name: String) -> Result<bool, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached("UPDATE devices SET name = ?2 WHERE id = ?1")?
                .execute(params![id.as_str(), name])?;
            Ok(changed == 1)
        })
        .await
    }

    /// Sorts a device anew. False: there is no such device.
    pub async fn set_tags(&self, id: DeviceId, tags: Vec<String>) -> Result<bool, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached("UPDATE devices SET tags = ?2 WHERE id = ?1")?
                .execute(params![id.as_str(), tags.join("\n")])?;
            Ok(changed == 1)
        })
        .await
    }

    /// Turns a device away for good, and its machine with the last of its devices. False: it was before, or there is none.
    pub async fn revoke_device(&self, id: DeviceId, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let revoked = change
                .prepare_cached("UPDATE devices SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL")?
                .execute(params![id.as_str(), now_ms as i64])?;
            change
                .prepare_cached(
                    "UPDATE nodes SET revoked_ms = ?2 WHERE id = (SELECT node FROM devices WHERE id = ?1)
                     AND revoked_ms IS NULL
                     AND NOT EXISTS (SELECT 1 FROM devices WHERE node = nodes.id AND revoked_ms IS NULL)",
                )?
                .execute(params![id.as_str(), now_ms as i64])?;
            change.commit()?;
            Ok(revoked == 1)
        })
        .await
    }

    /// Keeps what is known of a device's model, as JSON. False: there is no such device.
    pub async fn set_model(&self, id: DeviceId, model: String) -> Result<bool, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached("UPDATE devices SET model = ?2 WHERE id = ?1")?
                .execute(params![id.as_str(), model])?;
            Ok(changed == 1)
        })
        .await
    }

    /// What is known of the models of devices, as JSON.
    pub async fn models(&self) -> Result<Vec<(DeviceId, String)>, DbError> {
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT id, model FROM devices WHERE model IS NOT NULL ORDER BY id")?;
            let mut rows = find.query([])?;
            let mut models = Vec::new();
            while let Some(row) = rows.next()? {
                models.push((read_id("a device id", row.get(0)?)?, row.get(1)?));
            }
            Ok(models)
        })
        .await
    }

    /// Writes down what a device told, in this order, and counts it: all of it or nothing. The number of the last one; none: there
    /// is no such device.
    pub async fn insert_device_events(
        &self,
        id: DeviceId,
        events: Vec<NewDeviceEvent>,
    ) -> Result<Option<u64>, DbError> {
        self.call_told(move |change, tail| tail.insert(change, &id, &events)).await
    }

    /// Puts what a device told where it is looked for. A disk that is full keeps nobody from reading what is there already.
    async fn settle_device(&self, id: &DeviceId) {
        let id = id.clone();
        let _ = self.call_told(move |change, tail| tail.settle(change, &id)).await;
    }

    /// What a device told, the newest first: at most `most` of those before `before`.
    pub async fn device_events(
        &self,
        id: DeviceId,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<DeviceEventRow>, DbError> {
        self.settle_device(&id).await;
        self.call(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT number, device, seq, time_ms, received_ms, offset_ms, event
                 FROM event_places JOIN device_events USING (number, device, seq)
                 WHERE event_places.device = ?1 AND event_places.seq < ?2 ORDER BY event_places.seq DESC LIMIT ?3",
            )?;
            let before = before.map_or(i64::MAX, up_to);
            read_events(find.query(params![id.as_str(), before, most])?)
        })
        .await
    }

    /// What a device told after this number of its own, the oldest first: at most `most`.
    pub async fn device_events_after(
        &self,
        id: DeviceId,
        after_seq: u64,
        most: u32,
    ) -> Result<Vec<DeviceEventRow>, DbError> {
        self.settle_device(&id).await;
        self.call(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT number, device, seq, time_ms, received_ms, offset_ms, event
                 FROM event_places JOIN device_events USING (number, device, seq)
                 WHERE event_places.device = ?1 AND event_places.seq > ?2 ORDER BY event_places.seq LIMIT ?3",
            )?;
            read_events(find.query(params![id.as_str(), up_to(after_seq), most])?)
        })
        .await
    }

    /// What all devices told after this number, the oldest first: at most `most`.
    pub async fn events_after(&self, after: u64, most: u32) -> Result<Vec<DeviceEventRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT number, device, seq, time_ms, received_ms, offset_ms, event FROM device_events
                 WHERE number > ?1 ORDER BY number LIMIT ?2",
            )?;
            read_events(find.query(params![up_to(after), most])?)
        })
        .await
    }

    /// The number of what was written down last; 0: nothing is there.
    pub async fn newest_event(&self) -> Result<u64, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT max(number) FROM device_events")?;
            Ok(find.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0) as u64)
        })
        .await
    }

    /// What was counted from this minute on, oldest first.
    pub async fn device_counts(&self, id: DeviceId, from_minute: u64) -> Result<Vec<DeviceCount>, DbError> {
        self.settle_device(&id).await;
        self.call(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT what, minute, count FROM device_counts WHERE device = ?1 AND minute >= ?2 ORDER BY minute, what",
            )?;
            let mut rows = find.query(params![id.as_str(), from_minute as i64])?;
            let mut counts = Vec::new();
            while let Some(row) = rows.next()? {
                let number = |row: &Row<'_>, at| Ok::<_, DbError>(row.get::<_, i64>(at)? as u64);
                counts.push(DeviceCount { what: row.get(0)?, minute: number(row, 1)?, count: number(row, 2)? });
            }
            Ok(counts)
        })
        .await
    }

    /// Writes down the session that a camera runs as: nobody is its host.
    pub async fn insert_device_session(&self, session: NewSession) -> Result<(), DbError> {
        self.call(move |connection| {
            let NewSession { id, title, module, node, client, created_ms, .. } = session;
            connection
                .prepare_cached(
                    "INSERT INTO sessions (id, title, module, node, client, storage_bytes, state, created_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)",
                )?
                .execute(params![
                    id.as_str(),
                    title,
                    module,
                    node.as_str(),
                    client,
                    word(SessionState::Activating),
                    created_ms as i64
                ])?;
            Ok(())
        })
        .await
    }

    /// Writes down the session that a camera of another machine is at work in; it may have been known before, of that machine.
    pub async fn open_device_session(&self, session: NewSession) -> Result<bool, DbError> {
        self.call(move |connection| {
            let NewSession { id, title, module, node, client, created_ms, .. } = session;
            let changed = connection
                .prepare_cached(
                    "INSERT INTO sessions (id, title, module, node, client, storage_bytes, state, created_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)
                     ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = NULL, detail = NULL, ended_ms = NULL
                     WHERE node = excluded.node AND client = excluded.client",
                )?
                .execute(params![
                    id.as_str(),
                    title,
                    module,
                    node.as_str(),
                    client,
                    word(SessionState::Active),
                    created_ms as i64
                ])?;
            Ok(changed == 1)
        })
        .await
    }

    /// Writes down that somebody may see a camera's pictures.
    pub async fn insert_grant(&self, grant: GrantRow) -> Result<(), DbError> {
        self.call(move |connection| insert_grant(connection, &grant)).await
    }

    /// Who might see a camera's pictures, and when: the newest first. It is never forgotten while the camera is known.
    pub async fn grants(&self, device: DeviceId, most: u32) -> Result<Vec<GrantRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection
                .prepare_cached("SELECT * FROM grants WHERE device = ?1 ORDER BY created_ms DESC, id LIMIT ?2")?;
            let mut rows = find.query(params![device.as_str(), most])?;
            let mut grants = Vec::new();
            while let Some(row) = rows.next()? {
                grants.push(read_grant(row)?);
            }
            Ok(grants)
        })
        .await
    }

    /// Takes leave back. The grant, where it was still good.
    pub async fn end_grant(&self, device: DeviceId, id: GrantId, now_ms: u64) -> Result<Option<GrantRow>, DbError> {
        self.call(move |connection| {
            let mut end = connection.prepare_cached(
                "UPDATE grants SET ended_ms = ?3
                 WHERE device = ?1 AND id = ?2 AND ended_ms IS NULL AND expires_ms > ?3 RETURNING *",
            )?;
            let mut rows = end.query(params![device.as_str(), id.as_str(), now_ms as i64])?;
            rows.next()?.map(read_grant).transpose()
        })
        .await
    }

    /// Forgets what was taken down before this time, and of each device all but the `newest`. Returns how many. It takes the
    /// database for a little of that at a time. What was not settled yet of a device may be left for the next time.
    pub async fn forget_device_events(&self, before_ms: u64, newest: u32) -> Result<usize, DbError> {
        let mut numbers = self.call(move |connection| may_be_forgotten(connection, before_ms, newest)).await?;
        let (mut forgotten, mut last) = (0, HashMap::new());
        while !numbers.is_empty() {
            let slice = numbers.start..(numbers.start + AT_ONCE).min(numbers.end);
            numbers.start = slice.end;
            let old = self.call_told(move |change, tail| forget(change, tail, slice, before_ms, newest)).await?;
            forgotten += old.len();
            // In the order of their numbers: the last one of a device is what stays.
            last.extend(old);
        }
        for device in self.devices().await? {
            let last = last.remove(device.id.as_str());
            self.call(move |connection| forget_places(connection, &device.id, last, before_ms / 60_000)).await?;
        }
        Ok(forgotten)
    }
}

/// The numbers of events among which are all that are to be forgotten.
fn may_be_forgotten(connection: &Connection, before_ms: u64, newest: u32) -> Result<Range<i64>, DbError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let (oldest, end) =
        (number("SELECT min(number) FROM device_events")?, number("SELECT max(number) FROM device_events")?);
    let (Some(oldest), Some(end)) = (oldest, end) else { return Ok(0..0) };
    // They were taken down in the order of their numbers, unless the clock was set meanwhile; then it is for another time.
    let mut find =
        connection.prepare("SELECT received_ms < ?2 FROM device_events WHERE number >= ?1 ORDER BY number LIMIT 1")?;
    let (mut old, mut young) = (oldest, end + 1);
    while old < young {
        let middle = old + (young - old) / 2;
        match find.query_row(params![middle, before_ms as i64], |row| row.get(0))? {
            true => old = middle + 1,
            false => young = middle,
        }
    }
    let many: Option<i64> = connection.query_row(
        "SELECT max((SELECT number FROM event_places WHERE event_places.device = told.device AND seq <= told.seq - ?1
             ORDER BY seq DESC LIMIT 1)) FROM told",
        [newest],
        |row| row.get(0),
    )?;
    Ok(oldest..young.max(many.map_or(0, |number| number + 1)))
}

/// Forgets events of these numbers: of each its device, and its place among those of its device.
fn forget(
    change: &Connection,
    tail: &mut Tail,
    numbers: Range<i64>,
    before_ms: u64,
    newest: u32,
) -> Result<Vec<(String, i64)>, DbError> {
    let mut forget = change.prepare_cached(
        "DELETE FROM device_events WHERE number >= ?1 AND number < ?2
             AND (received_ms < ?3 OR seq <= (SELECT seq FROM told WHERE told.device = device_events.device) - ?4)
         RETURNING device, seq, number",
    )?;
    let rows = forget.query_map(params![numbers.start, numbers.end, before_ms as i64, newest], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    for (device, _, number) in &rows {
        // It is counted all the same.
        if !tail.is_settled(*number) {
            tail.settle(change, &read_id("a device id", device.clone())?)?;
        }
    }
    Ok(rows.into_iter().map(|(device, seq, _)| (device, seq)).collect())
}

/// Forgets where the events of a device were, up to the last one that was forgotten, and what was counted before this minute.
fn forget_places(connection: &Connection, id: &DeviceId, last: Option<i64>, before: u64) -> Result<(), DbError> {
    if let Some(last) = last {
        connection
            .prepare_cached(
                "DELETE FROM event_places WHERE device = ?1 AND seq <= ?2
                 AND NOT EXISTS (SELECT 1 FROM device_events WHERE device_events.number = event_places.number)",
            )?
            .execute(params![id.as_str(), last])?;
    }
    connection
        .prepare_cached("DELETE FROM device_counts WHERE device = ?1 AND minute < ?2")?
        .execute(params![id.as_str(), before as i64])?;
    Ok(())
}

/// Writes down a device. False: there is one of that id.
pub(super) fn insert_device(connection: &Connection, device: &DeviceRow) -> Result<bool, DbError> {
    let DeviceRow { id, name, node, desired, version, created_ms, tags, .. } = device;
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO devices (id, name, node, desired, version, created_ms, tags)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![id.as_str(), name, node.as_str(), desired, version, *created_ms as i64, tags.join("\n")])?;
    if inserted == 1 {
        connection.prepare_cached("INSERT INTO told (device, seq) VALUES (?1, 0)")?.execute([id.as_str()])?;
    }
    Ok(inserted == 1)
}

/// Writes down that somebody may see a camera's pictures.
pub(super) fn insert_grant(connection: &Connection, grant: &GrantRow) -> Result<(), DbError> {
    let GrantRow { id, device, reason, client, viewer, created_ms, expires_ms, .. } = grant;
    connection
        .prepare_cached(
            "INSERT INTO grants (id, device, reason, client, viewer, created_ms, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            id.as_str(),
            device.as_str(),
            reason,
            client,
            viewer.as_str(),
            *created_ms as i64,
            *expires_ms as i64
        ])?;
    Ok(())
}

/// A number that a caller made up, as SQLite can compare it.
pub(super) fn up_to(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Of rows of `number, device, seq, time_ms, received_ms, offset_ms, event`: by place, as there are many.
fn read_events(mut rows: Rows<'_>) -> Result<Vec<DeviceEventRow>, DbError> {
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(DeviceEventRow {
            number: row.get::<_, i64>(0)? as u64,
            device: read_id("a device id", row.get(1)?)?,
            seq: row.get::<_, i64>(2)? as u64,
            time_ms: row.get::<_, i64>(3)? as u64,
            received_ms: row.get::<_, i64>(4)? as u64,
            offset_ms: row.get(5)?,
            event: row.get(6)?,
        });
    }
    Ok(events)
}

fn read_devices(mut rows: Rows<'_>) -> Result<Vec<DeviceRow>, DbError> {
    let mut devices = Vec::new();
    while let Some(row) = rows.next()? {
        devices.push(read_device(row)?);
    }
    Ok(devices)
}

fn read_device(row: &Row<'_>) -> Result<DeviceRow, DbError> {
    Ok(DeviceRow {
        id: read_id("a device id", row.get("id")?)?,
        name: row.get("name")?,
        node: read_id("a node id", row.get("node")?)?,
        desired: row.get("desired")?,
        version: row.get("version")?,
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        revoked_ms: row.get::<_, Option<i64>>("revoked_ms")?.map(|ms| ms as u64),
        tags: row.get::<_, String>("tags")?.lines().map(str::to_owned).collect(),
    })
}

pub(super) fn read_grant(row: &Row<'_>) -> Result<GrantRow, DbError> {
    Ok(GrantRow {
        id: read_id("a grant id", row.get("id")?)?,
        device: read_id("a device id", row.get("device")?)?,
        reason: row.get("reason")?,
        client: row.get("client")?,
        viewer: read_id("a viewer id", row.get("viewer")?)?,
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        expires_ms: row.get::<_, i64>("expires_ms")? as u64,
        ended_ms: row.get::<_, Option<i64>>("ended_ms")?.map(|ms| ms as u64),
    })
}
