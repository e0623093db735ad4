//! How it looks: a street at dusk from above a doorstep, with whoever walks there.

use playfield_sdk::Canvas8;

use crate::court::{BALL, Ball, HEIGHT, KERB, LEFT, ONE, Paddle, RIGHT, STEP, WIDTH};

/// Colours, by index.
pub const PALETTE: [u32; 20] = [
    0x14121f, 0x1d1a2e, 0x272340, 0x37305a, 0x4a3d73, 0x6a5590, 0xa57fa6, 0xe8a598, 0xffd9a0, 0xfff4d6, 0xff9d4d,
    0xff6b3d, 0xc9442f, 0x5fd0c5, 0x2f8f93, 0x3d4152, 0x2b2e3d, 0x545a70, 0xf4f1ea, 0x8d93a8,
];
const NIGHT: u32 = 0;
const HOUSE: u32 = 1;
const HOUSE_FAR: u32 = 2;
const PAVEMENT: u32 = 3;
const SLAB: u32 = 4;
const KERBSTONE: u32 = 5;
const LAMP: u32 = 8;
const LIGHT: u32 = 9;
const WARM: u32 = 10;
const FIRE: u32 = 11;
const CRIMSON: u32 = 12;
const SEA: u32 = 13;
const SEA_DARK: u32 = 14;
const TAR: u32 = 16;
const TAR_LIGHT: u32 = 15;
const MARK: u32 = 17;
pub const WHITE: u32 = 18;
const GREY: u32 = 19;

/// Steps that fade, by place and age.
pub const STEPS: usize = 24;

pub struct Footprint {
    pub x: i32,
    pub left: bool,
    pub age: u16,
}

/// The street without anybody.
pub fn street(to: &mut Canvas8<'_>, clock: u32) {
    to.clear(NIGHT);
    // House fronts, and who is at home: windows go on and off, each in its own time.
    for house in 0..9 {
        let (x, top) = (house * 38 - 10, 3 + (house * 7) % 9);
        to.rect(x, top, 36, 27 - top, if house % 2 == 0 { HOUSE } else { HOUSE_FAR });
        for window in 0..6 {
            let (column, row) = (window % 3, window / 3);
            let own = (house * 31 + window * 17) as u32;
            let lit = (clock / 600 + own * 7) % 5 < 2;
            let (wx, wy) = (x + 5 + column * 10, top + 4 + row * 9);
            if wy < 22 {
                to.rect(wx, wy, 5, 5, if lit { LAMP } else { PAVEMENT });
            }
        }
    }
    to.rect(0, 27, WIDTH, KERB - 29, PAVEMENT);
    for slab in 0..17 {
        to.line(slab * 20 - 6, 27, slab * 20 - 12, KERB - 4, SLAB);
    }
    to.rect(0, 36, WIDTH, 1, SLAB);
    to.rect(0, KERB - 3, WIDTH, 2, KERBSTONE);
    // The road, and a crossing's stripes across its middle.
    to.rect(0, KERB - 1, WIDTH, HEIGHT - KERB + 1, TAR);
    for dash in 0..10 {
        to.rect(LEFT + 6 + dash * 31, (KERB + STEP) / 2 - 1, 18, 2, MARK);
    }
    for grain in 0..90u32 {
        let at = grain.wrapping_mul(2_654_435_761);
        to.dot((at >> 9) as i32 % WIDTH, KERB + 2 + (at >> 20) as i32 % (HEIGHT - KERB - 4), TAR_LIGHT);
    }
    to.rect(0, KERB, LEFT - 3, HEIGHT - KERB, HOUSE);
    to.rect(RIGHT + 3, KERB, WIDTH - RIGHT - 3, HEIGHT - KERB, HOUSE);
    to.rect(LEFT - 3, KERB, 1, HEIGHT - KERB, MARK);
    to.rect(RIGHT + 2, KERB, 1, HEIGHT - KERB, MARK);
    to.rect(0, STEP + 10, WIDTH, HEIGHT - STEP - 10, HOUSE_FAR);
    to.rect(0, STEP + 10, WIDTH, 1, PAVEMENT);
}

