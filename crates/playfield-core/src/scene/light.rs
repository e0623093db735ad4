//! Light: a sky that is everywhere, a sun that casts shadows and hides behind clouds, lamps in the evening.
//!
//! Every surface is stored three times, as each of the three alone would show it, so that a picture under any light is a sum.

use super::dice::{Dice, ease};
use super::space::V3;

/// A colour, 0 to 1 for red, green and blue.
pub(super) type Colour = [f32; 3];

/// A day of the scene, in milliseconds: short, so that a visitor sees the evening.
const DAY_MS: u64 = 24 * 60_000;
/// How long a cloud takes to come, in milliseconds.
const CLOUD_MS: u64 = 19_000;

/// What shines at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Light {
    /// The sky.
    pub(super) sky: Colour,
    /// The sun, clouds taken off.
    pub(super) sun: Colour,
    /// Lamps, windows and headlights: 0 by day.
    pub(super) lamps: f32,
}

/// The light at a share of the day: (share, sky, sun, lamps).
const HOURS: [(f32, Colour, Colour, f32); 8] = [
    (0.00, [0.60, 0.63, 0.70], [0.72, 0.64, 0.49], 0.0),
    (0.25, [0.64, 0.67, 0.71], [0.74, 0.70, 0.60], 0.0),
    (0.50, [0.60, 0.63, 0.68], [0.76, 0.67, 0.50], 0.0),
    (0.64, [0.53, 0.52, 0.59], [0.74, 0.54, 0.32], 0.1),
    (0.74, [0.42, 0.40, 0.53], [0.36, 0.20, 0.11], 0.7),
    (0.82, [0.31, 0.33, 0.49], [0.03, 0.02, 0.03], 1.0),
    (0.90, [0.37, 0.40, 0.55], [0.18, 0.12, 0.10], 0.8),
    (1.00, [0.60, 0.63, 0.70], [0.72, 0.64, 0.49], 0.0),
];

/// The light at a time; `dawn` shifts the day, `dice` sends the clouds.
pub(super) fn at(time_ms: u64, dawn: f32, dice: Dice) -> Light {
    let share = (time_ms % DAY_MS) as f32 / DAY_MS as f32 + dawn;
    let share = share - share.floor();
    let next = HOURS.iter().position(|hour| hour.0 > share).unwrap_or(HOURS.len() - 1).max(1);
    let (a, b) = (HOURS[next - 1], HOURS[next]);
    let t = (share - a.0) / (b.0 - a.0);
    let clear = clear(time_ms, dice);
    let sky = between(a.1, b.1, t).map(|c| c * (1.14 - 0.14 * clear));
    Light { sky, sun: between(a.2, b.2, t).map(|c| c * clear), lamps: a.3 + (b.3 - a.3) * t }
}

/// How much of the sun the clouds let through.
fn clear(time_ms: u64, dice: Dice) -> f32 {
    let (cloud, t) = (time_ms / CLOUD_MS, (time_ms % CLOUD_MS) as f32 / CLOUD_MS as f32);
    let of = |cloud: u64| if dice.chance(cloud, 0.3) { dice.between(cloud ^ 1 << 40, 0.3, 0.75) } else { 1.0 };
    of(cloud) + (of(cloud + 1) - of(cloud)) * ease(t)
}

/// What a surface shows of each kind of light.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Paint {
    /// Its own colour.
    pub(super) colour: Colour,
    /// How much of the sky it sees, 0 to 1.
    pub(super) sky: f32,
    /// How much of the sun it takes, 0 to 1: how it faces it, and whether something stands between.
    pub(super) sun: f32,
    /// How much of the lamps' light.
    pub(super) lamps: f32,
}

impl Paint {
    /// A surface that faces `normal`, in the open.
    pub(super) fn facing(colour: Colour, normal: V3, sun: V3) -> Paint {
        let sky = 0.78 + 0.22 * normal.z;
        Paint { colour, sky, sun: normal.dot(sun).max(0.0), lamps: 0.5 + 0.3 * normal.z }
    }

    /// The colour under a light, 0 to 255.
    pub(super) fn lit(&self, light: &Light, shade: f32, lamp: f32) -> [u8; 3] {
        let mut out = [0; 3];
        for (c, out) in out.iter_mut().enumerate() {
            let falls =
                light.sky[c] * self.sky + light.sun[c] * self.sun * shade + LAMP[c] * light.lamps * self.lamps * lamp;
            *out = (self.colour[c] * falls * 255.0).clamp(0.0, 255.0) as u8;
        }
        out
    }
}

/// The colour of lamps.
pub(super) const LAMP: Colour = [1.0, 0.78, 0.46];

/// Between two colours.
pub(super) fn between(a: Colour, b: Colour, t: f32) -> Colour {
    [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * t)
}

/// A colour, lighter or darker.
pub(super) fn scaled(colour: Colour, by: f32) -> Colour {
    colour.map(|c| c * by)
}

/// A colour by its usual hexadecimal name.
pub(super) const fn hex(rgb: u32) -> Colour {
    [(rgb >> 16 & 255) as f32 / 255.0, (rgb >> 8 & 255) as f32 / 255.0, (rgb & 255) as f32 / 255.0]
}
