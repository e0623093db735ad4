//! The life of an AITRIOS app: its `main` runs in a thread of its own, from picture to picture.
//!
//! ```text
//!   open --> main begins --waits--> (see: a picture --> works --> waits)* --> stop: told to end, has its time once, is ended
//! ```
//!
//! Each stretch of work, from the end of one wait to the beginning of the next, may take what its limit for a picture says; the first
//! one as long as a start, since compiled code looks at a new deadline only once the one it knows has passed.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use playfield_core::app::Budget;
use wasmtime::Store;

use super::app::{START, epochs};
use super::instance::{self, Instance};
use super::{AppRules, AppTick, guest_error, instantiate};
use crate::wasm::STACK;
use crate::wasm::compile::Module;
use crate::wasm::host::Host;
use crate::wasm::host::aitrios::booth::Booth;
use crate::wasm::host::aitrios::evp::Evp;
use crate::wasm::host::aitrios::outlet::Outlet;
use crate::wasm::host::aitrios::sensor::Sensor;
use crate::wasm::host::aitrios::wasi::System;
use crate::wasm::host::aitrios::{Aitrios, Exit};
use crate::wasm::host::camera::View;
use crate::wasm::rewrite::Dialect;
use crate::{GuestConfig, GuestError};

/// What did not finish, as [`GuestError::Hung`] puts it.
const WORK: &str = "its work between two waits";
/// On top of its own time, until it is not waited for.
const SLACK: Duration = Duration::from_millis(500);

/// A running AITRIOS app.
pub struct AitriosApp {
    booth: Arc<Booth>,
    thread: Option<JoinHandle<()>>,
    patience: Duration,
}

impl Module {
    /// Starts an AITRIOS app, until it waits for the first time.
    pub fn open_aitrios(&self, rules: AppRules) -> Result<AitriosApp, GuestError> {
        if self.facts().dialect != Dialect::Aitrios {
            return Err(GuestError::BadModule("it is no AITRIOS app".to_owned()));
        }
        let AppRules { schema, budget, labels, config, memory_limit, tick, start_unix_ms } = rules;
        let world = GuestConfig { memory_limit, start_unix_ms, ..GuestConfig::default() };
        let mut host = Host::new(world, self.facts());
        let booth = Arc::new(Booth::new(budget));
        host.aitrios = Some(Box::new(Aitrios {
            booth: Arc::clone(&booth),
            evp: Evp::new(&config),
            sensor: Sensor::default(),
            outlet: Outlet { schema, labels },
            system: System::new(start_unix_ms),
            epochs: epochs(tick),
            told_to_end: false,
        }));
        let (mut store, instance) = instantiate(self, host)?;
        let ends = Arc::clone(&booth);
        let work = move || {
            store.set_epoch_deadline(epochs(START));
            let how = run(&mut store, &instance);
            ends.end(how, store.data().limits.refused);
        };
        let thread = std::thread::Builder::new().name("aitrios".to_owned()).stack_size(STACK).spawn(work);
        let thread = thread.map_err(|error| GuestError::Trap(format!("there is no thread for it: {error}")))?;
        let app = AitriosApp { booth, thread: Some(thread), patience: tick + SLACK };
        app.booth.begin(START + SLACK);
        match app.booth.ended() {
            Some(Err(error)) => Err(error),
            _ => Ok(app),
        }
    }
}

/// Runs it from its beginning to its end.
fn run(store: &mut Store<Host>, instance: &Instance) -> Result<(), GuestError> {
    for name in instance::start_names(Dialect::Aitrios, instance) {
        if let Err(error) = instance.call(store, name) {
            return match error.downcast_ref::<Exit>() {
                Some(Exit(0)) => Ok(()),
                Some(exit) => Err(GuestError::Trap(exit.to_string())),
                None => Err(guest_error(&error, WORK)),
            };
        }
    }
    Ok(())
}

impl AitriosApp {
    /// Shows it a picture, and waits until it waits, or is busy for too long. After an error it is spent.
    pub fn see(&mut self, view: View) -> Result<AppTick, GuestError> {
        self.booth.show(view, self.patience);
        match self.booth.ended() {
            Some(Err(error)) => Err(error),
            _ => Ok(self.said()),
        }
    }

    /// What it said since it was asked last, and whether it is done.
    pub fn said(&mut self) -> AppTick {
        let said = self.booth.take_said();
        let exited = matches!(self.booth.ended(), Some(Ok(())));
        AppTick { emitted: said.emitted, bytes: said.bytes, refused: said.refused, exited }
    }

    /// What it may still send: for the one that is started in its place.
    pub fn budget(&self) -> Budget {
        self.booth.budget()
    }

    /// Whether it was refused memory.
    pub fn was_refused_memory(&self) -> bool {
        self.booth.memory_refused()
    }

    /// Lines of its log since the last call; they are for whoever looks after its device.
    pub fn take_log(&mut self) -> Vec<String> {
        self.booth.take_lines()
    }
}

impl Drop for AitriosApp {
    fn drop(&mut self) {
        self.booth.stop();
        if let Some(thread) = self.thread.take() {
            // It says how it ended through the booth.
            let _ = thread.join();
        }
    }
}
