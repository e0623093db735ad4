//! How much may be sent: budgets for the two ways of sending a picture.
//!
//! Both follow the same rule: never queue. A picture that does not fit now is not made; the next one carries newer
//! content at the same cost.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// Budget of the lossless datagrams of one viewer.
///
/// There is no feedback but acknowledgements, so the queue on the path shows as round trips that grow beyond the
/// smallest one seen lately. Loss alone is no reason to send less: deltas do not need repair. But where not even a
/// third arrives, the path is narrower than what is sent, and what arrives says how wide it is.
#[derive(Debug)]
pub struct DeltaRate {
    bps: u64,
    tokens_bits: i64,
    refilled: Time,
    /// Smallest round trips of this window and of the one before.
    smallest: [Option<Duration>; 2],
    window: Time,
    changed: Time,
    /// Times the rate was lowered in a row.
    lowered: u32,
    /// What went out lately, oldest first, and what of it arrived.
    cohorts: VecDeque<Cohort>,
    /// What was too little to tell the loss by, so far.
    little: [Flow; MOST_COPIES as usize],
    /// The newest round trip.
    rtt: Duration,
    /// Share of packets that do not arrive, in a thousand, lately; none: not known yet.
    loss_per_mille: Option<u64>,
}

/// What went out within one [`FLOW`].
#[derive(Clone, Copy, Debug)]
struct Cohort {
    began: Time,
    /// What was sent once, what twice, and so on.
    flows: [Flow; MOST_COPIES as usize],
}

/// Bytes; of copies one is counted.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    sent: u64,
    arrived: u64,
}

impl Flow {
    /// Share of packets that do not arrive, in a thousand, where each of these was sent so often.
    fn loss_per_mille(self, copies: u32) -> u64 {
        let lost = 1_000 - (self.arrived * 1_000 / self.sent.max(1)).min(1_000);
        // All copies must be lost: the root.
        let of_each = |loss: &u64| loss.pow(copies) >= lost * 1_000_u64.pow(copies - 1);
        (0..1_000).find(of_each).unwrap_or(1_000)
    }
}

const DELTA_START_BPS: u64 = 10_000_000;
const DELTA_MIN_BPS: u64 = 200_000;
const DELTA_MAX_BPS: u64 = 50_000_000;
/// Extra round trip that counts as a queue on the path.
const QUEUE: Duration = Duration::from_millis(40);
/// The smallest round trip is forgotten after one to two of these, since paths change.
const WINDOW: Duration = Duration::from_secs(5);
/// What goes out is counted in pieces of this length, and compared with what arrived of it.
const FLOW: Duration = Duration::from_millis(250);
/// Acknowledgements are waited for this much longer than a round trip and a half.
const LATE: Duration = Duration::from_millis(50);
/// Pieces whose acknowledgements are waited for at a time.
const COHORTS: usize = 16;
/// Loss that is reckoned with until it is known.
const LOSS_GUESS_PER_MILLE: u64 = 30;
/// Loss from which on everything is sent twice.
const LOSSY_PER_MILLE: u64 = 80;
/// Datagrams that a picture may be expected to lose, in a thousandth of one; where it would be more, they are sent again.
const BEARABLE_PER_MILLE: u64 = 100;
/// Most times a datagram is sent.
const MOST_COPIES: u8 = 4;
/// Bytes below which a piece says nothing of the width of the path, and pieces nothing of its losses.
const WIDTH_BYTES: u64 = 6_000;
const LOSS_BYTES: u64 = 2_000;
/// Lowered so often without the round trip getting shorter, the path is longer, not fuller.
const PATIENT_LOWERINGS: u32 = 4;

impl Default for DeltaRate {
    fn default() -> Self {
        DeltaRate {
            bps: DELTA_START_BPS,
            tokens_bits: 0,
            refilled: Time::ZERO,
            smallest: [None; 2],
            window: Time::ZERO,
            changed: Time::ZERO,
            lowered: 0,
            cohorts: VecDeque::new(),
            little: Default::default(),
            rtt: Duration::ZERO,
            loss_per_mille: None,
        }
    }
}

impl DeltaRate {
    /// The current budget, in bits a second.
    pub fn bits_per_second(&self) -> u64 {
        self.bps
    }

