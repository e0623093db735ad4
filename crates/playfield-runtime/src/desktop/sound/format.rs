//! Samples of any format and any channels, as stereo from -1 to 1, and back.

use playfield_core::frame::CHANNELS;
use pulseaudio::protocol::{ChannelMap, ChannelPosition, SampleFormat, SampleSpec};

/// Lowest and highest rate of a stream, in Hz. The highest is the protocol's own.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// How much of a channel goes to the left and to the right.
pub(super) type Gain = [f32; CHANNELS];

/// What a stream is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub spec: SampleSpec,
    pub map: ChannelMap,
}

impl Layout {
    /// Refuses what cannot be converted.
    pub fn new(spec: SampleSpec, map: ChannelMap) -> Option<Self> {
        let channels = spec.channels;
        let fits = channels > 0 && map.num_channels() == channels && RATES.contains(&spec.sample_rate);
        (fits && spec.format != SampleFormat::Invalid).then_some(Layout { spec, map })
    }

    /// Bytes of a frame.
    pub fn frame(&self) -> usize {
        self.spec.format.bytes_per_sample() * usize::from(self.spec.channels)
    }

    /// Bytes of so many microseconds: whole frames.
    pub fn bytes(&self, us: u64) -> usize {
        (u64::from(self.spec.sample_rate) * us / 1_000_000) as usize * self.frame()
    }

    /// Microseconds of so many bytes.
    pub fn us(&self, bytes: usize) -> u64 {
        (bytes / self.frame()) as u64 * 1_000_000 / u64::from(self.spec.sample_rate)
    }

    /// A byte of silence.
    pub fn silence(&self) -> u8 {
        match self.spec.format {
            SampleFormat::U8 => 0x80,
            SampleFormat::Alaw => 0xd5,
            SampleFormat::Ulaw => 0xff,
            _ => 0,
        }
    }

    /// What each channel gives to the left and to the right, before its volume. Together no more than one, so that many
    /// channels at their loudest are not cut off.
    pub fn gains(&self) -> Vec<Gain> {
        let mut gains: Vec<Gain> = self.map.into_iter().map(place).collect();
        let sum = |side: usize| gains.iter().map(|gain| gain[side]).sum::<f32>();
        let most = sum(0).max(sum(1)).max(1.0);
        gains.iter_mut().flatten().for_each(|gain| *gain /= most);
        gains
    }

    /// What of the left and the right each channel is, for a stream that records.
    pub fn shares(&self) -> Vec<Gain> {
        let share = |position| match (position, place(position)) {
            (_, [left, right]) if left == right && left > 0.0 => [0.5, 0.5],
            (_, [left, right]) => [f32::from(left > 0.0), f32::from(right > 0.0)],
        };
        self.map.into_iter().map(share).collect()
    }
}

/// Where a speaker is heard. A subwoofer is not: what it plays is in the other channels too (ITU-R BS.775).
fn place(position: ChannelPosition) -> Gain {
    use ChannelPosition::*;
    const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;
    match position {
        Mono => [1.0, 1.0],
        FrontLeft => [1.0, 0.0],
        FrontRight => [0.0, 1.0],
        FrontCenter | RearCenter | TopCenter | TopFrontCenter | TopRearCenter => [HALF_POWER, HALF_POWER],
        Lfe => [0.0, 0.0],
        FrontLeftOfCenter | RearLeft | SideLeft | TopFrontLeft | TopRearLeft => [HALF_POWER, 0.0],
        FrontRightOfCenter | RearRight | SideRight | TopFrontRight | TopRearRight => [0.0, HALF_POWER],
        auxiliary if (auxiliary as u8).is_multiple_of(2) => [1.0, 0.0],
        _ => [0.0, 1.0],
    }
}

