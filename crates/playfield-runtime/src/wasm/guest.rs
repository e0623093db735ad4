//! The life of a module: start, ticks, save, restore.

mod aitrios;
mod app;
mod instance;

use std::sync::Arc;
use std::time::Instant;

use playfield_core::app::refuse_title;
use playfield_core::frame::{Damage, Picture};
use playfield_core::input::TickInput;
use wasmtime::{Store, Trap};

pub use self::aitrios::AitriosApp;
pub use self::app::{AppRules, AppTick, WasmApp};
use self::instance::Instance;
use super::compile::Module;
use super::host::{Host, HostTrap, Seen};
use super::pages::Baseline;
use super::snapshot::{MAGIC, Reader, Writer, damaged};
use super::warm::{Image, Key, Rest};
use crate::changes::MEMORY_AT;
use crate::{Changes, Guest, GuestConfig, GuestError, GuestEvent, Snapshot, Tick};

/// Longest tick, in epochs of 50 ms: a second.
const TICK_EPOCHS: u64 = 21;
/// Longest start, in epochs: ten seconds.
const START_EPOCHS: u64 = 201;
/// What did not finish, as [`GuestError::Hung`] puts it.
const A_PICTURE: &str = "a picture";
const STARTING: &str = "starting";

/// A running module.
///
/// Its calls need [`super::STACK`] bytes of the thread's stack.
pub struct WasmGuest {
    module: Module,
    store: Store<Host>,
    instance: Instance,
    /// What `save_changes` saved.
    saved: Option<Baseline>,
    warm: bool,
    /// The next tick says that all may differ.
    all_differs: bool,
    /// Why it cannot go on.
    spent: Option<GuestError>,
}

impl Module {
    /// Starts a guest: runs its start function, `_initialize`, `pf_init`; a cartridge's `_start`, `_initialize`, `start`. Or
    /// takes what these made for an earlier guest, if that is the same.
    pub fn open(&self, config: GuestConfig) -> Result<WasmGuest, GuestError> {
        if let Some(why) = refuse_title(&self.facts().groups) {
            return Err(GuestError::BadModule(why));
        }
        let key = (self.identity, config.memory_limit);
        if let Some(image) = self.engine.shelf().get(&key, &config.storage)
            && let Ok(guest) = self.open_warm(config.clone(), &image)
        {
            return Ok(guest);
        }
        let (seed, began) = (config.seed, Instant::now());
        let (store, instance) = instantiate(self, Host::new(config, self.facts()))?;
        let mut guest = WasmGuest::new(self, store, instance, false);
        for name in instance::start_names(self.facts().dialect, &guest.instance) {
            guest.instance.call(&mut guest.store, name).map_err(|error| guest_error(&error, STARTING))?;
        }
        // Only time depends on the time it took: the guest cannot tell the ways apart.
        let slow = began.elapsed() >= self.engine.shelf().worth;
        if let Some(seen) = guest.store.data_mut().started(seed).filter(|_| slow && self.facts().no_snapshots.is_none())
        {
            guest.keep_warm(key, seen);
        }
        Ok(guest)
    }

    fn open_warm(&self, config: GuestConfig, image: &Arc<Image>) -> Result<WasmGuest, GuestError> {
        let (store, instance) = instantiate(self, Host::new(config, self.facts()))?;
        let mut guest = WasmGuest::new(self, store, instance, true);
        guest.size_memory(image.memory)?;
        if !image.lay(guest.instance.memory.data_mut(&mut guest.store)) {
            // Never given back: the engine would unmap all of it, with whatever the system put in its holes. That happens once to
            // an image, since this one is not used again.
            std::mem::forget(guest);
            self.engine.shelf().drop_image(image);
            return Err(damaged());
        }
        let mut tail = Reader(&image.rest.tail);
        guest.instance.restore_globals(&mut guest.store, &mut tail)?;
        let host = guest.store.data_mut();
        host.apart(|host| host.restore(&mut tail))?;
        let _ = host.storage.started();
        host.talk.say_again(&image.rest.said);
        Ok(guest)
    }
}

