//! Saved states: of a profile and a title, in slots.
//!
//! ```text
//!   save    worker writes a file -> its bytes into the blob store -> row -> acknowledged
//!   load    row -> is it of this module and core? -> bytes as they were? -> worker reads them -> acknowledged
//! ```
//!
//! Who may is for the worker to say, which knows the people of the session; whose they are, the session's profile says. A
//! process that is killed anywhere leaves the old state or the new one: `playfield_store::db` says how.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use playfield_core::api::{STATE_SLOTS, SavedState, SavedStates};
use playfield_core::bus::{MAX_STATE_PICTURE, Reply, Request, StateFacts, StateRefusal};
use playfield_core::id::{SessionId, ViewerId};
use playfield_store::blob::{BlobError, BlobId, Blobs};
use playfield_store::db::{Db, DbError, Hash, PutState, SessionRow, StateRow};
use tokio::sync::RwLock;

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::sessions::unexpected;

/// A guest may be in the middle of a slow picture, and a state takes a moment to be packed.
const ANSWER: Duration = Duration::from_secs(15);

/// Where the bytes of states are, and where they are written first.
pub(crate) struct Shelf {
    folder: PathBuf,
    blobs: Blobs,
    /// Held by whoever keeps bytes until a row names them, and apart from those by who removes some.
    unnamed: RwLock<()>,
    /// Tells files that are being written apart.
    files: AtomicU64,
}

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The folder.
    #[error("cannot write to {path}: {source}; choose another data folder or change its permissions")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The blob store.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Shelf {
    /// Sets it up; removes what an earlier process was in the middle of.
    pub(crate) async fn open(data: &Path, db: &Db) -> Result<Shelf, ShelfError> {
        let unwritable = |source| ShelfError::Folder { path: data.join("states"), source };
        // Paths go to processes that look at them from elsewhere.
        let states = std::path::absolute(data.join("states")).map_err(unwritable)?;
        // Apart from modules, which can be made again.
        let blobs = Blobs::files(&states).await?;
        let folder = states.join("saving");
        match tokio::fs::remove_dir_all(&folder).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(error)),
            _ => tokio::fs::create_dir_all(&folder).await.map_err(unwritable)?,
        }
        for blob in db.loose_blobs().await? {
            blobs.remove(&blob).await?;
            db.forget_loose(blob).await?;
        }
        Ok(Shelf { folder, blobs, unnamed: RwLock::new(()), files: AtomicU64::new(0) })
    }

    /// Keeps bytes, and has a row name them.
    pub(crate) async fn put<T>(
        &self,
        db: &Db,
        bytes: Vec<u8>,
        named: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, Failure> {
        let _unnamed = self.unnamed.read().await;
        db.loosen(BlobId::of(&bytes)).await?;
        self.blobs.put(bytes).await?;
        Ok(named.await?)
    }

    /// Bytes that a row names.
    pub(crate) async fn get(&self, blob: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
        self.blobs.get(blob).await
    }

    /// Removes bytes that no row names any more. What fails here is done at the next start.
    pub(crate) async fn drop_blobs(&self, db: &Db, blobs: impl IntoIterator<Item = BlobId>) {
        let dropped = async {
            for blob in blobs {
                let _alone = self.unnamed.write().await;
                // The same bytes may have been saved twice, or may be saved again.
                if db.is_loose(blob.clone()).await? {
                    self.blobs.remove(&blob).await?;
                    db.forget_loose(blob).await?;
                }
            }
            Ok::<(), ShelfError>(())
        };
        if let Err(error) = dropped.await {
            tracing::error!(%error, "bytes that nobody needs could not be removed");
        }
    }

    fn file(&self) -> Passing {
        Passing(self.folder.join(self.files.fetch_add(1, Ordering::Relaxed).to_string()))
    }
}

/// A file that is gone after this.
struct Passing(PathBuf);