/// Adds stereo frames to `into`, out of whole frames of `format`; `gains` has one for each channel.
pub(super) fn decode(format: SampleFormat, bytes: &[u8], gains: &[Gain], into: &mut Vec<f32>) {
    /// Of a full 32-bit sample.
    const FULL: f32 = 2_147_483_648.0;
    let word = |b: [u8; 4]| i32::from_le_bytes(b) as f32 / FULL;
    match format {
        SampleFormat::Invalid => {}
        SampleFormat::U8 => each(bytes, gains, into, |[b]: [u8; 1]| (f32::from(b) - 128.0) / 128.0),
        SampleFormat::Alaw => each(bytes, gains, into, |[b]: [u8; 1]| f32::from(alaw(b)) / 32_768.0),
        SampleFormat::Ulaw => each(bytes, gains, into, |[b]: [u8; 1]| f32::from(ulaw(b)) / 32_768.0),
        SampleFormat::S16Le => each(bytes, gains, into, |b| f32::from(i16::from_le_bytes(b)) / 32_768.0),
        SampleFormat::S16Be => each(bytes, gains, into, |b| f32::from(i16::from_be_bytes(b)) / 32_768.0),
        SampleFormat::Float32Le => each(bytes, gains, into, |b| sane(f32::from_le_bytes(b))),
        SampleFormat::Float32Be => each(bytes, gains, into, |b| sane(f32::from_be_bytes(b))),
        SampleFormat::S32Le => each(bytes, gains, into, word),
        SampleFormat::S32Be => each(bytes, gains, into, |[a, b, c, d]: [u8; 4]| word([d, c, b, a])),
        SampleFormat::S24Le => each(bytes, gains, into, |[a, b, c]: [u8; 3]| word([0, a, b, c])),
        SampleFormat::S24Be => each(bytes, gains, into, |[a, b, c]: [u8; 3]| word([0, c, b, a])),
        SampleFormat::S24In32Le => each(bytes, gains, into, |[a, b, c, _]: [u8; 4]| word([0, a, b, c])),
        SampleFormat::S24In32Be => each(bytes, gains, into, |[_, a, b, c]: [u8; 4]| word([0, c, b, a])),
    }
}

fn each<const N: usize>(bytes: &[u8], gains: &[Gain], into: &mut Vec<f32>, sample: impl Fn([u8; N]) -> f32) {
    let (samples, _) = bytes.as_chunks::<N>();
    for frame in samples.chunks_exact(gains.len().max(1)) {
        let mut pair = [0.0; CHANNELS];
        for (bytes, gain) in frame.iter().zip(gains) {
            let sample = sample(*bytes);
            pair[0] += sample * gain[0];
            pair[1] += sample * gain[1];
        }
        into.extend_from_slice(&pair);
    }
}

/// Not a number would be heard in every stream from then on, and so would a million.
fn sane(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-8.0, 8.0) } else { 0.0 }
}

/// ITU-T G.711, A-law.
fn alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, i16::from(byte & 15));
    let size = match exponent {
        0 => (mantissa << 4) + 8,
        exponent => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if byte & 0x80 == 0 { -size } else { size }
}

/// ITU-T G.711, µ-law.
fn ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let size = (((i16::from(byte & 15) << 3) + 0x84) << ((byte >> 4) & 7)) - 0x84;
    if byte & 0x80 == 0 { size } else { -size }
}

/// Adds frames of `layout` to `into`, out of stereo; `shares` are those of the layout.
pub(super) fn encode(layout: &Layout, shares: &[Gain], stereo: &[f32], into: &mut Vec<u8>) {
    for pair in stereo.chunks_exact(CHANNELS) {
        for share in shares {
            let sample = (pair[0] * share[0] + pair[1] * share[1]).clamp(-1.0, 1.0);
            put(layout.spec.format, sample, into);
        }
    }
}

fn put(format: SampleFormat, sample: f32, into: &mut Vec<u8>) {
    let of = |most: f64| (f64::from(sample) * most).round().clamp(-most, most - 1.0) as i32;
    let (s16, s24, s32) = (of(32_768.0) as i16, of(8_388_608.0), of(2_147_483_648.0));
    match format {
        // Records in those of telephones are refused.
        SampleFormat::Invalid | SampleFormat::Alaw | SampleFormat::Ulaw => {}
        SampleFormat::U8 => into.push((of(128.0) + 128) as u8),
        SampleFormat::S16Le => into.extend(s16.to_le_bytes()),
        SampleFormat::S16Be => into.extend(s16.to_be_bytes()),
        SampleFormat::Float32Le => into.extend(sample.to_le_bytes()),
        SampleFormat::Float32Be => into.extend(sample.to_be_bytes()),
        SampleFormat::S32Le => into.extend(s32.to_le_bytes()),
        SampleFormat::S32Be => into.extend(s32.to_be_bytes()),
        SampleFormat::S24Le => into.extend(&s24.to_le_bytes()[..3]),
        SampleFormat::S24Be => into.extend(&s24.to_be_bytes()[1..]),
        SampleFormat::S24In32Le => into.extend(s24.to_le_bytes()),
        SampleFormat::S24In32Be => into.extend(s24.to_be_bytes()),
    }
}

