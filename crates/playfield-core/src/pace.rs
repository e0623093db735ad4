//! When the next picture is due.

use std::time::Duration;

use crate::time::Time;

/// Moments in a period at which pictures may begin. Guests that are due at the same one are made in one go, and everybody
/// who waits for them is woken once; spread over all moments, each would cost a wake-up of its own.
pub const SLOTS: u64 = 8;
/// Periods a guest may fall behind before the lost time is given up.
const PATIENCE: u64 = 3;

/// Deadlines of a guest that makes `hz` pictures a second, without drift.
#[derive(Debug)]
pub struct Pacer {
    hz: u64,
    /// The next picture's moment, counted from the clock's beginning: slot N is due at N / (hz * SLOTS) seconds.
    slot: u64,
}

impl Pacer {
    /// The first picture is due at the next slot.
    pub fn new(now: Time, hz: u16) -> Pacer {
        let mut pacer = Pacer { hz: u64::from(hz.max(1)), slot: 0 };
        pacer.resume(now);
        pacer
    }

    /// Pictures a second.
    pub fn hz(&self) -> u16 {
        self.hz as u16
    }

    /// When the next picture is due.
    pub fn deadline(&self) -> Time {
        Time::from_micros(self.slot * 1_000_000 / (self.hz * SLOTS))
    }

    /// The next picture was begun. Returns how late that was. A guest that is far behind does not try to catch up:
    /// it would only run in bursts.
    pub fn began(&mut self, now: Time) -> Duration {
        let late = now.since(self.deadline());
        if late > Duration::from_micros(PATIENCE * 1_000_000 / self.hz) {
            self.resume(now);
        }
        self.slot += SLOTS;
        late
    }

    /// From the next picture on, all begin so many slots later.
    pub fn delay(&mut self, slots: u32) {
        self.slot += u64::from(slots) % SLOTS;
    }

    /// Nothing was due for a while (a pause): go on from now.
    pub fn resume(&mut self, now: Time) {
        self.slot = (now.as_micros() * self.hz * SLOTS).div_ceil(1_000_000);
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
    fn guests_begun_at_any_time_are_due_at_few() {
        let deadlines: std::collections::BTreeSet<_> = (0..2_000)
            .map(|ms| {
                let mut pacer = Pacer::new(Time::from_millis(ms), 60);
                while pacer.deadline() < Time::from_millis(3_000) {
                    pacer.began(pacer.deadline());
                }
                pacer.deadline()
            })
            .collect();
        assert_eq!(deadlines.len(), SLOTS as usize);
    }

    #[test]
    fn a_delay_moves_all_pictures_by_less_than_a_period() {
        let mut pacer = Pacer::new(Time::ZERO, 100);
        pacer.began(Time::ZERO);
        pacer.delay(SLOTS as u32 + 4);
        assert_eq!(pacer.deadline(), Time::from_millis(15));
        pacer.began(Time::from_millis(15));
        assert_eq!(pacer.deadline(), Time::from_millis(25));
    }

    #[test]
    fn after_a_pause_time_starts_anew() {
        let mut pacer = Pacer::new(Time::ZERO, 60);
        pacer.began(Time::ZERO);
        pacer.resume(Time::from_millis(9_000));
        assert_eq!(pacer.deadline(), Time::from_millis(9_000));
    }
}
