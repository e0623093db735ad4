//! What a guest's calls do. One file for each capability group holds its state and its rules; [`link`] ties them to
//! import names. Nothing here knows the engine but `link`, `memory` and this struct.

pub mod audio;
pub mod cartridge;
pub mod input;
pub mod link;
pub mod memory;
mod rng;
pub mod run;
pub mod storage;
pub mod talk;
pub mod video;

use wasmtime::Memory;

use self::audio::Audio;
use self::cartridge::Cartridge;
use self::input::Input;
use self::run::Run;
use self::storage::Storage;
use self::talk::Talk;
use self::video::Video;
use super::limits::Limits;
use super::rewrite::{Dialect, Facts};
use super::snapshot::{Reader, Writer};
use super::wasm4::Wasm4;
use crate::{GuestConfig, GuestError};

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
            Dialect::Playfield => None,
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
            cartridge,
            console_memory,
        }
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
