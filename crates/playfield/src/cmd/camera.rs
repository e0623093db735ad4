//! What the process of a camera is told.

use std::path::{Path, PathBuf};

use playfield_core::app::FILES;
use playfield_core::bus::Missing;
use playfield_core::camera::{AppModule, Camera, Desired, Source};
use playfield_runtime::camera::{AppOpening, Opening};
use playfield_runtime::confine::Rules;
use playfield_runtime::{GuestConfig, GuestError};

/// Most bytes in `/tmp`: a camera keeps nothing.
const SCRATCH: u64 = 1 << 20;
/// Most processes and threads: its own, and those of the model.
const PROCESSES: u32 = 64;

/// What the engine and the stacks of threads take in the process of an app, besides the app's own memory, in bytes; and how many times
/// its file a model takes that is at work.
const BESIDES: u64 = 192 << 20;
const WORKING: u64 = 4;

/// What it is to do, and behind which fence: no network, no files but its model's, its source's and its app's.
pub fn opening(camera: &Camera, config: &GuestConfig, missing: Missing) -> Result<Opening, GuestError> {
    let bad = |error: serde_json::Error| GuestError::BadModule(error.to_string());
    let source = &camera.desired.source;
    // A password is nothing that its process has to know: others connect for it.
    let told = Camera { desired: Desired { source: source.told(), ..camera.desired.clone() }, ..camera.clone() };
    Ok(Opening {
        camera: serde_json::to_string(&told).map_err(bad)?,
        fed: source.is_fed(),
        rules: Rules {
            read: reads(camera),
            devices: devices(camera),
            memory_limit: config.memory_limit,
            scratch: SCRATCH,
            processes: PROCESSES,
            missing,
            ..Rules::default()
        },
        app: app(camera, missing),
    })
}

/// The process of its app, should that want one: no network, no files but its module, what it brought along, and the camera's model.
fn app(camera: &Camera, missing: Missing) -> Option<AppOpening> {
    let app = camera.app.as_ref()?;
    let Some(AppModule::Compiled(module)) = &app.module else { return None };
    let files = Some(app.folder.join(FILES)).filter(|folder| folder.is_dir());
    // A sensor's model runs on the sensor, and need not be there.
    let model = camera.model.clone().filter(|_| camera.desired.runs_model());
    let rules = Rules {
        memory_limit: BESIDES + WORKING * model.as_deref().map_or(0, bytes_in),
        read: model.iter().chain(&files).chain([module]).cloned().collect(),
        scratch: SCRATCH,
        processes: PROCESSES,
        missing,
        ..Rules::default()
    };
    Some(AppOpening { module: module.clone(), model, files, rules })
}

/// Bytes of the files in a folder.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|facts| facts.len()).sum()
}

/// Devices that it may use.
fn devices(camera: &Camera) -> Vec<PathBuf> {
    camera.files.iter().filter(|_| is_device(camera)).cloned().collect()
}

fn is_device(camera: &Camera) -> bool {
    matches!(camera.desired.source, Source::V4l2 { .. })
}

/// What it may read.
fn reads(camera: &Camera) -> Vec<PathBuf> {
    let files = camera.files.iter().filter(|_| !is_device(camera));
    let mut all: Vec<PathBuf> = camera.model.iter().chain(&camera.shadow).chain(files).cloned().collect();
    if let Some(app) = &camera.app
        && let Some(AppModule::Compiled(module)) = &app.module
    {
        all.extend([app.folder.clone(), module.clone()]);
    }
    all
}
