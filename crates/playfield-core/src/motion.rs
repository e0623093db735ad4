//! What moves in a picture, without a model: whatever differs from what is usually there.
//!
//! A picture is looked at in cells, at most [`ACROSS`] by [`DOWN`]. For each, how bright it usually is and how much that varies is
//! learnt all the time. Cells that are far from usual and stand together are a thing.
//!
//! ```text
//!   settling, SETTLE --> usual --more than half differs: the light, or the camera--> settling
//!                          | what is as usual is learnt within seconds; what differs within a minute,
//!                          | so a thing that stopped is there for a while, and then part of the place
//! ```
//!
//! What stood there from the beginning and leaves is found where it stood, for as long.

mod blobs;
mod cells;

use std::time::Duration;

use crate::frame::{Picture, Shape};
use crate::metadata::Object;
use crate::time::Time;

use blobs::Blobs;
use cells::Grid;

/// Most cells in a row.
pub const ACROSS: usize = 160;
/// Most rows of cells.
pub const DOWN: usize = 90;
/// The label of what is found: its class is 0.
pub const LABEL: &str = "moving";

/// How long a place is looked at before anything is told of it.
const SETTLE: Duration = Duration::from_secs(2);
/// Time constants: of settling, of what is as usual, and of what differs.
const FIRST: f32 = 0.5;
const USUAL: f32 = 8.0;
const DIFFERS: f32 = 25.0;
/// Longest time between pictures that is learnt from.
const GAP: f32 = 1.0;
/// Deviation that a cell has at the beginning, and at least, in levels of 256.
const DEVIATION: f32 = 6.0;
const STILL: f32 = 1.5;
/// Where so many of all cells differ, it is not a thing.
const ALL: f32 = 0.5;

/// What counts as a thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// Deviations from the usual brightness that count.
    pub deviations: f32,
    /// Levels of 256 that it must differ by in any case.
    pub levels: f32,
    /// Smallest thing, as a share of the picture.
    pub least: f32,
    /// Most things, the largest first.
    pub most: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config { deviations: 4.0, levels: 12.0, least: 0.001, most: 32 }
    }
}

/// Finds what moves in the pictures of one camera.
#[derive(Debug)]
pub struct Motion {
    config: Config,
    shape: Option<Shape>,
    grid: Grid,
    /// What each cell usually is: mean and variance.
    means: Vec<f32>,
    variances: Vec<f32>,
    /// How far beyond what counts each cell is: more than 1 differs.
    beyond: Vec<f32>,
    settled: Time,
    before: Time,
    blobs: Blobs,
    objects: Vec<Object>,
}

impl Motion {
    /// Begins to look.
    pub fn new(config: Config) -> Motion {
        let (grid, means, variances, beyond, blobs, objects) = Default::default();
        let (shape, settled, before) = (None, Time::ZERO, Time::ZERO);
        Motion { config, shape, grid, means, variances, beyond, settled, before, blobs, objects }
    }

    /// What moves in the picture that was taken now, the largest first: objects of class 0. A picture of another size, or one
    /// whose bytes are not as many as it says, begins anew.
    pub fn look(&mut self, now: Time, picture: &Picture) -> &[Object] {
        self.objects.clear();
        if self.shape != Some(picture.shape()) {
            self.shape = self.grid.begin(picture).then(|| picture.shape());
            self.restart(now);
        }
        if !self.grid.measure(picture) {
            self.shape = None;
            return &self.objects;
        }
        if self.means.is_empty() {
            self.means.extend_from_slice(self.grid.levels());
            self.variances.resize(self.means.len(), DEVIATION * DEVIATION);
        }
        let differ = self.compare();
        if now < self.settled {
            self.learn(now, FIRST, FIRST);
        } else if differ > ALL {
            self.restart(now);
        } else {
            self.blobs.find(&self.beyond, self.grid.size(), &self.config, &mut self.objects);
            self.learn(now, USUAL, DIFFERS);
        }
        self.before = now;
        &self.objects
    }

    /// Whether it has looked for long enough to tell anything.
    pub fn is_settled(&self) -> bool {
        self.shape.is_some() && self.before >= self.settled
    }

    fn restart(&mut self, now: Time) {
        self.settled = now + SETTLE;
        self.before = now;
        self.means.clear();
        self.variances.clear();
    }

    /// The share of cells that are not as usual.
    fn compare(&mut self) -> f32 {
        let Config { deviations, levels, .. } = self.config;
        self.beyond.resize(self.means.len(), 0.0);
        let mut differ = 0u32;
        let usual = self.means.iter().zip(&self.variances);
        for (beyond, (level, (mean, variance))) in self.beyond.iter_mut().zip(self.grid.levels().iter().zip(usual)) {
            let counts = (deviations * variance.max(STILL * STILL).sqrt()).max(levels);
            *beyond = (level - mean).abs() / counts;
            differ += u32::from(*beyond > 1.0);
        }
        differ as f32 / self.means.len().max(1) as f32
    }

    /// What is seen becomes usual, in about so many seconds: where it is as usual, and where it differs.
    fn learn(&mut self, now: Time, usual: f32, differs: f32) {
        let passed = now.since(self.before).as_secs_f32().min(GAP);
        let share = |seconds: f32| 1.0 - (-passed / seconds).exp();
        let (usual, differs) = (share(usual), share(differs));
        let settling = now < self.settled;
        let cells = self.grid.levels().iter().zip(&self.beyond);
        for ((mean, variance), (level, beyond)) in self.means.iter_mut().zip(&mut self.variances).zip(cells) {
            let difference = level - *mean;
            let as_usual = *beyond <= 1.0 || settling;
            *mean += difference * if as_usual { usual } else { differs };
            // What differs says nothing about how much the usual varies.
            *variance += (difference * difference - *variance) * if as_usual { usual } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests;
