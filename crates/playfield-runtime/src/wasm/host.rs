//! What a guest's calls do. One file for each capability group holds its state and its rules; [`link`] ties them to
//! import names. Nothing here knows the engine but `link`, `memory` and this struct.

pub mod aitrios;
pub mod audio;
pub mod camera;
pub mod cartridge;
pub mod input;
pub mod link;
pub mod memory;
mod rng;
pub mod run;
pub mod storage;
pub mod talk;
pub mod video;

use std::collections::BTreeMap;

use wasmtime::Memory;

use self::aitrios::Device;
use self::audio::Audio;
use self::camera::Camera;
use self::cartridge::Cartridge;
use self::input::Input;
use self::rng::Rng;
use self::run::Run;
use self::storage::Storage;
use self::talk::Talk;
use self::video::Video;
use super::limits::Limits;
use super::rewrite::{Dialect, Facts};
use super::snapshot::{Reader, Writer};
use super::wasm4::Wasm4;
use crate::{GuestConfig, GuestError};

/// Stored values that a start read; none: there was none of that key.
pub type Seen = BTreeMap<String, Option<Vec<u8>>>;

/// A value that is not allowed: it ends the guest. The text names the call and what was wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HostTrap(pub String);

/// Ends the guest with a sentence.
pub fn trap<T>(why: impl Into<String>) -> Result<T, HostTrap> {
    Err(HostTrap(why.into()))
}

/// Everything of a guest that lies outside its instance.
pub struct Host {
    /// The instance's memory, once there is an instance.
    pub memory: Option<Memory>,
    pub limits: Limits,
    pub run: Run,
    pub video: Video,
    pub audio: Audio,
    pub input: Input,
    pub storage: Storage,
    pub talk: Talk,
    /// The camera it runs next to, if the guest is an edge app.
    pub camera: Option<Box<Camera>>,
    /// The device that an AITRIOS app believes to be on, if the guest is one.
    pub aitrios: Option<Box<Device>>,
    /// The console, if the guest is a cartridge.
    pub cartridge: Option<Box<Cartridge>>,
    /// The console's memory, where a cartridge has one of its own instead.
    pub console_memory: Option<Vec<u8>>,
}

impl Host {
    /// The world of a guest that has not started.
    pub fn new(config: GuestConfig, facts: &Facts) -> Host {
        let cartridge = match facts.dialect {
            Dialect::Wasm4 => Some(Box::new(Cartridge::new(&config.storage))),
            Dialect::Playfield | Dialect::Aitrios => None,
        };
        let console_memory = facts.console_apart.then(Wasm4::fresh_memory);
        Host {
            memory: None,
            limits: Limits::new(config.memory_limit),
            run: Run::new(config.seed, config.start_unix_ms),
            video: Video::default(),
            audio: Audio::default(),
            input: Input::default(),
            storage: Storage::new(config.storage, config.storage_limit),
            talk: Talk::default(),
            camera: None,
            aitrios: None,
            cartridge,
            console_memory,
        }
    }

    /// The start is over. What it saw that differs between sessions: values it read. None: it asked for random bytes or the time,
    /// wrote something or shook a pad, and is to be run each time. Inputs do not differ before the first tick.
    pub fn started(&mut self, seed: u64) -> Option<Seen> {
        let mut seen = self.storage.started()?;
        if self.run.rng != Rng::new(seed) || self.run.time_was_asked || self.input.shakes() {
            return None;
        }
        if let Some(cartridge) = &self.cartridge
            && cartridge.console.disk_was_used()
        {
            if cartridge.disk_touched {
                return None;
            }
            seen.insert(cartridge::DISK.to_owned(), self.storage.get(cartridge::DISK));
        }
        Some(seen)
    }

    /// Does something to a world whose seed, time and stored values are nobody's; these are put back after.
    pub fn apart<T>(&mut self, work: impl FnOnce(&mut Host) -> T) -> T {
        let run = (std::mem::replace(&mut self.run.rng, Rng::new(0)), std::mem::take(&mut self.run.start_unix_ms));
        let storage = std::mem::replace(&mut self.storage, Storage::new(BTreeMap::new(), 0));
        let disk = self.cartridge.as_mut().map(|cartridge| cartridge.console.disk().to_vec()).unwrap_or_default();
        if let Some(cartridge) = &mut self.cartridge {
            cartridge.console.set_disk(&[]);
        }
        let done = work(self);
        (self.run.rng, self.run.start_unix_ms) = run;
        self.storage = storage;
        if let Some(cartridge) = &mut self.cartridge {
            cartridge.console.set_disk(&disk);
            cartridge.disk_touched = false;
        }
        done
    }

    /// Writes all state down.
    pub fn save(&self, to: &mut Writer<'_>) {
        self.run.save(to);
        self.video.save(to);
        self.audio.save(to);
        self.input.save(to);
        self.storage.save(to);
        self.talk.save(to);
        if let Some(cartridge) = &self.cartridge {
            cartridge.save(to);
        }
        if let Some(memory) = &self.console_memory {
            to.raw(memory);
        }
    }

    /// Takes all state back.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        self.run.restore(from)?;
        self.video.restore(from)?;
        self.audio.restore(from)?;
        self.input.restore(from)?;
        self.storage.restore(from)?;
        self.talk.restore(from)?;
        if let Some(cartridge) = &mut self.cartridge {
            cartridge.restore(from)?;
        }
        if let Some(memory) = &mut self.console_memory {
            let saved = from.raw(memory.len())?;
            memory.copy_from_slice(saved);
        }
        Ok(())
    }
}
