//! Files that machines need: apps as packages of what is in their folders, and pieces of any file.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use playfield_core::app;
use playfield_core::link::{FileHash, MOST_BYTES, PIECE, Package, PackageFile};
use playfield_core::upload::{MOST_BROUGHT, upload_name};
use sha2::{Digest, Sha256};

use crate::cameras::app_files;
use crate::failure::{Failure, Kind};

/// Files whose hash is known.
#[derive(Default)]
pub(super) struct Files(Mutex<HashMap<PathBuf, Known>>);

/// A file that was looked at.
#[derive(Clone)]
struct Known {
    bytes: u64,
    changed: Option<SystemTime>,
    hash: FileHash,
}

/// A package, and where its files lie here.
#[derive(Clone, Debug, Default)]
pub(super) struct Laid {
    pub package: Package,
    pub paths: Vec<(FileHash, PathBuf)>,
}

impl Files {
    /// The folder of an edge app.
    pub(super) async fn app(self: &Arc<Self>, folder: PathBuf) -> Result<Laid, Failure> {
        self.lay(folder, |folder| {
            let read = |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string());
            let package = app::Package::look(&app_files(folder), read)?;
            let own = package.described_by.map(str::to_owned).into_iter();
            let mut files: Vec<String> = own.chain([package.manifest.entry]).collect();
            let brought = brought(folder).into_iter().filter(|file| !files.contains(file)).collect::<Vec<_>>();
            files.extend(brought);
            Ok(files)
        })
        .await
    }

    async fn lay(
        self: &Arc<Self>,
        folder: PathBuf,
        holds: fn(&Path) -> Result<Vec<String>, String>,
    ) -> Result<Laid, Failure> {
        let files = self.clone();
        let work = move || {
            let wrong = |why: String| format!("{}: {why}", folder.display());
            let mut laid = Laid::default();
            for path in holds(&folder).map_err(wrong)? {
                let place = folder.join(&path);
                let Known { bytes, hash, .. } =
                    files.look(&place).map_err(|error| wrong(format!("{path}: {error}")))?;
                laid.paths.push((hash.clone(), place));
                laid.package.files.push(PackageFile { path, hash, bytes });
            }
            laid.package.check().map_err(|error| wrong(error.to_string()))?;
            Ok::<_, String>(laid)
        };
        let done = tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?;
        done.map_err(|why| Failure::new(Kind::Malformed, why))
    }

    /// A file's hash; read again only where the file was changed.
    fn look(&self, path: &Path) -> std::io::Result<Known> {
        let facts = std::fs::metadata(path)?;
        let (bytes, changed) = (facts.len(), facts.modified().ok());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(path).filter(|known| known.bytes == bytes && known.changed == changed) {
            return Ok(known.clone());
        }
        let mut hasher = Sha256::new();
        let mut file = std::fs::File::open(path)?.take(MOST_BYTES + 1);
        std::io::copy(&mut file, &mut hasher)?;
        let fresh = Known { bytes, changed, hash: FileHash::new(hasher.finalize().into()) };
        known.insert(path.to_owned(), fresh.clone());
        Ok(fresh)
    }
}

/// Files that an app brings along: those that it can fetch.
fn brought(folder: &Path) -> Vec<String> {
    let place = folder.join(app::FILES);
    let fits = |facts: std::fs::Metadata| facts.is_file() && facts.len() <= MOST_BROUGHT;
    let is_one = |file: &String| upload_name(file) == *file && place.join(file).symlink_metadata().is_ok_and(fits);
    let mut files: Vec<String> = app_files(&place).into_iter().filter(is_one).collect();
    files.sort();
    files.into_iter().map(|file| format!("{}/{file}", app::FILES)).collect()
}

/// A piece of a file, as Base64; none: it is not there any more.
pub(super) async fn piece(path: PathBuf, from: u64) -> Option<String> {
    let read = move || {
        let mut file = std::fs::File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::with_capacity(PIECE);
        file.take(PIECE as u64).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(STANDARD.encode(bytes))
    };
    tokio::task::spawn_blocking(read).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_app_goes_with_what_describes_it_its_module_and_what_it_brings_along() {
        let folder = std::env::temp_dir().join(format!("playfield-laid-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("files/inner")).unwrap();
        for (file, bytes) in [
            ("app.toml", "id = 'lpr'\nname = 'Plates'\nentry = 'lpr.wasm'"),
            ("lpr.wasm", "module"),
            ("notes.txt", "of whoever made it"),
            ("files/words.txt", "many words"),
            ("files/letters.bin", "abc"),
            ("files/no name", "that it could give"),
        ] {
            std::fs::write(folder.join(file), bytes).unwrap();
        }
        std::fs::File::create(folder.join("files/large")).unwrap().set_len(MOST_BROUGHT + 1).unwrap();
        std::os::unix::fs::symlink("words.txt", folder.join("files/link")).unwrap();
        let laid = Arc::new(Files::default()).app(folder.clone()).await.unwrap();
        let files: Vec<_> = laid.package.files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
        assert_eq!(files[1..], [("lpr.wasm", 6), ("files/letters.bin", 3), ("files/words.txt", 10)]);
        assert_eq!((files[0].0, laid.paths.len()), ("app.toml", 4));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
