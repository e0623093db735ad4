//! The frogs: eight drums, each a falling tone and a burst of filtered noise. Three kits bend the same numbers.

use crate::quad::{self, Filter, Quad};
use crate::tables::{self, PEAK, Tables, Wave};
use crate::voice::{Frame, fade, note_inc};

pub const DRUMS: usize = 8;
/// What the rows are called, the lowest first.
pub const NAMES: [&str; DRUMS] = ["KICK", "SNARE", "CLAP", "HAT", "OPEN HAT", "TOM", "BLOCK", "SHAKER"];
pub const KITS: [&str; 3] = ["POND", "CLUB", "ATTIC"];
const HAT: usize = 3;
const OPEN_HAT: usize = 4;
/// Claps of more than one hand: samples from one to the next.
const CLAP_GAP: u32 = 520;

struct Drum {
    /// MIDI note it ends at, and half notes above that it starts from.
    note: i32,
    fall: f32,
    fall_ms: f32,
    tone_ms: f32,
    tone: f32,
    noise_ms: f32,
    noise: f32,
    /// Noise: Hz of its band, and how wide that is.
    band: (f32, f32),
    claps: u32,
    pan: f32,
    room: f32,
    echo: f32,
}

const PLAIN: Drum = Drum {
    note: 40,
    fall: 0.0,
    fall_ms: 10.0,
    tone_ms: 60.0,
    tone: 0.0,
    noise_ms: 40.0,
    noise: 0.0,
    band: (6_000.0, 1.0),
    claps: 1,
    pan: 0.0,
    room: 0.08,
    echo: 0.0,
};

static SET: [Drum; DRUMS] = [
    Drum {
        note: 31,
        fall: 3.4,
        fall_ms: 22.0,
        tone_ms: 130.0,
        tone: 0.64,
        noise_ms: 4.0,
        noise: 0.16,
        room: 0.03,
        ..PLAIN
    },
    Drum {
        note: 54,
        fall: 0.7,
        fall_ms: 12.0,
        tone_ms: 55.0,
        tone: 0.26,
        noise_ms: 80.0,
        noise: 0.52,
        band: (3_400.0, 1.5),
        room: 0.2,
        ..PLAIN
    },
    Drum { noise_ms: 70.0, noise: 0.75, band: (1_900.0, 0.9), claps: 3, pan: 0.1, room: 0.3, ..PLAIN },
    Drum { noise_ms: 22.0, noise: 0.46, band: (9_800.0, 1.0), pan: 0.25, room: 0.05, ..PLAIN },
    Drum { noise_ms: 130.0, noise: 0.4, band: (9_000.0, 1.0), pan: 0.25, room: 0.1, ..PLAIN },
    Drum {
        note: 43,
        fall: 0.6,
        fall_ms: 40.0,
        tone_ms: 140.0,
        tone: 0.5,
        noise_ms: 8.0,
        noise: 0.08,
        pan: -0.35,
        room: 0.2,
        ..PLAIN
    },
    Drum {
        note: 79,
        fall: 0.12,
        fall_ms: 8.0,
        tone_ms: 24.0,
        tone: 0.34,
        noise_ms: 5.0,
        noise: 0.05,
        pan: -0.5,
        room: 0.3,
        echo: 0.12,
        ..PLAIN
    },
    Drum { noise_ms: 34.0, noise: 0.5, band: (6_800.0, 0.7), pan: -0.3, room: 0.12, ..PLAIN },
];

struct Kit {
    tune: i32,
    longer: f32,
    brighter: f32,
    tone: f32,
    noise: f32,
}

static BENDS: [Kit; 3] = [
    Kit { tune: 0, longer: 1.0, brighter: 1.0, tone: 1.0, noise: 1.0 },
    Kit { tune: -1, longer: 1.25, brighter: 1.08, tone: 1.0, noise: 0.85 },
    Kit { tune: 5, longer: 0.7, brighter: 0.72, tone: 0.85, noise: 0.9 },
];

/// What a hit is at, beside the numbers that move in quads.
#[derive(Clone, Copy)]
struct Hit {
    kit: usize,
    age: u32,
    phase: u32,
    claps: u32,
    last: (f32, f32),
}

const NO_HIT: Hit = Hit { kit: 0, age: 0, phase: 0, claps: 0, last: (0.0, 0.0) };

/// Four drums side by side.
struct Four {
    hits: [Hit; 4],
    loud: Quad,
    fall: Quad,
    tone: Quad,
    noise: Quad,
    rise: Quad,
    filter: Filter,
}

const STILL: Four = Four {
    hits: [NO_HIT; 4],
    loud: Quad::ZERO,
    fall: Quad::ZERO,
    tone: Quad::ZERO,
    noise: Quad::ZERO,
    rise: Quad::ZERO,
    filter: Filter::STILL,
};

/// The numbers of four drums that stay the same for a chunk.
struct Slow {
    keep_fall: Quad,
    keep_tone: Quad,
    keep_noise: Quad,
    bases: [f32; 4],
    tone: Quad,
    noise: Quad,
    filter: (Quad, Quad, Quad),
    sends: [Quad; 4],
}

pub struct Drums {
    fours: [Four; 2],
    random: u32,
}

impl Drums {
    pub const NEW: Drums = Drums { fours: [STILL; 2], random: 0 };

