//! Cameras that speak the EVP protocol over MQTT: who they are, what is wanted of them, what they report, bring and get.

use std::collections::BTreeMap;

use playfield_core::evp::{Deployment, Desired, Dialect, Key, Status};
use playfield_core::id::EvpId;
use playfield_core::smartcamera::{Kind, Size};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::words::{read_id, read_word, word};
use super::{Db, DbError, Hash};
use crate::blob::BlobId;

/// Values that one device may report, and the largest of them, in bytes.
const MOST_STATES: u32 = 64;
const MOST_STATE: usize = 64 * 1024;

/// A device as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct EvpDevice {
    /// Its id, and its user name.
    pub id: EvpId,
    /// What people call it.
    pub name: String,
    /// It proves itself by a password.
    pub has_password: bool,
    /// It proves itself by a certificate: the SHA-256 of that.
    pub certificate: Option<Hash>,
    /// It has not come yet with the secret it was given to enrol itself.
    pub enrolling: bool,
    /// What its models make, where that is known, and the size of the picture they count pixels in.
    pub results: Option<(Option<Kind>, Size)>,
    /// How it speaks, since it was here.
    pub dialect: Option<Dialect>,
    /// What it says of itself.
    pub info: Option<serde_json::Value>,
    /// What should run on it.
    pub deployment: Option<Deployment>,
    /// How it is with that.
    pub status: Option<Status>,
    /// When it was enrolled.
    pub created_ms: u64,
    /// When it was heard of last.
    pub seen_ms: Option<u64>,
    /// It may not come any more.
    pub revoked: bool,
}

/// How a device proves who it is; hashes of what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvpProof {
    /// Of its password.
    pub password: Option<Hash>,
    /// Of its certificate.
    pub certificate: Option<Hash>,
    /// Of the secret that it comes with once, to have its certificate known from then on.
    pub token: Option<Hash>,
}

/// A value that a device reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvpState {
    /// Of which instance and topic.
    pub key: Key,
    /// The value.
    pub value: Vec<u8>,
    /// When.
    pub reported_ms: u64,
}

/// Code for devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvpModule {
    /// Where its bytes are.
    pub blob: BlobId,
    /// What people call it.
    pub name: String,
    /// How many.
    pub bytes: u64,
    /// When it came.
    pub created_ms: u64,
}

/// A file that a device brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvpUpload {
    /// Its name, as the device gave it.
    pub name: String,
    /// Where its bytes are.
    pub blob: BlobId,
    /// How many.
    pub bytes: u64,
    /// When it came.
    pub uploaded_ms: u64,
}

