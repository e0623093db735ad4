//! By how much a picture scrolled, for `MOVED`: a few samples, tried at likely displacements.
//!
//! Looked for only where much changed, so that a picture in which a sprite moved pays nothing.

use playfield_core::delta::RowSet;

use super::rows::PictureRows;
use super::units::{WORDS, equal};

/// Pixels in a sample.
const SAMPLE: usize = 24;
/// Most samples taken.
const SAMPLES: usize = 12;
/// Farthest displacement along one axis, in pixels.
const FAR: i32 = 64;
/// Farthest displacement along both axes at once, in pixels.
const NEAR: i32 = 8;

/// Literal bits the changed units must amount to before a search pays: about half a datagram.
const MUCH_BITS: usize = 4_000;

/// Displacement of the base: a unit at (x, y) was at (x + dx, y + dy).
pub(super) type Shift = (i8, i8);

/// Finds how a run of pixel rows moved; remembers the last answer, which is often the next.
#[derive(Debug, Default)]
pub(super) struct Motion {
    last: Shift,
}

/// A sample: `SAMPLE` units from (x, y) on.
type Spot = (usize, usize);

impl Motion {
    /// How the pixel rows `first..end` of `picture` moved since `base`, of which the rows `known` may be used; (0, 0) if
    /// nothing explains enough of them.
    pub fn find(&mut self, picture: &PictureRows, base: &PictureRows, known: &RowSet, first: u16, end: u16) -> Shift {
        let changed = |row: &u16| picture.row(*row) != base.row(*row);
        let (mut differing, mut units) = (0usize, 0);
        for row in (first..end).filter(changed) {
            differing += 1;
            units += unequal(picture, base, row);
        }
        if units * usize::from(picture.bits) * picture.format().unit() < MUCH_BITS {
            return (0, 0);
        }
        let mut spots = [(0, 0); SAMPLES];
        let every = differing.div_ceil(SAMPLES).max(1);
        let palette = picture.format().palette_rows();
        let mut taken = 0;
        for (i, row) in (first..end).filter(changed).step_by(every).enumerate() {
            if taken < SAMPLES
                && let Some(x) = telling(picture, base, row, i)
            {
                spots[taken] = (x, usize::from(row - palette));
                taken += 1;
            }
        }
        let compare = Compare { picture, base, known, spots: &spots[..taken] };
        let found = compare.best(self.last);
        if found != (0, 0) {
            self.last = found;
        }
        found
    }
}

/// How many units of a row differ from the base.
fn unequal(picture: &PictureRows, base: &PictureRows, row: u16) -> usize {
    let mut mask = [0; WORDS];
    equal(picture.row(row), base.row(row), picture.format().unit(), &mut mask);
    usize::from(picture.width()) - mask.iter().map(|word| word.count_ones() as usize).sum::<usize>()
}

/// Where in a changed row there is a sample that differs from the base and is not flat.
fn telling(picture: &PictureRows, base: &PictureRows, row: u16, turn: usize) -> Option<usize> {
    let unit = picture.format().unit();
    let width = usize::from(picture.width());
    let room = width.checked_sub(SAMPLE)?;
    (0..8).map(|i| (i + turn) * 5 % 8 * room / 7).find(|x| {
        let at = x * unit..(x + SAMPLE) * unit;
        let sample = &picture.row(row)[at.clone()];
        sample != &base.row(row)[at] && sample[unit..] != sample[..sample.len() - unit]
    })
}

struct Compare<'a> {
    picture: &'a PictureRows,
    base: &'a PictureRows,
    known: &'a RowSet,
    spots: &'a [Spot],
}

impl Compare<'_> {
    fn best(&self, last: Shift) -> Shift {
        let enough = self.spots.len() / 3 + 1;
        if self.spots.len() < 3 {
            return (0, 0);
        }
        if last != (0, 0) && self.score((i32::from(last.0), i32::from(last.1))) > self.spots.len() * 2 / 3 {
            return last;
        }
        let along = (1..=FAR).flat_map(|far| [(0, far), (0, -far), (far, 0), (-far, 0)]);
        let near = || (-NEAR..=NEAR).filter(|near| *near != 0);
        let across = near().flat_map(|dy| near().map(move |dx| (dx, dy)));
        // On equal scores the first wins, which is the shorter way.
        let mut best = (0, (0, 0));
        for shift in along.chain(across) {
            let score = self.score(shift);
            if score > best.0 {
                best = (score, shift);
            }
            if score == self.spots.len() {
                break;
            }
        }
        let (score, (dx, dy)) = best;
        if score >= enough { (dx as i8, dy as i8) } else { (0, 0) }
    }

    fn score(&self, (dx, dy): (i32, i32)) -> usize {
        let unit = self.picture.format().unit();
        let palette = self.picture.format().palette_rows();
        let (width, height) = (i32::from(self.picture.width()), i32::from(self.picture.height()));
        let matches = |(x, y): &Spot| {
            let (from_x, from_y) = (*x as i32 + dx, *y as i32 + dy);
            if from_x < 0 || from_x + SAMPLE as i32 > width || from_y < 0 || from_y >= height {
                return false;
            }
            let row = from_y as u16 + palette;
            let from = from_x as usize * unit;
            self.known.contains(row)
                && self.base.row(row)[from..from + SAMPLE * unit]
                    == self.picture.row(*y as u16 + palette)[x * unit..(x + SAMPLE) * unit]
        };
        self.spots.iter().filter(|spot| matches(spot)).count()
    }
}
