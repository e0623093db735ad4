//! Brushes for a true-colour picture: rounded boxes, smooth strokes and discs, and a gradient that does not band.

use playfield_sdk::canvas::{Canvas32, mix};
use playfield_sdk::math::sqrt;

pub const WIDTH: usize = 480;
pub const HEIGHT: usize = 270;

/// A box with round corners, `share` of 256.
pub fn rounded(canvas: &mut Canvas32, (x, y, w, h): (i32, i32, i32, i32), radius: i32, colour: u32, share: u32) {
    for row in 0..h {
        let far = (radius - row).max(row - (h - 1 - radius)).max(0) as f32;
        let inset = radius as f32 - sqrt((radius * radius) as f32 - far * far + 0.5);
        let (whole, part) = (inset as i32, inset - inset as i32 as f32);
        let edge = ((1.0 - part) * share as f32) as u32;
        canvas.blend_dot(x + whole, y + row, colour, edge);
        canvas.blend_dot(x + w - 1 - whole, y + row, colour, edge);
        let (left, right) = (whole + 1, w - 1 - whole);
        if share >= 256 {
            canvas.rect(x + left, y + row, right - left, 1, colour);
        } else {
            (left..right).for_each(|col| canvas.blend_dot(x + col, y + row, colour, share));
        }
    }
}

/// A thick line with round ends.
pub fn stroke(canvas: &mut Canvas32, a: (f32, f32), b: (f32, f32), radius: f32, colour: u32, share: u32) {
    let (x0, x1) = (a.0.min(b.0) - radius - 1.0, a.0.max(b.0) + radius + 1.0);
    let (y0, y1) = (a.1.min(b.1) - radius - 1.0, a.1.max(b.1) + radius + 1.0);
    for y in (y0 as i32).max(0)..=(y1 as i32).min(HEIGHT as i32 - 1) {
        for x in (x0 as i32).max(0)..=(x1 as i32).min(WIDTH as i32 - 1) {
            let edge = (radius + 0.5 - distance(a, b, (x as f32, y as f32))).clamp(0.0, 1.0);
            if edge > 0.0 {
                canvas.blend_dot(x, y, colour, (edge * share as f32) as u32);
            }
        }
    }
}

/// From a point to a line between two others.
pub fn distance(a: (f32, f32), b: (f32, f32), p: (f32, f32)) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let long = dx * dx + dy * dy;
    let t = if long > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / long).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (p.0 - a.0 - dx * t, p.1 - a.1 - dy * t);
    sqrt(ex * ex + ey * ey)
}

pub fn disc(canvas: &mut Canvas32, x: f32, y: f32, radius: f32, colour: u32, share: u32) {
    stroke(canvas, (x, y), (x, y), radius, colour, share);
}

/// `stops` at equal distances, at `t` of 1; the place decides which of two near shades it is.
pub fn gradient(stops: &[u32], t: f32, x: i32, y: i32) -> u32 {
    const BAYER: [u32; 16] = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];
    let at = t.clamp(0.0, 0.9999) * (stops.len() - 1) as f32;
    let i = at as usize;
    let grain = BAYER[((y & 3) * 4 + (x & 3)) as usize];
    let share = ((at - i as f32) * 256.0) as u32 + grain / 2;
    mix(stops[i], stops[i + 1], share.min(256))
}

/// All of a colour's channels, `share` of 256.
pub fn dim(colour: u32, share: u32) -> u32 {
    mix(0, colour, share)
}