impl Db {
    /// Enrols a device, unless there are `most`. False: there are, or another one has this certificate.
    pub async fn insert_evp(&self, device: EvpDevice, proof: EvpProof, most: u32) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let known: u32 = change
                .prepare_cached("SELECT count(*) FROM evp_devices WHERE revoked_ms IS NULL")?
                .query_row([], |row| row.get(0))?;
            if known >= most {
                return Ok(false);
            }
            let results = device.results.map(|results| text(&results));
            let EvpProof { password, certificate, token } = proof;
            let inserted = change
                .prepare_cached(
                    "INSERT OR IGNORE INTO evp_devices (id, name, password, certificate, token, results, created_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    device.id.as_str(),
                    device.name,
                    password,
                    certificate,
                    token,
                    results,
                    device.created_ms as i64
                ])?;
            change.commit()?;
            Ok(inserted == 1)
        })
        .await
    }

    /// Devices, by name; those that may not come any more too.
    pub async fn evp_devices(&self) -> Result<Vec<EvpDevice>, DbError> {
        self.call(|connection| {
            let mut find = connection.prepare_cached("SELECT * FROM evp_devices ORDER BY name, id")?;
            let mut rows = find.query([])?;
            let mut devices = Vec::new();
            while let Some(row) = rows.next()? {
                devices.push(read_device(row)?);
            }
            Ok(devices)
        })
        .await
    }

    /// A device.
    pub async fn evp_device(&self, id: EvpId) -> Result<Option<EvpDevice>, DbError> {
        self.find_evp("SELECT * FROM evp_devices WHERE id = ?1", id.as_str().to_owned()).await
    }

    /// The device with this id and the password of this hash.
    pub async fn evp_by_password(&self, id: EvpId, password: Hash) -> Result<Option<EvpDevice>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM evp_devices WHERE id = ?1 AND password = ?2")?;
            let mut rows = find.query(params![id.as_str(), password])?;
            rows.next()?.map(read_device).transpose()
        })
        .await
    }

    /// The device with this certificate.
    pub async fn evp_by_certificate(&self, certificate: Hash) -> Result<Option<EvpDevice>, DbError> {
        self.find_evp("SELECT * FROM evp_devices WHERE certificate = ?1", certificate).await
    }

    /// Makes a certificate that of the device that was given this secret, which is good no more. None: no device was, or the
    /// certificate is another's.
    pub async fn enrol_evp(&self, token: Hash, certificate: Hash) -> Result<Option<EvpDevice>, DbError> {
        self.call(move |connection| {
            let mut change = connection.prepare_cached(
                "UPDATE OR IGNORE evp_devices SET certificate = ?2, token = NULL
                 WHERE token = ?1 AND revoked_ms IS NULL RETURNING *",
            )?;
            let mut rows = change.query(params![token, certificate])?;
            rows.next()?.map(read_device).transpose()
        })
        .await
    }

    async fn find_evp(
        &self,
        question: &'static str,
        by: impl rusqlite::ToSql + Send + 'static,
    ) -> Result<Option<EvpDevice>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(question)?;
            let mut rows = find.query([by])?;
            rows.next()?.map(read_device).transpose()
        })
        .await
    }

    /// A device may not come any more. False: there is no such one, or it was told before.
    pub async fn revoke_evp(&self, id: EvpId, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let revoked = connection
                .prepare_cached(
                    "UPDATE evp_devices SET revoked_ms = ?2, password = NULL, certificate = NULL, token = NULL
                     WHERE id = ?1 AND revoked_ms IS NULL",
                )?
                .execute(params![id.as_str(), now_ms as i64])?;
            Ok(revoked == 1)
        })
        .await
    }

    /// It was heard of.
    pub async fn see_evp(&self, id: EvpId, now_ms: u64) -> Result<(), DbError> {
        self.set_evp("seen_ms", id, now_ms as i64).await
    }

    /// What it is, and how it speaks.
    pub async fn set_evp_info(&self, id: EvpId, dialect: Dialect, info: serde_json::Value) -> Result<(), DbError> {
        self.set_evp("info", id.clone(), info.to_string()).await?;
        self.set_evp("dialect", id, word(dialect)).await
    }

    /// What should run on it.
    pub async fn set_evp_deployment(&self, id: EvpId, deployment: Deployment) -> Result<(), DbError> {
        self.set_evp("deployment", id, text(&deployment)).await
    }

    /// How it is with that.
    pub async fn set_evp_status(&self, id: EvpId, status: Status) -> Result<(), DbError> {
        self.set_evp("status", id, text(&status)).await
    }

    async fn set_evp(
        &self,
        column: &'static str,
        id: EvpId,
        value: impl rusqlite::ToSql + Send + 'static,
    ) -> Result<(), DbError> {
        self.call(move |connection| {
            let change = format!("UPDATE evp_devices SET {column} = ?2 WHERE id = ?1");
            connection.prepare_cached(&change)?.execute(params![id.as_str(), value])?;
            Ok(())
        })
        .await
    }

    /// What is wanted of a device.
    pub async fn evp_desired(&self, id: EvpId) -> Result<Desired, DbError> {
        let deployment = self.evp_device(id.clone()).await?.and_then(|device| device.deployment);
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT instance, topic, value FROM evp_settings WHERE device = ?1")?;
            let read = |row: &Row<'_>| Ok((Key { instance: row.get(0)?, topic: row.get(1)? }, row.get(2)?));
            let settings = find.query_map([id.as_str()], read)?.collect::<Result<BTreeMap<_, _>, _>>()?;
            Ok(Desired { deployment, settings })
        })
        .await
    }

    /// Keeps a setting; none: removes it.
    pub async fn put_evp_setting(&self, id: EvpId, key: Key, value: Option<String>) -> Result<(), DbError> {
        self.call(move |connection| {
            let Key { instance, topic } = key;
            match value {
                Some(value) => connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO evp_settings (device, instance, topic, value) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![id.as_str(), instance, topic, value])?,
                None => connection
                    .prepare_cached("DELETE FROM evp_settings WHERE device = ?1 AND instance = ?2 AND topic = ?3")?
                    .execute(params![id.as_str(), instance, topic])?,
            };
            Ok(())
        })
        .await
    }

    /// Keeps values that a device reported. False: some are too large or too many, and were left out.
    pub async fn put_evp_states(&self, id: EvpId, states: Vec<EvpState>) -> Result<bool, DbError> {
        if states.is_empty() {
            return Ok(true);
        }
        self.call(move |connection| {
            let change = connection.transaction()?;
            let mut all = true;
            for EvpState { key: Key { instance, topic }, value, reported_ms } in states {
                let kept = change
                    .prepare_cached(
                        "INSERT OR REPLACE INTO evp_states (device, instance, topic, value, reported_ms)
                         SELECT ?1, ?2, ?3, ?4, ?5 WHERE length(?4) <= ?6 AND (
                             SELECT count(*) FROM evp_states
                             WHERE device = ?1 AND NOT (instance = ?2 AND topic = ?3)
                         ) < ?7",
                    )?
                    .execute(params![
                        id.as_str(),
                        instance,
                        topic,
                        value,
                        reported_ms as i64,
                        MOST_STATE as i64,
                        MOST_STATES
                    ])?;
                all &= kept == 1;
            }
            change.commit()?;
            Ok(all)
        })
        .await
    }

    /// What a device reported.
    pub async fn evp_states(&self, id: EvpId) -> Result<Vec<EvpState>, DbError> {
        self.call(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT * FROM evp_states WHERE device = ?1 ORDER BY instance, topic")?;
            let read = |row: &Row<'_>| {
                Ok(EvpState {
                    key: Key { instance: row.get("instance")?, topic: row.get("topic")? },
                    value: row.get("value")?,
                    reported_ms: row.get::<_, i64>("reported_ms")? as u64,
                })
            };
            Ok(find.query_map([id.as_str()], read)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Knows code for devices; of the same bytes the last name counts.
    pub async fn put_evp_module(&self, module: EvpModule) -> Result<(), DbError> {
        self.call(move |connection| {
            let EvpModule { blob, name, bytes, created_ms } = module;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO evp_modules (blob, name, bytes, created_ms) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![blob.as_str(), name, bytes as i64, created_ms as i64])?;
            Ok(())
        })
        .await
    }

    /// All code for devices, the newest first.
    pub async fn evp_modules(&self) -> Result<Vec<EvpModule>, DbError> {
        self.call(|connection| {
            let mut find = connection.prepare_cached("SELECT * FROM evp_modules ORDER BY created_ms DESC, blob")?;
            let mut rows = find.query([])?;
            let mut modules = Vec::new();
            while let Some(row) = rows.next()? {
                modules.push(EvpModule {
                    blob: read_id("a blob id", row.get("blob")?)?,
                    name: row.get("name")?,
                    bytes: row.get::<_, i64>("bytes")? as u64,
                    created_ms: row.get::<_, i64>("created_ms")? as u64,
                });
            }
            Ok(modules)
        })
        .await
    }

    /// Knows a file of a device, and forgets its oldest ones beyond `quota` bytes. Answers with blobs that no file has any more.
    pub async fn put_evp_upload(&self, id: EvpId, upload: EvpUpload, quota: u64) -> Result<Vec<BlobId>, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let EvpUpload { name, blob, bytes, uploaded_ms } = upload;
            let mut loose: Vec<String> = change
                .prepare_cached("SELECT blob FROM evp_uploads WHERE device = ?1 AND name = ?2")?
                .query_map(params![id.as_str(), name], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            change
                .prepare_cached(
                    "INSERT OR REPLACE INTO evp_uploads (device, name, blob, bytes, uploaded_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![id.as_str(), name, blob.as_str(), bytes as i64, uploaded_ms as i64])?;
            let beyond: Vec<String> = change
                .prepare_cached(
                    "DELETE FROM evp_uploads WHERE device = ?1 AND name IN (
                         SELECT name FROM (
                             SELECT name, sum(bytes) OVER (ORDER BY uploaded_ms DESC, name = ?3 DESC, name) AS together
                             FROM evp_uploads WHERE device = ?1
                         ) WHERE together > ?2
                     ) RETURNING blob",
                )?
                .query_map(params![id.as_str(), quota as i64, name], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            loose.extend(beyond);
            loose.sort();
            loose.dedup();
            let used = |blob: &String| {
                let mut find = change.prepare_cached("SELECT 1 FROM evp_uploads WHERE blob = ?1")?;
                find.query_row([blob], |_| Ok(())).optional()
            };
            let mut free = Vec::new();
            for blob in loose {
                if used(&blob)?.is_none() {
                    free.push(read_id("a blob id", blob)?);
                }
            }
            change.commit()?;
            Ok(free)
        })
        .await
    }

    /// Files of a device, the newest first, at most `most`.
    pub async fn evp_uploads(&self, id: EvpId, most: u32) -> Result<Vec<EvpUpload>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT * FROM evp_uploads WHERE device = ?1 ORDER BY uploaded_ms DESC, name LIMIT ?2",
            )?;
            let mut rows = find.query(params![id.as_str(), most])?;
            let mut uploads = Vec::new();
            while let Some(row) = rows.next()? {
                uploads.push(read_upload(row)?);
            }
            Ok(uploads)
        })
        .await
    }

    /// A file of a device.
    pub async fn evp_upload(&self, id: EvpId, name: String) -> Result<Option<EvpUpload>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM evp_uploads WHERE device = ?1 AND name = ?2")?;
            let mut rows = find.query(params![id.as_str(), name])?;
            rows.next()?.map(read_upload).transpose()
        })
        .await
    }
}

