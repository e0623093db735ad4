//! The town without anybody in it: sky, hills, house fronts with dark windows, painted once for each mood.

use playfield_sdk::canvas::{Canvas32, mix};
use playfield_sdk::math::{Rng, sin};

use crate::buttons::{CELL_H, CELL_W, LEFT, STREET, TOP};
use crate::moods::Mood;
use crate::paint::{HEIGHT, WIDTH, dim, gradient};
use crate::song::{ROWS, STEPS};

/// Where the water begins.
pub const QUAY: i32 = STREET + 4;
pub const STARS: usize = 46;

/// Where the stars are: the same ones every night.
pub fn stars() -> [(i32, i32, u32); STARS] {
    let mut random = Rng::new(11);
    [(); STARS].map(|()| (random.below(WIDTH as u32) as i32, random.below(46) as i32, random.next_u32()))
}

pub fn paint(canvas: &mut Canvas32, mood: &Mood) {
    sky(canvas, mood);
    hills(canvas, mood);
    for house in 0..STEPS {
        front(canvas, mood, house);
        roof(canvas, mood, house);
        for row in 0..ROWS {
            window(canvas, mood, house, row);
        }
    }
    quay(canvas, mood);
}

fn sky(canvas: &mut Canvas32, mood: &Mood) {
    for y in 0..HEIGHT as i32 {
        let t = y as f32 / 120.0;
        for x in 0..WIDTH as i32 {
            canvas.dot(x, y, gradient(&mood.sky, t, x, y));
        }
    }
}

fn hills(canvas: &mut Canvas32, mood: &Mood) {
    for x in 0..WIDTH as i32 {
        let t = x as f32 / WIDTH as f32;
        let far = 92.0 + 16.0 * sin(t * 2.3 + 0.1) + 6.0 * sin(t * 7.0);
        let near = 130.0 + 14.0 * sin(t * 1.7 + 0.6) + 5.0 * sin(t * 9.0 + 0.3);
        canvas.rect(x, far as i32, 1, HEIGHT as i32, mix(mood.hill, mood.sky[2], 90));
        canvas.rect(x, near as i32, 1, HEIGHT as i32, mood.hill);
    }
}

/// Fronts of a beat share a tone, so that the eye counts to four.
fn wall(mood: &Mood, house: usize) -> u32 {
    const TINTS: [u32; 5] = [0xa04848, 0x4a6a8a, 0xb08048, 0x6a5a9a, 0x4a8070];
    let base = mix(mood.walls[house / 4 % 2], TINTS[house * 3 % 5], 128);
    mix(base, mood.sky[3], if (house / 4).is_multiple_of(2) { 40 } else { 14 })
}

fn front(canvas: &mut Canvas32, mood: &Mood, house: usize) {
    let (x, colour) = (LEFT + CELL_W * house as i32, wall(mood, house));
    canvas.rect(x, TOP - 3, CELL_W, STREET - TOP + 5, colour);
    for y in TOP..STREET {
        let shade = (y - TOP) as u32 / 4;
        for col in 0..CELL_W {
            let course = y % 4 == 0 || (col + if y % 8 < 4 { 0 } else { 4 }) % 8 == 0;
            let brick = if course { 18 } else { 0 };
            canvas.blend_dot(x + col, y, 0, (shade + brick).min(120));
        }
    }
    canvas.rect(x, TOP - 3, 1, STREET - TOP + 5, mix(colour, 0xffffff, 22));
    canvas.rect(x + CELL_W - 1, TOP - 3, 1, STREET - TOP + 5, dim(colour, 150));
}

fn roof(canvas: &mut Canvas32, mood: &Mood, house: usize) {
    let (left, base) = (LEFT + CELL_W * house as i32, TOP - 3);
    let edge = mix(mood.roof, mood.sky[3], 60);
    let kind = [0, 1, 2, 3, 1, 0, 3, 2][house * 5 % 8];
    for col in 0..CELL_W {
        let middle = (2 * col - CELL_W + 1).abs() / 2;
        let high = match kind {
            0 => 9 - middle * 9 / 14,
            1 => [9, 9, 6, 6, 3, 3, 1][(middle / 2).min(6) as usize],
            2 => 4,
            _ => 8 - middle * middle / 26,
        }
        .max(1);
        canvas.rect(left + col, base - high, 1, high + 2, mood.roof);
        canvas.rect(left + col, base - high, 1, 1, edge);
    }
    if kind == 2 {
        canvas.rect(left + 19, base - 10, 5, 8, mood.roof);
        canvas.rect(left + 18, base - 11, 7, 2, edge);
    }
}

/// A dark window: reveal, glass with a little sky in it, a sill.
fn window(canvas: &mut Canvas32, mood: &Mood, house: usize, row: usize) {
    let (x, y) = corner(house, row);
    let wall = wall(mood, house);
    canvas.rect(x - 1, y - 1, GLASS_W + 2, GLASS_H + 2, dim(wall, 120));
    for down in 0..GLASS_H {
        let colour = mix(mood.glass, mood.sky[2], (GLASS_H - down) as u32 * 5);
        canvas.rect(x, y + down, GLASS_W, 1, colour);
    }
    canvas.rect(x - 2, y + GLASS_H + 1, GLASS_W + 4, 1, mix(wall, 0xffffff, 50));
}

pub const GLASS_W: i32 = 20;
pub const GLASS_H: i32 = 14;

/// Left upper corner of the glass.
pub fn corner(house: usize, row: usize) -> (i32, i32) {
    (LEFT + CELL_W * house as i32 + 4, TOP + CELL_H * (ROWS as i32 - 1 - row as i32) + 2)
}

fn quay(canvas: &mut Canvas32, mood: &Mood) {
    canvas.rect(0, STREET, WIDTH as i32, QUAY - STREET, dim(mood.roof, 200));
    canvas.rect(0, STREET, WIDTH as i32, 1, mix(mood.roof, mood.sky[3], 70));
    for x in (0..WIDTH as i32).step_by(12) {
        canvas.rect(x, STREET + 1, 1, 3, dim(mood.roof, 120));
    }
}
