//! Bodies as a camera sees them: flat faces, each with its paint, in the order in which they cover each other.
//!
//! The same faces are drawn, measured for the truth, and asked what they hide: so the three agree.

use super::fill::{self, CORNERS};
use super::light::{Colour, Paint};
use super::space::{Camera, Spot, V3};

/// Corners of a circle: every 22.5 degrees.
const RING: [(f32, f32); 16] = {
    const A: f32 = 0.923_879_5;
    const B: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const C: f32 = 0.382_683_43;
    [
        (1.0, 0.0),
        (A, C),
        (B, B),
        (C, A),
        (0.0, 1.0),
        (-C, A),
        (-B, B),
        (-A, C),
        (-1.0, 0.0),
        (-A, -C),
        (-B, -B),
        (-C, -A),
        (0.0, -1.0),
        (C, -A),
        (B, -B),
        (A, -C),
    ]
};

/// A flat face.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    first: u32,
    corners: u32,
    pub(super) paint: Paint,
    /// 1: hides what is behind.
    pub(super) alpha: f32,
}

/// From the upper left to the lower right corner of something in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: Spot,
    pub(super) high: Spot,
}

impl Bounds {
    const NONE: Bounds = Bounds { low: Spot { x: f32::MAX, y: f32::MAX }, high: Spot { x: f32::MIN, y: f32::MIN } };

    /// Around these spots.
    pub(super) fn of(spots: impl Iterator<Item = Spot>) -> Bounds {
        let mut bounds = Bounds::NONE;
        spots.for_each(|spot| bounds.add(spot));
        bounds
    }

    fn add(&mut self, spot: Spot) {
        self.low = Spot { x: self.low.x.min(spot.x), y: self.low.y.min(spot.y) };
        self.high = Spot { x: self.high.x.max(spot.x), y: self.high.y.max(spot.y) };
    }

    /// Whether two have something in common.
    pub(super) fn meets(&self, other: &Bounds) -> bool {
        self.low.x < other.high.x && other.low.x < self.high.x && self.low.y < other.high.y && other.low.y < self.high.y
    }
}

/// A body, seen.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    camera: Camera,
    sun: V3,
    spots: Vec<Spot>,
    faces: Vec<Face>,
    /// Corners of its shadows on the ground, one polygon after the other.
    shadows: Vec<Vec<Spot>>,
    casts: bool,
    /// What it covers, shadows left out.
    pub(super) bounds: Bounds,
}

impl Figure {
    /// Nothing yet. Shadows are left out unless it `casts` them.
    pub(super) fn new(camera: &Camera, sun: V3, casts: bool) -> Figure {
        Figure {
            camera: *camera,
            sun,
            spots: Vec::with_capacity(160),
            faces: Vec::with_capacity(24),
            shadows: Vec::new(),
            casts,
            bounds: Bounds::NONE,
        }
    }

    /// Its faces with their corners, the first drawn first.
    pub(super) fn faces(&self) -> impl Iterator<Item = (&Face, &[Spot])> {
        self.faces.iter().map(|face| (face, &self.spots[face.first as usize..(face.first + face.corners) as usize]))
    }

    /// Its shadows on the ground.
    pub(super) fn shadows(&self) -> impl Iterator<Item = &[Spot]> {
        self.shadows.iter().map(Vec::as_slice)
    }

    /// Whether it covers a spot.
    pub(super) fn covers(&self, at: Spot) -> bool {
        self.faces().any(|(face, corners)| face.alpha > 0.5 && fill::holds(corners, at))
    }

    /// A flat face with this paint, whichever way it looks.
    pub(super) fn face(&mut self, corners: &[V3], paint: Paint, alpha: f32) {
        let first = self.spots.len();
        for &corner in corners.iter().take(CORNERS) {
            let spot = self.camera.see(corner).0;
            self.bounds.add(spot);
            self.spots.push(spot);
        }
        self.close(first, paint, alpha);
    }

    /// A flat face of a solid body: left out where it looks away. Corners go against the clock, seen from outside.
    pub(super) fn side(&mut self, corners: &[V3], colour: Colour) -> bool {
        let normal = (corners[1] - corners[0]).cross(corners[corners.len() - 1] - corners[0]);
        let seen = normal.dot(self.camera.eye - corners[0]) > 0.0;
        if seen {
            self.face(corners, Paint::facing(colour, normal.unit(), self.sun), 1.0);
        }
        seen
    }

    /// Whether `a` is farther away than `b`.
    pub(super) fn farther(&self, a: V3, b: V3) -> bool {
        self.camera.depth(a) > self.camera.depth(b)
    }

