//! People on foot and on bicycles, made of balls and what spans between them.

use super::actor::{Ride, Walker};
use super::dice::{Dice, swing};
use super::figure::Figure;
use super::light::{Colour, hex, scaled};
use super::space::{V3, v3};

const SHIRTS: [u32; 16] = [
    0xd9534a, 0x3d7ea6, 0xf0c14b, 0xf4efe6, 0x4f9d69, 0x8d5a97, 0xe98b4a, 0x2f4858, 0xe7a6b5, 0x6fb3b8, 0x9c4b3c,
    0xb9c27a, 0x35415c, 0xcdd5db, 0x7a2e3a, 0x22272e,
];
const TROUSERS: [u32; 9] = [0x2f3e57, 0x3f3f46, 0x6d5f4f, 0x1f242b, 0x8c7f6d, 0x4a5d73, 0x5a3f3a, 0xb5a98f, 0x566050];
const SKIN: [u32; 6] = [0xf2cdb0, 0xe3b18c, 0xc98f66, 0x9c6a45, 0x6d4630, 0xf0bf9d];
const HAIR: [u32; 7] = [0x2a211d, 0x4b3325, 0x7a4f2c, 0xb98a4e, 0x1b1a1c, 0x9a9692, 0x8c3f26];
const BAGS: [u32; 6] = [0x8a4f35, 0x24405e, 0xc9573d, 0x3c4a3f, 0xe0b64a, 0x2b2b30];

/// The axes of a body: where it stands, forward, to its left, and how tall it is beside a person of 1.75 m.
struct Frame {
    at: V3,
    forward: V3,
    left: V3,
    k: f32,
}

impl Frame {
    fn point(&self, forward: f32, left: f32, up: f32) -> V3 {
        self.at + self.forward * (forward * self.k) + self.left * (left * self.k) + v3(0.0, 0.0, up * self.k)
    }
}

/// What somebody wears.
struct Look {
    shirt: Colour,
    trousers: Colour,
    skin: Colour,
    hair: Colour,
    shoes: Colour,
    /// How wide, 1 on average.
    build: f32,
}

impl Look {
    fn of(dice: Dice) -> Look {
        Look {
            shirt: hex(dice.pick(0, &SHIRTS)),
            trousers: hex(dice.pick(1, &TROUSERS)),
            skin: hex(dice.pick(2, &SKIN)),
            hair: hex(dice.pick(3, &HAIR)),
            shoes: hex(dice.pick(4, &[0x2a2a2e, 0x5b4334, 0xeeeae2, 0x3d3f46])),
            build: dice.between(5, 0.88, 1.18),
        }
    }
}

/// Somebody on foot.
pub(super) fn walker(figure: &mut Figure, walker: &Walker) {
    let dice = walker.dice;
    let height = if walker.child { dice.between(6, 1.05, 1.35) } else { dice.between(6, 1.55, 1.92) };
    let (x, y) = walker.heading;
    let frame =
        Frame { at: v3(walker.x, walker.y, 0.0), forward: v3(x, y, 0.0), left: v3(-y, x, 0.0), k: height / 1.75 };
    let look = Look::of(dice);
    let reach = (walker.pace / 0.9).clamp(0.0, 1.0);
    let phase = walker.walked / (1.42 * frame.k) + dice.unit(7);
    let swings = swing(phase) * reach;
    let lifts = swing(phase + 0.25) * reach;
    let near = if figure.shows(frame.at, frame.left) { 1.0 } else { -1.0 };
    let ahead = figure.shows(frame.at, frame.forward);
    let bag = dice.unit(8);

    arm(figure, &frame, &look, -near, swings);
    leg(figure, &frame, &look, -near, swings, lifts);
    if bag < 0.22 && ahead {
        backpack(figure, &frame, dice);
    }
    leg(figure, &frame, &look, near, swings, lifts);
    torso(figure, &frame, &look, dice);
    if bag < 0.22 && !ahead {
        backpack(figure, &frame, dice);
    }
    arm(figure, &frame, &look, near, swings);
    if (0.22..0.40).contains(&bag) {
        let hand = frame.point(-near * swings * 0.2, near * 0.27, 0.62);
        figure.balls(&[(hand, 0.11), (hand + frame.forward * 0.14, 0.10)], hex(dice.pick(9, &BAGS)), 1.0);
    }
    head(figure, &frame, &look, ahead, dice);
    if dice.chance(12, 0.06) && !walker.child {
        umbrella(figure, &frame, dice, near);
    }
    let (feet, top) = (frame.point(0.0, 0.0, 0.0), frame.point(0.0, 0.0, 1.7));
    let sides = [0.2, -0.2].map(|side| frame.point(0.0, side, 1.3));
    let steps = [0.3, -0.3].map(|step| frame.point(step * swings, 0.1, 0.0));
    figure.shadow(&[steps[0], steps[1], sides[0], sides[1], top, feet + frame.left * 0.12, feet - frame.left * 0.12]);
}

