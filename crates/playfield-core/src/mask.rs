//! What nobody may see: parts of a camera's picture that are gone before anything else gets the picture.
//!
//! A mask tells which pixels; whoever owns pixels blanks them, once, at the source: what is analysed, shown, stored or sent is
//! then blank alike. Each pixel that an area so much as touches belongs to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::metadata::Point;

/// Most areas, and corners of each.
const MOST: usize = 64;

/// An area that nobody may see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskConfig {
    /// What it hides, for people.
    #[serde(default)]
    pub name: String,
    /// Its corners, at least three, as fractions of the picture.
    pub points: Vec<[f32; 2]>,
}

/// What is wrong with masks. A mask that is not understood must not pass for none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadMask {
    /// An area with fewer than three or too many corners.
    #[error("mask {number} (`{name}`) has {count} points: an area has 3 to {MOST}")]
    Points {
        /// Which, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// Its points.
        count: usize,
    },
    /// A corner outside of the picture.
    #[error("mask {number} (`{name}`): the point [{x}, {y}] is outside of the picture, whose points are 0 to 1")]
    Outside {
        /// Which, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// From the left.
        x: f32,
        /// From above.
        y: f32,
    },
    /// Too many areas.
    #[error("there are {0} masks: {MOST} is the most")]
    TooMany(usize),
}

/// Pixels of one row that are hidden: `from` up to, not with, `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The row, from above.
    pub row: u32,
    /// The first.
    pub from: u32,
    /// The first that is seen again.
    pub to: u32,
}

/// What nobody may see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mask {
    areas: Vec<Vec<Point>>,
}

impl Mask {
    /// Hides these areas.
    pub fn new(areas: &[MaskConfig]) -> Result<Mask, BadMask> {
        if areas.len() > MOST {
            return Err(BadMask::TooMany(areas.len()));
        }
        for (area, number) in areas.iter().zip(1..) {
            let (name, count) = (area.name.clone(), area.points.len());
            if !(3..=MOST).contains(&count) {
                return Err(BadMask::Points { number, name, count });
            }
            let inside = |[x, y]: &&[f32; 2]| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y);
            if let Some([x, y]) = area.points.iter().find(|point| !inside(point)) {
                return Err(BadMask::Outside { number, name, x: *x, y: *y });
            }
        }
        let points = |area: &MaskConfig| area.points.iter().map(|[x, y]| Point { x: *x, y: *y }).collect();
        Ok(Mask { areas: areas.iter().map(points).collect() })
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// Pixels that are hidden in a picture of that size, row by row; those of a row do not touch.
    pub fn spans(&self, width: u32, height: u32) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut row_spans = Vec::new();
        for row in 0..height {
            row_spans.clear();
            for area in &self.areas {
                spans_of_row(area, row, width, height, &mut row_spans);
            }
            row_spans.sort_unstable();
            for span in &row_spans {
                match spans.last_mut() {
                    Some(Span { row, to, .. }) if *row == span.row && *to >= span.from => *to = span.to.max(*to),
                    _ => spans.push(*span),
                }
            }
        }
        spans
    }
}

