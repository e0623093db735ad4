//! Models: what a name means. They lie by their hash, and a node has tried them before any camera gets them.
//!
//! ```text
//!   name --channel--> folder --read once--> blob store --by hash--> DATA/models/HASH/ --> cameras
//!                                                            '--tried once by a node--> fit, or why not
//! ```
//!
//! What a camera has does not change under it: a file that is replaced, or was only half written, is another hash.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use playfield_core::api::EndReason;
use playfield_core::bus::Request;
use playfield_core::id::DeviceId;
use playfield_core::link::{FileHash, MOST_BYTES, Package, PackageFile};
use playfield_core::model::Manifest;
use playfield_core::rollout;
use playfield_store::blob::{BlobId, Blobs};

use crate::app::App;
use crate::failure::{Failure, Kind};

/// The file of a model's folder that says what it is.
pub(super) const MANIFEST: &str = "model.toml";
/// How long a node may take to try one.
const TRY: Duration = Duration::from_secs(90);

/// The models there are.
pub(crate) struct Models {
    /// Where they lie by their hash.
    place: PathBuf,
    blobs: Blobs,
    /// Tells those apart that are laid at the same time.
    laying: AtomicU64,
    /// By the folder that they were read from.
    known: Mutex<HashMap<PathBuf, Read>>,
    /// By what is in them: why no camera can use it, if none can.
    tried: tokio::sync::Mutex<HashMap<String, Option<String>>>,
}

/// A model, and its files as they were before they were read.
#[derive(Clone)]
struct Read {
    stamps: Vec<Stamp>,
    kept: Arc<Kept>,
}

/// A model, by what is in it.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where it lies.
    pub folder: PathBuf,
    /// The classes that it finds.
    pub labels: Vec<String>,
    /// Its files.
    pub package: Package,
}

impl Kept {
    /// Its files and where they lie, for a machine that fetches them.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (FileHash, PathBuf)> {
        self.package.files.iter().map(|file| (file.hash.clone(), self.folder.join(&file.path)))
    }
}

/// What tells one state of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    file: PathBuf,
    /// None: it is not there.
    bytes: Option<u64>,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(file: PathBuf) -> std::io::Result<Stamp> {
        match fs::metadata(&file) {
            Ok(facts) => Ok(Stamp { bytes: Some(facts.len()), modified: facts.modified().ok(), file }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Stamp { bytes: None, modified: None, file }),
            Err(error) => Err(error),
        }
    }

    fn holds(&self) -> bool {
        Stamp::of(self.file.clone()).is_ok_and(|now| now == *self)
    }
}

impl Models {
    /// Models that are kept under `data`. What was being laid when an earlier process ended is removed.
    pub(crate) fn open(data: &Path, blobs: Blobs) -> std::io::Result<Models> {
        // Paths go to processes that look at them from elsewhere.
        let place = std::path::absolute(data.join("models"))?;
        match fs::remove_dir_all(place.join("partial")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(place.join("partial"))?,
        }
        Ok(Models {
            place,
            blobs,
            laying: AtomicU64::new(0),
            known: Mutex::default(),
            tried: tokio::sync::Mutex::default(),
        })
    }

