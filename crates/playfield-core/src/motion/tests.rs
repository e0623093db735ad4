//! Drawn places, with noise, and things that come, stop and go.

use super::*;
use crate::frame::PixelFormat;
use crate::metadata::Rect;

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// A place: slopes and stripes, with noise that differs in each picture.
struct Place {
    now: Time,
    motion: Motion,
    noise: Vec<i32>,
    seed: u32,
    picture: Picture,
    /// Added to everything.
    light: i32,
}

impl Place {
    fn new(format: PixelFormat) -> Place {
        let mut picture = Picture::black(WIDTH as u16, HEIGHT as u16, format);
        for (at, colour) in picture.palette.iter_mut().enumerate() {
            *colour = [at as u8; 3];
        }
        let mut place = Place {
            now: Time::ZERO,
            motion: Motion::new(Config::default()),
            noise: vec![],
            seed: 1,
            picture,
            light: 0,
        };
        place.noise = (0..8192).map(|_| (place.random() >> 27) as i32 - 16).collect();
        place
    }

    fn random(&mut self) -> u32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.seed
    }

    /// The next picture, a tenth of a second later, with bright things at (left, top, side) in pixels.
    fn next(&mut self, things: &[[usize; 3]]) -> Vec<Rect> {
        self.now = self.now + Duration::from_millis(100);
        let bytes = self.picture.format.bytes_per_pixel();
        for y in 0..HEIGHT {
            // Every row has its noise from another place.
            let noise = self.random() as usize >> 20;
            let things: Vec<_> = things.iter().filter(|[_, top, side]| (*top..top + side).contains(&y)).collect();
            let row = self.picture.pixels.chunks_exact_mut(WIDTH * bytes).nth(y).unwrap();
            for (x, (pixel, noise)) in row.chunks_exact_mut(bytes).zip(&self.noise[noise..]).enumerate() {
                let inside = things.iter().any(|[left, _, side]| (*left..left + side).contains(&x));
                let place = 40 + (x / 8) as i32 + if (y / 20) % 2 == 0 { 30 } else { 0 };
                let level = (self.light + noise + if inside { 220 } else { place }).clamp(0, 255) as u8;
                put(pixel, level);
            }
        }
        self.motion.look(self.now, &self.picture).iter().map(|object| object.area).collect()
    }

    /// So many seconds of the same; what the last picture showed.
    fn wait(&mut self, seconds: usize, things: &[[usize; 3]]) -> Vec<Rect> {
        (0..seconds * 10).map(|_| self.next(things)).last().unwrap_or_default()
    }
}

fn put(pixel: &mut [u8], level: u8) {
    let [high, middle] = [u16::from(level >> 3), u16::from(level >> 2)];
    match pixel.len() {
        4 => pixel[..3].fill(level),
        2 => pixel.copy_from_slice(&(high << 11 | middle << 5 | high).to_le_bytes()),
        _ => pixel[0] = level,
    }
}

fn is_at(area: &Rect, [left, top, side]: [usize; 3]) -> bool {
    let near = |is: f32, expect: usize, all: usize| (is * all as f32 - expect as f32).abs() <= 4.0;
    near(area.left, left, WIDTH)
        && near(area.top, top, HEIGHT)
        && near(area.right, left + side, WIDTH)
        && near(area.bottom, top + side, HEIGHT)
}

#[test]
fn nothing_moves_in_an_empty_place_whatever_its_noise() {
    let mut place = Place::new(PixelFormat::Rgba8);
    for _ in 0..150 {
        assert!(place.next(&[]).is_empty());
    }
    assert!(place.motion.is_settled());
}

#[test]
fn what_moves_is_found_where_it_is() {
    for format in [PixelFormat::Rgba8, PixelFormat::Rgb565, PixelFormat::Indexed8] {
        let mut place = Place::new(format);
        place.wait(4, &[]);
        for step in 0..30 {
            let things = [[40 + step * 12, 100, 40], [400 - step * 8, 240, 60]];
            let found = place.next(&things);
            assert_eq!(found.len(), 2, "{format:?}, step {step}: {found:?}");
            assert!(is_at(&found[0], things[1]) && is_at(&found[1], things[0]), "{format:?}, step {step}: {found:?}");
        }
        assert!(place.next(&[]).is_empty(), "it left no trail");
    }
}

#[test]
fn what_stops_is_there_for_a_while_and_then_part_of_the_place() {
    let mut place = Place::new(PixelFormat::Rgba8);
    let car = [300, 100, 80];
    place.wait(4, &[]);
    let found = place.wait(15, &[car]);
    assert!(found.len() == 1 && is_at(&found[0], car), "{found:?}");
    assert!(place.wait(120, &[car]).is_empty());
    let found = place.next(&[]);
    assert!(found.len() == 1 && is_at(&found[0], car), "it leaves: {found:?}");
}

#[test]
fn light_that_changes_everywhere_is_no_thing() {
    let mut place = Place::new(PixelFormat::Rgba8);
    place.wait(4, &[]);
    place.light = 60;
    assert!(place.next(&[]).is_empty());
    assert!(!place.motion.is_settled());
    place.wait(4, &[]);
    let thing = [100, 100, 40];
    let found = place.next(&[thing]);
    assert!(found.len() == 1 && is_at(&found[0], thing), "it settled again: {found:?}");
    for second in 0..40 {
        place.light = 60 - second;
        assert!(place.wait(1, &[]).is_empty(), "dusk falls, second {second}");
    }
}

#[test]
fn specks_are_noise() {
    let mut place = Place::new(PixelFormat::Rgba8);
    place.wait(4, &[]);
    assert!(place.next(&[[100, 100, 8]]).is_empty());
}

#[test]
fn pictures_of_any_size_are_looked_at() {
    let mut motion = Motion::new(Config::default());
    for (nth, (width, height)) in
        [(1, 1), (1920, 1080), (161, 2), (1, 1080), (640, 360), (0, 0)].into_iter().enumerate()
    {
        let picture = Picture::black(width, height, PixelFormat::Rgba8);
        let now = Time::ZERO + Duration::from_secs(nth as u64);
        assert!(motion.look(now, &picture).is_empty());
        let cut = Picture { pixels: vec![0; 3], ..picture };
        assert!(motion.look(now, &cut).is_empty());
    }
}
