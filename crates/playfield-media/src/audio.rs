//! Sound: a guest's samples become Opus packets of 10 ms, and nothing at all while it is silent.
//!
//! Opus (RFC 6716) at 48 kHz in stereo, in its restricted low-delay mode: 2.5 ms of look-ahead. Guests bring whatever a
//! tick of theirs holds; packets are cut out of it at multiples of 480 samples of each channel.
//!
//! ```text
//!   sounding --[3 silent packets were sent]--> silent --[a packet that is not]--> sounding
//! ```
//!
//! The first silent packet flushes the look-ahead. Before the second the encoder starts afresh, since its high-pass
//! filter would ring for a third of a second: so the rest is digital silence, and what a decoder makes up for the missing
//! packets is silence too. Coming back, the encoder starts afresh again: its first packet needs no history that the
//! decoder may have changed meanwhile.

mod ffi;
mod voice;

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};
pub use voice::VoiceDecoder;

/// Samples of each channel in a packet: 10 ms.
pub const PACKET_FRAMES: usize = SAMPLE_RATE as usize / 100;

/// Samples in a packet, both channels.
const PACKET_SAMPLES: usize = PACKET_FRAMES * CHANNELS;
/// Silent packets sent before silence is left out.
const TAIL: u8 = 3;
/// Loudest sample that still counts as silence: one step of rounding.
const SILENCE: u16 = 1;

/// How to code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusConfig {
    /// Bits a second while there is sound, 6,000 to 510,000. Where both channels are equal two thirds of them are used, unless the
    /// bitrate is constant.
    pub bitrate_bps: u32,
    /// Effort, 0 (fast) to 10; up to 5 is worth its time here.
    pub complexity: u8,
    /// Every packet has the same size.
    pub constant_bitrate: bool,
}

impl Default for OpusConfig {
    fn default() -> OpusConfig {
        OpusConfig { bitrate_bps: 96_000, complexity: 2, constant_bitrate: false }
    }
}

/// Why sound could not be coded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The settings are out of range.
    #[error("opus refuses its settings (code {0}); use 6000 to 510000 bit/s and complexity 0 to 10")]
    Config(i32),
    /// The codec failed.
    #[error("opus failed (code {0})")]
    Codec(i32),
}

/// A coded packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioPacket {
    /// Where it starts: samples of one channel since the encoder was made. Its RTP timestamp, but for an offset.
    pub position: u64,
}

/// Codes sound. Push samples, then poll until there is no packet.
pub struct OpusEncoder {
    raw: ffi::RawEncoder,
    waiting: Vec<i16>,
    /// Samples of `waiting` already used.
    used: usize,
    position: u64,
    silent: u8,
}

impl OpusEncoder {
    /// An encoder.
    pub fn new(config: OpusConfig) -> Result<OpusEncoder, AudioError> {
        let raw = ffi::RawEncoder::open(config).map_err(AudioError::Config)?;
        // Silent from the start: a guest that makes no sound never sends a packet.
        Ok(OpusEncoder { raw, waiting: Vec::new(), used: 0, position: 0, silent: TAIL })
    }

    /// Appends sound: 48 kHz, left and right in turn, any length.
    pub fn push(&mut self, samples: &[i16]) {
        self.waiting.drain(..self.used);
        self.used = 0;
        self.waiting.extend_from_slice(samples);
    }

    /// Nothing is heard for so many samples of one channel, after all packets were polled. What was too short for a packet is left
    /// out: it is as good as over.
    pub fn rest(&mut self, frames: u64) {
        let waiting = (self.waiting.len() - self.used) / CHANNELS;
        self.waiting.clear();
        self.used = 0;
        self.position = self.position.saturating_add(waiting as u64).saturating_add(frames);
        self.silent = TAIL;
    }

    /// Appends the next packet to `out`, if there is one that is worth sending.
    pub fn poll(&mut self, out: &mut Vec<u8>) -> Result<Option<AudioPacket>, AudioError> {
        while let Some(packet) = self.waiting.get(self.used..self.used + PACKET_SAMPLES) {
            let position = self.position;
            self.used += PACKET_SAMPLES;
            self.position += PACKET_FRAMES as u64;
            let silent = packet.iter().all(|sample| sample.unsigned_abs() <= SILENCE);
            match (silent, self.silent) {
                (true, TAIL) => continue,
                (true, sent) => {
                    if sent == 1 {
                        self.raw.reset();
                    }
                    self.silent += 1;
                }
                (false, TAIL) => {
                    self.raw.reset();
                    self.silent = 0;
                }
                (false, _) => self.silent = 0,
            }
            self.raw.encode(packet, out).map_err(AudioError::Codec)?;
            return Ok(Some(AudioPacket { position }));
        }
        Ok(None)
    }
}