impl Passing {
    /// What a worker wrote there, of which nothing is believed: no link, and no more than was allowed.
    async fn read(&self, most: u64) -> std::io::Result<Vec<u8>> {
        let found = tokio::fs::symlink_metadata(&self.0).await?;
        if !found.is_file() || found.len() > most {
            return Err(std::io::Error::other("a worker wrote a state of another size than it may have"));
        }
        tokio::fs::read(&self.0).await
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // Often there is none any more.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Who asks, in which session.
pub(crate) struct Asker {
    pub session: SessionId,
    /// None: whoever runs the server.
    pub viewer: Option<ViewerId>,
}

/// What holds for an asker who may.
struct Ground {
    row: SessionRow,
    /// Whose states; none: nobody's, so there are none.
    profile: Option<Hash>,
    maker: String,
    cannot: Option<String>,
}

impl App {
    /// The states of the session's profile and title.
    pub(crate) async fn states(&self, asker: &Asker) -> Result<SavedStates, Failure> {
        let ground = self.ground(asker).await?;
        let Some(profile) = ground.profile else {
            return Ok(SavedStates { cannot: ground.cannot, slots: STATE_SLOTS, states: Vec::new() });
        };
        let rows = self.db.states(profile, ground.row.title.clone()).await?;
        let states = rows.into_iter().map(|row| shown(row, &ground)).collect();
        Ok(SavedStates { cannot: ground.cannot, slots: STATE_SLOTS, states })
    }

    /// Saves the state of now; what was in the slot is replaced once the new one is durable.
    pub(crate) async fn save_state(&self, asker: &Asker, slot: u8) -> Result<SavedState, Failure> {
        let ground = self.ground(asker).await?;
        let profile = ground.usable()?;
        let most = u64::from(self.config.limits.state_mb) << 20;
        let file = self.shelf.file();
        let (session, viewer) = (asker.session.clone(), asker.viewer.clone());
        let request = Request::SaveState { session, viewer, to: file.0.clone(), most };
        let facts = match self.ask(&ground.row.node, &request, ANSWER).await? {
            Reply::StateSaved { state } => *state,
            other => return Err(refused(&other)),
        };
        let bytes = file.read(most).await.map_err(Failure::internal)?;
        let StateFacts { tick, tick_hz, maker, mut picture } = facts;
        if picture.len() > MAX_STATE_PICTURE {
            picture.clear();
        }
        let module = ground.row.module.clone();
        let (blob, size, saved_ms) = (BlobId::of(&bytes), bytes.len() as u64, now_ms());
        let row = StateRow { slot, module, maker, blob: blob.clone(), bytes: size, tick, tick_hz, picture, saved_ms };
        let quota = u64::from(self.config.limits.states_mb) << 20;
        let named = self.db.put_state(profile, ground.row.title.clone(), row.clone(), quota);
        match self.shelf.put(&self.db, bytes, named).await? {
            PutState::Stored { before } => {
                self.shelf.drop_blobs(&self.db, before).await;
                Ok(shown(row, &ground))
            }
            PutState::Full => {
                self.shelf.drop_blobs(&self.db, [row.blob]).await;
                let detail = "Everything that was saved here takes as much as it may. Delete a state, or ask who runs the server for room.";
                Err(Failure::new(Kind::LimitReached, detail))
            }
        }
    }

    /// Brings the session back to a state.
    pub(crate) async fn load_state(&self, asker: &Asker, slot: u8) -> Result<(), Failure> {
        let ground = self.ground(asker).await?;
        let row = self.state(&ground, slot).await?;
        if let Some(unfit) = unfit(&row, &ground) {
            return Err(Failure::new(Kind::StateUnfit, unfit));
        }
        let from = self.whole(&row.blob).await?;
        let (session, viewer) = (asker.session.clone(), asker.viewer.clone());
        match self.ask(&ground.row.node, &Request::LoadState { session, viewer, from }, ANSWER).await? {
            Reply::Done => Ok(()),
            other => Err(refused(&other)),
        }
    }

    /// Empties a slot.
    pub(crate) async fn remove_state(&self, asker: &Asker, slot: u8) -> Result<(), Failure> {
        let ground = self.ground(asker).await?;
        let profile = ground.profile.ok_or_else(|| empty(slot))?;
        let removed = self.db.remove_state(profile, ground.row.title.clone(), slot).await?;
        let blob = removed.ok_or_else(|| empty(slot))?;
        self.shelf.drop_blobs(&self.db, [blob]).await;
        Ok(())
    }

    /// Whether the asker may, and on what.
    async fn ground(&self, asker: &Asker) -> Result<Ground, Failure> {
        let row = self.open_row(&asker.session).await?;
        let request = Request::States { session: asker.session.clone(), viewer: asker.viewer.clone() };
        let (maker, cannot) = match self.ask(&row.node, &request, ANSWER).await? {
            Reply::States { maker, cannot } => (maker, cannot),
            other => return Err(refused(&other)),
        };
        let profile = row.profile;
        let nobody = || "This session has no profile, so nothing of it is kept.".to_owned();
        let none_kept = || "This server keeps no saved states.".to_owned();
        let cannot = cannot
            .or_else(|| (self.config.limits.states_mb == 0).then(none_kept))
            .or_else(|| profile.is_none().then(nobody));
        Ok(Ground { row, profile, maker, cannot })
    }

    async fn state(&self, ground: &Ground, slot: u8) -> Result<StateRow, Failure> {
        let rows = self.db.states(ground.usable()?, ground.row.title.clone()).await?;
        rows.into_iter().find(|row| row.slot == slot).ok_or_else(|| empty(slot))
    }

    /// Where the bytes of a state lie, which are those that were saved.
    async fn whole(&self, blob: &BlobId) -> Result<PathBuf, Failure> {
        let bytes = self.shelf.blobs.get(blob).await?;
        let hashed = tokio::task::spawn_blocking(move || bytes.map(|bytes| BlobId::of(&bytes))).await;
        let path = self.shelf.blobs.path(blob).await?;
        match (hashed.map_err(Failure::internal)?, path) {
            (Some(found), Some(path)) if found == *blob => Ok(path),
            _ => {
                tracing::error!(%blob, "a saved state is not what it was when it was saved");
                Err(Failure::new(Kind::StateUnfit, "This saved state is damaged and cannot be loaded."))
            }
        }
    }
}

impl Ground {
    /// Whose states, where there can be any.
    fn usable(&self) -> Result<Hash, Failure> {
        match (&self.cannot, self.profile) {
            (None, Some(profile)) => Ok(profile),
            (cannot, _) => Err(Failure::new(Kind::Refused, cannot.clone().unwrap_or_default())),
        }
    }
}

/// Why a state is not for what is played now.
fn unfit(state: &StateRow, ground: &Ground) -> Option<String> {
    let other = |what| Some(format!("It was made by another version of {what}, and does not fit this one."));
    match (state.module == ground.row.module, state.maker == ground.maker) {
        (false, _) => other("this title"),
        (_, false) => other("the core that plays it"),
        _ => None,
    }
}

fn shown(state: StateRow, ground: &Ground) -> SavedState {
    let unfit = unfit(&state, ground);
    let StateRow { slot, saved_ms, tick, tick_hz, bytes, picture, .. } = state;
    let played_ms = tick.saturating_mul(1_000) / u64::from(tick_hz.max(1));
    SavedState { slot, saved_ms, tick, played_ms, bytes, picture: STANDARD.encode(picture), unfit }
}

fn empty(slot: u8) -> Failure {
    let none =
        if slot == 0 { "Nothing was saved by the key yet.".to_owned() } else { format!("Slot {slot} is empty.") };
    Failure::new(Kind::NotFound, none)
}

/// What a worker did not do.
fn refused(reply: &Reply) -> Failure {
    let Reply::StateRefused { why, detail } = reply else { return unexpected(reply) };
    let kind = match why {
        StateRefusal::Forbidden => Kind::Forbidden,
        StateRefusal::Impossible => Kind::Refused,
        StateRefusal::TooLarge => Kind::TooLarge,
        StateRefusal::Busy => Kind::InProgress,
    };
    Failure::new(kind, detail.clone())
}
