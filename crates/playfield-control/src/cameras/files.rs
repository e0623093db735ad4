//! What cameras may read: below what the operator named, and nothing else; and what of a source is not told.

use std::path::PathBuf;

use playfield_core::camera::{Desired, Source};
use playfield_core::id::DeviceId;
use playfield_store::below::find_below;

use crate::app::App;
use crate::failure::{Failure, Kind};

impl App {
    /// What a camera is to do, with the password that was not told to whoever sends it back.
    pub(super) async fn with_secrets(&self, id: &DeviceId, mut desired: Desired) -> Result<Desired, Failure> {
        if let Some(row) = self.db.device(id.clone()).await? {
            let old: Desired = serde_json::from_str(&row.desired).map_err(Failure::internal)?;
            desired.source = desired.source.keep_secrets(&old.source);
        }
        Ok(desired)
    }

    /// Where the file or folder of a source lies, links followed; none: it reads none.
    pub(super) fn source_files(&self, source: &Source) -> Result<Option<PathBuf>, Failure> {
        let Some(path) = source.path() else { return Ok(None) };
        let found = find_below(&self.config.camera_files, path);
        found.map(Some).map_err(|detail| Failure::new(Kind::Malformed, format!("`source.path`: {detail}")))
    }
}
