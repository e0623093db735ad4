//! The device that an AITRIOS app believes to be on: its agent (`evp`), its sensor (`sensor`), its system (`wasi`, and ESF here).
//!
//! ```text
//!   camera --View--> Booth <--waits-- the app's thread: _start ... get_frame ... sendTelemetry ... processEvent
//!          <--said-- (mailbox)             '--outlet: Schema, Budget--^
//! ```
//!
//! The app's calls wait in the [`Booth`], which is all that its thread and its camera's share. Whatever it is told or says goes
//! through here; bad pointers and made-up handles are answered with their errors, and end nobody.

pub mod booth;
pub mod evp;
pub mod outlet;
pub mod sensor;
pub mod tensor;
pub mod wasi;

use std::sync::Arc;

use self::booth::Booth;
use self::evp::Evp;
use self::outlet::Outlet;
use self::sensor::Sensor;
use self::wasi::System;

/// Longest text that an app hands over as a C string, in bytes.
const MOST_TEXT: usize = 4096;

/// Something of the app's lies outside its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// Everything of an AITRIOS app that lies outside its instance.
#[derive(Debug)]
pub struct Aitrios {
    pub booth: Arc<Booth>,
    pub evp: Evp,
    pub sensor: Sensor,
    pub outlet: Outlet,
    pub system: System,
    /// Epochs from the end of a wait to the next one.
    pub epochs: u64,
    /// It was told to end, and has these epochs once more.
    pub told_to_end: bool,
}

/// How an app ended by itself: with this code.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it ended with code {0}")]
pub struct Exit(pub i32);

/// Bytes of the app.
pub fn bytes(mem: &[u8], ptr: i32, len: i32) -> Result<&[u8], Fault> {
    let from = ptr.cast_unsigned() as usize;
    from.checked_add(len.cast_unsigned() as usize).and_then(|to| mem.get(from..to)).ok_or(Fault)
}

/// Writes into the app.
pub fn put(mem: &mut [u8], ptr: i32, what: &[u8]) -> Result<(), Fault> {
    let from = ptr.cast_unsigned() as usize;
    let room = from.checked_add(what.len()).and_then(|to| mem.get_mut(from..to)).ok_or(Fault)?;
    room.copy_from_slice(what);
    Ok(())
}

/// A C string of the app, without its zero.
pub fn text(mem: &[u8], ptr: i32) -> Result<&[u8], Fault> {
    long_text(mem, ptr, MOST_TEXT)
}

/// One that may be so long.
pub fn long_text(mem: &[u8], ptr: i32, most: usize) -> Result<&[u8], Fault> {
    let rest = mem.get(ptr.cast_unsigned() as usize..).filter(|_| ptr != 0).ok_or(Fault)?;
    let length = rest.iter().take(most).position(|byte| *byte == 0).ok_or(Fault)?;
    Ok(&rest[..length])
}

/// A whole number of the app.
pub fn word(mem: &[u8], ptr: i32) -> Result<i32, Fault> {
    let four = bytes(mem, ptr, 4)?;
    four.try_into().map(i32::from_le_bytes).map_err(|_| Fault)
}
