//! The microphone of a viewer, whose packets are decoded where a program hears them.

use playfield_core::time::Time;
use playfield_media::audio::VoiceDecoder;
use playfield_runtime::desktop::sound::{BLOCK, Decode, Ear};

use crate::{Bytes, packets};

/// Steps in one input, so that it takes no time.
const STEPS: usize = 100;

/// Packets and the time: each message begins with what it is.
///
/// | low bit | the rest |
/// |---|---|
/// | 0 | a packet: whose, its number, its time, and what it carries |
/// | 1 | milliseconds that pass, and are heard |
///
/// Whatever comes, each block is made, and is no louder than sound can be.
pub fn voice(data: &[u8]) {
    let Ok(decoder) = VoiceDecoder::new() else { return };
    let mut ear = Ear::new(Box::new(Opus(decoder)));
    let mut now = Time::from_millis(1_000);
    for message in packets(data).take(STEPS) {
        let mut message = Bytes(message);
        if message.u8() & 1 == 0 {
            let (whose, number, time) = (message.u8(), message.u16(), message.u32());
            ear.take(now, whose.into(), number.into(), time, message.0);
            continue;
        }
        for _ in 0..message.u8() / 5 {
            now = now + std::time::Duration::from_millis(5);
            let mut block = [f32::NAN; 2 * BLOCK];
            ear.hear(now, &mut block);
            assert!(block.iter().all(|sample| sample.abs() <= 1.0), "what is no sound is heard");
        }
    }
}

struct Opus(VoiceDecoder);

impl Decode for Opus {
    fn decode(&mut self, packet: &[u8], into: &mut Vec<i16>) -> bool {
        let (before, frames) = (into.len(), playfield_core::voice::frames(packet));
        let decoded = self.0.decode(packet, into).is_ok();
        assert!(!decoded || frames == Some((into.len() - before) as u32), "a packet lasts as long as it says");
        decoded
    }

    fn conceal(&mut self, into: &mut Vec<i16>) {
        self.0.conceal(into);
    }
}
