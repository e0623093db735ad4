//! What finds things in a picture: a model, or, where there is none, what moves.

use std::path::Path;

use playfield_core::frame::Picture;
use playfield_core::metadata::Object;
use playfield_core::model::Manifest;
use playfield_core::motion::{self, Motion};
use playfield_core::time::Time;

use crate::model::{Engine, Model};

/// A model's manifest, in its folder.
const MANIFEST: &str = "model.toml";

/// What finds things.
pub(super) enum Eye {
    /// A model.
    Model(Box<Model>),
    /// What differs from what is usually there.
    Motion(Box<Motion>),
}

impl Eye {
    /// Opens the model in a folder; without one, movement is found.
    pub(super) fn open(folder: Option<&Path>) -> Result<Eye, String> {
        let Some(folder) = folder else { return Ok(Eye::Motion(Box::new(Motion::new(motion::Config::default())))) };
        let read = |name: &str| {
            std::fs::read(folder.join(name)).map_err(|error| format!("the model's {name} cannot be read: {error}"))
        };
        let text = String::from_utf8(read(MANIFEST)?).map_err(|_| format!("{MANIFEST} is not UTF-8"))?;
        let manifest = Manifest::parse(&text).map_err(|error| error.to_string())?;
        let model = Model::load(read(&manifest.file)?, &manifest, &Engine::default());
        Ok(Eye::Model(Box::new(model.map_err(|error| error.to_string())?)))
    }

    /// What is to be seen in a picture of that time.
    pub(super) fn look(&mut self, now: Time, picture: &Picture) -> Result<Vec<Object>, String> {
        match self {
            Eye::Model(model) => Ok(model.run(picture).map_err(|error| error.to_string())?.objects.clone()),
            Eye::Motion(motion) => Ok(motion.look(now, picture).to_vec()),
        }
    }

    /// Its name and version.
    pub(super) fn name(&self) -> String {
        match self {
            Eye::Model(model) => format!("{} {}", model.manifest().name, model.manifest().version),
            Eye::Motion(_) => "movement".to_owned(),
        }
    }

    /// Names of its classes.
    pub(super) fn labels(&self) -> Vec<String> {
        match self {
            Eye::Model(model) => model.manifest().labels.clone(),
            Eye::Motion(_) => vec![motion::LABEL.to_owned()],
        }
    }
}