    /// Whether something that faces this way shows its face.
    pub(super) fn shows(&self, at: V3, normal: V3) -> bool {
        normal.dot(self.camera.eye - at) > 0.0
    }

    /// A thin rod.
    pub(super) fn rod(&mut self, from: V3, to: V3, radius: f32, colour: Colour) {
        let ((a, scale), (b, _)) = (self.camera.see(from), self.camera.see(to));
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = (dx * dx + dy * dy).sqrt();
        if length > 0.0 {
            let (nx, ny) = (-dy / length * radius * scale, dx / length * radius * scale);
            let first = self.spots.len();
            for spot in [(a, 1.0), (b, 1.0), (b, -1.0), (a, -1.0)] {
                let spot = Spot { x: spot.0.x + nx * spot.1, y: spot.0.y + ny * spot.1 };
                self.bounds.add(spot);
                self.spots.push(spot);
            }
            self.close(first, Paint { colour, sky: 0.85, sun: 0.5, lamps: 0.5 }, 1.0);
        }
    }

    /// Something that shines by itself when lamps are lit.
    pub(super) fn lamp(&mut self, corners: &[V3], colour: Colour, glow: f32) {
        self.face(corners, Paint { colour, sky: 1.0, sun: 0.4, lamps: glow }, 1.0);
    }

    /// The hull of balls: limbs, heads, coats. `tone` makes it lighter or darker.
    pub(super) fn balls(&mut self, balls: &[(V3, f32)], colour: Colour, tone: f32) {
        let mut discs = [(Spot::default(), 0.0); 5];
        let count = balls.len().min(discs.len());
        for (disc, &(at, radius)) in discs.iter_mut().zip(balls) {
            let (middle, scale) = self.camera.see(at);
            let r = radius * scale;
            self.bounds.add(Spot { x: middle.x - r, y: middle.y - r });
            self.bounds.add(Spot { x: middle.x + r, y: middle.y + r });
            *disc = (middle, r);
        }
        let first = self.spots.len();
        // In each direction, the disc that reaches farthest has the corner.
        for (x, y) in RING {
            let reach = |disc: &(Spot, f32)| disc.0.x * x + disc.0.y * y + disc.1;
            let farther = |a: (Spot, f32), b: &(Spot, f32)| if reach(b) > reach(&a) { *b } else { a };
            let (middle, r) = discs[1..count].iter().fold(discs[0], farther);
            self.spots.push(Spot { x: middle.x + x * r, y: middle.y + y * r });
        }
        let paint = Paint { colour, sky: 0.86 * tone, sun: 0.62 * tone, lamps: 0.6 * tone };
        self.close(first, paint, 1.0);
    }

    /// A flat ring or disc that stands upright along `along`: wheels.
    pub(super) fn disc(&mut self, middle: V3, along: V3, radius: f32, colour: Colour) {
        let corners = RING.map(|(x, z)| middle + along * (x * radius) + V3 { x: 0.0, y: 0.0, z: z * radius });
        self.face(&corners, Paint { colour, sky: 0.8, sun: 0.35, lamps: 0.4 }, 1.0);
    }

    /// The shadow that these places cast on the ground together.
    pub(super) fn shadow(&mut self, places: &[V3]) {
        if !self.casts {
            return;
        }
        let mut cloud = [Spot::default(); CORNERS];
        let count = places.len().min(CORNERS);
        for (spot, at) in cloud.iter_mut().zip(places) {
            let fall = *at - self.sun * (at.z / self.sun.z);
            *spot = self.camera.see(fall).0;
        }
        let mut corners = Vec::with_capacity(12);
        hull(&mut cloud[..count], &mut corners);
        self.shadows.push(corners);
    }

    fn close(&mut self, first: usize, paint: Paint, alpha: f32) {
        let corners = (self.spots.len() - first) as u32;
        if corners > 2 {
            self.faces.push(Face { first: first as u32, corners, paint, alpha });
        }
    }
}

/// The convex hull of a cloud of spots, appended to `out` (Andrew's monotone chain).
fn hull(cloud: &mut [Spot], out: &mut Vec<Spot>) {
    cloud.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let turns = |out: &[Spot], to: Spot| {
        let [.., a, b] = out else { return true };
        (b.x - a.x) * (to.y - a.y) - (b.y - a.y) * (to.x - a.x) > 0.0
    };
    let mut walk = |spots: &mut dyn Iterator<Item = Spot>| {
        let from = out.len();
        for spot in spots {
            while out.len() >= from + 2 && !turns(&out[from..], spot) {
                out.pop();
            }
            out.push(spot);
        }
        out.pop();
    };
    walk(&mut cloud.iter().copied());
    walk(&mut cloud.iter().rev().copied());
}
