//! When a camera that ended is started again: soon at first, then later and later.

/// The first wait, and the longest, in milliseconds: each is twice the one before.
const FIRST_MS: u64 = 1_000;
const MOST_MS: u64 = 60_000;
/// One that was at work for so long has earned another quick start.
const WELL_MS: u64 = 120_000;

/// How often a camera failed of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    began_ms: u64,
    due_ms: u64,
    wait_ms: u64,
}

impl Again {
    /// One that may be started now.
    pub fn new(now_ms: u64) -> Again {
        Again { began_ms: now_ms, due_ms: now_ms, wait_ms: FIRST_MS }
    }

    /// Whether it may be started.
    pub fn is_due(&self, now_ms: u64) -> bool {
        now_ms >= self.due_ms
    }

    /// It is started.
    pub fn began(&mut self, now_ms: u64) {
        self.began_ms = now_ms;
    }

    /// It ended.
    pub fn failed(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.began_ms) > WELL_MS {
            self.wait_ms = FIRST_MS;
        }
        self.due_ms = now_ms + self.wait_ms;
        self.wait_ms = (self.wait_ms * 2).min(MOST_MS);
    }

    /// It is to be another one: what came before does not count.
    pub fn anew(&mut self, now_ms: u64) {
        *self = Again::new(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_two_minutes_of_work() {
        let mut again = Again::new(0);
        let mut now = 0;
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(again.is_due(now));
            again.began(now);
            again.failed(now);
            assert!(!again.is_due(now + wait * 1_000 - 1), "{wait}");
            now += wait * 1_000;
        }
        again.began(now);
        again.failed(now + WELL_MS + 1);
        assert!(again.is_due(now + WELL_MS + 1 + FIRST_MS));
    }
}
