//! Blobs as files: `FOLDER/ab/abcdef...`, written beside as `FOLDER/partial/...` and renamed when whole and on the disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{BlobError, BlobId};

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct Files {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// Tells writes at the same time apart.
    writes: AtomicU64,
}

impl Files {
    pub(super) async fn open(folder: &Path) -> Result<Files, BlobError> {
        let inner = Arc::new(Inner { folder: folder.to_owned(), writes: AtomicU64::new(0) });
        let files = Files { inner };
        files.run(Inner::sweep).await?;
        Ok(files)
    }

    pub(super) async fn put(&self, bytes: Vec<u8>) -> Result<BlobId, BlobError> {
        self.run(move |inner| inner.put(&bytes)).await
    }

    pub(super) async fn path(&self, id: &BlobId) -> Result<Option<PathBuf>, BlobError> {
        let path = self.inner.path(id);
        self.run(move |_| match fs::metadata(&path) {
            Ok(_) => Ok(Some(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BlobError::Io { path, source }),
        })
        .await
    }

    pub(super) async fn get(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
        let path = self.inner.path(id);
        self.run(move |_| match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BlobError::Io { path, source }),
        })
        .await
    }

    pub(super) async fn remove(&self, id: &BlobId) -> Result<bool, BlobError> {
        let path = self.inner.path(id);
        self.run(move |_| match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(BlobError::Io { path, source }),
        })
        .await
    }

    async fn run<T, W>(&self, work: W) -> Result<T, BlobError>
    where
        T: Send + 'static,
        W: FnOnce(&Inner) -> Result<T, BlobError> + Send + 'static,
    {
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(|_| BlobError::Stopping)?
    }
}

impl Inner {
    fn path(&self, id: &BlobId) -> PathBuf {
        self.folder.join(&id.as_str()[..2]).join(id.as_str())
    }

    fn partial(&self) -> PathBuf {
        self.folder.join("partial")
    }

    /// What an earlier process was writing when it ended is worth nothing.
    fn sweep(&self) -> Result<(), BlobError> {
        let partial = self.partial();
        match fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io(&partial)(error)),
            _ => fs::create_dir_all(&partial).map_err(io(&partial)),
        }
    }

    fn put(&self, bytes: &[u8]) -> Result<BlobId, BlobError> {
        let id = BlobId::of(bytes);
        let path = self.path(&id);
        // The name was given after the bytes were on the disk, so a file of the right length is whole. Its folder may
        // not be: another put may be about to sync it, so it is synced in any case.
        let known = fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64);
        if !known {
            self.write(&path, bytes)?;
        }
        let shelf = path.parent().unwrap_or(&self.folder);
        sync(shelf)?;
        sync(&self.folder)?;
        Ok(id)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), BlobError> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let partial = self.partial().join(format!("{}-{number}", std::process::id()));
        let mut file = File::create(&partial).map_err(io(&partial))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(&partial))?;
        let shelf = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(shelf).map_err(io(shelf))?;
        fs::rename(&partial, path).map_err(io(path))
    }
}

fn sync(folder: &Path) -> Result<(), BlobError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> BlobError {
    let path = path.to_owned();
    move |source| BlobError::Io { path: path.clone(), source }
}
