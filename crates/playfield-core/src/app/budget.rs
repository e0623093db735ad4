//! How many bytes an app may send.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// Bytes that each object is charged besides its own: so many go around it, and so there is a bound on how many objects there are.
pub const ENVELOPE: u32 = 64;

/// A token bucket. A quarter of a minute's bytes may go at once, and three quarters come back in a minute: no minute, wherever it
/// begins, sees more than its bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Budget {
    bytes_per_minute: u32,
    /// What is there, in bytes times [`MINUTE_US`].
    there: u128,
    told: Time,
}

const MINUTE_US: u128 = 60_000_000;

impl Budget {
    /// So many bytes a minute; full at first.
    pub fn new(bytes_per_minute: u32) -> Budget {
        let mut budget = Budget { bytes_per_minute, there: 0, told: Time::ZERO };
        budget.there = budget.most();
        budget
    }

    /// Takes the bytes of an object and its [`ENVELOPE`]. False: there are not so many, and nothing is taken.
    pub fn take(&mut self, now: Time, bytes: usize) -> bool {
        let passed = now.since(self.told).as_micros();
        self.told = self.told.max(now);
        let back = u128::from(self.bytes_per_minute) * 3 / 4;
        self.there = self.there.saturating_add(passed.saturating_mul(back)).min(self.most());
        let price = (bytes as u128 + u128::from(ENVELOPE)) * MINUTE_US;
        let enough = price <= self.there;
        if enough {
            self.there -= price;
        }
        enough
    }

    fn most(&self) -> u128 {
        u128::from(self.bytes_per_minute / 4) * MINUTE_US
    }
}
