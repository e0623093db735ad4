//! What moves over the town: stars, the moon and its light, windows that shine, and all of it again in the water.

use playfield_sdk::canvas::{Canvas32, add_light, mix, rgba};
use playfield_sdk::math::sin;

use crate::buttons::{CELL_W, LEFT, STREET, TOP, window_middle};
use crate::faces::{self, COLOURS};
use crate::hints::WISHES;
use crate::moods::{self, Mood};
use crate::paint::{HEIGHT, WIDTH, dim, disc};
use crate::song::{BIRD, RESIDENTS, ROWS, STEPS};
use crate::studio::Studio;
use crate::town::{GLASS_H, GLASS_W, QUAY, STARS, corner};

const MOON_Y: i32 = 43;

pub fn stars(canvas: &mut Canvas32, places: &[(i32, i32, u32); STARS], age: u32, pulse: u8) {
    for &(x, y, kind) in places {
        let twinkle = sin(age as f32 * (0.002 + (kind % 7) as f32 * 0.0007) + (kind % 64) as f32 / 64.0);
        let power = (70.0 + 60.0 * twinkle) as u32 + u32::from(pulse) / 3;
        canvas.glow_dot(x, y, 0xfff4e0, power);
        if kind % 5 == 0 {
            canvas.glow(x, y, 3, 0xfff4e0, power);
        }
    }
}

/// Where the moon is: over the step that sounds.
pub fn moon_x(town: &Studio) -> f32 {
    LEFT as f32 + town.clock.through() * (STEPS as i32 * CELL_W) as f32
}

pub fn moon(canvas: &mut Canvas32, town: &Studio, age: u32) {
    let mood = moods::of(&town.song);
    let x = moon_x(town);
    let beat = u32::from(town.pulses[0]) / 4;
    canvas.glow(x as i32, MOON_Y, 34, mood.moon, 120 + beat);
    disc(canvas, x, MOON_Y as f32, 7.5, mood.moon, 256);
    disc(canvas, x - 2.0, MOON_Y as f32 - 1.0, 1.6, dim(mood.moon, 216), 256);
    disc(canvas, x + 2.4, MOON_Y as f32 + 2.4, 1.2, dim(mood.moon, 220), 256);
    if town.clock.playing {
        beam(canvas, x as i32, mood.moon, age);
    }
}

/// Light falls from the moon onto one house, widest at the street.
fn beam(canvas: &mut Canvas32, x: i32, colour: u32, age: u32) {
    let breath = (8.0 * sin(age as f32 / 90.0)) as i32;
    for y in TOP - 4..QUAY {
        let half = 9 + (y - TOP) / 16;
        for dx in -half..=half {
            let power = (half - dx.abs()) * (58 + breath) / half;
            let at = x + dx;
            if power > 0 && (0..WIDTH as i32).contains(&at) {
                let pixel = &mut canvas.pixels[y as usize * WIDTH + at as usize];
                *pixel = add_light(*pixel, rgba(dim(colour, power as u32)));
            }
        }
    }
}

/// All windows with somebody in them: the resident at hand shows its face, or, if everybody may, somebody does.
pub fn windows(canvas: &mut Canvas32, town: &Studio, everybody: bool) {
    let mood = moods::of(&town.song);
    let scene = *town.scene();
    for step in 0..STEPS {
        for row in 0..ROWS {
            let lives = |who: &usize| scene.has(*who, step, row);
            let anybody = (0..RESIDENTS).rev().find(lives).filter(|_| everybody);
            let face = anybody.or(Some(town.who).filter(lives));
            if let Some(who) = face {
                lit(canvas, town, mood, who, step, row);
            }
            candles(canvas, town, face, step, row);
        }
    }
}

