//! The two files of a session's checkpoints.
//!
//! Each holds a whole state, and they are written in turns: in place, as far as the state differs from the one that the file
//! holds. That is what changed since, and what changed the time before, which the other file knows. So there is no chain of
//! changes that grows, and nothing to put together when a session goes on.
//!
//! A process can be killed between any two calls, and a machine that fails takes the sessions with it anyway: so nothing
//! is flushed to the disk, and the order of the calls is all that counts. A file is
//!
//! ```text
//!   0      MAGIC, or zeros while the state is being written
//!   8      number of the checkpoint, u64
//!   16     tick, u64
//!   24     length of the state, u64
//!   4048   state; so pages of the guest's memory are pages of the file
//! ```
//! Its head is taken away before anything of the state is written and put back after all of it, while the other file stays
//! whole. Past its end a file is zeros: those are not written.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use playfield_core::id::SessionId;
use playfield_runtime::changes::{MEMORY_AT, UNIT};
use playfield_runtime::{Changes, Snapshot};

const MAGIC: &[u8; 8] = b"PFCHECK2";
const HEAD: usize = 32;
/// Where the state begins.
const STATE: u64 = 4096 - MEMORY_AT as u64;
/// Largest state that is read back.
const MAX_STATE: u64 = 4 << 30;
/// Most bytes copied at a time.
const CHUNK: usize = 64 << 10;

/// What is done to the files. In tests it stops anywhere.
pub(super) trait Files {
    fn write(&mut self, slot: usize, at: u64, bytes: &[u8]) -> io::Result<()>;
    fn read(&mut self, slot: usize, at: u64, bytes: &mut [u8]) -> io::Result<()>;
    fn length(&mut self, slot: usize) -> io::Result<u64>;
    fn set_length(&mut self, slot: usize, length: u64) -> io::Result<()>;
}

/// The files themselves, opened when they are needed.
pub(super) struct Disk {
    paths: [PathBuf; 2],
    open: [Option<File>; 2],
}

impl Disk {
    pub fn of(slots: &Slots) -> Disk {
        Disk { paths: [0, 1].map(|slot| slots.path(slot)), open: [None, None] }
    }

