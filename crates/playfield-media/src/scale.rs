//! A converted picture, made smaller: what there is not enough processor or path for is scaled before it is encoded.
//!
//! Each pixel is the mean of the area it covers (a box filter), so that thin lines get paler but stay. Rows first, then columns; four
//! pixels become three or two:
//!
//! ```text
//!   3/4   (3a + b) / 4, (2b + 2c) / 4, (c + 3d) / 4
//!   1/2   (2a + 2b) / 4, (2c + 2d) / 4
//! ```

use playfield_core::frame::{Damage, Rect};
use playfield_core::quality::Scale;

use crate::convert::I420;

/// Which two of four pixels make one, and their weights in quarters.
type Taps = &'static [(usize, [u16; 2])];

const THREE_QUARTERS: Taps = &[(0, [3, 1]), (1, [2, 2]), (2, [1, 3])];
const HALF: Taps = &[(0, [2, 2]), (2, [2, 2])];

/// Makes pictures smaller; keeps its scratch row.
#[derive(Debug, Default)]
pub struct Scaler {
    row: Vec<u16>,
}

impl Scaler {
    /// A scaler.
    pub fn new() -> Scaler {
        Scaler::default()
    }

    /// Scales the rows of `picture` that `damage` touches into `out`, all of them if `out` has another size; returns what that changed.
    ///
    /// `out` must hold the picture before, scaled, unless `damage` is [`Damage::All`]. At full size nothing is done to it.
    pub fn scale(&mut self, picture: &I420, scale: Scale, damage: Damage, out: &mut I420) -> Damage {
        let taps = match scale {
            Scale::Full => return damage,
            Scale::ThreeQuarters => THREE_QUARTERS,
            Scale::Half => HALF,
        };
        let (width, height) = (scale.side(picture.width()), scale.side(picture.height()));
        let damage = if out.resize(width, height) { Damage::All } else { damage };
        let (top, bottom) = match damage {
            Damage::None => return Damage::None,
            Damage::All => (0, picture.y_rows()),
            Damage::Area(area) => (usize::from(area.y), usize::from(area.y) + usize::from(area.height)),
        };
        let planes = [
            (picture.y(), picture.y_stride(), out.y_stride(), 1),
            (picture.u(), picture.uv_stride(), out.uv_stride(), 2),
            (picture.v(), picture.uv_stride(), out.uv_stride(), 2),
        ];
        let mut changed = 0..0;
        for ((from, stride, out_stride, part), out) in planes.into_iter().zip(out.planes_mut()) {
            let rows = groups(top / part..bottom.div_ceil(part), taps.len(), out.len() / out_stride);
            self.plane((from, stride), (out, out_stride), taps, rows.clone());
            if part == 1 {
                changed = rows;
            }
        }
        let (first, last) = (changed.start as u16, (changed.end as u16).min(height));
        match damage {
            Damage::All => Damage::All,
            _ if first >= last => Damage::None,
            // Columns are not followed: what is coded looks for itself.
            _ => Damage::Area(Rect { x: 0, y: first, width, height: last - first }),
        }
    }

    fn plane(
        &mut self,
        (from, stride): (&[u8], usize),
        (out, out_stride): (&mut [u8], usize),
        taps: Taps,
        rows: std::ops::Range<usize>,
    ) {
        let last = from.len() / stride - 1;
        self.row.resize(stride, 0);
        for y in rows {
            let (first, [a, b]) = taps[y % taps.len()];
            let at = y / taps.len() * 4 + first;
            let (above, below) =
                (&from[at.min(last) * stride..][..stride], &from[(at + 1).min(last) * stride..][..stride]);
            for ((sum, above), below) in self.row.iter_mut().zip(above).zip(below) {
                *sum = u16::from(*above) * a + u16::from(*below) * b;
            }
            columns(&self.row, &mut out[y * out_stride..][..out_stride], taps);
        }
    }
}

/// Rows of a scaled plane that are made of these rows.
fn groups(rows: std::ops::Range<usize>, taps: usize, all: usize) -> std::ops::Range<usize> {
    (rows.start / 4 * taps).min(all)..(rows.end.div_ceil(4) * taps).min(all)
}

