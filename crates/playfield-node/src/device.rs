//! A machine with cameras that a control plane elsewhere looks after: it keeps them at work by itself, and tells over a link.
//!
//! ```text
//!            node of this machine (workers, cameras)
//!                ^ start, stop       | what cameras say
//!                |                   v
//!   twin ----> keeper -----------> journal (what happened, on the disk)     keeper --now, state--.
//!    ^                                |                                                          v
//!    '------------ link <--- read ----'      link ==WebSocket==> control plane <-----------------'
//! ```
//!
//! What its cameras are to do is kept in a file, and models and apps in folders beside it: a machine that starts without a network
//! does what it did before, and what happens meanwhile waits in the journal. See [`playfield_core::link`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::camera::Desired;
use playfield_core::id::{NodeId, Token};
use playfield_core::link::{FileHash, Machine, Twin};
use playfield_store::bus::Bus;
use playfield_store::db::DbError;
use playfield_store::journal::Journal;
use tokio::sync::{mpsc, watch};

mod connect;
mod keeper;
mod link;
mod machine;
mod packages;

pub use connect::{Connection, LinkError, OwnCertificate, Server};
pub use machine::machine;

/// What cameras say of how they are, on its way to the control plane. More than that is forgotten: they say it anew.
const NOW: usize = 256;
/// Words of the control plane that wait for the keeper.
const WORDS: usize = 64;
/// Pieces of files that are asked for at once.
const WANTS: usize = 8;

/// Who this machine is to the control plane, and where its things are.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
    /// The control plane.
    pub server: Server,
    /// Proves who this machine is.
    pub token: Token,
    /// Where the twin, packages and the journal are.
    pub data_dir: PathBuf,
    /// Files, folders and devices that cameras may read.
    pub camera_files: Vec<PathBuf>,
    /// Most bytes of the journal.
    pub journal_bytes: u64,
}

/// Why a machine does not go on.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Its files.
    #[error("cannot write to {path}: {error}; choose another data folder or make room there")]
    Data {
        /// Where.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The journal.
    #[error("the journal: {0}")]
    Journal(#[from] DbError),
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
    /// The control plane turned it away.
    #[error("{0}")]
    Refused(String),
}

/// Joins a control plane, with a code that an operator got there, or by the machine's certificate. What comes of it is to be kept: it is told once.
pub async fn join(
    server: &Server,
    code: Option<Token>,
    name: String,
    desired: Option<Desired>,
) -> Result<(NodeId, Token), LinkError> {
    link::join(server, code, name, desired).await
}

/// Keeps cameras at work on `node` of this bus and tells of them, until `stop`, or until it is turned away.
pub async fn run(
    config: DeviceConfig,
    bus: Bus,
    node: NodeId,
    stop: impl Future<Output = ()>,
) -> Result<(), DeviceError> {
    let folder = config.data_dir.join("device");
    let unwritable = |error| DeviceError::Data { path: folder.clone(), error };
    tokio::fs::create_dir_all(&folder).await.map_err(unwritable)?;
    let journal_id = crate::node::random_name().map_err(DeviceError::Random)?;
    let journal = Journal::open(&folder.join("journal.db"), config.journal_bytes, journal_id).await?;
    let newest = journal.figures().await?.newest;
    let (words, heard) = mpsc::channel(WORDS);
    let (wants, wanted) = mpsc::channel(WANTS);
    let (now, said) = mpsc::channel(NOW);
    let ways = Arc::new(Ways {
        journal,
        newest: watch::Sender::new(newest),
        states: watch::Sender::default(),
        twin: watch::Sender::new(None),
        now,
        words,
    });
    let keeper = keeper::Keeper::open(&folder, bus.clone(), node.clone(), ways.clone(), wants, config.camera_files)
        .await
        .map_err(unwritable)?;
    let link = link::Link { server: config.server, token: config.token, bus, node, ways, folder: folder.clone() };
    tokio::select! {
        () = keeper.keep(heard) => Ok(()),
        detail = link.hold(said, wanted) => Err(DeviceError::Refused(detail)),
        () = stop => Ok(()),
    }
}

/// What keeper and link share.
struct Ways {
    journal: Journal,
    /// The number of the newest event in the journal.
    newest: watch::Sender<u64>,
    /// How each camera is.
    states: watch::Sender<Vec<playfield_core::link::CameraState>>,
    /// What cameras are to do, as the control plane said last.
    twin: watch::Sender<Option<Vec<Twin>>>,
    now: mpsc::Sender<playfield_core::link::FromDevice>,
    words: mpsc::Sender<Word>,
}

/// What the control plane says to the keeper, besides the twin.
enum Word {
    /// Is a camera to say what is in each picture?
    Live { device: playfield_core::id::DeviceId, live: bool },
    /// The link is gone: nobody looks.
    Alone,
}

/// A piece of a file that is wanted, and who waits for it: as Base64; none: it is not to be had.
struct Wanted {
    file: FileHash,
    from: u64,
    piece: tokio::sync::oneshot::Sender<Option<String>>,
}

impl Ways {
    /// How the machine does, with what waits here.
    async fn machine(&self, folder: &std::path::Path) -> Machine {
        let figures = self.journal.figures().await.unwrap_or_default();
        Machine { waiting: figures.waiting, dropped: figures.dropped, ..machine(folder) }
    }
}

/// Between two tries to reach the control plane: twice as long each time, up to the most.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MOST_PAUSE: Duration = Duration::from_secs(30);
