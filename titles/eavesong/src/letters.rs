//! Smooth letters: the SDK's 5x7 font with its pixels joined by round strokes, drawn once into coverage tiles.

#![expect(clippy::too_many_arguments, reason = "words have a place, a size, a colour and a strength")]

use playfield_sdk::Buffer;
use playfield_sdk::canvas::Canvas32;

use crate::paint::distance;

const GLYPHS: usize = 64;
const SMALL: i32 = 2;
const LARGE: i32 = 6;
const SMALL_TILE: usize = tile(SMALL);
const LARGE_TILE: usize = tile(LARGE);

const fn tile(scale: i32) -> usize {
    (width(scale) * height(scale)) as usize
}
const fn width(scale: i32) -> i32 {
    6 * scale
}
const fn height(scale: i32) -> i32 {
    8 * scale
}

static SMALL_TILES: Buffer<[u8; SMALL_TILE * GLYPHS]> = Buffer::new([0; SMALL_TILE * GLYPHS]);
static LARGE_TILES: Buffer<[u8; LARGE_TILE * GLYPHS]> = Buffer::new([0; LARGE_TILE * GLYPHS]);

/// How large letters are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Small,
    Large,
}

impl Size {
    const fn scale(self) -> i32 {
        match self {
            Size::Small => SMALL,
            Size::Large => LARGE,
        }
    }
}

pub struct Letters {
    small: &'static [u8],
    large: &'static [u8],
}

impl Letters {
    pub const NEW: Letters = Letters { small: &[], large: &[] };

    pub fn draw_all(&mut self) {
        if let (Some(small), Some(large)) = (SMALL_TILES.take(), LARGE_TILES.take()) {
            for i in 0..GLYPHS {
                let ch = char::from(i as u8 + 32);
                draw(ch, SMALL, 0.52, &mut small[i * SMALL_TILE..(i + 1) * SMALL_TILE]);
                draw(ch, LARGE, 0.46, &mut large[i * LARGE_TILE..(i + 1) * LARGE_TILE]);
            }
            (self.small, self.large) = (small, large);
        }
    }

    fn tile(&self, ch: char, size: Size) -> Option<&'static [u8]> {
        let index = (ch.to_ascii_uppercase() as usize).checked_sub(32).filter(|&i| i < GLYPHS)?;
        match size {
            Size::Small => self.small.get(index * SMALL_TILE..(index + 1) * SMALL_TILE),
            Size::Large => self.large.get(index * LARGE_TILE..(index + 1) * LARGE_TILE),
        }
    }

    pub fn width(text: &str, size: Size) -> i32 {
        text.len() as i32 * width(size.scale()) - size.scale()
    }

    /// Text with a soft shadow, `share` of 256.
    pub fn text(&self, canvas: &mut Canvas32, x: i32, y: i32, text: &str, size: Size, colour: u32, share: u32) {
        let drop = size.scale() / 2;
        self.plain(canvas, x + drop, y + drop, text, size, 0x0a0820, share * 5 / 8);
        self.plain(canvas, x, y, text, size, colour, share);
    }

    pub fn centred(&self, canvas: &mut Canvas32, x: i32, y: i32, text: &str, size: Size, colour: u32, share: u32) {
        self.text(canvas, x - Letters::width(text, size) / 2, y, text, size, colour, share);
    }

    /// Text without a shadow.
    pub fn plain(&self, canvas: &mut Canvas32, x: i32, y: i32, text: &str, size: Size, colour: u32, share: u32) {
        let wide = width(size.scale());
        for (n, ch) in text.chars().enumerate() {
            let Some(tile) = self.tile(ch, size) else { continue };
            for (row, covers) in tile.chunks_exact(wide as usize).enumerate() {
                for (col, &cover) in covers.iter().enumerate().filter(|(_, cover)| **cover > 0) {
                    let share = (u32::from(cover) * share) >> 8;
                    canvas.blend_dot(x + n as i32 * wide + col as i32, y + row as i32, colour, share + 1);
                }
            }
        }
    }
}

/// Draws one glyph: neighbours among its pixels are joined, corners only where nothing else joins them.
fn draw(ch: char, scale: i32, radius: f32, tile: &mut [u8]) {
    let on = |x: i32, y: i32| {
        (0..5).contains(&x) && (0..7).contains(&y) && playfield_sdk::canvas::glyph_bit(ch, x as usize, y as usize)
    };
    let wide = width(scale);
    let unit = scale as f32;
    for y in 0..7 {
        for x in (0..5).filter(|&x| on(x, y)) {
            let here = ((x as f32 + 0.75) * unit, (y as f32 + 0.75) * unit);
            let mut join = |dx: i32, dy: i32| {
                let there = (here.0 + dx as f32 * unit, here.1 + dy as f32 * unit);
                for (i, cover) in tile.iter_mut().enumerate() {
                    let p = ((i as i32 % wide) as f32 + 0.5, (i as i32 / wide) as f32 + 0.5);
                    let edge = (radius * unit + 0.5 - distance(here, there, p)).clamp(0.0, 1.0);
                    *cover = (*cover).max((edge * 255.0) as u8);
                }
            };
            join(0, 0);
            for (dx, dy) in [(1, 0), (0, 1)] {
                if on(x + dx, y + dy) {
                    join(dx, dy);
                }
            }
            for dx in [-1, 1] {
                if on(x + dx, y + 1) && !on(x + dx, y) && !on(x, y + 1) {
                    join(dx, 1);
                }
            }
        }
    }
}
