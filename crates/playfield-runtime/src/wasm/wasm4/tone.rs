//! One tone, as a cartridge asks for it: what the numbers of the call mean.

use super::saved::Reader;

/// The wave form of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Pulse,
    Triangle,
    Noise,
}

/// A tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tone {
    pub shape: Shape,
    /// Frequency at the start, in 2^-16 Hz.
    from: u32,
    /// Frequency at the end; 0: the same.
    to: u32,
    /// The parts of the envelope, in ticks.
    attack: u8,
    decay: u8,
    sustain: u8,
    pub release: u8,
    /// Loudness after the attack, 0 to 100.
    peak: u8,
    /// Loudness while it lasts, 0 to 100.
    level: u8,
    /// Bits 2 and 3: how long a pulse is up. Bits 4 and 5: to the left or right only.
    flags: u8,
}

/// Flag bit: frequencies are notes.
const NOTES: u32 = 64;
/// Loudness of full scale, and how far one channel goes: 15 %, the triangle, which is softer, 25 %.
const FULL: i64 = 32_767;
const LOUD: i64 = FULL * 15 / 100;
const LOUD_TRIANGLE: i64 = FULL * 25 / 100;

impl Tone {
    /// A tone that has ended before it began.
    pub fn silence(shape: Shape) -> Tone {
        Tone::new(shape, 0, 0, 0, 0)
    }

    /// The parameters of `tone`: two frequencies of 16 bits, start low; sustain, release, decay and attack of 8 bits from
    /// the low byte up; level and peak of 8 bits.
    pub fn new(shape: Shape, frequency: u32, duration: u32, volume: u32, flags: u32) -> Tone {
        let pitch = if flags & NOTES != 0 { note } else { hertz };
        let (from, to) = (frequency & 0xffff, frequency >> 16);
        let [sustain, release, decay, attack] = duration.to_le_bytes();
        let [level, peak, ..] = volume.to_le_bytes();
        Tone {
            shape,
            from: pitch(from),
            to: if to == 0 { 0 } else { pitch(to) },
            attack,
            decay,
            sustain,
            release,
            peak: if peak == 0 { 100 } else { peak.min(100) },
            level: level.min(100),
            flags: flags as u8,
        }
    }

    /// How long it lasts.
    pub fn ticks(&self) -> u64 {
        [self.attack, self.decay, self.sustain, self.release].into_iter().map(u64::from).sum()
    }

    /// The volume `at` ticks in, in 2^-16, on the line it follows during the tick `tick`.
    pub fn volume_at(&self, tick: i64, at: i64) -> i64 {
        let loudest = if self.shape == Shape::Triangle { LOUD_TRIANGLE } else { LOUD };
        let volume = |percent: u8| loudest * i64::from(percent) * (1 << 16) / 100;
        let (peak, level) = (volume(self.peak), volume(self.level));
        let [attack, decay, sustain, release] = [self.attack, self.decay, self.sustain, self.release].map(i64::from);
        let (decays, sustains, releases) = (attack, attack + decay, attack + decay + sustain);
        if tick < decays {
            ramp(0, peak, at, attack)
        } else if tick < sustains {
            ramp(peak, level, at - decays, decay)
        } else if tick < releases || release == 0 {
            level
        } else {
            ramp(level, 0, at - releases, release)
        }
    }

    /// The frequency `at` frames in, of `whole`, in 2^-16 Hz.
    pub fn frequency_at(&self, at: i64, whole: i64) -> i64 {
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        if to == 0 { from } else { ramp(from, to, at.min(whole), whole) }
    }

    /// Where in its cycle a pulse goes down, in 2^-32 cycles: after an eighth, a quarter or a half.
    pub fn duty_edge(&self) -> u32 {
        match (self.flags >> 2) & 3 {
            0 => 1 << 29,
            2 => 1 << 31,
            _ => 1 << 30,
        }
    }

    /// Adds a sample, in 2^-16, to a frame. Four channels at their loudest stay within 16 bits.
    pub fn mix(&self, frame: &mut [i16], sample: i64) {
        let sample = ((sample + (1 << 15)) >> 16) as i16;
        let side = (self.flags >> 4) & 3;
        if side != 2 {
            frame[0] += sample;
        }
        if side != 1 {
            frame[1] += sample;
        }
    }

    pub fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&self.to.to_le_bytes());
        out.extend([self.attack, self.decay, self.sustain, self.release, self.peak, self.level, self.flags]);
    }

    pub fn load(shape: Shape, from: &mut Reader) -> Result<Tone, String> {
        let (first, last) = (u32::from_le_bytes(from.take()?), u32::from_le_bytes(from.take()?));
        let [attack, decay, sustain, release, peak, level, flags] = from.take()?;
        let (peak, level) = (peak.min(100), level.min(100));
        Ok(Tone { shape, from: first, to: last, attack, decay, sustain, release, peak, level, flags })
    }
}

/// From `first` to `last`, `at` steps of `len` along.
fn ramp(first: i64, last: i64, at: i64, len: i64) -> i64 {
    if len == 0 { last } else { first + (last - first) * at / len }
}

/// A frequency in Hz.
fn hertz(value: u32) -> u32 {
    value << 16
}

/// A note of MIDI in the low byte, bent upwards by 256ths of a semitone in the high one.
fn note(value: u32) -> u32 {
    /// 2^(n/12).
    const SEMITONES: [f64; 12] = [
        1.0,
        1.059_463_094_359_295_3,
        1.122_462_048_309_373,
        1.189_207_115_002_721,
        1.259_921_049_894_873_2,
        1.334_839_854_170_034_4,
        std::f64::consts::SQRT_2,
        1.498_307_076_876_681_5,
        1.587_401_051_968_199_4,
        1.681_792_830_507_429,
        1.781_797_436_280_678_6,
        1.887_748_625_363_387,
    ];
    let [note, bend, ..] = value.to_le_bytes();
    let from_a = i32::from(note) - 69;
    let octave = from_a.div_euclid(12);
    let power = if octave < 0 { 1.0 / f64::from(1 << -octave) } else { f64::from(1 << octave) };
    // e^x for x under ln 2 / 12, by its series; a library's `exp` may differ between machines.
    let x = f64::from(bend) / 256.0 / 12.0 * std::f64::consts::LN_2;
    let bent = 1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0)));
    let hz = 440.0 * power * SEMITONES[from_a.rem_euclid(12) as usize] * bent;
    (hz * 65_536.0).min(f64::from(u32::MAX)) as u32
}
