//! What is counted of a viewer's pictures: a histogram of each stage, of the total, and a few counts.
//!
//! The stages of a picture are differences of neighbouring stamps, so they sum to its total. That total is measured on the
//! viewer's clock alone, from the sending of the input to the present of the picture: how far the two clocks are apart only
//! decides what part of the way belongs to the input (`uplink`) and what part to the picture (`network`). A picture that shows
//! no input has no first two stages and no total; it counts in the other seven, and in `picture`, their sum.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::{Measured, STAGES, Stamps, to_node, verdict};
use crate::api::{Account, Receipt, Stage, StageHistogram, WithoutInput};
use crate::input::wire::ClockEstimate;
use crate::time::Time;

/// Longest a picture can take, in microseconds: what a viewer reports may be anything.
const MOST_US: u64 = 60_000_000;
/// How coarse a browser's clock may be, in microseconds.
const GRAIN_US: u64 = 1_000;

/// Everything that is counted of a viewer's pictures. Tallies add up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    stages: [Histogram; STAGES.len()],
    total: Histogram,
    picture: Histogram,
    node: Histogram,
    /// Pictures that showed no input, and what they took.
    without_input: (u64, u64),
    clock_error_us: Option<u32>,
    sent: u64,
    shown: u64,
    implausible: u64,
    bytes: u64,
    /// Input messages that were newer than all before, those of them that came on the lossless track, and the longest wait for one.
    #[serde(default)]
    inputs: u64,
    #[serde(default)]
    inputs_on_track: u64,
    #[serde(default)]
    silence_us: u64,
    /// Messages with something that the viewer may not send.
    #[serde(default)]
    refused: u64,
}

/// A picture's time, in microseconds.
struct Split {
    /// `uplink` and `wait`; none: it shows no input.
    input: Option<[u64; 2]>,
    /// The other stages.
    rest: [u64; STAGES.len() - 2],
}

impl Tally {
    /// A picture left the node, in so many bytes.
    pub fn sent(&mut self, stamps: &Stamps, bytes: u64) {
        self.sent += 1;
        self.bytes += bytes;
        self.worked(stamps);
    }

    /// What the node did for a picture.
    pub(super) fn worked(&mut self, stamps: &Stamps) {
        self.node.add(us(stamps.latched, stamps.sent));
    }

    /// An input message came, the first in so long that was newer than all before.
    pub fn heard(&mut self, silence: Duration, on_track: bool) {
        self.inputs += 1;
        self.inputs_on_track += u64::from(on_track);
        self.silence_us = self.silence_us.max(silence.as_micros() as u64);
    }

    /// A message held something that the viewer may not send.
    pub fn refused(&mut self) {
        self.refused += 1;
    }

    /// How many messages did.
    pub fn refusals(&self) -> u64 {
        self.refused
    }

    /// The viewer reported a picture: both halves are known.
    pub fn measured(&mut self, measured: &Measured) {
        self.shown += 1;
        // Without an idea of the offset nothing can be said.
        let Some(clock) = measured.clock else { return };
        self.clock_error_us = Some(clock.error_us);
        let Some(Split { input, rest }) = split(measured, clock) else {
            self.implausible += 1;
            return;
        };
        self.stages[2..].iter_mut().zip(rest).for_each(|(histogram, us)| histogram.add(us));
        let took = rest.iter().sum();
        self.picture.add(took);
        match input {
            Some(input) => {
                self.stages.iter_mut().zip(input).for_each(|(histogram, us)| histogram.add(us));
                self.total.add(input[0] + input[1] + took);
            }
            None => self.without_input = (self.without_input.0 + 1, self.without_input.1 + took),
        }
    }

    /// Adds all that another one holds.
    pub fn merge(&mut self, other: &Tally) {
        self.stages.iter_mut().zip(&other.stages).for_each(|(histogram, more)| histogram.merge(more));
        self.total.merge(&other.total);
        self.picture.merge(&other.picture);
        self.node.merge(&other.node);
        let (count, sum) = &mut self.without_input;
        *count = count.saturating_add(other.without_input.0);
        *sum = sum.saturating_add(other.without_input.1);
        self.clock_error_us = self.clock_error_us.max(other.clock_error_us);
        self.sent = self.sent.saturating_add(other.sent);
        self.shown = self.shown.saturating_add(other.shown);
        self.implausible = self.implausible.saturating_add(other.implausible);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.inputs = self.inputs.saturating_add(other.inputs);
        self.inputs_on_track = self.inputs_on_track.saturating_add(other.inputs_on_track);
        self.silence_us = self.silence_us.max(other.silence_us);
        self.refused = self.refused.saturating_add(other.refused);
    }

    /// Pictures measured.
    pub fn pictures(&self) -> u64 {
        self.picture.count()
    }

