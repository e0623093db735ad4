//! WASI preview 1 without its files ([`super::files`] has those): clocks, random bytes, and a log.

use std::time::Instant;

use super::{Fault, Mem, word};
use crate::wasm::host::rng::Rng;

pub const SUCCESS: i32 = 0;
pub const BAD_FD: i32 = 8;
pub const CANCELED: i32 = 11;
pub const EXISTS: i32 = 20;
pub const FAULT: i32 = 21;
pub const TOO_LARGE: i32 = 22;
pub const BAD_TEXT: i32 = 25;
pub const INVALID: i32 = 28;
pub const IS_FOLDER: i32 = 31;
pub const TOO_MANY_OPEN: i32 = 33;
pub const NAME_TOO_LONG: i32 = 37;
pub const NO_ENTRY: i32 = 44;
pub const NO_MEMORY: i32 = 48;
pub const NO_SPACE: i32 = 51;
pub const NOT_FOLDER: i32 = 54;
pub const NOT_EMPTY: i32 = 55;
pub const NOT_SUPPORTED: i32 = 58;
pub const NOT_CAPABLE: i32 = 76;

/// Longest line of the log, in bytes.
const MOST_LINE: usize = 512;
/// Most pieces of one write, and subscriptions of one poll.
pub const MOST_PIECES: i32 = 1024;
/// Most bytes of one write, or read; the rest is for the next one.
pub const MOST_WRITTEN: usize = 64 << 10;
/// Bytes of a subscription, and of an event.
const SUBSCRIPTION: usize = 48;
const EVENT: usize = 32;

/// Clocks, randomness and the beginning of a line.
#[derive(Debug)]
pub struct System {
    began: Instant,
    start_unix_ms: u64,
    rng: Rng,
    line: Vec<u8>,
}

impl System {
    pub fn new(start_unix_ms: u64) -> System {
        // Nothing secret is made of it: what leaves is bounded otherwise.
        System { began: Instant::now(), start_unix_ms, rng: Rng::new(start_unix_ms), line: Vec::new() }
    }

    pub fn random(&mut self, mem: &mut Mem<'_>, ptr: i32, len: i32) -> Result<i32, Fault> {
        mem.check(ptr, len)?;
        let (mut at, mut left) = (ptr, len.cast_unsigned() as usize);
        while left > 0 {
            let mut piece = [0; 256];
            let piece = &mut piece[..left.min(256)];
            self.rng.fill(piece);
            mem.write(at, piece)?;
            at = at.wrapping_add(256);
            left -= piece.len();
        }
        Ok(SUCCESS)
    }

    /// The time of the day, in nanoseconds.
    pub fn now_ns(&self) -> u64 {
        self.clock(0).unwrap_or_default()
    }

    /// Nanoseconds; 0 is the time of the day, others count from the app's start.
    fn clock(&self, id: i32) -> Option<u64> {
        let passed = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        match id {
            0 => Some(self.start_unix_ms.saturating_mul(1_000_000).saturating_add(passed)),
            1..=3 => Some(passed),
            _ => None,
        }
    }

    pub fn time(&self, mem: &mut Mem<'_>, id: i32, ptr: i32) -> Result<i32, Fault> {
        let Some(time) = self.clock(id) else { return Ok(INVALID) };
        mem.write(ptr, &time.to_le_bytes())?;
        Ok(SUCCESS)
    }

    /// Writes to the log; returns the lines that are whole.
    pub fn write(
        &mut self,
        mem: &mut Mem<'_>,
        fd: i32,
        pieces: [i32; 2],
        to: i32,
    ) -> Result<(i32, Vec<String>), Fault> {
        if !(1..=2).contains(&fd) {
            return Ok((BAD_FD, Vec::new()));
        }
        let [at, count] = pieces;
        if !(0..=MOST_PIECES).contains(&count) {
            return Ok((INVALID, Vec::new()));
        }
        let mut written = 0;
        let mut lines = Vec::new();
        for piece in mem.read(at, count * 8)?.chunks_exact(8) {
            let (from, length) = (word(piece, 0)?, word(piece, 4)?);
            mem.check(from, length)?;
            let said = mem.read(from, (length.cast_unsigned() as usize).min(MOST_WRITTEN - written) as i32)?;
            written += said.len();
            for byte in said {
                match byte {
                    b'\n' => lines.push(self.take_line()),
                    byte if self.line.len() < MOST_LINE => self.line.push(byte),
                    _ => {}
                }
            }
        }
        mem.write(to, &(written as u32).to_le_bytes())?;
        Ok((SUCCESS, lines))
    }

    fn take_line(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned()
    }

    /// The soonest clock that a poll waits for, in milliseconds, and which subscription it is of; none: it waits for a file.
    pub fn polled(&self, mem: &Mem<'_>, at: i32, count: i32) -> Result<Option<(i64, [u8; 8])>, Fault> {
        if !(1..=MOST_PIECES).contains(&count) {
            return Ok(None);
        }
        let mut soonest: Option<(i64, [u8; 8])> = None;
        for one in mem.read(at, count * SUBSCRIPTION as i32)?.chunks_exact(SUBSCRIPTION) {
            let long = |at: usize| u64::from_le_bytes(one[at..at + 8].try_into().unwrap_or_default());
            let Some(now) = self.clock(word(one, 16)?).filter(|_| one[8] == 0) else { continue };
            let absolute = one[40] & 1 != 0;
            let nanos = if absolute { long(24).saturating_sub(now) } else { long(24) };
            let millis = i64::try_from(nanos.div_ceil(1_000_000)).unwrap_or(i64::MAX);
            if soonest.is_none_or(|(least, _)| millis < least) {
                soonest = Some((millis, long(0).to_le_bytes()));
            }
        }
        Ok(soonest)
    }

    /// One event: this clock.
    pub fn event(mem: &mut Mem<'_>, at: i32, of: [u8; 8], count_at: i32) -> Result<i32, Fault> {
        let mut event = [0; EVENT];
        event[..8].copy_from_slice(&of);
        mem.write(at, &event)?;
        mem.write(count_at, &1u32.to_le_bytes())?;
        Ok(SUCCESS)
    }
}

/// Its standard input, output and error.
pub fn fdstat(mem: &mut Mem<'_>, fd: i32, ptr: i32) -> Result<i32, Fault> {
    if !(0..=2).contains(&fd) {
        return Ok(BAD_FD);
    }
    let mut stat = [0; 24];
    // A character device; it may be written to, or read.
    stat[0] = 2;
    stat[8] = if fd == 0 { 1 << 1 } else { 1 << 6 };
    mem.write(ptr, &stat)?;
    Ok(SUCCESS)
}
