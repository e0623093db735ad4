//! Models and apps: which there are, and those that are sent here. What is sent is unpacked beside, looked at and tried, and only
//! then laid where cameras find it; from then on it stays as it is.
//!
//! ```text
//!   ZIP --bounds--> DATA/releases/partial/N/ --manifest, node--> DATA/releases/{models,apps}/NAME/
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use playfield_core::api::{Device, EndReason, Release};
use playfield_core::app::{FILE, Package as AppPackage};
use playfield_core::bus::Request;
use playfield_core::link::Package;
use playfield_core::model::Manifest;
use playfield_core::rollout::{Channel, Kind};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use super::is_name;
use super::models::{Kept, MANIFEST};
use crate::app::App;
use crate::failure::{Failure, Kind as Why};

mod unpack;

/// Most mebibytes of an archive, and of what is in it.
pub(crate) const MOST_MB: u32 = 128;
/// Longest name, in characters.
const LONGEST: usize = 64;
/// Most bytes of a text that says what something is.
const MOST_TEXT: u64 = 64 << 10;
/// How long a node may take to try an app: longer than it gives itself.
const TRY: Duration = Duration::from_secs(120);
/// How long a removal waits for those who are just choosing.
const ALONE: Duration = Duration::from_secs(5);

/// Where what was sent lies.
pub(crate) struct Releases {
    place: PathBuf,
    /// Tells those apart that are unpacked one after the other.
    next: AtomicU64,
    /// One is unpacked at a time.
    turn: Mutex<()>,
    /// Held for reading by whoever writes a name down, and for writing by whoever removes one.
    named: Arc<RwLock<()>>,
}

impl Releases {
    /// Those under `data`. What was being unpacked when an earlier process ended is removed.
    pub(crate) fn open(data: &Path) -> io::Result<Releases> {
        // Paths go to processes that look at them from elsewhere.
        let place = std::path::absolute(data.join("releases"))?;
        let releases = Releases { place, next: AtomicU64::new(0), turn: Mutex::default(), named: Arc::default() };
        match fs::remove_dir_all(releases.partial()) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for folder in [releases.partial(), releases.folder(Kind::Model), releases.folder(Kind::App)] {
            fs::create_dir_all(folder)?;
        }
        Ok(releases)
    }

    /// Where those of a kind lie.
    pub(crate) fn folder(&self, kind: Kind) -> PathBuf {
        self.place.join(match kind {
            Kind::Model => "models",
            Kind::App => "apps",
        })
    }

    fn partial(&self) -> PathBuf {
        self.place.join("partial")
    }

    /// A folder that nobody looks into, and that is not there yet.
    fn beside(&self) -> Partial {
        Partial(self.partial().join(self.next.fetch_add(1, Ordering::Relaxed).to_string()))
    }

    /// Removes a folder at once, or not at all.
    fn remove(&self, folder: &Path) -> io::Result<()> {
        fs::rename(folder, &self.beside().0)
    }

    /// As long as it is held no release is removed: for whoever looks whether one is there, and then writes its name down.
    pub(crate) async fn named(&self) -> OwnedRwLockReadGuard<()> {
        self.named.clone().read_owned().await
    }
}

/// A folder that is removed, unless what it holds was laid elsewhere.
struct Partial(PathBuf);

