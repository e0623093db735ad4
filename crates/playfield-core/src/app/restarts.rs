//! When an app that ended is started again.

use std::time::Duration;

use crate::time::Time;

/// How long to wait after the first end; twice as long each time, up to the most.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);
/// One that ran for so long has earned another quick start.
const WELL: Duration = Duration::from_secs(120);

/// Counts ends, and spaces starts out.
#[derive(Clone, Copy, Debug)]
pub struct Restarts {
    wait: Duration,
    began: Time,
    next: Time,
    count: u32,
}

impl Default for Restarts {
    fn default() -> Restarts {
        Restarts { wait: FIRST, began: Time::ZERO, next: Time::ZERO, count: 0 }
    }
}

impl Restarts {
    /// Whether it may be started now.
    pub fn may_start(&self, now: Time) -> bool {
        now >= self.next
    }

    /// It was started.
    pub fn started(&mut self, now: Time) {
        self.began = now;
    }

    /// It ended by a fault, and waits.
    pub fn ended(&mut self, now: Time) {
        if now.since(self.began) >= WELL {
            self.wait = FIRST;
        }
        self.next = now + self.wait;
        self.wait = (self.wait * 2).min(MOST);
        self.count = self.count.saturating_add(1);
    }

    /// How often it ended by a fault.
    pub fn count(&self) -> u32 {
        self.count
    }
}
