//! What of a picture the next `present` takes.
//!
//! A few rectangles are kept as they are; a guest that names many gets a bit for each pixel instead, so that what it says
//! stays exact and costs bounded memory.

use playfield_core::frame::Rect;

use crate::GuestError;
use crate::wasm::snapshot::{Reader, Writer, damaged};

/// Most rectangles kept as rectangles.
const MAX_RECTS: usize = 64;

/// The union of the rectangles a guest named; none named: everything.
#[derive(Default)]
pub struct Area {
    named: bool,
    rects: Vec<Rect>,
    /// Rows of bits, `words(width)` words each; empty while rectangles do.
    mask: Vec<u64>,
}

impl Area {
    /// Back to everything.
    pub fn clear(&mut self) {
        self.named = false;
        self.rects.clear();
        self.mask.clear();
    }

    /// Adds a rectangle `x, y, width, height`, cut to a picture of `size`.
    pub fn add(&mut self, size: (u16, u16), rect: (i32, i32, i32, i32)) {
        self.named = true;
        let cut = |from: i32, length: i32, most: u16| {
            let end = i64::from(from) + i64::from(length.max(0));
            let from = i64::from(from).clamp(0, most.into());
            (from as u16, (end.clamp(from, most.into()) - from) as u16)
        };
        let ((x, width), (y, height)) = (cut(rect.0, rect.2, size.0), cut(rect.1, rect.3, size.1));
        if width == 0 || height == 0 {
            return;
        }
        let rect = Rect { x, y, width, height };
        if self.mask.is_empty() && self.rects.len() < MAX_RECTS {
            if !self.rects.contains(&rect) {
                self.rects.push(rect);
            }
            return;
        }
        if self.mask.is_empty() {
            self.mask.resize(words(size.0) * usize::from(size.1), 0);
            for rect in std::mem::take(&mut self.rects) {
                self.paint(size.0, rect);
            }
        }
        self.paint(size.0, rect);
    }

    fn paint(&mut self, width: u16, rect: Rect) {
        let row_words = words(width);
        let (left, right) = (usize::from(rect.x), usize::from(rect.x + rect.width));
        for y in usize::from(rect.y)..usize::from(rect.y + rect.height) {
            let row = &mut self.mask[y * row_words..(y + 1) * row_words];
            for (word, bits) in row.iter_mut().enumerate().take(right.div_ceil(64)).skip(left / 64) {
                let from = left.saturating_sub(word * 64);
                let until = (right - word * 64).min(64);
                *bits |= (u64::MAX >> (64 - (until - from))) << from;
            }
        }
    }

    /// Hands every rectangle of it to `each`, and goes back to everything.
    pub fn take(&mut self, width: u16, height: u16, mut each: impl FnMut(Rect)) {
        if !self.named {
            return each(Rect { x: 0, y: 0, width, height });
        }
        self.rects.drain(..).for_each(&mut each);
        for (y, row) in (0..).zip(self.mask.chunks_exact(words(width))) {
            runs(row, |x, width| each(Rect { x, y, width, height: 1 }));
        }
        self.clear();
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        to.u8(self.named.into());
        to.u64(self.rects.len() as u64);
        for rect in &self.rects {
            [rect.x, rect.y, rect.width, rect.height].iter().for_each(|value| to.u16(*value));
        }
        to.u64(self.mask.len() as u64);
        self.mask.iter().for_each(|word| to.u64(*word));
    }

    pub fn restore(&mut self, from: &mut Reader<'_>, width: u16, height: u16) -> Result<(), GuestError> {
        self.clear();
        let named = from.u8()? != 0;
        for _ in 0..from.u64()? {
            let [x, y, w, h] = [from.u16()?, from.u16()?, from.u16()?, from.u16()?].map(i32::from);
            self.add((width, height), (x, y, w, h));
        }
        let mask = from.u64()? as usize;
        if mask != 0 && mask != words(width) * usize::from(height) {
            return Err(damaged());
        }
        for _ in 0..mask {
            self.mask.push(from.u64()?);
        }
        self.named = named;
        Ok(())
    }
}

fn words(width: u16) -> usize {
    usize::from(width).div_ceil(64)
}

/// Hands the start and length of every run of ones to `each`.
fn runs(row: &[u64], mut each: impl FnMut(u16, u16)) {
    let mut open: Option<usize> = None;
    for (word, &bits) in row.iter().enumerate() {
        let mut at = 0;
        while at < 64 {
            let rest = if open.is_some() { !bits } else { bits } >> at;
            if rest == 0 {
                break;
            }
            at += rest.trailing_zeros() as usize;
            let x = word * 64 + at;
            open = match open {
                Some(start) => {
                    each(start as u16, (x - start) as u16);
                    None
                }
                None => Some(x),
            };
        }
    }
    if let Some(start) = open {
        each(start as u16, (row.len() * 64 - start) as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(area: &mut Area, (width, height): (u16, u16)) -> Vec<(u16, u16)> {
        let mut pixels = Vec::new();
        area.take(width, height, |rect| {
            for y in rect.y..rect.y + rect.height {
                pixels.extend((rect.x..rect.x + rect.width).map(|x| (x, y)));
            }
        });
        pixels.sort_unstable();
        pixels.dedup();
        pixels
    }

    #[test]
    fn a_mask_takes_what_the_rectangles_would() {
        let size = (200, 9);
        let mut rng = 12_345u32;
        let mut next = |most: i32| {
            rng = rng.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (rng >> 8) as i32 % most
        };
        for count in [0, 1, 63, 64, 65, 200] {
            let mut area = Area { named: true, ..Area::default() };
            let mut expect = Vec::new();
            for _ in 0..count {
                let (x, y, w, h) = (next(260) - 30, next(13) - 2, next(30) - 2, next(4) - 1);
                area.add(size, (x, y, w, h));
                for y in y.max(0)..(y + h).min(9) {
                    expect.extend((x.max(0)..(x + w).min(200)).map(|x| (x as u16, y as u16)));
                }
            }
            expect.sort_unstable();
            expect.dedup();
            assert_eq!(pixels(&mut area, size), expect, "{count}");
        }
    }

    #[test]
    fn extremes_are_cut() {
        let size = (70, 2);
        for rect in [(i32::MIN, i32::MIN, i32::MAX, i32::MAX), (0, 0, -1, 5), (70, 0, 1, 1), (0, 2, 9, 9)] {
            let mut area = Area::default();
            area.add(size, rect);
            assert_eq!(pixels(&mut area, size), [], "{rect:?}");
        }
        let mut area = Area::default();
        area.add(size, (-5, -5, i32::MAX, i32::MAX));
        assert_eq!(pixels(&mut area, size).len(), 140);
        assert_eq!(pixels(&mut area, size).len(), 140);
    }
}
