//! Models and apps on this machine: fetched by hash, looked at, and laid in place as a whole. What is half there is never used.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use playfield_core::link::{PIECE, Package, PackageFile};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use super::Wanted;
use super::machine::free;

/// What a package leaves free on the disk.
const SPARE: u64 = 32 << 20;

/// The folder of packages.
#[derive(Clone)]
pub(super) struct Packages {
    folder: PathBuf,
    wants: mpsc::Sender<Wanted>,
}

impl Packages {
    /// What was half there when the machine went down is removed.
    pub(super) fn open(folder: PathBuf, wants: mpsc::Sender<Wanted>) -> io::Result<Packages> {
        std::fs::create_dir_all(&folder)?;
        for entry in std::fs::read_dir(&folder)?.filter_map(Result::ok) {
            if entry.path().extension().is_some() {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Packages { folder, wants })
    }

    /// The folder of a package, once all of it is there. What keeps it from that is a sentence.
    pub(super) async fn ensure(&self, package: &Package) -> Result<PathBuf, String> {
        package.check().map_err(|error| error.to_string())?;
        let name = name(package);
        let place = self.folder.join(&name);
        if place.is_dir() {
            return Ok(place);
        }
        let bytes: u64 = package.files.iter().map(|file| file.bytes).sum();
        if let Some(free) = free(&self.folder).filter(|free| *free < bytes.saturating_add(SPARE)) {
            return Err(format!(
                "there is no room for {} MB of a new version, {} MB are free: make room on the device",
                bytes >> 20,
                free >> 20
            ));
        }
        let unwritable = |error: io::Error| format!("a new version cannot be written: {error}");
        let half = self.folder.join(format!("{name}.half"));
        // Of a try before this one.
        let _ = std::fs::remove_dir_all(&half);
        for file in &package.files {
            let path = half.join(&file.path);
            std::fs::create_dir_all(path.parent().unwrap_or(&half)).map_err(unwritable)?;
            if let Err(error) = self.fetch(file, &path).await {
                let _ = std::fs::remove_dir_all(&half);
                return Err(error);
            }
        }
        std::fs::rename(&half, &place).map_err(unwritable)?;
        Ok(place)
    }

    /// Removes packages that no camera needs any more.
    pub(super) fn keep_only(&self, needed: &[&Package]) {
        let needed: HashSet<String> = needed.iter().map(|package| name(package)).collect();
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.filter_map(Result::ok) {
            let known = entry.file_name().to_str().is_some_and(|name| needed.contains(name));
            if !known && entry.path().extension().is_none() {
                // What stays takes room, and no more.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    async fn fetch(&self, file: &PackageFile, path: &Path) -> Result<(), String> {
        let what = &file.path;
        let unwritable = |error: io::Error| format!("{what} cannot be written: {error}");
        let mut out = std::fs::File::create(path).map_err(unwritable)?;
        let (mut hasher, mut from) = (Sha256::new(), 0);
        while from < file.bytes {
            let (piece, comes) = oneshot::channel();
            let cut = |_| format!("{what} is on its way: the control plane is not connected");
            self.wants.send(Wanted { file: file.hash.clone(), from, piece }).await.map_err(|_| cut(()))?;
            let data = comes.await.map_err(|_| cut(()))?;
            let data = data.ok_or_else(|| format!("{what} is not at the control plane any more"))?;
            let bytes = STANDARD.decode(data).map_err(|error| format!("{what} came damaged: {error}"))?;
            if bytes.is_empty() || bytes.len() > PIECE || from + bytes.len() as u64 > file.bytes {
                return Err(format!("{what} came damaged: it is not as long as it should be"));
            }
            hasher.update(&bytes);
            out.write_all(&bytes).map_err(unwritable)?;
            from += bytes.len() as u64;
        }
        let hash: [u8; 32] = hasher.finalize().into();
        if playfield_core::link::FileHash::new(hash) != file.hash {
            return Err(format!("{what} came damaged: its hash is not the one that was promised"));
        }
        // On the disk before the folder has its name.
        out.sync_all().map_err(unwritable)
    }
}

/// A package's folder is named by all that is in it.
fn name(package: &Package) -> String {
    Sha256::digest(package.listing()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use playfield_core::link::FileHash;

    use super::*;

    fn file(path: &str, bytes: &[u8]) -> PackageFile {
        PackageFile {
            path: path.to_owned(),
            hash: FileHash::new(Sha256::digest(bytes).into()),
            bytes: bytes.len() as u64,
        }
    }

    /// Serves these bytes for any file, `broken` of them by a cut.
    fn serve(mut wanted: mpsc::Receiver<Wanted>, bytes: Vec<u8>, mut cut_after: usize) {
        tokio::spawn(async move {
            while let Some(Wanted { from, piece, .. }) = wanted.recv().await {
                if cut_after == 0 {
                    continue;
                }
                cut_after -= 1;
                let end = (from as usize + PIECE).min(bytes.len());
                let _ = piece.send(Some(STANDARD.encode(&bytes[from as usize..end])));
            }
        });
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("playfield-packages-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[tokio::test]
    async fn a_package_is_there_as_a_whole_or_not_at_all() {
        let folder = folder("whole");
        let bytes: Vec<u8> = (0..PIECE as u32 * 2 + 17).map(|at| (at * 7) as u8).collect();
        let package = Package { files: vec![file("weights/a.onnx", &bytes)] };
        let (wants, wanted) = mpsc::channel(8);
        serve(wanted, bytes.clone(), 2);
        let packages = Packages::open(folder.clone(), wants).unwrap();
        let error = packages.ensure(&package).await.unwrap_err();
        assert!(error.contains("not connected"), "{error}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is left of it");

        let (wants, wanted) = mpsc::channel(8);
        serve(wanted, bytes.clone(), 100);
        let packages = Packages::open(folder.clone(), wants).unwrap();
        let place = packages.ensure(&package).await.unwrap();
        assert_eq!(std::fs::read(place.join("weights/a.onnx")).unwrap(), bytes);
        packages.keep_only(&[&package]);
        assert!(place.is_dir());
        packages.keep_only(&[]);
        assert!(!place.is_dir());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn what_came_damaged_is_never_used() {
        let folder = folder("damaged");
        let (good, mut bad) = (vec![1_u8; 5_000], vec![1_u8; 5_000]);
        bad[4_321] ^= 1;
        for (bytes, what) in
            [(bad, "hash"), (good[..4_999].to_vec(), "as long"), ([good.clone(), vec![1]].concat(), "as long")]
        {
            let (wants, wanted) = mpsc::channel(8);
            serve(wanted, bytes, 100);
            let packages = Packages::open(folder.clone(), wants).unwrap();
            let error = packages.ensure(&Package { files: vec![file("a", &good)] }).await.unwrap_err();
            assert!(error.contains(what), "{error}");
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        }
        let (wants, _wanted) = mpsc::channel(8);
        let packages = Packages::open(folder.clone(), wants).unwrap();
        let out = Package { files: vec![file("../a", b"x")] };
        assert!(packages.ensure(&out).await.is_err());
        let large = PackageFile { bytes: 255 << 20, ..file("a", b"x") };
        let many = Package { files: vec![large] };
        // Where the disk has room for that, it is the connection that is missing.
        drop(_wanted);
        assert!(packages.ensure(&many).await.is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_was_half_there_is_removed_at_the_start() {
        let folder = folder("half");
        std::fs::create_dir_all(folder.join("abc.half")).unwrap();
        std::fs::create_dir_all(folder.join("abd")).unwrap();
        Packages::open(folder.clone(), mpsc::channel(1).0).unwrap();
        assert!(!folder.join("abc.half").exists() && folder.join("abd").exists());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
