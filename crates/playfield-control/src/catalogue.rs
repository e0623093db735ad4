//! The catalogue: what can be played, as found in the titles folders.
//!
//! ```text
//!   scan    what lies there: files, lengths, times          (once a second)
//!   load    a place that changed and holds still -> an entry: module into the blob store, facts from a node
//!   cover   the picture of a title that brings none, drawn by a node, kept by the module's hash
//! ```
//!
//! A title that cannot be played stays listed, with its problem: its maker is looking at this list.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use playfield_core::api::{Badge, Title};
use playfield_core::bus::ModuleFacts;
use playfield_core::frame::Shape;
use playfield_core::id::NodeId;
use playfield_core::manifest::Manifest;
use playfield_store::blob::{BlobId, Blobs};
use playfield_store::bus::Bus;
use tokio::sync::Mutex;

mod cover;
mod load;
mod scan;

use load::Loaded;
use scan::{Found, Stamp};

/// How often the folders are looked at.
const POLL: Duration = Duration::from_secs(1);

/// What can be played.
pub struct Catalogue {
    folders: Vec<PathBuf>,
    covers: PathBuf,
    blobs: Blobs,
    bus: Bus,
    nodes: Vec<NodeId>,
    shown: RwLock<BTreeMap<String, Arc<Entry>>>,
    places: Mutex<Places>,
    /// Modules whose cover could not be drawn; not tried again by this process.
    plain: Mutex<HashSet<BlobId>>,
}

/// What is known of the places in the folders.
#[derive(Default)]
struct Places {
    /// The first look takes what it finds; later ones wait until a file holds still.
    looked: bool,
    known: HashMap<PathBuf, Place>,
    /// Who has an id; the newcomer is refused.
    owners: BTreeMap<String, PathBuf>,
    /// Places refused, and told so once.
    refused: BTreeMap<PathBuf, String>,
}

struct Place {
    seen: Stamp,
    loaded: Option<(Stamp, Loaded)>,
}

/// A title, as the control plane plays it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What its maker says.
    pub manifest: Manifest,
    /// Its module, if it could be read.
    pub module: Option<Module>,
    /// What a node says of the module.
    pub facts: Option<ModuleFacts>,
    /// Its picture, if there is one yet.
    pub cover: Option<Cover>,
    /// Why it cannot be played.
    pub problem: Option<String>,
}

/// A module in the blob store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its hash.
    pub id: BlobId,
    /// Where it lies.
    pub path: PathBuf,
}

