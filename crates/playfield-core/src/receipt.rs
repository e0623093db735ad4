//! Where the time of each picture went: stage by stage, from input to present.
//!
//! The node stamps what it does on its own clock; the viewer reports arrival, decode and present on its own, with its
//! estimate of the offset. A picture is measured once both halves are there. Stages are differences of neighbouring
//! stamps, so they sum to the total.

use std::collections::{BTreeMap, VecDeque};

use crate::api::{Receipt, Stage};
use crate::input::wire::{ClockEstimate, FrameReport};
use crate::time::Time;

/// Stages in the order a picture passes them.
pub const STAGES: [&str; 9] = ["uplink", "wait", "guest", "convert", "encode", "send", "network", "decode", "present"];

/// Pictures that wait for the viewer's half.
const PENDING: usize = 256;
/// Longest a stage can be, in microseconds: what a viewer reports may be anything.
const MOST_US: u64 = 60_000_000;

/// The node's stamps of one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// The guest's number of the picture.
    pub tick: u32,
    /// Its RTP timestamp, if it was sent as video.
    pub rtp: Option<u32>,
    /// The viewer sent the newest input it shows, by the node's clock.
    pub input_sent: Option<Time>,
    /// That input came.
    pub input_came: Option<Time>,
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

/// A picture of which both halves are known.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    stamps: Stamps,
    report: FrameReport,
    clock: ClockEstimate,
}

/// Collects stamps and makes receipts.
#[derive(Debug, Default)]
pub struct Ledger {
    pending: VecDeque<Stamps>,
    stages: [Histogram; STAGES.len()],
    total: Histogram,
    node: Histogram,
    pictures: u64,
    clock_error_us: Option<u32>,
    counts: BTreeMap<String, u64>,
}

impl Ledger {
    /// What the node did for a picture, whoever it was for.
    pub fn note(&mut self, stamps: &Stamps) {
        self.node.add(stamps.sent.since(stamps.latched).as_micros() as u64);
    }

    /// The node's half of a picture.
    pub fn sent(&mut self, stamps: Stamps) {
        self.note(&stamps);
        if self.pending.len() == PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(stamps);
    }

    /// The viewer's half. Without an idea of the offset nothing can be said. Returns both halves, for a ledger of
    /// several viewers.
    pub fn shown(&mut self, report: &FrameReport, clock: Option<ClockEstimate>) -> Option<Measured> {
        let same = |stamps: &Stamps| match (report.rtp, stamps.rtp) {
            (true, Some(rtp)) => rtp == report.id,
            (false, None) => stamps.tick == report.id,
            _ => false,
        };
        let at = self.pending.iter().position(same)?;
        let stamps = self.pending[at];
        self.pending.drain(..=at);
        let measured = Measured { stamps, report: *report, clock: clock? };
        self.measured(&measured);
        Some(measured)
    }

    /// Both halves of a picture.
    pub fn measured(&mut self, Measured { stamps, report, clock }: &Measured) {
        self.clock_error_us = Some(clock.error_us);
        let arrival = to_node(report.arrival_us, *clock);
        self.pictures += 1;
        let us = |from: Time, to: Time| to.as_micros().saturating_sub(from.as_micros()).min(MOST_US);
        let reported = |us: u32| u64::from(us).min(MOST_US);
        let node = [
            us(stamps.latched, stamps.guest),
            us(stamps.guest, stamps.converted),
            us(stamps.converted, stamps.encoded),
            us(stamps.encoded, stamps.sent),
            us(stamps.sent, arrival),
            reported(report.decode_us),
            reported(report.present_us.saturating_sub(report.decode_us)),
        ];
        for (histogram, value) in self.stages[2..].iter_mut().zip(node) {
            histogram.add(value);
        }
        if let (Some(sent), Some(came)) = (stamps.input_sent, stamps.input_came) {
            let input = [us(sent, came), us(came, stamps.latched)];
            for (histogram, value) in self.stages.iter_mut().zip(input) {
                histogram.add(value);
            }
            self.total.add(input.iter().chain(&node).sum());
        }
    }

    /// An empty ledger that expects the pictures this one still waits for.
    pub fn carry_over(&mut self) -> Ledger {
        Ledger { pending: std::mem::take(&mut self.pending), ..Ledger::default() }
    }

    /// Adds to a count that the receipt carries.
    pub fn count(&mut self, name: &str, more: u64) {
        match self.counts.get_mut(name) {
            Some(count) => *count += more,
            None => drop(self.counts.insert(name.to_owned(), more)),
        }
    }

