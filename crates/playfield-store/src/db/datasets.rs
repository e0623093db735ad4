//! Datasets: pictures of cameras that are kept, by somebody's leave.
//!
//! The bytes of a picture come into the blob store and are let go of as those of saved states: [`super::states`] says how.

use playfield_core::id::{DeviceId, GrantId};
use rusqlite::{OptionalExtension, Row, Rows, Transaction, params};

use super::devices::{insert_grant, read_grant};
use super::words::read_id;
use super::{Db, DbError, GrantRow};
use crate::blob::BlobId;

/// A dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetRow {
    /// By what leave: its id is the dataset's.
    pub grant: GrantRow,
    /// A picture is taken each so many milliseconds.
    pub every_ms: u32,
    /// Pictures so far.
    pub pictures: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// A picture of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRow {
    /// Its place, from 1; given when it is written down.
    pub seq: u64,
    /// Its width and height.
    pub size: [u16; 2],
    /// Its bytes, in the blob store.
    pub blob: BlobId,
    /// How many.
    pub bytes: u64,
    /// What was found in it, as JSON of [`Found`](playfield_core::dataset::Found).
    pub found: String,
}

/// Whether a picture was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutSample {
    /// It is durable.
    Stored,
    /// Leave is over, or was taken back.
    Over,
    /// It would be too much; nothing changed.
    Full,
}

/// Datasets as they are listed.
const LIST: &str = "SELECT grants.*, datasets.every_ms,
        (SELECT count(*) FROM samples WHERE dataset = datasets.id) AS pictures,
        (SELECT coalesce(sum(bytes), 0) FROM samples WHERE dataset = datasets.id) AS bytes
    FROM datasets JOIN grants USING (id)";

