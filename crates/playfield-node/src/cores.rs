//! Libretro cores of this node: finds them, and lays out what they read and write.
//!
//! ```text
//!   data/system          firmware, put there by whoever runs the node
//!   data/content/HASH/   content under its own name, since cores look at how it ends
//!   data/homes/WHO/      what a core keeps in files, for each player and title
//!   data/checkpoints/    the same where nobody says who plays: it ends with the session
//! ```

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use playfield_core::api::EndReason;
use playfield_core::bus::{CoreFiles, Refusal};
use playfield_core::manifest::Libretro;
use playfield_store::blob::BlobId;

use crate::agent::refusal;
use crate::checkpoints::{Checkpoints, HOME};

/// Finds cores.
#[derive(Clone, Debug)]
pub(crate) struct Cores {
    folders: Vec<PathBuf>,
    data: PathBuf,
    passing: PathBuf,
    /// Hashes of cores, as long as their files have the same length and time.
    hashes: Arc<Mutex<HashMap<PathBuf, (Stamp, String)>>>,
}

type Stamp = (u64, Option<SystemTime>);

impl Cores {
    /// Looks in `folders`; keeps its own files under `data`, and with the checkpoints what ends with a session.
    pub(crate) async fn new(folders: Vec<PathBuf>, data: &Path, checkpoints: &Checkpoints) -> std::io::Result<Cores> {
        // Paths go to processes that look at them from elsewhere.
        let (data, passing) = (std::path::absolute(data)?, std::path::absolute(checkpoints.folder())?);
        let cores = Cores { folders, data, passing, hashes: Arc::default() };
        tokio::fs::create_dir_all(cores.system()).await?;
        Ok(cores)
    }

    fn system(&self) -> PathBuf {
        self.data.join("system")
    }

    /// The core of that name.
    async fn find(&self, name: &str) -> Result<PathBuf, Refusal> {
        for folder in &self.folders {
            for file in [format!("{name}_libretro.so"), format!("{name}.so")] {
                let path = folder.join(file);
                if tokio::fs::metadata(&path).await.is_ok_and(|found| found.is_file()) {
                    return std::path::absolute(&path).map_err(|error| cannot(&path, &error));
                }
            }
        }
        let folders: Vec<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
        let detail = format!(
            "there is no core `{name}` on this node; install it (on Debian: libretro-{}) or put {name}_libretro.so into \
             one of the folders of `node.cores`: {}",
            name.replace('_', "-"),
            folders.join(", ")
        );
        Err(refusal(EndReason::BadModule, &detail))
    }

    /// Lays out what a core plays and where it may write.
    pub(crate) async fn lay_out(
        &self,
        libretro: &Libretro,
        (module, file): (&Path, &str),
        home: Home<'_>,
    ) -> Result<CoreFiles, Refusal> {
        let core = self.find(&libretro.core).await?;
        let hash = module.file_name().unwrap_or_default();
        let content = self.data.join("content").join(hash).join(plain(file));
        self.place(module, &content).await.map_err(|error| cannot(module, &error))?;
        let hash = self.hash(&core).await?;
        Ok(CoreFiles { core, content, system: self.system(), home: self.home(home).await?, hash })
    }

