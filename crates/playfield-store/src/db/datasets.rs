//! Datasets: pictures of cameras, and files that their apps upload, that are kept by somebody's leave.
//!
//! The bytes of either come into the blob store and are let go of as those of saved states: [`super::states`] says how.

use playfield_core::id::{DeviceId, GrantId};
use rusqlite::{Connection, OptionalExtension, Row, Rows, Transaction, params};

use super::devices::{insert_grant, read_grant};
use super::words::read_id;
use super::{Db, DbError, GrantRow};
use crate::blob::BlobId;

/// A dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetRow {
    /// By what leave: its id is the dataset's.
    pub grant: GrantRow,
    /// A picture is taken each so many milliseconds; 0: none is.
    pub every_ms: u32,
    /// Pictures so far.
    pub pictures: u32,
    /// Files that the camera's app uploads are kept.
    pub uploads: bool,
    /// Those so far.
    pub files: u32,
    /// Bytes of both.
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

/// A file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Its place, from 1; given when it is written down.
    pub seq: u64,
    /// Its name, without a path.
    pub name: String,
    /// Which it is where it comes from: what comes twice is written down once.
    pub origin: String,
    /// Its bytes, in the blob store.
    pub blob: BlobId,
    /// How many.
    pub bytes: u64,
}

/// Whether a picture or a file was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutKept {
    /// It is durable.
    Stored,
    /// Leave is over, or was taken back.
    Over,
    /// It would be too much; nothing changed.
    Full,
}

/// Datasets as they are listed.
const LIST: &str = "SELECT grants.*, datasets.every_ms, datasets.uploads,
        (SELECT count(*) FROM samples WHERE dataset = datasets.id) AS pictures,
        (SELECT count(*) FROM uploads WHERE dataset = datasets.id) AS files,
        (SELECT coalesce(sum(bytes), 0) FROM samples WHERE dataset = datasets.id)
            + (SELECT coalesce(sum(bytes), 0) FROM uploads WHERE dataset = datasets.id) AS bytes
    FROM datasets JOIN grants USING (id)";