    /// A model of this name, which lies in a folder.
    async fn keep(&self, name: &str, folder: PathBuf) -> Result<Arc<Kept>, Failure> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&folder).cloned();
        if let Some(Read { stamps, kept }) = known
            && stamps.iter().all(Stamp::holds)
            && kept.folder.join(MANIFEST).exists()
        {
            return Ok(kept);
        }
        let read = self.read(&folder).await;
        let read = read.map_err(|why| Failure::new(Kind::Malformed, format!("the model `{name}`: {why}")))?;
        let kept = read.kept.clone();
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(folder, read);
        Ok(kept)
    }

    async fn read(&self, folder: &Path) -> Result<Read, String> {
        // Looked at before they are read: what is written meanwhile is read again next time.
        let stamp = |path: &str| Stamp::of(folder.join(path)).map_err(|error| format!("{path}: {error}"));
        let mut stamps = vec![stamp(MANIFEST)?];
        let text = bytes(&stamps[0], MANIFEST).await?;
        let parsed = std::str::from_utf8(&text).map(Manifest::parse);
        let manifest = parsed.map_err(|_| format!("{MANIFEST} is not UTF-8"))?.map_err(|error| error.to_string())?;
        stamps.push(stamp(&manifest.file)?);
        let mut files = vec![(MANIFEST, text)];
        // What runs on a sensor need not be here. Of others a node will say that it is missing.
        if stamps[1].bytes.is_some() {
            files.push((&manifest.file, bytes(&stamps[1], &manifest.file).await?));
        }
        let mut package = Package::default();
        for (path, bytes) in files {
            let length = bytes.len() as u64;
            let id = self.blobs.put(bytes).await.map_err(|error| error.to_string())?;
            let hash = id.as_str().parse().map_err(|error| format!("{path}: {error}"))?;
            package.files.push(PackageFile { path: path.to_owned(), hash, bytes: length });
        }
        package.check().map_err(|error| error.to_string())?;
        let folder = self.lay(&package).await.map_err(|error| format!("it cannot be kept: {error}"))?;
        Ok(Read { stamps, kept: Arc::new(Kept { folder, labels: manifest.labels, package }) })
    }

    /// A folder with what the blob store has of it: there as a whole, or not at all.
    async fn lay(&self, package: &Package) -> Result<PathBuf, Box<dyn std::error::Error + Send + Sync>> {
        let folder = self.place.join(BlobId::of(package.listing().as_bytes()).as_str());
        if folder.exists() {
            return Ok(folder);
        }
        let partial = self.place.join("partial").join(self.laying.fetch_add(1, Ordering::Relaxed).to_string());
        for file in &package.files {
            let to = partial.join(&file.path);
            fs::create_dir_all(to.parent().unwrap_or(&partial))?;
            let kept = self.blobs.path(&file.hash.as_str().parse()?).await?.ok_or("it vanished from the blob store")?;
            // The same bytes under another name, where both are on one disk.
            fs::hard_link(&kept, &to).or_else(|_| fs::copy(&kept, &to).map(drop))?;
        }
        match fs::rename(&partial, &folder) {
            // Somebody else was quicker, with the same files.
            Err(_) if folder.exists() => Ok(folder),
            renamed => Ok(renamed.map(|()| folder)?),
        }
    }
}

/// A file of a model, unless it is too large.
async fn bytes(stamp: &Stamp, path: &str) -> Result<Vec<u8>, String> {
    if let Some(bytes) = stamp.bytes.filter(|bytes| *bytes > MOST_BYTES) {
        return Err(format!("{path} has {bytes} bytes; a model has {MOST_BYTES} at most"));
    }
    tokio::fs::read(&stamp.file).await.map_err(|error| format!("{path}: {error}"))
}

impl App {
    /// A model by its name.
    pub(crate) async fn keep_model(&self, name: &str) -> Result<Arc<Kept>, Failure> {
        let folder = self.release_folder(rollout::Kind::Model, name);
        let none = || Failure::new(Kind::NotFound, self.no_release(rollout::Kind::Model, name));
        self.models.keep(name, folder.ok_or_else(none)?).await
    }

    /// The model that a name means to a camera; none: it has no name.
    pub(crate) async fn model_of(
        &self,
        name: Option<&str>,
        device: Option<&DeviceId>,
    ) -> Result<Option<Arc<Kept>>, Failure> {
        let Some(name) = name else { return Ok(None) };
        let release = self.channels.release(rollout::Kind::Model, name, device)?;
        self.keep_model(&release).await.map(Some)
    }

    /// The classes that a camera with this model finds. Cameras can use it: a node has loaded it, and shown it a picture.
    pub(super) async fn fit_model(&self, name: Option<&str>) -> Result<Option<Vec<String>>, Failure> {
        let (Some(kept), Some(name)) = (self.model_of(name, None).await?, name) else { return Ok(None) };
        self.try_model(name, &kept).await?;
        Ok(Some(kept.labels.clone()))
    }

    /// Whether cameras can use a model; if not, why.
    pub(crate) async fn try_model(&self, name: &str, kept: &Kept) -> Result<(), Failure> {
        let answer = |unfit: Option<&String>| match unfit {
            Some(why) => Err(Failure::new(Kind::Malformed, format!("the model `{name}` cannot be used: {why}"))),
            None => Ok(()),
        };
        let listing = kept.package.listing();
        // One after the other: it takes a core for a while.
        let mut tried = self.models.tried.lock().await;
        if let Some(known) = tried.get(&listing) {
            return answer(known.as_ref());
        }
        let none = || Failure::new(Kind::NoNode, "no node is there that could try this model; try again in a moment");
        let node = self.nodes.first().ok_or_else(none)?;
        let unfit = match self.ask(node, &Request::TryModel { folder: kept.folder.clone() }, TRY).await {
            Ok(_) => None,
            Err(failure) if failure.reason == Some(EndReason::BadModule) => Some(failure.detail),
            Err(failure) => return Err(failure),
        };
        let answer = answer(unfit.as_ref());
        tried.insert(listing, unfit);
        answer
    }
}
