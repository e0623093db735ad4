//! What finds things in a picture.

use std::path::Path;

use playfield_core::frame::Picture;
use playfield_core::metadata::Object;
use playfield_core::model::Manifest;

use crate::model::{Engine, Model};

/// A model's manifest, in its folder.
const MANIFEST: &str = "model.toml";

/// What finds things.
pub(super) struct Eye(Model);

impl Eye {
    /// Opens the model in a folder.
    pub(super) fn open(folder: Option<&Path>) -> Result<Eye, String> {
        let folder = folder.ok_or("a camera needs a model")?;
        let read = |name: &str| {
            std::fs::read(folder.join(name)).map_err(|error| format!("the model's {name} cannot be read: {error}"))
        };
        let text = String::from_utf8(read(MANIFEST)?).map_err(|_| format!("{MANIFEST} is not UTF-8"))?;
        let manifest = Manifest::parse(&text).map_err(|error| error.to_string())?;
        let model = Model::load(read(&manifest.file)?, &manifest, &Engine::default());
        Ok(Eye(model.map_err(|error| error.to_string())?))
    }

    /// What is to be seen.
    pub(super) fn look(&mut self, picture: &Picture) -> Result<Vec<Object>, String> {
        let findings = self.0.run(picture).map_err(|error| error.to_string())?;
        Ok(findings.objects.clone())
    }

    /// Its name and version.
    pub(super) fn name(&self) -> String {
        let manifest = self.0.manifest();
        format!("{} {}", manifest.name, manifest.version)
    }

    /// Names of its classes.
    pub(super) fn labels(&self) -> Vec<String> {
        self.0.manifest().labels.clone()
    }
}
