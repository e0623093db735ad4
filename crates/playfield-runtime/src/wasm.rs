//! Guests that are WebAssembly modules: titles and edge apps for the Playfield ABI (`sdk/ABI.md`), WASM-4 cartridges, and edge apps
//! of AITRIOS (`docs/reference/aitrios.md`).
//!
//! ```text
//!   module --rewrite--> own module --compile--> Compiled (a file) --load--> Module --open--> WasmGuest
//!           refuses by          (a process of its own)          maps it            ticks
//!           name, finds                                         (40 us)            saves, restores
//!           the facts
//! ```
//!
//! A module runs on the caller's stack: threads that open or tick guests need at least [`STACK`] bytes of it.
//!
//! | room | |
//! |---|---|
//! | `abi` | what may be imported: groups, functions, types |
//! | `rewrite` | from a foreign module to one whose whole state the host can reach |
//! | `compile` | to machine code and back |
//! | `guest` | the life of a guest: start, tick, save, restore; and of an edge app |
//! | `host` | what the guest's calls do: one file for each group |
//! | `pages` | which parts of memory changed |
//! | `snapshot` | how state is written down |
//! | `limits` | memory and tables |
//! | `warm` | starts that need not run again |
//! | `wasm4` | the fantasy console: pure code over its memory |

pub mod abi;
pub mod compile;
#[allow(unsafe_code, reason = "the engine takes compiled modules on trust")]
mod ffi;
mod guest;
mod host;
mod limits;
mod pages;
pub mod rewrite;
mod snapshot;
mod warm;
pub mod wasm4;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Linker, OptLevel, Strategy};

pub use compile::{Compiled, Module, read_facts};
pub use guest::{AitriosApp, AppRules, AppTick, WasmApp, WasmGuest};
pub use host::aitrios::Lent;
pub use host::aitrios::esf::Jpeg;
pub use host::aitrios::nn::{Given, Infer, Load, Models, Read, Tensor};
pub use host::aitrios::sensor::Still;
pub use host::aitrios::tensor::Tensors;
pub use host::camera::{UploadTerms, View};
pub use rewrite::{Dialect, Facts};

use self::pages::Watch;
use self::warm::Shelf;
use crate::Tracking;

/// How often running code looks at the time.
const EPOCH: Duration = Duration::from_millis(50);
/// Stack a guest may use, in bytes.
const GUEST_STACK: usize = 1 << 20;
/// Stack that a thread needs to run guests, in bytes.
pub const STACK: usize = 4 << 20;

/// The engine cannot be had on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the WebAssembly engine does not start: {0}")]
pub struct EngineError(String);

/// How guests are run. None of it is seen by them.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How they know what changed in their memory. What this machine does not offer, or what is not worth it for a small
    /// memory, is replaced by [`Tracking::Compare`].
    pub tracking: Tracking,
    /// What a start that took this long made is kept, if it is the same for every session, and further guests of the module
    /// start with it. [`Duration::MAX`]: never.
    pub warm_after: Duration,
}

impl Default for Options {
    /// The kernel notes writes, and starts of a millisecond are kept.
    fn default() -> Options {
        Options { tracking: Tracking::Pages, warm_after: Duration::from_millis(1) }
    }
}

/// Compiles and runs modules. One for each process; clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<host::Host>,
    /// The same for AITRIOS apps.
    aitrios: Linker<host::Host>,
    /// Notes which pages of guests' memories are written to, where the kernel can.
    watch: Option<Arc<Watch>>,
    shelf: Shelf,
    _ticker: Ticker,
}

impl Engine {
    /// Starts an engine and the thread that counts its time.
    pub fn new() -> Result<Engine, EngineError> {
        Engine::with(Options::default())
    }

    /// The same, otherwise.
    pub fn with(options: Options) -> Result<Engine, EngineError> {
        let failed = |error: wasmtime::Error| EngineError(error.to_string());
        let wasmtime = wasmtime::Engine::new(&config()).map_err(failed)?;
        let linker = host::link::linker(&wasmtime).map_err(failed)?;
        let aitrios = host::link::aitrios::linker(&wasmtime).map_err(failed)?;
        let ticker = Ticker::start(wasmtime.clone())?;
        let watch = if options.tracking == Tracking::Pages { Watch::new().map(Arc::new) } else { None };
        Ok(Engine {
            inner: Arc::new(Inner {
                wasmtime,
                linker,
                aitrios,
                watch,
                shelf: Shelf::new(options.warm_after),
                _ticker: ticker,
            }),
        })
    }

    /// How guests know what changed in a large memory.
    pub fn tracking(&self) -> Tracking {
        if self.inner.watch.is_some() { Tracking::Pages } else { Tracking::Compare }
    }

    fn shelf(&self) -> &Shelf {
        &self.inner.shelf
    }

    fn watch(&self) -> Option<&Arc<Watch>> {
        self.inner.watch.as_ref()
    }

    fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    fn linker(&self, dialect: Dialect) -> &Linker<host::Host> {
        if dialect == Dialect::Aitrios { &self.inner.aitrios } else { &self.inner.linker }
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config.wasm_features(!rewrite::features_with_threads(), false);
    config.wasm_features(rewrite::features_with_threads(), true);
    // Of AITRIOS apps, which are built so. Whoever else asks for it is refused before anything is compiled.
    config.shared_memory(true);
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    // The bits of a NaN differ between processors unless they are made the same.
    config.cranelift_nan_canonicalization(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(GUEST_STACK);
    config.memory_init_cow(true);
    config.generate_address_map(false);
    config
}

/// The thread that advances the engine's epoch, by which endless loops are found.
struct Ticker {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: wasmtime::Engine) -> Result<Ticker, EngineError> {
        let (stop, stopped) = sync_channel(1);
        let count = move || {
            while stopped.recv_timeout(EPOCH) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        };
        let spawned = std::thread::Builder::new().name("epoch".to_owned()).spawn(count);
        let thread = spawned.map_err(|error| EngineError(format!("no thread for its clock: {error}")))?;
        Ok(Ticker { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It does nothing that could panic.
            let _ = thread.join();
        }
    }
}
