//! The SQLite engine: one connection on a thread of its own.
//!
//! ```text
//!   tasks --jobs--> the connection --commits--> write-ahead log --moved now and then, by a second connection--> file
//! ```
//!
//! WAL with `synchronous = FULL`: a commit that returned is on the disk. A lock file beside the database keeps a second
//! process out, because what is open at the start is taken for left over; other programs may still read the file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Row};
use tokio::sync::{mpsc, oneshot};

use super::DbError;

/// Callers that may wait for the connection before further ones wait to be let in.
const QUEUE: usize = 256;
/// Pages in the write-ahead log at which the connection moves it itself, should nobody else have done so: whoever writes just then
/// waits.
const LOG_PAGES: i64 = 65_536;
/// Bytes of a page, unless a file says otherwise.
const PAGE_BYTES: u64 = 4_096;
/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// So many pages are moved by the connection itself, so that the log begins anew; and how often in a row it is tried to have no more
/// left.
const FEW_PAGES: u64 = 200;
const TRIES: u32 = 32;
/// How long a process that is just closing the file is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much room a file takes beside itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Memory for its pages, in KiB.
    pub cache_kb: u32,
    /// Bytes that may wait in the write-ahead log until they are moved into the file.
    pub log_bytes: u64,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;
/// Brings the tables of a file up to date.
pub(crate) type Prepare = Box<dyn FnOnce(&mut Connection, &Path) -> Result<(), DbError> + Send>;

/// A connection that takes work from any task.
#[derive(Clone, Debug)]
pub struct Sqlite {
    jobs: mpsc::Sender<Job>,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, room: Room, prepare: Prepare) -> Result<Sqlite, DbError> {
        let (jobs, inbox) = mpsc::channel(QUEUE);
        let (opened, ready) = oneshot::channel();
        let path = path.to_owned();
        let unwritable = |source| DbError::Unwritable { path: path.clone(), source };
        std::thread::Builder::new()
            .name("playfield-db".to_owned())
            .spawn({
                let path = path.clone();
                move || own(&path, (room, prepare), opened, inbox)
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
fn own(
    path: &Path,
    (room, prepare): (Room, Prepare),
    opened: oneshot::Sender<Result<(), DbError>>,
    mut inbox: mpsc::Receiver<Job>,
) {
    let few = Arc::new(AtomicBool::new(false));
    let begun = open(path, room, prepare)
        .and_then(|(lock, connection)| Ok((lock, connection, Mover::start(path, room.log_bytes, few.clone())?)));
    let (_lock, mut connection, mover) = match begun {
        Ok(all) => all,
        Err(error) => return drop(opened.send(Err(error))),
    };
    if opened.send(Ok(())).is_ok() {
        while let Some(job) = inbox.blocking_recv() {
            job(&mut connection);
            if few.swap(false, Ordering::Relaxed) {
                // Of a disk that is full, whoever writes next will hear.
                let _ = look(&connection, "PASSIVE");
            }
        }
    }
    // The last connection that is closed leaves no log.
    mover.stop();
}

/// Moves the log into the file, on a thread of its own: that takes the disk for a while, and nobody has to wait for it.
struct Mover {
    stop: std::sync::mpsc::SyncSender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Mover {
    fn start(path: &Path, log_bytes: u64, few: Arc<AtomicBool>) -> Result<Mover, DbError> {
        let connection = connect(path)?;
        let most = log_bytes / PAGE_BYTES;
        let (stop, stopped) = std::sync::mpsc::sync_channel(0);
        let thread = std::thread::Builder::new()
            .name("playfield-log".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    let long = |waits: Waits| waits.pages > most && waits.pages > waits.moved;
                    if look(&connection, "NOOP").is_ok_and(long) && move_log(&connection) {
                        few.store(true, Ordering::Relaxed);
                    }
                }
            })
            .map_err(|source| DbError::Unwritable { path: path.to_owned(), source })?;
        Ok(Mover { stop, thread })
    }

    fn stop(self) {
        drop(self.stop);
        // Had it panicked, the connection moves the log by itself.
        let _ = self.thread.join();
    }
}

/// Moves pages while others write more of them, until there are few left; whether that came to be. Those are moved by the connection
/// that writes, since only then can the log begin anew. What cannot be moved now is tried again.
fn move_log(connection: &Connection) -> bool {
    let left = |waits: Waits| waits.pages.saturating_sub(waits.moved);
    (0..TRIES).map_while(|_| look(connection, "PASSIVE").ok()).any(|waits| left(waits) <= FEW_PAGES)
}

/// Pages in the log since it began anew, and how many of them are in the file too.
struct Waits {
    pages: u64,
    moved: u64,
}

/// Looks at the log; `PASSIVE` moves before what can be moved without that anybody waits for anybody, `NOOP` nothing.
fn look(connection: &Connection, mode: &str) -> rusqlite::Result<Waits> {
    let pages = |row: &Row<'_>, at| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.max(0) as u64);
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        Ok(Waits { pages: pages(row, 1)?, moved: pages(row, 2)? })
    })
}

fn open(path: &Path, room: Room, prepare: Prepare) -> Result<(File, Connection), DbError> {
    let lock = lock(path)?;
    let mut connection = connect(path)?;
    connection.pragma_update(None, "cache_size", -i64::from(room.cache_kb))?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    // A log that begins anew is written over: a file that grows again costs more. Only what it grew beyond all measure is cut off.
    connection.pragma_update(None, "journal_size_limit", 2 * room.log_bytes as i64)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    prepare(&mut connection, path)?;
    Ok((lock, connection))
}

fn connect(path: &Path) -> Result<Connection, DbError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

fn lock(path: &Path) -> Result<File, DbError> {
    let lock_path = beside(path, ".lock");
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

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