impl Db {
    /// Writes down that pictures of a camera may be kept, one each `every_ms` or none, and what its app uploads, or not. False:
    /// another dataset has that now, and nothing changed.
    pub async fn insert_dataset(&self, grant: GrantRow, every_ms: u32, uploads: bool) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let taken: bool = change
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM datasets JOIN grants USING (id)
                     WHERE device = ?1 AND uploads = 1 AND ended_ms IS NULL AND expires_ms > ?2)",
                )?
                .query_row(params![grant.device.as_str(), grant.created_ms as i64], |row| row.get(0))?;
            if uploads && taken {
                return Ok(false);
            }
            insert_grant(&change, &grant)?;
            change
                .prepare_cached("INSERT INTO datasets (id, every_ms, uploads) VALUES (?1, ?2, ?3)")?
                .execute(params![grant.id.as_str(), every_ms, uploads])?;
            change.commit()?;
            Ok(true)
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

    /// Datasets that something is added to now.
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

    /// Adds a picture, whose bytes are in the blob store, while leave is given: unless there are `most`, or pictures of all datasets
    /// together would take more than `quota` bytes.
    pub async fn put_sample(
        &self,
        dataset: GrantId,
        sample: SampleRow,
        now_ms: u64,
        (most, quota): (u32, u64),
    ) -> Result<PutKept, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            if !is_open(&change, &dataset, now_ms, "every_ms > 0")? {
                return Ok(PutKept::Over);
            }
            let (last, all): (u32, i64) = change
                .prepare_cached(
                    "SELECT (SELECT coalesce(max(seq), 0) FROM samples WHERE dataset = ?1),
                        (SELECT coalesce(sum(bytes), 0) FROM samples)",
                )?
                .query_row([dataset.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if last >= most || all as u64 + sample.bytes > quota {
                return Ok(PutKept::Full);
            }
            let SampleRow { size: [width, height], blob, bytes, found, .. } = sample;
            change
                .prepare_cached(
                    "INSERT INTO samples (dataset, seq, width, height, blob, bytes, found)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![dataset.as_str(), last + 1, width, height, blob.as_str(), bytes as i64, found])?;
            named(&change, &blob)?;
            change.commit()?;
            Ok(PutKept::Stored)
        })
        .await
    }

    /// Adds a file, whose bytes are in the blob store, while it is let: unless there are `most`, those of its dataset would take more
    /// than `share` bytes, or those of all more than `quota`. One that is there already is not added again.
    pub async fn put_upload(
        &self,
        dataset: GrantId,
        upload: UploadRow,
        now_ms: u64,
        (most, share, quota): (u32, u64, u64),
    ) -> Result<PutKept, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let UploadRow { name, origin, blob, bytes, .. } = upload;
            let known: bool = change
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM uploads WHERE dataset = ?1 AND origin = ?2)")?
                .query_row(params![dataset.as_str(), origin], |row| row.get(0))?;
            if known {
                return Ok(PutKept::Stored);
            }
            if !is_open(&change, &dataset, now_ms, "uploads = 1")? {
                return Ok(PutKept::Over);
            }
            let (last, own, all): (u32, i64, i64) = change
                .prepare_cached(
                    "SELECT (SELECT coalesce(max(seq), 0) FROM uploads WHERE dataset = ?1),
                        (SELECT coalesce(sum(bytes), 0) FROM uploads WHERE dataset = ?1),
                        (SELECT coalesce(sum(bytes), 0) FROM uploads)",
                )?
                .query_row([dataset.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            if last >= most || own as u64 + bytes > share || all as u64 + bytes > quota {
                return Ok(PutKept::Full);
            }
            change
                .prepare_cached(
                    "INSERT INTO uploads (dataset, seq, name, origin, blob, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![dataset.as_str(), last + 1, name, origin, blob.as_str(), bytes as i64])?;
            named(&change, &blob)?;
            change.commit()?;
            Ok(PutKept::Stored)
        })
        .await
    }

    /// No more files are added to a dataset; and if it has no pictures either, leave for it is over.
    pub async fn end_uploads(&self, dataset: GrantId, now_ms: u64) -> Result<(), DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            change.prepare_cached("UPDATE datasets SET uploads = 0 WHERE id = ?1")?.execute([dataset.as_str()])?;
            change
                .prepare_cached(
                    "UPDATE grants SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL AND expires_ms > ?2
                     AND EXISTS (SELECT 1 FROM datasets WHERE id = ?1 AND every_ms = 0)",
                )?
                .execute(params![dataset.as_str(), now_ms as i64])?;
            Ok(change.commit()?)
        })
        .await
    }

    /// Whether files are added to a dataset now.
    pub async fn takes_uploads(&self, dataset: GrantId, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| is_open(connection, &dataset, now_ms, "uploads = 1")).await
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

    /// The files of a dataset, in the order they came.
    pub async fn uploads(&self, dataset: GrantId) -> Result<Vec<UploadRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM uploads WHERE dataset = ?1 ORDER BY seq")?;
            let mut rows = find.query([dataset.as_str()])?;
            let mut uploads = Vec::new();
            while let Some(row) = rows.next()? {
                uploads.push(read_upload(row)?);
            }
            Ok(uploads)
        })
        .await
    }

    /// Forgets a dataset, its pictures and its files, whose blobs are loose from then on; that leave was given stays on record, and is over.
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

/// Whether a dataset of this kind is added to.
fn is_open(connection: &Connection, dataset: &GrantId, now_ms: u64, kind: &str) -> Result<bool, DbError> {
    let open = format!(
        "SELECT EXISTS (SELECT 1 FROM datasets JOIN grants USING (id)
         WHERE id = ?1 AND ended_ms IS NULL AND expires_ms > ?2 AND {kind})"
    );
    Ok(connection.prepare_cached(&open)?.query_row(params![dataset.as_str(), now_ms as i64], |row| row.get(0))?)
}

/// A row names the blob.
fn named(change: &Transaction<'_>, blob: &BlobId) -> Result<(), DbError> {
    change.prepare_cached("DELETE FROM loose_blobs WHERE blob = ?1")?.execute([blob.as_str()])?;
    Ok(())
}

fn loosen_all(change: &Transaction<'_>, dataset: &GrantId) -> Result<Vec<BlobId>, DbError> {
    let all = "SELECT blob FROM samples WHERE dataset = ?1 UNION SELECT blob FROM uploads WHERE dataset = ?1";
    change.prepare_cached(&format!("INSERT OR IGNORE INTO loose_blobs (blob) {all}"))?.execute([dataset.as_str()])?;
    let mut find = change.prepare_cached(all)?;
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
        uploads: row.get("uploads")?,
        files: row.get("files")?,
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

fn read_upload(row: &Row<'_>) -> Result<UploadRow, DbError> {
    Ok(UploadRow {
        seq: row.get::<_, i64>("seq")? as u64,
        name: row.get("name")?,
        origin: row.get("origin")?,
        blob: read_id("a blob id", row.get("blob")?)?,
        bytes: row.get::<_, i64>("bytes")? as u64,
    })
}
