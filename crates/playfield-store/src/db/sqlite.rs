//! The SQLite engine: one connection on a thread of its own.
//!
//! WAL with `synchronous = FULL`: a commit that returned is on the disk. A lock file beside the database keeps a second
//! process out, because what is open at the start is taken for left over; other programs may still read the file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::DbError;

/// Callers that may wait for the connection before further ones wait to be let in.
const QUEUE: usize = 256;
/// Memory for pages of the file, in KiB: thousands of machines write all over it.
const CACHE_KB: i64 = 32 << 10;
/// Pages that may wait in the write-ahead log until they are moved into the file.
const LOG_PAGES: i64 = 8_192;
/// How long a process that is just closing the file is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;
/// Brings the tables of a file up to date.
pub(crate) type Prepare = Box<dyn FnOnce(&mut Connection, &Path) -> Result<(), DbError> + Send>;

/// A connection that takes work from any task.
#[derive(Clone, Debug)]
pub struct Sqlite {
    jobs: mpsc::Sender<Job>,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, prepare: Prepare) -> Result<Sqlite, DbError> {
        let (jobs, inbox) = mpsc::channel(QUEUE);
        let (opened, ready) = oneshot::channel();
        let path = path.to_owned();
        let unwritable = |source| DbError::Unwritable { path: path.clone(), source };
        std::thread::Builder::new()
            .name("playfield-db".to_owned())
            .spawn({
                let path = path.clone();
                move || own(&path, prepare, opened, inbox)
            })
            .map_err(unwritable)?;
        ready.await.map_err(|_| DbError::Closed)??;
        Ok(Sqlite { jobs })
    }

    pub(crate) async fn call<T, W>(&self, work: W) -> Result<T, DbError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // A caller that stopped waiting still gets its work done.
            let _ = done.send(work(connection));
        });
        self.jobs.send(job).await.map_err(|_| DbError::Closed)?;
        answer.await.map_err(|_| DbError::Closed)?
    }
}

/// The thread: opens, then works until the last [`Sqlite`] is gone.
fn own(path: &Path, prepare: Prepare, opened: oneshot::Sender<Result<(), DbError>>, mut inbox: mpsc::Receiver<Job>) {
    let (_lock, mut connection) = match open(path, prepare) {
        Ok(both) => both,
        Err(error) => return drop(opened.send(Err(error))),
    };
    if opened.send(Ok(())).is_err() {
        return;
    }
    while let Some(job) = inbox.blocking_recv() {
        job(&mut connection);
    }
}

fn open(path: &Path, prepare: Prepare) -> Result<(File, Connection), DbError> {
    let lock = lock(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -CACHE_KB)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    prepare(&mut connection, path)?;
    Ok((lock, connection))
}

fn lock(path: &Path) -> Result<File, DbError> {
    let lock_path = beside(path);
    let unwritable = |source| DbError::Unwritable { path: lock_path.clone(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(unwritable)?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(DbError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(unwritable(source)),
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
