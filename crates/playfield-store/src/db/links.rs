//! Machines with cameras that came by a link, the codes they came with, and how far their journals were read.

use std::collections::HashMap;
use std::sync::Arc;

use playfield_core::id::{DeviceId, NodeId};
use playfield_core::link::Position;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::devices::insert_device;
use super::words::read_id;
use super::{Db, DbError, DeviceRow, Hash, NewDeviceEvent};

/// A machine that came by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its id.
    pub id: NodeId,
    /// What it said that it wants to be called.
    pub name: String,
    /// When it came first.
    pub created_ms: u64,
    /// When it was turned away, for good.
    pub revoked_ms: Option<u64>,
    /// When it was there last.
    pub seen_ms: Option<u64>,
    /// What it is and how it does, as JSON.
    pub machine: Option<String>,
}

/// Whether a code let somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// Machine and camera are written down.
    In,
    /// There is no such code, or its time is over; nothing was written.
    Unknown,
    /// Somebody came with it before; nothing was written.
    Used,
}

/// What a machine told, to be written down.
#[derive(Clone, Debug)]
pub struct NodeTold {
    /// The machine.
    pub node: NodeId,
    /// The journal it is from.
    pub journal: String,
    /// Its place there.
    pub seq: u64,
    /// The camera.
    pub device: DeviceId,
    /// What came of it: nothing, of a camera that is not the machine's.
    pub events: Vec<NewDeviceEvent>,
}

impl Db {
    /// Writes down a code, by its hash.
    pub async fn insert_enrolment(&self, code: Hash, now_ms: u64, expires_ms: u64) -> Result<(), DbError> {
        self.call(move |connection| {
            connection.execute("DELETE FROM enrolments WHERE expires_ms < ?1 AND node IS NULL", [now_ms as i64])?;
            connection.execute(
                "INSERT INTO enrolments (code, created_ms, expires_ms) VALUES (?1, ?2, ?3)",
                params![code, now_ms as i64, expires_ms as i64],
            )?;
            Ok(())
        })
        .await
    }

    /// Lets a machine and its first camera in, once for each code; without a code, by what was looked at elsewhere.
    pub async fn redeem(
        &self,
        code: Option<Hash>,
        node: NodeRow,
        token: Hash,
        device: DeviceRow,
    ) -> Result<Redeemed, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            if let Some(code) = code {
                let used = change
                    .query_row(
                        "SELECT node IS NOT NULL FROM enrolments WHERE code = ?1 AND expires_ms > ?2",
                        params![code, node.created_ms as i64],
                        |row| row.get::<_, bool>(0),
                    )
                    .optional()?;
                match used {
                    None => return Ok(Redeemed::Unknown),
                    Some(true) => return Ok(Redeemed::Used),
                    Some(false) => {}
                }
                change.execute("UPDATE enrolments SET node = ?2 WHERE code = ?1", params![code, node.id.as_str()])?;
            }
            insert_node(&change, &node, token)?;
            insert_device(&change, &device)?;
            change.commit()?;
            Ok(Redeemed::In)
        })
        .await
    }

    /// Lets a machine in that is known by this certificate; the first time it is written down, with its camera. Its id; none: it was
    /// turned away.
    pub async fn join_by_certificate(
        &self,
        certificate: Hash,
        node: NodeRow,
        token: Hash,
        device: DeviceRow,
    ) -> Result<Option<NodeId>, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let known = change
                .query_row(
                    "SELECT nodes.id, revoked_ms FROM enrolments JOIN nodes ON nodes.id = node WHERE code = ?1",
                    [certificate],
                    |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?)),
                )
                .optional()?;
            let id = match known {
                Some((_, Some(_))) => return Ok(None),
                Some((id, None)) => {
                    change.execute("UPDATE nodes SET token = ?2 WHERE id = ?1", params![id, token])?;
                    read_id("a node id", id)?
                }
                None => {
                    let at = node.created_ms as i64;
                    change.execute(
                        "INSERT INTO enrolments (code, created_ms, expires_ms, node) VALUES (?1, ?2, ?2, ?3)",
                        params![certificate, at, node.id.as_str()],
                    )?;
                    insert_node(&change, &node, token)?;
                    insert_device(&change, &device)?;
                    node.id
                }
            };
            change.commit()?;
            Ok(Some(id))
        })
        .await
    }

    /// The machine that has this token.
    pub async fn node_by_token(&self, token: Hash) -> Result<Option<NodeRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM nodes WHERE token = ?1")?;
            let mut rows = find.query([token])?;
            rows.next()?.map(read_node).transpose()
        })
        .await
    }

    /// A machine that came by a link.
    pub async fn node(&self, id: NodeId) -> Result<Option<NodeRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM nodes WHERE id = ?1")?;
            let mut rows = find.query([id.as_str()])?;
            rows.next()?.map(read_node).transpose()
        })
        .await
    }

    /// All machines that came by a link.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM nodes ORDER BY created_ms, id")?;
            let mut rows = find.query([])?;
            let mut nodes = Vec::new();
            while let Some(row) = rows.next()? {
                nodes.push(read_node(row)?);
            }
            Ok(nodes)
        })
        .await
    }

    /// Writes down how a machine does.
    pub async fn set_machine(&self, node: NodeId, machine: String, now_ms: u64) -> Result<(), DbError> {
        self.call(move |connection| {
            connection
                .prepare_cached("UPDATE nodes SET machine = ?2, seen_ms = ?3 WHERE id = ?1")?
                .execute(params![node.as_str(), machine, now_ms as i64])?;
            Ok(())
        })
        .await
    }

    /// How far a machine's journal was read, of one that comes with this journal now.
    pub async fn open_journal(&self, node: NodeId, journal: String) -> Result<Position, DbError> {
        self.call_told(move |change, tail| tail.open_journal(change, &node, &journal)).await
    }

    /// Writes down what machines told, each event once: all of it or nothing. How far each journal is read then.
    pub async fn take_told(&self, told: Arc<[NodeTold]>) -> Result<HashMap<NodeId, u64>, DbError> {
        self.call_told(move |change, tail| {
            told.iter().map(|told| Ok((told.node.clone(), tail.take(change, told)?))).collect()
        })
        .await
    }
}

fn insert_node(change: &Connection, node: &NodeRow, token: Hash) -> Result<(), DbError> {
    change.execute(
        "INSERT INTO nodes (id, name, token, created_ms) VALUES (?1, ?2, ?3, ?4)",
        params![node.id.as_str(), node.name, token, node.created_ms as i64],
    )?;
    change.execute("INSERT INTO positions (node, journal, stored, lost) VALUES (?1, '', 0, 0)", [node.id.as_str()])?;
    Ok(())
}

fn read_node(row: &Row<'_>) -> Result<NodeRow, DbError> {
    let time = |name: &str| Ok::<_, DbError>(row.get::<_, Option<i64>>(name)?.map(|ms| ms as u64));
    Ok(NodeRow {
        id: read_id("a node id", row.get("id")?)?,
        name: row.get("name")?,
        created_ms: time("created_ms")?.unwrap_or_default(),
        revoked_ms: time("revoked_ms")?,
        seen_ms: time("seen_ms")?,
        machine: row.get("machine")?,
    })
}