/// A finished sample: what is too loud is cut off.
pub(super) fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [SampleFormat; 11] = [
        SampleFormat::U8,
        SampleFormat::S16Le,
        SampleFormat::S16Be,
        SampleFormat::Float32Le,
        SampleFormat::Float32Be,
        SampleFormat::S32Le,
        SampleFormat::S32Be,
        SampleFormat::S24Le,
        SampleFormat::S24Be,
        SampleFormat::S24In32Le,
        SampleFormat::S24In32Be,
    ];

    fn layout(format: SampleFormat, positions: &[ChannelPosition]) -> Layout {
        let spec = SampleSpec { format, channels: positions.len() as u8, sample_rate: 48_000 };
        Layout::new(spec, ChannelMap::new(positions.iter().copied())).unwrap()
    }

    #[test]
    fn every_format_is_read_as_it_is_written() {
        use ChannelPosition::{FrontLeft, FrontRight};
        let stereo = [0.0, 0.5, -0.5, 0.25, -1.0, 0.9921875];
        for format in FORMATS {
            let layout = layout(format, &[FrontLeft, FrontRight]);
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            encode(&layout, &layout.shares(), &stereo, &mut bytes);
            assert_eq!(bytes.len(), 3 * layout.frame(), "{format:?}");
            decode(format, &bytes, &layout.gains(), &mut back);
            assert_eq!(back, stereo, "{format:?}");
            back.clear();
            decode(format, &vec![layout.silence(); layout.frame()], &layout.gains(), &mut back);
            assert_eq!(back, [0.0, 0.0], "{format:?}");
        }
    }

    #[test]
    fn telephones_are_heard() {
        // Values of G.711: the quietest and the loudest of either sign.
        let check = |decode: fn(u8) -> i16, byte, expect| assert_eq!(decode(byte), expect, "{byte:#x}");
        for (byte, expect) in [(0xd5, 8), (0x55, -8), (0xaa, 32_256), (0x2a, -32_256)] {
            check(alaw, byte, expect);
        }
        for (byte, expect) in [(0xff, 0), (0x7f, 0), (0x80, 32_124), (0x00, -32_124)] {
            check(ulaw, byte, expect);
        }
    }

    #[test]
    fn many_channels_become_two_without_being_too_loud() {
        use ChannelPosition::*;
        let check = |positions: &[ChannelPosition], expect: Gain| {
            let layout = layout(SampleFormat::Float32Le, positions);
            let full: Vec<u8> = positions.iter().flat_map(|_| 1.0_f32.to_le_bytes()).collect();
            let mut mixed = Vec::new();
            decode(SampleFormat::Float32Le, &full, &layout.gains(), &mut mixed);
            let near = |at: usize| (mixed[at] - expect[at]).abs() < 1e-6;
            assert!(near(0) && near(1), "{positions:?}: {mixed:?}");
        };
        check(&[Mono], [1.0, 1.0]);
        check(&[FrontLeft, FrontRight], [1.0, 1.0]);
        check(&[FrontRight], [0.0, 1.0]);
        check(&[FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight], [1.0, 1.0]);
        check(&[FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight, SideLeft, SideRight], [1.0, 1.0]);
        check(&[Lfe], [0.0, 0.0]);
        check(&[Aux0, Aux1, Aux2], [1.0, 0.5]);
    }

    #[test]
    fn what_cannot_be_converted_is_refused() {
        let check = |format, channels, sample_rate, positions: usize| {
            let map = ChannelMap::new(std::iter::repeat_n(ChannelPosition::Mono, positions));
            assert_eq!(Layout::new(SampleSpec { format, channels, sample_rate }, map), None);
        };
        check(SampleFormat::S16Le, 0, 48_000, 0);
        check(SampleFormat::S16Le, 2, 48_000, 1);
        check(SampleFormat::S16Le, 1, 0, 1);
        check(SampleFormat::S16Le, 1, 800_000, 1);
        check(SampleFormat::Invalid, 1, 48_000, 1);
    }

    #[test]
    fn a_sample_that_is_no_number_is_silent() {
        let bytes: Vec<u8> = [f32::NAN, f32::INFINITY, 1e30].iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut back = Vec::new();
        decode(SampleFormat::Float32Le, &bytes, &[[1.0, 0.0]], &mut back);
        assert_eq!(back, [0.0, 0.0, 0.0, 0.0, 8.0, 0.0]);
        assert_eq!(to_i16(8.0), i16::MAX);
        assert_eq!(to_i16(-8.0), i16::MIN);
    }
}
