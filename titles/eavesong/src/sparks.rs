//! Small lights that rise from windows that sing.

use playfield_sdk::canvas::Canvas32;
use playfield_sdk::math::{Rng, sin};

use crate::buttons::window_middle;
use crate::faces::COLOURS;
use crate::studio::Studio;

const COUNT: usize = 72;
const LIFE: u32 = 54;

#[derive(Clone, Copy)]
struct Spark {
    x: f32,
    y: f32,
    vx: f32,
    vy: f32,
    left: u32,
    colour: u32,
}

pub struct Sparks {
    all: [Spark; COUNT],
    next: usize,
    /// Its own: what one sees must not change what the dice throw.
    random: Rng,
}

impl Sparks {
    pub const NEW: Sparks = Sparks {
        all: [Spark { x: 0.0, y: 0.0, vx: 0.0, vy: 0.0, left: 0, colour: 0 }; COUNT],
        next: 0,
        random: Rng::new(5),
    };

    pub fn tick(&mut self, town: &Studio) {
        for spark in self.all.iter_mut().filter(|spark| spark.left > 0) {
            spark.x += spark.vx + 0.25 * sin(spark.left as f32 / 30.0);
            spark.y += spark.vy;
            spark.vy *= 0.975;
            spark.left -= 1;
        }
        for &(who, step, row) in town.sung.iter().flatten() {
            let (x, y) = window_middle(step, row);
            (0..3).for_each(|_| self.rise(x as f32, y as f32, COLOURS[who]));
        }
    }

    fn rise(&mut self, x: f32, y: f32, colour: u32) {
        let (vx, vy) = (self.random.range(-0.5, 0.5), self.random.range(-1.5, -0.6));
        let left = LIFE - self.random.below(20);
        self.all[self.next] = Spark { x: x + 8.0 * vx, y: y - 4.0, vx, vy, left, colour };
        self.next = (self.next + 1) % COUNT;
    }

    pub fn paint(&self, canvas: &mut Canvas32) {
        for spark in self.all.iter().filter(|spark| spark.left > 0) {
            let power = (spark.left * 7).min(256);
            let (x, y) = (spark.x as i32, spark.y as i32);
            canvas.glow(x, y, 3, spark.colour, power);
            canvas.glow_dot(x, y, 0xffffff, power);
        }
    }
}
