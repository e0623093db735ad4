//! Waves as tables, made once when the title starts. Each has five rows with ever fewer overtones, and a note takes the
//! row whose overtones all stay below half the sample rate: high notes do not alias.

use playfield_sdk::math::sin;

const SIZE: usize = 1024;
const ROWS: usize = 5;
const MOST_OVERTONES: usize = 64;
const WAVES: usize = 6;

/// One turn of a wave, its first sample again at the end.
pub type Row = [i16; SIZE + 1];

/// A wave's peak.
pub const PEAK: f32 = 16_384.0;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wave {
    Sine,
    Saw,
    Hollow,
    Flute,
    Choir,
    Glass,
}

const ALL: [Wave; WAVES] = [Wave::Sine, Wave::Saw, Wave::Hollow, Wave::Flute, Wave::Choir, Wave::Glass];

pub struct Tables {
    rows: [[Row; ROWS]; WAVES],
}

/// A rise around `middle`, as wide as `width`, to 1.
fn bump(n: f32, middle: f32, width: f32) -> f32 {
    let x = (n - middle) / width;
    1.0 / (1.0 + x * x)
}

/// How loud overtone `n` of a wave is.
fn overtone(wave: Wave, n: usize) -> f32 {
    let x = n as f32;
    match wave {
        Wave::Sine => [0.0, 1.0].get(n).copied().unwrap_or(0.0),
        Wave::Saw => 1.0 / x,
        Wave::Hollow if n.is_multiple_of(2) => 0.08 / x,
        Wave::Hollow => 1.0 / x,
        Wave::Flute => [0.0, 1.0, 0.36, 0.2, 0.07, 0.05, 0.02].get(n).copied().unwrap_or(0.0),
        // The vowel of an open mouth: it lets some overtones through.
        Wave::Choir => {
            (0.25 + bump(x, 3.4, 1.1) + 0.7 * bump(x, 5.6, 1.3) + 0.3 * bump(x, 12.0, 2.0)) / (x * (1.0 + x * 0.06))
        }
        Wave::Glass => [0.0, 1.0, 0.0, 0.3, 0.12, 0.0, 0.1, 0.0, 0.08].get(n).copied().unwrap_or(0.0),
    }
}

impl Tables {
    pub const NEW: Tables = Tables { rows: [[[0; SIZE + 1]; ROWS]; WAVES] };

    pub fn fill(&mut self) {
        let mut sine = [0.0; SIZE];
        for (i, to) in sine.iter_mut().enumerate() {
            *to = sin(i as f32 / SIZE as f32);
        }
        for wave in ALL {
            let mut loudest = 0.0;
            for (level, row) in self.rows[wave as usize].iter_mut().enumerate() {
                let sums = add_overtones(&sine, wave, MOST_OVERTONES >> level);
                if level == 0 {
                    loudest = sums.iter().fold(0.1f32, |peak, x| peak.max(x.abs()));
                }
                for (i, to) in row.iter_mut().enumerate() {
                    *to = (sums[i % SIZE] * (PEAK / loudest)) as i16;
                }
            }
        }
    }

    /// The row for a note that moves `inc` of a turn (2^32) with each sample.
    pub fn row(&self, wave: Wave, inc: u32) -> &Row {
        let rows = &self.rows[wave as usize];
        let fits = |level: &usize| (inc >> 8) as usize * (MOST_OVERTONES >> level) < 7_000_000;
        &rows[(0..ROWS).find(fits).unwrap_or(ROWS - 1)]
    }
}

fn add_overtones(sine: &[f32; SIZE], wave: Wave, count: usize) -> [f32; SIZE] {
    let mut sums = [0.0; SIZE];
    for n in 1..=count {
        let loud = overtone(wave, n);
        for (i, to) in sums.iter_mut().enumerate() {
            *to += loud * sine[(i * n) % SIZE];
        }
    }
    sums
}

/// A table at a phase, 2^32 a turn. Whole numbers: they are quick, and the same everywhere.
#[inline(always)]
pub fn at(row: &Row, phase: u32) -> i32 {
    let (i, part) = ((phase >> 22) as usize, (phase >> 8 & 0x3fff) as i32);
    let (near, far) = (i32::from(row[i]), i32::from(row[i + 1]));
    near + (((far - near) * part) >> 14)
}
