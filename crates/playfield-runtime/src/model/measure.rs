//! What a picture costs.

use std::time::Duration;

use playfield_core::frame::Picture;

use super::{Failed, Model, Stages};

/// What pictures took, in turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Pictures that were looked at.
    pub pictures: usize,
    /// The median of each stage.
    pub median: Stages,
    /// The median of all stages together.
    pub total: Duration,
    /// What nineteen of twenty pictures did not exceed.
    pub p95: Duration,
}

impl Model {
    /// Looks at `pictures` in turns, `runs` times in all (at least once), after `warm_up` times that do not count.
    pub fn measure(&mut self, pictures: &[Picture], warm_up: usize, runs: usize) -> Result<Measured, Failed> {
        let mut stages = Vec::with_capacity(runs.max(1));
        for (run, picture) in pictures.iter().cycle().take(warm_up + runs.max(1)).enumerate() {
            self.run(picture)?;
            if run >= warm_up {
                stages.push(self.stages());
            }
        }
        let at = |of: &dyn Fn(&Stages) -> Duration, share: usize| {
            let mut times: Vec<_> = stages.iter().map(of).collect();
            times.sort_unstable();
            times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        let median = Stages {
            prepare: at(&|stages| stages.prepare, 50),
            infer: at(&|stages| stages.infer, 50),
            decode: at(&|stages| stages.decode, 50),
        };
        Ok(Measured { pictures: stages.len(), median, total: at(&Stages::total, 50), p95: at(&Stages::total, 95) })
    }
}
