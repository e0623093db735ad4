//! A voice out of its packets: mono, with what was lost made up for.
//!
//! What is lost is concealed as ITU-T G.711, Appendix I, does it: the last period of the voice goes on for 10 ms, fades until 60 ms are
//! over, and is faded into what comes after. The library's own concealment is not asked: in speech modes its translation answers a loss
//! with noise at full scale (`unsafe-libopus` 0.2.0, SILK).

use playfield_core::voice::LOST_FRAMES;

use super::{AudioError, OpusDecoder};

/// Samples of a millisecond.
const MS: usize = 48;
/// What is remembered: two of the longest periods.
const HISTORY: usize = 30 * MS;
/// A voice's period: 400 to 67 Hz.
const PERIODS: std::ops::RangeInclusive<usize> = 120..=720;
/// Samples that are compared to find it, each so many of them, and periods that are tried at first.
const COMPARED: usize = 15 * MS;
const STRIDE: usize = 4;
/// How long a period goes on as it was, and when it is over.
const WHOLE: usize = 10 * MS;
const OVER: usize = 60 * MS;
/// How long it fades into what comes after.
const BLEND: usize = 5 * MS;
/// The first configuration of a packet that is coded as music alone (RFC 6716, 3.1).
const FIRST_OF_MUSIC: u8 = 16;
/// Longest packet that holds nothing: the library conceals it, too.
const EMPTY: usize = 2;

/// Decodes the packets of a voice.
pub struct VoiceDecoder {
    decoder: OpusDecoder,
    concealer: Concealer,
    /// The last packet that was decoded was coded as speech.
    speech: bool,
}

impl VoiceDecoder {
    /// One that heard nothing yet.
    pub fn new() -> Result<VoiceDecoder, AudioError> {
        Ok(VoiceDecoder { decoder: OpusDecoder::mono()?, concealer: Concealer::default(), speech: false })
    }

    /// Appends the samples of a packet to `out`: mono, at 48 kHz. One that says nothing is silent.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> Result<(), AudioError> {
        let begin = out.len();
        if packet.len() <= EMPTY {
            out.resize(begin + playfield_core::voice::frames(packet).unwrap_or(LOST_FRAMES) as usize, 0);
        } else {
            // What leads from one to the other was in the packet that was lost; without it the library would conceal, too.
            let speech = packet[0] >> 3 < FIRST_OF_MUSIC;
            if std::mem::replace(&mut self.speech, speech) && !speech && self.concealer.made > 0 {
                self.decoder = OpusDecoder::mono()?;
            }
            self.decoder.decode(packet, out)?;
        }
        self.concealer.heard(&mut out[begin..]);
        Ok(())
    }

    /// Appends [`LOST_FRAMES`] samples in place of those that were lost.
    pub fn conceal(&mut self, out: &mut Vec<i16>) {
        let begin = out.len();
        out.resize(begin + LOST_FRAMES as usize, 0);
        self.concealer.lost(&mut out[begin..]);
    }
}

/// What goes on where packets are missing.
struct Concealer {
    /// The last samples, the oldest first.
    history: [i16; HISTORY],
    /// What is repeated, while something is lost.
    period: Vec<f32>,
    /// Samples made up in a row.
    made: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Concealer { history: [0; HISTORY], period: Vec::new(), made: 0 }
    }
}

impl Concealer {
    fn lost(&mut self, samples: &mut [i16]) {
        if self.made == 0 {
            self.begin();
        }
        samples.iter_mut().for_each(|sample| *sample = self.next());
        self.remember(samples);
    }

    fn heard(&mut self, samples: &mut [i16]) {
        if self.made > 0 {
            for (at, sample) in samples.iter_mut().take(BLEND).enumerate() {
                let (new, old) = (f32::from(*sample), f32::from(self.next()));
                *sample = (old + (new - old) * at as f32 / BLEND as f32) as i16;
            }
            self.made = 0;
        }
        self.remember(samples);
    }

    fn remember(&mut self, samples: &[i16]) {
        let fresh = &samples[samples.len().saturating_sub(HISTORY)..];
        self.history.copy_within(fresh.len().., 0);
        self.history[HISTORY - fresh.len()..].copy_from_slice(fresh);
    }

    /// The next sample of what goes on.
    fn next(&mut self) -> i16 {
        let at = self.made;
        self.made += 1;
        let faded = at.saturating_sub(WHOLE).min(OVER - WHOLE) as f32 / (OVER - WHOLE) as f32;
        (self.period[at % self.period.len()] * (1.0 - faded)) as i16
    }

    /// Takes the last period, whose end leads to its beginning.
    fn begin(&mut self) {
        let length = self.find_period();
        let (last, before) = (HISTORY - length, HISTORY - 2 * length);
        let blend = length / 4;
        self.period.clear();
        self.period.extend((0..length).map(|at| {
            let share = (at + blend).saturating_sub(length) as f32 / blend as f32;
            let (own, other) = (f32::from(self.history[last + at]), f32::from(self.history[before + at]));
            own + (other - own) * share
        }));
    }