/// Whoever walks, with legs that go as far as they went, and the light they push along the kerb.
pub fn walker(to: &mut Canvas8<'_>, paddle: &Paddle, prints: &[Footprint], flash: bool) {
    for print in prints.iter().filter(|print| print.age > 0) {
        let colour = if print.age > 60 { KERBSTONE } else { SLAB };
        to.rect(print.x, KERB - 8 + i32::from(print.left) * 2, 3, 1, colour);
    }
    let (x, half) = (paddle.x / ONE, paddle.half());
    bar(to, x, KERB - 4, half, if flash { WHITE } else { SEA }, SEA_DARK);
    let stride = paddle.walked / ONE % 16;
    let swing = if stride < 8 { stride - 4 } else { 12 - stride };
    let swing = if paddle.went == 0 { 1 } else { swing };
    let ground = KERB - 6;
    to.line(x, ground - 8, x + swing, ground, HOUSE);
    to.line(x + 1, ground - 8, x + 1 - swing, ground, HOUSE);
    to.rect(x - 2, ground - 17, 6, 10, SEA_DARK);
    to.rect(x - 2, ground - 17, 6, 2, SEA);
    to.line(x - 2, ground - 15, x - 3 - swing / 2, ground - 9, SEA_DARK);
    to.line(x + 3, ground - 15, x + 4 + swing / 2, ground - 9, SEA_DARK);
    to.disc(x + 1, ground - 20, 3, 7);
    to.rect(x - 2, ground - 23, 6, 2, CRIMSON);
}

/// While nobody is out the kerb keeps the ball in.
pub fn kerb(to: &mut Canvas8<'_>, clock: u32) {
    for stone in 0..20 {
        let lit = (stone as u32 + clock / 12).is_multiple_of(10);
        to.rect(stone * 16 + 1, KERB - 4, 14, 3, if lit { KERBSTONE } else { SLAB });
    }
}

/// The paddle at the doorstep.
pub fn step(to: &mut Canvas8<'_>, paddle: &Paddle, flash: bool) {
    bar(to, paddle.x / ONE, STEP, paddle.half(), if flash { WHITE } else { WARM }, CRIMSON);
}

fn bar(to: &mut Canvas8<'_>, x: i32, y: i32, half: i32, colour: u32, under: u32) {
    to.rect(x - half + 1, y, half * 2 - 2, 4, colour);
    to.rect(x - half, y + 1, half * 2, 2, colour);
    to.rect(x - half + 1, y + 3, half * 2 - 2, 1, under);
}

/// The ball, and where it was: the faster, the more of it glows.
pub fn ball(to: &mut Canvas8<'_>, ball: &Ball, trail: &[(i32, i32)]) {
    let hot = 2 + ball.heat() as usize * (trail.len() - 2) / 255;
    for (at, (x, y)) in trail.iter().take(hot).enumerate().rev() {
        let (r, colour) = match at {
            0..3 => (2, FIRE),
            3..7 => (1, CRIMSON),
            _ => (0, CRIMSON),
        };
        to.disc(x / ONE, y / ONE, r, colour);
    }
    let (x, y) = (ball.x / ONE, ball.y / ONE);
    to.disc(x, y, BALL, LIGHT);
    to.dot(x - 1, y - 1, WHITE);
    to.dot(x + 1, y + 1, LAMP);
}

/// Points, on the road: the street's on its side, ours on ours.
pub fn score(to: &mut Canvas8<'_>, points: [u8; 2]) {
    let middle = (KERB + STEP) / 2;
    for (points, y, colour) in [(points[1], middle - 26, SEA_DARK), (points[0], middle + 12, CRIMSON)] {
        let digit = [b'0' + points.min(9)];
        to.text(LEFT + 12, y, core::str::from_utf8(&digit).unwrap_or(""), colour, 2);
    }
}

/// A sentence in the middle, on something dark.
pub fn say(to: &mut Canvas8<'_>, y: i32, text: &str, colour: u32, scale: i32) {
    for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)] {
        to.text_centred(WIDTH / 2 + dx * scale, y + dy * scale, text, NIGHT, scale);
    }
    to.text_centred(WIDTH / 2, y, text, colour, scale);
}

pub const QUIET: u32 = GREY;
pub const OURS: u32 = WARM;
pub const THEIRS: u32 = SEA;
