//! Covers for titles that bring none: a node plays the module for a while and draws what it sees.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::bus::{Reply, Request};
use playfield_core::manifest::Kind;
use playfield_store::blob::BlobId;

use super::load::tag;
use super::{Catalogue, Cover, Entry, Module};

/// A node draws one cover at a time.
const DRAW: Duration = Duration::from_secs(60);

impl Catalogue {
    /// The cover drawn for a module before, in this or an earlier process.
    pub(super) async fn drawn_cover(&self, module: &BlobId) -> Option<Cover> {
        let path = self.cover_path(module);
        let there = tokio::fs::metadata(&path).await.is_ok_and(|found| found.len() > 0);
        there.then(|| Cover { tag: tag(module), path })
    }

    /// Has one missing cover drawn. False: none is missing, or nobody can.
    pub async fn draw_a_cover(&self) -> bool {
        let Some((module, guest)) = self.next_without_cover().await else { return false };
        let Some(node) = self.nodes.first() else { return false };
        let to = self.cover_path(&module.id);
        // Drawn beside and renamed, so that half a picture is never shown.
        let partial = to.with_extension("partial.png");
        if let Err(error) = tokio::fs::create_dir_all(&self.covers).await {
            tracing::warn!(folder = %self.covers.display(), %error, "covers cannot be kept");
            self.plain.lock().await.insert(module.id);
            return true;
        }
        let request = Request::Cover { module: module.path.clone(), guest, to: partial.clone() };
        let reply = self.bus.ask(node, &request, DRAW).await;
        let drawn = match reply {
            Ok(Reply::Done) => tokio::fs::rename(&partial, &to).await.map_err(|error| error.to_string()),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        };
        if let Err(problem) = drawn {
            tracing::warn!(module = %module.id, %problem, "no cover could be drawn");
            self.plain.lock().await.insert(module.id);
            return true;
        }
        self.use_cover(&module.id).await;
        true
    }

    async fn next_without_cover(&self) -> Option<(Module, Kind)> {
        let places = self.places.lock().await;
        let plain = self.plain.lock().await;
        let mut entries = places.known.values().filter_map(|place| Some(&place.loaded.as_ref()?.1.entry));
        // A program is not run to be looked at: it may do anything, and takes its time.
        let wanting =
            |entry: &&Arc<Entry>| entry.cover.is_none() && entry.problem.is_none() && entry.manifest.program.is_none();
        entries
            .by_ref()
            .filter(wanting)
            .filter_map(|entry| Some((entry.module.clone()?, entry.manifest.kind())))
            .find(|(module, _)| !plain.contains(&module.id))
    }

    /// Gives the cover to every title of that module, and shows it.
    async fn use_cover(&self, module: &BlobId) {
        let cover = self.drawn_cover(module).await;
        let mut places = self.places.lock().await;
        for (_, loaded) in places.known.values_mut().filter_map(|place| place.loaded.as_mut()) {
            let entry = &loaded.entry;
            if entry.cover.is_none() && entry.module.as_ref().is_some_and(|known| known.id == *module) {
                loaded.entry = Arc::new(Entry { cover: cover.clone(), ..Entry::clone(entry) });
            }
        }
        let mut shown = self.shown.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (id, place) in &places.owners {
            if let Some((_, loaded)) = places.known.get(place).and_then(|place| place.loaded.as_ref()) {
                shown.insert(id.clone(), loaded.entry.clone());
            }
        }
    }

    fn cover_path(&self, module: &BlobId) -> PathBuf {
        self.covers.join(format!("{module}.png"))
    }
}
