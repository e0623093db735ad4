//! The picture without anything that moves, worked out once for each size.
//!
//! Rays are cast through every pixel; what they meet is kept as three pictures, one for each kind of light (see `light`), so that
//! the street under any light is their sum. Where the things are that rise from the ground is kept too: they hide what moves
//! behind them.

use super::dice::{ease, speck};
use super::layout::Layout;
use super::light::{Colour, LAMP, between, hex, scaled};
use super::solids::{LAMP_HEIGHT, Ray, Solid, Stuff, solids};
use super::space::{ASPECT, Camera, Spot, V3, v3};
use super::surface;

/// Pixels of a tile's side: rays of a tile look at the same few solids.
const TILE: usize = 16;
/// Where in a pixel its four rays go through.
const RAYS: [(f32, f32); 4] = [(0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875)];

/// The street without what moves.
#[derive(Clone, Debug)]
pub(super) struct Backdrop {
    /// In pixels.
    pub(super) size: (usize, usize),
    /// As the sky, the sun and the lamps show it.
    pub(super) layers: [Vec<[u8; 4]>; 3],
    /// How far across the street that is which rises from the ground; far away where nothing does.
    pub(super) across: Vec<f32>,
    /// How much of the pixel that covers, 0 to 255.
    pub(super) hides: Vec<u8>,
}

/// What one ray brings back: what it saw by each light, and how far across the street that rises.
struct Seen {
    layers: [Colour; 3],
    rises: Option<f32>,
}

struct Stage<'a> {
    street: &'a Layout,
    solids: Vec<Solid>,
    casters: Casters,
}

/// What may stand between a place and the sun: solids by the cells of the ground on which their shadows fall.
struct Casters(Vec<Vec<u16>>);

impl Casters {
    const CELL: f32 = 3.0;
    const SIDE: usize = 80;

    fn new(solids: &[Solid], street: &Layout) -> Casters {
        let sun = street.sun;
        let mut cells = vec![Vec::new(); Self::SIDE * Self::SIDE];
        for (i, solid) in solids.iter().enumerate() {
            // The sun stands on the camera's side: houses throw their shadows away.
            if solid.corners().iter().all(|corner| corner.y > street.front() - 0.01) {
                continue;
            }
            let falls = solid.corners().map(|corner| fall(corner, sun));
            let range = |of: fn(&V3) -> f32| {
                let low = falls.iter().map(of).fold(f32::MAX, f32::min) - 0.3;
                let high = falls.iter().map(of).fold(f32::MIN, f32::max) + 0.3;
                Self::index(low)..=Self::index(high)
            };
            for row in range(|at| at.y) {
                for column in range(|at| at.x) {
                    cells[row * Self::SIDE + column].push(i as u16);
                }
            }
        }
        Casters(cells)
    }

    fn index(at: f32) -> usize {
        ((at + 110.0) / Self::CELL).clamp(0.0, Self::SIDE as f32 - 1.0) as usize
    }

    fn near(&self, at: V3, sun: V3) -> &[u16] {
        let on = fall(at, sun);
        &self.0[Self::index(on.y) * Self::SIDE + Self::index(on.x)]
    }
}

/// Where the ground is in line with a place and the sun.
fn fall(at: V3, sun: V3) -> V3 {
    at - sun * (at.z / sun.z)
}

impl Backdrop {
    /// Draws it: tens to hundreds of milliseconds.
    pub(super) fn draw(street: &Layout, size: (usize, usize)) -> Backdrop {
        let solids = solids(street);
        let casters = Casters::new(&solids, street);
        let stage = Stage { street, solids, casters };
        let count = size.0 * size.1;
        let layer = || vec![[0; 4]; count];
        let layers = [layer(), layer(), layer()];
        let mut backdrop = Backdrop { size, layers, across: vec![f32::MAX; count], hides: vec![0; count] };
        let boxes: Vec<_> = stage.solids.iter().map(|solid| extent(&street.camera, solid)).collect();
        for top in (0..size.1).step_by(TILE) {
            for left in (0..size.0).step_by(TILE) {
                backdrop.tile(&stage, &boxes, (left, top));
            }
        }
        backdrop
    }

