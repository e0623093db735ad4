//! What one viewer is known to have, and what to send it next.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::RowSet;
use crate::rate::DeltaRate;
use crate::time::Time;

/// Pictures a viewer keeps, and so the farthest base.
pub const HISTORY: usize = 32;

/// Pictures that may be under way: acknowledgements of older ones would find nothing any more.
const MOST_UNDER_WAY: u32 = HISTORY as u32 - 4;
/// Without an acknowledgement for so much longer than one takes, they may be held up: data channels stall where much is lost.
const QUIET: Duration = Duration::from_millis(100);
/// From then on pictures come so far apart, that their bases are still there when it is over, a second later.
const QUIET_PERIOD: Duration = Duration::from_millis(60);
/// Without an acknowledgement for this long the viewer is taken to be away and sent little.
const AWAY: Duration = Duration::from_millis(1_000);
/// How often a viewer that is away is tried at least.
const AWAY_PERIOD: Duration = Duration::from_millis(250);
/// Bits a second that pictures may take whose viewer is not heard of.
const BLIND_BPS: u64 = 500_000;
/// Datagrams and parity of one picture: an acknowledgement has so many bits.
const MOST_PACKETS: usize = 64;
/// Of pictures that others follow, so many in a thousand may be lost.
const RISK_PER_MILLE: u64 = 20;
/// Of those that nothing follows: they stay on the screen, and only a round trip and a half later would they be sent again.
const LONE_RISK_PER_MILLE: u64 = 1;

/// Rows to be coded against one base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRun {
    /// First of them.
    pub first_row: u16,
    /// How many.
    pub rows: u16,
    /// Number of the picture they are coded against; none: all bytes zero.
    pub base: Option<u32>,
}

/// The rows one datagram carries, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramRows {
    /// First of them.
    pub first_row: u16,
    /// How many.
    pub rows: u16,
    /// In bytes.
    pub len: u16,
}

/// What of the picture coded last goes out now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Which of its datagrams.
    pub datagrams: Range<usize>,
    /// Which of its parity datagrams, after those.
    pub parity: Range<usize>,
}

#[derive(Debug)]
struct Sent {
    picture: u32,
    tick: u32,
    /// When the newest of its packets left.
    at: Time,
    datagrams: Vec<DatagramRows>,
    /// When each packet left, as far as they have: the datagrams, then parity.
    left: Vec<Time>,
    /// Bit i: packet i came.
    acked: u64,
    rows: RowSet,
}

impl Sent {
    /// Its memory, for the next.
    fn into_spare(self) -> (Vec<DatagramRows>, Vec<Time>) {
        (self.datagrams, self.left)
    }

    /// How far such pictures are apart that may all be in vain: small ones cost little, and are seen if only the
    /// acknowledgements do not come through.
    fn blind_period(&self) -> Duration {
        let bytes: u64 = self.datagrams.iter().map(|datagram| u64::from(datagram.len)).sum();
        Duration::from_micros(bytes * 8 * 1_000_000 / BLIND_BPS)
    }

    /// Whether the viewer has all of it: any of its packets will do, if they are as many as its datagrams.
    fn is_complete(&self) -> bool {
        self.acked.count_ones() as usize >= self.datagrams.len()
    }

    /// Bytes of a packet: parity is as long as the longest datagram.
    fn len_of(&self, index: usize) -> u64 {
        let longest = || self.datagrams.iter().map(|datagram| datagram.len).max().unwrap_or(0);
        self.datagrams.get(index).map_or_else(longest, |datagram| datagram.len).into()
    }
}

/// Decides what one viewer is sent.
#[derive(Debug)]
pub struct Sender {
    total_rows: u16,
    last_picture: u32,
    sent: VecDeque<Sent>,
    spare: Vec<(Vec<DatagramRows>, Vec<Time>)>,
    changed_at_tick: u32,
    /// The first picture sent since the viewer was last heard of.
    unheard_since: Option<Time>,
    /// The newest picture the viewer acknowledged anything of, or the last before a reset.
    newest_acked: u32,
    rtt: Option<Duration>,
    rate: DeltaRate,
}

impl Sender {
    /// A sender to a viewer that has nothing, of pictures of so many rows (the palette's included).
    pub fn new(total_rows: u16) -> Sender {
        Sender {
            total_rows,
            last_picture: 0,
            sent: VecDeque::with_capacity(HISTORY),
            spare: Vec::new(),
            changed_at_tick: 0,
            unheard_since: None,
            newest_acked: 0,
            rtt: None,
            rate: DeltaRate::default(),
        }
    }