    /// Gives back what the hit it cuts off was giving out: that has to fade.
    pub fn hit(&mut self, row: usize, kit: u8, loud: f32) -> (f32, f32) {
        if row == HAT {
            // A closed hat closes the open one.
            self.fours[OPEN_HAT / 4].noise.0[OPEN_HAT % 4] *= 0.15;
        }
        let (four, lane) = (&mut self.fours[row / 4], row % 4);
        let cut = four.hits[lane].last;
        let kit = usize::from(kit).min(BENDS.len() - 1);
        four.hits[lane] = Hit { kit, claps: SET[row].claps - 1, ..NO_HIT };
        four.loud.0[lane] = loud;
        four.fall.0[lane] = SET[row].fall;
        (four.tone.0[lane], four.noise.0[lane], four.rise.0[lane]) = (1.0, 1.0, 0.0);
        (four.filter.band.0[lane], four.filter.low.0[lane]) = (0.0, 0.0);
        cut
    }

    pub fn render(&mut self, tables: &Tables, mix: &mut [Frame], gain: (f32, f32)) {
        for (four, drums) in self.fours.iter_mut().zip(SET.chunks_exact(4)) {
            if four.sounds() {
                four.render(drums, tables, mix, gain, &mut self.random);
            }
        }
    }
}

impl Four {
    fn sounds(&self) -> bool {
        (0..4).any(|lane| self.tone.0[lane] + self.noise.0[lane] > 0.003)
    }

    fn slow(&self, drums: &[Drum]) -> Slow {
        let kit = |i: usize| &BENDS[self.hits[i].kit];
        let each = |of: &dyn Fn(usize, &Drum) -> f32| Quad([0, 1, 2, 3].map(|i| of(i, &drums[i])));
        let sides = |drum: &Drum| [1.0 - drum.pan.max(0.0), 1.0 + drum.pan.min(0.0), drum.echo, drum.room];
        Slow {
            keep_fall: each(&|_, drum| 1.0 - fade(drum.fall_ms)),
            keep_tone: each(&|i, drum| 1.0 - fade(drum.tone_ms * kit(i).longer)),
            keep_noise: each(&|i, drum| 1.0 - fade(drum.noise_ms * kit(i).longer)),
            bases: [0, 1, 2, 3].map(|i| note_inc(drums[i].note + kit(i).tune) as f32),
            tone: each(&|i, drum| drum.tone * kit(i).tone / PEAK),
            noise: each(&|i, drum| drum.noise * kit(i).noise * drum.band.1 / 32_768.0),
            filter: quad::lanes(
                &[0, 1, 2, 3].map(|i| quad::tuning(drums[i].band.0 * kit(i).brighter, drums[i].band.1)),
            ),
            sends: [0, 1, 2, 3].map(|i| Quad(sides(&drums[i]))),
        }
    }

    fn render(&mut self, drums: &[Drum], tables: &Tables, mix: &mut [Frame], gain: (f32, f32), random: &mut u32) {
        let slow = self.slow(drums);
        let sine = tables.row(Wave::Sine, 0);
        self.clap(mix.len() as u32);
        let incs = [0, 1, 2, 3].map(|i| (slow.bases[i] * (1.0 + self.fall.0[i])) as u32);
        for _ in 0..mix.len() {
            self.fall = self.fall * slow.keep_fall;
        }
        let ends = [0, 1, 2, 3].map(|i| (slow.bases[i] * (1.0 + self.fall.0[i])) as u32);
        // The pitch goes straight from one end of the chunk to the other, in whole numbers.
        let bows = [0, 1, 2, 3].map(|i| (ends[i] as i32 - incs[i] as i32) / mix.len() as i32);
        let mut incs = incs;
        let (mut gain, step) = (gain.0, (gain.1 - gain.0) / mix.len() as f32);
        let rising = Quad(self.rise.0.map(|rise| (1.0f32 / 40.0).min((1.0 - rise) / mix.len() as f32)));
        let mut sample = Quad::ZERO;
        for out in mix.iter_mut() {
            self.tone = self.tone * slow.keep_tone;
            self.noise = self.noise * slow.keep_noise;
            self.rise = self.rise + rising;
            *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = Quad::all((*random as i32 >> 16) as f32);
            let mut tone = [0.0; 4];
            for (i, tone) in tone.iter_mut().enumerate() {
                incs[i] = incs[i].wrapping_add(bows[i] as u32);
                self.hits[i].phase = self.hits[i].phase.wrapping_add(incs[i]);
                *tone = tables::at(sine, self.hits[i].phase) as f32;
            }
            let (band, _) = self.filter.pass(white, slow.filter);
            let sum = Quad(tone) * slow.tone * self.tone + band * slow.noise * self.noise;
            sample = sum * self.rise * self.loud * Quad::all(gain);
            gain += step;
            let [a, b, c, d] = sample.0;
            let near = Quad::all(a) * slow.sends[0] + Quad::all(b) * slow.sends[1];
            let far = Quad::all(c) * slow.sends[2] + Quad::all(d) * slow.sends[3];
            *out = (Quad(*out) + (near + far)).0;
        }
        for (lane, hit) in self.hits.iter_mut().enumerate() {
            let [left, right, ..] = slow.sends[lane].0;
            hit.last = (sample.0[lane] * left, sample.0[lane] * right);
        }
    }

    /// More than one hand: the noise starts again a moment later.
    fn clap(&mut self, samples: u32) {
        for (lane, hit) in self.hits.iter_mut().enumerate() {
            if hit.claps > 0 && hit.age / CLAP_GAP != (hit.age + samples) / CLAP_GAP {
                hit.claps -= 1;
                self.noise.0[lane] = 1.0;
            } else if hit.claps > 0 {
                self.noise.0[lane] *= 0.86;
            }
            hit.age = hit.age.saturating_add(samples);
        }
    }
}
