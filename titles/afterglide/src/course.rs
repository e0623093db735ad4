//! The course: hills without end, and the embers that hang over them. The same for every run, so that scores compare.

use playfield_sdk::math::{Rng, cos, sin};

const KNOTS: usize = 32;
const EMBERS: usize = 96;
/// Pixels of the world a realm is long.
pub const REALM: f32 = 9_000.0;

/// Where a hill turns: a top or a bottom.
#[derive(Clone, Copy)]
struct Knot {
    x: f32,
    y: f32,
}

/// A spark to gather. Big ones fill the flare.
#[derive(Clone, Copy)]
pub struct Ember {
    pub x: f32,
    pub y: f32,
    pub big: bool,
    pub there: bool,
}

pub struct Course {
    rng: Rng,
    knots: [Knot; KNOTS],
    /// Number of the newest knot; knot n is kept at `n % KNOTS`.
    newest: usize,
    pub embers: [Ember; EMBERS],
    next_ember: usize,
}

impl Course {
    pub const NEW: Course = Course {
        rng: Rng::new(0),
        knots: [Knot { x: 0.0, y: 0.0 }; KNOTS],
        newest: 0,
        embers: [Ember { x: 0.0, y: 0.0, big: false, there: false }; EMBERS],
        next_ember: 0,
    };

    /// Back to the start: a long first slope.
    pub fn begin(&mut self) {
        *self = Course { rng: Rng::new(0x005e_ed0f_da05), ..Course::NEW };
        self.knots[0] = Knot { x: -900.0, y: 60.0 };
        self.knots[1] = Knot { x: 40.0, y: 20.0 };
        self.knots[2] = Knot { x: 560.0, y: 330.0 };
        self.newest = 2;
        self.extend_to(2_400.0);
    }

    /// Makes hills up to there.
    pub fn extend_to(&mut self, x: f32) {
        while self.knots[self.newest % KNOTS].x < x {
            let last = self.knots[self.newest % KNOTS];
            let top = self.newest.is_multiple_of(2);
            let far = (last.x / 60_000.0).min(1.0);
            let width = self.rng.range(250.0, 430.0 + 120.0 * far);
            let y =
                if top { self.rng.range(90.0, 200.0 - 50.0 * far) } else { self.rng.range(280.0, 340.0 + 60.0 * far) };
            self.newest += 1;
            let knot = Knot { x: last.x + width, y };
            self.knots[self.newest % KNOTS] = knot;
            self.hang_embers(last, knot, top);
        }
    }

    fn put(&mut self, x: f32, y: f32, big: bool) {
        self.embers[self.next_ember] = Ember { x, y, big, there: true };
        self.next_ember = (self.next_ember + 1) % EMBERS;
    }

    fn hang_embers(&mut self, from: Knot, to: Knot, rising: bool) {
        match self.rng.below(if rising { 5 } else { 4 }) {
            // A string along the ground of the valley.
            0 | 1 => {
                for i in 0..5 {
                    let x = (if rising { from.x } else { to.x }) + (i as f32 - 2.0) * 34.0;
                    let y = self.height(x) - 26.0;
                    self.put(x, y, false);
                }
            }
            // An arc through the air, for those who leave the top fast.
            2 if rising => {
                let lift = self.rng.range(90.0, 230.0);
                for i in 0..7 {
                    let t = i as f32 / 6.0;
                    self.put(to.x + 40.0 + t * 330.0, to.y - lift * (0.45 + 2.2 * t * (1.0 - t)), i == 3);
                }
            }
            _ => {}
        }
    }

    /// The two knots around a place.
    fn span(&self, x: f32) -> (Knot, Knot) {
        let oldest = self.newest.saturating_sub(KNOTS - 1);
        let mut n = self.newest;
        while n > oldest + 1 && self.knots[(n - 1) % KNOTS].x > x {
            n -= 1;
        }
        (self.knots[(n - 1) % KNOTS], self.knots[n % KNOTS])
    }

    /// Where the ground is, downwards.
    pub fn height(&self, x: f32) -> f32 {
        let (a, b) = self.span(x);
        let t = ((x - a.x) / (b.x - a.x)).clamp(0.0, 1.0);
        a.y + (b.y - a.y) * (0.5 - 0.5 * cos(t * 0.5))
    }

    /// How steep it is: positive where it falls.
    pub fn slope(&self, x: f32) -> f32 {
        let (a, b) = self.span(x);
        let t = ((x - a.x) / (b.x - a.x)).clamp(0.0, 1.0);
        (b.y - a.y) / (b.x - a.x) * 1.570_796_4 * sin(t * 0.5)
    }

    /// Heights of columns `step` apart, each from the span the one before was in.
    pub fn heights(&self, x: f32, step: f32, out: &mut [f32]) {
        for (i, height) in out.iter_mut().enumerate() {
            *height = self.height(x + step * i as f32);
        }
    }
}
