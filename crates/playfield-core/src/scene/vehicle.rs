//! Cars, vans and trucks: a few profiles, drawn out to their width.

use super::actor::{Kind, Ride};
use super::figure::Figure;
use super::light::{Colour, hex, scaled};
use super::space::{V3, v3};

const PAINTS: [u32; 14] = [
    0xc8443a, 0xeff0ee, 0x2d4f7c, 0x2b2d31, 0xb9bec3, 0x6d8fa8, 0xe2b13c, 0x4e7f5f, 0x8a8f95, 0xd9cdb4, 0x7b2f35,
    0xe8834a, 0x8fc0bd, 0x51565c,
];
const BOXES: [u32; 7] = [0xf2efe8, 0xd8dcde, 0x3f7f8f, 0xd9704a, 0xf0c75a, 0x577a5b, 0xb9533f];
const GLASS: u32 = 0x33434f;
const TYRE: u32 = 0x232528;

/// A point of a profile: along the vehicle from its middle, above the ground, and half the width there.
type Edge = (f32, f32, f32);

/// A vehicle's own axes.
struct Frame {
    at: V3,
    way: f32,
}

impl Frame {
    fn point(&self, along: f32, left: f32, up: f32) -> V3 {
        v3(self.at.x + self.way * along, self.at.y + self.way * left, up)
    }

    /// Draws a profile, given from the lower end of the tail over the top to the lower end of the front.
    fn shell(&self, figure: &mut Figure, profile: &[Edge], colour: Colour) {
        for pair in profile.windows(2) {
            figure.side(&self.strip(pair[0], pair[1], 1.0), colour);
        }
        for side in [1.0, -1.0] {
            let mut corners: Vec<V3> = profile.iter().map(|&(a, z, half)| self.point(a, side * half, z)).collect();
            if side < 0.0 {
                corners.reverse();
            }
            figure.side(&corners, colour);
        }
    }

    /// The strip between two edges of a profile, `share` of its width.
    fn strip(&self, a: Edge, b: Edge, share: f32) -> [V3; 4] {
        let (from, to) = (a.2 * share, b.2 * share);
        [self.point(a.0, -from, a.1), self.point(b.0, -to, b.1), self.point(b.0, to, b.1), self.point(a.0, from, a.1)]
    }

    /// A pane in the strip between two edges, so much of it in both directions.
    fn pane(&self, figure: &mut Figure, a: Edge, b: Edge, share: f32, colour: Colour) {
        let mix = |t: f32| (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t, a.2 + (b.2 - a.2) * t);
        figure.side(&self.strip(mix(0.5 - share / 2.0), mix(0.5 + share / 2.0), 0.5 + share * 0.45), colour);
    }

    /// A flat piece on both sides, where half the width is `half` at the height 0 and falls by `lean` a metre.
    fn panel(&self, figure: &mut Figure, corners: &[(f32, f32)], (half, lean): (f32, f32), colour: Colour) {
        for side in [1.0, -1.0] {
            let point = |&(a, z): &(f32, f32)| self.point(a, side * (half - lean * z), z);
            let mut places: Vec<V3> = corners.iter().map(point).collect();
            if side < 0.0 {
                places.reverse();
            }
            figure.side(&places, colour);
        }
    }

    fn wheels(&self, figure: &mut Figure, axles: &[f32], half: f32, radius: f32) {
        for side in [1.0, -1.0] {
            let outward = v3(0.0, self.way * side, 0.0);
            for &axle in axles {
                let hub = self.point(axle, side * half, radius);
                if figure.shows(hub, outward) {
                    let along = v3(1.0, 0.0, 0.0);
                    figure.disc(hub + v3(0.0, 0.0, 0.03), along, radius * 1.16, hex(0x1b1c1f));
                    figure.disc(hub, along, radius, hex(TYRE));
                    figure.disc(hub, along, radius * 0.56, hex(0xa9aeb3));
                }
            }
        }
    }

    /// Headlights in front, red lights behind.
    fn lights(&self, figure: &mut Figure, (tail, front): (f32, f32), up: (f32, f32), half: f32, brakes: bool) {
        for side in [-1.0, 1.0] {
            let (outer, inner) = (side * half * 0.94, side * half * 0.58);
            let quad =
                |a: f32| [(outer, up.0), (inner, up.0), (inner, up.1), (outer, up.1)].map(|(y, z)| self.point(a, y, z));
            if figure.shows(self.point(front, 0.0, 0.6), v3(self.way, 0.0, 0.0)) {
                figure.lamp(&quad(front), hex(0xf7f3e2), 1.5);
            }
            if figure.shows(self.point(tail, 0.0, 0.6), v3(-self.way, 0.0, 0.0)) {
                let red = if brakes { hex(0xf2402c) } else { hex(0xa02a22) };
                figure.lamp(&quad(tail), red, if brakes { 1.6 } else { 0.7 });
            }
        }
    }

