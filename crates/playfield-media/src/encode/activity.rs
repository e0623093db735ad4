//! How much there is to code: what changed since the picture before, and how busy the picture is.
//!
//! Measured on blocks of 16x16 luma and 8x8 of each chroma, the size of a macroblock, and only where there is damage.

#[cfg(target_arch = "x86_64")]
mod simd;

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
        let part = |(bytes, stride, size): (&'_ [u8], usize, usize)| {
            let (x, y) = (column * size, row * size);
            (x + y * stride, size.min(stride - x), size.min(bytes.len() / stride - y))
        };
        let mut difference = 0;
        for (plane, old) in planes.into_iter().zip(self.before.planes_mut()) {
            let ((at, width, rows), stride) = (part(plane), plane.1);
            difference += distance(Plane { bytes: plane.0, stride, at }, Plane { bytes: old, stride, at }, width, rows);
        }
        // Nearly all of a screen stands still nearly always.
        if difference == 0 {
            return;
        }
        let mut detail = 0;
        for (plane, old) in planes.into_iter().zip(self.before.planes_mut()) {
            let ((at, width, rows), stride) = (part(plane), plane.1);
            detail += busyness(Plane { bytes: plane.0, stride, at }, width, rows);
            for at in (at..).step_by(stride).take(rows) {
                old[at..at + width].copy_from_slice(&plane.0[at..at + width]);
            }
        }
        measure.changed += 1;
        // Counts what changed until the end, which is when the whole is known.
        measure.still += u64::from(detail);
        measure.news += u64::from(difference.min(detail).max(1));
        let known = &mut self.detail[row * columns + column];
        self.total = self.total + u64::from(detail) - u64::from(*known);
        *known = detail;
    }
}

/// A block in a plane: rows `stride` apart, the first of them at `at`.
#[derive(Clone, Copy)]
struct Plane<'a> {
    bytes: &'a [u8],
    stride: usize,
    at: usize,
}

impl<'a> Plane<'a> {
    /// # Panics
    /// If `rows` rows of `width` bytes are not all there.
    fn check(self, width: usize, rows: usize) {
        assert!(rows > 0 && width <= self.stride && self.at + (rows - 1) * self.stride + width <= self.bytes.len());
    }

    fn row(self, y: usize, width: usize) -> &'a [u8] {
        &self.bytes[self.at + y * self.stride..][..width]
    }

    /// Where the row above the block begins, if there is one.
    fn above(self) -> Option<usize> {
        self.at.checked_sub(self.stride)
    }

    /// The block one row further up, which must be there.
    fn up(self) -> Plane<'a> {
        Plane { at: self.above().unwrap_or(self.at), ..self }
    }
}

/// How far two blocks are apart.
fn distance(new: Plane, old: Plane, width: usize, rows: usize) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if width == BLOCK || width == BLOCK / 2 {
        return simd::difference(new, old, width, rows);
    }
    scalar_distance(new, old, width, rows)
}

/// How far the pixels of a block are from their neighbours to the left and above.
fn busyness(new: Plane, width: usize, rows: usize) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if width == BLOCK || width == BLOCK / 2 {
        return simd::detail(new, width, rows);
    }
    scalar_busyness(new, width, rows)
}

fn scalar_distance(new: Plane, old: Plane, width: usize, rows: usize) -> u32 {
    (0..rows).map(|y| apart(new.row(y, width), old.row(y, width))).sum()
}

fn scalar_busyness(new: Plane, width: usize, rows: usize) -> u32 {
    let mut above = new.up().row(0, width);
    let mut sum = 0;
    for y in 0..rows {
        let row = new.row(y, width);
        sum += apart(row, above) + apart(&row[1..], &row[..width - 1]);
        above = row;
    }
    sum
}

/// Sum of absolute differences.
fn apart(a: &[u8], b: &[u8]) -> u32 {
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
    fn simd_sums_as_its_scalar_twin_does() {
        let mut random = Random::new(6);
        let (mut new, mut old) = (vec![0; 64 * 40], vec![0; 64 * 40]);
        random.fill(&mut new);
        random.fill(&mut old);
        for (at, width, rows) in [(0, 16, 16), (16, 8, 8), (64 * 5 + 3, 16, 7), (64 * 20 + 48, 16, 16), (64, 8, 1)] {
            let plane = |bytes| Plane { bytes, stride: 64, at };
            let (new, old) = (plane(&new[..]), plane(&old[..]));
            assert_eq!(distance(new, old, width, rows), scalar_distance(new, old, width, rows), "{at} {width} {rows}");
            assert_eq!(busyness(new, width, rows), scalar_busyness(new, width, rows), "{at} {width} {rows}");
        }
    }

    #[test]
    fn a_flat_picture_has_no_detail() {
        let picture = Picture::black(33, 17, PixelFormat::Rgba8);
        let mut converted = I420::new();
        Converter::new().to_i420(&picture, Damage::All, &mut converted);
        assert_eq!(Activity::default().measure(&converted, Damage::All).detail, 0);
    }
}
