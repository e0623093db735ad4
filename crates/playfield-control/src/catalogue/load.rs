//! From a place to an entry: its module goes into the blob store, a node says what it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::api::EndReason;
use playfield_core::bus::{ModuleFacts, Reply, Request};
use playfield_core::manifest::{InputKind, Kind, Manifest};
use playfield_store::blob::BlobId;
use playfield_store::bus::BusError;
use tokio::time::Instant;

use super::scan::Found;
use super::{Catalogue, Cover, Entry, Module, WASM4};

/// Largest module, in bytes.
const MODULE_MAX: u64 = 64 << 20;
/// Largest cover, in bytes.
const COVER_MAX: u64 = 4 << 20;
/// A node may have to compile the module, behind others.
const INSPECT: Duration = Duration::from_secs(90);
/// When to ask again, where the node and not the module was at fault.
const AGAIN: Duration = Duration::from_secs(5);

/// An entry, and whether what stands in it may be better soon.
pub(super) struct Loaded {
    pub entry: Arc<Entry>,
    again: Option<Instant>,
}

enum Verdict {
    Facts(ModuleFacts),
    Broken(String),
    /// Says nothing of the module; ask again after a while.
    NotNow(String, Duration),
}

impl Loaded {
    pub(super) fn is_due(&self) -> bool {
        self.again.is_some_and(|at| at <= Instant::now())
    }

    fn broken(manifest: Manifest, problem: String) -> Loaded {
        tracing::warn!(title = %manifest.id, %problem, "title cannot be played");
        let entry = Entry { manifest, module: None, facts: None, cover: None, problem: Some(problem) };
        Loaded { entry: Arc::new(entry), again: None }
    }
}

impl Catalogue {
    pub(super) async fn load(&self, found: &Found) -> Loaded {
        let manifest = match &found.manifest {
            Some(Ok(manifest)) => manifest.clone(),
            Some(Err(problem)) => {
                return Loaded::broken(Manifest::for_module(&name(&found.place), vec![], 1), problem.clone());
            }
            None => Manifest::for_module(&name(&found.place), vec![InputKind::Pad], 1),
        };
        let module = match self.keep_module(&found.module).await {
            Ok(module) => module,
            Err(problem) => return Loaded::broken(manifest, problem),
        };
        let verdict = self.inspect(&module, manifest.kind()).await;
        let cover = match &found.cover {
            Some(path) => self.keep_cover(path).await,
            None => self.drawn_cover(&module.id).await,
        };
        finish(found, manifest, module, cover, verdict)
    }

    async fn keep_module(&self, path: &Path) -> Result<Module, String> {
        let shown = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let bytes = read(path, MODULE_MAX).await.map_err(|problem| format!("{shown} {problem}"))?;
        let id = self.blobs.put(bytes).await.map_err(|error| error.to_string())?;
        let path = self.blobs.path(&id).await.map_err(|error| error.to_string())?;
        path.map(|path| Module { id, path }).ok_or_else(|| format!("{shown} vanished from the blob store"))
    }

    async fn inspect(&self, module: &Module, guest: Kind) -> Verdict {
        let Some(node) = self.nodes.first() else {
            return Verdict::NotNow("there is no node that could run it".to_owned(), AGAIN);
        };
        match self.bus.ask(node, &Request::Inspect { module: module.path.clone(), guest }, INSPECT).await {
            Ok(Reply::Inspected { module }) => Verdict::Facts(module),
            Ok(Reply::Refused { reason, detail }) if may_pass(reason) => Verdict::NotNow(detail, AGAIN),
            Ok(Reply::Refused { detail, .. }) => Verdict::Broken(detail),
            Ok(other) => Verdict::Broken(format!("the node answered {other:?} when asked what this module is")),
            Err(BusError::Nobody(_)) => Verdict::NotNow("waiting for a node to look at it".to_owned(), Duration::ZERO),
            Err(error) => Verdict::NotNow(format!("no node could look at it: {error}"), AGAIN),
        }
    }

    /// A cover that cannot be shown is left out; the title plays all the same.
    async fn keep_cover(&self, path: &Path) -> Option<Cover> {
        let kept = async {
            let bytes = read(path, COVER_MAX).await?;
            if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
                return Err("is not a PNG".to_owned());
            }
            let id = self.blobs.put(bytes).await.map_err(|error| error.to_string())?;
            let kept = self.blobs.path(&id).await.map_err(|error| error.to_string())?;
            Ok(kept.map(|path| Cover { tag: tag(&id), path }))
        };
        kept.await.unwrap_or_else(|problem| {
            tracing::warn!(cover = %path.display(), %problem, "cover left out");
            None
        })
    }
}

fn finish(found: &Found, manifest: Manifest, module: Module, cover: Option<Cover>, verdict: Verdict) -> Loaded {
    let place = found.place.display();
    let (facts, problem, again) = match verdict {
        Verdict::Facts(facts) => {
            tracing::info!(%place, module = %module.id, "title taken in");
            (Some(facts), None, None)
        }
        Verdict::Broken(problem) => {
            tracing::warn!(%place, %problem, "title cannot be played");
            (None, Some(problem), None)
        }
        Verdict::NotNow(problem, wait) => {
            tracing::debug!(%place, %problem, "title cannot be played yet");
            (None, Some(problem), Some(Instant::now() + wait))
        }
    };
    let manifest = match &facts {
        Some(facts) if found.manifest.is_none() => assume(&found.place, facts),
        _ => manifest,
    };
    Loaded { entry: Arc::new(Entry { manifest, module: Some(module), facts, cover, problem }), again }
}

/// What is assumed of a module that comes alone: a cartridge may use all its console has; of a native one only the
/// least is known.
fn assume(place: &Path, facts: &ModuleFacts) -> Manifest {
    let (input, players) = match facts.dialect.as_str() {
        WASM4 => (vec![InputKind::Pad, InputKind::Mouse], 4),
        _ => (vec![InputKind::Pad, InputKind::Keys, InputKind::Mouse, InputKind::Touch], 1),
    };
    Manifest::for_module(&name(place), input, players)
}

/// Whether a refusal speaks of the node rather than of the module.
fn may_pass(reason: EndReason) -> bool {
    use EndReason::{InternalError, LimitReached, NodeStopping, PlacementTimeout};
    matches!(reason, InternalError | LimitReached | NodeStopping | PlacementTimeout)
}

pub(super) fn tag(id: &BlobId) -> String {
    id.as_str()[..16].to_owned()
}

fn name(place: &Path) -> String {
    place.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

async fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "is not there; build the title or correct title.toml".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let length = tokio::fs::metadata(path).await.map_err(cannot)?.len();
    if length > most {
        return Err(format!("is {length} bytes; at most {most} are taken"));
    }
    tokio::fs::read(path).await.map_err(cannot)
}