impl Partial {
    fn lay(&self, to: &Path) -> io::Result<()> {
        fs::rename(&self.0, to)?;
        File::open(to.parent().unwrap_or(to))?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl App {
    /// All there are, with the number of cameras that have each.
    pub(crate) async fn releases(&self) -> Result<Vec<Release>, Failure> {
        let devices = self.devices().await?;
        let mut all = Vec::new();
        for kind in [Kind::Model, Kind::App] {
            let mut names = BTreeSet::new();
            for folder in self.release_folders(kind) {
                let entries = fs::read_dir(folder).into_iter().flatten().flatten();
                names.extend(
                    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_name(name)),
                );
            }
            for name in names {
                let Some(folder) = self.release_folder(kind, &name) else { continue };
                all.push(self.told(kind, name, &folder, &devices));
            }
        }
        Ok(all)
    }

    /// Where releases of a kind lie; the first folder that has a name counts.
    fn release_folders(&self, kind: Kind) -> impl Iterator<Item = PathBuf> {
        let named = match kind {
            Kind::Model => &self.config.models,
            Kind::App => &self.config.apps,
        };
        named.iter().cloned().chain([self.releases.folder(kind)])
    }

    /// Where a release lies.
    pub(super) fn release_folder(&self, kind: Kind, name: &str) -> Option<PathBuf> {
        let mut places = self.release_folders(kind).filter_map(|folder| fs::canonicalize(folder.join(name)).ok());
        let holds = |place: &PathBuf| match kind {
            Kind::Model => place.join(MANIFEST).is_file(),
            Kind::App => AppPackage::is(&names(place)),
        };
        places.find(holds).filter(|_| is_name(name))
    }

    /// That there is none of this name, and what to do.
    pub(super) fn no_release(&self, kind: Kind, name: &str) -> String {
        let (what, folders, holds) = match kind {
            Kind::Model => ("model", &self.config.models, format!("with a `{MANIFEST}`")),
            Kind::App => ("app", &self.config.apps, format!("with an `{FILE}`, or an AITRIOS package, unpacked")),
        };
        let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        if folders.is_empty() {
            return format!("there is no {what} `{name}`; add it on the page of cameras");
        }
        let folders = folders.join(", ");
        format!(
            "there is no {what} `{name}` in {folders}; put its folder there, {holds}, or add it on the page of cameras"
        )
    }

    fn told(&self, kind: Kind, name: String, folder: &Path, devices: &[Device]) -> Release {
        let sent = self.sent(kind, folder);
        let cameras = devices.iter().filter(|device| self.is_to_have(device, kind, &name)).count() as u32;
        let none = Release {
            kind,
            title: name.clone(),
            name,
            version: String::new(),
            summary: String::new(),
            labels: Vec::new(),
            bytes: 0,
            sent,
            cameras,
            detail: None,
        };
        let size = |file: &str| fs::metadata(folder.join(file)).ok().map(|facts| facts.len());
        match kind {
            Kind::Model => match model(folder) {
                Ok(Manifest { name: title, version, summary, labels, file, .. }) => {
                    let (bytes, detail) = match size(&file) {
                        Some(bytes) => (bytes, None),
                        None => (0, Some(format!("its {file} is not here: it is for sensors that run it themselves"))),
                    };
                    Release { title, version, summary, labels, bytes, detail, ..none }
                }
                Err(why) => Release { detail: Some(why), ..none },
            },
            Kind::App => match app(folder) {
                Ok(AppPackage { manifest, .. }) => {
                    let bytes = size(&manifest.entry);
                    let detail = bytes.is_none().then(|| missing(&manifest.entry));
                    let (title, version, summary) = (manifest.name, manifest.version, manifest.summary);
                    Release { title, version, summary, bytes: bytes.unwrap_or(0), detail, ..none }
                }
                Err(why) => Release { detail: Some(why), ..none },
            },
        }
    }

    fn sent(&self, kind: Kind, folder: &Path) -> bool {
        // Both are without links: the one was looked up, the other may have been reached by some.
        fs::canonicalize(self.releases.folder(kind)).is_ok_and(|ours| folder.starts_with(ours))
    }

    /// Whether a camera is to have this release now.
    fn is_to_have(&self, device: &Device, kind: Kind, name: &str) -> bool {
        let desired = &device.desired;
        let named = match kind {
            Kind::Model => [&desired.model, &desired.shadow],
            Kind::App => [&desired.app, &None],
        };
        let is = |named: &String| self.channels.release(kind, named, Some(&device.id)).is_ok_and(|has| has == name);
        named.into_iter().flatten().any(is)
    }

    /// Takes one in. True: it was not here before.
    pub(crate) async fn put_release(
        &self,
        kind: Kind,
        name: &str,
        archive: Vec<u8>,
    ) -> Result<(Release, bool), Failure> {
        if !is_name(name) || name.len() > LONGEST {
            let detail = format!("a release's name is 1 to {LONGEST} letters, digits, `-` and `_`");
            return Err(Failure::new(Why::Malformed, detail));
        }
        let partial = self.releases.beside();
        let package = self.unpack(archive, partial.0.clone()).await?;
        if let Some(there) = self.release_folder(kind, name) {
            return self.same_release(kind, name, &there, package).await;
        }
        match kind {
            Kind::Model => self.fit_sent_model(name, &partial.0, &package).await?,
            Kind::App => self.fit_sent_app(name, &partial.0).await?,
        }
        let place = self.releases.folder(kind).join(name);
        match partial.lay(&place) {
            Ok(()) => {
                tracing::info!(?kind, name, "a release was taken in");
                Ok((self.release(kind, name, &place).await?, true))
            }
            // Somebody else was quicker: nothing that is there is replaced.
            Err(_) if self.release_folder(kind, name).is_some() => self.same_release(kind, name, &place, package).await,
            Err(error) => Err(Failure::internal(error)),
        }
    }

    /// What is in an archive, in a folder of its own; one archive at a time, since each takes memory.
    async fn unpack(&self, archive: Vec<u8>, into: PathBuf) -> Result<Package, Failure> {
        let _turn = self.releases.turn.lock().await;
        let unpacked = tokio::task::spawn_blocking(move || unpack::unpack(&archive, &into));
        unpacked.await.map_err(Failure::internal)?.map_err(|error| match error {
            unpack::Error::Archive(why) => Failure::new(Why::Malformed, format!("the archive: {why}")),
            unpack::Error::Disk(error) => Failure::internal(error),
        })
    }

    /// The release that is there already, if it is the same.
    async fn same_release(
        &self,
        kind: Kind,
        name: &str,
        there: &Path,
        package: Package,
    ) -> Result<(Release, bool), Failure> {
        let place = there.to_owned();
        let same = tokio::task::spawn_blocking(move || unpack::holds(&place, &package));
        if same.await.map_err(Failure::internal)? {
            return Ok((self.release(kind, name, there).await?, false));
        }
        let detail = format!(
            "there is another `{name}`, and a release stays as it is; send this one by a name of its own, and move a \
             channel there"
        );
        Err(Failure::new(Why::Exists, detail))
    }

    async fn release(&self, kind: Kind, name: &str, folder: &Path) -> Result<Release, Failure> {
        let folder = fs::canonicalize(folder).map_err(Failure::internal)?;
        Ok(self.told(kind, name.to_owned(), &folder, &self.devices().await?))
    }

    /// Whether cameras can use what was unpacked there.
    async fn fit_sent_model(&self, name: &str, folder: &Path, sent: &Package) -> Result<(), Failure> {
        let unfit = |why: String| Failure::new(Why::Malformed, format!("the model `{name}`: {why}"));
        let manifest = model(folder).map_err(unfit)?;
        // One that runs on a sensor need not be here.
        if !folder.join(&manifest.file).exists() {
            return Ok(());
        }
        // Of what was sent, that which it is known by.
        let file = |path: &str| sent.files.iter().find(|file| file.path == path).cloned();
        let package = Package { files: [MANIFEST, &manifest.file].into_iter().filter_map(file).collect() };
        self.try_model(name, &Kept { folder: folder.to_owned(), labels: manifest.labels, package }).await
    }

    async fn fit_sent_app(&self, name: &str, folder: &Path) -> Result<(), Failure> {
        let unfit = |why: String| Failure::new(Why::Malformed, format!("the app `{name}` cannot be used: {why}"));
        let entry = app(folder).map_err(unfit)?.manifest.entry;
        if !folder.join(&entry).is_file() {
            return Err(unfit(missing(&entry)));
        }
        let none = || Failure::new(Why::NoNode, "no node is there that could try this app; try again in a moment");
        let node = self.nodes.first().ok_or_else(none)?;
        match self.ask(node, &Request::TryApp { folder: folder.to_owned() }, TRY).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.reason == Some(EndReason::BadModule) => Err(unfit(failure.detail)),
            Err(failure) => Err(failure),
        }
    }