    fn file(&mut self, slot: usize) -> io::Result<&File> {
        if self.open[slot].is_none() {
            let options = OpenOptions::new().create(true).read(true).write(true).truncate(false).clone();
            self.open[slot] = Some(options.open(&self.paths[slot])?);
        }
        self.open[slot].as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Files for Disk {
    fn write(&mut self, slot: usize, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file(slot)?.write_all_at(bytes, at)
    }

    fn read(&mut self, slot: usize, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file(slot)?.read_exact_at(bytes, at)
    }

    fn length(&mut self, slot: usize) -> io::Result<u64> {
        Ok(self.file(slot)?.metadata()?.len())
    }

    fn set_length(&mut self, slot: usize, length: u64) -> io::Result<()> {
        self.file(slot)?.set_len(length)
    }
}

/// The files of one session, and what is known of what they hold.
#[derive(Debug)]
pub(super) struct Slots {
    folder: PathBuf,
    session: SessionId,
    /// Of the newest checkpoint; 0: none.
    number: u64,
    /// None was written since this was made.
    first: bool,
    /// The next one has begun: its file has no head.
    begun: bool,
    /// What was written of it.
    fresh: Units,
    /// What the older file lacks of the newer one's state; none: nobody knows.
    owed: Option<Units>,
}

impl Slots {
    pub fn new(folder: PathBuf, session: SessionId) -> Slots {
        Slots { folder, session, number: 0, first: true, begun: false, fresh: Units::default(), owed: None }
    }

    pub fn session(&self) -> SessionId {
        self.session.clone()
    }

    /// Whether no checkpoint was written by this worker.
    pub fn is_first(&self) -> bool {
        self.first
    }

    fn path(&self, slot: usize) -> PathBuf {
        self.folder.join(format!("{}.{slot}", self.session))
    }

    /// The newest checkpoint that is whole; the next will be written over the other one.
    pub fn resume(&mut self, files: &mut impl Files) -> Option<Snapshot> {
        let mut read = |slot| read(files, slot).ok().flatten();
        let (number, state) = [read(0), read(1)].into_iter().flatten().max_by_key(|(number, _)| *number)?;
        self.number = number;
        Some(state)
    }

    /// Writes changes of the next checkpoint, over the one before the last. With the last of them it is there.
    ///
    /// After an error, and for the first checkpoint, the changes that follow must be of everything.
    pub fn write(&mut self, changes: &Changes, files: &mut impl Files) -> io::Result<()> {
        let number = self.number + 1;
        let slot = (number % 2) as usize;
        if !self.begun {
            files.write(slot, 0, &[0; HEAD])?;
            self.fresh.clear();
            self.begun = true;
        }
        let mut target = Target { slot, length: files.length(slot)?, files };
        for (at, piece) in changes.pieces() {
            target.write(STATE + at, piece)?;
            self.fresh.add(at, piece.len() as u64);
        }
        if !changes.done {
            return Ok(());
        }
        // The first is of everything, and so is the first after an error.
        if !self.first {
            self.settle(changes.length, &mut target)?;
        }
        target.reach(STATE + changes.length)?;
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(MAGIC);
        for (at, value) in [(8, number), (16, changes.tick), (24, changes.length)] {
            head[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        files.write(slot, 0, &head)?;
        (self.number, self.begun) = (number, false);
        let old = self.owed.take().unwrap_or_default();
        self.owed = (!self.first).then(|| std::mem::replace(&mut self.fresh, old));
        self.first = false;
        Ok(())
    }

    /// Copies what this file still lacks from the other one.
    fn settle(&self, length: u64, target: &mut Target<'_, impl Files>) -> io::Result<()> {
        let mut room = Vec::new();
        let units = unit_of(length.saturating_sub(1)) + 1;
        let lacks = |unit: &usize| !self.fresh.has(*unit) && self.owed.as_ref().is_none_or(|owed| owed.has(*unit));
        let mut unit = 0;
        while let Some(first) = (unit..units).find(lacks) {
            let most = first + CHUNK / UNIT;
            unit = (first..units.min(most)).find(|unit| !lacks(unit)).unwrap_or(units.min(most));
            let (at, end) = (start_of(first), start_of(unit).min(length));
            room.resize((end - at) as usize, 0);
            target.files.read(1 - target.slot, STATE + at, &mut room)?;
            target.write(STATE + at, &room)?;
        }
        Ok(())
    }
}

/// The file that is written to.
struct Target<'a, F> {
    slot: usize,
    length: u64,
    files: &'a mut F,
}

impl<F: Files> Target<'_, F> {
    fn write(&mut self, mut at: u64, bytes: &[u8]) -> io::Result<()> {
        if at + bytes.len() as u64 <= self.length {
            return self.files.write(self.slot, at, bytes);
        }
        for chunk in bytes.chunks(CHUNK) {
            if at < self.length || chunk.iter().any(|byte| *byte != 0) {
                self.files.write(self.slot, at, chunk)?;
                self.length = self.length.max(at + chunk.len() as u64);
            }
            at += chunk.len() as u64;
        }
        Ok(())
    }

    fn reach(&mut self, length: u64) -> io::Result<()> {
        if self.length < length { self.files.set_length(self.slot, length) } else { Ok(()) }
    }
}

/// The unit that a byte of the state is in: the first ends where memory begins.
fn unit_of(at: u64) -> usize {
    ((at + UNIT as u64 - MEMORY_AT as u64) / UNIT as u64) as usize
}

/// The first byte of a unit.
fn start_of(unit: usize) -> u64 {
    ((unit * UNIT + MEMORY_AT) as u64).saturating_sub(UNIT as u64)
}

/// A set of units of a state.
#[derive(Debug, Default)]
struct Units(Vec<u64>);

impl Units {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn add(&mut self, at: u64, length: u64) {
        if length == 0 {
            return;
        }
        let (first, last) = (unit_of(at), unit_of(at + length - 1));
        if self.0.len() <= last / 64 {
            self.0.resize(last / 64 + 1, 0);
        }
        (first..=last).for_each(|unit| self.0[unit / 64] |= 1 << (unit % 64));
    }

    fn has(&self, unit: usize) -> bool {
        self.0.get(unit / 64).is_some_and(|word| word & 1 << (unit % 64) != 0)
    }
}

/// The number and the state of a file that is whole.
fn read(files: &mut impl Files, slot: usize) -> io::Result<Option<(u64, Snapshot)>> {
    let mut head = [0; HEAD];
    files.read(slot, 0, &mut head)?;
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| head[at + n]));
    let length = number(24);
    let follows = number(8).checked_add(1).is_some();
    if &head[..8] != MAGIC || !follows || length > MAX_STATE || files.length(slot)? < STATE + length {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    files.read(slot, STATE, &mut bytes)?;
    Ok(Some((number(8), Snapshot { tick: number(16), bytes })))
}

#[cfg(test)]
mod tests;
