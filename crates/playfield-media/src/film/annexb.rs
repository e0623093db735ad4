//! H.264 in Annex B form, cut into access units (ITU-T H.264, 7.4.1.2.3).

/// Types of NAL units: slices of a picture, and what comes before one.
const SLICES: std::ops::RangeInclusive<u8> = 1..=5;
const BEFORE: std::ops::RangeInclusive<u8> = 6..=9;
const OTHERS_BEFORE: std::ops::RangeInclusive<u8> = 14..=18;

/// Tells of NAL units in their order where an access unit begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessUnits {
    sliced: bool,
}

impl AccessUnits {
    /// Whether the NAL unit, without its start code, begins a new access unit.
    pub fn begins(&mut self, nal: &[u8]) -> bool {
        let Some(kind) = nal.first().map(|head| head & 31) else { return false };
        // `first_mb_in_slice`, an Exp-Golomb code, is zero if its first bit is one.
        let first = SLICES.contains(&kind) && nal.get(1).is_some_and(|byte| byte & 0x80 != 0);
        let begins = self.sliced && (first || BEFORE.contains(&kind) || OTHERS_BEFORE.contains(&kind));
        self.sliced = SLICES.contains(&kind) || self.sliced && !begins;
        begins
    }
}

/// See [`Length`](super::raw::Length).
pub(super) fn length(bytes: &[u8], seen: &mut usize, end: bool) -> Option<usize> {
    cut(bytes, seen).or(end.then_some(bytes.len()))
}

fn cut(bytes: &[u8], seen: &mut usize) -> Option<usize> {
    // All of it is looked at anew only in the last NAL unit, which may go on: whether a slice was before is told by `seen`.
    let mut units = AccessUnits { sliced: *seen > 0 };
    let mut at = *seen;
    loop {
        let start = at + bytes.get(at..)?.windows(3).position(|window| window == [0, 0, 1])?;
        let nal = bytes.get(start + 3..start + 5)?;
        if units.begins(nal) {
            // A fourth byte of a start code belongs to it.
            let long = start > 0 && bytes[start - 1] == 0;
            return Some(start - usize::from(long));
        }
        at = start + 3;
        if units.sliced {
            *seen = at;
        }
    }
}
