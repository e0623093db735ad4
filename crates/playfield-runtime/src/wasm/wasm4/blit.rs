//! Sprites and text.
//!
//! A sprite is bits in the cartridge's memory, read while the picture is drawn: a cartridge may copy the framebuffer onto
//! itself, so the order of pixels counts. Bits past the end of memory read as zero, as they do in the reference runtime.

use super::canvas::{Canvas, Colors, SCREEN_BYTES, put};
use super::{FRAMEBUFFER, SIZE, font};

/// Flags of a blit.
const TWO_BITS: u32 = 1;
const FLIP_X: u32 = 2;
const FLIP_Y: u32 = 4;
const ROTATE: u32 = 8;

/// Which part of which sheet to draw, where and how.
pub(super) struct Sprite {
    /// Where the sheet starts in memory.
    pub sheet: usize,
    /// Top left corner on the screen.
    pub x: i64,
    pub y: i64,
    /// Size in the sheet, before it is turned.
    pub width: i64,
    pub height: i64,
    /// Top left corner in the sheet.
    pub src_x: i64,
    pub src_y: i64,
    /// Pixels in a row of the sheet.
    pub stride: i64,
    pub flags: u32,
}

/// Draws a sprite. `mem` holds the framebuffer; `sprite.sheet` lies inside it or at its end.
pub(super) fn blit(mem: &mut [u8], sprite: &Sprite) {
    if mem.len() < FRAMEBUFFER + SCREEN_BYTES {
        return;
    }
    let colors = Colors::read(mem);
    let pixels = [0, 1, 2, 3].map(|index| colors.pixel(index));
    // A turned sprite is walked in its own rows and columns, which are the screen's columns and rows.
    let rotate = sprite.flags & ROTATE != 0;
    let (x, y) = if rotate { (sprite.y, sprite.x) } else { (sprite.x, sprite.y) };
    let (across, down) = if rotate { (SIZE, 1) } else { (1, SIZE) };
    let flip_x = (sprite.flags & FLIP_X != 0) != rotate;
    let flip_y = sprite.flags & FLIP_Y != 0;
    let (left, right) = ((-x).max(0), sprite.width.min(SIZE - x));
    for row in (-y).max(0)..sprite.height.min(SIZE - y) {
        let src_x = sprite.src_x + if flip_x { sprite.width - left - 1 } else { left };
        let src_y = sprite.src_y + if flip_y { sprite.height - row - 1 } else { row };
        // Indices wrap at 32 bits, so a nonsensical one reads a zero somewhere instead of failing.
        let mut from = src_y.wrapping_mul(sprite.stride).wrapping_add(src_x) as u32;
        let mut to = (down * (y + row) + across * (x + left)) as usize;
        for _ in left..right {
            if let Some(pixel) = pixels[sample(mem, sprite, from)] {
                put(&mut mem[FRAMEBUFFER..FRAMEBUFFER + SCREEN_BYTES], pixel, to);
            }
            from = if flip_x { from.wrapping_sub(1) } else { from.wrapping_add(1) };
            to += across as usize;
        }
    }
}

/// Pixel number `at` of a sheet: which of the draw colours.
#[inline]
fn sample(mem: &[u8], sprite: &Sprite, at: u32) -> usize {
    let byte = |index: u32| usize::from(mem.get(sprite.sheet + index as usize).copied().unwrap_or(0));
    if sprite.flags & TWO_BITS != 0 {
        (byte(at / 4) >> (6 - 2 * (at & 3))) & 3
    } else {
        (byte(at / 8) >> (7 - (at & 7))) & 1
    }
}

/// Where the next character of a text goes.
pub(super) struct Cursor {
    left: i64,
    x: i64,
    y: i64,
}

impl Cursor {
    /// At the start of a text.
    pub fn new(x: i64, y: i64) -> Cursor {
        Cursor { left: x, x, y }
    }

    /// Draws a character and moves on; false at the zero that ends a text. Codes without a glyph leave a gap.
    pub fn put(&mut self, mem: &mut [u8], code: u16) -> bool {
        match code {
            0 => return false,
            10 => (self.x, self.y) = (self.left, self.y + 8),
            font::FIRST..=255 => {
                self.glyph(mem, font::GLYPHS[usize::from(code - font::FIRST)]);
                self.x += 8;
            }
            _ => self.x += 8,
        }
        true
    }

    /// A glyph: ink in draw colour 1, the rest of its cell in draw colour 2.
    fn glyph(&self, mem: &mut [u8], glyph: u64) {
        if !(-7..SIZE).contains(&self.x) || !(-7..SIZE).contains(&self.y) {
            return;
        }
        let Some(mut canvas) = Canvas::of(mem) else { return };
        let (ink, paper) = (canvas.colors.pixel(0), canvas.colors.pixel(1));
        for (row, bits) in (self.y..).zip(glyph.to_be_bytes()) {
            for column in 0..8 {
                let color = if bits & (0x80 >> column) != 0 { ink } else { paper };
                if let Some(pixel) = color {
                    canvas.point(pixel, self.x + column, row);
                }
            }
        }
    }
}
