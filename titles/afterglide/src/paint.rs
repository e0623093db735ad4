//! Brushes for a true-colour picture: smooth shapes, and the tables of a dithered gradient.

use playfield_sdk::canvas::{Canvas32, mix};
use playfield_sdk::math::sqrt;

pub const WIDTH: usize = 640;
pub const HEIGHT: usize = 360;

/// A filled shape with smooth edges; at most 12 corners.
pub fn shape(canvas: &mut Canvas32, corners: &[(f32, f32)], colour: u32, share: u32) {
    let (mut top, mut bottom) = (f32::MAX, f32::MIN);
    for &(_, y) in corners {
        top = top.min(y);
        bottom = bottom.max(y);
    }
    let (first, last) = ((top as i32).max(0), (bottom as i32 + 1).min(HEIGHT as i32));
    for y in first..last {
        let mut cover = [0u16; WIDTH];
        let (mut left, mut right) = (WIDTH as i32, 0);
        for sub in 0..4 {
            let row = y as f32 + (sub as f32 + 0.5) / 4.0;
            let mut cuts = [0.0f32; 12];
            let count = cut(corners, row, &mut cuts);
            for pair in cuts[..count].chunks_exact(2) {
                let (from, to) =
                    ((pair[0].max(0.0) * 16.0) as i32, (pair[1].clamp(0.0, WIDTH as f32 - 1.0) * 16.0) as i32);
                left = left.min(from / 16);
                right = right.max(to / 16 + 1);
                span(&mut cover, from, to);
            }
        }
        for x in left.max(0)..right.min(WIDTH as i32) {
            canvas.blend_dot(x, y, colour, u32::from(cover[x as usize]) * 4 * share / 256);
        }
    }
}

/// Where a row crosses the outline, from the left.
fn cut(corners: &[(f32, f32)], row: f32, cuts: &mut [f32; 12]) -> usize {
    let mut count = 0;
    for (i, &(bx, by)) in corners.iter().enumerate() {
        let (ax, ay) = corners[(i + corners.len() - 1) % corners.len()];
        if (ay > row) != (by > row) && count < 12 {
            cuts[count] = ax + (row - ay) * (bx - ax) / (by - ay);
            count += 1;
            let mut k = count - 1;
            while k > 0 && cuts[k - 1] > cuts[k] {
                cuts.swap(k - 1, k);
                k -= 1;
            }
        }
    }
    count & !1
}

/// Adds sixteenths of pixels to a row of coverage, where 64 over four rows is a whole pixel.
fn span(cover: &mut [u16; WIDTH], from: i32, to: i32) {
    let (first, last) = (from / 16, to / 16);
    if first == last {
        cover[first as usize] += (to - from) as u16;
        return;
    }
    cover[first as usize] += (16 - from % 16) as u16;
    cover[last as usize] += (to % 16) as u16;
    for x in first + 1..last {
        cover[x as usize] += 16;
    }
}

/// A thick line with round ends.
pub fn stroke(canvas: &mut Canvas32, a: (f32, f32), b: (f32, f32), radius: f32, colour: u32, share: u32) {
    let (x0, x1) = (a.0.min(b.0) - radius - 1.0, a.0.max(b.0) + radius + 1.0);
    let (y0, y1) = (a.1.min(b.1) - radius - 1.0, a.1.max(b.1) + radius + 1.0);
    let (inner, outer) = ((radius - 0.5).max(0.0), radius + 0.5);
    let (inner, outer) = (if radius < 0.5 { -1.0 } else { inner * inner }, outer * outer);
    for y in (y0 as i32).max(0)..=(y1 as i32).min(HEIGHT as i32 - 1) {
        for x in (x0 as i32).max(0)..=(x1 as i32).min(WIDTH as i32 - 1) {
            let far = distance_squared(a, b, (x as f32, y as f32));
            if far <= inner {
                canvas.blend_dot(x, y, colour, share);
            } else if far < outer {
                canvas.blend_dot(x, y, colour, ((radius + 0.5 - sqrt(far)) * share as f32) as u32);
            }
        }
    }
}

/// From a point to a line between two others.
pub fn distance(a: (f32, f32), b: (f32, f32), p: (f32, f32)) -> f32 {
    sqrt(distance_squared(a, b, p))
}

fn distance_squared(a: (f32, f32), b: (f32, f32), p: (f32, f32)) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let long = dx * dx + dy * dy;
    let t = if long > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / long).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (p.0 - a.0 - dx * t, p.1 - a.1 - dy * t);
    ex * ex + ey * ey
}

/// A filled circle with a smooth edge.
pub fn disc(canvas: &mut Canvas32, x: f32, y: f32, radius: f32, colour: u32, share: u32) {
    stroke(canvas, (x, y), (x, y), radius, colour, share);
}

/// `stops` at equal distances, at `t` of 1.
pub fn gradient(stops: &[u32], t: f32) -> u32 {
    let at = t.clamp(0.0, 0.9999) * (stops.len() - 1) as f32;
    let i = at as usize;
    mix(stops[i], stops[i + 1], ((at - i as f32) * 256.0) as u32)
}