/// Four sums become `taps`; what is beyond the last of them repeats it.
fn columns(row: &[u16], out: &mut [u8], taps: Taps) {
    let whole = match taps.len() {
        3 => columns_by::<3>(row, out, taps),
        _ => columns_by::<2>(row, out, taps),
    };
    let last = row.len() - 1;
    for (x, out) in out.iter_mut().enumerate().skip(whole) {
        let (first, [a, b]) = taps[x % taps.len()];
        let at = x / taps.len() * 4 + first;
        *out = ((row[at.min(last)] * a + row[(at + 1).min(last)] * b + 8) / 16) as u8;
    }
}

/// All whole groups; returns how many pixels that are.
fn columns_by<const TAPS: usize>(row: &[u16], out: &mut [u8], taps: Taps) -> usize {
    let groups = (row.len() / 4).min(out.len() / TAPS);
    for (four, out) in row.chunks_exact(4).zip(out.chunks_exact_mut(TAPS)).take(groups) {
        for (out, (first, [a, b])) in out.iter_mut().zip(taps) {
            *out = ((four[*first] * a + four[first + 1] * b + 8) / 16) as u8;
        }
    }
    groups * TAPS
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::PixelFormat;

    use super::*;
    use crate::convert::Converter;
    use crate::testing::Random;

    fn converted(width: u16, height: u16, seed: u64) -> I420 {
        let mut out = I420::new();
        Converter::new().to_i420(&Random::new(seed).picture(width, height, PixelFormat::Rgba8), Damage::All, &mut out);
        out
    }

    /// The pixels (luma alone) that a scaled pixel covers, weighed by how much of them it covers.
    fn mean(picture: &I420, scale: Scale, x: usize, y: usize) -> f64 {
        let size = if scale == Scale::Half { 2.0 } else { 4.0 / 3.0 };
        let mut sum = 0.0;
        for row in 0..picture.y_rows() {
            for column in 0..picture.y_stride() {
                let covered = |at: usize, out: usize| {
                    ((at as f64 + 1.0).min((out as f64 + 1.0) * size) - (at as f64).max(out as f64 * size)).max(0.0)
                };
                sum += covered(column, x) * covered(row, y) * f64::from(picture.y()[row * picture.y_stride() + column]);
            }
        }
        sum / size / size
    }

    #[test]
    fn each_pixel_is_the_mean_of_what_it_covers() {
        for (scale, (width, height)) in [(Scale::ThreeQuarters, (18, 12)), (Scale::Half, (12, 8))] {
            let (picture, mut out) = (converted(24, 16, 3), I420::new());
            assert_eq!(Scaler::new().scale(&picture, scale, Damage::None, &mut out), Damage::All);
            assert_eq!((out.width(), out.height()), (width, height));
            for (at, pixel) in out.y().iter().enumerate() {
                let expect = mean(&picture, scale, at % usize::from(width), at / usize::from(width));
                assert!((f64::from(*pixel) - expect).abs() < 0.51, "{scale:?}, {at}: {pixel}, not {expect}");
            }
        }
    }

    #[test]
    fn sizes_that_do_not_divide_are_scaled_too() {
        for (width, height) in [(1, 1), (2, 2), (3, 5), (37, 21), (1366, 6), (1920, 10)] {
            for scale in [Scale::ThreeQuarters, Scale::Half] {
                let (picture, mut out) = (converted(width, height, 4), I420::new());
                Scaler::new().scale(&picture, scale, Damage::All, &mut out);
                assert_eq!((out.width(), out.height()), (scale.side(width), scale.side(height)));
            }
        }
    }

    #[test]
    fn only_damaged_rows_are_scaled() {
        for scale in [Scale::ThreeQuarters, Scale::Half] {
            let (old, new) = (converted(64, 64, 5), converted(64, 64, 6));
            let (mut out, mut whole, mut scaler) = (I420::new(), I420::new(), Scaler::new());
            scaler.scale(&old, scale, Damage::All, &mut out);
            scaler.scale(&new, scale, Damage::All, &mut whole);
            let before = out.clone();
            let area = Rect { x: 3, y: 22, width: 5, height: 7 };
            let Damage::Area(changed) = scaler.scale(&new, scale, Damage::Area(area), &mut out) else {
                panic!("an area")
            };
            let stride = out.y_stride();
            for (y, row) in out.y().chunks_exact(stride).enumerate() {
                let inside = (changed.y..changed.y + changed.height).contains(&(y as u16));
                let expect = if inside { &whole } else { &before };
                assert_eq!(row, &expect.y()[y * stride..][..stride], "{scale:?}, row {y}");
            }
        }
    }
}