    fn tile(&mut self, stage: &Stage<'_>, boxes: &[[f32; 4]], (left, top): (usize, usize)) {
        let (width, height) = self.size;
        let scale = (width as f32 / ASPECT, height as f32);
        let (right, bottom) = ((left + TILE).min(width), (top + TILE).min(height));
        let meets = |b: &[f32; 4]| {
            b[0] * scale.0 <= right as f32
                && b[2] * scale.0 >= left as f32
                && b[1] * scale.1 <= bottom as f32
                && b[3] * scale.1 >= top as f32
        };
        let near: Vec<usize> = (0..boxes.len()).filter(|&i| meets(&boxes[i])).collect();
        for y in top..bottom {
            for x in left..right {
                let rays = RAYS.map(|(dx, dy)| Spot { x: (x as f32 + dx) / scale.0, y: (y as f32 + dy) / scale.1 });
                self.pixel(stage, &near, y * width + x, rays);
            }
        }
    }

    /// Two rays go through every pixel, two more where they disagree.
    fn pixel(&mut self, stage: &Stage<'_>, near: &[usize], index: usize, rays: [Spot; 4]) {
        let look = |i: usize| stage.look(near, rays[i], (index * 4 + i) as i32);
        let mut seen = vec![look(0), look(3)];
        if seen[0].differs(&seen[1]) {
            seen.extend([look(1), look(2)]);
        }
        let share = 1.0 / seen.len() as f32;
        let hides: f32 = seen.iter().filter(|seen| seen.rises.is_some()).map(|_| share).sum();
        self.hides[index] = (hides * 255.0) as u8;
        self.across[index] = seen.iter().filter_map(|seen| seen.rises).fold(f32::MAX, f32::min);
        for (layer, kind) in self.layers.iter_mut().zip(0..) {
            let sum = |c: usize| seen.iter().map(|seen| seen.layers[kind][c]).sum::<f32>() * share;
            let [r, g, b] = [0, 1, 2].map(|c| (sum(c) * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
            layer[index] = [r, g, b, if kind == 0 { 255 } else { 0 }];
        }
    }
}

impl Seen {
    fn differs(&self, other: &Seen) -> bool {
        let far = |a: &Colour, b: &Colour| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() > 0.05;
        self.rises.is_some() != other.rises.is_some() || self.layers.iter().zip(&other.layers).any(|(a, b)| far(a, b))
    }
}

/// Where in the picture a solid can be seen: left, top, right, bottom.
fn extent(camera: &Camera, solid: &Solid) -> [f32; 4] {
    let mut out = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    for corner in solid.corners() {
        if camera.depth(corner) < 0.5 {
            return [f32::MIN, f32::MIN, f32::MAX, f32::MAX];
        }
        let spot = camera.see(corner).0;
        out = [out[0].min(spot.x), out[1].min(spot.y), out[2].max(spot.x), out[3].max(spot.y)];
    }
    if solid.corners().iter().all(|corner| camera.depth(*corner) < 0.5) { [0.0, 0.0, -1.0, -1.0] } else { out }
}

impl Stage<'_> {
    fn look(&self, near: &[usize], spot: Spot, salt: i32) -> Seen {
        let (eye, along) = (self.street.camera.eye, self.street.camera.ray(spot));
        let mut best = if along.z < -1e-4 { -eye.z / along.z } else { f32::MAX };
        let ray = Ray::new(eye, along);
        let mut hit: Option<(usize, V3)> = None;
        for &i in near {
            if let Some((t, normal)) = self.solids[i].meet(&ray)
                && t < best
            {
                best = t;
                hit = Some((i, normal));
            }
        }
        if best > 600.0 {
            return self.sky(spot);
        }
        let at = eye + along * best;
        let (colour, glow, normal) = match hit {
            Some((i, normal)) => self.stuff(i, at, normal),
            None => (surface::ground(self.street, at.x, at.y, 1.0 - ease((best - 8.0) / 26.0)), 0.0, v3(0.0, 0.0, 1.0)),
        };
        let mut layers = self.shine(at, normal, colour, glow, salt);
        let haze = 0.62 * ease((best - 35.0) / 150.0);
        for (layer, air) in layers.iter_mut().zip(self.air()) {
            *layer = between(*layer, air, haze);
        }
        Seen { layers, rises: hit.map(|_| at.y) }
    }

    /// The colour of the air at the horizon, by each light.
    fn air(&self) -> [Colour; 3] {
        let low = self.street.sky.1;
        [scaled(low, 0.95), scaled(low, 0.62), scaled(low, 0.04)]
    }

    fn sky(&self, spot: Spot) -> Seen {
        let level = 0.5 - self.street.camera.ray(spot).unit().z * 2.6;
        let colour = between(self.street.sky.0, self.street.sky.1, ease(level + 0.35));
        Seen { layers: [scaled(colour, 0.98), scaled(colour, 0.62), scaled(colour, 0.03)], rises: None }
    }

    fn stuff(&self, solid: usize, at: V3, normal: V3) -> (Colour, f32, V3) {
        match self.solids[solid].stuff {
            Stuff::Plain(colour) => (colour, 0.0, normal),
            Stuff::Lamp => (hex(0xf6efdc), 1.0, normal),
            Stuff::House(i) => {
                let (colour, glow) = surface::house(&self.street.houses[i], at, normal);
                (colour, glow, normal)
            }
            Stuff::Stripes(colour) => {
                let stripe = (at.x / 0.55).floor() as i32 & 1 == 0;
                (if stripe { colour } else { hex(0xf4eee2) }, 0.0, normal)
            }
            Stuff::Leaves(colour) => {
                let cell = |v: f32| (v * 8.0).floor() as i32;
                let leaf = speck(cell(at.x) + cell(at.y) * 57, cell(at.z), 5);
                (scaled(colour, 0.86 + 0.24 * leaf), 0.0, normal)
            }
        }
    }

    /// What a surface shows of the sky, the sun and the lamps.
    fn shine(&self, at: V3, normal: V3, colour: Colour, glow: f32, salt: i32) -> [Colour; 3] {
        let corner = self.corner(at, normal);
        let sky = (0.80 + 0.20 * normal.z) * corner;
        let jitter = v3(speck(salt, 1, 21) - 0.5, speck(salt, 2, 22) - 0.5, speck(salt, 3, 23) - 0.5);
        let sun = (self.street.sun + jitter * 0.02).unit();
        let faces = normal.dot(self.street.sun);
        let lit = if faces > 0.0 && !self.shaded(at + normal * 0.02, sun) { faces } else { 0.0 };
        let lamps = lamps_at(self.street, at) * (0.55 + 0.45 * normal.z.max(0.0)) + glow;
        [scaled(colour, sky), scaled(colour, lit), [0, 1, 2].map(|c| (colour[c] * 0.7 + glow * 0.3) * LAMP[c] * lamps)]
    }

    /// Corners between walls and the ground see less of the sky.
    fn corner(&self, at: V3, normal: V3) -> f32 {
        let wall = (self.street.front() - at.y).max(0.0);
        match normal.z > 0.5 {
            true if at.y <= self.street.front() => 0.74 + 0.26 * ease(0.15 + wall / 1.7),
            true => 1.0,
            false => 0.82 + 0.18 * ease(at.z / 1.4),
        }
    }

    fn shaded(&self, from: V3, sun: V3) -> bool {
        let casters = self.casters.near(from, self.street.sun);
        let ray = Ray::new(from, sun);
        casters.iter().any(|&i| self.solids[usize::from(i)].meet(&ray).is_some())
    }
}

/// How brightly the lamps light a place.
pub(super) fn lamps_at(street: &Layout, at: V3) -> f32 {
    let one = |foot: &V3| {
        let inward = if foot.y < street.kerb / 2.0 { 1.1 } else { -1.1 };
        let to = *foot + v3(0.0, inward, LAMP_HEIGHT) - at;
        let far = to.dot(to) / 30.0;
        1.5 / (1.0 + far * far)
    };
    street.lamps.iter().map(one).sum::<f32>().min(1.2)
}
