//! The life of an edge app: start, and a call for each picture of its camera.
//!
//! It is a module like a title's and runs in the same engine, but it is told of pictures instead of making them, keeps no state that
//! outlives it, and has one way out, which its schema and its budget guard.

use std::time::Duration;

use playfield_core::app::{self, Budget, Schema};
use playfield_core::upload::Upload;
use serde_json::Value;
use wasmtime::Store;

use super::instance::{self, Instance};
use super::{STARTING, guest_error, instantiate};
use crate::wasm::EPOCH;
use crate::wasm::compile::Module;
use crate::wasm::host::Host;
use crate::wasm::host::camera::{Camera, View};
use crate::wasm::rewrite::Dialect;
use crate::{GuestConfig, GuestError, GuestEvent};

/// Longest start.
pub(super) const START: Duration = Duration::from_secs(1);
/// What did not finish, as [`GuestError::Hung`] puts it.
const A_PICTURE: &str = "looking at a picture";

/// What an app is opened with.
#[derive(Clone, Debug)]
pub struct AppRules {
    /// What it may say.
    pub schema: Schema,
    /// How much of it, still.
    pub budget: Budget,
    /// Names of the model's classes.
    pub labels: Vec<String>,
    /// Its settings, as JSON.
    pub config: String,
    /// Most linear memory, in bytes.
    pub memory_limit: u64,
    /// Longest time for a picture; looked at every 50 ms.
    pub tick: Duration,
    /// Its idea of when it started: Unix time in milliseconds.
    pub start_unix_ms: u64,
    /// The name of the camera's model, by which an AITRIOS app knows it.
    pub model: String,
    /// Pictures a second that the camera looks at.
    pub hz: u16,
    /// Whether an AITRIOS app that sees pixels is given the picture in its own size too.
    pub raw_image: bool,
}

/// What an app made of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppTick {
    /// What it said, in its order; as it leaves.
    pub emitted: Vec<Value>,
    /// Bytes of it.
    pub bytes: u64,
    /// How often something was refused.
    pub refused: u64,
    /// Files that it uploads.
    pub uploads: Vec<Upload>,
    /// It is done.
    pub exited: bool,
}

/// A running app.
///
/// Its calls need [`crate::wasm::STACK`] bytes of the thread's stack.
pub struct WasmApp {
    store: Store<Host>,
    instance: Instance,
    epochs: u64,
    spent: Option<GuestError>,
}

impl Module {
    /// Starts an edge app: runs its start function, `_initialize` and `pf_init`.
    pub fn open_app(&self, rules: AppRules) -> Result<WasmApp, GuestError> {
        if let Some(why) = app::refuse_app(&self.facts().groups) {
            return Err(GuestError::BadModule(why));
        }
        match self.facts().dialect {
            Dialect::Playfield => {}
            Dialect::Wasm4 => {
                return Err(GuestError::BadModule("it is a WASM-4 cartridge, and no edge app".to_owned()));
            }
            Dialect::Aitrios => {
                return Err(GuestError::BadModule("it is an AITRIOS app, which is started otherwise".to_owned()));
            }
        }
        let AppRules { schema, budget, labels, config, memory_limit, tick, start_unix_ms, .. } = rules;
        let world = GuestConfig { memory_limit, start_unix_ms, ..GuestConfig::default() };
        let mut host = Host::new(world, self.facts());
        host.camera = Some(Box::new(Camera::new(schema, labels, config, budget)));
        let (mut store, instance) = instantiate(self, host)?;
        store.set_epoch_deadline(epochs(START));
        for name in instance::start_names(Dialect::Playfield, &instance) {
            instance.call(&mut store, name).map_err(|error| guest_error(&error, STARTING))?;
        }
        Ok(WasmApp { store, instance, epochs: epochs(tick), spent: None })
    }
}

impl WasmApp {
    /// Shows it a picture. After an error it is spent.
    pub fn see(&mut self, view: View) -> Result<AppTick, GuestError> {
        if let Some(error) = &self.spent {
            return Err(error.clone());
        }
        let host = self.store.data_mut();
        host.run.tick += 1;
        if let Some(camera) = &mut host.camera {
            camera.show(view);
        }
        self.store.set_epoch_deadline(self.epochs);
        if let Err(error) = self.instance.tick(&mut self.store) {
            let error = guest_error(&error, A_PICTURE);
            self.spent = Some(error.clone());
            return Err(error);
        }
        Ok(self.said())
    }

    /// What it said of the picture, up to where it failed if it did. Taken once.
    pub fn said(&mut self) -> AppTick {
        let exited = self.store.data().run.exited;
        let Some(camera) = &mut self.store.data_mut().camera else { return AppTick::default() };
        let emitted = std::mem::take(&mut camera.emitted);
        AppTick {
            emitted,
            bytes: std::mem::take(&mut camera.bytes),
            refused: std::mem::take(&mut camera.refused),
            uploads: Vec::new(),
            exited,
        }
    }

    /// What it may still send: for the one that is started in its place.
    pub fn budget(&self) -> Option<Budget> {
        self.store.data().camera.as_ref().map(|camera| camera.budget)
    }

    /// Whether it was refused memory.
    pub fn was_refused_memory(&self) -> bool {
        self.store.data().limits.refused
    }

    /// Lines of its log since the last call; they are for whoever looks after its device.
    pub fn take_log(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        self.store.data_mut().talk.take_events(&mut events);
        events
            .into_iter()
            .filter_map(|event| match event {
                GuestEvent::Log { line, .. } => Some(line),
                _ => None,
            })
            .collect()
    }
}

/// So long in epochs, rounded up; the one that has begun does not count.
pub(super) fn epochs(time: Duration) -> u64 {
    time.as_millis().div_ceil(EPOCH.as_millis()) as u64 + 1
}
