//! How long a thread of an app may work until it waits again.
//!
//! It is the time of a processor that counts, since a thread that waits for another one in the app's own memory does nothing, and
//! does so where no call of ours sees it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A thread's time. It is counted on the thread that asks.
#[derive(Debug)]
pub struct Pace {
    /// For each stretch of work but the first.
    each: Duration,
    limit: Duration,
    since: Duration,
    /// What was done in its name elsewhere.
    more: Duration,
}

impl Pace {
    /// So long for the first stretch, and for each that follows.
    pub fn new(first: Duration, each: Duration) -> Pace {
        Pace { each, limit: first, since: Duration::MAX, more: Duration::ZERO }
    }

    /// The first stretch begins, on this thread.
    pub fn begin(&mut self) {
        self.since = used();
    }

    /// The next stretch begins.
    pub fn anew(&mut self) {
        (self.limit, self.since, self.more) = (self.each, used(), Duration::ZERO);
    }

    /// What it has for each stretch of work but the first.
    pub fn each(&self) -> Duration {
        self.each
    }

    /// Something was done for it by others, which took so long.
    pub fn add(&mut self, time: Duration) {
        self.more += time;
    }

    /// Whether it has worked for too long.
    pub fn is_over(&self) -> bool {
        used().saturating_sub(self.since) + self.more >= self.limit
    }
}

/// What this thread had of a processor.
fn used() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}