/// Decodes packets: for tests and measuring clients, and in a [`VoiceDecoder`].
pub struct OpusDecoder(ffi::RawDecoder);

impl OpusDecoder {
    /// A decoder.
    pub fn new() -> Result<OpusDecoder, AudioError> {
        ffi::RawDecoder::open(CHANNELS).map(OpusDecoder).map_err(AudioError::Codec)
    }

    /// One that makes one channel of both.
    pub fn mono() -> Result<OpusDecoder, AudioError> {
        ffi::RawDecoder::open(1).map(OpusDecoder).map_err(AudioError::Codec)
    }

    /// Appends the samples of a packet to `out`: 48 kHz, left and right in turn where there are two. An empty packet stands for 10 ms
    /// of music that were lost.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> Result<(), AudioError> {
        self.0.decode(packet, out).map_err(AudioError::Codec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn tone(frames: usize, hz: f64) -> Vec<i16> {
        let wave = |i: usize| ((i as f64 * hz * std::f64::consts::TAU / 48_000.0).sin() * 12_000.0) as i16;
        (0..frames).flat_map(|i| [wave(i), -wave(i)]).collect()
    }

    /// Pushes in chunks of `chunk` frames and returns each packet with its position.
    fn packets(samples: &[i16], chunk: usize, config: OpusConfig) -> Vec<(u64, Vec<u8>)> {
        let mut encoder = OpusEncoder::new(config).unwrap();
        let mut packets = Vec::new();
        for part in samples.chunks(chunk * 2) {
            encoder.push(part);
            let mut bytes = Vec::new();
            while let Some(packet) = encoder.poll(&mut bytes).unwrap() {
                packets.push((packet.position, std::mem::take(&mut bytes)));
            }
        }
        packets
    }

    #[test]
    fn any_chunks_make_the_same_packets() {
        let sound = tone(48_000 / 5, 440.0);
        let whole = packets(&sound, sound.len(), OpusConfig::default());
        assert_eq!(whole.len(), 20);
        assert!(whole.iter().enumerate().all(|(i, (position, _))| *position == i as u64 * 480));
        for chunk in [1, 200, 333, 480, 800, 801, 4_800] {
            assert_eq!(packets(&sound, chunk, OpusConfig::default()), whole, "chunks of {chunk}");
        }
    }

    #[test]
    fn after_a_rest_packets_go_on_at_the_right_place() {
        let mut encoder = OpusEncoder::new(OpusConfig::default()).unwrap();
        let mut bytes = Vec::new();
        encoder.push(&tone(PACKET_FRAMES + 100, 440.0));
        assert_eq!(encoder.poll(&mut bytes).unwrap().map(|packet| packet.position), Some(0));
        assert!(encoder.poll(&mut bytes).unwrap().is_none());
        encoder.rest(10_000);
        encoder.push(&tone(PACKET_FRAMES, 440.0));
        let at = PACKET_FRAMES as u64 + 100 + 10_000;
        assert_eq!(encoder.poll(&mut bytes).unwrap().map(|packet| packet.position), Some(at));
    }

    #[test]
    fn sound_comes_back() {
        let sound = tone(48_000 / 2, 440.0);
        let mut decoder = OpusDecoder::new().unwrap();
        let mut heard = Vec::new();
        for (_, packet) in packets(&sound, 800, OpusConfig::default()) {
            decoder.decode(&packet, &mut heard).unwrap();
        }
        assert_eq!(heard.len(), sound.len());
        // 120 samples of look-ahead; the codec may shift a wave a little, so energies are compared.
        let energy = |samples: &[i16]| samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
        let (meant, got) = (energy(&sound[9_600..19_200]), energy(&heard[9_840..19_440]));
        assert!((got / meant - 1.0).abs() < 0.1, "{got} of {meant}");
        let apart: Vec<i16> = sound[9_600..19_200].iter().zip(&heard[9_840..]).map(|(a, b)| a - b).collect();
        assert!(energy(&apart) < meant / 50.0);
    }

    #[test]
    fn equal_channels_take_fewer_bits_and_turn_into_different_ones_without_a_click() {
        // Five packets of equal channels, five of different ones, and so on.
        let stereo = |frame: usize| (frame / (PACKET_FRAMES * 5)) % 2 == 1;
        let sound: Vec<i16> = tone(48_000, 500.0)
            .chunks_exact(2)
            .enumerate()
            .flat_map(|(frame, both)| [both[0], if stereo(frame) { both[1] } else { both[0] }])
            .collect();
        let packets = packets(&sound, 800, OpusConfig::default());
        let bytes = |wanted| {
            let of = packets.iter().filter(|(position, _)| stereo(*position as usize) == wanted);
            of.map(|(_, packet)| packet.len()).sum::<usize>()
        };
        assert!(bytes(false) * 5 < bytes(true) * 4, "{} bytes as one channel, {} as two", bytes(false), bytes(true));
        let mut decoder = OpusDecoder::new().unwrap();
        let mut heard = Vec::new();
        packets.iter().for_each(|(_, packet)| decoder.decode(packet, &mut heard).unwrap());
        // The left channel is the same wave all along: at 500 Hz two samples are at most 1,570 apart.
        let left: Vec<_> = heard.chunks_exact(2).map(|both| i32::from(both[0])).collect();
        let steepest = left.windows(2).skip(480).map(|pair| (pair[1] - pair[0]).abs()).max();
        assert!(steepest < Some(1_800), "{steepest:?}");
    }

    #[test]
    fn silence_sends_nothing_after_a_short_tail() {
        let mut sound = vec![0; 48_000];
        sound.extend(tone(4_800, 440.0));
        sound.extend([1, -1].repeat(24_000));
        sound.extend(tone(960, 440.0));
        let positions: Vec<u64> =
            packets(&sound, 800, OpusConfig::default()).into_iter().map(|(position, _)| position / 480).collect();
        let expect: Vec<u64> = (50..60).chain(60..63).chain(110..112).collect();
        assert_eq!(positions, expect);
    }

    #[test]
    fn a_stop_and_a_start_do_not_click() {
        let mut sound = tone(4_800, 500.0);
        sound.extend(vec![0; 9_600]);
        let fade = tone(4_800, 500.0);
        sound.extend(fade.iter().enumerate().map(|(i, sample)| (f64::from(*sample) * (i as f64 / 9_600.0)) as i16));
        let mut decoder = OpusDecoder::new().unwrap();
        let mut heard = Vec::new();
        for (position, packet) in packets(&sound, 800, OpusConfig::default()) {
            while heard.len() < position as usize * 2 {
                decoder.decode(&[], &mut heard).unwrap();
            }
            decoder.decode(&packet, &mut heard).unwrap();
        }
        let quiet = &heard[(4_800 + 960) * 2..(4_800 + 4_700) * 2];
        assert!(quiet.iter().all(|sample| sample.unsigned_abs() < 40), "{:?}", quiet.iter().max());
        let loudest_step = heard.windows(3).map(|w| (i32::from(w[2]) - i32::from(w[0])).abs()).max();
        assert!(loudest_step < Some(6_000), "{loudest_step:?}");
    }

    #[test]
    fn rates_are_kept() {
        let mut random = Random::new(30);
        let noise: Vec<i16> = (0..96_000).map(|_| (random.next() as i16) / 4).collect();
        let check = |constant_bitrate, complexity| {
            let config = OpusConfig { constant_bitrate, complexity, ..OpusConfig::default() };
            let packets = packets(&noise, 800, config);
            let bytes: usize = packets.iter().map(|(_, packet)| packet.len()).sum();
            assert!((100 * 100..=100 * 150).contains(&bytes), "{bytes} bytes in a second");
            assert!(!constant_bitrate || packets.iter().all(|(_, packet)| packet.len() == 120));
        };
        check(true, 0);
        check(true, 5);
        check(false, 0);
        check(false, 5);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let config = OpusConfig { complexity: 11, ..OpusConfig::default() };
        assert!(matches!(OpusEncoder::new(config), Err(AudioError::Config(_))));
        let mut decoder = OpusDecoder::new().unwrap();
        assert!(decoder.decode(&[0xff; 7], &mut Vec::new()).is_err());
    }
}
