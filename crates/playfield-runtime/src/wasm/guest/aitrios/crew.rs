//! The threads of an AITRIOS app. Each is an instance of the module in a store of its own, as wasi-threads has it: they share the
//! memory and the device, and nothing else.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{InstancePre, Result, SharedMemory, Store, StoreContextMut, UpdateDeadline, format_err};

use crate::wasm::STACK;
use crate::wasm::compile::Module;
use crate::wasm::guest::app::START as FIRST;
use crate::wasm::guest::instance::Entry;
use crate::wasm::guest::{STARTING, guest_error};
use crate::wasm::host::Host;
use crate::wasm::host::aitrios::booth::Booth;
use crate::wasm::host::aitrios::nn::Nn;
use crate::wasm::host::aitrios::pace::Pace;
use crate::wasm::host::aitrios::sensor::Cause;
use crate::wasm::host::aitrios::{Aitrios, Crew, Device, Exit};
use crate::wasm::rewrite::{MEMORY, START};
use crate::{GuestConfig, GuestError};

/// What did not finish, as [`GuestError::Hung`] puts it.
pub(super) const WORK: &str = "its work between two waits";
/// No further thread: `EAGAIN`, as wasi-threads tells it.
const AGAIN: i32 = -6;
/// Largest number of a thread.
const MOST_NUMBER: i32 = 0x1fff_ffff;

/// What its first thread is made of.
pub(super) struct First {
    pub module: Module,
    pub booth: Arc<Booth>,
    pub app: Arc<Mutex<Aitrios>>,
    pub nn: Arc<Mutex<Nn>>,
    pub shared: Option<SharedMemory>,
    pub memory_limit: u64,
    pub tick: Duration,
}

/// What further ones are.
pub(super) struct Threads {
    first: First,
    pre: InstancePre<Host>,
    next: AtomicI32,
}

impl Threads {
    /// Starts the first thread.
    pub fn begin(first: First) -> Result<JoinHandle<()>, GuestError> {
        let mut store = first.store();
        let tied = first.module.tied(&store, first.shared.as_ref());
        let pre = tied.map_err(|error| GuestError::BadModule(format!("its imports are not there: {error}")))?;
        let booth = Arc::clone(&first.booth);
        let threads = Arc::new(Threads { first, pre, next: AtomicI32::new(1) });
        if threads.first.shared.is_some()
            && let Some(device) = &mut store.data_mut().aitrios
        {
            device.crew = Some(threads.clone());
        }
        let instance = instantiate(&mut store, &threads.pre)?;
        let run = move || {
            begin(&mut store);
            let how = ended(run_main(&mut store, &instance)).unwrap_or(Ok(()));
            let refused = store.data().limits.refused || (how.is_err() && threads.first.is_full());
            booth.end(Some(how), refused);
        };
        spawn("aitrios", run).map_err(|error| GuestError::Trap(format!("there is no thread for it: {error}")))
    }
}

impl Crew for Threads {
    fn start(self: Arc<Self>, with: i32) -> i32 {
        if !self.first.booth.join() {
            self.first.booth.line("it was refused one more thread".to_owned());
            return AGAIN;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let threads = Arc::clone(&self);
        let run = move || {
            let how = threads.work(number, with);
            let refused = matches!(how, Some(Err(_))) && threads.first.is_full();
            threads.first.booth.end(how, refused);
        };
        match (1..=MOST_NUMBER).contains(&number).then(|| spawn("aitrios-more", run)) {
            Some(Ok(_)) => number,
            _ => {
                self.first.booth.end(None, false);
                AGAIN
            }
        }
    }
}

impl Threads {
    /// The life of a further thread; none: it came to its end, and the others go on.
    fn work(self: &Arc<Self>, number: i32, with: i32) -> Option<Result<(), GuestError>> {
        let mut store = self.first.store();
        if let Some(device) = &mut store.data_mut().aitrios {
            device.crew = Some(self.clone());
        }
        let instance = match instantiate(&mut store, &self.pre) {
            Ok(instance) => instance,
            Err(error) => return Some(Err(error)),
        };
        begin(&mut store);
        ended(run_further(&mut store, &instance, (number, with)))
    }
}

impl First {
    /// Whether the memory that threads share is as large as it may be: what is shared does not say what it was refused.
    fn is_full(&self) -> bool {
        self.shared.as_ref().is_some_and(|memory| Some(memory.size()) == memory.ty().maximum())
    }

