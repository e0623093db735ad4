//! Sender and uplink together over a bad path, on virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{DatagramRows, RowRun, Sender};
use crate::input::uplink::Uplink;
use crate::sim::{Link, Path};
use crate::time::Time;

const ROWS: u16 = 20;
const TICK: Duration = Duration::from_micros(16_667);

/// One packet of a picture: which, its place, and how many datagrams the picture has.
type Packet = (u32, usize, usize);

/// A node, a viewer whose data channel does not open, and the path between them. Each picture differs from all others; coded against one
/// the viewer has it is a datagram, else one a row.
struct Trip {
    sender: Sender,
    uplink: Uplink,
    down: Link<Packet>,
    up: Link<Vec<(u32, u64)>>,
    /// What came of each picture, and of how many datagrams it is.
    came: BTreeMap<u32, (u64, usize)>,
    /// When a picture newer than all before was whole.
    shown: Vec<Time>,
    runs: Vec<RowRun>,
    /// The picture coded last, and of how many datagrams it is.
    last: (u32, usize),
}

impl Trip {
    fn new(seed: u64) -> Trip {
        let ms = Duration::from_millis;
        let path = Path { loss_per_mille: 200, delay: ms(25), jitter: ms(8), ..Path::default() };
        Trip {
            sender: Sender::new(ROWS),
            uplink: Uplink::default(),
            down: Link::new(path, seed),
            up: Link::new(path, !seed),
            came: BTreeMap::new(),
            shown: Vec::new(),
            runs: Vec::new(),
            last: (0, 0),
        }
    }

    fn make(&mut self, now: Time, tick: u32) {
        if let Some(picture) = self.sender.plan(now, tick, true, &mut self.runs) {
            let whole = DatagramRows { first_row: 0, rows: ROWS, len: 400 };
            let row = |row| DatagramRows { first_row: row, rows: 1, len: 1_000 };
            let based = self.runs.iter().all(|run| run.base.is_some());
            let datagrams = if based { vec![whole] } else { (0..ROWS).map(row).collect() };
            self.last = (picture, datagrams.len());
            self.sender.coded(now, tick, datagrams.into_iter());
        }
        let ((picture, count), release) = (self.last, self.sender.release(now));
        let parity = release.parity.map(|parity| parity + count);
        for packet in release.datagrams.chain(parity) {
            self.down.send(now, 1_000, (picture, packet, count));
        }
    }

    fn arrive(&mut self, (picture, packet, count): Packet, now: Time) {
        let newest = self.came.iter().rfind(|(_, (came, count))| came.count_ones() as usize >= *count);
        let newer = newest.is_none_or(|(newest, _)| picture > *newest);
        let (came, _) = self.came.entry(picture).or_insert((0, count));
        *came |= 1 << packet;
        let whole = newer && came.count_ones() as usize >= count;
        if whole {
            self.shown.push(now);
        }
        self.uplink.datagram(now, picture, count as u8, whole);
    }

    /// Plays for ten seconds; the moments at which the viewer sees something new. `track`: it has one.
    fn play(mut self, track: bool) -> Vec<Time> {
        let mut now = Time::ZERO;
        for tick in 1..600 {
            let next = now + TICK;
            self.make(now, tick);
            while let Some(at) = [self.down.next_arrival(), self.up.next_arrival(), Some(self.uplink.next().max(now))]
                .into_iter()
                .flatten()
                .min()
                .filter(|at| *at < next)
            {
                now = at;
                if let Some(packet) = self.down.poll(now) {
                    self.arrive(packet, now);
                } else if let Some(acks) = self.up.poll(now) {
                    acks.into_iter().for_each(|(picture, came)| self.sender.handle_ack(now, picture, came));
                } else if self.uplink.sent(now, false) && track {
                    let newest = self.came.iter().rev().take(16);
                    self.up.send(now, 200, newest.map(|(picture, (came, _))| (*picture, *came)).collect());
                }
            }
            now = next;
        }
        self.shown
    }
}

fn longest(shown: &[Time]) -> Duration {
    shown.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

#[test]
fn pictures_flow_and_are_acknowledged_though_the_channel_never_opens() {
    for seed in 0..20 {
        let shown = Trip::new(seed).play(true);
        assert!(shown.len() > 500, "seed {seed}: {} pictures", shown.len());
        assert!(longest(&shown) < Duration::from_millis(150), "seed {seed}: {:?}", longest(&shown));
    }
}

#[test]
fn without_the_track_they_would_stall() {
    assert!((0..20).all(|seed| longest(&Trip::new(seed).play(false)) > Duration::from_millis(150)));
}
