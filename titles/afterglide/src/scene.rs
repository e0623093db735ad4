//! What is near: the hills, trees, embers, the bird with its light, and the night that follows.

use playfield_sdk::canvas::{Canvas32, mix, rgba};
use playfield_sdk::math::{Rng, cos, sin};

use crate::course::Course;
use crate::flight::{Flight, TRAIL};
use crate::paint::{HEIGHT, WIDTH, disc, gradient, shape, stroke};
use crate::realms::Palette;
use crate::view::View;

const MOTES: usize = 160;

#[derive(Clone, Copy)]
struct Mote {
    x: f32,
    y: f32,
    vx: f32,
    vy: f32,
    life: u32,
    colour: u32,
}

/// Sparks of light that fly and fade.
pub struct Motes {
    list: [Mote; MOTES],
    next: usize,
    rng: Rng,
}

impl Motes {
    pub const NEW: Motes = Motes {
        list: [Mote { x: 0.0, y: 0.0, vx: 0.0, vy: 0.0, life: 0, colour: 0 }; MOTES],
        next: 0,
        rng: Rng::new(1),
    };

    pub fn burst(&mut self, at: (f32, f32), speed: (f32, f32), count: u32, spread: f32, colour: u32) {
        for _ in 0..count {
            let (turn, fast) = (self.rng.range(0.0, 1.0), self.rng.range(0.2, 1.0) * spread);
            self.list[self.next] = Mote {
                x: at.0,
                y: at.1,
                vx: speed.0 * 0.6 + cos(turn) * fast,
                vy: speed.1 * 0.4 + sin(turn) * fast,
                life: 20 + self.rng.below(26),
                colour,
            };
            self.next = (self.next + 1) % MOTES;
        }
    }

    pub fn step(&mut self) {
        for mote in self.list.iter_mut().filter(|mote| mote.life > 0) {
            mote.life -= 1;
            mote.x += mote.vx;
            mote.y += mote.vy;
            mote.vx *= 0.96;
            mote.vy = mote.vy * 0.96 + 0.03;
        }
    }

    pub fn paint(&self, canvas: &mut Canvas32, view: &View) {
        for mote in self.list.iter().filter(|mote| mote.life > 0) {
            let (x, y) = view.place(mote.x, mote.y);
            canvas.glow(x as i32, y as i32, 4, mote.colour, (mote.life * 9).min(256));
        }
    }
}

/// The hills: a lit skin, and stripes that follow it down into the dark.
pub fn hills(canvas: &mut Canvas32, view: &View, course: &Course, colours: &Palette) {
    let mut heights = [0.0f32; WIDTH];
    course.heights(view.world_x(0.0), 1.0 / view.zoom, &mut heights);
    let mut tops = [0i32; WIDTH];
    let mut stripes = [0i32; WIDTH];
    let mut highest = HEIGHT as i32;
    for (x, (top, stripe)) in tops.iter_mut().zip(&mut stripes).enumerate() {
        *top = (view.place(0.0, heights[x]).1 * 16.0) as i32;
        *stripe = ((view.world_x(x as f32) * 0.36 + 100_000.0) * view.zoom) as i32;
        highest = highest.min(*top / 16);
    }
    let mut shades = [[0u32; 256]; 2];
    for (d, (light, dark)) in (0..256).zip({
        let [light, dark] = &mut shades;
        light.iter_mut().zip(dark)
    }) {
        let colour = gradient(&colours.ground, d as f32 / 190.0);
        let skin = if d < 5 { mix(colours.rim, colour, d * 40) } else { colour };
        *light = rgba(skin);
        *dark = rgba(mix(skin, colours.ground[2], if d < 5 { 10 } else { 34 }));
    }
    let band = ((44.0 * view.zoom) as i32).max(12);
    for y in highest.max(0)..HEIGHT as i32 {
        let start = y as usize * WIDTH;
        for (x, out) in canvas.pixels[start..start + WIDTH].iter_mut().enumerate() {
            let depth = y - (tops[x] >> 4);
            if depth > 0 {
                let dark = ((stripes[x] + depth) / band) & 1;
                *out = shades[dark as usize][depth.min(255) as usize];
            }
        }
    }
    for (x, &top) in tops.iter().enumerate() {
        canvas.blend_dot(x as i32, top >> 4, colours.rim, (16 - (top & 15)) as u32 * 16);
    }
}

