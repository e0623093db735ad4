//! What stays from visit to visit: six tunes, the one being made, and the lamps that burn.

use playfield_sdk::storage;

use crate::buttons::SLOTS;
use crate::song::{BYTES, Song};

const KEYS: [&str; SLOTS] = ["slot1", "slot2", "slot3", "slot4", "slot5", "slot6"];
const NOW: &str = "now";
const LAMPS: &str = "lamps";
/// Ticks from a change until it is written: a stroke is one write, not twenty.
const PATIENCE: u32 = 90;

pub struct Keep {
    pub slots: [Option<Song>; SLOTS],
    written: Option<Song>,
    waited: u32,
}

fn read(key: &str) -> Option<Song> {
    let mut bytes = [0; BYTES];
    let whole = storage::read(key, &mut bytes)? == BYTES;
    if whole { Song::from_bytes(&bytes) } else { None }
}

impl Keep {
    pub const NEW: Keep = Keep { slots: [None; SLOTS], written: None, waited: 0 };

    /// Reads all that was kept; gives the tune that was being made.
    pub fn open(&mut self) -> Option<Song> {
        for (slot, key) in self.slots.iter_mut().zip(KEYS) {
            *slot = read(key);
        }
        self.written = read(NOW);
        self.written
    }

    pub fn save(&mut self, slot: usize, song: &Song) {
        self.slots[slot] = Some(*song);
        storage::write(KEYS[slot], &song.to_bytes());
    }

    /// Writes the tune being made, a little after it changed.
    pub fn watch(&mut self, song: &Song) {
        if self.written.as_ref() == Some(song) {
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited >= PATIENCE {
            storage::write(NOW, &song.to_bytes());
            (self.written, self.waited) = (Some(*song), 0);
        }
    }

    pub fn lamps() -> u32 {
        storage::read_number(LAMPS).unwrap_or(0)
    }

    pub fn keep_lamps(lamps: u32) {
        storage::write_number(LAMPS, lamps);
    }
}