    /// Pictures have another size or format from now on: what the viewer has is no base any more.
    pub fn reset(&mut self, total_rows: u16) {
        self.total_rows = total_rows;
        self.sent.clear();
        self.newest_acked = self.last_picture;
    }

    /// Smoothed round-trip time, acknowledgement delay included.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// What may be sent, in bits a second.
    pub fn rate_bps(&self) -> u64 {
        self.rate.bits_per_second()
    }

    /// Decides about the picture of `tick`: fills `runs` and returns its number, or says that nothing is to be sent.
    ///
    /// Pictures that did not change are asked about too: the viewer may not have got the last one.
    pub fn plan(&mut self, now: Time, tick: u32, changed: bool, runs: &mut Vec<RowRun>) -> Option<u32> {
        if changed || self.last_picture == 0 {
            self.changed_at_tick = tick;
        }
        if self.is_under_way() || !self.is_due(now) || !self.rate.may_send(now) {
            return None;
        }
        let picture = self.last_picture.wrapping_add(1);
        self.fill(picture, runs);
        Some(picture)
    }

    /// Whether datagrams of the newest picture still wait for their turn.
    fn is_under_way(&self) -> bool {
        self.sent.back().is_some_and(|sent| sent.left.len() < sent.datagrams.len())
    }

    fn is_due(&self, now: Time) -> bool {
        let Some(last) = self.sent.back() else { return true };
        let current = |sent: &Sent| sent.tick >= self.changed_at_tick;
        if self.sent.iter().any(|sent| current(sent) && sent.is_complete()) {
            return false;
        }
        if self.is_away(now) {
            return now.since(last.at) >= last.blind_period().min(AWAY_PERIOD);
        }
        let is_quiet = self.is_unheard(now, self.patience() + QUIET);
        if self.last_picture.wrapping_sub(self.newest_acked) >= MOST_UNDER_WAY {
            let blind = if is_quiet { last.blind_period() } else { Duration::MAX };
            return now.since(last.at) >= blind.min(self.patience());
        }
        if is_quiet && now.since(last.at) < QUIET_PERIOD {
            return false;
        }
        !current(last) || now.since(last.at) >= self.patience()
    }

    fn is_away(&self, now: Time) -> bool {
        self.is_unheard(now, AWAY)
    }

    fn is_unheard(&self, now: Time, time: Duration) -> bool {
        self.unheard_since.is_some_and(|since| now.since(since) > time)
    }

    /// How long an acknowledgement may take before the picture is sent again.
    fn patience(&self) -> Duration {
        let rtt = self.rtt.unwrap_or(Duration::from_millis(50));
        (rtt * 5 / 4 + Duration::from_millis(10)).clamp(Duration::from_millis(20), Duration::from_millis(500))
    }

    fn fill(&self, picture: u32, runs: &mut Vec<RowRun>) {
        runs.clear();
        for row in 0..self.total_rows {
            let base = self.base_of(picture, row);
            match runs.last_mut() {
                Some(run) if run.base == base => run.rows += 1,
                _ => runs.push(RowRun { first_row: row, rows: 1, base }),
            }
        }
    }

    fn base_of(&self, picture: u32, row: u16) -> Option<u32> {
        let usable = |sent: &&Sent| picture.wrapping_sub(sent.picture) < HISTORY as u32 && sent.rows.contains(row);
        self.sent.iter().rev().find(usable).map(|sent| sent.picture)
    }

    /// The rows of `base` the viewer has.
    pub fn known_rows(&self, base: u32) -> Option<&RowSet> {
        self.sent.iter().find(|sent| sent.picture == base).map(|sent| &sent.rows)
    }

    /// The planned picture was coded as these datagrams: [`Sender::release`] says when they may go.
    pub fn coded(&mut self, now: Time, tick: u32, datagrams: impl Iterator<Item = DatagramRows>) {
        self.last_picture = self.last_picture.wrapping_add(1);
        self.unheard_since.get_or_insert(now);
        let (mut list, mut left) = self.spare.pop().unwrap_or_default();
        list.clear();
        left.clear();
        list.extend(datagrams);
        if self.sent.len() == HISTORY {
            self.spare.extend(self.sent.pop_front().map(Sent::into_spare));
        }
        let (picture, rows) = (self.last_picture, RowSet::default());
        self.sent.push_back(Sent { picture, tick, at: now, datagrams: list, left, acked: 0, rows });
    }

