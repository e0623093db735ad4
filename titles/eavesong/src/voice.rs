//! One note being sung: two waves from tables, an envelope, a low pass. Nothing in it jumps, so nothing clicks.

use crate::patches::Patch;
use crate::quad::{self, Filter, Quad};
use crate::tables::{self, PEAK, Row, Tables, Wave};

pub const RATE: f32 = 48_000.0;
/// Samples between two looks at what changes slowly.
pub const CHUNK: usize = 64;
/// A gate that stays open until it is let go.
pub const HELD: u32 = u32::MAX;
const SILENT: f32 = 0.001;

/// Left and right, then what goes to the echo and to the room.
pub type Frame = [f32; 4];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Off,
    Rise,
    Fall,
    Release,
}

/// Which note, where from, how loud.
#[derive(Clone, Copy)]
pub struct Note {
    pub who: usize,
    /// Part of a turn (2^32) a sample.
    pub inc: u32,
    /// 0 to 1.
    pub loud: f32,
    /// -1 left to 1 right.
    pub pan: f32,
    /// Samples until it is let go, or `HELD`.
    pub gate: u32,
    /// What holds it: a bit of the mask of `Band::keep_held`.
    pub holder: u8,
}

pub struct Voice {
    patch: Option<&'static Patch>,
    pub note: Note,
    stage: Stage,
    level: f32,
    age: u32,
    phases: [u32; 3],
    /// Pitch now; it slides to the note's.
    inc: f32,
    sweep: f32,
    bend: f32,
    pub noise: u32,
    /// The last it gave out: what has to fade if another note takes its place.
    pub last: (f32, f32),
}

/// What stays the same for the samples of a chunk.
struct Slow<'a> {
    row: &'a Row,
    second: &'a Row,
    sine: &'a Row,
    incs: [u32; 3],
    bend: i32,
    blend: i32,
    breath: i32,
    filter: [f32; 3],
    envelope: (f32, f32),
    sends: [f32; 4],
}

/// What is left of a decay after one sample.
pub const fn fade(ms: f32) -> f32 {
    1.0 / (ms * (RATE / 1_000.0)).max(1.0)
}

impl Voice {
    /// Zeros only, so that a band of them takes no room in the module.
    pub const OFF: Voice = Voice {
        patch: None,
        note: Note { who: 0, inc: 0, loud: 0.0, pan: 0.0, gate: 0, holder: 0 },
        stage: Stage::Off,
        level: 0.0,
        age: 0,
        phases: [0; 3],
        inc: 0.0,
        sweep: 0.0,
        bend: 0.0,
        noise: 0,
        last: (0.0, 0.0),
    };

    /// How much it would be missed: 0 if it is free.
    pub fn worth(&self) -> f32 {
        match self.stage {
            Stage::Off => 0.0,
            Stage::Release => self.level * self.note.loud,
            _ => 2.0 + self.level,
        }
    }

    pub fn singing(&self) -> bool {
        matches!(self.stage, Stage::Rise | Stage::Fall)
    }

    /// Pitch it has now, for the next note to slide from.
    pub fn pitch(&self) -> f32 {
        self.inc
    }

    fn start(&mut self, patch: &'static Patch, note: Note, from: Option<f32>) {
        let noise = self.noise;
        *self = Voice { patch: Some(patch), note, stage: Stage::Rise, sweep: 1.0, bend: 1.0, noise, ..Voice::OFF };
        self.inc = from.filter(|_| patch.glide_ms > 0.0).unwrap_or(note.inc as f32);
    }

    pub fn let_go(&mut self) {
        if self.singing() {
            self.stage = Stage::Release;
        }
    }

