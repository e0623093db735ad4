//! The street: what stands where.
//!
//! ```text
//!    y
//!    |   houses
//!    |   far pavement      people
//!    |   parked cars
//!    |   bicycles   <-
//!    |   lanes      <-            | zebra crossing |
//!    |   lanes      ->            |     at x = 0    |
//!    |   bicycles   ->
//!    0   near pavement     people
//!    |   park: grass, trees
//!    |          camera
//! ```
//! Traffic keeps to the right. The kerb of the near pavement is y = 0; the middle of the crossing is x = 0.

use super::dice::Dice;
use super::light::{Colour, hex};
use super::space::{Camera, V3, v3};

/// Width of a lane for bicycles.
const BIKE_LANE: f32 = 1.6;
/// Width of the row of parked cars.
const PARKING: f32 = 2.2;

/// A strip on which something moves along the street.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lane {
    /// Its middle.
    pub(super) y: f32,
    /// 1: to the right; -1: to the left.
    pub(super) way: f32,
}

/// A house of the far side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct House {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) height: f32,
    pub(super) wall: Colour,
    pub(super) trim: Colour,
    /// Awning and door.
    pub(super) cloth: Colour,
    /// Distance of the windows of a floor, in metres.
    pub(super) pace: f32,
    pub(super) seed: u32,
}

/// A tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tree {
    pub(super) at: V3,
    /// Height of the whole.
    pub(super) height: f32,
    /// Radius of its crown.
    pub(super) spread: f32,
    pub(super) leaf: Colour,
    pub(super) seed: u64,
}

/// Colours of the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ground {
    pub(super) grass: Colour,
    pub(super) pavement: Colour,
    pub(super) asphalt: Colour,
    pub(super) bikes: Colour,
    pub(super) marks: Colour,
}

/// All that stands still.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) camera: Camera,
    /// Towards the sun.
    pub(super) sun: V3,
    /// Shift of the day, as a share of it.
    pub(super) dawn: f32,
    /// Depth of the near and the far pavement.
    pub(super) walks: (f32, f32),
    /// Lanes of cars and trucks, the nearest first.
    pub(super) lanes: Vec<Lane>,
    pub(super) lane_width: f32,
    /// Lanes of bicycles.
    pub(super) bikes: Vec<Lane>,
    /// The far kerb.
    pub(super) kerb: f32,
    /// Where cars may be parked: the middle of the row, if there is one.
    pub(super) parking: Option<f32>,
    /// Half the width of the crossing.
    pub(super) crossing: f32,
    /// Bars of its paint.
    pub(super) bars: f32,
    pub(super) houses: Vec<House>,
    pub(super) trees: Vec<Tree>,
    /// Feet of lamp posts.
    pub(super) lamps: Vec<V3>,
    /// Benches of the park.
    pub(super) benches: Vec<V3>,
    /// Planters before the houses.
    pub(super) planters: Vec<V3>,
    pub(super) ground: Ground,
    pub(super) sky: (Colour, Colour),
}

const WALLS: [u32; 12] = [
    0xe8c9a0, 0xd98f6c, 0xb7c4b1, 0xf0e3c8, 0xc96f5a, 0x9db4c0, 0xe6b8a2, 0xd8d2c4, 0xa9b7a0, 0xf2d5b0, 0x8fa3ad,
    0xcbb8d0,
];
const CLOTH: [u32; 8] = [0xc0453a, 0x2f7f79, 0xd9a441, 0x3b5b8c, 0x6f8f4e, 0x8c4a6b, 0xdd7a4a, 0x455a64];
const LEAVES: [u32; 6] = [0x6f9f4a, 0x5f8f48, 0x86a84e, 0x7a9a3f, 0x4f8450, 0xa3a84a];