/// A store with an instance in it; none of the guest's code has run.
fn instantiate(module: &Module, host: Host) -> Result<(Store<Host>, Instance), GuestError> {
    let mut store = Store::new(module.engine.wasmtime(), host);
    store.limiter(|host| &mut host.limits);
    store.epoch_deadline_trap();
    store.set_epoch_deadline(START_EPOCHS);
    let instance = Instance::new(module, &mut store).map_err(|error| {
        let limits = &store.data().limits;
        if limits.refused {
            return GuestError::OutOfMemory { limit_mb: limits.memory_mb() };
        }
        guest_error(&error, STARTING)
    })?;
    store.data_mut().memory = Some(instance.memory);
    Ok((store, instance))
}

fn guest_error(error: &wasmtime::Error, doing: &'static str) -> GuestError {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::Interrupt => GuestError::Hung(doing),
            trap => GuestError::Trap(trap.to_string().trim_start_matches("wasm trap: ").to_owned()),
        };
    }
    match error.downcast_ref::<HostTrap>() {
        Some(HostTrap(why)) => GuestError::Trap(why.clone()),
        None => GuestError::Trap(error.to_string()),
    }
}

impl WasmGuest {
    fn new(module: &Module, store: Store<Host>, instance: Instance, warm: bool) -> WasmGuest {
        WasmGuest { module: module.clone(), store, instance, saved: None, warm, all_differs: true, spent: None }
    }

    /// Whether its start was taken from an earlier guest's.
    pub fn is_warm(&self) -> bool {
        self.warm
    }

    /// Keeps what the start made for sessions where it would see the same. If that cannot be, others start as this one did.
    fn keep_warm(&mut self, key: Key, seen: Seen) {
        let mut tail = Vec::new();
        let mut to = Writer(&mut tail);
        if self.instance.save_globals(&mut self.store, &mut to).is_err() {
            return;
        }
        let host = self.store.data_mut();
        host.apart(|host| host.save(&mut to));
        let said = host.talk.said().to_vec();
        let limits = GuestConfig { memory_limit: key.1, ..GuestConfig::default() };
        let Ok((fresh, other)) = instantiate(&self.module, Host::new(limits, self.module.facts())) else { return };
        let (fresh, started) = (other.memory.data(&fresh), self.instance.memory.data(&self.store));
        if let Some(image) = Image::new(fresh, started, Rest { tail, said, seen }) {
            self.module.engine.shelf().put(key, image);
        }
    }

    /// What the module is.
    pub fn facts(&self) -> &super::Facts {
        self.module.facts()
    }

    fn make_picture(&mut self, input: &TickInput) -> wasmtime::Result<()> {
        let host = self.store.data_mut();
        host.run.tick += 1;
        host.video.damage = Damage::None;
        host.input.begin(input);
        let (mem, host) = self.instance.memory.data_and_store_mut(&mut self.store);
        host.begin_update(mem, input);
        self.store.set_epoch_deadline(TICK_EPOCHS);
        self.instance.tick(&mut self.store)?;
        let (mem, host) = self.instance.memory.data_and_store_mut(&mut self.store);
        if host.cartridge.is_some() {
            host.end_update(mem);
        } else {
            host.audio.play(host.run.tick, host.run.hz);
        }
        Ok(())
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        let memory = from.bytes()?;
        self.size_memory(memory.len())?;
        self.instance.memory.data_mut(&mut self.store).copy_from_slice(memory);
        self.instance.restore_globals(&mut self.store, from)?;
        self.store.data_mut().restore(from)?;
        if from.0.is_empty() { Ok(()) } else { Err(damaged()) }
    }

    /// Makes the memory so many bytes long. Memory never shrinks, so that takes a fresh instance.
    fn size_memory(&mut self, size: usize) -> Result<(), GuestError> {
        if self.instance.memory.data_size(&self.store) > size {
            let fresh_host = Host::new(GuestConfig::default(), self.module.facts());
            let mut host = std::mem::replace(self.store.data_mut(), fresh_host);
            host.limits = host.limits.fresh();
            (self.store, self.instance) = instantiate(&self.module, host)?;
        }
        let missing = size.checked_sub(self.instance.memory.data_size(&self.store)).ok_or_else(damaged)?;
        let page = self.instance.memory.page_size(&self.store) as usize;
        if missing > 0 {
            let limit_mb = self.store.data().limits.memory_mb();
            let grown = self.instance.memory.grow(&mut self.store, (missing / page) as u64);
            grown.map_err(|_| GuestError::OutOfMemory { limit_mb })?;
        }
        if self.instance.memory.data_size(&self.store) == size { Ok(()) } else { Err(damaged()) }
    }

