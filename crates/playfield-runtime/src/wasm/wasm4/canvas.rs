//! Pixels: the framebuffer with its draw colours, and the three clipped strokes every shape is made of.
//!
//! Four pixels share a byte, the leftmost in the low bits. Coordinates are `i64`, so that the sums of a cartridge's own
//! 32-bit numbers never overflow.

use super::{DRAW_COLORS, FRAMEBUFFER, SIZE};

/// Bytes of the framebuffer.
pub(super) const SCREEN_BYTES: usize = (SIZE * SIZE / 4) as usize;
/// Bytes of one row.
pub(super) const ROW_BYTES: usize = (SIZE / 4) as usize;

/// The four draw colours, as they were when a drawing call began.
#[derive(Clone, Copy)]
pub(super) struct Colors(u16);

impl Colors {
    /// Reads the register.
    pub fn read(mem: &[u8]) -> Colors {
        match mem.get(DRAW_COLORS..DRAW_COLORS + 2) {
            Some(&[low, high]) => Colors(u16::from_le_bytes([low, high])),
            _ => Colors(0),
        }
    }

    /// Draw colour `index`, 0 to 3, as it stands in the register: 0 means transparent.
    pub fn raw(self, index: u32) -> u8 {
        (self.0 >> (index * 4)) as u8 & 15
    }

    /// The pixel that draw colour `index` puts down; none: it is transparent.
    pub fn pixel(self, index: u32) -> Option<u8> {
        match self.raw(index) {
            0 => None,
            color => Some((color - 1) & 3),
        }
    }
}

/// The framebuffer inside a cartridge's memory.
pub(super) struct Canvas<'a> {
    bytes: &'a mut [u8],
    pub colors: Colors,
}

impl<'a> Canvas<'a> {
    /// The canvas of `mem`; none if the memory is too small to hold one.
    pub fn of(mem: &'a mut [u8]) -> Option<Canvas<'a>> {
        let colors = Colors::read(mem);
        let bytes = mem.get_mut(FRAMEBUFFER..FRAMEBUFFER + SCREEN_BYTES)?;
        Some(Canvas { bytes, colors })
    }

    /// All pixels, [`SCREEN_BYTES`].
    pub fn bytes(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// One pixel, if it is on the screen.
    pub fn point(&mut self, pixel: u8, x: i64, y: i64) {
        if (0..SIZE).contains(&x) && (0..SIZE).contains(&y) {
            put(self.bytes, pixel, (SIZE * y + x) as usize);
        }
    }

    /// The part of row `y` from `left` up to, not including, `right`.
    pub fn span(&mut self, pixel: u8, left: i64, y: i64, right: i64) {
        let (left, right) = (left.max(0), right.min(SIZE));
        if !(0..SIZE).contains(&y) || left >= right {
            return;
        }
        let (mut at, end) = ((SIZE * y + left) as usize, (SIZE * y + right) as usize);
        let (first_whole, last_whole) = (at.next_multiple_of(4), end & !3);
        if first_whole < last_whole {
            (at..first_whole).for_each(|at| put(self.bytes, pixel, at));
            self.bytes[first_whole / 4..last_whole / 4].fill(pixel * 0b01_01_01_01);
            at = last_whole;
        }
        (at..end).for_each(|at| put(self.bytes, pixel, at));
    }

    /// The part of column `x` from `top` up to, not including, `bottom`.
    pub fn column(&mut self, pixel: u8, x: i64, top: i64, bottom: i64) {
        if (0..SIZE).contains(&x) {
            (top.max(0)..bottom.min(SIZE)).for_each(|y| put(self.bytes, pixel, (SIZE * y + x) as usize));
        }
    }
}

/// Sets pixel number `at` of a framebuffer.
pub(super) fn put(framebuffer: &mut [u8], pixel: u8, at: usize) {
    let shift = (at & 3) * 2;
    let byte = &mut framebuffer[at / 4];
    *byte = (pixel << shift) | (*byte & !(3 << shift));
}