/// What an area hides of a row: where its edges pass within the row, and what is inside at the row's upper edge. Whatever else is
/// inside has an edge right above it within the row.
fn spans_of_row(area: &[Point], row: u32, width: u32, height: u32, spans: &mut Vec<Span>) {
    let (top, bottom) = (f64::from(row), f64::from(row) + 1.0);
    let mut add = |from: f64, to: f64| {
        let (from, to) = (from.floor().max(0.0) as u32, (to.floor() as u32).saturating_add(1).min(width));
        if from < to {
            spans.push(Span { row, from, to });
        }
    };
    let mut crossings = Vec::new();
    let next = area.iter().cycle().skip(1);
    for (from, to) in area.iter().zip(next) {
        let scale = |at: &Point| (f64::from(at.x) * f64::from(width), f64::from(at.y) * f64::from(height));
        let (mut one, mut other) = (scale(from), scale(to));
        if one.1 > other.1 {
            std::mem::swap(&mut one, &mut other);
        }
        if other.1 < top || one.1 > bottom {
            continue;
        }
        let at = |y: f64| match other.1 - one.1 {
            rise if rise > 0.0 => one.0 + (other.0 - one.0) * ((y - one.1) / rise).clamp(0.0, 1.0),
            _ => one.0,
        };
        let ends = if one.1 == other.1 { (one.0, other.0) } else { (at(top), at(bottom)) };
        add(ends.0.min(ends.1), ends.0.max(ends.1));
        if (one.1 <= top) != (other.1 <= top) {
            crossings.push(at(top));
        }
    }
    crossings.sort_unstable_by(f64::total_cmp);
    crossings.chunks_exact(2).for_each(|two| add(two[0], two[1]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Random;

    fn mask(areas: &[&[[f32; 2]]]) -> Mask {
        let area = |points: &&[[f32; 2]]| MaskConfig { points: points.to_vec(), ..MaskConfig::default() };
        Mask::new(&areas.iter().map(area).collect::<Vec<_>>()).unwrap()
    }

    fn drawn(mask: &Mask, width: u32, height: u32) -> Vec<String> {
        let mut rows = vec![vec!['.'; width as usize]; height as usize];
        for span in mask.spans(width, height) {
            rows[span.row as usize][span.from as usize..span.to as usize].fill('#');
        }
        rows.into_iter().map(|row| row.into_iter().collect()).collect()
    }

    #[test]
    fn c16_each_pixel_that_a_mask_touches_is_gone() {
        let square = mask(&[&[[0.26, 0.3], [0.6, 0.3], [0.6, 0.6], [0.26, 0.6]]]);
        assert_eq!(drawn(&square, 8, 4), ["........", "..###...", "..###...", "........"]);
        // Two towers, and a second area.
        let high =
            [[0.0, 0.0], [0.22, 0.0], [0.22, 0.7], [0.58, 0.7], [0.58, 0.0], [0.68, 0.0], [0.68, 0.9], [0.0, 0.9]];
        let corner = [[0.92, 0.95], [0.98, 0.83], [0.98, 0.95]];
        let both = mask(&[&high, &corner]);
        let expect = ["###..##...", "###..##...", "###..##...", "#######...", "#######..#"];
        assert_eq!(drawn(&both, 10, 5), expect);
        assert_eq!(drawn(&mask(&[&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]), 3, 2), ["###", "###"]);
        assert_eq!(drawn(&mask(&[&[[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]]), 3, 1), [".#."], "a point hides its pixel");
    }

    #[test]
    fn no_point_of_an_area_is_seen() {
        let mut random = Random::new(9);
        let mut part = || random.below(1_001) as f32 / 1_000.0;
        for _ in 0..200 {
            let (one, two, three) = ([part(), part()], [part(), part()], [part(), part()]);
            let rows = drawn(&mask(&[&[one, two, three]]), 37, 23);
            for _ in 0..50 {
                let (mut u, mut v) = (part(), part());
                if u + v > 1.0 {
                    (u, v) = (1.0 - u, 1.0 - v);
                }
                let at = |axis: usize| one[axis] + (two[axis] - one[axis]) * u + (three[axis] - one[axis]) * v;
                let pixel = |at: f32, size: usize| ((at * size as f32 - 1e-4).max(0.0) as usize).min(size - 1);
                let (x, y) = (pixel(at(0), 37), pixel(at(1), 23));
                assert_eq!(rows[y].as_bytes()[x], b'#', "{one:?} {two:?} {three:?}: {x} {y}");
            }
        }
    }

    #[test]
    fn a_mask_that_is_not_understood_is_refused() {
        let check = |points: Vec<[f32; 2]>, expect: &str| {
            let text = Mask::new(&[MaskConfig { name: "desk".into(), points }]).unwrap_err().to_string();
            assert!(text.contains(expect), "{text}");
        };
        check(vec![[0.0, 0.0]], "mask 1 (`desk`) has 1 points");
        check(vec![[0.0, 0.0], [1.0, f32::NAN], [1.0, 1.0]], "outside");
        check(vec![[0.0, 0.0], [1.0, 2.0], [1.0, 1.0]], "outside");
        assert!(Mask::new(&vec![MaskConfig::default(); 65]).is_err());
    }
}
