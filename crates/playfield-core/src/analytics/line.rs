//! When a thing crosses a line.
//!
//! It must be on one side in some pictures in a row, then on the other in as many, both times clear of the line, and its way
//! must have led over the line itself. Whoever walks around its end is on the other side, and did not cross.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::geometry::Segment;

/// Which way a line was crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the left hand of one who walks along the line.
    In,
    /// To the right hand.
    Out,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A step of a thing's way: from where it was before to where it is.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The way.
    pub way: Segment,
    /// When it began.
    pub from_ms: u64,
    /// When it ended.
    pub to_ms: u64,
}

impl Step {
    /// When that share of it was done.
    pub fn at(&self, share: f32) -> u64 {
        let span = self.to_ms.saturating_sub(self.from_ms);
        self.from_ms.saturating_add((span as f64 * f64::from(share.clamp(0.0, 1.0))) as u64)
    }
}

/// One thing and one line.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineState {
    /// The side it surely is on.
    side: Option<Side>,
    /// The side it was seen on lately, clear of the line, and in how many pictures in a row.
    lately: Option<Side>,
    pictures: u8,
    /// Which side it was on last, however near.
    near: Option<Side>,
    /// When its way led over the line, since it was surely on a side.
    over: Option<u64>,
}

impl LineState {
    /// The thing went so far; `clear` is how far from the line it must be. Tells when it crossed, and which way.
    pub fn step(&mut self, line: &Segment, step: &Step, clear: f32, settle: u8) -> Option<(u64, Direction)> {
        let far = line.side(step.way.to);
        let near = side_of(far).or(self.near);
        if near != self.near && self.near.is_some() {
            self.over = over(line, step);
        }
        self.near = near;
        let here = side_of(far).filter(|_| far.abs() >= clear)?;
        self.pictures = if self.lately == Some(here) { self.pictures.saturating_add(1) } else { 1 };
        self.lately = Some(here);
        if self.pictures < settle || self.side == Some(here) {
            return None;
        }
        let (before, over) = (self.side.replace(here), self.over.take());
        let direction = if here == Side::Left { Direction::In } else { Direction::Out };
        before.and(over).map(|at| (at, direction))
    }
}

fn side_of(far: f32) -> Option<Side> {
    match far {
        far if far > 0.0 => Some(Side::Left),
        far if far < 0.0 => Some(Side::Right),
        _ => None,
    }
}

/// When a step led over the line itself. A step that began on the line led over it where it began.
fn over(line: &Segment, step: &Step) -> Option<u64> {
    let (done, along) = step.way.meets(line)?;
    ((0.0..=1.0).contains(&along) && (-1e-3..=1.001).contains(&done)).then(|| step.at(done))
}