    /// The hash of a core, made once for as long as its file stays as it is.
    async fn hash(&self, core: &Path) -> Result<String, Refusal> {
        let found = tokio::fs::metadata(core).await.map_err(|error| cannot(core, &error))?;
        let stamp = (found.len(), found.modified().ok());
        let lock = || self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hash)) = lock().get(core).filter(|(known, _)| *known == stamp) {
            return Ok(hash.clone());
        }
        let path = core.to_owned();
        let read = tokio::task::spawn_blocking(move || std::fs::read(path).map(|bytes| BlobId::of(&bytes))).await;
        let read = read.unwrap_or_else(|_| Err(std::io::Error::other("the node is stopping")));
        let hash = read.map_err(|error| cannot(core, &error))?.to_string();
        lock().insert(core.to_owned(), (stamp, hash.clone()));
        Ok(hash)
    }

    /// The folder where a core may write.
    pub(crate) async fn home(&self, home: Home<'_>) -> Result<PathBuf, Refusal> {
        let path = match home {
            Home::Of(who, title) => self.data.join("homes").join(plain(who)).join(plain(title)),
            Home::Passing(what) => self.passing.join(format!("{}{HOME}", plain(what))),
        };
        tokio::fs::create_dir_all(&path).await.map_err(|error| cannot(&path, &error))?;
        Ok(path)
    }

    /// The same bytes under another name: no copy where the file system can.
    async fn place(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        let len = tokio::fs::metadata(from).await?.len();
        if tokio::fs::metadata(to).await.is_ok_and(|there| there.len() == len) {
            return Ok(());
        }
        if let Some(folder) = to.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let partial = to.with_extension(format!("partial-{}", std::process::id()));
        match tokio::fs::remove_file(&partial).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if tokio::fs::hard_link(from, &partial).await.is_err() {
            tokio::fs::copy(from, &partial).await?;
        }
        tokio::fs::rename(&partial, to).await
    }
}

/// Whose files they are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Home<'a> {
    /// A player's, for a title.
    Of(&'a str, &'a str),
    /// Nobody's: they end with what they are for.
    Passing(&'a str),
}

/// A name as one step of a path.
fn plain(name: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || " ._-+()[]!,&'".contains(c) { c } else { '_' };
    let name: String = name.chars().take(200).map(safe).collect();
    if name.chars().all(|c| c == '.') { "_".to_owned() } else { name }
}

fn cannot(path: &Path, error: &std::io::Error) -> Refusal {
    refusal(EndReason::InternalError, &format!("{} cannot be used: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use playfield_core::id::SessionId;

    use super::*;

    #[test]
    fn a_name_is_one_step_of_a_path() {
        for (name, expect) in
            [("Cave (EU).nes", "Cave (EU).nes"), ("../x", ".._x"), ("..", "_"), ("", "_"), ("a/b", "a_b")]
        {
            assert_eq!(plain(name), expect);
        }
    }

    #[tokio::test]
    async fn content_keeps_its_name_and_a_missing_core_is_named() {
        let data = std::env::temp_dir().join(format!("playfield-cores-{}", std::process::id()));
        let folder = data.join("cores");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("test_libretro.so"), "core").unwrap();
        std::fs::write(data.join("blob"), "content").unwrap();
        let checkpoints = Checkpoints::fresh(&data).await.unwrap();
        let cores = Cores::new(vec![folder], &data, &checkpoints).await.unwrap();
        let libretro = |core: &str| Libretro { core: core.to_owned(), ..Libretro::default() };
        let (blob, test) = (data.join("blob"), libretro("test"));
        let lay = async |home| cores.lay_out(&test, (&blob, "game.nes"), home).await.unwrap();
        let files = lay(Home::Of("me", "game")).await;
        assert!(files.core.ends_with("cores/test_libretro.so") && files.content.ends_with("blob/game.nes"));
        assert_eq!(std::fs::read(&files.content).unwrap(), b"content");
        assert_eq!(lay(Home::Of("me", "game")).await, files, "it is there already");
        assert_eq!(files.hash, BlobId::of(b"core").to_string());
        std::fs::write(data.join("cores/test_libretro.so"), "another core").unwrap();
        assert_eq!(lay(Home::Of("me", "game")).await.hash, BlobId::of(b"another core").to_string());
        let session = SessionId::from_entropy([1; 16]);
        let passing = lay(Home::Passing(session.as_str())).await.home;
        assert!(passing.is_dir());
        checkpoints.remove(&session).await;
        assert!(!passing.exists() && files.home.is_dir());
        let refused = cores.lay_out(&libretro("none"), (&blob, "game.nes"), Home::Passing("x")).await.unwrap_err();
        assert!(refused.detail.contains("no core `none`"), "{}", refused.detail);
        std::fs::remove_dir_all(data).unwrap();
    }
}
