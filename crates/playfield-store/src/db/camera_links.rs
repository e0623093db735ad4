//! Links by which browsers are cameras. They stay on record once they are over.

use playfield_core::id::{CameraLinkId, DeviceId};
use rusqlite::{Row, params};

use super::words::read_id;
use super::{Db, DbError, Hash};

/// A link by which a browser is a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraLinkRow {
    /// Its id.
    pub id: CameraLinkId,
    /// The camera.
    pub device: DeviceId,
    /// The address that asked for it.
    pub client: String,
    /// When.
    pub created_ms: u64,
    /// When it is over; none: once it is taken back.
    pub expires_ms: Option<u64>,
    /// When it was taken back.
    pub ended_ms: Option<u64>,
    /// When somebody came by it last, and from which address.
    pub used: Option<(u64, String)>,
}

impl Db {
    /// Writes down a link, unless its camera has `most` that are good. False: it has.
    pub async fn insert_camera_link(&self, link: CameraLinkRow, token: Hash, most: u32) -> Result<bool, DbError> {
        self.call(move |connection| {
            let CameraLinkRow { id, device, client, created_ms, expires_ms, .. } = link;
            let made = connection
                .prepare_cached(
                    "INSERT INTO camera_links (id, device, token, client, created_ms, expires_ms)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM camera_links
                         WHERE device = ?2 AND ended_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?5)) < ?7",
                )?
                .execute(params![
                    id.as_str(),
                    device.as_str(),
                    token,
                    client,
                    created_ms as i64,
                    expires_ms.map(|ms| ms as i64),
                    most
                ])?;
            Ok(made == 1)
        })
        .await
    }

    /// The link whose secret has this hash; it may be over.
    pub async fn camera_link_by_token(&self, token: Hash) -> Result<Option<CameraLinkRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM camera_links WHERE token = ?1")?;
            let mut rows = find.query([token])?;
            rows.next()?.map(read_link).transpose()
        })
        .await
    }

    /// The links of a camera, also those that are over, the newest first.
    pub async fn camera_links(&self, device: DeviceId, most: u32) -> Result<Vec<CameraLinkRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection
                .prepare_cached("SELECT * FROM camera_links WHERE device = ?1 ORDER BY created_ms DESC, id LIMIT ?2")?;
            let mut rows = find.query(params![device.as_str(), most])?;
            let mut links = Vec::new();
            while let Some(row) = rows.next()? {
                links.push(read_link(row)?);
            }
            Ok(links)
        })
        .await
    }

    /// Somebody came by a link.
    pub async fn use_camera_link(&self, id: CameraLinkId, client: String, now_ms: u64) -> Result<(), DbError> {
        self.call(move |connection| {
            connection
                .prepare_cached("UPDATE camera_links SET used_ms = ?2, used_by = ?3 WHERE id = ?1")?
                .execute(params![id.as_str(), now_ms as i64, client])?;
            Ok(())
        })
        .await
    }

    /// Takes a link back. False: the camera has no such link, or it was over before.
    pub async fn end_camera_link(&self, device: DeviceId, id: CameraLinkId, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let ended = connection
                .prepare_cached(
                    "UPDATE camera_links SET ended_ms = ?3 WHERE device = ?1 AND id = ?2 AND ended_ms IS NULL
                     AND (expires_ms IS NULL OR expires_ms > ?3)",
                )?
                .execute(params![device.as_str(), id.as_str(), now_ms as i64])?;
            Ok(ended == 1)
        })
        .await
    }
}

fn read_link(row: &Row<'_>) -> Result<CameraLinkRow, DbError> {
    let time = |name: &str| Ok::<_, DbError>(row.get::<_, Option<i64>>(name)?.map(|ms| ms as u64));
    Ok(CameraLinkRow {
        id: read_id("a camera link id", row.get("id")?)?,
        device: read_id("a device id", row.get("device")?)?,
        client: row.get("client")?,
        created_ms: time("created_ms")?.unwrap_or_default(),
        expires_ms: time("expires_ms")?,
        ended_ms: time("ended_ms")?,
        used: time("used_ms")?.zip(row.get("used_by")?),
    })
}
