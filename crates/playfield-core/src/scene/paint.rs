//! From light, backdrop and bodies to pixels.

use super::backdrop::Backdrop;
use super::dice::Dice;
use super::figure::Figure;
use super::fill;
use super::light::{LAMP, Light};
use super::space::ASPECT;

/// Values of noise that are kept; rows begin at places that chance picks.
const GRAINS: usize = 1 << 14;

/// A body in its place.
pub(super) struct Placed<'a> {
    pub(super) figure: &'a Figure,
    /// Distance from the camera.
    pub(super) depth: f32,
    /// How much of the sun reaches it, 0 to 1.
    pub(super) shade: f32,
    /// How much of the lamps' light.
    pub(super) lamp: f32,
}

/// Draws pictures of one size.
#[derive(Clone, Debug)]
pub(super) struct Painter {
    pub(super) backdrop: Backdrop,
    /// How much of the sun shadows take from each pixel.
    shadow: Vec<u8>,
    grains: Vec<i8>,
}

impl Painter {
    pub(super) fn new(backdrop: Backdrop) -> Painter {
        let shadow = vec![0; backdrop.depth.len()];
        let width = backdrop.size.0 * 4;
        Painter { backdrop, shadow, grains: grains(GRAINS + width) }
    }

    /// Draws everything; `out` is opaque RGBA.
    pub(super) fn draw(&mut self, light: &Light, placed: &[Placed<'_>], grain: (f32, Dice), out: &mut [u8]) {
        self.shadow.fill(0);
        for body in placed {
            self.shade(body);
        }
        self.ground(light, out);
        for body in placed {
            self.body(light, body, out);
        }
        self.noise(grain, out);
    }

    fn scale(&self) -> (f32, f32) {
        (self.backdrop.size.0 as f32 / ASPECT, self.backdrop.size.1 as f32)
    }

    fn shade(&mut self, body: &Placed<'_>) {
        let soft = 1.0 + self.scale().1 * 0.11 / body.depth;
        let scale = self.scale();
        for corners in body.figure.shadows() {
            fill::cover(corners, self.backdrop.size, scale, (soft, 0.0), |at, count, cover| {
                let dark = (cover * 210 >> 8) as u8;
                for i in at..at + count {
                    if self.backdrop.depth[i] > body.depth {
                        self.shadow[i] = self.shadow[i].max(dark);
                    }
                }
            });
        }
    }

    fn ground(&self, light: &Light, out: &mut [u8]) {
        let gain = |colour: [f32; 3]| colour.map(|c| (c * 256.0) as u32);
        let (sky, sun) = (gain(light.sky), gain(light.sun));
        let lamp = gain(LAMP.map(|_| light.lamps));
        let [skies, suns, lamps] = &self.backdrop.layers;
        let inputs = skies.iter().zip(suns).zip(lamps).zip(&self.shadow);
        for ((((a, b), c), &shadow), pixel) in inputs.zip(out.as_chunks_mut::<4>().0) {
            let open = 256 - u32::from(shadow);
            for i in 0..3 {
                let sunny = (u32::from(b[i]) * open) >> 8;
                let sum = u32::from(a[i]) * sky[i] + sunny * sun[i] + u32::from(c[i]) * lamp[i];
                pixel[i] = (sum >> 8).min(255) as u8;
            }
            pixel[3] = 255;
        }
    }

    fn body(&self, light: &Light, body: &Placed<'_>, out: &mut [u8]) {
        let scale = self.scale();
        let pixels = out.as_chunks_mut::<4>().0;
        for (face, corners) in body.figure.faces() {
            let colour = face.paint.lit(light, body.shade, body.lamp);
            let alpha = (face.alpha * 256.0) as u32;
            fill::cover(corners, self.backdrop.size, scale, (1.0, 0.2), |at, count, cover| {
                let cover = cover * alpha >> 8;
                for i in at..at + count {
                    let near = self.backdrop.depth[i] < body.depth;
                    let free = if near { 256 - u32::from(self.backdrop.hides[i]) - 1 } else { 256 };
                    let share = cover * free >> 8;
                    for (old, new) in pixels[i].iter_mut().zip(colour) {
                        *old = ((u32::from(*old) * (256 - share) + u32::from(new) * share) >> 8) as u8;
                    }
                }
            });
        }
    }

    /// What the sensor adds: `strength` in steps of brightness.
    fn noise(&self, (strength, dice): (f32, Dice), out: &mut [u8]) {
        let strength = (strength * 16.0) as i32;
        if strength == 0 {
            return;
        }
        let width = self.backdrop.size.0 * 4;
        for (y, row) in out.chunks_exact_mut(width).enumerate() {
            let from = dice.below(y as u64, GRAINS / 4) * 4;
            for (value, &grain) in row.iter_mut().zip(&self.grains[from..from + width]) {
                let noisy = i32::from(*value) + (i32::from(grain) * strength >> 9);
                *value = noisy.clamp(0, 255) as u8;
            }
        }
    }
}

/// Noise for red, green, blue, and none for the fourth: most of it the same for the three.
fn grains(count: usize) -> Vec<i8> {
    let dice = Dice::new(77);
    let bell = |q: u64| (0..3).map(|i| dice.between(q * 4 + i, -1.0, 1.0)).sum::<f32>() * 18.0;
    let mut out = Vec::with_capacity(count);
    for pixel in 0..count.div_ceil(4) as u64 {
        let all = bell(pixel * 4);
        out.extend((1..4).map(|c| (all + 0.5 * bell(pixel * 4 + c)) as i8));
        out.push(0);
    }
    out
}