fn lit(canvas: &mut Canvas32, town: &Studio, mood: &Mood, who: usize, step: usize, row: usize) {
    let (x, y) = corner(step, row);
    let flash = u32::from(town.flashes[who][step][row]);
    let shown = if town.awake(who) { COLOURS[who] } else { mix(mood.glass, COLOURS[who], 110) };
    let colour = mix(shown, 0xffffff, flash * 3 / 5);
    canvas.rect(x - 1, y - 1, GLASS_W + 2, GLASS_H + 2, dim(colour, 150));
    for down in 0..GLASS_H {
        canvas.rect(x, y + down, GLASS_W, 1, mix(colour, dim(shown, 170), down as u32 * 14));
    }
    if who == BIRD && step + 1 < STEPS && town.scene().has(who, step + 1, row) {
        canvas.rect(x + GLASS_W, y + 2, CELL_W - GLASS_W, GLASS_H - 4, dim(shown, 200));
    }
    let hop = if flash > 150 { 2 } else { i32::from(flash > 60) };
    faces::paint(canvas, who, (x + GLASS_W / 2, y + GLASS_H / 2 + 1 - hop), 1, dim(mood.glass, 200), 0xffffff);
}

/// Others who live there: a little light each.
fn candles(canvas: &mut Canvas32, town: &Studio, face: Option<usize>, step: usize, row: usize) {
    let (x, y) = corner(step, row);
    let mut at = x + 1;
    for who in (0..RESIDENTS).filter(|&who| Some(who) != face && town.scene().has(who, step, row)) {
        let flash = u32::from(town.flashes[who][step][row]);
        let power = if town.awake(who) { 190 } else { 80 };
        let top = if face.is_some() { y + GLASS_H - 3 } else { y + GLASS_H - 8 };
        canvas.rect(at, top, 4, y + GLASS_H - top, mix(dim(COLOURS[who], power), 0xffffff, flash / 2));
        at += 5;
    }
}

/// Light that spills out of windows that sing.
pub fn glows(canvas: &mut Canvas32, town: &Studio) {
    for (who, steps) in town.flashes.iter().enumerate() {
        for (step, rows) in steps.iter().enumerate() {
            for (row, &flash) in rows.iter().enumerate().filter(|(_, flash)| **flash > 16) {
                let (x, y) = window_middle(step, row);
                let (near, power) = if who == town.who { (14, 150) } else { (9, 110) };
                let radius = near + i32::from(flash) / 18;
                canvas.glow(x, y, radius, COLOURS[who], u32::from(flash) * power / 256);
            }
        }
    }
}

/// The town upside down, swaying; loud bass makes larger waves.
pub fn water(canvas: &mut Canvas32, town: &Studio, age: u32) {
    let mood = moods::of(&town.song);
    let water = rgba(mood.water);
    let swell = 1.4 + f32::from(town.pulses[1]) / 110.0;
    for y in QUAY..HEIGHT as i32 {
        let deep = y - QUAY;
        let from = STREET + 2 - deep * 8 / 5;
        let wave = sin(deep as f32 * 0.085 - age as f32 / 110.0) + 0.5 * sin(deep as f32 * 0.19 + age as f32 / 70.0);
        let shift = (wave * swell * (0.6 + deep as f32 / 30.0)) as i32;
        let share = 118 + deep as u32;
        let (to, from) = ((y as usize) * WIDTH, (from.max(0) as usize) * WIDTH);
        let (above, below) = canvas.pixels.split_at_mut(to);
        let (seen, row) = (&above[from..from + WIDTH], &mut below[..WIDTH]);
        let (skip, cut) = (shift.max(0) as usize, (-shift).max(0) as usize);
        for (pixel, seen) in row[cut..].iter_mut().zip(&seen[skip..]) {
            *pixel = mix(*seen, water, share) | 0xff00_0000;
        }
        let (first, last) = (row[cut], row[WIDTH - 1 - skip]);
        row[..cut].fill(first);
        row[WIDTH - skip..].fill(last);
    }
}

/// A lamp on the quay for every wish that came true.
pub fn lamps(canvas: &mut Canvas32, town: &Studio, age: u32) {
    for lamp in 0..WISHES as i32 {
        let x = 20 + 40 * lamp;
        let burns = town.hints.lamps >> lamp & 1 != 0;
        canvas.rect(x - 1, STREET - 3, 3, 7, 0x14101e);
        if burns {
            let new = 60u32.saturating_sub(town.hints.since);
            let flicker = (age / 7 + lamp as u32 * 5) % 9;
            canvas.glow(x, STREET - 3, 11 + new as i32 / 5, 0xffc868, 150 + flicker * 4);
            canvas.rect(x - 1, STREET - 5, 3, 3, 0xfff0c0);
        } else {
            canvas.rect(x - 1, STREET - 5, 3, 3, 0x3a3448);
        }
    }
}
