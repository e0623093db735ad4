//! How far two clocks are apart: estimated from an exchange (the on-wire protocol of RFC 5905, section 8), or, of a clock that
//! only sends, from its quickest message.

use crate::input::wire::{ClockEstimate, ClockReply};

/// Samples kept: the one with the shortest round trip is believed.
const WINDOW: usize = 16;

/// A viewer's estimate of the node's clock.
#[derive(Debug, Default)]
pub struct Clock {
    samples: Vec<(u64, i64)>,
    next: usize,
}

impl Clock {
    /// Takes a reply that came at `received_us` of the viewer's clock.
    pub fn handle(&mut self, reply: &ClockReply, received_us: u64) {
        let (t0, t1, t2, t3) =
            (reply.viewer_sent_us as i64, reply.node_received_us as i64, reply.node_sent_us as i64, received_us as i64);
        let round_trip = t3.wrapping_sub(t0).wrapping_sub(t2.wrapping_sub(t1));
        if round_trip < 0 {
            return;
        }
        let offset = t1.wrapping_sub(t0).wrapping_add(t2.wrapping_sub(t3)) / 2;
        let sample = (round_trip as u64, offset);
        if self.samples.len() < WINDOW {
            self.samples.push(sample);
        } else {
            self.samples[self.next] = sample;
        }
        self.next = (self.next + 1) % WINDOW;
    }

    /// The current estimate: its error is half the best round trip.
    pub fn estimate(&self) -> Option<ClockEstimate> {
        let (round_trip, offset_us) = self.samples.iter().min()?;
        Some(ClockEstimate { offset_us: *offset_us, error_us: (round_trip / 2).min(u64::from(u32::MAX - 1)) as u32 })
    }

    /// The shortest round trip of late, in microseconds.
    pub fn round_trip_us(&self) -> Option<u64> {
        self.samples.iter().min().map(|(round_trip, _)| *round_trip)
    }
}

/// How long the smallest difference of a [`OneWay`] is believed at least, in milliseconds.
const BELIEVED_MS: u64 = 300_000;

/// How far a clock is behind ours that only sends: the smallest difference between when a message was written and when it was
/// taken down, of the last five to ten minutes. It holds the way of the quickest message too, so the truth is a little less.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneWay {
    now: Option<i64>,
    before: Option<i64>,
    began_ms: u64,
}

impl OneWay {
    /// A message that was written at `device_ms` by its clock was taken down at `received_ms` by ours.
    pub fn handle(&mut self, device_ms: u64, received_ms: u64) {
        let difference = (received_ms as i64).wrapping_sub(device_ms as i64);
        if self.now.is_none() || received_ms.abs_diff(self.began_ms) >= BELIEVED_MS {
            self.before = self.now.take();
            self.began_ms = received_ms;
        }
        self.now = Some(self.now.map_or(difference, |smallest| smallest.min(difference)));
    }

    /// What to add to its time to get ours, in milliseconds.
    pub fn offset_ms(&self) -> Option<i64> {
        self.now.into_iter().chain(self.before).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_lies_within_the_stated_error() {
        let mut clock = Clock::default();
        let ahead = 1_000_000;
        for (out, back) in [(9_000, 1_000), (2_000, 3_000), (20_000, 40_000)] {
            let t0 = 5_000;
            let t1 = t0 + out + ahead;
            let reply = ClockReply { seq: 1, viewer_sent_us: t0, node_received_us: t1, node_sent_us: t1 + 10 };
            clock.handle(&reply, t0 + out + 10 + back);
        }
        let estimate = clock.estimate().unwrap();
        assert_eq!(estimate.error_us, 2_500);
        assert!((estimate.offset_us - ahead as i64).unsigned_abs() <= u64::from(estimate.error_us));
    }

    #[test]
    fn an_impossible_reply_is_ignored() {
        let mut clock = Clock::default();
        let reply = ClockReply { seq: 1, viewer_sent_us: 10, node_received_us: 0, node_sent_us: u64::MAX / 4 };
        clock.handle(&reply, 5);
        assert_eq!(clock.estimate(), None);
    }

    #[test]
    fn a_clock_that_only_sends_is_known_by_its_quickest_message() {
        let mut clock = OneWay::default();
        assert_eq!(clock.offset_ms(), None);
        let behind = 5_000;
        for (sent, way) in [(10_000, 90), (20_000, 4), (30_000, 200)] {
            clock.handle(sent - behind, sent + way);
        }
        assert_eq!(clock.offset_ms(), Some(5_004));
        clock.handle(400_000, 399_000);
        assert_eq!(clock.offset_ms(), Some(-1_000), "it was set forward");
        clock.handle(400_000, 440_000);
        clock.handle(800_000, 800_007);
        assert_eq!(clock.offset_ms(), Some(-1_000), "the last minutes are believed");
        clock.handle(1_200_000, 1_200_009);
        assert_eq!(clock.offset_ms(), Some(7), "and no longer");
        clock.handle(0, u64::MAX);
    }
}