impl Layout {
    /// The street of the demonstration: made to be looked at.
    pub(super) fn street() -> Layout {
        let dice = Dice::new(0x57_ee7);
        let mut street = Layout::strips(2, (3.6, 4.4), 3.3, true);
        street.camera = Camera::new(v3(-13.0, -10.5, 8.0), v3(4.6, 7.6, 2.0), 1.26);
        street.sun = v3(-0.50, -0.52, 0.74).unit();
        street.dawn = 0.08;
        street.furnish(dice, 1.0);
        street
    }

    /// A street that nobody has seen before.
    pub(super) fn random(seed: u64) -> Layout {
        let dice = Dice::new(seed).of(1);
        let lanes = 1 + dice.below(0, 2);
        let walks = (dice.between(1, 2.6, 4.5), dice.between(2, 3.0, 5.5));
        let mut street = Layout::strips(lanes * 2, walks, dice.between(3, 3.0, 3.6), dice.chance(4, 0.7));
        street.camera = camera(dice.of(1), street.kerb);
        street.sun = v3(dice.between(5, -0.9, 0.9), dice.between(6, -0.8, -0.1), dice.between(7, 0.45, 0.95)).unit();
        street.dawn = dice.unit(8);
        street.ground = ground(dice.of(2));
        street.furnish(dice.of(3), dice.between(9, 0.3, 1.4));
        street
    }

    /// A bare street of so many lanes.
    fn strips(lanes: usize, walks: (f32, f32), lane_width: f32, parked: bool) -> Layout {
        let lane = |i: usize| Lane {
            y: BIKE_LANE + (i as f32 + 0.5) * lane_width,
            way: if i < lanes / 2 { 1.0 } else { -1.0 },
        };
        let upper = BIKE_LANE + lanes as f32 * lane_width;
        let bikes = vec![Lane { y: BIKE_LANE / 2.0, way: 1.0 }, Lane { y: upper + BIKE_LANE / 2.0, way: -1.0 }];
        let row = upper + BIKE_LANE;
        Layout {
            camera: Camera::new(v3(0.0, -10.0, 8.0), v3(0.0, 8.0, 0.0), 1.5),
            sun: v3(0.0, 0.0, 1.0),
            dawn: 0.0,
            walks,
            lanes: (0..lanes).map(lane).collect(),
            lane_width,
            bikes,
            kerb: if parked { row + PARKING } else { row },
            parking: parked.then_some(row + PARKING / 2.0),
            crossing: 2.0,
            bars: ((row + 1.3) / 1.0).round(),
            houses: Vec::new(),
            trees: Vec::new(),
            lamps: Vec::new(),
            benches: Vec::new(),
            planters: Vec::new(),
            ground: Ground {
                grass: hex(0x8fae62),
                pavement: hex(0xd2c8b8),
                asphalt: hex(0x676a70),
                bikes: hex(0xa9675a),
                marks: hex(0xeeece4),
            },
            sky: (hex(0x8fc1e3), hex(0xe9f1f2)),
        }
    }

    /// Where houses begin.
    pub(super) fn front(&self) -> f32 {
        self.kerb + self.walks.1
    }

    /// Whether a place of the far side is kept free of parked cars: the crossing and what must be seen before it.
    pub(super) fn keeps_clear(&self, x: f32) -> bool {
        x.abs() < self.crossing + 5.0
    }

    fn furnish(&mut self, dice: Dice, green: f32) {
        self.houses = houses(dice.of(1));
        self.trees = self.plant(dice.of(2), green);
        let (near, far) = (-0.45, self.kerb + 0.45);
        let posts = (-3..7).map(|i| i as f32 * 17.0 - 9.0);
        self.lamps = posts.flat_map(|x| [v3(x, far, 0.0), v3(x + 12.5, near, 0.0)]).collect();
        self.lamps.retain(|at| self.camera.depth(*at) > 9.0);
        let bench =
            |i: i32| v3(dice.of(3).between(i as u64 & 63, -2.0, 2.0) + i as f32 * 9.0, -self.walks.0 - 0.5, 0.0);
        let pots = (-9..20).filter(|i| dice.of(4).chance(*i as u64 & 63, 0.45));
        self.planters = pots.map(|i| v3(i as f32 * 5.2 + 1.5, self.front() - 0.45, 0.0)).collect();
        self.benches = (-2..6).map(bench).filter(|at| self.camera.depth(*at) > 9.0).collect();
    }