    /// What changes slowly, for the next samples; `None` if it is silent.
    fn look<'a>(&mut self, tables: &'a Tables, samples: usize) -> Option<Slow<'a>> {
        let patch = self.patch.filter(|_| self.stage != Stage::Off)?;
        self.count_down(samples as u32);
        let samples = samples as f32;
        self.inc += (self.note.inc as f32 - self.inc) * (samples * fade(patch.glide_ms)).min(1.0);
        self.sweep -= self.sweep * (samples * fade(patch.filter.2)).min(1.0);
        self.bend -= self.bend * (samples * fade(patch.bend.2)).min(1.0);
        // What is too faint to be heard need not be counted.
        let bend = if self.bend > 0.004 { patch.bend.1 * self.bend } else { 0.0 };
        let inc = self.inc * (1.0 + patch.vibrato * self.vibrato());
        let incs = [inc as u32, (inc * patch.detune) as u32, (inc * patch.bend.0) as u32];
        let (left, right) = (1.0 - self.note.pan.max(0.0), 1.0 + self.note.pan.min(0.0));
        let loud = patch.level * self.note.loud / PEAK;
        Some(Slow {
            row: tables.row(patch.wave, incs[0]),
            second: tables.row(patch.second, incs[1]),
            sine: tables.row(Wave::Sine, 0),
            incs,
            bend: (bend * (4_294_967_296.0 / PEAK)) as i32,
            blend: (patch.blend * 256.0) as i32,
            breath: (patch.breath * 256.0) as i32,
            filter: quad::tuning(patch.filter.0 + patch.filter.1 * self.sweep, patch.damping),
            envelope: self.envelope(patch, samples),
            sends: [left * loud, right * loud, patch.echo * loud, patch.room * loud],
        })
    }

    /// How the level moves with each sample: a factor, and what is added.
    fn envelope(&self, patch: &Patch, samples: f32) -> (f32, f32) {
        let towards = |level: f32, ms: f32| (1.0 - fade(ms), level * fade(ms));
        match self.stage {
            Stage::Off => (0.0, 0.0),
            Stage::Rise => (1.0, fade(patch.attack_ms).min((1.0 - self.level) / samples)),
            Stage::Fall => towards(patch.sustain, patch.decay_ms),
            Stage::Release => towards(0.0, patch.release_ms),
        }
    }

    /// The two waves of the next samples, into a lane.
    fn waves(&mut self, slow: &Slow, raw: &mut [[i32; 4]], lane: usize) {
        for to in raw {
            self.phases[0] = self.phases[0].wrapping_add(slow.incs[0]);
            self.phases[1] = self.phases[1].wrapping_add(slow.incs[1]);
            let mut bent = self.phases[0];
            if slow.bend != 0 {
                self.phases[2] = self.phases[2].wrapping_add(slow.incs[2]);
                bent = bent.wrapping_add(tables::at(slow.sine, self.phases[2]).wrapping_mul(slow.bend) as u32);
            }
            let mut sample = tables::at(slow.row, bent) + ((slow.blend * tables::at(slow.second, self.phases[1])) >> 8);
            if slow.breath != 0 {
                self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                sample += ((self.noise as i32 >> 17) * slow.breath) >> 8;
            }
            to[lane] = sample;
        }
    }

    /// Takes the level that the samples led to.
    fn reached(&mut self, level: f32, last: (f32, f32)) {
        (self.level, self.last) = (level, last);
        if self.stage == Stage::Rise && level > 0.9999 {
            self.stage = Stage::Fall;
        }
        if matches!(self.stage, Stage::Fall | Stage::Release) && level < SILENT {
            (self.stage, self.patch, self.level) = (Stage::Off, None, 0.0);
        }
    }

    fn count_down(&mut self, samples: u32) {
        self.age = self.age.saturating_add(samples);
        if self.note.gate != HELD {
            self.note.gate = self.note.gate.saturating_sub(samples);
            if self.note.gate == 0 {
                self.let_go();
            }
        }
    }

    /// It comes in late, as with a singer: -1 to 1.
    fn vibrato(&self) -> f32 {
        let seconds = self.age as f32 / RATE;
        let depth = ((seconds - 0.15) * 3.0).clamp(0.0, 1.0);
        depth * playfield_sdk::math::sin(seconds * 5.3)
    }
}

/// Four voices side by side, which cost little more than one.
pub struct Choir {
    pub voices: [Voice; 4],
    filter: Filter,
}

impl Choir {
    pub const OFF: Choir = Choir { voices: [Voice::OFF; 4], filter: Filter::STILL };

    /// Starts a voice from silence.
    pub fn start(&mut self, lane: usize, patch: &'static Patch, note: Note, from: Option<f32>) {
        (self.filter.band.0[lane], self.filter.low.0[lane]) = (0.0, 0.0);
        self.voices[lane].start(patch, note, from);
    }

    /// Adds up to `CHUNK` samples to the mix; gains of residents go from one value to the other.
    pub fn render(&mut self, tables: &Tables, mix: &mut [Frame], gains: &[(f32, f32)]) {
        let mut raw = [[0; 4]; CHUNK];
        let mut filters = [[0.0; 3]; 4];
        let mut sends = [Quad::ZERO; 4];
        let (mut level, mut factor, mut add) = (Quad::ZERO, Quad::ZERO, Quad::ZERO);
        let (mut gain, mut step) = (Quad::ZERO, Quad::ZERO);
        let mut any = false;
        for (lane, voice) in self.voices.iter_mut().enumerate() {
            let Some(slow) = voice.look(tables, mix.len()) else { continue };
            any = true;
            voice.waves(&slow, &mut raw[..mix.len()], lane);
            (filters[lane], sends[lane]) = (slow.filter, Quad(slow.sends));
            (level.0[lane], factor.0[lane], add.0[lane]) = (voice.level, slow.envelope.0, slow.envelope.1);
            let (from, to) = gains[voice.note.who];
            (gain.0[lane], step.0[lane]) = (from, (to - from) / mix.len() as f32);
        }
        if !any {
            return;
        }
        let filters = quad::lanes(&filters);
        let mut sample = Quad::ZERO;
        for (out, raw) in mix.iter_mut().zip(&raw) {
            level = level * factor + add;
            let [a, b, c, d] = *raw;
            let (_, low) = self.filter.pass(Quad([a as f32, b as f32, c as f32, d as f32]), filters);
            sample = low * level * gain;
            gain = gain + step;
            let [a, b, c, d] = sample.0;
            let near = Quad::all(a) * sends[0] + Quad::all(b) * sends[1];
            let far = Quad::all(c) * sends[2] + Quad::all(d) * sends[3];
            *out = (Quad(*out) + (near + far)).0;
        }
        for (lane, voice) in self.voices.iter_mut().enumerate() {
            let [left, right, ..] = sends[lane].0;
            voice.reached(level.0[lane], (sample.0[lane] * left, sample.0[lane] * right));
        }
    }
}

/// Part of a turn (2^32) a sample that a MIDI note moves.
pub fn note_inc(note: i32) -> u32 {
    const TOP: [u32; 12] = [
        749_115_498,
        793_660_223,
        840_853_716,
        890_853_480,
        943_826_385,
        999_949_222,
        1_059_409_297,
        1_122_405_052,
        1_189_146_729,
        1_259_857_073,
        1_334_772_074,
        1_414_141_751,
    ];
    let note = note.clamp(0, 131);
    TOP[note as usize % 12] >> (10 - note / 12)
}
