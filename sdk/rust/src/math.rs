//! Sums that come out the same on every machine: no function here depends on a platform's mathematics library.

/// One turn in radians.
pub const TURN: f32 = 6.283_185_5;

/// Sine of an angle given in turns, within 0.0002. A polynomial, so the same everywhere.
pub fn sin(turns: f32) -> f32 {
    let whole = turns as i32;
    let mut t = turns - whole as f32;
    if t < 0.0 {
        t += 1.0;
    }
    let (t, sign) = if t < 0.5 { (t, 1.0) } else { (t - 0.5, -1.0) };
    let t = if t > 0.25 { 0.5 - t } else { t };
    let x = t * TURN;
    let x2 = x * x;
    sign * x * (1.0 - x2 * (1.0 / 6.0 - x2 * (1.0 / 120.0 - x2 / 5040.0)))
}

/// Cosine of an angle given in turns.
pub fn cos(turns: f32) -> f32 {
    sin(turns + 0.25)
}

/// Square root: the machine's own, which is exact, in Wasm with SIMD; elsewhere within a few millionths.
pub fn sqrt(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { positive_sqrt(x) }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn positive_sqrt(x: f32) -> f32 {
    use core::arch::wasm32::{f32x4_extract_lane, f32x4_splat, f32x4_sqrt};
    f32x4_extract_lane::<0>(f32x4_sqrt(f32x4_splat(x)))
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn positive_sqrt(x: f32) -> f32 {
    let mut guess = f32::from_bits((x.to_bits() >> 1) + 0x1fc0_0000);
    for _ in 0..3 {
        guess = 0.5 * (guess + x / guess);
    }
    guess
}

/// Angle of a direction, in turns, 0 to 1, within 0.001.
pub fn angle(x: f32, y: f32) -> f32 {
    let (ax, ay) = (if x < 0.0 { -x } else { x }, if y < 0.0 { -y } else { y });
    if ax + ay == 0.0 {
        return 0.0;
    }
    let (low, high) = if ax < ay { (ax, ay) } else { (ay, ax) };
    let r = low / high;
    let mut turns = r * (0.159_15 - (r - 1.0) * (0.0389 + 0.0106 * r) - 0.034_15);
    if ay > ax {
        turns = 0.25 - turns;
    }
    if x < 0.0 {
        turns = 0.5 - turns;
    }
    if y < 0.0 { 1.0 - turns } else { turns }
}

/// Random numbers, quick and repeatable: PCG-XSH-RR, pcg-random.org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(u64);

impl Rng {
    /// A sequence of its own for each seed.
    pub const fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// A sequence from the session's seed.
    pub fn from_host() -> Rng {
        let mut seed = [0; 8];
        crate::host::random(&mut seed);
        Rng(u64::from_le_bytes(seed))
    }

    /// Any number.
    pub fn next_u32(&mut self) -> u32 {
        let old = self.0;
        self.0 = old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (((old >> 18) ^ old) >> 27) as u32;
        mixed.rotate_right((old >> 59) as u32)
    }

    /// 0 to `below - 1`; 0 if `below` is 0.
    pub fn below(&mut self, below: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(below)) >> 32) as u32
    }

    /// From `low` to just under `high`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.next_u32() >> 8) as f32 / 16_777_216.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f32, expect: f32, within: f32) {
        assert!((got - expect).abs() < within, "{got} is not within {within} of {expect}");
    }

    #[test]
    fn sine_follows_the_circle() {
        for i in -400..400 {
            let turns = i as f32 / 100.0;
            near(sin(turns), sin64(turns as f64), 0.0003);
        }
        near(cos(0.5), -1.0, 0.0003);
    }

    fn sin64(turns: f64) -> f32 {
        let x = (turns - turns.round()) * core::f64::consts::TAU;
        let (mut term, mut sum) = (x, x);
        for n in 1..12 {
            term *= -x * x / ((2 * n) as f64 * (2 * n + 1) as f64);
            sum += term;
        }
        sum as f32
    }

    #[test]
    fn an_angle_leads_back_to_its_direction() {
        for i in 0..100 {
            let turns = i as f32 / 100.0;
            near(angle(cos(turns) * 3.0, sin(turns) * 3.0), turns, 0.002);
        }
    }

    #[test]
    fn a_square_root_squares_back() {
        for x in [0.01, 0.5, 2.0, 144.0, 123_456.0] {
            near(sqrt(x) * sqrt(x) / x, 1.0, 0.0001);
        }
    }

    #[test]
    fn random_numbers_repeat_for_a_seed_and_stay_in_range() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        for _ in 0..1000 {
            assert_eq!(a.next_u32(), b.next_u32());
            assert!(a.below(6) < 6);
            b.below(6);
            let x = a.range(-1.0, 2.0);
            b.next_u32();
            assert!((-1.0..2.0).contains(&x));
        }
    }
}
