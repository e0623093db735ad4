//! Blobs: bytes by their SHA-256. What is under an id never changes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest, Sha256};

mod files;

pub use files::Files;

/// The SHA-256 of some bytes, as 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(String);

/// A store of blobs. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Blobs {
    /// A folder on this machine.
    Files(Files),
}

/// Why a blob could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// A file could not be read, written or removed.
    #[error("blob store: {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The work was cut short because the program is stopping.
    #[error("blob store: the program is stopping")]
    Stopping,
}

/// A text that is not a blob id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a blob id is 64 lower-case hex digits")]
pub struct BadBlobId;

impl BlobId {
    /// The id of `bytes`.
    pub fn of(bytes: &[u8]) -> BlobId {
        let hex = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        BlobId(hex)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BlobId {
    type Err = BadBlobId;

    fn from_str(text: &str) -> Result<BlobId, BadBlobId> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(digit) { Ok(BlobId(text.to_owned())) } else { Err(BadBlobId) }
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Blobs {
    /// Blobs as files under `folder`, which is made if need be. Leftovers of a crash are removed.
    pub async fn files(folder: &Path) -> Result<Blobs, BlobError> {
        Ok(Blobs::Files(Files::open(folder).await?))
    }

    /// Keeps `bytes`. When this returns they are durable; keeping them again costs a look.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<BlobId, BlobError> {
        let Blobs::Files(files) = self;
        files.put(bytes).await
    }

    /// Where the bytes lie as a file on this machine; none if they are not kept.
    pub async fn path(&self, id: &BlobId) -> Result<Option<PathBuf>, BlobError> {
        let Blobs::Files(files) = self;
        files.path(id).await
    }

    /// The bytes; none if they are not kept.
    pub async fn get(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
        let Blobs::Files(files) = self;
        files.get(id).await
    }

    /// Whether the bytes are kept.
    pub async fn contains(&self, id: &BlobId) -> Result<bool, BlobError> {
        Ok(self.path(id).await?.is_some())
    }

    /// Removes the bytes. False: they were not kept.
    pub async fn remove(&self, id: &BlobId) -> Result<bool, BlobError> {
        let Blobs::Files(files) = self;
        files.remove(id).await
    }
}
