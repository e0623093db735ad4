//! A picture as cells: how bright each is.

use super::{ACROSS, DOWN};
use crate::frame::{Picture, PixelFormat, rgb565};

/// Most pixels along each side of a cell that are looked at: a larger picture costs no more.
const LOOKED_AT: usize = 4;

/// The cells of pictures of one size.
#[derive(Debug, Default)]
pub struct Grid {
    /// Cells in a row, and rows.
    across: usize,
    down: usize,
    /// Pixels along a side of a cell, and from one that is looked at to the next.
    side: usize,
    step: usize,
    levels: Vec<f32>,
    sums: Vec<u32>,
}

impl Grid {
    /// Gets ready for pictures of such a size; not for one of no size.
    pub fn begin(&mut self, picture: &Picture) -> bool {
        let (width, height) = (usize::from(picture.width), usize::from(picture.height));
        self.side = width.div_ceil(ACROSS).max(height.div_ceil(DOWN)).max(1);
        self.step = self.side.div_ceil(LOOKED_AT);
        // What is left at the right and below is less than a cell.
        (self.across, self.down) = (width / self.side, height / self.side);
        self.levels = vec![0.0; self.across * self.down];
        self.sums = vec![0; self.across];
        !self.levels.is_empty()
    }

    /// Measures how bright its cells are; not if its bytes are not as many as it says.
    pub fn measure(&mut self, picture: &Picture) -> bool {
        let palette = if picture.format == PixelFormat::Indexed8 { 256 } else { 0 };
        let right = picture.pixels.len() == picture.area() * picture.format.bytes_per_pixel();
        if !right || self.levels.is_empty() || picture.palette.len() < palette {
            return false;
        }
        let (stride, bytes) = (picture.stride(), picture.format.bytes_per_pixel());
        let looked_at = self.side.div_ceil(self.step).pow(2) as f32;
        for (down, levels) in self.levels.chunks_exact_mut(self.across).enumerate() {
            self.sums.fill(0);
            for y in (0..self.side).step_by(self.step) {
                let row = &picture.pixels[(down * self.side + y) * stride..][..self.across * self.side * bytes];
                match picture.format {
                    PixelFormat::Rgba8 => {
                        sum(&mut self.sums, row.as_chunks::<4>().0, self.side, self.step, |[r, g, b, _]| {
                            level([*r, *g, *b])
                        })
                    }
                    PixelFormat::Rgb565 => {
                        let pixel = |pixel: &[u8; 2]| level(rgb565(u16::from_le_bytes(*pixel)));
                        sum(&mut self.sums, row.as_chunks::<2>().0, self.side, self.step, pixel);
                    }
                    PixelFormat::Indexed8 => {
                        sum(&mut self.sums, row, self.side, self.step, |index| {
                            level(picture.palette[usize::from(*index)])
                        });
                    }
                }
            }
            for (to, sum) in levels.iter_mut().zip(&self.sums) {
                *to = *sum as f32 / 256.0 / looked_at;
            }
        }
        true
    }

    /// How bright each cell is, 0 to 255, row by row.
    pub fn levels(&self) -> &[f32] {
        &self.levels
    }

    /// Cells in a row, and rows.
    pub fn size(&self) -> [usize; 2] {
        [self.across, self.down]
    }
}

/// Adds every `step`th pixel of a row to its cell.
fn sum<P>(sums: &mut [u32], row: &[P], side: usize, step: usize, level: impl Fn(&P) -> u32) {
    for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(side)) {
        *sum += pixels.iter().step_by(step).map(&level).sum::<u32>();
    }
}

/// How bright a colour is, in 256ths of a level (BT.601).
fn level([r, g, b]: [u8; 3]) -> u32 {
    77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b)
}
