//! From light, backdrop and bodies to pixels.

use super::backdrop::Backdrop;
use super::dice::Dice;
use super::figure::Figure;
use super::fill;
use super::light::Light;
use super::space::ASPECT;

/// Values of noise that are kept; rows begin at places that chance picks.
const GRAINS: usize = 1 << 14;

/// Bytes that are worked on together: the compiler makes them one step of a vector unit. Sums wrap because they cannot: all terms
/// are bytes times gains below 2, in eighths.
const LANES: usize = 16;

/// How strongly each kind of light shines, for each byte of four pixels.
struct Gains {
    sky: [u16; LANES],
    sun: [u16; LANES],
    lamps: [u16; LANES],
}

impl Gains {
    fn of(light: &Light) -> Gains {
        let lanes = |colour: [f32; 3], fourth: f32| {
            let [r, g, b] = colour;
            std::array::from_fn(|i| ([r, g, b, fourth][i % 4].min(1.99) * 4096.0) as u16)
        };
        Gains { sky: lanes(light.sky, 1.0), sun: lanes(light.sun, 0.0), lamps: lanes([light.lamps; 3], 0.0) }
    }

    /// The sum of the three, shadows taken from the sun.
    #[inline(always)]
    fn mix(&self, sky: &[u8; LANES], sun: &[u8; LANES], lamps: &[u8; LANES], shadow: &[u8; LANES]) -> [u8; LANES] {
        // A byte times a gain, in eighths.
        let times = |byte: u16, gain: u16| (u32::from(byte << 7).wrapping_mul(u32::from(gain)) >> 16) as u16;
        std::array::from_fn(|i| {
            let open = u16::from(sun[i]).wrapping_mul(256_u16.wrapping_sub(u16::from(shadow[i]))) >> 8;
            let both = times(u16::from(sky[i]), self.sky[i]).wrapping_add(times(open, self.sun[i]));
            let sum = both.wrapping_add(times(u16::from(lamps[i]), self.lamps[i]));
            (sum.wrapping_add(4) >> 3).min(255) as u8
        })
    }
}

/// A body in its place.
pub(super) struct Placed<'a> {
    pub(super) figure: &'a Figure,
    /// Distance from the camera.
    pub(super) depth: f32,
    /// How far across the street it is: what stands nearer hides it.
    pub(super) across: f32,
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
    shadow: Vec<[u8; 4]>,
    grains: Vec<i8>,
}

impl Painter {
    pub(super) fn new(backdrop: Backdrop) -> Painter {
        let shadow = vec![[0; 4]; backdrop.across.len()];
        let width = backdrop.size.0 * 4;
        Painter { backdrop, shadow, grains: grains(GRAINS + width) }
    }

    /// Draws everything; `out` is opaque RGBA.
    pub(super) fn draw(&mut self, light: &Light, placed: &[Placed<'_>], grain: (f32, Dice), out: &mut [u8]) {
        self.shadow.fill([0; 4]);
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
                let dark = ((cover * 210) >> 8) as u8;
                for i in at..at + count {
                    if self.backdrop.across[i] > body.across {
                        self.shadow[i] = self.shadow[i].map(|old| old.max(dark));
                    }
                }
            });
        }
    }

    fn ground(&self, light: &Light, out: &mut [u8]) {
        let gains = Gains::of(light);
        let [skies, suns, lamps] = self.backdrop.layers.each_ref().map(|layer| layer.as_flattened());
        let shadow = self.shadow.as_flattened();
        let ((skies, a), (suns, b)) = (skies.as_chunks(), suns.as_chunks());
        let ((lamps, c), (shadow, d)) = (lamps.as_chunks(), shadow.as_chunks());
        let (out, rest) = out.as_chunks_mut();
        for ((((a, b), c), d), out) in skies.iter().zip(suns).zip(lamps).zip(shadow).zip(out) {
            *out = gains.mix(a, b, c, d);
        }
        let wide = |few: &[u8]| std::array::from_fn(|i| few.get(i).copied().unwrap_or_default());
        let last = gains.mix(&wide(a), &wide(b), &wide(c), &wide(d));
        rest.copy_from_slice(&last[..rest.len()]);
    }

    fn body(&self, light: &Light, body: &Placed<'_>, out: &mut [u8]) {
        let scale = self.scale();
        let pixels = out.as_chunks_mut::<4>().0;
        for (face, corners) in body.figure.faces() {
            let colour = face.paint.lit(light, body.shade, body.lamp);
            let alpha = (face.alpha * 256.0) as u32;
            fill::cover(corners, self.backdrop.size, scale, (1.0, 0.2), |at, count, cover| {
                let cover = (cover * alpha) >> 8;
                for (pixel, i) in pixels[at..at + count].iter_mut().zip(at..) {
                    let near = self.backdrop.across[i] < body.across;
                    let free = if near { 256 - u32::from(self.backdrop.hides[i]) - 1 } else { 256 };
                    let share = (cover * free) >> 8;
                    for c in 0..3 {
                        let (old, new) = (u32::from(pixel[c]), u32::from(colour[c]));
                        pixel[c] = (old.wrapping_mul(256 - share).wrapping_add(new.wrapping_mul(share)) >> 8) as u8;
                    }
                }
            });
        }
    }

    /// What the sensor adds: `strength` in steps of brightness.
    fn noise(&self, (strength, dice): (f32, Dice), out: &mut [u8]) {
        let strength = (strength * 16.0).min(255.0) as i16;
        if strength == 0 {
            return;
        }
        let width = self.backdrop.size.0 * 4;
        for (y, row) in out.chunks_exact_mut(width).enumerate() {
            let from = dice.below(y as u64, GRAINS / 4) * 4;
            for (value, &grain) in row.iter_mut().zip(&self.grains[from..from + width]) {
                let noise = i16::from(grain).wrapping_mul(strength) >> 9;
                *value = (*value as i16).wrapping_add(noise).clamp(0, 255) as u8;
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