    /// The dark below, and the shadow of a block of this length, width and height on the ground.
    fn ground(&self, figure: &mut Figure, tail: f32, front: f32, half: f32) {
        let corners =
            [(tail, -half), (front, -half), (front, half), (tail, half)].map(|(a, y)| self.point(a, y * 0.96, 0.02));
        let dark = super::light::Paint { colour: hex(0x202226), sky: 0.8, sun: 0.1, lamps: 0.2 };
        figure.face(&corners, dark, 0.5);
    }

    fn shadow(&self, figure: &mut Figure, blocks: &[(f32, f32, f32, f32)]) {
        for &(tail, front, half, top) in blocks {
            let corner = |i: usize| {
                let a = if i & 1 == 0 { tail } else { front };
                self.point(a, if i & 2 == 0 { -half } else { half }, if i & 4 == 0 { 0.0 } else { top })
            };
            figure.shadow(&std::array::from_fn::<V3, 8, _>(corner));
        }
    }
}

/// A car, a van or a truck.
pub(super) fn body(figure: &mut Figure, ride: &Ride) {
    let frame = Frame { at: v3(ride.x, ride.y, 0.0), way: ride.way };
    let paint = hex(ride.dice.pick(0, &PAINTS));
    match ride.kind {
        Kind::Truck => truck(figure, &frame, ride, paint),
        Kind::Van => van(figure, &frame, ride, paint),
        kind => car(figure, &frame, ride, kind, paint),
    }
}

fn car(figure: &mut Figure, frame: &Frame, ride: &Ride, kind: Kind, paint: Colour) {
    let l = kind.length() / 2.0;
    let w = 0.90;
    let lower = [
        (-l, 0.28, w * 0.94),
        (-l - 0.02, 0.62, w * 0.96),
        (-l + 0.12, 0.93, w * 0.95),
        (l - 1.15, 0.95, w * 0.95),
        (l - 0.12, 0.76, w * 0.92),
        (l, 0.52, w * 0.92),
        (l - 0.03, 0.28, w * 0.92),
    ];
    let (rear, roof) = match kind {
        Kind::Sedan => (-l + 0.55, (-l + 1.35, l - 2.15)),
        Kind::Hatchback => (-l + 0.12, (-l + 0.55, l - 1.95)),
        _ => (-l + 0.10, (-l + 0.45, l - 2.10)),
    };
    let top = if kind == Kind::Estate { 1.58 } else { 1.45 };
    let cabin = [(rear, 0.92, w * 0.93), (roof.0, top, w * 0.76), (roof.1, top, w * 0.76), (l - 1.2, 0.94, w * 0.93)];
    frame.shadow(figure, &[(-l, l, w, 0.8), (roof.0, roof.1, w * 0.8, top)]);
    frame.ground(figure, -l, l, w);
    frame.shell(figure, &lower, paint);
    frame.panel(
        figure,
        &[(-l + 0.1, 0.28), (-l + 0.1, 0.38), (l - 0.1, 0.38), (l - 0.1, 0.28)],
        (w * 0.97, 0.0),
        scaled(paint, 0.55),
    );
    frame.wheels(figure, &[-l + 0.82, l - 0.86], w * 0.97, 0.31);
    frame.lights(figure, (-l - 0.03, l + 0.01), (0.58, 0.76), w, ride.brakes);
    frame.shell(figure, &cabin, paint);
    frame.pane(figure, cabin[0], cabin[1], 0.78, hex(GLASS));
    frame.pane(figure, cabin[2], cabin[3], 0.84, hex(0x3d505d));
    let lean = w * 0.17 / (top - 0.93);
    let skin = (w * 0.945 + lean * 0.93, lean);
    let middle = (roof.0 + roof.1) / 2.0 + 0.1;
    let (low, high) = (0.99, top - 0.07);
    let slope = |base: f32, end: f32, z: f32| base + (end - base) * (z - 0.93) / (top - 0.93);
    let (back, fore) = (|z| slope(rear, roof.0, z) + 0.16, |z| slope(l - 1.2, roof.1, z) - 0.16);
    frame.panel(
        figure,
        &[(back(low), low), (back(high), high), (middle - 0.05, high), (middle - 0.05, low)],
        skin,
        hex(GLASS),
    );
    frame.panel(
        figure,
        &[(middle + 0.05, low), (middle + 0.05, high), (fore(high), high), (fore(low), low)],
        skin,
        hex(0x3a4c58),
    );
    if ride.dice.chance(3, 0.08) {
        let sign = [(-0.3, 1.46, 0.16), (-0.25, 1.62, 0.14), (-0.05, 1.62, 0.14), (0.0, 1.46, 0.16)];
        frame.shell(figure, &sign, hex(0xf4c542));
    }
}