fn leg(figure: &mut Figure, frame: &Frame, look: &Look, side: f32, swings: f32, lifts: f32) {
    let ahead = swings * side * 0.34;
    let lift = (lifts * side).max(0.0) * 0.10;
    let hip = frame.point(0.0, side * 0.09, 0.92);
    let knee = frame.point(ahead * 0.55 + lift * 0.9, side * 0.09, 0.48 + lift * 0.4);
    let foot = frame.point(ahead - lift * 0.5, side * 0.09, 0.07 + lift);
    let (b, k) = (look.build, frame.k);
    figure.balls(&[(hip, 0.10 * k * b), (knee, 0.072 * k * b)], look.trousers, 0.98);
    figure.balls(&[(knee, 0.070 * k * b), (foot, 0.055 * k)], look.trousers, 0.94);
    figure.balls(&[(foot, 0.058 * k), (foot + frame.forward * (0.13 * k), 0.045 * k)], look.shoes, 0.95);
}

fn arm(figure: &mut Figure, frame: &Frame, look: &Look, side: f32, swings: f32) {
    let (b, k) = (look.build, frame.k);
    let shoulder = frame.point(0.0, side * 0.20 * b, 1.38);
    let elbow = frame.point(-side * swings * 0.12 - 0.02, side * 0.25 * b, 1.10);
    let hand = frame.point(-side * swings * 0.27 + 0.06, side * 0.24 * b, 0.86);
    figure.balls(&[(shoulder, 0.068 * k), (elbow, 0.055 * k)], look.shirt, 0.90);
    figure.balls(&[(elbow, 0.053 * k), (hand, 0.042 * k)], look.shirt, 0.86);
    figure.balls(&[(hand, 0.05 * k)], look.skin, 0.95);
}

fn torso(figure: &mut Figure, frame: &Frame, look: &Look, dice: Dice) {
    let (b, k) = (look.build, frame.k);
    let at = |side: f32, up: f32, r: f32| (frame.point(0.0, side * b, up), r * k * b);
    match dice.unit(10) {
        u if u < 0.16 => {
            let skirt = if u < 0.08 { look.shirt } else { scaled(look.trousers, 1.25) };
            figure.balls(
                &[at(0.10, 0.98, 0.10), at(-0.10, 0.98, 0.10), at(0.13, 0.52, 0.11), at(-0.13, 0.52, 0.11)],
                skirt,
                0.96,
            );
        }
        u if u < 0.34 => {
            let coat = [at(0.12, 1.0, 0.11), at(-0.12, 1.0, 0.11), at(0.12, 0.66, 0.11), at(-0.12, 0.66, 0.11)];
            figure.balls(&coat, look.shirt, 0.97);
        }
        _ => figure.balls(&[at(0.08, 0.94, 0.11), at(-0.08, 0.94, 0.11)], look.trousers, 1.0),
    }
    figure.balls(
        &[at(0.14, 1.36, 0.09), at(-0.14, 1.36, 0.09), at(0.08, 1.02, 0.11), at(-0.08, 1.02, 0.11)],
        look.shirt,
        1.04,
    );
}