    /// Whether a picture may go out now. One may overdraw the budget; the next then waits until it is paid for.
    pub fn may_send(&mut self, now: Time) -> bool {
        let since = now.since(self.refilled).min(Duration::from_secs(1));
        let earned = since.as_micros() as i64 * self.bps as i64 / 1_000_000;
        let most = self.bps as i64 / 50;
        self.tokens_bits = (self.tokens_bits + earned).min(most);
        self.refilled = now;
        self.tokens_bits >= 0
    }

    /// A datagram of so many bytes goes out, so often; copies are paid for with [`DeltaRate::on_copied`].
    pub fn on_sent(&mut self, now: Time, bytes: u64, copies: u8) {
        self.tokens_bits -= bytes as i64 * 8;
        if self.cohorts.back().is_none_or(|cohort| now.since(cohort.began) >= FLOW) {
            self.cohorts.push_back(Cohort { began: now, flows: Default::default() });
        }
        if let Some(cohort) = self.cohorts.back_mut() {
            cohort.flows[usize::from(copies.clamp(1, MOST_COPIES) - 1)].sent += bytes;
        }
        let ripe = FLOW + self.rtt * 3 / 2 + LATE;
        while let Some(oldest) = self.cohorts.front().copied()
            && (now.since(oldest.began) > ripe || self.cohorts.len() > COHORTS)
        {
            self.cohorts.pop_front();
            self.learn(now, oldest);
        }
    }

    /// So many bytes went out another time.
    pub fn on_copied(&mut self, bytes: u64) {
        self.tokens_bits -= bytes as i64 * 8;
    }

    /// So many bytes that left then, so often each, arrived.
    pub fn on_arrived(&mut self, left: Time, bytes: u64, copies: u8) {
        let began = |cohort: &&mut Cohort| cohort.began <= left;
        if let Some(cohort) = self.cohorts.iter_mut().rev().find(began) {
            cohort.flows[usize::from(copies.clamp(1, MOST_COPIES) - 1)].arrived += bytes;
        }
    }

    /// How often to send each datagram of a picture of so many: where many are lost, one of several would hardly ever be
    /// whole, and a large one not even where few are.
    pub fn copies(&self, datagrams: usize) -> u8 {
        let loss = self.loss_per_mille.unwrap_or(LOSS_GUESS_PER_MILLE);
        let least = if loss > LOSSY_PER_MILLE { 2 } else { 1 };
        let lost = |copies: u8| loss.pow(copies.into()) * datagrams as u64 / 1_000_u64.pow(u32::from(copies) - 1);
        (least..MOST_COPIES).find(|copies| lost(*copies) <= BEARABLE_PER_MILLE).unwrap_or(MOST_COPIES)
    }

    fn learn(&mut self, now: Time, Cohort { flows, .. }: Cohort) {
        let sent: u64 = flows.iter().map(|flow| flow.sent).sum();
        let arrived: u64 = flows.iter().map(|flow| flow.arrived).sum();
        // Nothing at all: the viewer is away, which says nothing of the path.
        if arrived == 0 {
            return;
        }
        if arrived * 3 < sent {
            if sent >= WIDTH_BYTES {
                let carried = arrived * 8 * 1_000_000 / FLOW.as_micros() as u64;
                self.bps = self.bps.min(carried).max(DELTA_MIN_BPS);
                self.changed = now;
                // Round trips through a full queue are no measure of the path, and copies would only fill it.
                (self.lowered, self.loss_per_mille) = (0, Some(0));
            }
            return;
        }
        for (all, flow) in self.little.iter_mut().zip(flows) {
            (all.sent, all.arrived) = (all.sent + flow.sent, all.arrived + flow.arrived);
        }
        let sent: u64 = self.little.iter().map(|flow| flow.sent).sum();
        if sent < LOSS_BYTES {
            return;
        }
        let weighed = |(flow, copies): (Flow, u32)| flow.loss_per_mille(copies) * flow.sent;
        let lost = std::mem::take(&mut self.little).into_iter().zip(1..).map(weighed).sum::<u64>() / sent;
        self.loss_per_mille = Some(self.loss_per_mille.map_or(lost, |loss| (loss * 3 + lost) / 4));
    }

    /// A picture was acknowledged this long after it went out.
    pub fn on_round_trip(&mut self, now: Time, rtt: Duration) {
        self.rtt = rtt;
        let queue = rtt.saturating_sub(self.base(now, rtt));
        let since = now.since(self.changed);
        if queue > QUEUE && since > rtt {
            self.bps = (self.bps * 7 / 10).max(DELTA_MIN_BPS);
            self.changed = now;
            self.lowered += 1;
            if self.lowered >= PATIENT_LOWERINGS {
                self.smallest = [Some(rtt), None];
            }
        } else if queue < QUEUE / 2 && since > Duration::from_millis(100) {
            self.bps = (self.bps * 21 / 20).min(DELTA_MAX_BPS);
            self.changed = now;
            self.lowered = 0;
        }
    }

