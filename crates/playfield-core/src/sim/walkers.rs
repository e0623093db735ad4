//! People who walk about in front of a camera, from a seed: what a model would have found of them, picture by picture.
//!
//! Boxes tremble, some are missing and some are faint. It measures and tries out what follows things; it is no picture.

use super::Random;
use crate::metadata::{Metadata, Object, Point, Rect};

/// Boxes that are missing, and that are faint, in a thousand.
const MISSING: u32 = 30;
const FAINT: u32 = 50;
/// Boxes tremble by that share of their height.
const TREMBLE: f32 = 0.01;

#[derive(Clone, Copy, Debug)]
struct Walker {
    at: Point,
    /// Fractions of the picture a second.
    speed: Point,
    height: f32,
    class: u16,
}

/// People who walk about, and turn at the picture's edges.
#[derive(Clone, Debug)]
pub struct Walkers {
    random: Random,
    walkers: Vec<Walker>,
    frame: u64,
}

impl Walkers {
    /// So many, of that seed.
    pub fn new(seed: u64, many: usize) -> Walkers {
        let mut random = Random::new(seed);
        let mut between = |least: f32, most: f32| least + random.below(10_001) as f32 / 10_000.0 * (most - least);
        let walkers = (0..many).map(|n| Walker {
            at: Point { x: between(0.0, 1.0), y: between(0.2, 1.0) },
            speed: Point { x: between(-0.15, 0.15), y: between(-0.05, 0.05) },
            height: between(0.06, 0.2),
            class: (n % 3) as u16,
        });
        Walkers { walkers: walkers.collect(), random, frame: 0 }
    }

    /// The next picture, so many ms after the one before; the first is of Unix time 0.
    pub fn next(&mut self, time_ms: u64, passed_ms: u64) -> Metadata {
        self.frame += 1;
        let seconds = passed_ms as f32 / 1_000.0;
        let mut objects = Vec::with_capacity(self.walkers.len());
        for walker in &mut self.walkers {
            (walker.at.x, walker.speed.x) = turn(walker.at.x + walker.speed.x * seconds, walker.speed.x, 0.0);
            (walker.at.y, walker.speed.y) = turn(walker.at.y + walker.speed.y * seconds, walker.speed.y, 0.2);
            if self.random.chance(MISSING) {
                continue;
            }
            let mut tremble = || (self.random.below(2_001) as f32 / 1_000.0 - 1.0) * TREMBLE * walker.height;
            let foot = Point { x: walker.at.x + tremble(), y: walker.at.y + tremble() - walker.height / 2.0 };
            let area = Rect::around(foot, walker.height * 0.25, walker.height + tremble());
            let score = if self.random.chance(FAINT) { 0.3 } else { 0.85 };
            objects.push(Object { class: walker.class, score, area, ..Object::default() });
        }
        Metadata { frame: self.frame, time_ms, objects, ..Metadata::default() }
    }
}

/// Back at an edge.
fn turn(at: f32, speed: f32, least: f32) -> (f32, f32) {
    match at {
        at if at < least => (least, speed.abs()),
        at if at > 1.0 => (1.0, -speed.abs()),
        at => (at, speed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walkers_stay_in_the_picture_and_are_the_same_for_the_same_seed() {
        let (mut one, mut other) = (Walkers::new(3, 50), Walkers::new(3, 50));
        for n in 1..500 {
            let picture = one.next(n * 40, 40);
            assert_eq!(picture, other.next(n * 40, 40));
            assert!((30..=50).contains(&picture.objects.len()));
            assert!(picture.objects.iter().all(|object| object.area.clipped().area() > 0.0));
        }
    }
}
