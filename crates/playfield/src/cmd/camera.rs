//! What the process of a camera is told.

use std::path::PathBuf;

use playfield_core::bus::Missing;
use playfield_core::camera::{AppModule, Camera};
use playfield_runtime::camera::Opening;
use playfield_runtime::confine::Rules;
use playfield_runtime::{GuestConfig, GuestError};

/// Most bytes in `/tmp`: a camera keeps nothing.
const SCRATCH: u64 = 1 << 20;
/// Most processes and threads: its own, and those of the model.
const PROCESSES: u32 = 64;

/// What it is to do, and behind which fence: no network, no files but its model's and its app's.
pub fn opening(camera: &Camera, config: &GuestConfig, missing: Missing) -> Result<Opening, GuestError> {
    let bad = |error: serde_json::Error| GuestError::BadModule(error.to_string());
    Ok(Opening {
        camera: serde_json::to_string(camera).map_err(bad)?,
        rules: Rules {
            read: reads(camera),
            memory_limit: config.memory_limit,
            scratch: SCRATCH,
            processes: PROCESSES,
            missing,
            ..Rules::default()
        },
    })
}

/// What it may read.
fn reads(camera: &Camera) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = camera.model.iter().cloned().collect();
    if let Some(app) = &camera.app
        && let Some(AppModule::Compiled(module)) = &app.module
    {
        all.extend([app.folder.clone(), module.clone()]);
    }
    all
}