fn backpack(figure: &mut Figure, frame: &Frame, dice: Dice) {
    let (low, high) = (frame.point(-0.19, 0.0, 1.06), frame.point(-0.19, 0.0, 1.32));
    figure.balls(&[(low, 0.15 * frame.k), (high, 0.13 * frame.k)], hex(dice.pick(9, &BAGS)), 1.0);
}

fn head(figure: &mut Figure, frame: &Frame, look: &Look, ahead: bool, dice: Dice) {
    let k = frame.k;
    figure.balls(
        &[(frame.point(0.0, 0.0, 1.46), 0.055 * k), (frame.point(0.01, 0.0, 1.54), 0.055 * k)],
        look.skin,
        0.9,
    );
    let face = (frame.point(0.025, 0.0, 1.605), 0.108 * k);
    let long = if dice.chance(11, 0.4) { 1.52 } else { 1.63 };
    let hair = [(frame.point(-0.02, 0.0, 1.655), 0.115 * k), (frame.point(-0.05, 0.0, long), 0.085 * k)];
    if ahead {
        figure.balls(&hair, look.hair, 1.0);
        figure.balls(&[face], look.skin, 1.06);
        figure.balls(&[(frame.point(0.0, 0.0, 1.705), 0.075 * k)], look.hair, 1.05);
    } else {
        figure.balls(&[face], look.skin, 1.0);
        figure.balls(&hair, look.hair, 1.0);
    }
    if dice.chance(13, 0.12) {
        let hat = hex(dice.pick(14, &SHIRTS));
        figure.balls(&[(frame.point(0.10, 0.0, 1.69), 0.04 * k), (frame.point(-0.02, 0.0, 1.70), 0.105 * k)], hat, 1.0);
    }
}

fn umbrella(figure: &mut Figure, frame: &Frame, dice: Dice, near: f32) {
    let colour = hex(dice.pick(15, &SHIRTS));
    let at = |forward: f32, left: f32, up: f32| frame.point(0.12 + forward, near * 0.12 + left, up);
    figure.rod(at(0.0, 0.0, 1.15), at(0.0, 0.0, 2.2), 0.015, hex(0x55585c));
    let rim = [at(0.55, 0.0, 1.93), at(0.0, 0.55, 1.93), at(-0.55, 0.0, 1.93), at(0.0, -0.55, 1.93)];
    let top = at(0.0, 0.0, 2.2);
    figure.balls(&[(rim[0], 0.05), (rim[1], 0.05), (rim[2], 0.05), (rim[3], 0.05), (top, 0.03)], colour, 1.0);
    figure.balls(&[(rim[0] * 0.5 + top * 0.5, 0.05), (top, 0.04), (rim[1] * 0.5 + top * 0.5, 0.05)], colour, 1.12);
    figure.shadow(&[rim[0], rim[1], rim[2], rim[3]]);
}