    /// What of the picture coded last goes out now, in order. The rest waits: a path that is narrower than the picture would
    /// drop the same end of it every time. Asked at every tick: a picture that nothing follows gets more parity.
    pub fn release(&mut self, now: Time) -> Release {
        let is_away = self.is_away(now);
        if self.is_unheard(now, self.patience() + QUIET) {
            self.rate.on_unheard();
        }
        let Some(sent) = self.sent.back_mut() else { return Release::default() };
        let (before, count) = (sent.left.len(), sent.datagrams.len());
        while let Some(datagram) = sent.datagrams.get(sent.left.len())
            && self.rate.may_send(now)
        {
            self.rate.on_sent(now, u64::from(datagram.len));
            sent.left.push(now);
            sent.at = now;
        }
        let after = sent.left.len();
        let is_lone = sent.tick >= self.changed_at_tick && now > sent.at && !sent.is_complete() && !is_away;
        let risk = if before < count {
            RISK_PER_MILLE
        } else if is_lone && self.rate.may_send(now) {
            LONE_RISK_PER_MILLE
        } else {
            return Release::default();
        };
        // Parity is paid for by the next picture and not this one.
        if after >= count {
            let packets = self.rate.packets(count, MOST_PACKETS, risk);
            while sent.left.len() < packets {
                self.rate.on_sent(now, sent.len_of(count));
                sent.left.push(now);
            }
        }
        Release {
            datagrams: before.min(count)..after.min(count),
            parity: after.max(count) - count..sent.left.len().max(count) - count,
        }
    }

    /// The viewer has these packets of a picture.
    pub fn handle_ack(&mut self, now: Time, picture: u32, packets: u64) {
        // Most of a message says again what the ones before said, and of the newest pictures.
        let Some(sent) = self.sent.iter_mut().rfind(|sent| sent.picture == picture) else { return };
        let new = packets & !sent.acked;
        if new == 0 {
            return;
        }
        let first_news = sent.acked == 0;
        let mut newest = None;
        // What did not leave was not received, whatever is claimed.
        for index in (0..sent.left.len().min(MOST_PACKETS)).filter(|index| new & (1 << index) != 0) {
            sent.acked |= 1 << index;
            if let Some(datagram) = sent.datagrams.get(index) {
                sent.rows.insert(datagram.first_row, datagram.rows);
            }
            self.rate.on_arrived(sent.left[index], sent.len_of(index));
            newest = newest.max(Some(sent.left[index]));
        }
        let Some(left) = newest else { return };
        if sent.is_complete() {
            sent.rows.insert(0, self.total_rows);
        }
        self.unheard_since = None;
        if picture.wrapping_sub(self.newest_acked) as i32 > 0 {
            self.newest_acked = picture;
        }
        // The first of a picture, and not overtaken: a single one that was held up somewhere is not a queue.
        if first_news && picture == self.newest_acked {
            let sample = now.since(left);
            self.rtt = Some(self.rtt.map_or(sample, |rtt| (rtt * 7 + sample) / 8));
            self.rate.on_round_trip(now, sample);
        }
    }

    /// Pictures older than this one will not be a base again: the newest is always preferred, so that one which came
    /// whole ends their use. Their acknowledgements still tell how much is lost.
    pub fn oldest_needed(&self) -> u32 {
        let whole = self.sent.iter().rfind(|sent| sent.is_complete()).or(self.sent.front());
        whole.map_or(self.last_picture.wrapping_add(1), |sent| sent.picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sender of pictures of ten rows, one row a datagram.
    struct Rig {
        sender: Sender,
        now: Time,
        tick: u32,
        runs: Vec<RowRun>,
        /// Bytes of a row.
        len: u16,
    }

    impl Rig {
        fn new() -> Rig {
            Rig { sender: Sender::new(10), now: Time::ZERO, tick: 0, runs: Vec::new(), len: 100 }
        }

        fn tick(&mut self, changed: bool) -> Option<u32> {
            self.tick += 1;
            self.now = self.now + Duration::from_micros(16_667);
            let planned = self.sender.plan(self.now, self.tick, changed, &mut self.runs);
            if planned.is_some() {
                let rows = (0..10).map(|row| DatagramRows { first_row: row, rows: 1, len: self.len });
                self.sender.coded(self.now, self.tick, rows);
            }
            self.sender.release(self.now);
            planned
        }

        fn bases(&self) -> Vec<(u16, Option<u32>)> {
            self.runs.iter().map(|run| (run.rows, run.base)).collect()
        }
    }

    #[test]
    fn the_first_picture_has_no_base() {
        let mut rig = Rig::new();
        assert_eq!(rig.tick(true), Some(1));
        assert_eq!(rig.bases(), [(10, None)]);
    }

    #[test]
    fn only_what_was_acknowledged_is_a_base() {
        let mut rig = Rig::new();
        rig.tick(true);
        rig.tick(true);
        assert_eq!(rig.bases(), [(10, None)]);
        rig.sender.handle_ack(rig.now, 1, 0x3ff);
        rig.tick(true);
        assert_eq!(rig.bases(), [(10, Some(1))]);
    }

    #[test]
    fn a_lost_delta_needs_no_repair() {
        let mut rig = Rig::new();
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 1, 0x3ff);
        rig.tick(true);
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 3, 0x3ff);
        rig.tick(true);
        assert_eq!(rig.bases(), [(10, Some(3))], "picture 2 was lost and nobody asked for it");
    }

