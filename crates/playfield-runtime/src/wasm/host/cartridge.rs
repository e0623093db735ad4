//! `env`: the console of a WASM-4 cartridge, tied to a guest's picture, sound, log and stored values.

use std::collections::BTreeMap;

use playfield_core::input::TickInput;

use super::Host;
use crate::wasm::snapshot::{Reader, Writer};
use crate::wasm::wasm4::Wasm4;
use crate::{GuestError, GuestEvent};

/// The key under which the disk is stored.
pub const DISK: &str = "disk";

/// A console and what the world outside knows of its disk.
pub struct Cartridge {
    pub console: Wasm4,
    told_disk: Vec<u8>,
    /// The disk may differ from what was told.
    pub disk_touched: bool,
}

impl Cartridge {
    /// A console with the disk that was stored before.
    pub fn new(storage: &BTreeMap<String, Vec<u8>>) -> Cartridge {
        let mut console = Wasm4::new();
        if let Some(disk) = storage.get(DISK) {
            // The console keeps its disk as text, in groups of four bytes: what comes back is that long.
            let mut disk = disk.clone();
            disk.resize(disk.len().next_multiple_of(4), 0);
            console.set_disk(&disk);
        }
        Cartridge { told_disk: console.disk().to_vec(), console, disk_touched: false }
    }

    /// Tells the disk if it changed since the last call.
    pub fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        if std::mem::take(&mut self.disk_touched) && self.told_disk != self.console.disk() {
            self.told_disk.clear();
            self.told_disk.extend_from_slice(self.console.disk());
            into.push(GuestEvent::Stored { key: DISK.to_owned(), value: Some(self.told_disk.clone()) });
        }
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        // The length comes first and is known last.
        let at = to.0.len();
        to.u64(0);
        self.console.save(to.0);
        let length = (to.0.len() - at - 8) as u64;
        to.0[at..at + 8].copy_from_slice(&length.to_le_bytes());
    }

    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        self.disk_touched = true;
        self.console.restore(from.bytes()?).map_err(GuestError::NoSnapshot)
    }
}

impl Host {
    /// Before a cartridge's `update`.
    pub fn begin_update(&mut self, mem: &mut [u8], input: &TickInput) {
        if let Some(cartridge) = &mut self.cartridge {
            let mem = self.console_memory.as_deref_mut().unwrap_or(mem);
            cartridge.console.before_update(mem, input);
        }
    }

    /// After a cartridge's `update`: its picture and sound.
    pub fn end_update(&mut self, mem: &[u8]) {
        if let Some(cartridge) = &mut self.cartridge {
            let mem = self.console_memory.as_deref().unwrap_or(mem);
            self.video.damage = cartridge.console.after_update(mem, &mut self.video.picture);
            self.audio.playing.clear();
            cartridge.console.sound(&mut self.audio.playing);
        }
    }
}