    /// The receipt so far.
    pub fn receipt(&self) -> Receipt {
        let named = STAGES.iter().zip(&self.stages).filter(|(_, histogram)| histogram.count > 0);
        let mut stages: Vec<Stage> = named.map(|(name, histogram)| histogram.stage(name)).collect();
        let verdict = verdict(&stages);
        if self.total.count > 0 {
            stages.push(self.total.stage("total"));
        }
        Receipt {
            pictures: self.pictures,
            stages,
            clock_error_ms: self.clock_error_us.map(|us| f64::from(us) / 1_000.0),
            counts: self.counts.clone(),
            node: (self.node.count > 0).then(|| self.node.stage("node")),
            verdict,
        }
    }
}

/// A viewer's time on the node's clock.
pub fn to_node(viewer_us: u64, clock: ClockEstimate) -> Time {
    Time::from_micros(viewer_us.saturating_add_signed(clock.offset_us))
}

fn verdict(stages: &[Stage]) -> String {
    let Some(most) = stages.iter().max_by(|a, b| a.p50_ms.total_cmp(&b.p50_ms)) else {
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

/// A histogram of microseconds whose buckets grow by an eighth, so any figure read from it is at most 12.5 % off.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: [u32; BUCKETS],
    count: u64,
    max: u64,
}

const BUCKETS: usize = 256;

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: [0; BUCKETS], count: 0, max: 0 }
    }
}

impl Histogram {
    /// Adds a duration in microseconds.
    pub fn add(&mut self, us: u64) {
        self.buckets[bucket(us)] += 1;
        self.count += 1;
        self.max = self.max.max(us);
    }

    /// The longest added, in microseconds.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// How many were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The value below which `percent` of them lie, in microseconds.
    pub fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return bucket_top(index).min(self.max);
            }
        }
        self.max
    }

    fn stage(&self, name: &str) -> Stage {
        let ms = |us: u64| us as f64 / 1_000.0;
        Stage {
            name: name.to_owned(),
            p50_ms: ms(self.percentile(50)),
            p95_ms: ms(self.percentile(95)),
            p99_ms: ms(self.percentile(99)),
            max_ms: ms(self.max),
        }
    }
}

/// Values below 8 have a bucket each; above, each power of two has eight.
fn bucket(us: u64) -> usize {
    if us < 8 {
        return us as usize;
    }
    let power = us.ilog2();
    let eighth = (us >> (power - 3)) & 7;
    ((power as usize - 2) * 8 + eighth as usize).min(BUCKETS - 1)
}

fn bucket_top(index: usize) -> u64 {
    if index < 8 {
        return index as u64;
    }
    let (power, eighth) = (index as u32 / 8 + 2, index as u64 % 8);
    ((9 + eighth) << (power - 3)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_every_value_and_are_an_eighth_wide() {
        for us in (0..100_000).chain([1 << 30, u64::MAX]) {
            let index = bucket(us);
            if index < BUCKETS - 1 {
                assert!(us <= bucket_top(index), "{us} in {index}");
                assert!(index == 0 || us > bucket_top(index - 1), "{us} in {index}");
                assert!(bucket_top(index) - us <= us / 8, "{us}: {}", bucket_top(index));
            }
        }
    }

    #[test]
    fn the_stages_of_a_picture_sum_to_its_total() {
        let mut ledger = Ledger::default();
        let at = Time::from_micros;
        ledger.sent(Stamps {
            tick: 1,
            rtp: None,
            input_sent: Some(at(1_000)),
            input_came: Some(at(1_005)),
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
    fn no_report_can_break_the_sums() {
        let mut ledger = Ledger::default();
        let input = Some(Time::ZERO);
        ledger.sent(Stamps { tick: 1, input_sent: input, input_came: input, ..Stamps::default() });
        let report = FrameReport { rtp: false, id: 1, arrival_us: u64::MAX, decode_us: 1, present_us: u32::MAX };
        ledger.shown(&report, Some(ClockEstimate { offset_us: 0, error_us: 0 }));
        assert!(ledger.receipt().stages.iter().all(|stage| stage.max_ms <= 180_000.0));
    }

    #[test]
    fn a_report_of_a_picture_never_sent_is_ignored() {
        let mut ledger = Ledger::default();
        let report = FrameReport { rtp: true, id: 1, arrival_us: 0, decode_us: 0, present_us: 0 };
        ledger.shown(&report, None);
        assert_eq!(ledger.receipt().pictures, 0);
        assert_eq!(ledger.receipt().verdict, "No picture has been measured yet.");
    }
}