    /// Forgets one that was sent, and that nobody is to have.
    pub(crate) async fn remove_release(&self, kind: Kind, name: &str) -> Result<(), Failure> {
        let busy = |_| {
            let detail = "a camera or a channel is being changed just now; try again in a moment";
            Failure::new(Why::InProgress, detail)
        };
        let _alone = tokio::time::timeout(ALONE, self.releases.named.write()).await.map_err(busy)?;
        let none = || Failure::new(Why::NotFound, format!("there is no release `{name}`"));
        let folder = self.release_folder(kind, name).ok_or_else(none)?;
        if !self.sent(kind, &folder) {
            // One of that name that was sent before is nobody's any more.
            let hidden = self.releases.folder(kind).join(name);
            if hidden.is_dir() {
                return self.releases.remove(&hidden).map_err(Failure::internal);
            }
            let detail = format!("`{name}` was not sent here: it lies in {}", folder.display());
            return Err(Failure::new(Why::Forbidden, detail));
        }
        let points = |channel: &Channel| {
            let to = channel.rollout.as_ref().map(|rollout| rollout.to.as_str());
            channel.kind == kind && (channel.release == name || to == Some(name))
        };
        if let Some(channel) = self.channels().channels.into_iter().find(points) {
            let detail =
                format!("the channel `{}@{}` points to `{name}`; move it first", channel.name, channel.channel);
            return Err(Failure::new(Why::InUse, detail));
        }
        if let Some(device) = self.devices().await?.iter().find(|device| self.is_to_have(device, kind, name)) {
            let detail = format!("the camera `{}` has `{name}`; give it another one first", device.name);
            return Err(Failure::new(Why::InUse, detail));
        }
        self.releases.remove(&folder).map_err(Failure::internal)?;
        tracing::info!(?kind, name, "a release was removed");
        Ok(())
    }
}

fn missing(entry: &str) -> String {
    format!("its module {entry} is not there")
}

fn model(folder: &Path) -> Result<Manifest, String> {
    Manifest::parse(&text(folder, MANIFEST)?).map_err(|error| error.to_string())
}

fn app(folder: &Path) -> Result<AppPackage, String> {
    AppPackage::look(&names(folder), |file| text(folder, file))
}

/// A file that a person wrote.
fn text(folder: &Path, file: &str) -> Result<String, String> {
    let path = folder.join(file);
    match fs::metadata(&path) {
        Ok(facts) if facts.len() > MOST_TEXT => Err(format!("{file} has more than {} KiB", MOST_TEXT >> 10)),
        Ok(_) => fs::read_to_string(&path).map_err(|error| format!("{file}: {error}")),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!("there is no {file} in it")),
        Err(error) => Err(format!("{file}: {error}")),
    }
}

/// The files of a folder; of one that cannot be read, none.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
