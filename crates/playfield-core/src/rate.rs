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
    /// The newest round trip.
    rtt: Duration,
    /// Packets whose fate is known, and how many of them are lost, both in a thousandth of one; the older count for less.
    judged: u64,
    lost: u64,
}

/// What went out within one [`FLOW`].
#[derive(Clone, Copy, Debug)]
struct Cohort {
    began: Time,
    sent: Flow,
    arrived: Flow,
    /// Acknowledgements did not come through.
    doubtful: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    packets: u64,
    bytes: u64,
}

impl Flow {
    fn add(&mut self, bytes: u64) {
        self.packets += 1;
        self.bytes += bytes;
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
/// Loss that is reckoned with until the fate of so many packets is known: the first picture is large, and is waited for.
const LOSS_GUESS: f64 = 0.10;
const FEW_PACKETS: u64 = 8;
/// Packets by which the loss is judged.
const JUDGED_PACKETS: u64 = 256;
/// Bytes below which a piece says nothing of the width of the path.
const WIDTH_BYTES: u64 = 6_000;
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
            rtt: Duration::ZERO,
            judged: 0,
            lost: 0,
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

    /// A packet of so many bytes goes out.
    pub fn on_sent(&mut self, now: Time, bytes: u64) {
        self.tokens_bits -= bytes as i64 * 8;
        if self.cohorts.back().is_none_or(|cohort| now.since(cohort.began) >= FLOW) {
            self.cohorts.push_back(Cohort {
                began: now,
                sent: Flow::default(),
                arrived: Flow::default(),
                doubtful: false,
            });
        }
        if let Some(cohort) = self.cohorts.back_mut() {
            cohort.sent.add(bytes);
        }
        let ripe = FLOW + self.rtt * 3 / 2 + LATE;
        while let Some(oldest) = self.cohorts.front().copied()
            && (now.since(oldest.began) > ripe || self.cohorts.len() > COHORTS)
        {
            self.cohorts.pop_front();
            self.learn(now, oldest);
        }
    }

    /// A packet of so many bytes that left then arrived.
    pub fn on_arrived(&mut self, left: Time, bytes: u64) {
        let began = |cohort: &&mut Cohort| cohort.began <= left;
        if let Some(cohort) = self.cohorts.iter_mut().rev().find(began) {
            cohort.arrived.add(bytes);
        }
    }

    /// Acknowledgements are held up: what was sent lately may have arrived.
    pub fn on_unheard(&mut self) {
        self.cohorts.iter_mut().for_each(|cohort| cohort.doubtful = true);
    }

    /// Share of packets that do not arrive, lately.
    fn loss(&self) -> f64 {
        if self.judged < FEW_PACKETS * 1_000 { LOSS_GUESS } else { self.lost as f64 / self.judged as f64 }
    }

    /// How many of `most` packets are to be sent at least, so that some `needed` of them arrive but `risk_per_mille` times in
    /// a thousand, if each is lost as if the others were not.
    pub fn packets(&self, needed: usize, most: usize, risk_per_mille: u64) -> usize {
        let (lost, risk) = (self.loss(), risk_per_mille as f64 / 1e3);
        let kept = (1..needed).fold(1.0, |kept, _| kept * (1.0 - lost));
        // Of so many packets too few arrive; all but one of the needed ones do.
        let (mut sent, mut fails, mut short) = (needed, 1.0 - kept * (1.0 - lost), needed as f64 * lost * kept);
        while fails > risk && sent < most {
            fails -= short * (1.0 - lost);
            short *= lost * (sent + 1) as f64 / (sent + 2 - needed) as f64;
            sent += 1;
        }
        sent
    }

    fn learn(&mut self, now: Time, Cohort { sent, arrived, doubtful, .. }: Cohort) {
        // Nothing at all: the viewer is away, which says nothing of the path.
        if arrived.packets == 0 || doubtful {
            return;
        }
        if arrived.bytes * 3 < sent.bytes {
            if sent.bytes >= WIDTH_BYTES {
                let carried = arrived.bytes * 8 * 1_000_000 / FLOW.as_micros() as u64;
                self.bps = self.bps.min(carried).max(DELTA_MIN_BPS);
                self.changed = now;
                // Round trips through a full queue are no measure of the path, and parity would only fill it.
                (self.lowered, self.lost, self.judged) = (0, 0, FEW_PACKETS * 1_000);
            }
            return;
        }
        self.judged += sent.packets * 1_000;
        self.lost += (sent.packets - arrived.packets.min(sent.packets)) * 1_000;
        let most = JUDGED_PACKETS * 1_000;
        if self.judged > most {
            self.lost = self.lost * most / self.judged;
            self.judged = most;
        }
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
    /// When the picture before was to be made, and how long it is from one to the next, of late.
    before: Option<Time>,
    period: Duration,
}

/// Share of the path's estimate given to pictures; sound, input and headers take the rest.
const VIDEO_SHARE_PERCENT: u64 = 85;
const VIDEO_START_BPS: u64 = 2_500_000;
const VIDEO_MIN_BPS: u64 = 150_000;

/// A picture that comes so much later than usual has no more room than one that comes then: what a path did not carry, it does not carry later.
const MOST_PERIODS: u32 = 3;

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
            before: None,
            period: Duration::from_micros(1_000_000 / u64::from(tick_hz.max(1))),
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
    ///
    /// A guest that makes fewer pictures than it could, or of which some are left out, has larger ones: `now` tells how many there are.
    pub fn next_budget(&mut self, now: Time) -> Option<PictureBudget> {
        let least = Duration::from_micros(1_000_000 / self.tick_hz);
        let since = self.before.map_or(self.period, |before| now.since(before));
        self.before = Some(now);
        // A pause says nothing of how often pictures come.
        let usual = since.clamp(least, least * MOST_PERIODS);
        self.period = (self.period * 7 + usual) / 8;
        let bits = |time: Duration| (self.bits_per_second() * time.as_micros() as u64 / 1_000_000) as i64;
        let share = bits(self.period.min(usual.max(least)));
        self.debt_bits = (self.debt_bits - bits(since.min(Duration::from_secs(1)))).max(0);
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

    /// Sends 1,000 bytes every 10 ms for three seconds, of which so many in a hundred arrive 50 ms later.
    fn flow(rate: &mut DeltaRate, arrive_percent: u64) {
        for n in 0..300 {
            let now = Time::from_millis(1_000 + n * 10);
            rate.on_sent(now, 1_000);
            if n * arrive_percent / 100 != (n + 1) * arrive_percent / 100 {
                rate.on_arrived(now, 1_000);
            }
        }
    }

    /// Packets for pictures of 1, 6 and 20 datagrams.
    fn packets(rate: &DeltaRate) -> [usize; 3] {
        [1, 6, 20].map(|datagrams| rate.packets(datagrams, 64, 20))
    }

    #[test]
    fn what_arrives_says_how_wide_a_narrow_path_is() {
        let mut rate = DeltaRate::default();
        flow(&mut rate, 30);
        assert!((220_000..260_000).contains(&rate.bits_per_second()), "30 % of 800 kbit/s: {rate:?}");
        assert_eq!(packets(&rate), [1, 6, 20], "parity would only fill it");
    }

    #[test]
    fn the_more_is_lost_the_more_is_sent_and_no_slower() {
        assert_eq!(packets(&DeltaRate::default()), [2, 9, 26], "what is lost is not known yet");
        let cases = [(100, [1, 6, 20]), (99, [1, 7, 22]), (95, [2, 8, 24]), (80, [3, 11, 31]), (50, [6, 21, 55])];
        for (arrive, expect) in cases {
            let mut rate = DeltaRate::default();
            flow(&mut rate, arrive);
            assert_eq!((packets(&rate), rate.bits_per_second()), (expect, DELTA_START_BPS), "{arrive} % arrive");
        }
    }

    #[test]
    fn the_risk_is_what_was_asked_for() {
        let mut random = crate::sim::Random::new(3);
        for (lost, needed, risk) in [(200, 1, 20), (200, 10, 20), (50, 30, 20), (300, 5, 20), (200, 10, 1)] {
            let rate = DeltaRate { judged: 1_000_000, lost: lost * 1_000, ..DeltaRate::default() };
            let mut fails = |packets: usize| {
                let arrive =
                    |random: &mut crate::sim::Random| (0..packets).filter(|_| !random.chance(lost as u32)).count();
                (0..20_000).filter(|_| arrive(&mut random) < needed).count()
            };
            let packets = rate.packets(needed, 64, risk);
            let (enough, less) = (fails(packets) as u64, fails(packets - 1) as u64);
            let meant = risk * 20;
            assert!(
                enough <= meant * 5 / 4 && less >= meant * 3 / 4,
                "{lost}, {needed}: {enough} and {less} of {meant}"
            );
        }
    }

    #[test]
    fn there_is_an_end_to_what_is_sent() {
        let rate = DeltaRate { judged: 1_000_000, lost: 1_000_000, ..DeltaRate::default() };
        assert_eq!([1, 20, 64].map(|needed| rate.packets(needed, 64, 20)), [64; 3]);
    }

    #[test]
    fn acknowledgements_that_are_held_up_say_nothing_of_the_path() {
        let mut rate = DeltaRate::default();
        flow(&mut rate, 80);
        let before = packets(&rate);
        for n in 0..100 {
            let now = Time::from_millis(4_000 + n * 10);
            rate.on_sent(now, 1_000);
            if n < 5 {
                rate.on_arrived(now, 1_000);
            } else if n > 20 {
                rate.on_unheard();
            }
        }
        assert_eq!((packets(&rate), rate.bits_per_second()), (before, DELTA_START_BPS));
    }

    #[test]
    fn a_viewer_that_is_away_says_nothing_of_its_path() {
        let mut rate = DeltaRate::default();
        flow(&mut rate, 0);
        assert_eq!((packets(&rate), rate.bits_per_second()), (packets(&DeltaRate::default()), DELTA_START_BPS));
    }

    #[test]
    fn one_picture_may_overdraw_and_the_next_waits_until_it_is_paid_for() {
        let mut rate = DeltaRate::default();
        let mut now = Time::from_millis(100);
        assert!(rate.may_send(now));
        rate.on_sent(now, 50_000);
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
            if let Some(budget) = rate.next_budget(Time::from_micros(picture * 16_667)) {
                let size = if picture % 7 == 0 { budget.max } else { budget.target };
                rate.on_encoded(size as usize);
                bytes += size as usize;
            }
        }
        let bps = bytes * 8 / 10;
        assert!((1_300_000..2_000_000).contains(&bps), "{bps}");
    }

    #[test]
    fn fewer_pictures_may_be_larger_and_take_no_more_in_all() {
        for (hz, expect) in [(60, 3_500..3_600), (30, 7_000..7_200), (20, 10_500..10_800), (5, 10_000..10_900)] {
            let mut rate = VideoRate::new(1280, 720, 60);
            rate.set_estimate(2_000_000);
            let mut target = 0;
            for picture in 0..hz * 4 {
                if let Some(budget) = rate.next_budget(Time::from_micros(picture * 1_000_000 / hz)) {
                    target = budget.target;
                    rate.on_encoded(target as usize);
                }
            }
            assert!(expect.contains(&target), "{hz} Hz: {target}");
        }
    }

    #[test]
    fn a_small_estimate_never_stops_the_picture() {
        let mut rate = VideoRate::new(1920, 1080, 60);
        rate.set_estimate(0);
        assert!(rate.next_budget(Time::ZERO).is_some_and(|budget| budget.target > 100));
    }
}
