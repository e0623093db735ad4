//! The console's sound chip: two pulse channels, a triangle and a noise channel, each playing one tone at a time.
//!
//! A tone is an envelope counted in ticks (attack, decay, sustain, release) and a frequency that may slide from its
//! start to its end. Tones begin between two ticks, so within a tick's 800 frames every channel is on one straight piece
//! of its envelope, and what it plays needs no more than additions. Everything is integers: the same on any machine.
//!
//! ```text
//!   volume   peak   /\                            frequency   to          /
//!                  /  \_________   sustain                          /
//!                 /             \                             /
//!            ----/               \----                  from
//!               attack decay sustain release                start ... end of release
//! ```
//!
//! The reference runtime makes 44,100 samples a second; the pitch, lengths and loudness here are its own at 48,000. Its
//! wave forms too, but above 24 kHz, where its own are of no use.

use super::saved::Reader;
use super::tone::{Shape, Tone};

/// Frames of a tick: 48 kHz, 60 ticks a second.
pub(super) const FRAMES: usize = 800;
/// Frames that a triangle tone without release goes on, against a click: a millisecond.
const TAIL: usize = 48;
/// One whole turn of a noise channel's clock.
const TURN: i64 = 1 << 32;
/// Most random bits drawn for one frame; more cannot be heard.
const MAX_DRAWS: i64 = 8;

/// The chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Apu {
    /// Ticks played.
    now: u64,
    channels: [Channel; 4],
}

/// One channel and the tone it plays or played last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Channel {
    tone: Tone,
    /// The tick the tone began with.
    start: u64,
    /// Where in its cycle a pulse or triangle is, in 2^-32 cycles.
    phase: u32,
    /// What the noise clock has left of its turn: 0 down to, not including, -[`TURN`].
    clock: i64,
    /// The noise's shift register.
    seed: i32,
}

/// A straight line over the frames of one tick.
#[derive(Clone, Copy)]
struct Line {
    at: i64,
    step: i64,
}

impl Line {
    /// From `first` at this tick's first frame to `last` at the next one's.
    fn new(first: i64, last: i64) -> Line {
        Line { at: first, step: (last - first) / FRAMES as i64 }
    }

    fn next(&mut self) -> i64 {
        let at = self.at;
        self.at += self.step;
        at
    }
}

impl Apu {
    pub fn new() -> Apu {
        Apu { now: 0, channels: [Shape::Pulse, Shape::Pulse, Shape::Triangle, Shape::Noise].map(Channel::new) }
    }

    /// The cartridge's call: what is playing on that channel ends, this begins.
    pub fn tone(&mut self, frequency: u32, duration: u32, volume: u32, flags: u32) {
        let channel = &mut self.channels[(flags & 3) as usize];
        // A tone that follows the one before without a gap goes on with its wave.
        if self.now > channel.start + channel.tone.ticks() {
            channel.rewind();
        }
        channel.tone = Tone::new(channel.tone.shape, frequency, duration, volume, flags);
        channel.start = self.now;
    }

    /// Plays a tick: 800 frames of interleaved stereo into `out`, nothing if they are silent.
    pub fn play(&mut self, out: &mut Vec<i16>) {
        out.clear();
        for channel in &mut self.channels {
            let age = self.now - channel.start;
            if channel.audible_frames(age) > 0 {
                out.resize(FRAMES * 2, 0);
                channel.play(age, out);
            }
        }
        self.now += 1;
        if out.iter().all(|&sample| sample == 0) {
            out.clear();
        }
    }

    pub fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.now.to_le_bytes());
        for channel in &self.channels {
            channel.tone.save(out);
            out.extend_from_slice(&channel.start.to_le_bytes());
            out.extend_from_slice(&channel.phase.to_le_bytes());
            out.extend_from_slice(&channel.clock.to_le_bytes());
            out.extend_from_slice(&channel.seed.to_le_bytes());
        }
    }

    pub fn load(from: &mut Reader) -> Result<Apu, String> {
        let mut apu = Apu::new();
        apu.now = u64::from_le_bytes(from.take()?);
        for channel in &mut apu.channels {
            channel.tone = Tone::load(channel.tone.shape, from)?;
            channel.start = u64::from_le_bytes(from.take()?);
            channel.phase = u32::from_le_bytes(from.take()?);
            channel.clock = i64::from_le_bytes(from.take()?);
            channel.seed = i32::from_le_bytes(from.take()?);
        }
        let sane = |c: &Channel| c.start <= apu.now && c.clock <= 0 && c.clock > -TURN;
        if apu.now > u64::MAX / 2 || !apu.channels.iter().all(sane) {
            return Err("the saved sound is damaged".into());
        }
        Ok(apu)
    }
}

