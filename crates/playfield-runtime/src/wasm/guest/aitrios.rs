//! The life of an AITRIOS app: its `main` runs in a thread of its own, from picture to picture, and may start others.
//!
//! ```text
//!   open --> main begins --waits--> (see: a picture --> works --> waits)* --> stop: told to end, has its time once, is ended
//! ```
//!
//! Each stretch of work of a thread, from the end of one wait to the beginning of the next, may take what the limit for a picture says
//! of a processor's time; the first one as long as a start. The first thread that ends by itself or by a fault ends the app. A thread
//! that waits for another one by an instruction of its own (`memory.atomic.wait`) cannot be ended but with its process: an app with
//! threads is opened in one that ends with it.

mod crew;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use playfield_core::app::Budget;
use wasmtime::{MemoryType, SharedMemory};

use self::crew::{First, Threads};
use super::{AppRules, AppTick};
use crate::GuestError;
use crate::wasm::compile::Module;
use crate::wasm::host::aitrios::blobs::Blobs;
use crate::wasm::host::aitrios::booth::{Booth, Said};
use crate::wasm::host::aitrios::esf::Esf;
use crate::wasm::host::aitrios::evp::Evp;
use crate::wasm::host::aitrios::files::Files;
use crate::wasm::host::aitrios::nn::Nn;
use crate::wasm::host::aitrios::outlet::Outlet;
use crate::wasm::host::aitrios::sensor::{Sensor, Still};
use crate::wasm::host::aitrios::wasi::System;
use crate::wasm::host::aitrios::{Aitrios, Lent};
use crate::wasm::host::camera::View;
use crate::wasm::rewrite::{Dialect, SharedPages};

/// On top of its own time, until it is not waited for.
const SLACK: Duration = Duration::from_millis(500);
/// How long it is waited for a start: it is ended by what it uses of a processor, which others may use too.
const STARTS: Duration = Duration::from_secs(10);
/// Bytes of a page.
const PAGE: u64 = 1 << 16;

/// A running AITRIOS app.
pub struct AitriosApp {
    booth: Arc<Booth>,
    main: Option<JoinHandle<()>>,
    patience: Duration,
    raw_image: bool,
    /// Its threads share a memory, and may wait for each other there for good.
    shared: bool,
    stopped: bool,
}

impl Module {
    /// Starts an AITRIOS app, until it waits for the first time.
    pub fn open_aitrios(&self, rules: AppRules) -> Result<AitriosApp, GuestError> {
        self.open_aitrios_with(rules, Lent::default())
    }

    /// The same for one that is lent something.
    pub fn open_aitrios_with(&self, rules: AppRules, lent: Lent) -> Result<AitriosApp, GuestError> {
        if self.facts().dialect != Dialect::Aitrios {
            return Err(GuestError::BadModule("it is no AITRIOS app".to_owned()));
        }
        let AppRules { schema, budget, labels, config, memory_limit, tick, start_unix_ms, model, hz, raw_image } =
            rules;
        let shared = self.facts().shared.map(|pages| self.memory(pages, memory_limit)).transpose()?;
        let booth = Arc::new(Booth::new(budget));
        let app = Aitrios {
            evp: Evp::new(&config),
            blobs: Blobs::default(),
            sensor: Sensor::new(&model, hz, raw_image),
            outlet: Outlet { schema, labels },
            system: System::new(start_unix_ms),
            files: Files::default(),
            brought: lent.files,
            esf: Esf::new(lent.jpeg),
        };
        let first = First {
            module: self.clone(),
            booth: Arc::clone(&booth),
            app: Arc::new(Mutex::new(app)),
            nn: Arc::new(Mutex::new(Nn::new(&model, lent.models))),
            shared: shared.clone(),
            memory_limit,
            tick,
        };
        let main = Threads::begin(first)?;
        let app = AitriosApp {
            booth,
            main: Some(main),
            patience: tick + SLACK,
            raw_image,
            shared: shared.is_some(),
            stopped: false,
        };
        app.booth.begin(STARTS);
        match app.booth.ended() {
            Some(Err(_)) if app.was_refused_memory() => Err(GuestError::OutOfMemory { limit_mb: memory_limit >> 20 }),
            Some(Err(error)) => Err(error),
            _ => Ok(app),
        }
    }

    /// What its threads share, which grows no further than the app may.
    fn memory(&self, pages: SharedPages, limit: u64) -> Result<SharedMemory, GuestError> {
        let most = u32::try_from(limit / PAGE).unwrap_or(u32::MAX).min(pages.most);
        if pages.least > most {
            return Err(GuestError::OutOfMemory { limit_mb: limit >> 20 });
        }
        let failed = |error: wasmtime::Error| GuestError::Trap(format!("there is no memory for it: {error}"));
        SharedMemory::new(self.engine.wasmtime(), MemoryType::shared(pages.least, most)).map_err(failed)
    }
}

impl AitriosApp {
    /// Shows it a picture, and waits until it waits, or is busy for too long. After an error it is spent.
    pub fn see(&mut self, view: View) -> Result<AppTick, GuestError> {
        self.show(Still::of(view, self.raw_image))
    }

    /// The same with what it is given of the picture.
    pub fn show(&mut self, still: Still) -> Result<AppTick, GuestError> {
        self.booth.show(still, self.patience);
        if self.booth.model_hangs() {
            self.booth.close(GuestError::Hung(crew::WORK));
        }
        match self.booth.ended() {
            Some(Err(error)) => Err(error),
            _ => Ok(self.said()),
        }
    }

    /// What it said since it was asked last, and whether it is done.
    pub fn said(&mut self) -> AppTick {
        let said = self.booth.take_said();
        let exited = matches!(self.booth.ended(), Some(Ok(())));
        let Said { emitted, bytes, refused, uploads } = said;
        AppTick { emitted, bytes, refused, uploads, exited }
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

    /// Tells it to end, and waits for as long as it has for that. False: threads of it are still there.
    pub fn stop(&mut self) -> bool {
        self.booth.stop();
        // Those that are not gone in the time that it has will not be in twice the time.
        let patience = if std::mem::replace(&mut self.stopped, true) { Duration::ZERO } else { self.patience };
        let gone = self.booth.wait_for_end(patience);
        if !gone {
            self.booth.close(GuestError::Hung(crew::WORK));
        }
        gone
    }
}

impl Drop for AitriosApp {
    fn drop(&mut self) {
        let gone = self.stop();
        // One that has threads, or a model at work, may never end; they hold on to what they need themselves.
        let ends = gone || !(self.shared || self.booth.model_works());
        if let Some(main) = self.main.take().filter(|_| ends) {
            // It says how it ended through the booth.
            let _ = main.join();
        }
    }
}
