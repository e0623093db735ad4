//! Where in a period pictures should begin: so that each reaches its viewer shortly before the display refreshes.
//!
//! A display shows what is there when it refreshes. A picture that comes just after waits almost a whole period, and the input
//! it shows waited with it. Begun that much later it is shown at the same refresh, with an input as much fresher. The viewer
//! reports how long each picture waited; where the display runs at another rate the waits are spread evenly, no place is better
//! than another, and nothing is changed.

use crate::pace::SLOTS;

/// Pictures looked at together: about a second.
const PICTURES: usize = 64;
/// Pictures after a change that began before it.
const SETTLE: usize = 16;
/// How long before the refresh a picture should be there, in microseconds: less, and one that is a little late is a period late.
const GUARD_US: i64 = 1_500;
/// What a change must bring on average, in microseconds: more than a slot, or it would be changed back.
const WORTH_US: i64 = 2_200;

/// Changes in vain after which the next is tried no later than before, as a power of two.
const MOST_BACKOFF: u32 = 8;

/// Decides by how much the pictures of a guest should begin later.
#[derive(Debug)]
pub struct Phase {
    waits: [u32; PICTURES],
    count: usize,
    /// Pictures that are not looked at.
    skip: usize,
    /// What the last change should have brought the average wait to.
    expected: Option<i64>,
    /// Changes that brought nothing, one after the other.
    in_vain: u32,
}

impl Default for Phase {
    fn default() -> Self {
        Phase { waits: [0; PICTURES], count: 0, skip: 0, expected: None, in_vain: 0 }
    }
}

impl Phase {
    /// A picture of a guest that makes `hz` a second was ready to be shown for so long. Returns by how many slots of
    /// [`crate::pace::Pacer`] the next ones should begin later, if that is worth it.
    pub fn waited(&mut self, hz: u16, wait_us: u32) -> Option<u32> {
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.waits[self.count] = wait_us;
        self.count += 1;
        if self.count < PICTURES {
            return None;
        }
        self.count = 0;
        let average = self.average(|wait| wait);
        if self.expected.take().is_some_and(|expected| average > expected + WORTH_US) {
            // What it waits for is no display in step with us.
            self.in_vain = (self.in_vain + 1).min(MOST_BACKOFF);
            self.skip = PICTURES << self.in_vain;
            return None;
        }
        let period = 1_000_000 / i64::from(hz.max(1));
        let after = |slots: u32| {
            let later = period * i64::from(slots) / SLOTS as i64;
            self.average(|wait| (wait - later - GUARD_US).rem_euclid(period) + GUARD_US)
        };
        let (expected, best) = (1..SLOTS as u32).map(|slots| (after(slots), slots)).min()?;
        if average - expected < WORTH_US {
            self.in_vain = 0;
            return None;
        }
        (self.expected, self.skip) = (Some(expected), SETTLE);
        Some(best)
    }

    fn average(&self, of: impl Fn(i64) -> i64) -> i64 {
        self.waits.iter().map(|wait| of(i64::from(*wait))).sum::<i64>() / PICTURES as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Random;

    const PERIOD_US: u64 = 16_666;

    /// Plays a while against a display; returns the average wait at the end and how often the phase was changed.
    fn play(display_us: u64, first_us: u64, jitter_us: u64) -> (u64, usize) {
        let (mut phase, mut random, mut late, mut changes) = (Phase::default(), Random::new(first_us), 0, 0);
        let mut waits = Vec::new();
        for tick in 1..=2_000 {
            let ready = tick * PERIOD_US + late + first_us + random.next_u64() % (jitter_us + 1);
            let wait = ready.next_multiple_of(display_us) - ready;
            waits.push(wait);
            if let Some(slots) = phase.waited(60, wait as u32) {
                late += u64::from(slots) * PERIOD_US / SLOTS;
                changes += 1;
            }
        }
        let last = &waits[waits.len() - 500..];
        (last.iter().sum::<u64>() / 500, changes)
    }

    #[test]
    fn pictures_come_to_wait_little_wherever_they_began() {
        for first in (0..PERIOD_US).step_by(500) {
            for jitter in [0, 500, 2_000] {
                let (wait, changes) = play(PERIOD_US, first, jitter);
                assert!(wait <= 5_800 + jitter / 2, "{wait} us from {first}, jitter {jitter}");
                assert!(changes <= 2, "{changes} from {first}, jitter {jitter}");
            }
        }
    }

    #[test]
    fn a_display_that_drifts_is_followed() {
        // 59.94 Hz against 60: a whole period in 17 s.
        let (wait, changes) = play(PERIOD_US + 17, 3_000, 300);
        assert!(wait < 6_000 && (8..40).contains(&changes), "{wait} us, {changes} changes");
    }

    #[test]
    fn what_does_not_follow_is_soon_left_alone() {
        for wait in [0, 700, 5_000, 10_000, 200_000] {
            let mut phase = Phase::default();
            let changes = (0..60 * 600).filter(|_| phase.waited(60, wait).is_some()).count();
            assert!(changes <= 10, "{changes} in ten minutes, for a wait of {wait} us");
        }
    }

    #[test]
    fn where_no_place_is_better_nothing_changes() {
        for display in [6_944, 13_333] {
            assert_eq!(play(display, 0, 500).1, 0, "a display of {display} us");
        }
        let (wait, changes) = play(11_111, 0, 500);
        assert!(wait <= 5_556 && changes <= 1, "two places of a display at 90 Hz: {wait} us, {changes} changes");
        assert_eq!(play(PERIOD_US, 0, PERIOD_US).1, 0, "a path that shakes by a whole period");
    }
}
