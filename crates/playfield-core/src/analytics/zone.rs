//! When a thing enters an area, and leaves it.
//!
//! It must be inside in some pictures in a row to enter. To leave it must be outside in as many, and clear of the border or there for
//! a while. Who comes in and goes out between two pictures did both.

use super::geometry::Polygon;
use super::line::Step;

/// Who is just outside of the border for so long has left.
const HOVERS_MS: u64 = 2_000;

/// What a thing did. Times are when it was first seen on that side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It came in.
    Enter(u64),
    /// It went out.
    Leave(u64),
    /// It came in and went out.
    Pass(u64, u64),
}

/// One thing and one zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZoneState {
    /// Whether it surely is inside.
    pub inside: Option<bool>,
    /// When it came in, if it is.
    pub entered_ms: u64,
    /// Whether it was told that it dwells.
    pub dwells: bool,
    /// Whether it was told that it is fast.
    pub fast: bool,
    lately: bool,
    pictures: u8,
    since_ms: u64,
    passed: Option<(u64, u64)>,
}

impl ZoneState {
    /// The thing went so far; `clear` is how far from the border it must be to have left, `settle` in how many pictures.
    pub fn step(&mut self, zone: &Polygon, step: &Step, clear: f32, settle: u8) -> Option<Change> {
        let here = zone.contains(step.way.to);
        self.pass(zone, step, here, clear);
        if self.lately == here && self.pictures > 0 {
            self.pictures = self.pictures.saturating_add(1);
        } else {
            (self.lately, self.pictures, self.since_ms) = (here, 1, step.to_ms);
        }
        if self.pictures < settle {
            return None;
        }
        if let Some((from, to)) = self.passed.take() {
            return Some(Change::Pass(from, to));
        }
        match (self.inside, here) {
            (Some(true), false) if self.hovers(zone, step, clear) => None,
            (Some(true), false) => {
                self.inside = Some(false);
                Some(Change::Leave(self.since_ms))
            }
            (None | Some(false), true) => {
                *self = ZoneState { inside: Some(true), entered_ms: self.since_ms, ..*self };
                (self.dwells, self.fast) = (false, false);
                Some(Change::Enter(self.since_ms))
            }
            (None, false) => {
                self.inside = Some(false);
                None
            }
            _ => None,
        }
    }

    fn hovers(&self, zone: &Polygon, step: &Step, clear: f32) -> bool {
        step.to_ms.saturating_sub(self.since_ms) < HOVERS_MS && zone.distance(step.way.to) < clear
    }

    /// A way that led through, from outside to outside, counts once the thing stays outside.
    fn pass(&mut self, zone: &Polygon, step: &Step, here: bool, clear: f32) {
        if here {
            self.passed = None;
        } else if self.inside == Some(false) && !self.lately && self.pictures > 0 {
            let Some((from, to)) = zone.passed(&step.way) else { return };
            if (to - from) * step.way.length() >= clear {
                self.passed = Some((step.at(from), step.at(to)));
                self.pictures = 0;
            }
        }
    }
}
