//! When the next picture is due.

use std::time::Duration;

use crate::time::Time;

/// Periods a guest may fall behind before the lost time is given up.
const PATIENCE: u64 = 3;

/// Deadlines of a guest that makes `hz` pictures a second, without drift.
#[derive(Debug)]
pub struct Pacer {
    hz: u64,
    origin: Time,
    count: u64,
}

impl Pacer {
    /// The first picture is due at once.
    pub fn new(now: Time, hz: u16) -> Pacer {
        Pacer { hz: u64::from(hz.max(1)), origin: now, count: 0 }
    }

    /// When the next picture is due.
    pub fn deadline(&self) -> Time {
        self.origin + Duration::from_micros(self.count * 1_000_000 / self.hz)
    }

    /// The next picture was begun. Returns how late that was. A guest that is far behind does not try to catch up:
    /// it would only run in bursts.
    pub fn began(&mut self, now: Time) -> Duration {
        let late = now.since(self.deadline());
        self.count += 1;
        if late > Duration::from_micros(PATIENCE * 1_000_000 / self.hz) {
            *self = Pacer { origin: now, count: 1, ..*self };
        }
        late
    }

    /// Nothing was due for a while (a pause): go on from now.
    pub fn resume(&mut self, now: Time) {
        self.origin = now;
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_hertz_does_not_drift() {
        let mut pacer = Pacer::new(Time::ZERO, 60);
        for _ in 0..3600 {
            let due = pacer.deadline();
            assert_eq!(pacer.began(due), Duration::ZERO);
        }
        assert_eq!(pacer.deadline(), Time::from_millis(60_000));
    }

    #[test]
    fn a_little_late_is_caught_up_and_much_is_given_up() {
        let mut pacer = Pacer::new(Time::ZERO, 100);
        pacer.began(Time::from_millis(15));
        assert_eq!(pacer.deadline(), Time::from_millis(10));
        pacer.began(Time::from_millis(500));
        assert_eq!(pacer.deadline(), Time::from_millis(510));
    }

    #[test]
    fn after_a_pause_time_starts_anew() {
        let mut pacer = Pacer::new(Time::ZERO, 60);
        pacer.began(Time::ZERO);
        pacer.resume(Time::from_millis(9_000));
        assert_eq!(pacer.deadline(), Time::from_millis(9_000));
    }
}
