//! `playfield:storage@1`: small values that stay.

use std::collections::{BTreeMap, BTreeSet};

use super::HostTrap;
use super::memory::{answer, bytes, name};
use crate::wasm::snapshot::{Reader, Writer, damaged};
use crate::{GuestError, GuestEvent};

/// Most keys that are counted while a guest starts.
const MOST_READ: usize = 64;

/// What a guest stored.
pub struct Storage {
    values: BTreeMap<String, Vec<u8>>,
    /// Bytes of all keys and values.
    used: u64,
    limit: u64,
    /// Keys whose values the world outside does not have yet. One event tells the last value, however often it was written.
    changed: BTreeSet<String>,
    /// What the guest's start has to do with it.
    start: Start,
}

/// What a start did here.
#[derive(Clone, Debug)]
pub enum Start {
    /// It read these keys, and did nothing else.
    Read(BTreeSet<String>),
    /// It wrote, or read more keys than anybody counts.
    Wrote,
    /// It is over.
    Over,
}

impl Storage {
    pub fn new(values: BTreeMap<String, Vec<u8>>, limit: u64) -> Storage {
        let used = values.iter().map(|(key, value)| size(key, value)).sum();
        Storage { values, used, limit, changed: BTreeSet::new(), start: Start::Read(BTreeSet::new()) }
    }

    pub fn read(&mut self, mem: &mut [u8], key: (i32, i32), ptr: i32, max: i32) -> Result<i32, HostTrap> {
        let key = name(mem, key.0, key.1, "storage.read: a key")?;
        self.start.note(key);
        let value = self.values.get(key);
        match value {
            Some(value) => answer(mem, ptr, max, value),
            None => Ok(-1),
        }
    }

    pub fn write(&mut self, mem: &[u8], key: (i32, i32), ptr: i32, len: i32) -> Result<i32, HostTrap> {
        self.start.write();
        let key = name(mem, key.0, key.1, "storage.write: a key")?;
        let value = bytes(mem, ptr, len)?;
        let old = self.values.get(key).map_or(0, |old| size(key, old));
        let used = self.used - old + size(key, value);
        if used > self.limit {
            return Ok(-1);
        }
        self.used = used;
        match self.values.get_mut(key) {
            Some(there) if there == value => return Ok(0),
            Some(there) => {
                there.clear();
                there.extend_from_slice(value);
            }
            None => {
                self.values.insert(key.to_owned(), value.to_vec());
            }
        }
        self.mark(key);
        Ok(0)
    }

    pub fn remove(&mut self, mem: &[u8], key: (i32, i32)) -> Result<i32, HostTrap> {
        self.start.write();
        let key = name(mem, key.0, key.1, "storage.remove: a key")?;
        let Some(value) = self.values.remove(key) else { return Ok(-1) };
        self.used -= size(key, &value);
        self.mark(key);
        Ok(0)
    }

    /// The start is over. What it saw of what is stored; none: it wrote, and is never the same.
    pub fn started(&mut self) -> Option<BTreeMap<String, Option<Vec<u8>>>> {
        let Start::Read(keys) = std::mem::replace(&mut self.start, Start::Over) else { return None };
        Some(keys.into_iter().map(|key| (key.clone(), self.values.get(&key).cloned())).collect())
    }

    /// A value.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.values.get(key).cloned()
    }

    fn mark(&mut self, key: &str) {
        if !self.changed.contains(key) {
            self.changed.insert(key.to_owned());
        }
    }

    /// Tells every value that changed since the last call.
    pub fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        while let Some(key) = self.changed.pop_first() {
            let value = self.values.get(&key).cloned();
            into.push(GuestEvent::Stored { key, value });
        }
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        to.u64(self.values.len() as u64);
        for (key, value) in &self.values {
            to.bytes(key.as_bytes());
            to.bytes(value);
        }
    }

    /// Takes values back; those that differ now are told to the world outside again.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        let mut values = BTreeMap::new();
        for _ in 0..from.u64()? {
            let key = std::str::from_utf8(from.bytes()?).map_err(|_| damaged())?;
            values.insert(key.to_owned(), from.bytes()?.to_vec());
        }
        for (these, those) in [(&self.values, &values), (&values, &self.values)] {
            let differing = these.iter().filter(|(key, value)| those.get(*key) != Some(*value));
            self.changed.extend(differing.map(|(key, _)| key.clone()));
        }
        let (changed, limit) = (std::mem::take(&mut self.changed), self.limit);
        *self = Storage { changed, ..Storage::new(values, limit) };
        Ok(())
    }
}

impl Start {
    fn note(&mut self, key: &str) {
        match self {
            Start::Read(keys) if keys.contains(key) => {}
            Start::Read(keys) if keys.len() < MOST_READ => {
                keys.insert(key.to_owned());
            }
            _ => self.write(),
        }
    }

    fn write(&mut self) {
        if matches!(self, Start::Read(_)) {
            *self = Start::Wrote;
        }
    }
}

fn size(key: &str, value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64
}
