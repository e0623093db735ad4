//! Where the time of each picture went: stage by stage, from input to present.
//!
//! The node stamps what it does on its own clock; the viewer reports arrival, decode and present on its own, with its
//! estimate of the offset. A picture is measured once both halves are there.
//!
//! ```text
//!   Stamps + FrameReport --Ledger--> Measured --> Tally (of a viewer) --> Part (of a session, in one worker) --> account
//! ```

use std::collections::VecDeque;

use crate::api::{Receipt, Stage};
use crate::input::wire::{ClockEstimate, FrameReport};
use crate::time::Time;

mod histogram;
mod part;
mod tally;

pub use histogram::{Bucket, Histogram};
pub use part::{MOST_PARTS, MOST_VIEWERS, Made, Part, Seen, account};
pub use tally::Tally;

/// Stages in the order a picture passes them.
pub const STAGES: [&str; 9] = ["uplink", "wait", "guest", "convert", "encode", "send", "network", "decode", "present"];

/// Pictures that wait for the viewer's half.
const PENDING: usize = 256;

/// The input that a picture is the first to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// When the viewer sent it, in microseconds of the viewer's clock.
    pub sent_us: u64,
    /// When it came.
    pub came: Time,
}

/// The node's stamps of one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// The guest's number of the picture.
    pub tick: u32,
    /// Its RTP timestamp, if it was sent as video.
    pub rtp: Option<u32>,
    /// The oldest input that no earlier picture has shown; it must be of the viewer who gets the picture.
    pub input: Option<Input>,
    /// The tick began and took its input.
    pub latched: Time,
    /// The guest was done.
    pub guest: Time,
    /// The picture was converted.
    pub converted: Time,
    /// The picture was encoded.
    pub encoded: Time,
    /// Its last packet was handed to the socket.
    pub sent: Time,
}

/// A picture that the viewer reported; without a clock it was shown, and no more is known.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    stamps: Stamps,
    report: FrameReport,
    clock: Option<ClockEstimate>,
}

/// Pairs the halves of pictures, and tallies them.
#[derive(Debug, Default)]
pub struct Ledger {
    pending: VecDeque<Stamps>,
    tally: Tally,
}

impl Ledger {
    /// The node's half of a picture.
    pub fn sent(&mut self, stamps: Stamps) {
        self.tally.worked(&stamps);
        if self.pending.len() == PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(stamps);
    }

    /// The viewer's half. Returns both, for a further tally.
    pub fn shown(&mut self, report: &FrameReport, clock: Option<ClockEstimate>) -> Option<Measured> {
        let same = |stamps: &Stamps| match (report.rtp, stamps.rtp) {
            (true, Some(rtp)) => rtp == report.id,
            (false, None) => stamps.tick == report.id,
            _ => false,
        };
        let at = self.pending.iter().position(same)?;
        let stamps = self.pending[at];
        self.pending.drain(..=at);
        let measured = Measured { stamps, report: *report, clock };
        self.tally.measured(&measured);
        Some(measured)
    }

    /// An empty ledger that expects the pictures this one still waits for.
    pub fn carry_over(&mut self) -> Ledger {
        Ledger { pending: std::mem::take(&mut self.pending), tally: Tally::default() }
    }

    /// Pictures measured so far.
    pub fn pictures(&self) -> u64 {
        self.tally.pictures()
    }

    /// The receipt so far.
    pub fn receipt(&self) -> Receipt {
        self.tally.receipt()
    }
}

/// A viewer's time on the node's clock.
pub fn to_node(viewer_us: u64, clock: ClockEstimate) -> Time {
    Time::from_micros(viewer_us.saturating_add_signed(clock.offset_us))
}

fn verdict(stages: &[Stage]) -> String {
    let parts = stages.iter().filter(|stage| stage.name != "total");
    let Some(most) = parts.max_by(|a, b| a.p50_ms.total_cmp(&b.p50_ms)) else {
        return "No picture has been measured yet.".to_owned();
    };
    let what = match most.name.as_str() {
        "uplink" => "input on its way to the server",
        "wait" => "input waiting for the title's next picture",
        "guest" => "the title making its picture",
        "convert" => "converting the picture's colours",
        "encode" => "encoding the picture on the server",
        "send" => "handing the picture to the network",
        "network" => "the network",
        "decode" => "decoding in the browser",
        _ => "the browser waiting for the display",
    };
    format!("Most of the time ({:.1} ms) goes to {what}.", most.p50_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stages_of_a_picture_sum_to_its_total() {
        let mut ledger = Ledger::default();
        let at = Time::from_micros;
        ledger.sent(Stamps {
            tick: 1,
            rtp: None,
            input: Some(Input { sent_us: 0, came: at(1_005) }),
            latched: at(1_007),
            guest: at(1_010),
            converted: at(1_011),
            encoded: at(1_013),
            sent: at(1_014),
        });
        let report = FrameReport { rtp: false, id: 1, arrival_us: 16, decode_us: 2, present_us: 5 };
        ledger.shown(&report, Some(ClockEstimate { offset_us: 1_000, error_us: 3 }));
        let receipt = ledger.receipt();
        let (total, stages) = receipt.stages.split_last().unwrap();
        let sum: f64 = stages.iter().map(|stage| stage.p50_ms).sum();
        assert_eq!((total.name.as_str(), total.max_ms), ("total", 0.021));
        assert!((sum - 0.021).abs() < 1e-9, "{sum}");
        assert_eq!(receipt.clock_error_ms, Some(0.003));
    }

    #[test]
    fn a_report_of_a_picture_never_sent_is_ignored() {
        let mut ledger = Ledger::default();
        let report = FrameReport { rtp: true, id: 1, arrival_us: 0, decode_us: 0, present_us: 0 };
        assert!(ledger.shown(&report, None).is_none());
        assert_eq!(ledger.receipt().pictures, 0);
        assert_eq!(ledger.receipt().verdict, "No picture has been measured yet.");
    }
}
