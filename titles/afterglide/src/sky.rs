//! What is far away: the sky, the sun, stars, northern lights, and four rows of mountains in the haze.

use playfield_sdk::canvas::{Canvas32, mix, rgba};
use playfield_sdk::math::{cos, sin};

use crate::paint::{HEIGHT, WIDTH, disc, gradient};
use crate::realms::Palette;
use crate::view::View;

pub fn paint(canvas: &mut Canvas32, view: &View, colours: &Palette, ticks: u32) {
    sky(canvas, colours);
    stars(canvas, view, colours.stars, ticks);
    aurora(canvas, view, colours.aurora, ticks);
    sun(canvas, view, colours);
    for row in 0..4 {
        mountains(canvas, view, colours, row);
    }
}

/// A gradient of rows, dithered so that no band shows.
fn sky(canvas: &mut Canvas32, colours: &Palette) {
    const BAYER: [[f32; 4]; 4] =
        [[0.03, 0.53, 0.16, 0.66], [0.78, 0.28, 0.91, 0.41], [0.22, 0.72, 0.09, 0.59], [0.97, 0.47, 0.84, 0.34]];
    for (y, row) in canvas.pixels.chunks_exact_mut(WIDTH).enumerate() {
        let at = (y as f32 / 290.0).min(0.9999) * 3.0;
        let (i, share) = (at as usize, at - at as usize as f32);
        let mut four = [0u32; 4];
        for (pixel, dither) in four.iter_mut().zip(BAYER[y % 4]) {
            let channel = |shift: u32| {
                let (a, b) = ((colours.sky[i] >> shift & 255) as f32, (colours.sky[i + 1] >> shift & 255) as f32);
                (((a + (b - a) * share + dither) as u32).min(255)) << shift
            };
            *pixel = rgba(channel(16) | channel(8) | channel(0));
        }
        row.chunks_exact_mut(4).for_each(|pixels| pixels.copy_from_slice(&four));
    }
}

fn hash(n: u32) -> u32 {
    let mut h = n.wrapping_mul(0x9e37_79b1);
    h ^= h >> 15;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^ h >> 13
}

fn stars(canvas: &mut Canvas32, view: &View, share: u32, ticks: u32) {
    for i in 0..(share * 150 / 256) {
        let h = hash(i);
        let x = (h % 700) as i32 - (view.x * 0.008) as i32;
        let y = (h >> 10) % 230;
        let twinkle = 150.0 + 100.0 * sin((ticks.wrapping_add(h >> 8) % 240) as f32 / 240.0);
        let power = twinkle as u32 * (260 - y) / 260;
        let x = x.rem_euclid(700) - 30;
        canvas.glow_dot(x, y as i32, 0xffffff, power);
        if h >> 28 == 0 {
            canvas.glow(x, y as i32, 5, 0xbcd4ff, power);
        }
    }
}

/// Curtains of light: each column glows between two waves.
fn aurora(canvas: &mut Canvas32, view: &View, share: u32, ticks: u32) {
    if share < 8 {
        return;
    }
    let time = ticks as f32 / 900.0;
    for x in (0..WIDTH as i32).step_by(2) {
        let u = (x as f32 + view.x * 0.02) / 640.0;
        let low = 128.0 + 34.0 * sin(u * 0.9 + time) + 16.0 * sin(u * 2.3 - time * 1.7);
        let tall = 62.0 + 34.0 * sin(u * 1.7 + time * 0.8) + 12.0 * sin(u * 9.0 + time * 3.0);
        let ray = 0.55 + 0.45 * sin(u * 17.0 + 2.0 * sin(time));
        for y in ((low - tall) as i32).max(0)..low as i32 {
            let t = (low - y as f32) / tall;
            let power = (1.0 - t) * (t * 7.0).min(1.0) * ray * share as f32 * 0.42;
            let colour = mix(0x3cffb0, 0xa45cff, (t * 256.0) as u32);
            canvas.glow_dot(x, y, colour, power as u32);
            canvas.glow_dot(x + 1, y, colour, power as u32);
        }
    }
}

fn sun(canvas: &mut Canvas32, view: &View, colours: &Palette) {
    let x = 470 - (view.x * 0.004) as i32 % 240;
    let y = 118 + (view.x * 0.0016) as i32 % 60;
    canvas.glow(x, y, 150, mix(colours.sun, colours.sky[3], 150), 120);
    canvas.glow(x, y, 62, colours.sun, 120);
    disc(canvas, x as f32, y as f32, 23.0, colours.sun, 256);
}

/// One row of mountains, the farthest first.
fn mountains(canvas: &mut Canvas32, view: &View, colours: &Palette, row: usize) {
    const NEARNESS: [f32; 4] = [0.035, 0.08, 0.17, 0.32];
    const BASE: [f32; 4] = [196.0, 220.0, 248.0, 286.0];
    const TALL: [f32; 4] = [74.0, 56.0, 48.0, 44.0];
    const WAVES: [f32; 4] = [0.0042, 0.0052, 0.0046, 0.0040];
    let base = BASE[row] + (200.0 - view.y) * NEARNESS[row] * 0.5;
    let mut tops = [0i32; WIDTH];
    let mut highest = HEIGHT as i32;
    for (x, top) in tops.iter_mut().enumerate() {
        let u = (x as f32 + view.x * NEARNESS[row]) * WAVES[row] + row as f32 * 3.7;
        let crest = if row < 2 { 1.0 - 2.0 * sin(u * 0.5).abs() } else { sin(u * 0.5) };
        let shape = 0.55 * crest + 0.28 * sin(u * 1.13 + 0.3) + 0.17 * cos(u * 2.71) + 0.05 * sin(u * 7.3);
        *top = ((base - TALL[row] * shape) * 16.0) as i32;
        highest = highest.min(*top / 16);
    }
    let colour = mix(colours.far, colours.near, row as u32 * 85);
    for y in highest.max(0)..HEIGHT as i32 {
        let haze = ((y - highest) as f32 / 150.0).min(1.0) * (0.85 - 0.17 * row as f32);
        let pixel = rgba(gradient(&[colour, colours.sky[3]], haze));
        let start = y as usize * WIDTH;
        for (out, &top) in canvas.pixels[start..start + WIDTH].iter_mut().zip(&tops) {
            *out = if top <= y * 16 { pixel } else { *out };
        }
    }
    for (x, &top) in tops.iter().enumerate() {
        canvas.blend_dot(x as i32, top / 16, colour, (16 - top.rem_euclid(16)) as u32 * 16);
    }
}
