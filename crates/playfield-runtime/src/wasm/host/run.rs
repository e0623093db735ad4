//! `playfield:host@1`: the run, its clock counted in ticks, and its random numbers.

use super::rng::Rng;
use super::{HostTrap, trap};
use crate::GuestError;
use crate::wasm::snapshot::{Reader, Writer, damaged};

/// Pictures a second of a title that does not say otherwise.
const DEFAULT_HZ: u16 = 60;

/// Ticks that no run reaches: a saved state with more of them is not one of ours. There is room to count on.
const NEVER: u64 = 1 << 48;

/// Where a run stands.
pub struct Run {
    /// The picture being made, or made last; 0 before the first.
    pub tick: u64,
    /// Pictures a second, 1 to 240.
    pub hz: u16,
    /// The guest said that it is done.
    pub exited: bool,
    pub start_unix_ms: u64,
    /// The guest has asked for the time.
    pub time_was_asked: bool,
    pub rng: Rng,
}

impl Run {
    pub fn new(seed: u64, start_unix_ms: u64) -> Run {
        Run { tick: 0, hz: DEFAULT_HZ, exited: false, start_unix_ms, time_was_asked: false, rng: Rng::new(seed) }
    }

    pub fn set_rate(&mut self, hz: i32) -> Result<(), HostTrap> {
        if self.tick > 0 {
            return trap("host.tick_rate: called after the first tick began");
        }
        if !(1..=240).contains(&hz) {
            return trap(format!("host.tick_rate: {hz} pictures a second; it is 1 to 240"));
        }
        self.hz = hz as u16;
        Ok(())
    }

    /// Microseconds since the first tick.
    pub fn time_us(&self) -> u64 {
        let us = u128::from(self.tick.saturating_sub(1)) * 1_000_000 / u128::from(self.hz);
        us as u64
    }

    /// Wall time, in milliseconds since 1970.
    pub fn unix_ms(&mut self) -> u64 {
        self.time_was_asked = true;
        self.start_unix_ms.wrapping_add(self.time_us() / 1000)
    }

    /// The second the run is in, counted in ticks.
    pub fn second(&self) -> u64 {
        self.tick.saturating_sub(1) / u64::from(self.hz)
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        to.u64(self.tick);
        to.u16(self.hz);
        to.u8(self.exited.into());
        to.u64(self.start_unix_ms);
        self.rng.0.iter().for_each(|word| to.u64(*word));
    }

    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        self.tick = from.u64()?;
        self.hz = from.u16()?;
        self.exited = from.u8()? != 0;
        self.start_unix_ms = from.u64()?;
        for word in &mut self.rng.0 {
            *word = from.u64()?;
        }
        if (1..=240).contains(&self.hz) && self.tick < NEVER { Ok(()) } else { Err(damaged()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_counted_in_ticks_and_rounded_down() {
        let mut run = Run::new(0, 5_000);
        for (tick, us, ms) in [(0, 0, 5_000), (1, 0, 5_000), (2, 16_666, 5_016), (61, 1_000_000, 6_000)] {
            run.tick = tick;
            assert_eq!((run.time_us(), run.unix_ms()), (us, ms), "tick {tick}");
        }
    }

    #[test]
    fn a_saved_run_that_counts_to_the_end_of_numbers_is_damaged() {
        let check = |tick: u64, expect: bool| {
            let mut bytes = Vec::new();
            Run { tick, ..Run::new(0, 0) }.save(&mut Writer(&mut bytes));
            assert_eq!(Run::new(0, 0).restore(&mut Reader(&bytes)).is_ok(), expect, "{tick}");
        };
        check(0, true);
        check(1 << 40, true);
        check(u64::MAX, false);
        check(u64::MAX - 1, false);
    }
}
