//! The one clock of a worker: microseconds since it started.

use std::time::{Duration, Instant};

use playfield_core::time::Time;

/// Turns the system's monotonic clock into [`Time`].
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Clock {
        Clock(Instant::now())
    }

    /// Now.
    pub fn now(self) -> Time {
        Time::ZERO + self.0.elapsed()
    }

    /// A moment that the system told.
    pub fn at(self, moment: Instant) -> Time {
        Time::ZERO + moment.saturating_duration_since(self.0)
    }

    /// How long until then; zero if it is past.
    pub fn until(self, then: Time) -> Duration {
        then.since(self.now())
    }
}