/// Somebody on a bicycle.
pub(super) fn rider(figure: &mut Figure, ride: &Ride) {
    let way = ride.way;
    let frame = Frame { at: v3(ride.x, ride.y, 0.0), forward: v3(way, 0.0, 0.0), left: v3(0.0, way, 0.0), k: 1.0 };
    let look = Look::of(ride.dice);
    let near = if figure.shows(frame.at, frame.left) { 1.0 } else { -1.0 };
    let metal = hex(ride.dice.pick(20, &[0xc8503c, 0x2f6f8f, 0x2c2f33, 0x4d8a5b, 0xe3b341, 0xdfe3e4]));
    for along in [-0.53, 0.53] {
        wheel(figure, frame.point(along, 0.0, 0.34), frame.forward);
    }
    let at = |forward: f32, up: f32| frame.point(forward, 0.0, up);
    let bones = [
        ((-0.53, 0.34), (-0.08, 0.32)),
        ((-0.08, 0.32), (-0.22, 0.86)),
        ((-0.53, 0.34), (-0.2, 0.78)),
        ((-0.08, 0.32), (0.38, 0.78)),
        ((-0.19, 0.76), (0.38, 0.80)),
        ((0.36, 0.95), (0.53, 0.34)),
    ];
    let turns = ride.along / 2.6;
    pedals(figure, &frame, &look, -near, turns);
    for (a, b) in bones {
        figure.rod(at(a.0, a.1), at(b.0, b.1), 0.026, metal);
    }
    figure.rod(frame.point(0.36, 0.26, 1.0), frame.point(0.36, -0.26, 1.0), 0.02, hex(0x2c2f33));
    pedals(figure, &frame, &look, near, turns);
    let hips = frame.point(-0.22, 0.0, 0.98);
    let chest = [frame.point(0.08, 0.15, 1.42), frame.point(0.08, -0.15, 1.42)];
    for side in [-near, near] {
        if side == near {
            figure.balls(&[(hips, 0.15), (chest[0], 0.10), (chest[1], 0.10)], look.shirt, 1.02);
        }
        let (elbow, hand) = (frame.point(0.22, side * 0.26, 1.16), frame.point(0.36, side * 0.23, 1.03));
        figure.balls(&[(frame.point(0.08, side * 0.18, 1.40), 0.065), (elbow, 0.05)], look.shirt, 0.9);
        figure.balls(&[(elbow, 0.05), (hand, 0.045)], look.skin, 0.95);
    }
    let ahead = figure.shows(frame.at, frame.forward);
    let crown = Frame { at: frame.point(0.14, 0.0, 0.06), forward: frame.forward, left: frame.left, k: 1.0 };
    head(figure, &crown, &look, ahead, ride.dice);
    if ride.dice.chance(21, 0.5) {
        let helmet = hex(ride.dice.pick(22, &[0xf0ede4, 0xd9534a, 0x2f4858, 0xf0c14b]));
        figure.balls(&[(crown.point(0.05, 0.0, 1.69), 0.10), (crown.point(-0.07, 0.0, 1.68), 0.09)], helmet, 1.05);
    }
    figure.shadow(&[
        frame.point(-0.85, 0.0, 0.0),
        frame.point(0.85, 0.0, 0.0),
        frame.point(0.5, 0.0, 0.9),
        at(-0.5, 0.7),
    ]);
    figure.shadow(&[
        hips,
        frame.point(0.1, 0.2, 1.4),
        frame.point(0.1, -0.2, 1.4),
        frame.point(0.2, 0.0, 1.75),
        at(0.0, 0.6),
    ]);
}

fn wheel(figure: &mut Figure, hub: V3, forward: V3) {
    const RIM: [(f32, f32); 8] = [
        (1.0, 0.0),
        (std::f32::consts::FRAC_1_SQRT_2, std::f32::consts::FRAC_1_SQRT_2),
        (0.0, 1.0),
        (-std::f32::consts::FRAC_1_SQRT_2, std::f32::consts::FRAC_1_SQRT_2),
        (-1.0, 0.0),
        (-std::f32::consts::FRAC_1_SQRT_2, -std::f32::consts::FRAC_1_SQRT_2),
        (0.0, -1.0),
        (std::f32::consts::FRAC_1_SQRT_2, -std::f32::consts::FRAC_1_SQRT_2),
    ];
    let at = |i: usize| {
        let (x, z) = RIM[i % 8];
        hub + forward * (x * 0.33) + v3(0.0, 0.0, z * 0.33)
    };
    for i in 0..8 {
        figure.rod(at(i), at(i + 1), 0.028, hex(0x25272a));
    }
}

fn pedals(figure: &mut Figure, frame: &Frame, look: &Look, side: f32, turns: f32) {
    let half = if side > 0.0 { 0.0 } else { 0.5 };
    let (x, z) = (swing(turns + half), swing(turns + half + 0.25));
    let hip = frame.point(-0.2, side * 0.09, 0.95);
    let foot = frame.point(-0.05 + 0.17 * x, side * 0.12, 0.34 + 0.17 * z);
    let knee = frame.point(0.17 + 0.07 * x, side * 0.11, 0.70 + 0.11 * z);
    figure.balls(&[(hip, 0.10), (knee, 0.075)], look.trousers, 0.98);
    figure.balls(&[(knee, 0.072), (foot, 0.052)], look.trousers, 0.93);
    figure.balls(&[(foot, 0.055), (foot + frame.forward * 0.12, 0.045)], look.shoes, 0.95);
}
