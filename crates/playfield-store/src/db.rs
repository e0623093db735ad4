//! The database: typed questions and answers, no SQL outside this folder.
//!
//! Times are Unix time in milliseconds and come from the caller, so that expiry is tested without waiting. Secrets never
//! arrive here: callers hand over hashes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use playfield_core::api::{EndReason, Role, SessionState};
use playfield_core::id::{DeviceId, GrantId, InviteId, NodeId, SessionId, ViewerId};
use playfield_core::people::Person;
use playfield_core::permission::Permissions;

use crate::blob::BlobId;

mod camera_links;
mod datasets;
mod devices;
mod idempotency;
mod invites;
mod links;
mod meta;
mod mqtt;
mod outbox;
mod receipts;
mod rules;
mod schema;
mod sessions;
pub(crate) mod sqlite;
mod states;
mod storage;
mod tail;
mod words;

pub use camera_links::CameraLinkRow;
pub use datasets::{DatasetRow, PutKept, SampleRow, UploadRow};
pub use links::{NodeRow, NodeTold, Redeemed};
pub use mqtt::{EvpDevice, EvpModule, EvpProof, EvpState, EvpUpload};
pub use outbox::{DeliveryRow, Fired, FiringRow, NewDelivery};
pub use rules::RuleRow;
use sqlite::Room;
pub use sqlite::Sqlite;
use tail::Tail;
pub use tail::Told;

/// Thousands of machines write all over it.
const ROOM: Room = Room { cache_kb: 32 << 10, log_bytes: 32 << 20 };

/// SHA-256 of a secret, a request or a module.
pub type Hash = [u8; 32];

/// A database. Cheap to clone; the last clone closes it.
#[derive(Clone, Debug)]
pub enum Db {
    /// One file, owned by this process, and what cameras told last.
    Sqlite(Sqlite, Arc<Told>),
}

/// Why the database could not do it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The folder cannot be made or written.
    #[error("cannot write to {path}: {source}; choose another data folder or change its permissions")]
    Unwritable {
        /// The file at fault.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("{path} is in use by another process; stop that one or choose another data folder")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// Written by a later release.
    #[error(
        "{path} was written by a newer release (schema {found}, this one knows {known}); upgrade, or choose another data folder"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// SQLite refused.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A row does not hold what this program writes there.
    #[error("the database holds `{value}` where {what} should be; it was changed by something else")]
    Corrupt {
        /// What was expected.
        what: &'static str,
        /// What was found.
        value: String,
    },
    /// The database's thread is gone.
    #[error("the database is closed")]
    Closed,
}

/// A session to be written down.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The title it plays.
    pub title: String,
    /// SHA-256 of its module, in hex.
    pub module: String,
    /// Where it runs.
    pub node: NodeId,
    /// The address that asked for it; what sessions are counted by.
    pub client: String,
    /// Whose storage it uses; none: it stores nothing.
    pub profile: Option<Hash>,
    /// Most bytes (keys and values) that it may keep in that storage.
    pub storage_bytes: u64,
    /// When.
    pub created_ms: u64,
}

/// A session as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// The title it plays.
    pub title: String,
    /// SHA-256 of its module, in hex.
    pub module: String,
    /// Where it runs.
    pub node: NodeId,
    /// Whose storage it uses.
    pub profile: Option<Hash>,
    /// Most bytes that it may keep in that storage.
    pub storage_bytes: u64,
    /// What it is doing.
    pub state: SessionState,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// The reason as a sentence.
    pub detail: Option<String>,
    /// How often it went on in another worker.
    pub resumes: u32,
    /// Something is known of its pictures.
    pub has_receipt: bool,
    /// When it was asked for.
    pub created_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
}

/// A camera, as it is written and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub node: NodeId,
    /// What it is to do, as JSON.
    pub desired: String,
    /// How often that was changed, from 1.
    pub version: u32,
    /// When it was enrolled.
    pub created_ms: u64,
    /// When it was turned away, for good.
    pub revoked_ms: Option<u64>,
    /// What people sort it by.
    pub tags: Vec<String>,
}

/// Something that a camera told, to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeviceEvent {
    /// When it happened, by the device's clock.
    pub time_ms: u64,
    /// When it was taken down, by the clock of who does.
    pub received_ms: u64,
    /// What to add to the device's clock to have that one, in milliseconds; none: it is not known.
    pub offset_ms: Option<i64>,
    /// What it counts as, if it is counted.
    pub counts_as: Option<String>,
    /// The event, as JSON.
    pub event: String,
}

/// Something that a camera told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEventRow {
    /// Its place among those of all devices, from 1. One that is written down later has a greater one.
    pub number: u64,
    /// The device.
    pub device: DeviceId,
    /// Its place among those of its device, from 1.
    pub seq: u64,
    /// When it happened, by the device's clock.
    pub time_ms: u64,
    /// When it was taken down, by the clock of who did.
    pub received_ms: u64,
    /// What to add to the device's clock to have that one, in milliseconds.
    pub offset_ms: Option<i64>,
    /// The event, as JSON.
    pub event: String,
}