    #[test]
    fn half_a_picture_is_a_base_for_its_half() {
        let mut rig = Rig::new();
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 1, 0x3ff);
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 2, 0x01f);
        rig.tick(true);
        assert_eq!(rig.bases(), [(5, Some(2)), (5, Some(1))]);
    }

    #[test]
    fn an_unchanged_picture_is_sent_until_it_is_acknowledged_and_then_no_more() {
        let mut rig = Rig::new();
        rig.tick(true);
        let sent: Vec<_> = (0..10).filter_map(|_| rig.tick(false)).collect();
        assert!((1..=4).contains(&sent.len()), "sent again at times, not at every tick: {sent:?}");
        rig.sender.handle_ack(rig.now, 1, 0x3ff);
        assert!((0..100).all(|_| rig.tick(false).is_none()));
        assert!(rig.tick(true).is_some());
    }

    #[test]
    fn a_viewer_that_went_away_is_sent_little() {
        // By the size of its pictures, since it may be that only its acknowledgements do not come through.
        for (len, expect) in [(2_000, 40..60), (500, 100..150), (100, 500..600)] {
            let mut rig = Rig { len, ..Rig::new() };
            let sent = (0..600).filter(|_| rig.tick(true).is_some()).count();
            assert!(expect.contains(&sent), "10 s of pictures of {} bytes: {sent}", 10 * len);
        }
    }

    #[test]
    fn while_acknowledgements_are_held_up_pictures_go_on_from_what_the_viewer_has() {
        let mut rig = Rig::new();
        for _ in 0..10 {
            let picture = rig.tick(true).unwrap();
            rig.sender.handle_ack(rig.now, picture, 0x3ff);
        }
        let (mut since, mut longest) = (0, 0);
        for _ in 0..60 {
            since += 1;
            if rig.tick(true).is_some() {
                assert!(rig.runs.iter().all(|run| run.base.is_some()), "tick {}", rig.tick);
                since = 0;
            }
            longest = longest.max(since);
        }
        assert!(longest < 6, "{longest} ticks without a picture, in a second");
    }

    #[test]
    fn after_a_still_picture_motion_goes_out_at_once() {
        let mut rig = Rig::new();
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 1, 0x3ff);
        for _ in 0..300 {
            assert_eq!(rig.tick(false), None);
        }
        let sent = (0..7).filter(|_| rig.tick(true).is_some()).count();
        assert_eq!(sent, 7);
    }

    #[test]
    fn on_a_long_path_acknowledgements_still_find_their_pictures() {
        let mut rig = Rig::new();
        let mut under_way = std::collections::VecDeque::new();
        let mut based = 0;
        for tick in 0..1_200 {
            if let Some(picture) = rig.tick(true) {
                under_way.push_back((tick + 60, picture));
                based += u32::from(rig.runs.iter().all(|run| run.base.is_some()));
            }
            while under_way.front().is_some_and(|(due, _)| *due <= tick) {
                let (_, picture) = under_way.pop_front().unwrap();
                rig.sender.handle_ack(rig.now, picture, 0x3ff);
            }
        }
        assert!(based > 200, "a round trip of a second: {based} pictures had a base");
    }

    #[test]
    fn a_base_older_than_the_viewer_keeps_is_not_used() {
        let mut rig = Rig::new();
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 1, 0x3ff);
        let mut pictures = 0;
        while pictures < HISTORY {
            pictures += usize::from(rig.tick(true).is_some());
        }
        assert_eq!(rig.bases(), [(10, None)]);
    }

    #[test]
    fn hostile_acknowledgements_are_ignored() {
        let mut rig = Rig::new();
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 77, u64::MAX);
        rig.sender.handle_ack(rig.now, 1, !0x3ff);
        rig.tick(true);
        assert_eq!(rig.bases(), [(10, None)]);
        rig.sender.handle_ack(rig.now, 2, u64::MAX);
        rig.tick(true);
        assert_eq!(rig.bases(), [(10, Some(2))]);
    }

    #[test]
    fn history_is_let_go_once_a_newer_picture_is_complete() {
        let mut rig = Rig::new();
        for _ in 0..5 {
            rig.tick(true);
        }
        assert_eq!(rig.sender.oldest_needed(), 1);
        rig.sender.handle_ack(rig.now, 4, 0x3ff);
        assert_eq!(rig.sender.oldest_needed(), 4);
    }

    #[test]
    fn a_picture_too_large_for_the_path_goes_out_bit_by_bit() {
        let mut sender = Sender::new(40);
        let (mut runs, mut now) = (Vec::new(), Time::from_millis(1_000));
        let large = || (0..40).map(|row| DatagramRows { first_row: row, rows: 1, len: 1_000 });
        assert_eq!(sender.plan(now, 1, true, &mut runs), Some(1));
        sender.coded(now, 1, large());
        let at_once = sender.release(now).datagrams.end;
        assert!((20..30).contains(&at_once), "20 ms of 10 Mbit/s: {at_once}");
        // What has not left cannot have been received.
        sender.handle_ack(now, 1, u64::MAX);
        assert!(!sender.known_rows(1).is_some_and(|rows| rows.contains(39)));
        assert_eq!(sender.plan(now, 2, true, &mut runs), None, "one picture after the other");
        let mut left = at_once;
        while left < 40 {
            now = now + Duration::from_millis(17);
            let release = sender.release(now);
            assert_eq!(release.datagrams.start, left, "in order");
            left = release.datagrams.end;
        }
        sender.handle_ack(now, 1, u64::MAX);
        assert!(sender.known_rows(1).is_some_and(|rows| rows.contains(39)));
        assert_eq!(sender.plan(now + Duration::from_millis(100), 3, true, &mut runs), Some(2));
    }

    /// A rig on whose path every fifth packet is lost, which the sender knows.
    fn lossy() -> Rig {
        let mut rig = Rig::new();
        for _ in 0..120 {
            let picture = rig.tick(true).unwrap();
            let left = rig.sender.sent.back().unwrap().left.len();
            let came = (0..left).filter(|at| at % 5 != 3).fold(0, |all, at| all | 1 << at);
            rig.sender.handle_ack(rig.now, picture, came);
        }
        rig
    }

    #[test]
    fn any_of_its_packets_make_a_picture_whole_if_they_are_enough() {
        let mut rig = lossy();
        let picture = rig.tick(true).unwrap();
        let left = rig.sender.sent.back().unwrap().left.len();
        assert!((15..20).contains(&left), "ten, and parity for what is lost: {left}");
        rig.sender.handle_ack(rig.now, picture, 0x1fe);
        assert_eq!(rig.sender.known_rows(picture).map(RowSet::len), Some(8));
        rig.sender.handle_ack(rig.now, picture, 0x1fe | 1 << 12 | 1 << (left - 1));
        assert_eq!(rig.sender.known_rows(picture).map(RowSet::len), Some(10));
        rig.sender.handle_ack(rig.now, picture, 1 << left);
        assert_eq!(rig.sender.sent.back().unwrap().acked >> left, 0, "what did not leave is not received");
    }

    #[test]
    fn a_picture_that_nothing_follows_gets_more_parity_at_the_next_tick() {
        let mut rig = lossy();
        rig.tick(true);
        let packets = |rig: &Rig| rig.sender.sent.back().unwrap().left.len();
        let before = packets(&rig);
        assert_eq!(rig.tick(false), None);
        let lone = packets(&rig);
        assert!((before + 2..before + 8).contains(&lone), "{before}, then {lone}");
    }

    #[test]
    fn where_nothing_is_lost_there_is_no_parity() {
        let mut rig = Rig::new();
        for tick in 0..200 {
            let picture = rig.tick(tick % 3 != 0);
            let sent = rig.sender.sent.back().unwrap();
            assert!(tick < 60 || sent.left.len() == 10, "tick {tick}: {}", sent.left.len());
            picture.into_iter().for_each(|picture| rig.sender.handle_ack(rig.now, picture, u64::MAX));
        }
    }

    #[test]
    fn another_size_starts_afresh() {
        let mut rig = Rig::new();
        rig.tick(true);
        rig.sender.handle_ack(rig.now, 1, 0x3ff);
        rig.sender.reset(10);
        assert_eq!(rig.tick(true), Some(2));
        assert_eq!(rig.bases(), [(10, None)]);
    }
}
