//! The picture without anything that moves, worked out once for each size.
//!
//! Rays are cast through every pixel; what they meet is kept as three pictures, one for each kind of light (see `light`), so that
//! the street under any light is their sum. How far away the things are that rise from the ground is kept too: they hide what
//! moves behind them.

use super::dice::{ease, speck};
use super::layout::Layout;
use super::light::{Colour, LAMP, between, hex, scaled};
use super::solids::{LAMP_HEIGHT, Solid, Stuff, solids};
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
    /// Distance of what rises from the ground; far away where nothing does.
    pub(super) depth: Vec<f32>,
    /// How much of the pixel that covers, 0 to 255.
    pub(super) hides: Vec<u8>,
}

/// What one ray brings back: what it saw by each light, and how far away that rises.
struct Seen {
    layers: [Colour; 3],
    rises: Option<f32>,
}

struct Stage<'a> {
    street: &'a Layout,
    solids: Vec<Solid>,
    balls: Vec<(V3, f32)>,
}

impl Backdrop {
    /// Draws it: tens to hundreds of milliseconds.
    pub(super) fn draw(street: &Layout, size: (usize, usize)) -> Backdrop {
        let solids = solids(street);
        let balls = solids.iter().map(Solid::around).collect();
        let stage = Stage { street, solids, balls };
        let count = size.0 * size.1;
        let layer = || vec![[0; 4]; count];
        let layers = [layer(), layer(), layer()];
        let mut backdrop = Backdrop { size, layers, depth: vec![f32::MAX; count], hides: vec![0; count] };
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

    fn pixel(&mut self, stage: &Stage<'_>, near: &[usize], index: usize, rays: [Spot; 4]) {
        let mut sum = [[0.0; 3]; 3];
        for (i, spot) in rays.into_iter().enumerate() {
            let seen = stage.look(near, spot, (index * 4 + i) as i32);
            for (sum, layer) in sum.iter_mut().zip(seen.layers) {
                *sum = [0, 1, 2].map(|c| sum[c] + layer[c] / 4.0);
            }
            if let Some(depth) = seen.rises {
                self.depth[index] = self.depth[index].min(depth);
                self.hides[index] = self.hides[index].saturating_add(64);
            }
        }
        for (layer, sum) in self.layers.iter_mut().zip(sum) {
            let [r, g, b] = sum.map(|c| (c * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
            layer[index] = [r, g, b, 0];
        }
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
        let mut hit: Option<(usize, V3)> = None;
        for &i in near {
            if let Some((t, normal)) = self.solids[i].meet(eye, along) {
                if t < best {
                    best = t;
                    hit = Some((i, normal));
                }
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
        Seen { layers, rises: hit.map(|_| best) }
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
                let cell = |v: f32| (v * 5.0).floor() as i32;
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
        let sun = (self.street.sun + jitter * 0.05).unit();
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
        self.balls.iter().zip(&self.solids).any(|(&(middle, radius), solid)| {
            let to = middle - from;
            let along = to.dot(sun);
            along > -radius && to.dot(to) - along * along < radius * radius && solid.meet(from, sun).is_some()
        })
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
