//! The files that sessions go on from, and what their guests keep until they end; the node removes them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use playfield_core::id::SessionId;

/// What the folder of a session's guest is called, after the session.
pub(crate) const HOME: &str = ".home";

/// The folder of all checkpoints of this node.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints(PathBuf);

impl Checkpoints {
    /// An empty folder: what an earlier run of the node left is of no use to anybody.
    pub(crate) async fn fresh(data: &Path) -> std::io::Result<Checkpoints> {
        let folder = data.join("checkpoints");
        match tokio::fs::remove_dir_all(&folder).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => tokio::fs::create_dir_all(&folder).await?,
        }
        Ok(Checkpoints(folder))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Removes those of a session that is over.
    pub(crate) async fn remove(&self, session: &SessionId) {
        let home = self.0.join(format!("{session}{HOME}"));
        warn(&home, tokio::fs::remove_dir_all(&home).await);
        for slot in 0..2 {
            let path = self.0.join(format!("{session}.{slot}"));
            warn(&path, tokio::fs::remove_file(&path).await);
        }
    }
}

fn warn(path: &Path, removed: std::io::Result<()>) {
    if let Some(error) = removed.err().filter(|error| error.kind() != ErrorKind::NotFound) {
        tracing::warn!(path = %path.display(), %error, "what a session left could not be removed");
    }
}