    fn base(&mut self, now: Time, rtt: Duration) -> Duration {
        if now.since(self.window) > WINDOW {
            self.smallest = [None, self.smallest[0]];
            self.window = now;
        }
        self.smallest[0] = Some(self.smallest[0].map_or(rtt, |smallest| smallest.min(rtt)));
        self.smallest.into_iter().flatten().min().unwrap_or(rtt)
    }
}

/// Bits the encoded video of one viewer may take, picture by picture.
#[derive(Debug)]
pub struct VideoRate {
    estimate_bps: u64,
    wanted_bps: u64,
    tick_hz: u64,
    debt_bits: i64,
}

/// Share of the path's estimate given to pictures; sound, input and headers take the rest.
const VIDEO_SHARE_PERCENT: u64 = 85;
const VIDEO_START_BPS: u64 = 2_500_000;
const VIDEO_MIN_BPS: u64 = 150_000;

/// What one encoded picture may take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureBudget {
    /// What it should take.
    pub target: u32,
    /// What it must not exceed.
    pub max: u32,
}

impl VideoRate {
    /// The budget of pictures of this size at this rate.
    pub fn new(width: u16, height: u16, tick_hz: u16) -> VideoRate {
        let mut rate = VideoRate {
            estimate_bps: VIDEO_START_BPS,
            wanted_bps: 0,
            tick_hz: u64::from(tick_hz.max(1)),
            debt_bits: 0,
        };
        rate.set_size(width, height);
        rate
    }

    /// Pictures have another size from now on.
    pub fn set_size(&mut self, width: u16, height: u16) {
        let pixels_per_second = u64::from(width) * u64::from(height) * self.tick_hz.min(60);
        // A fifth of a bit a pixel looks clean for game pictures; more is not seen.
        self.wanted_bps = (pixels_per_second / 5).clamp(1_000_000, 20_000_000);
    }

    /// The path's estimate changed, in bits a second.
    pub fn set_estimate(&mut self, bps: u64) {
        self.estimate_bps = bps;
    }

    /// What the pictures could use at most, in bits a second.
    pub fn wanted_bps(&self) -> u64 {
        self.wanted_bps
    }

    /// What the pictures may take now, in bits a second.
    pub fn bits_per_second(&self) -> u64 {
        (self.estimate_bps * VIDEO_SHARE_PERCENT / 100).min(self.wanted_bps).max(VIDEO_MIN_BPS)
    }

    /// The budget of the next picture, or none if the pictures before took so much that this one is better left out.
    pub fn next_budget(&mut self) -> Option<PictureBudget> {
        let share = (self.bits_per_second() / self.tick_hz) as i64;
        self.debt_bits = (self.debt_bits - share).max(0);
        if self.debt_bits > share * 4 {
            return None;
        }
        let target = (share - self.debt_bits / 4).max(share / 4) as u32 / 8;
        Some(PictureBudget { target, max: (share * 3) as u32 / 8 })
    }

