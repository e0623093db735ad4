//! The player's microphone: packets of a voice become sound when it is heard, and no sooner.
//!
//! Packets are taken while a program records. Each block asks for as much as it holds: [`Voice`] says which packet that is, and the
//! codec, which is the binary's to bring, makes sound of it or conceals its loss. A voice that waits too long or too short is heard a
//! hundredth faster or slower, which nobody notices.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use playfield_core::time::Time;
use playfield_core::voice::{LOST_FRAMES, Next, Pace, Voice};

use super::Mix;
use crate::feed::Fed;

/// Frames of silence that are made at once: 1 ms.
const SILENCE: usize = 48;
/// Packets that are taken at once.
const BATCH: usize = 64;

/// Makes sound of packets: mono, at 48 kHz.
pub trait Decode: Send {
    /// Appends the samples of a packet, which may be anything at all. False: it makes none.
    fn decode(&mut self, packet: &[u8], into: &mut Vec<i16>) -> bool;

    /// Appends [`LOST_FRAMES`] samples in place of a packet that did not come.
    fn conceal(&mut self, into: &mut Vec<i16>);
}

/// A microphone that a sound server has.
pub struct Microphone {
    fed: Fed,
    ear: Ear,
}

impl Microphone {
    /// One whose packets come by `socket`, the other end of a [`Feed`](crate::Feed).
    pub fn new(socket: OwnedFd, decoder: Box<dyn Decode>) -> Microphone {
        Microphone { fed: Fed::new(socket), ear: Ear::new(decoder) }
    }

    /// Takes the packets that came.
    pub(super) fn take(&mut self, now: Time) {
        for _ in 0..BATCH {
            let Some(packet) = self.fed.receive() else { return };
            self.ear.take(now, packet.voice, packet.number, packet.time, packet.data);
        }
    }

    /// What was said until now is not for later.
    pub(super) fn forget(&mut self) {
        while self.fed.receive().is_some() {}
        self.ear.forget();
    }

    /// The next block, the same on both sides.
    pub(super) fn hear(&mut self, now: Time, into: &mut Mix) {
        self.ear.hear(now, into);
    }
}

impl AsFd for Microphone {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fed.as_fd()
    }
}

impl std::fmt::Debug for Microphone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Microphone").field("fed", &self.fed).finish_non_exhaustive()
    }
}

/// A voice and its sound, told the time.
pub struct Ear {
    decoder: Box<dyn Decode>,
    whose: u32,
    voice: Voice,
    /// What was decoded, and how much of it was heard, in samples.
    samples: Vec<i16>,
    heard: f64,
}

impl Ear {
    /// One that heard nothing yet.
    pub fn new(decoder: Box<dyn Decode>) -> Ear {
        Ear { decoder, whose: 0, voice: Voice::default(), samples: Vec::new(), heard: 0.0 }
    }

    /// A packet came.
    pub fn take(&mut self, now: Time, whose: u32, number: u64, time: u32, data: &[u8]) {
        if std::mem::replace(&mut self.whose, whose) != whose {
            self.forget();
        }
        self.voice.arrive(now, number, time, data);
    }

    /// What came until now is not to be heard.
    pub fn forget(&mut self) {
        self.voice = Voice::default();
        self.samples.clear();
        self.heard = 0.0;
    }

    /// The next block, which begins now.
    pub fn hear(&mut self, now: Time, into: &mut [f32]) {
        let step = match self.voice.pace() {
            Pace::Same => {
                self.heard = self.heard.round();
                1.0
            }
            Pace::Faster => 1.01,
            Pace::Slower => 0.99,
        };
        for (at, pair) in into.chunks_exact_mut(2).enumerate() {
            let place = self.heard as usize;
            while self.samples.len() < place + 2 {
                let us = at as u64 * 1_000 / 48;
                self.fill(Time::from_micros(now.as_micros() + us));
            }
            let (one, next) = (f32::from(self.samples[place]), f32::from(self.samples[place + 1]));
            let sample = one + (next - one) * (self.heard - place as f64) as f32;
            pair.fill(sample / 32_768.0);
            self.heard += step;
        }
        let gone = (self.heard as usize).min(self.samples.len());
        self.samples.drain(..gone);
        self.heard -= gone as f64;
    }

    /// Decodes what is heard from then on; one sample at least.
    fn fill(&mut self, then: Time) {
        let before = self.samples.len();
        let made = match self.voice.next(then) {
            Next::Packet(packet) => self.decoder.decode(&packet, &mut self.samples) && self.samples.len() > before,
            Next::Lost => {
                self.decoder.conceal(&mut self.samples);
                self.samples.len() > before
            }
            Next::Silence => {
                self.samples.resize(before + SILENCE, 0);
                true
            }
        };
        if !made {
            self.samples.truncate(before);
            self.samples.resize(before + LOST_FRAMES as usize, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SAMPLES;
    use super::*;

    /// Counts up by one each sample, whatever comes; what is concealed is -1.
    struct FakeCodec(i16);

    impl Decode for FakeCodec {
        fn decode(&mut self, packet: &[u8], into: &mut Vec<i16>) -> bool {
            let frames = playfield_core::voice::frames(packet).unwrap();
            into.extend((0..frames).map(|n| self.0 + n as i16));
            self.0 += frames as i16;
            packet[1] != 0xff
        }

        fn conceal(&mut self, into: &mut Vec<i16>) {
            into.extend([-1; LOST_FRAMES as usize]);
        }
    }

    fn blocks(ear: &mut Ear, from_ms: u64, count: u64) -> Vec<i16> {
        let mut heard = Vec::new();
        for block in 0..count {
            let mut mix = [7.0; SAMPLES];
            ear.hear(Time::from_millis(from_ms + block * 5), &mut mix);
            assert!(mix.chunks(2).all(|pair| pair[0] == pair[1]));
            heard.extend(mix.iter().step_by(2).map(|sample| (sample * 32_768.0) as i16));
        }
        heard
    }

    #[test]
    fn a_voice_is_heard_sample_by_sample_after_a_short_wait_and_then_concealed_and_silent() {
        let mut ear = Ear::new(Box::new(FakeCodec(1)));
        assert_eq!(blocks(&mut ear, 0, 2), [0; 480]);
        let mut heard = Vec::new();
        for n in 0..4 {
            ear.take(Time::from_millis(10 + n * 10), 1, n, n as u32 * 480, &[0xf0, 0]);
            heard.extend(blocks(&mut ear, 10 + n * 10, 2));
        }
        heard.extend(blocks(&mut ear, 50, 40));
        let first = heard.iter().position(|sample| *sample != 0).unwrap();
        assert!((48 * 10..=48 * 20).contains(&first), "{first}");
        assert!(heard[first..first + 1_920].iter().copied().eq(1..=1_920));
        assert_eq!(heard[first + 1_920..first + 1_920 + 2_880], [-1; 2_880]);
        assert!(heard[first + 1_920 + 2_880..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn another_voice_is_not_mixed_with_the_one_before() {
        let mut ear = Ear::new(Box::new(FakeCodec(1)));
        ear.take(Time::from_millis(0), 1, 500, 77, &[0xf0, 0]);
        ear.take(Time::from_millis(1), 2, 3, 4_000_000_000, &[0xf0, 0]);
        let heard = blocks(&mut ear, 0, 12);
        assert_eq!(heard.iter().filter(|sample| **sample > 0).count(), 480);
        ear.take(Time::from_millis(60), 2, 4, 4_000_000_480, &[0xf0, 0]);
        ear.forget();
        assert!(blocks(&mut ear, 60, 20).iter().all(|sample| *sample == 0));
    }
}
