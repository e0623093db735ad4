//! Which pixels of a source make one of the result, along one axis, and with which weights.

use std::ops::Range;

/// Weights of whole numbers make this in all.
pub const WHOLE: u16 = 256;

/// One axis of a picture that gets another size.
#[derive(Debug, Default)]
pub struct Axis {
    /// For each pixel of the result: the first of the source, and which weights.
    taps: Vec<(usize, Range<usize>)>,
    weights: Vec<f32>,
    /// The same in 256ths, exactly 256 of them for each pixel.
    parts: Vec<u16>,
}

impl Axis {
    /// `count` pixels out of those from `start` to `start + length` of `source` pixels.
    pub fn new(start: f64, length: f64, source: usize, count: usize) -> Axis {
        let mut axis = Axis::default();
        let step = length / count as f64;
        for nth in 0..count {
            let at = start + nth as f64 * step;
            if step > 1.0 { axis.area(at, at + step, source) } else { axis.between(at + step / 2.0, source) }
        }
        axis
    }

    /// The mean of what lies from `left` to `right`.
    fn area(&mut self, left: f64, right: f64, source: usize) {
        let (left, right) = (left.max(0.0), right.min(source as f64));
        let first = (left as usize).min(source - 1);
        let last = ((right.ceil() as usize).max(first + 1)).min(source);
        let covered = |at: usize| ((right.min(at as f64 + 1.0)) - left.max(at as f64)).max(1e-6);
        self.push(first, (first..last).map(covered));
    }

    /// What lies at `at`, between the middles of two pixels.
    fn between(&mut self, at: f64, source: usize) {
        let at = (at - 0.5).clamp(0.0, source as f64 - 1.0);
        let (first, part) = (at as usize, at.fract());
        if part < 1e-6 {
            self.push(first, [1.0].into_iter());
        } else {
            self.push(first, [1.0 - part, part].into_iter());
        }
    }

    fn push(&mut self, first: usize, shares: impl Iterator<Item = f64> + Clone) {
        let (from, all): (_, f64) = (self.weights.len(), shares.clone().sum());
        let (mut sum, mut told) = (0.0, 0);
        for share in shares {
            sum += share / all;
            // Rounding what all of them make so far, so that all make exactly the whole.
            let parts = (sum * f64::from(WHOLE)).round() as u16 - told;
            told += parts;
            self.weights.push((share / all) as f32);
            self.parts.push(parts);
        }
        self.taps.push((first, from..self.weights.len()));
    }

    /// For each pixel of the result, the first of the source and the weights from there on.
    pub fn weights(&self) -> impl ExactSizeIterator<Item = (usize, &[f32])> {
        self.taps.iter().map(|(first, range)| (*first, &self.weights[range.clone()]))
    }

    /// The same, with weights in 256ths.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = (usize, &[u16])> {
        self.taps.iter().map(|(first, range)| (*first, &self.parts[range.clone()]))
    }

    /// Which pixels of the source matter at all.
    pub fn used(&self) -> Range<usize> {
        let start = self.taps.first().map_or(0, |(first, _)| *first);
        start..self.taps.last().map_or(0, |(first, range)| first + range.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_what_a_pixel_covers() {
        let check = |start, length, source, count, expect: &[(usize, &[u16])]| {
            let axis = Axis::new(start, length, source, count);
            assert_eq!(axis.parts().collect::<Vec<_>>(), expect, "{count} of {start} + {length} of {source}");
        };
        check(0.0, 3.0, 3, 3, &[(0, &[256]), (1, &[256]), (2, &[256])]);
        check(0.0, 4.0, 4, 2, &[(0, &[128, 128]), (2, &[128, 128])]);
        check(0.0, 3.0, 3, 2, &[(0, &[171, 85]), (1, &[85, 171])]);
        check(0.0, 2.0, 2, 4, &[(0, &[256]), (0, &[192, 64]), (0, &[64, 192]), (1, &[256])]);
        check(1.0, 2.0, 4, 1, &[(1, &[128, 128])]);
        check(0.0, 1.0, 1, 3, &[(0, &[256]), (0, &[256]), (0, &[256])]);
    }

    #[test]
    fn nothing_outside_the_source_is_looked_at_and_the_weights_are_whole() {
        for source in [1, 2, 3, 7, 100, 1919, 1920] {
            for count in [1, 2, 8, 63, 320, 2048] {
                for share in [1.0, 0.5625, 0.01] {
                    let length = source as f64 * share;
                    let axis = Axis::new((source as f64 - length) / 2.0, length, source, count);
                    assert!(axis.used().end <= source, "{count} of {share} of {source}");
                    assert_eq!(axis.parts().len(), count);
                    assert!(axis.parts().all(|(_, parts)| parts.iter().sum::<u16>() == WHOLE));
                    assert!(axis.weights().all(|(_, weights)| (weights.iter().sum::<f32>() - 1.0).abs() < 1e-3));
                }
            }
        }
    }
}
