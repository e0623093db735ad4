//! How fast a device may speak: what is too fast waits, by not being read.

use std::time::Duration;

use tokio::time::Instant;

/// How many seconds' worth may come at once.
const BURST_S: f64 = 4.0;

/// A store of something that fills up by itself.
#[derive(Debug)]
pub(crate) struct Pace {
    per_s: f64,
    left: f64,
    at: Instant,
}

impl Pace {
    pub fn new(per_s: u32, now: Instant) -> Pace {
        let per_s = f64::from(per_s);
        Pace { per_s, left: per_s * BURST_S, at: now }
    }

    /// Takes some; how long to wait until there is none owed.
    pub fn take(&mut self, now: Instant, taken: usize) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + passed * self.per_s).min(self.per_s * BURST_S) - taken as f64;
        Duration::from_secs_f64((-self.left / self.per_s).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rest_has_to_wait() {
        let start = Instant::now();
        let mut pace = Pace::new(10, start);
        assert!((0..40).all(|_| pace.take(start, 1).is_zero()));
        assert_eq!(pace.take(start, 1), Duration::from_millis(100));
        assert_eq!(pace.take(start + Duration::from_secs(1), 1), Duration::ZERO);
        assert_eq!(pace.take(start + Duration::from_secs(3600), 41), Duration::from_millis(100), "it does not save up");
    }
}
