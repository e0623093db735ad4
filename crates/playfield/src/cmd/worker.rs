//! `playfield worker`: hosts sessions. Speaks with its node over standard input and output.

use std::collections::HashMap;
use std::io::{BufReader, stdin, stdout};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use playfield_core::bus::{Missing, SessionSpec};
use playfield_core::camera::Source;
use playfield_core::manifest::Kind;
use playfield_runtime::camera::CameraGuest;
use playfield_runtime::desktop::DesktopGuest;
use playfield_runtime::libretro::LibretroGuest;
use playfield_runtime::wasm::{Engine, Module};
use playfield_runtime::{Guest, GuestConfig, GuestError};
use playfield_session::{OpenGuest, Worker};

use super::{core, program};
use crate::telemetry;

/// Modules kept mapped; each costs address space, hardly memory.
const MODULES: usize = 256;
/// Guest threads of a worker: one may be held by a slow guest while the other serves its neighbours.
const GUEST_THREADS: usize = 2;

/// Hosts sessions until the node says stop or goes away.
pub fn run() -> anyhow::Result<()> {
    telemetry::install_for_node();
    playfield_session::confine().context("this process cannot give up its privileges")?;
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let modules = Modules { program, engine: Engine::new()?, loaded: Mutex::default() };
    tracing::info!(changes = modules.engine.tracking().name(), "how checkpoints know what changed in a large memory");
    let open: OpenGuest = Arc::new(move |spec, missing| modules.open(spec, missing));
    Worker::start(BufReader::new(stdin()), stdout(), GUEST_THREADS, open)?.run()?;
    Ok(())
}

/// Opens guests. Compiled modules are loaded once each, however many sessions play them.
struct Modules {
    /// This program, which the processes of native guests are started from.
    program: PathBuf,
    engine: Engine,
    loaded: Mutex<HashMap<PathBuf, Module>>,
}

impl Modules {
    fn open(&self, spec: &SessionSpec, missing: Missing) -> Result<Box<dyn Guest>, GuestError> {
        let config = GuestConfig {
            seed: spec.seed,
            start_unix_ms: spec.start_unix_ms,
            memory_limit: u64::from(spec.limits.memory_mb) * 1024 * 1024,
            storage_limit: u64::from(spec.limits.storage_kb) * 1024,
            storage: spec.storage.clone(),
        };
        if let Kind::Libretro { libretro, .. } = &spec.kind {
            let files = spec.core.as_ref().ok_or_else(core::no_files)?;
            let guest = LibretroGuest::open(&self.program, core::opening(files, libretro, &config, missing), &config)?;
            tracing::info!(session = %spec.id, core = guest.name(), "a core has started");
            return Ok(Box::new(guest));
        }
        if let Kind::Program { program } = &spec.kind {
            let opening = program::opening(program, spec.folder.clone(), &config, missing);
            let guest = DesktopGuest::open(&self.program, opening, &config)?;
            tracing::info!(session = %spec.id, program = program.command.first(), "a program has started");
            return Ok(Box::new(guest));
        }
        if let Kind::Camera { camera } = &spec.kind {
            let opening = super::camera::opening(camera, &config, missing)?;
            let mut guest = CameraGuest::open(&self.program, opening, camera.desired.hz)?;
            // What comes from browsers comes by the worker's own sockets: it takes the way in itself.
            if let Source::Rtsp { url } = &camera.desired.source
                && let Some(intake) = guest.take_intake()
            {
                let refused = |error: std::io::Error| GuestError::BadModule(error.to_string());
                playfield_session::take_camera(url, intake).map_err(refused)?;
            }
            tracing::info!(session = %spec.id, title = %spec.title, "a camera has started");
            return Ok(Box::new(guest));
        }
        let compiled = spec.compiled.as_deref();
        let path = compiled.ok_or_else(|| GuestError::BadModule("it was not compiled".to_owned()))?;
        let guest = self.load(path)?.open(config)?;
        tracing::debug!(session = %spec.id, warm = guest.is_warm(), "a guest has started");
        Ok(Box::new(guest))
    }

    fn load(&self, path: &Path) -> Result<Module, GuestError> {
        let loaded = || self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded().get(path) {
            return Ok(module.clone());
        }
        let module = self.engine.load_file(path)?;
        let mut loaded = loaded();
        if loaded.len() >= MODULES {
            loaded.clear();
        }
        loaded.insert(path.to_owned(), module.clone());
        Ok(module)
    }
}