    fn find_period(&self) -> usize {
        let best = |lags: &mut dyn Iterator<Item = usize>, stride: usize| {
            let likeness = |lag: &usize| self.likeness(*lag, stride);
            lags.max_by(|one, other| likeness(one).total_cmp(&likeness(other))).unwrap_or(*PERIODS.start())
        };
        let coarse = best(&mut PERIODS.step_by(STRIDE), STRIDE);
        let near = coarse.saturating_sub(STRIDE).max(*PERIODS.start())..=(coarse + STRIDE).min(*PERIODS.end());
        best(&mut near.into_iter(), 1)
    }

    /// How much the last samples are like those that long before, at most 1.
    fn likeness(&self, lag: usize, stride: usize) -> f32 {
        let (mut both, mut before) = (0.0, 1.0);
        for at in (HISTORY - COMPARED..HISTORY).step_by(stride) {
            let (now, then) = (f32::from(self.history[at]), f32::from(self.history[at - lag]));
            both += now * then;
            before += then * then;
        }
        both / before.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn wave(hz: f64, n: usize) -> i16 {
        let at = n as f64 * hz * std::f64::consts::TAU / 48_000.0;
        (at.sin() * 8_000.0 + (at * 3.0).sin() * 2_000.0) as i16
    }

    fn peak(samples: &[i16]) -> u16 {
        samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
    }

    /// The largest step between two samples that follow one another.
    fn steepest(samples: &[i16]) -> u16 {
        samples.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max().unwrap_or(0)
    }

    #[test]
    fn a_voice_goes_on_through_a_loss_in_step_and_without_a_click() {
        for hz in [70.0, 110.0, 187.0, 230.0, 395.0] {
            let mut concealer = Concealer::default();
            let mut all: Vec<i16> = (0..4_800).map(|n| wave(hz, n)).collect();
            concealer.heard(&mut all);
            let mut made = [0; 480];
            concealer.lost(&mut made);
            let off = made.iter().enumerate().map(|(n, made)| wave(hz, 4_800 + n).abs_diff(*made)).max();
            assert!(off < Some(1_200), "{hz} Hz: {off:?}");
            all.extend(made);
            let mut after: Vec<i16> = (5_280..7_000).map(|n| wave(hz, n)).collect();
            concealer.heard(&mut after);
            all.extend(after);
            let usual = steepest(&all[..4_800]);
            assert!(steepest(&all) < usual * 2 + 100, "{hz} Hz: {} where {usual} is usual", steepest(&all));
        }
    }

    #[test]
    fn what_lasts_fades_to_silence_and_never_gets_louder() {
        let mut random = Random::new(7);
        let mut noise: Vec<i16> = (0..4_800).map(|_| (random.next() as i16) / 4).collect();
        let mut concealer = Concealer::default();
        concealer.heard(&mut noise);
        let mut peaks = Vec::new();
        for _ in 0..8 {
            let mut made = [0; 480];
            concealer.lost(&mut made);
            peaks.push(peak(&made));
        }
        assert!(peaks[0] <= peak(&noise) && peaks.is_sorted_by(|one, next| one >= next), "{peaks:?}");
        assert_eq!(peaks[6..], [0, 0]);
        let mut silent = Concealer::default();
        let mut made = [7; 480];
        silent.lost(&mut made);
        assert_eq!(made, [0; 480]);
    }

    #[test]
    fn losses_of_speech_are_no_louder_than_speech() {
        // Half a second of a browser's packets, of 10 ms, in all three modes of Opus: a tone of 1 kHz of a tenth of full scale.
        let packets: Vec<Vec<u8>> = SPEECH
            .lines()
            .map(|line| line.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect())
            .collect();
        for lost in 1..packets.len() {
            let mut voice = VoiceDecoder::new().unwrap();
            let mut heard = Vec::new();
            for (n, packet) in packets.iter().enumerate() {
                if n == lost {
                    voice.conceal(&mut heard);
                } else {
                    voice.decode(packet, &mut heard).unwrap();
                }
            }
            assert_eq!(heard.len(), packets.len() * 480);
            assert!((2_500..6_000).contains(&peak(&heard)), "{lost} is lost: {}", peak(&heard));
        }
    }

    #[test]
    fn a_packet_that_says_nothing_is_silent() {
        let mut voice = VoiceDecoder::new().unwrap();
        let mut heard = Vec::new();
        voice.decode(&[0x40], &mut heard).unwrap();
        voice.decode(&[0x48, 0], &mut heard).unwrap();
        assert_eq!(heard, [0; 480 + 960]);
        assert!(voice.decode(&[0xff; 40], &mut heard).is_err());
    }

    const SPEECH: &str = include_str!("voice/speech.txt");
}