/// Round trees here and there; where they stand depends on the place alone.
pub fn trees(canvas: &mut Canvas32, view: &View, course: &Course, colours: &Palette, ticks: u32) {
    let first = (view.world_x(-60.0) / 90.0) as i32;
    let last = (view.world_x(WIDTH as f32 + 60.0) / 90.0) as i32;
    for n in first..=last {
        let mut h = (n as u32).wrapping_mul(0x9e37_79b1);
        h ^= h >> 14;
        if h & 3 != 0 || n < 3 {
            continue;
        }
        let x = n as f32 * 90.0 + (h >> 8 & 63) as f32;
        let size = (12.0 + (h >> 16 & 15) as f32) * view.zoom;
        let (sx, sy) = view.place(x, course.height(x));
        let sway = sin(ticks as f32 / 190.0 + x * 0.01) * size * 0.12;
        let crown = (sx + sway, sy - size * 2.1);
        let (dark, light) = (mix(colours.ground[2], colours.near, 90), mix(colours.ground[1], colours.rim, 60));
        stroke(canvas, (sx, sy + 3.0), crown, size * 0.13 + 0.4, dark, 256);
        disc(canvas, crown.0, crown.1, size, dark, 256);
        disc(canvas, crown.0 + size * 0.2, crown.1 - size * 0.2, size * 0.74, mix(dark, light, 110), 256);
        disc(canvas, crown.0 + size * 0.36, crown.1 - size * 0.36, size * 0.42, mix(dark, light, 210), 256);
    }
}

pub fn embers(canvas: &mut Canvas32, view: &View, course: &Course, ticks: u32) {
    for (i, ember) in course.embers.iter().enumerate().filter(|(_, ember)| ember.there) {
        let (x, y) = view.place(ember.x, ember.y + 3.0 * sin((ticks as usize + i * 23) as f32 / 110.0));
        if !(-20.0..WIDTH as f32 + 20.0).contains(&x) {
            continue;
        }
        let (colour, reach) = if ember.big { (0x4ad0ff, 22.0) } else { (0xff8a20, 15.0) };
        canvas.glow(x as i32, y as i32, (reach * (0.4 + 0.6 * view.zoom)) as i32 + 2, colour, 150);
        disc(canvas, x, y, reach * 0.3 * (0.5 + 0.5 * view.zoom), colour, 230);
        disc(canvas, x, y, reach * 0.18 * (0.5 + 0.5 * view.zoom), 0xfff6d8, 256);
    }
}

/// The ribbon of light behind the bird: a rainbow while it glows.
pub fn trail(canvas: &mut Canvas32, view: &View, flight: &Flight, colours: &Palette) {
    const RAINBOW: [u32; 7] = [0xff5a5a, 0xffa64a, 0xfff06a, 0x6aff9a, 0x5ac8ff, 0x9a7aff, 0xff6ad8];
    let warm = [colours.sky[2], colours.rim, 0xffffff];
    for i in 1..TRAIL {
        let t = i as f32 / TRAIL as f32;
        let (a, b) = (
            view.place(flight.trail[i - 1].0, flight.trail[i - 1].1),
            view.place(flight.trail[i].0, flight.trail[i].1),
        );
        let colour = if flight.glow > 0 {
            gradient(&RAINBOW, ((flight.ticks as usize + i * 2) % 60) as f32 / 60.0)
        } else {
            gradient(&warm, t)
        };
        let power = (t * t * if flight.glow > 0 { 130.0 } else { 84.0 }) as u32;
        canvas.glow(b.0 as i32, b.1 as i32, 3 + (t * if flight.flare > 0 { 15.0 } else { 9.0 }) as i32, colour, power);
        stroke(canvas, a, b, 0.3 + 1.1 * t, mix(colour, 0xffffff, 120), (t * 200.0) as u32);
    }
}

