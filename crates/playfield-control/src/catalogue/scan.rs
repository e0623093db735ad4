//! What lies in the folders: places that are titles, and a stamp that changes when their files do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use playfield_core::manifest::Manifest;

/// Longest `title.toml`, in bytes.
const MANIFEST_MAX: u64 = 64 * 1024;

/// A place that is a title, or wants to be.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The folder, or the bare module.
    pub place: PathBuf,
    /// What its maker says; an error as a sentence. None: a bare module.
    pub manifest: Option<Result<Manifest, String>>,
    /// The module.
    pub module: PathBuf,
    /// The cover, if its maker brings one.
    pub cover: Option<PathBuf>,
    /// Length and time of all its files.
    pub stamp: Stamp,
}

pub(super) type Stamp = Vec<(PathBuf, Option<(u64, SystemTime)>)>;

/// All places, folder by folder, by name.
pub(super) async fn look(folders: Vec<PathBuf>) -> Vec<Found> {
    let look = move || folders.iter().flat_map(|folder| look_in(folder)).collect();
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn look_in(folder: &Path) -> Vec<Found> {
    if let Some(itself) = recognise(folder.to_owned()) {
        return vec![itself];
    }
    // A folder that is not there yet is an empty one.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut places: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    places.sort();
    places.into_iter().filter(|place| !is_hidden(place)).filter_map(recognise).collect()
}

fn is_hidden(place: &Path) -> bool {
    place.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn recognise(place: PathBuf) -> Option<Found> {
    let manifest = place.join("title.toml");
    if manifest.is_file() {
        return Some(titled(place, &manifest));
    }
    let bare = place.extension().is_some_and(|extension| extension == "wasm") && place.is_file();
    // An empty file is one that somebody is about to write.
    let stamp = stamp([place.as_path()]);
    let begun = matches!(stamp[0].1, Some((length, _)) if length > 0);
    (bare && begun).then(|| Found { module: place.clone(), place, manifest: None, cover: None, stamp })
}

fn titled(place: PathBuf, manifest_path: &Path) -> Found {
    let manifest = read(manifest_path);
    let beside = |name: &str| place.join(name);
    let module = manifest.as_ref().map_or_else(|_| manifest_path.to_owned(), |manifest| beside(&manifest.entry));
    let cover = manifest.as_ref().ok().and_then(|manifest| manifest.cover.as_deref()).map(beside);
    let stamp = stamp([manifest_path, &module].into_iter().chain(cover.as_deref()));
    Found { place, manifest: Some(manifest), module, cover, stamp }
}

fn read(path: &Path) -> Result<Manifest, String> {
    let length = fs::metadata(path).map_err(|error| format!("title.toml cannot be read: {error}"))?.len();
    if length > MANIFEST_MAX {
        return Err(format!("title.toml is {length} bytes; at most {MANIFEST_MAX} are read"));
    }
    let text = fs::read_to_string(path).map_err(|error| format!("title.toml cannot be read: {error}"))?;
    Manifest::parse(&text).map_err(|error| error.to_string())
}

fn stamp<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Stamp {
    let look = |path: &Path| {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some((found.len(), found.modified().ok()?))
    };
    paths.into_iter().map(|path| (path.to_owned(), look(path))).collect()
}