fn van(figure: &mut Figure, frame: &Frame, ride: &Ride, paint: Colour) {
    let (l, w) = (Kind::Van.length() / 2.0, 0.99);
    let top = 2.35;
    let shell = [
        (-l, 0.34, w),
        (-l, top - 0.08, w * 0.94),
        (-l + 0.2, top, w * 0.92),
        (l - 1.75, top, w * 0.92),
        (l - 0.78, 1.2, w * 0.95),
        (l - 0.78, 0.34, w * 0.95),
    ];
    let nose = [
        (l - 0.8, 0.34, w * 0.94),
        (l - 0.8, 1.2, w * 0.94),
        (l - 0.1, 1.0, w * 0.92),
        (l, 0.7, w * 0.92),
        (l, 0.34, w * 0.92),
    ];
    let ahead = figure.farther(frame.point(-l, 0.0, 1.0), frame.point(l, 0.0, 1.0));
    frame.shadow(figure, &[(-l, l - 1.5, w, top), (-l, l, w, 1.0)]);
    frame.ground(figure, -l, l, w);
    if !ahead {
        frame.shell(figure, &nose, paint);
    }
    frame.shell(figure, &shell, paint);
    frame.pane(figure, shell[3], shell[4], 0.84, hex(0x3d505d));
    if ahead {
        frame.shell(figure, &nose, paint);
    }
    frame.pane(figure, (-l - 0.01, 1.3, w), (-l - 0.01, 2.2, w * 0.94), 0.8, hex(GLASS));
    let skin = (w * 1.005 + 0.02, 0.032);
    frame.panel(figure, &[(l - 2.3, 1.3), (l - 2.3, 2.0), (l - 1.55, 2.0), (l - 1.05, 1.3)], skin, hex(GLASS));
    frame.panel(
        figure,
        &[(-l + 0.1, 0.36), (-l + 0.1, 0.5), (l - 0.1, 0.5), (l - 0.1, 0.36)],
        skin,
        scaled(paint, 0.55),
    );
    frame.wheels(figure, &[-l + 1.0, l - 0.95], w * 1.0, 0.36);
    frame.lights(figure, (-l - 0.02, l + 0.01), (0.7, 0.95), w, ride.brakes);
}

fn truck(figure: &mut Figure, frame: &Frame, ride: &Ride, paint: Colour) {
    let (l, w) = (Kind::Truck.length() / 2.0, 1.2);
    let load = hex(ride.dice.pick(1, &BOXES));
    let top = ride.dice.between(2, 2.9, 3.5);
    frame.shadow(figure, &[(-l, l - 2.2, w, top), (-l, l, w, 2.5)]);
    frame.ground(figure, -l, l, w);
    let mut parts = [true, false];
    if !figure.farther(frame.point(-l, 0.0, 1.5), frame.point(l, 0.0, 1.5)) {
        parts = [false, true];
    }
    frame.shell(figure, &[(-l, 0.55, 0.9), (-l, 0.95, 0.9), (l - 0.5, 0.95, 0.9), (l - 0.5, 0.55, 0.9)], hex(0x3b3e43));
    frame.wheels(figure, &[-l + 1.1, -l + 2.15], w * 0.97, 0.46);
    for is_load in parts {
        match is_load {
            true => cargo(figure, frame, ride, (-l, l - 2.25), (w, top), load),
            false => cab(figure, frame, l, w, paint),
        }
    }
    frame.wheels(figure, &[l - 1.25], w * 0.97, 0.46);
}

fn cargo(
    figure: &mut Figure,
    frame: &Frame,
    ride: &Ride,
    (tail, front): (f32, f32),
    (w, top): (f32, f32),
    load: Colour,
) {
    frame.shell(figure, &[(tail, 0.95, w), (tail, top, w), (front, top, w), (front, 0.95, w)], load);
    let band = if ride.dice.chance(4, 0.5) { scaled(load, 0.8) } else { hex(0xf2efe8) };
    let (low, high) = (top - 1.05, top - 0.75);
    frame.panel(figure, &[(tail, low), (tail, high), (front, high), (front, low)], (w + 0.01, 0.0), band);
    frame.pane(figure, (tail - 0.01, 1.0, w), (tail - 0.01, top - 0.05, w), 0.9, scaled(load, 0.88));
    frame.lights(figure, (tail - 0.02, 999.0), (0.72, 0.9), w, ride.brakes);
}

fn cab(figure: &mut Figure, frame: &Frame, l: f32, w: f32, paint: Colour) {
    let w = w * 0.95;
    let shell = [
        (l - 2.05, 0.5, w),
        (l - 2.05, 2.65, w * 0.94),
        (l - 0.55, 2.65, w * 0.92),
        (l - 0.08, 1.55, w * 0.97),
        (l, 0.5, w),
    ];
    frame.shell(figure, &shell, paint);
    frame.pane(figure, shell[2], shell[3], 0.82, hex(0x3d505d));
    let skin = (w * 1.01 + 0.04, 0.03);
    frame.panel(figure, &[(l - 1.5, 1.6), (l - 1.5, 2.35), (l - 0.6, 2.35), (l - 0.32, 1.6)], skin, hex(GLASS));
    frame.lights(figure, (-999.0, l + 0.02), (0.72, 0.98), w, false);
}