/// The bird: wings spread while it soars and folded while it dives.
pub fn bird(canvas: &mut Canvas32, view: &View, flight: &Flight, fold: f32) {
    let (x, y) = view.place(flight.x, flight.y);
    let size = 0.9 + 0.5 * view.zoom;
    let long = flight.speed().max(0.1);
    let (fx, fy) = (flight.vx / long, flight.vy / long);
    let put = |ahead: f32, up: f32| (x + (ahead * fx + up * fy) * size, y + (ahead * fy - up * fx) * size);
    let glow = if flight.glow > 0 || flight.flare > 0 { 0xfff2b0 } else { 0xffd890 };
    canvas.glow(
        x as i32,
        y as i32,
        if flight.flare > 0 { 62 } else { 40 },
        glow,
        if flight.glow > 0 { 190 } else { 120 },
    );
    let beat = if flight.on_ground || flight.diving { 0.0 } else { sin(flight.ticks as f32 / 34.0) };
    let (open, back) = (1.0 - fold, fold);
    let tip = 24.0 * open * (0.62 + 0.38 * beat) + 3.0;
    // The far wing, the body with its tail, the near wing.
    shape(
        canvas,
        &[put(6.0, 1.0), put(2.0 - 9.0 * back, tip * 0.86), put(-7.0 - 12.0 * back, tip * 0.7), put(-7.0, 1.0)],
        0xd88a58,
        256,
    );
    let body = [
        put(17.0, -0.5),
        put(10.0, 4.6),
        put(-2.0, 5.0),
        put(-13.0, 2.0),
        put(-25.0, 4.5),
        put(-21.0, 0.0),
        put(-25.0, -3.5),
        put(-12.0, -2.6),
        put(2.0, -4.6),
        put(10.0, -3.6),
    ];
    shape(canvas, &body, 0xfff6e0, 256);
    shape(canvas, &[put(11.0, -3.4), put(2.0, -4.6), put(-12.0, -2.6), put(0.0, -1.0)], 0xffb870, 220);
    shape(
        canvas,
        &[put(7.0, 1.0), put(-1.0 - 12.0 * back, tip), put(-12.0 - 12.0 * back, tip * 0.8), put(-9.0, 0.5)],
        0xffd9a0,
        256,
    );
    shape(
        canvas,
        &[put(4.0, 1.0), put(-5.0 - 12.0 * back, tip * 0.9), put(-12.0 - 12.0 * back, tip * 0.8), put(-9.0, 0.5)],
        0xff9a58,
        200,
    );
    let eye = put(11.5, 1.2);
    disc(canvas, eye.0, eye.1, 1.1 * size, 0x2a1838, 256);
}

/// The night rolls in from the left, ragged and deep.
pub fn night(canvas: &mut Canvas32, view: &View, flight: &Flight) {
    let front = view.place(flight.night, 0.0).0;
    let soft = 230.0;
    if front + soft < 0.0 {
        return;
    }
    let time = flight.ticks as f32 / 260.0;
    for (y, row) in canvas.pixels.chunks_exact_mut(WIDTH).enumerate() {
        let v = y as f32 / 360.0;
        let ragged = 26.0 * sin(v * 1.7 + time) + 14.0 * sin(v * 4.1 - time * 2.3) + 6.0 * sin(v * 11.0 + time * 3.1);
        let end = (front + soft + ragged).min(WIDTH as f32);
        for (x, pixel) in row.iter_mut().enumerate().take(end.max(0.0) as usize) {
            let t = ((end - x as f32) / soft).min(1.0);
            *pixel = mix(*pixel, rgba(0x070318), (t * t * 246.0) as u32) | 0xff00_0000;
        }
    }
    for i in 0..40u32 {
        let h = i.wrapping_mul(0x9e37_79b1);
        let x = (h >> 8 & 511) as f32 * 0.9 - 240.0 + front;
        let twinkle = 120.0 + 120.0 * sin((flight.ticks + i * 17) as f32 / 90.0);
        canvas.glow(x as i32, (h >> 17) as i32 % HEIGHT as i32, 3, 0xb8a0ff, twinkle.max(0.0) as u32);
    }
}
