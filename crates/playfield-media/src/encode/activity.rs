//! How much there is to code: what changed since the picture before, and how busy the picture is.
//!
//! Measured on blocks of 16x16 luma and 8x8 of each chroma, the size of a macroblock, and only where there is damage.

use playfield_core::frame::{Damage, Rect};

use crate::convert::I420;

const BLOCK: usize = 16;

/// What one picture brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Blocks that differ from the picture before.
    pub changed: usize,
    /// Of them all, the smaller of difference and busyness: about what must be coded.
    pub news: u64,
    /// Busyness of the whole picture: about what a key frame must code.
    pub detail: u64,
    /// Busyness of the blocks that did not change: about what coding them finer takes.
    pub still: u64,
}

/// Remembers the picture before and how busy each of its blocks is.
#[derive(Debug, Default)]
pub(super) struct Activity {
    before: I420,
    detail: Vec<u32>,
    total: u64,
}

impl Activity {
    /// Compares `picture` with the one given before (black of no size at first), where `damage` says it may differ.
    pub fn measure(&mut self, picture: &I420, damage: Damage) -> Measure {
        let (columns, rows) = (picture.y_stride().div_ceil(BLOCK), picture.y_rows().div_ceil(BLOCK));
        let mut damage = damage;
        if self.before.resize(picture.width(), picture.height()) {
            self.detail.clear();
            self.detail.resize(columns * rows, 0);
            self.total = 0;
            damage = Damage::All;
        }
        let (x, y) = match damage {
            Damage::None => (0..0, 0..0),
            Damage::All => (0..columns, 0..rows),
            Damage::Area(Rect { x, y, width, height }) => {
                let span = |from: u16, size: u16, end: usize| {
                    usize::from(from) / BLOCK..(usize::from(from) + usize::from(size)).div_ceil(BLOCK).min(end)
                };
                (span(x, width, columns), span(y, height, rows))
            }
        };
        let mut measure = Measure::default();
        for row in y {
            for column in x.clone() {
                self.block(picture, column, row, columns, &mut measure);
            }
        }
        measure.detail = self.total;
        measure.still = self.total - measure.still;
        measure
    }

    fn block(&mut self, picture: &I420, column: usize, row: usize, columns: usize, measure: &mut Measure) {
        let planes = [
            (picture.y(), picture.y_stride(), BLOCK),
            (picture.u(), picture.uv_stride(), BLOCK / 2),
            (picture.v(), picture.uv_stride(), BLOCK / 2),
        ];
        let mut difference = 0;
        let mut detail = 0;
        for ((new, stride, size), old) in planes.into_iter().zip(self.before.planes_mut()) {
            let x = column * size..(column * size + size).min(stride);
            for y in row * size..(row * size + size).min(new.len() / stride) {
                let at = y * stride + x.start..y * stride + x.end;
                let above = if y == 0 { at.clone() } else { at.start - stride..at.end - stride };
                difference += distance(&new[at.clone()], &old[at.clone()]);
                detail += distance(&new[at.clone()], &new[above]);
                detail += distance(&new[at.start + 1..at.end], &new[at.start..at.end - 1]);
                old[at.clone()].copy_from_slice(&new[at]);
            }
        }
        if difference > 0 {
            measure.changed += 1;
            // Counts what changed until the end, which is when the whole is known.
            measure.still += u64::from(detail);
            measure.news += u64::from(difference.min(detail).max(1));
        }
        let known = &mut self.detail[row * columns + column];
        self.total = self.total + u64::from(detail) - u64::from(*known);
        *known = detail;
    }
}

/// Sum of absolute differences; the compiler makes `psadbw` of it.
fn distance(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::{Picture, PixelFormat};

    use super::*;
    use crate::convert::Converter;
    use crate::testing::Random;

    #[test]
    fn only_what_changed_is_news() {
        let mut random = Random::new(5);
        let mut picture = random.picture(50, 34, PixelFormat::Rgba8);
        let (mut converter, mut converted) = (Converter::new(), I420::new());
        converter.to_i420(&picture, Damage::All, &mut converted);
        let mut activity = Activity::default();
        let first = activity.measure(&converted, Damage::All);
        assert_eq!((first.changed, first.still), (4 * 3, 0));
        assert_eq!(
            activity.measure(&converted, Damage::All),
            Measure { changed: 0, news: 0, detail: first.detail, still: first.detail }
        );

        let area = Rect { x: 20, y: 4, width: 3, height: 3 };
        let at = (5 * 50 + 21) * 4;
        picture.pixels[at..at + 3].copy_from_slice(&[0, 0, 0]);
        converter.to_i420(&picture, Damage::Area(area), &mut converted);
        assert_eq!(activity.measure(&converted, Damage::Area(area)).changed, 1);
        assert_eq!(activity.measure(&converted, Damage::None).changed, 0);
    }

    #[test]
    fn a_flat_picture_has_no_detail() {
        let picture = Picture::black(33, 17, PixelFormat::Rgba8);
        let mut converted = I420::new();
        Converter::new().to_i420(&picture, Damage::All, &mut converted);
        assert_eq!(Activity::default().measure(&converted, Damage::All).detail, 0);
    }
}