    /// What a snapshot begins with.
    fn head(&self) -> [u8; MEMORY_AT] {
        let mut head = [0; MEMORY_AT];
        head[..8].copy_from_slice(MAGIC);
        head[8..40].copy_from_slice(&self.module.identity);
        head[40..].copy_from_slice(&(self.instance.memory.data_size(&self.store) as u64).to_le_bytes());
        head
    }

    /// Appends all state after memory.
    fn save_tail(&mut self, to: &mut Vec<u8>) -> Result<(), GuestError> {
        let mut to = Writer(to);
        self.instance.save_globals(&mut self.store, &mut to)?;
        self.store.data().save(&mut to);
        Ok(())
    }

    fn usable(&self) -> Result<(), GuestError> {
        self.spent.clone().map_or(Ok(()), Err)
    }
}

impl Guest for WasmGuest {
    fn tick_hz(&self) -> u16 {
        self.store.data().run.hz
    }

    fn tick(&mut self, input: &TickInput) -> Result<Tick, GuestError> {
        self.usable()?;
        if let Err(error) = self.make_picture(input) {
            let error = guest_error(&error, A_PICTURE);
            self.spent = Some(error.clone());
            return Err(error);
        }
        let host = self.store.data();
        let damage = if std::mem::take(&mut self.all_differs) { Damage::All } else { host.video.damage };
        Ok(Tick { damage, exited: host.run.exited })
    }

    fn tick_count(&self) -> u64 {
        self.store.data().run.tick
    }

    fn picture(&self) -> &Picture {
        &self.store.data().video.picture
    }

    fn audio(&self) -> &[i16] {
        &self.store.data().audio.playing
    }

    fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        let host = self.store.data_mut();
        host.talk.take_events(into);
        host.input.take_events(into);
        match &mut host.cartridge {
            Some(cartridge) => cartridge.take_events(into),
            None => host.storage.take_events(into),
        }
    }

    fn snapshots(&self) -> Result<(), GuestError> {
        match &self.module.facts().no_snapshots {
            Some(why) => Err(GuestError::NoSnapshot(why.clone())),
            None => Ok(()),
        }
    }

    fn snapshot(&mut self, into: &mut Snapshot) -> Result<(), GuestError> {
        self.snapshots()?;
        self.usable()?;
        into.tick = self.tick_count();
        into.bytes.clear();
        into.bytes.extend_from_slice(&self.head());
        into.bytes.extend_from_slice(self.instance.memory.data(&self.store));
        self.save_tail(&mut into.bytes)
    }

    fn save_changes(&mut self, into: &mut Changes) -> Result<(), GuestError> {
        self.snapshots()?;
        self.usable()?;
        into.clear();
        into.tick = self.tick_count();
        let memory = self.instance.memory.data(&self.store);
        let mut saved = self.saved.take().unwrap_or_else(|| {
            let most = usize::try_from(self.store.data().limits.memory()).unwrap_or(usize::MAX);
            Baseline::new(self.module.engine.watch(), memory, most)
        });
        let length = memory.len();
        if saved.save_memory(memory, into) {
            if saved.resized(length) {
                into.push(0, &self.head());
            }
            let from = into.size();
            self.save_tail(into.room())?;
            saved.save_tail(from, length, into);
        }
        self.saved = Some(saved);
        Ok(())
    }

    fn forget_saved(&mut self) {
        self.saved = None;
    }

    /// After an error in the middle of a damaged snapshot the guest is spent; one of another module leaves it as it is.
    fn restore(&mut self, from: &Snapshot) -> Result<(), GuestError> {
        self.snapshots()?;
        let mut reader = Reader(&from.bytes);
        if &reader.array()? != MAGIC {
            return Err(GuestError::NoSnapshot("the state was saved by another version of this program".to_owned()));
        }
        if reader.array()? != self.module.identity {
            return Err(GuestError::NoSnapshot("the state was saved by another module".to_owned()));
        }
        self.all_differs = true;
        self.saved = None;
        let loaded = self.load(&mut reader);
        self.spent = loaded.clone().err();
        loaded
    }
}