    /// The figures of each stage.
    pub fn receipt(&self) -> Receipt {
        let stages = self.named().map(|(name, histogram)| stage(name, histogram));
        let stages: Vec<Stage> = stages.collect();
        let verdict = verdict(&stages);
        Receipt {
            pictures: self.pictures(),
            stages,
            node: (self.node.count() > 0).then(|| stage("node", &self.node)),
            clock_error_ms: self.clock_error_us.map(ms_of),
            verdict,
        }
    }

    /// The figures, and all they were read from.
    pub fn account(&self) -> Account {
        let more = [("picture", &self.picture), ("node", &self.node)];
        let more = more.into_iter().filter(|(_, histogram)| histogram.count() > 0);
        let counts = [
            ("bytes_sent", self.bytes),
            ("input_silence_us", self.silence_us),
            ("inputs", self.inputs),
            ("inputs_on_track", self.inputs_on_track),
            ("inputs_refused", self.refused),
            ("pictures_implausible", self.implausible),
            ("pictures_not_shown", self.sent.saturating_sub(self.shown)),
            ("pictures_sent", self.sent),
            ("pictures_shown", self.shown),
        ];
        let (pictures, sum_us) = self.without_input;
        Account {
            receipt: self.receipt(),
            counts: counts.map(|(name, count)| (name.to_owned(), count)).into(),
            histograms: self.named().chain(more).map(|(name, histogram)| shown(name, histogram)).collect(),
            without_input: WithoutInput { pictures, sum_us },
        }
    }

    /// The stages and the total, as far as anything is known of them.
    fn named(&self) -> impl Iterator<Item = (&'static str, &Histogram)> {
        let all = STAGES.into_iter().zip(&self.stages).chain([("total", &self.total)]);
        all.filter(|(_, histogram)| histogram.count() > 0)
    }
}

/// Where the time of a picture went; none: what was reported cannot be.
fn split(Measured { stamps, report, .. }: &Measured, clock: ClockEstimate) -> Option<Split> {
    // An input may come between the beginning of the tick and the moment the guest gets it.
    let latched = stamps.input.map_or(stamps.latched, |input| stamps.latched.max(input.came));
    let decode = report.decode_us.min(report.present_us);
    let present = u64::from(report.present_us);
    let mut rest = [
        us(latched, stamps.guest),
        us(stamps.guest, stamps.converted),
        us(stamps.converted, stamps.encoded),
        us(stamps.encoded, stamps.sent),
        us(stamps.sent, to_node(report.arrival_us, clock)),
        u64::from(decode),
        u64::from(report.present_us - decode),
    ];
    let Some(input) = stamps.input else {
        return (rest.iter().sum::<u64>() <= MOST_US).then_some(Split { input: None, rest });
    };
    let total = report.arrival_us.checked_add(present)?.checked_sub(input.sent_us)?;
    let inside = us(input.came, stamps.sent) + present;
    if total > MOST_US || inside > MOST_US {
        return None;
    }
    // The way there and back. Less than nothing is the clocks' fault, as far as they may be wrong.
    let slack = u64::from(clock.error_us).min(MOST_US) + GRAIN_US;
    let ways = (total + slack).checked_sub(inside)?.saturating_sub(slack);
    let uplink = us(to_node(input.sent_us, clock), input.came).min(ways);
    rest[4] = ways - uplink;
    Some(Split { input: Some([uplink, us(input.came, latched)]), rest })
}

/// From one moment to another; what is too long to be is cut, so that sums stay in bounds.
fn us(from: Time, to: Time) -> u64 {
    to.as_micros().saturating_sub(from.as_micros()).min(2 * MOST_US)
}

fn ms_of(us: u32) -> f64 {
    f64::from(us) / 1_000.0
}

fn stage(name: &str, histogram: &Histogram) -> Stage {
    let ms = |us: u64| us as f64 / 1_000.0;
    Stage {
        name: name.to_owned(),
        p50_ms: ms(histogram.percentile(50)),
        p95_ms: ms(histogram.percentile(95)),
        p99_ms: ms(histogram.percentile(99)),
        max_ms: ms(histogram.max()),
    }
}