impl Channel {
    fn new(shape: Shape) -> Channel {
        let mut channel = Channel { tone: Tone::silence(shape), start: 0, phase: 0, clock: 0, seed: 1 };
        channel.rewind();
        channel
    }

    /// Back to where a wave begins; a triangle's is its middle, a quarter in.
    fn rewind(&mut self) {
        self.phase = if self.tone.shape == Shape::Triangle { 1 << 30 } else { 0 };
        self.clock = 0;
    }

    /// How many frames of the tick `age` ticks into the tone are not silent.
    fn audible_frames(&self, age: u64) -> usize {
        match age.cmp(&self.tone.ticks()) {
            std::cmp::Ordering::Less => FRAMES,
            std::cmp::Ordering::Equal => self.tail(),
            std::cmp::Ordering::Greater => 0,
        }
    }

    fn tail(&self) -> usize {
        if self.tone.shape == Shape::Triangle && self.tone.release == 0 { TAIL } else { 0 }
    }

    /// Adds the tick `age` ticks into the tone to `out`.
    fn play(&mut self, age: u64, out: &mut [i16]) {
        let tone = self.tone;
        let whole = tone.ticks() as i64 * FRAMES as i64 + self.tail() as i64;
        let frames = self.audible_frames(age);
        let (age, start) = (age as i64, age as i64 * FRAMES as i64);
        let mut volume = Line::new(tone.volume_at(age, age), tone.volume_at(age, age + 1));
        let (first, last) = (tone.frequency_at(start, whole), tone.frequency_at(start + FRAMES as i64, whole));
        let frames = out.chunks_exact_mut(2).take(frames);
        match tone.shape {
            Shape::Pulse => {
                let mut step = Line::new(cycle_step(first), cycle_step(last));
                frames.for_each(|frame| {
                    let step = step.next() as u32;
                    self.phase = self.phase.wrapping_add(step);
                    tone.mix(frame, (volume.next() * pulse(self.phase, step, tone.duty_edge())) >> 15);
                });
            }
            Shape::Triangle => {
                let mut step = Line::new(cycle_step(first), cycle_step(last));
                frames.for_each(|frame| {
                    self.phase = self.phase.wrapping_add(step.next() as u32);
                    tone.mix(frame, (volume.next() * triangle(self.phase)) >> 15);
                });
            }
            Shape::Noise => {
                let mut frequency = Line::new(first, last);
                frames.for_each(|frame| {
                    let sign = self.noise(frequency.next());
                    tone.mix(frame, volume.next() * sign);
                });
            }
        }
    }

    /// The next random sign, 1 or -1. The clock turns `frequency` squared / 10^6 times in a 44,100th of a second.
    fn noise(&mut self, frequency: i64) -> i64 {
        /// 44,100 / 48,000 / 10^6, in 2^-40.
        const RATE: i64 = (44_100 << 40) / (48_000 * 1_000_000);
        let hz_8 = frequency >> 8;
        self.clock += (((hz_8 * hz_8) >> 8) * RATE) >> 16;
        if self.clock > 0 {
            let turns = (self.clock + TURN - 1) >> 32;
            self.clock -= turns << 32;
            for _ in 0..turns.min(MAX_DRAWS) {
                self.seed ^= self.seed >> 7;
                self.seed ^= self.seed << 9;
                self.seed ^= self.seed >> 13;
            }
        }
        i64::from(self.seed & 1) * 2 - 1
    }
}

/// How far a wave of `frequency`, in 2^-16 Hz, moves with each frame, in 2^-32 cycles; at most half a cycle.
fn cycle_step(frequency: i64) -> i64 {
    ((frequency << 16) / 48_000).min(i64::from(i32::MAX))
}

/// A pulse wave in 2^-15: up until `edge`, then down, each flank rounded over one `step` on either side so that it
/// does not ring with frequencies that are not in the wave.
fn pulse(phase: u32, step: u32, edge: u32) -> i64 {
    let (into, left, sign) =
        if phase < edge { (phase, edge - phase, 1) } else { (phase - edge, phase.wrapping_neg(), -1) };
    let one = 1 << 15;
    let part = |of: u32| ((u64::from(of) << 15) / u64::from(step)) as i64;
    let height = if into < step {
        let missing = one - part(into);
        one - ((missing * missing) >> 15)
    } else if left < step {
        let rest = part(left);
        (rest * rest) >> 15
    } else {
        one
    };
    sign * height
}

/// A triangle wave in 2^-15: 1 at the start of the cycle, -1 in its middle.
fn triangle(phase: u32) -> i64 {
    let from_middle = (i64::from(phase) - (1 << 31)).abs();
    (from_middle - (1 << 30)) >> 15
}
