//! Chance without state: what a thing is follows from the seed and the thing's name, in any order it is asked for.

/// A place in the tree of all dice of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of a scene.
    pub(super) fn new(seed: u64) -> Dice {
        Dice(mix(seed ^ 0x5eed_0f5c_e4e5_0001))
    }

    /// The dice of something below this one.
    pub(super) fn of(self, name: u64) -> Dice {
        Dice(mix(self.0 ^ mix(name.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// 64 evenly spread bits: the same ones for the same question.
    pub(super) fn bits(self, question: u64) -> u64 {
        mix(self.0.wrapping_add(question.wrapping_mul(0xd134_2543_de82_ef95)))
    }

    /// A number from 0 up to, but not including, 1.
    pub(super) fn unit(self, question: u64) -> f32 {
        (self.bits(question) >> 40) as f32 / 16_777_216.0
    }

    /// A number between two.
    pub(super) fn between(self, question: u64, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit(question)
    }

    /// True with this probability.
    pub(super) fn chance(self, question: u64, probability: f32) -> bool {
        self.unit(question) < probability
    }

    /// A number below `end`, which must not be 0.
    pub(super) fn below(self, question: u64, end: usize) -> usize {
        (((self.bits(question) >> 32) * end as u64) >> 32) as usize
    }

    /// One of several.
    pub(super) fn pick<T: Copy>(self, question: u64, from: &[T]) -> T {
        from[self.below(question, from.len())]
    }
}

/// The finaliser of SplitMix64 (Steele et al. 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Smooth noise over a plane: 0 to 1, features of the size 1.
pub(super) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (ease(x - left), ease(y - top));
    let (ix, iy) = (left as i32, top as i32);
    let at = |dx: i32, dy: i32| speck(ix.wrapping_add(dx), iy.wrapping_add(dy), seed);
    let upper = at(0, 0) + (at(1, 0) - at(0, 0)) * fx;
    let lower = at(0, 1) + (at(1, 1) - at(0, 1)) * fx;
    upper + (lower - upper) * fy
}

/// A number from 0 to 1 for each place of a grid.
pub(super) fn speck(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x85eb_ca6b) ^ (y as u32).wrapping_mul(0xc2b2_ae35) ^ seed;
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
    ((h ^ (h >> 15)) >> 8) as f32 / 16_777_216.0
}

/// From 0 to 1 with soft ends.
pub(super) fn ease(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Swings once between -1 and 1 while `phase` grows by 1, starting at 0: two parabolas, in place of a sine.
pub(super) fn swing(phase: f32) -> f32 {
    let x = (phase - phase.floor()) * 2.0 - 1.0;
    -4.0 * x * (1.0 - x.abs())
}