/// Leave to see a camera's pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// Its id.
    pub id: GrantId,
    /// Whose pictures.
    pub device: DeviceId,
    /// Why.
    pub reason: String,
    /// The address that asked.
    pub client: String,
    /// Who sees them.
    pub viewer: ViewerId,
    /// From when.
    pub created_ms: u64,
    /// Until when.
    pub expires_ms: u64,
    /// When it was taken back before.
    pub ended_ms: Option<u64>,
}

/// How often something was counted in a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCount {
    /// What.
    pub what: String,
    /// Minutes since 1970.
    pub minute: u64,
    /// How often.
    pub count: u64,
}

/// A saved state, as it is written and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// Its slot, from 0.
    pub slot: u8,
    /// SHA-256 of the module it is of, in hex.
    pub module: String,
    /// What it is for besides the module.
    pub maker: String,
    /// Where its bytes are.
    pub blob: BlobId,
    /// How many.
    pub bytes: u64,
    /// The tick after which it was taken.
    pub tick: u64,
    /// Ticks a second at that moment.
    pub tick_hz: u16,
    /// The picture of that moment, a PNG.
    pub picture: Vec<u8>,
    /// When.
    pub saved_ms: u64,
}

/// Whether a state was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutState {
    /// It is durable.
    Stored {
        /// The blob of the state it replaces, which is loose now.
        before: Option<BlobId>,
    },
    /// It would exceed the quota; nothing changed.
    Full,
}

/// How many sessions may be open.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// By one client address.
    pub per_client: u32,
    /// On one node.
    pub per_node: u32,
}

/// How many viewers of a session may be known.
#[derive(Clone, Copy, Debug)]
pub struct Guests {
    /// All of them, the host included.
    pub of_session: u32,
    /// Of those who came by a link, from one client address.
    pub of_client: u32,
}

/// Whether a session was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It was written down.
    Admitted,
    /// Its address has as many as it may; nothing was written.
    ClientFull,
    /// Its node has as many as it may; nothing was written.
    NodeFull,
}

/// A viewer, as it is written and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewerRow {
    /// The session it belongs to.
    pub session: SessionId,
    /// Who it is and what it may do, as was last said of it.
    pub person: Person,
    /// The link it came by; none: it asked for the session.
    pub invite: Option<InviteId>,
    /// The host removed it.
    pub removed: bool,
}

impl ViewerRow {
    /// Somebody who came by no link.
    pub fn new(session: SessionId, person: Person) -> ViewerRow {
        ViewerRow { session, person, invite: None, removed: false }
    }
}

/// Whether a guest was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It was written down, as the so manieth viewer of its session.
    In(u32),
    /// Its session has as many viewers as it may; nothing was written.
    Full,
    /// Its link let in as many as it may, or was taken back; nothing was written.
    UsedUp,
}

/// A link into a session, as it is written and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteRow {
    /// Its id.
    pub id: InviteId,
    /// Where it leads.
    pub session: SessionId,
    /// What those who come by it are.
    pub role: Role,
    /// The player seat they get.
    pub slot: Option<u8>,
    /// What they may do, in place of what their role says.
    pub may: Option<Permissions>,
    /// When it was made.
    pub created_ms: u64,
    /// From then on it lets nobody in; none: as long as the session.
    pub expires_ms: Option<u64>,
    /// How many it lets in; none: any number.
    pub uses: Option<u32>,
    /// How many came by it.
    pub used: u32,
    /// How long each may stay, in seconds; none: as long as the session.
    pub stay_s: Option<u32>,
    /// It was taken back.
    pub revoked: bool,
}

/// What is known of a request that carries an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is new; finish or forget it.
    New,
    /// The same request is being worked on.
    Working,
    /// It was answered; this is the answer.
    Answered(Vec<u8>),
    /// The key was used with another request.
    Different,
}

/// Whether a value was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is durable.
    Stored,
    /// It would exceed the quota; nothing changed.
    Full,
}

impl Db {
    /// Opens or makes the database at `path`, and its folder, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Db, DbError> {
        let engine = Sqlite::open(path, ROOM, Box::new(schema::migrate)).await?;
        Ok(Db::Sqlite(engine, Arc::default()))
    }

    async fn call<T, W>(&self, work: W) -> Result<T, DbError>
    where
        T: Send + 'static,
        W: FnOnce(&mut rusqlite::Connection) -> Result<T, DbError> + Send + 'static,
    {
        let Db::Sqlite(engine, _) = self;
        engine.call(work).await
    }

    /// The same with what cameras told last, in a transaction.
    async fn call_told<T, W>(&self, work: W) -> Result<T, DbError>
    where
        T: Send + 'static,
        W: FnOnce(&rusqlite::Connection, &mut Tail) -> Result<T, DbError> + Send + 'static,
    {
        let Db::Sqlite(engine, told) = self;
        let told = Arc::clone(told);
        engine.call(move |connection| told.change(connection, work)).await
    }
}