    /// The picture took so many bytes.
    pub fn on_encoded(&mut self, bytes: usize) {
        self.debt_bits += bytes as i64 * 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends 1,000 bytes every 10 ms for two seconds, of which so many in a hundred arrive 50 ms later.
    fn flow(rate: &mut DeltaRate, arrive_percent: u64) {
        for n in 0..200 {
            let now = Time::from_millis(1_000 + n * 10);
            rate.on_sent(now, 1_000, 1);
            if n * arrive_percent / 100 != (n + 1) * arrive_percent / 100 {
                rate.on_arrived(now, 1_000, 1);
            }
        }
    }

    fn copies(rate: &DeltaRate) -> [u8; 3] {
        [1, 6, 20].map(|datagrams| rate.copies(datagrams))
    }

    #[test]
    fn what_arrives_says_how_wide_a_narrow_path_is() {
        let mut rate = DeltaRate::default();
        flow(&mut rate, 30);
        assert!((220_000..260_000).contains(&rate.bits_per_second()), "30 % of 800 kbit/s: {rate:?}");
        assert_eq!(copies(&rate), [1, 1, 1], "copies would only fill it");
    }

    #[test]
    fn what_would_hardly_come_whole_is_sent_more_than_once_and_no_slower() {
        assert_eq!(copies(&DeltaRate::default()), [1, 2, 2], "what is lost is not known yet");
        for (arrive, expect) in [(100, [1, 1, 1]), (98, [1, 2, 2]), (95, [1, 2, 2]), (80, [2, 3, 4]), (50, [4, 4, 4])] {
            let mut rate = DeltaRate::default();
            flow(&mut rate, arrive);
            assert_eq!((copies(&rate), rate.bits_per_second()), (expect, DELTA_START_BPS), "{arrive} % arrive");
        }
    }

    #[test]
    fn of_copies_all_must_be_lost() {
        for (copies, one_of) in [(1, 5), (2, 25)] {
            let mut rate = DeltaRate::default();
            for n in 0..2_000u64 {
                let now = Time::from_millis(1_000 + n * 10);
                rate.on_sent(now, 1_000, copies);
                if n % one_of != 0 {
                    rate.on_arrived(now, 1_000, copies);
                }
            }
            let loss = rate.loss_per_mille.unwrap();
            assert!((180..=220).contains(&loss), "a fifth of packets, {copies} copies: {loss}");
        }
    }

    #[test]
    fn a_viewer_that_is_away_says_nothing_of_its_path() {
        let mut rate = DeltaRate::default();
        flow(&mut rate, 0);
        assert_eq!((copies(&rate), rate.bits_per_second()), (copies(&DeltaRate::default()), DELTA_START_BPS));
    }

    #[test]
    fn one_picture_may_overdraw_and_the_next_waits_until_it_is_paid_for() {
        let mut rate = DeltaRate::default();
        let mut now = Time::from_millis(100);
        assert!(rate.may_send(now));
        rate.on_sent(now, 50_000, 1);
        let mut waited = 0;
        while !rate.may_send(now) {
            now = now + Duration::from_millis(1);
            waited += 1;
        }
        assert!((15..=45).contains(&waited), "400 kbit at 10 Mbit/s, less what was saved: {waited} ms");
    }

    #[test]
    fn a_growing_queue_lowers_the_rate_and_a_clear_path_raises_it() {
        let mut rate = DeltaRate::default();
        let mut now = Time::ZERO;
        let mut trips = |rate: &mut DeltaRate, ms: u64, count: u32| {
            for _ in 0..count {
                now = now + Duration::from_millis(200);
                rate.on_round_trip(now, Duration::from_millis(ms));
            }
            rate.bits_per_second()
        };
        let clear = trips(&mut rate, 20, 20);
        assert!(clear > DELTA_START_BPS);
        assert!(trips(&mut rate, 90, 4) < clear / 4);
        let drained = trips(&mut rate, 20, 1);
        assert!(trips(&mut rate, 20, 20) > drained * 2);
    }

    #[test]
    fn a_path_that_gets_longer_is_not_taken_for_a_full_one() {
        let mut rate = DeltaRate::default();
        let mut now = Time::ZERO;
        for trip in 0..200 {
            now = now + Duration::from_millis(100);
            rate.on_round_trip(now, Duration::from_millis(if trip < 20 { 20 } else { 110 }));
        }
        assert!(rate.bits_per_second() > DELTA_START_BPS, "{}", rate.bits_per_second());
    }

    #[test]
    fn a_worker_that_has_run_for_a_year_can_still_count() {
        assert!(DeltaRate::default().may_send(Time::from_millis(365 * 24 * 3_600_000)));
    }

    #[test]
    fn video_keeps_its_rate_over_pictures_of_any_size() {
        let mut rate = VideoRate::new(640, 360, 60);
        rate.set_estimate(2_000_000);
        let mut bytes = 0;
        for picture in 0..600 {
            if let Some(budget) = rate.next_budget() {
                let size = if picture % 7 == 0 { budget.max } else { budget.target };
                rate.on_encoded(size as usize);
                bytes += size as usize;
            }
        }
        let bps = bytes * 8 / 10;
        assert!((1_300_000..2_000_000).contains(&bps), "{bps}");
    }

    #[test]
    fn a_small_estimate_never_stops_the_picture() {
        let mut rate = VideoRate::new(1920, 1080, 60);
        rate.set_estimate(0);
        assert!(rate.next_budget().is_some_and(|budget| budget.target > 100));
    }
}