/// A cover, a PNG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Changes when the picture does.
    pub tag: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl Catalogue {
    pub(crate) fn new(folders: Vec<PathBuf>, data: &Path, blobs: Blobs, bus: Bus, nodes: Vec<NodeId>) -> Catalogue {
        Catalogue {
            folders,
            covers: data.join("covers"),
            blobs,
            bus,
            nodes,
            shown: RwLock::default(),
            places: Mutex::default(),
            plain: Mutex::default(),
        }
    }

    /// The title with this id.
    pub fn get(&self, id: &str) -> Option<Arc<Entry>> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All titles, by name.
    pub fn titles(&self) -> Vec<Title> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        let mut titles: Vec<Title> = shown.values().map(|entry| entry.title()).collect();
        titles.sort_by_cached_key(|title| (title.name.to_lowercase(), title.id.clone()));
        titles
    }

    /// Places that were refused because another title has their id, with the reason.
    pub async fn refused(&self) -> BTreeMap<PathBuf, String> {
        self.places.lock().await.refused.clone()
    }

    /// Keeps looking; never returns. Covers are drawn beside it, so that a slow one holds no new title up.
    pub async fn watch(&self) {
        tokio::join!(self.watch_folders(), self.watch_covers());
    }

    async fn watch_folders(&self) {
        loop {
            self.scan().await;
            tokio::time::sleep(POLL).await;
        }
    }

    async fn watch_covers(&self) {
        loop {
            if !self.draw_a_cover().await {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Looks at the folders once and takes in what changed and holds still.
    pub async fn scan(&self) {
        let found = scan::look(self.folders.clone()).await;
        let mut places = self.places.lock().await;
        places.forget_missing(&found);
        let looked = std::mem::replace(&mut places.looked, true);
        for one in &found {
            if places.wants_loading(one, looked) {
                let loaded = self.load(one).await;
                places.took(one, loaded);
                self.show(&mut places, &found);
            }
        }
        self.show(&mut places, &found);
    }

    /// Makes the list from what is loaded, first come first served.
    fn show(&self, places: &mut Places, found: &[Found]) {
        let entries = places.settle(found);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = entries;
    }
}

impl Places {
    fn forget_missing(&mut self, found: &[Found]) {
        let there: HashSet<&PathBuf> = found.iter().map(|one| &one.place).collect();
        self.known.retain(|place, _| there.contains(place));
        self.refused.retain(|place, _| there.contains(place));
    }

    /// Whether a place changed since it was loaded, and did not since the look before.
    fn wants_loading(&mut self, one: &Found, looked: bool) -> bool {
        let Some(place) = self.known.get_mut(&one.place) else {
            self.known.insert(one.place.clone(), Place { seen: one.stamp.clone(), loaded: None });
            return !looked;
        };
        let still = place.seen == one.stamp;
        place.seen.clone_from(&one.stamp);
        let current = place.loaded.as_ref().is_some_and(|(stamp, loaded)| *stamp == one.stamp && !loaded.is_due());
        still && !current
    }

    fn took(&mut self, one: &Found, loaded: Loaded) {
        if let Some(place) = self.known.get_mut(&one.place) {
            place.loaded = Some((one.stamp.clone(), loaded));
        }
    }

    /// One entry for each id. Who had the id before keeps it; else the first in the order of the folders gets it.
    fn settle(&mut self, found: &[Found]) -> BTreeMap<String, Arc<Entry>> {
        let mut claims: BTreeMap<String, Vec<(&PathBuf, &Arc<Entry>)>> = BTreeMap::new();
        for one in found {
            if let Some((_, loaded)) = self.known.get(&one.place).and_then(|place| place.loaded.as_ref()) {
                claims.entry(loaded.entry.manifest.id.clone()).or_default().push((&one.place, &loaded.entry));
            }
        }
        let mut owners = BTreeMap::new();
        let mut refused = BTreeMap::new();
        let mut entries = BTreeMap::new();
        for (id, claims) in claims {
            let before = self.owners.get(&id);
            let winner = claims.iter().position(|(place, _)| Some(*place) == before).unwrap_or(0);
            for (place, _) in claims.iter().enumerate().filter(|(at, _)| *at != winner).map(|(_, claim)| claim) {
                let reason =
                    format!("the id `{id}` is taken by {}; give this title another id", claims[winner].0.display());
                if !self.refused.contains_key(*place) {
                    tracing::warn!(place = %place.display(), %reason, "title refused");
                }
                refused.insert((*place).clone(), reason);
            }
            owners.insert(id.clone(), claims[winner].0.clone());
            entries.insert(id, claims[winner].1.clone());
        }
        (self.owners, self.refused) = (owners, refused);
        entries
    }
}

impl Entry {
    /// The title as the world sees it.
    pub fn title(&self) -> Title {
        let Manifest { id, name, version, summary, authors, licence, tags, listed, players, input, .. } =
            self.manifest.clone();
        let tag = self.cover.as_ref().map(|cover| format!("?v={}", cover.tag)).unwrap_or_default();
        let cover = format!("/api/v1/titles/{id}/cover{tag}");
        let (badges, problem) = (self.badges(), self.problem.clone());
        let picture = self.facts.as_ref().and_then(|facts| facts.picture);
        Title {
            id,
            name,
            version,
            summary,
            authors,
            licence,
            tags,
            listed,
            players,
            input,
            badges,
            picture,
            cover,
            problem,
        }
    }

    fn badges(&self) -> Vec<Badge> {
        let Some(facts) = self.facts.as_ref().filter(|_| self.problem.is_none()) else { return Vec::new() };
        let mut badges = Vec::new();
        if facts.deterministic {
            badges.push(Badge::Deterministic);
        }
        if facts.snapshots {
            badges.push(Badge::Snapshots);
        }
        if facts.picture.is_some_and(Shape::suits_lossless) {
            badges.push(Badge::Lossless);
        }
        badges
    }
}

/// The dialect of WASM-4 cartridges.
const WASM4: &str = "wasm4";