/// What a column of JSON holds.
fn text<T: Serialize>(value: &T) -> String {
    match serde_json::to_string(value) {
        Ok(text) => text,
        Err(error) => unreachable!("words of the product are JSON: {error}"),
    }
}

fn read_text<T: DeserializeOwned>(what: &'static str, text: Option<String>) -> Result<Option<T>, DbError> {
    let read = |text: String| serde_json::from_str(&text).map_err(|_| DbError::Corrupt { what, value: text });
    text.map(read).transpose()
}

fn read_device(row: &Row<'_>) -> Result<EvpDevice, DbError> {
    let dialect: Option<String> = row.get("dialect")?;
    Ok(EvpDevice {
        id: read_id("a camera's id", row.get("id")?)?,
        name: row.get("name")?,
        has_password: row.get::<_, Option<Vec<u8>>>("password")?.is_some(),
        certificate: super::words::read_hash(row, "certificate")?,
        enrolling: row.get::<_, Option<Vec<u8>>>("token")?.is_some(),
        results: read_text("a kind of results", row.get("results")?)?,
        dialect: dialect.map(|dialect| read_word("a dialect", dialect)).transpose()?,
        info: read_text("what a camera says of itself", row.get("info")?)?,
        deployment: read_text("a deployment", row.get("deployment")?)?,
        status: read_text("a status", row.get("status")?)?,
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        seen_ms: row.get::<_, Option<i64>>("seen_ms")?.map(|ms| ms as u64),
        revoked: row.get::<_, Option<i64>>("revoked_ms")?.is_some(),
    })
}

fn read_upload(row: &Row<'_>) -> Result<EvpUpload, DbError> {
    Ok(EvpUpload {
        name: row.get("name")?,
        blob: read_id("a blob id", row.get("blob")?)?,
        bytes: row.get::<_, i64>("bytes")? as u64,
        uploaded_ms: row.get::<_, i64>("uploaded_ms")? as u64,
    })
}