fn shown(name: &str, histogram: &Histogram) -> StageHistogram {
    StageHistogram {
        name: name.to_owned(),
        count: histogram.count(),
        sum_us: histogram.sum(),
        min_us: histogram.min(),
        max_us: histogram.max(),
        buckets: histogram.buckets().map(|bucket| [bucket.from_us, bucket.below_us, bucket.count.into()]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::wire::FrameReport;
    use crate::receipt::Input;
    use crate::sim::Random;

    /// A picture with made-up but possible times: the truth of each stage, and what is measured of it by clocks that are apart.
    fn picture(random: &mut Random, with_input: bool) -> ([u64; STAGES.len()], Measured) {
        let truth: [u64; STAGES.len()] = std::array::from_fn(|_| random.next_u64() % 40_000);
        let (ahead, error) = (5_000_000_i64, 300_i64);
        let wrong = (random.next_u64() % 601) as i64 - error;
        let began = 10_000_000 + random.next_u64() % 1_000_000;
        let mut node = began + ahead as u64;
        let mut next = |stage: usize| {
            node += truth[stage];
            Time::from_micros(node)
        };
        let (came, latched) = (next(0), next(1));
        let [guest, converted, encoded, sent] = [2, 3, 4, 5].map(next);
        let arrival_us = began + truth[..7].iter().sum::<u64>();
        let report = FrameReport {
            rtp: false,
            id: 1,
            arrival_us,
            decode_us: truth[7] as u32,
            present_us: (truth[7] + truth[8]) as u32,
        };
        let clock = Some(ClockEstimate { offset_us: ahead + wrong, error_us: error as u32 });
        let input = with_input.then_some(Input { sent_us: began, came });
        (
            truth,
            Measured {
                stamps: Stamps { tick: 1, rtp: None, input, latched, guest, converted, encoded, sent },
                report,
                clock,
            },
        )
    }

    #[test]
    fn the_stages_of_a_picture_sum_to_what_its_viewer_measured_however_the_clocks_are_apart() {
        let mut random = Random::new(1);
        for _ in 0..5_000 {
            let (truth, measured) = picture(&mut random, true);
            let split = split(&measured, measured.clock.unwrap()).unwrap();
            let input = split.input.unwrap();
            let total: u64 = truth.iter().sum();
            let report = measured.report;
            assert_eq!(
                report.arrival_us + u64::from(report.present_us) - measured.stamps.input.unwrap().sent_us,
                total
            );
            assert_eq!(input.iter().chain(&split.rest).sum::<u64>(), total);
            for (stage, (got, expect)) in input.iter().chain(&split.rest).zip(truth).enumerate() {
                let slack = if matches!(stage, 0 | 6) { 300 } else { 0 };
                assert!(got.abs_diff(expect) <= slack, "{}: {got}, truly {expect}", STAGES[stage]);
            }
        }
    }

    #[test]
    fn the_sums_of_an_account_agree_to_the_microsecond() {
        let mut random = Random::new(2);
        let (mut whole, mut halves) = (Tally::default(), [Tally::default(), Tally::default()]);
        for n in 0..2_000_usize {
            let (_, measured) = picture(&mut random, n % 3 > 0);
            whole.measured(&measured);
            halves[n % 2].measured(&measured);
        }
        let [mut merged, second] = halves;
        merged.merge(&second);
        assert_eq!(merged, whole);
        assert_eq!(serde_json::from_str::<Tally>(&serde_json::to_string(&whole).unwrap()).unwrap(), whole);
        let account = whole.account();
        let sum = |name: &str| account.histograms.iter().find(|histogram| histogram.name == name).unwrap().sum_us;
        let stages: u64 = STAGES.iter().map(|name| sum(name)).sum();
        assert_eq!(stages, sum("total") + account.without_input.sum_us);
        assert_eq!(STAGES[2..].iter().map(|name| sum(name)).sum::<u64>(), sum("picture"));
        assert_eq!((account.receipt.pictures, account.without_input.pictures), (2_000, 667));
    }

    #[test]
    fn inputs_add_up_and_of_waits_the_longest_counts() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        one.heard(Duration::from_millis(60), false);
        other.heard(Duration::from_millis(20), true);
        other.heard(Duration::from_millis(90), false);
        one.merge(&other);
        let counts = one.account().counts;
        let count = |name: &str| counts[name];
        assert_eq!((count("inputs"), count("inputs_on_track"), count("input_silence_us")), (3, 1, 90_000));
    }

    #[test]
    fn a_report_that_cannot_be_is_counted_and_left_out() {
        let mut random = Random::new(3);
        let check = |change: &dyn Fn(&mut Measured), expect: (u64, u64)| {
            let (_, mut measured) = picture(&mut Random::new(4), true);
            change(&mut measured);
            let mut tally = Tally::default();
            tally.measured(&measured);
            assert_eq!((tally.pictures(), tally.implausible), expect, "{measured:?}");
        };
        check(&|_| {}, (1, 0));
        check(&|measured| measured.report.arrival_us = u64::MAX, (0, 1));
        check(&|measured| measured.report.arrival_us = 0, (0, 1));
        check(&|measured| measured.report.present_us = u32::MAX, (0, 1));
        check(&|measured| measured.stamps.input.as_mut().unwrap().sent_us = u64::MAX, (0, 1));
        check(&|measured| measured.clock.as_mut().unwrap().offset_us = i64::MAX, (1, 0));
        check(&|measured| measured.clock = None, (0, 0));
        check(&|measured| (measured.stamps.input, measured.report.arrival_us) = (None, u64::MAX), (0, 1));
        let (_, mut coarse) = picture(&mut random, true);
        let inside = us(coarse.stamps.input.unwrap().came, coarse.stamps.sent);
        coarse.report.arrival_us = coarse.stamps.input.unwrap().sent_us + inside - 900;
        let found = split(&coarse, coarse.clock.unwrap()).unwrap();
        assert_eq!((found.input.unwrap()[0], found.rest[4]), (0, 0), "a coarse clock makes no way shorter than none");
    }
}