impl Db {
    /// Writes down that pictures of a camera may be kept, one each `every_ms`.
    pub async fn insert_dataset(&self, grant: GrantRow, every_ms: u32) -> Result<(), DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            insert_grant(&change, &grant)?;
            change
                .prepare_cached("INSERT INTO datasets (id, every_ms) VALUES (?1, ?2)")?
                .execute(params![grant.id.as_str(), every_ms])?;
            Ok(change.commit()?)
        })
        .await
    }

    /// Datasets of a camera, the newest first.
    pub async fn datasets(&self, device: DeviceId, most: u32) -> Result<Vec<DatasetRow>, DbError> {
        self.call(move |connection| {
            let list = format!("{LIST} WHERE device = ?1 ORDER BY created_ms DESC, id LIMIT ?2");
            read_datasets(connection.prepare_cached(&list)?.query(params![device.as_str(), most])?)
        })
        .await
    }

    /// Datasets that pictures are added to now.
    pub async fn datasets_open(&self, now_ms: u64) -> Result<Vec<DatasetRow>, DbError> {
        self.call(move |connection| {
            let list = format!("{LIST} WHERE ended_ms IS NULL AND expires_ms > ?1 ORDER BY created_ms, id");
            read_datasets(connection.prepare_cached(&list)?.query([now_ms as i64])?)
        })
        .await
    }

    /// A dataset of a camera.
    pub async fn dataset(&self, device: DeviceId, id: GrantId) -> Result<Option<DatasetRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(&format!("{LIST} WHERE device = ?1 AND id = ?2"))?;
            let mut rows = find.query(params![device.as_str(), id.as_str()])?;
            rows.next()?.map(read_dataset).transpose()
        })
        .await
    }

    /// Adds a picture, whose bytes are in the blob store, while leave is given: unless there are `most`, or all datasets together
    /// would take more than `quota` bytes.
    pub async fn put_sample(
        &self,
        dataset: GrantId,
        sample: SampleRow,
        now_ms: u64,
        (most, quota): (u32, u64),
    ) -> Result<PutSample, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let open: Option<i64> = change
                .prepare_cached(
                    "SELECT 1 FROM datasets JOIN grants USING (id)
                     WHERE id = ?1 AND ended_ms IS NULL AND expires_ms > ?2",
                )?
                .query_row(params![dataset.as_str(), now_ms as i64], |row| row.get(0))
                .optional()?;
            if open.is_none() {
                return Ok(PutSample::Over);
            }
            let last: i64 = change
                .prepare_cached("SELECT coalesce(max(seq), 0) FROM samples WHERE dataset = ?1")?
                .query_row([dataset.as_str()], |row| row.get(0))?;
            let all: i64 = change
                .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM samples")?
                .query_row([], |row| row.get(0))?;
            if last >= i64::from(most) || all as u64 + sample.bytes > quota {
                return Ok(PutSample::Full);
            }
            let SampleRow { size: [width, height], blob, bytes, found, .. } = sample;
            change
                .prepare_cached(
                    "INSERT INTO samples (dataset, seq, width, height, blob, bytes, found)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![dataset.as_str(), last + 1, width, height, blob.as_str(), bytes as i64, found])?;
            change.prepare_cached("DELETE FROM loose_blobs WHERE blob = ?1")?.execute([blob.as_str()])?;
            change.commit()?;
            Ok(PutSample::Stored)
        })
        .await
    }

    /// The pictures of a dataset, in the order they came.
    pub async fn samples(&self, dataset: GrantId) -> Result<Vec<SampleRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM samples WHERE dataset = ?1 ORDER BY seq")?;
            let mut rows = find.query([dataset.as_str()])?;
            let mut samples = Vec::new();
            while let Some(row) = rows.next()? {
                samples.push(read_sample(row)?);
            }
            Ok(samples)
        })
        .await
    }

    /// Forgets a dataset and its pictures, whose blobs are loose from then on; that leave was given stays on record, and is over.
    /// None: there is none.
    pub async fn remove_dataset(
        &self,
        device: DeviceId,
        id: GrantId,
        now_ms: u64,
    ) -> Result<Option<Vec<BlobId>>, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let known: Option<i64> = change
                .prepare_cached("SELECT 1 FROM datasets JOIN grants USING (id) WHERE id = ?1 AND device = ?2")?
                .query_row(params![id.as_str(), device.as_str()], |row| row.get(0))
                .optional()?;
            if known.is_none() {
                return Ok(None);
            }
            let blobs = loosen_all(&change, &id)?;
            change.prepare_cached("DELETE FROM datasets WHERE id = ?1")?.execute([id.as_str()])?;
            change
                .prepare_cached(
                    "UPDATE grants SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL AND expires_ms > ?2",
                )?
                .execute(params![id.as_str(), now_ms as i64])?;
            change.commit()?;
            Ok(Some(blobs))
        })
        .await
    }
}

fn loosen_all(change: &Transaction<'_>, dataset: &GrantId) -> Result<Vec<BlobId>, DbError> {
    change
        .prepare_cached("INSERT OR IGNORE INTO loose_blobs (blob) SELECT blob FROM samples WHERE dataset = ?1")?
        .execute([dataset.as_str()])?;
    let mut find = change.prepare_cached("SELECT DISTINCT blob FROM samples WHERE dataset = ?1")?;
    let mut rows = find.query([dataset.as_str()])?;
    let mut blobs = Vec::new();
    while let Some(row) = rows.next()? {
        blobs.push(read_id("a blob id", row.get(0)?)?);
    }
    Ok(blobs)
}

fn read_datasets(mut rows: Rows<'_>) -> Result<Vec<DatasetRow>, DbError> {
    let mut datasets = Vec::new();
    while let Some(row) = rows.next()? {
        datasets.push(read_dataset(row)?);
    }
    Ok(datasets)
}

fn read_dataset(row: &Row<'_>) -> Result<DatasetRow, DbError> {
    Ok(DatasetRow {
        grant: read_grant(row)?,
        every_ms: row.get("every_ms")?,
        pictures: row.get("pictures")?,
        bytes: row.get::<_, i64>("bytes")? as u64,
    })
}

fn read_sample(row: &Row<'_>) -> Result<SampleRow, DbError> {
    Ok(SampleRow {
        seq: row.get::<_, i64>("seq")? as u64,
        size: [row.get("width")?, row.get("height")?],
        blob: read_id("a blob id", row.get("blob")?)?,
        bytes: row.get::<_, i64>("bytes")? as u64,
        found: row.get("found")?,
    })
}