    /// A store for one more thread.
    fn store(&self) -> Store<Host> {
        let world = GuestConfig { memory_limit: self.memory_limit, ..GuestConfig::default() };
        let mut host = Host::new(world, self.module.facts());
        host.aitrios = Some(Box::new(Device {
            booth: Arc::clone(&self.booth),
            app: Arc::clone(&self.app),
            nn: Arc::clone(&self.nn),
            shared: self.shared.clone(),
            pace: Pace::new(FIRST, self.tick),
            told_to_end: false,
            last: Cause::None,
            crew: None,
        }));
        let mut store = Store::new(self.module.engine.wasmtime(), host);
        store.limiter(|host| &mut host.limits);
        store.epoch_deadline_callback(look_at_the_time);
        store.set_epoch_deadline(1);
        store
    }
}

/// At every epoch: whether the thread has worked for too long, or the app is over.
fn look_at_the_time(store: StoreContextMut<'_, Host>) -> Result<UpdateDeadline> {
    let over = store.data().aitrios.as_ref().is_none_or(|it| it.pace.is_over() || it.booth.ended().is_some());
    Ok(if over { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) })
}

fn instantiate(store: &mut Store<Host>, pre: &InstancePre<Host>) -> Result<wasmtime::Instance, GuestError> {
    let instance = pre.instantiate(&mut *store).map_err(|error| {
        let limits = &store.data().limits;
        if limits.refused {
            return GuestError::OutOfMemory { limit_mb: limits.memory_mb() };
        }
        guest_error(&error, STARTING)
    })?;
    // None where it is shared.
    store.data_mut().memory = instance.get_memory(&mut *store, MEMORY);
    Ok(instance)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(run)
}

/// The thread that its time is counted on is this one.
fn begin(store: &mut Store<Host>) {
    if let Some(device) = &mut store.data_mut().aitrios {
        device.pace.begin();
    }
}

/// How the app ended, if a thread of it did so by this.
fn ended(done: Result<()>) -> Option<Result<(), GuestError>> {
    let error = done.err()?;
    Some(match error.downcast_ref::<Exit>() {
        Some(Exit(0)) => Ok(()),
        Some(exit) => Err(GuestError::Trap(exit.to_string())),
        None => Err(guest_error(&error, WORK)),
    })
}

/// Runs its main thread, from the beginning to the end. `_start` does by itself what a `main` alone has to be prepared with.
fn run_main(store: &mut Store<Host>, instance: &wasmtime::Instance) -> Result<()> {
    call_if_there(store, instance, START)?;
    if instance.get_func(&mut *store, "_start").is_some() {
        return call_if_there(store, instance, "_start");
    }
    call_if_there(store, instance, "_initialize")?;
    call_if_there(store, instance, "__wasm_call_ctors")?;
    let mains = ["__main_void", "__main_argc_argv", "main"];
    let main = mains.into_iter().find(|name| instance.get_func(&mut *store, name).is_some());
    call_if_there(store, instance, main.ok_or_else(|| format_err!("it has no main"))?)
}

/// Runs a further one.
fn run_further(store: &mut Store<Host>, instance: &wasmtime::Instance, with: (i32, i32)) -> Result<()> {
    call_if_there(store, instance, START)?;
    instance.get_typed_func::<(i32, i32), ()>(&mut *store, "wasi_thread_start")?.call(store, with)
}

fn call_if_there(store: &mut Store<Host>, instance: &wasmtime::Instance, name: &str) -> Result<()> {
    match instance.get_func(&mut *store, name) {
        Some(func) => Entry::of(func, store).call(store),
        None => Ok(()),
    }
}