    /// Trees of the park and of the far pavement; none hides much of the street from the camera.
    fn plant(&self, dice: Dice, green: f32) -> Vec<Tree> {
        let mut trees = Vec::new();
        for i in 0..14 {
            let d = dice.of(i);
            let x = i as f32 * 9.0 - 34.0 + d.between(0, -1.5, 1.5);
            if d.chance(1, 0.62 * green) && x.abs() > 4.5 {
                trees.push(tree(d, v3(x, self.kerb + 1.0, 0.0), 4.2, 5.6));
            }
            let park = v3(x + d.between(2, -4.0, 4.0), -self.walks.0 - d.between(3, 2.0, 7.0), 0.0);
            if d.chance(4, 0.7 * green) && self.camera.depth(park) > 17.0 {
                trees.push(tree(d.of(1), park, 4.0, 7.0));
            }
        }
        trees
    }
}

fn tree(dice: Dice, at: V3, low: f32, high: f32) -> Tree {
    let height = dice.between(10, low, high);
    let leaf = hex(dice.pick(11, &LEAVES));
    Tree { at, height, spread: height * dice.between(12, 0.24, 0.32), leaf, seed: dice.bits(13) }
}

/// A camera on a mast in the park, or over the near pavement, looking across and along the street to either side.
fn camera(dice: Dice, kerb: f32) -> Camera {
    let side = if dice.chance(0, 0.5) { 1.0 } else { -1.0 };
    let back = dice.between(1, 5.0, 15.0);
    let eye = v3(-side * dice.between(2, 0.0, 17.0), -back, dice.between(3, 4.5, 12.0));
    let target = v3(side * dice.between(4, -2.0, 9.0), kerb * dice.between(5, 0.35, 0.8), 0.8);
    let far = (target - eye).length();
    Camera::new(eye, target, (dice.between(6, 0.055, 0.085) * far).clamp(1.0, 2.3))
}

fn ground(dice: Dice) -> Ground {
    let grey = dice.between(0, 0.30, 0.56);
    let warm = dice.between(1, -0.03, 0.05);
    Ground {
        grass: hex(dice.pick(2, &[0x8fae62, 0x7fa05a, 0x9aa75c, 0xb0a878, 0x6f9560])),
        pavement: hex(dice.pick(3, &[0xd2c8b8, 0xbfbdb8, 0xc9b8a4, 0xa9a8a6, 0xdcd6ca])),
        asphalt: [grey + warm, grey + 0.01, grey + 0.03 - warm],
        bikes: hex(dice.pick(4, &[0xa9675a, 0x6a6d72, 0x6f8f78, 0x5f7f9f])),
        marks: hex(dice.pick(5, &[0xeeece4, 0xf2eed8, 0xd8d6d0])),
    }
}

fn houses(dice: Dice) -> Vec<House> {
    let mut houses = Vec::new();
    let mut left = -70.0;
    while left < 150.0 {
        let i = houses.len() as u64;
        let d = dice.of(i);
        let width = d.between(0, 7.0, 13.5);
        let wall = WALLS[(d.below(1, 4) * 3 + i as usize) % WALLS.len()];
        houses.push(House {
            left,
            right: left + width,
            height: 4.2 + 3.1 * (2 + d.below(2, 3)) as f32 + d.between(3, 0.3, 0.9),
            wall: hex(wall),
            trim: hex(d.pick(4, &[0xf7f1e3, 0xe9dfcb, 0x5d5348, 0xf3ead8])),
            cloth: hex(CLOTH[(d.below(5, 3) + i as usize * 3) % CLOTH.len()]),
            pace: d.between(6, 1.9, 2.7),
            seed: d.bits(7) as u32,
        });
        left += width;
        if d.chance(8, 0.12) {
            left += 2.5;
        }
    }
    houses
}
