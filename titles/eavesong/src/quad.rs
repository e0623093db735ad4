//! Four numbers that are worked on at once. The host makes every NaN the same one, which costs with each operation on
//! floats: four at a time cost as much as one.

use core::ops::{Add, Mul, Sub};

#[derive(Clone, Copy)]
pub struct Quad(pub [f32; 4]);

impl Quad {
    pub const ZERO: Quad = Quad([0.0; 4]);

    #[inline(always)]
    pub fn all(x: f32) -> Quad {
        Quad([x; 4])
    }
}

impl Add for Quad {
    type Output = Quad;
    #[inline(always)]
    fn add(self, other: Quad) -> Quad {
        let (a, b) = (self.0, other.0);
        Quad([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]])
    }
}

impl Sub for Quad {
    type Output = Quad;
    #[inline(always)]
    fn sub(self, other: Quad) -> Quad {
        let (a, b) = (self.0, other.0);
        Quad([a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]])
    }
}

impl Mul for Quad {
    type Output = Quad;
    #[inline(always)]
    fn mul(self, other: Quad) -> Quad {
        let (a, b) = (self.0, other.0);
        Quad([a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]])
    }
}

/// A state variable filter of four lanes (A. Simper, "Linear Trapezoidal Integrated State Variable Filter").
#[derive(Clone, Copy)]
pub struct Filter {
    pub band: Quad,
    pub low: Quad,
}

impl Filter {
    pub const STILL: Filter = Filter { band: Quad::ZERO, low: Quad::ZERO };

    /// Gives what is in the band and what is below it.
    #[inline(always)]
    pub fn pass(&mut self, sample: Quad, (a1, a2, g): (Quad, Quad, Quad)) -> (Quad, Quad) {
        let over = sample - self.low;
        let band = a1 * self.band + a2 * over;
        let low = self.low + g * band;
        self.band = band + band - self.band;
        self.low = low + low - self.low;
        (band, low)
    }
}

/// The three numbers of a filter at a pitch.
pub fn tuning(hz: f32, damping: f32) -> [f32; 3] {
    let x = hz.clamp(20.0, 10_500.0) * (core::f32::consts::PI / 48_000.0);
    let g = x * (1.0 + x * x * (1.0 / 3.0 + x * x * (2.0 / 15.0)));
    let a1 = 1.0 / (1.0 + g * (g + damping));
    [a1, g * a1, g]
}

/// Lanes of three numbers each as three quads.
#[inline(always)]
pub fn lanes(of: &[[f32; 3]; 4]) -> (Quad, Quad, Quad) {
    let lane = |i: usize| Quad([of[0][i], of[1][i], of[2][i], of[3][i]]);
    (lane(0), lane(1), lane(2))
}
