//! `playfield:audio@1`: sound that waits, and the sound of a tick.

use std::collections::VecDeque;

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};

use super::memory::bytes;
use super::{HostTrap, trap};
use crate::GuestError;
use crate::wasm::snapshot::{Reader, Writer, damaged};

/// Most frames that wait: 200 ms.
const MAX_WAITING: usize = 9_600;
/// Bytes of a frame in the guest's memory.
const FRAME_BYTES: usize = CHANNELS * 2;

/// The queue of a guest's sound.
pub struct Audio {
    waiting: VecDeque<i16>,
    /// The sound of the last tick, interleaved; empty: silence.
    pub playing: Vec<i16>,
}

impl Default for Audio {
    fn default() -> Self {
        let waiting = VecDeque::with_capacity(MAX_WAITING * CHANNELS);
        Audio { waiting, playing: Vec::new() }
    }
}

/// Frames that make up tick `tick`.
pub fn wanted(tick: u64, hz: u16) -> u32 {
    let until = |n: u64| u128::from(n) * u128::from(SAMPLE_RATE) / u128::from(hz);
    (until(tick) - until(tick.saturating_sub(1))) as u32
}

impl Audio {
    /// Appends frames; returns how many had room.
    pub fn push(&mut self, mem: &[u8], ptr: i32, frames: i32) -> Result<i32, HostTrap> {
        if frames < 0 {
            return trap(format!("audio.push: {frames} frames"));
        }
        let Some(len) = frames.checked_mul(FRAME_BYTES as i32) else {
            return trap(format!("audio.push: {frames} frames reach outside its memory"));
        };
        let samples = bytes(mem, ptr, len)?;
        let taken = (MAX_WAITING - self.waiting.len() / CHANNELS).min(frames as usize);
        let taken_bytes = &samples[..taken * FRAME_BYTES];
        self.waiting.extend(taken_bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        Ok(taken as i32)
    }

    /// Moves the sound of tick `tick` from waiting to playing.
    pub fn play(&mut self, tick: u64, hz: u16) {
        let wanted = wanted(tick, hz) as usize * CHANNELS;
        let there = wanted.min(self.waiting.len());
        self.playing.clear();
        self.playing.extend(self.waiting.drain(..there));
        if self.playing.iter().all(|sample| *sample == 0) {
            self.playing.clear();
        } else {
            self.playing.resize(wanted, 0);
        }
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        // Not by the parts of the ring: where it wraps is no state, and equal states are equal bytes.
        to.u64(self.waiting.len() as u64);
        self.waiting.iter().for_each(|sample| to.raw(&sample.to_le_bytes()));
        to.u64(self.playing.len() as u64);
        self.playing.iter().for_each(|sample| to.raw(&sample.to_le_bytes()));
    }

    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        self.waiting.clear();
        for _ in 0..from.u64()? {
            self.waiting.push_back(from.u16()? as i16);
        }
        self.playing.clear();
        for _ in 0..from.u64()? {
            self.playing.push(from.u16()? as i16);
        }
        if self.waiting.len() <= MAX_WAITING * CHANNELS { Ok(()) } else { Err(damaged()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_add_up_to_the_sample_rate_at_any_rate() {
        for hz in 1..=240 {
            let second: u32 = (1..=u64::from(hz)).map(|tick| wanted(tick, hz)).sum();
            assert_eq!(second, SAMPLE_RATE, "{hz}");
        }
        assert_eq!(wanted(0, 60), 0);
    }

    #[test]
    fn what_is_missing_is_silence_and_what_is_too_much_waits() {
        let mut audio = Audio::default();
        let mem = vec![1; 4 * 10_000];
        assert_eq!(audio.push(&mem, 0, 10_000).unwrap(), 9_600);
        assert_eq!(audio.push(&mem, 0, 1).unwrap(), 0);
        for tick in 1..=12 {
            audio.play(tick, 60);
            assert_eq!(audio.playing, [0x0101; 1600]);
        }
        audio.push(&mem, 0, 1).unwrap();
        audio.play(13, 60);
        assert_eq!((audio.playing.len(), audio.playing[1], audio.playing[2]), (1600, 0x0101, 0));
        audio.play(14, 60);
        assert!(audio.playing.is_empty());
    }

    #[test]
    fn where_the_ring_wraps_is_no_state() {
        let (mut audio, mem) = (Audio::default(), vec![1; 4 * 9_600]);
        audio.push(&mem, 0, 9_600).unwrap();
        audio.play(1, 60);
        audio.push(&mem, 0, 800).unwrap();
        assert!(!audio.waiting.as_slices().1.is_empty(), "it wraps");
        let save = |audio: &Audio| {
            let mut bytes = Vec::new();
            audio.save(&mut Writer(&mut bytes));
            bytes
        };
        let mut other = Audio::default();
        other.restore(&mut Reader(&save(&audio))).unwrap();
        assert_eq!(other.waiting, audio.waiting);
        assert!(save(&other) == save(&audio));
    }
}
