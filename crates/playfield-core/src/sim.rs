//! A network made of numbers: loss, delay, jitter, reordering, duplication, rate and a finite queue, from a seed.
//!
//! Tests drive it on virtual time; the relay in `playfield-transport` drives it on real time. Same seed and same calls,
//! same fate for every packet.

mod walkers;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::time::Time;
pub use walkers::Walkers;

/// A seeded generator (SplitMix64, Steele et al. 2014): enough for tests, not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of this seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which must not be 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next_u64() % end
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }
}

/// What one direction of a path does to packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Packets lost, in a thousand.
    pub loss_per_mille: u32,
    /// Time every packet takes.
    pub delay: Duration,
    /// Up to this much more, evenly spread; packets overtake each other.
    pub jitter: Duration,
    /// Packets that come twice, in a thousand.
    pub duplicate_per_mille: u32,
    /// Bits a second the path carries; none: no limit.
    pub rate_bps: Option<u64>,
    /// Longest a packet may wait for its turn before it is dropped.
    pub queue: Duration,
}

impl Default for Path {
    fn default() -> Self {
        Path {
            loss_per_mille: 0,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            duplicate_per_mille: 0,
            rate_bps: None,
            queue: Duration::from_millis(200),
        }
    }
}

/// One direction of a path, and the packets on it.
#[derive(Debug)]
pub struct Link<T> {
    path: Path,
    random: Random,
    free_at: Time,
    count: u64,
    under_way: BinaryHeap<Reverse<UnderWay<T>>>,
}

#[derive(Debug)]
struct UnderWay<T> {
    at: Time,
    order: u64,
    packet: T,
}

impl<T> PartialEq for UnderWay<T> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl<T> Eq for UnderWay<T> {}

impl<T> PartialOrd for UnderWay<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for UnderWay<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl<T: Clone> Link<T> {
    /// An empty path.
    pub fn new(path: Path, seed: u64) -> Link<T> {
        Link { path, random: Random::new(seed), free_at: Time::ZERO, count: 0, under_way: BinaryHeap::new() }
    }

    /// The path is another one from now on.
    pub fn set_path(&mut self, path: Path) {
        self.path = path;
    }

    /// A packet of `len` bytes enters.
    pub fn send(&mut self, now: Time, len: usize, packet: T) {
        if self.random.chance(self.path.loss_per_mille) {
            return;
        }
        let Some(leaves) = self.turn(now, len) else { return };
        if self.random.chance(self.path.duplicate_per_mille) {
            self.put(leaves, packet.clone());
        }
        self.put(leaves, packet);
    }

    fn turn(&mut self, now: Time, len: usize) -> Option<Time> {
        let Some(rate) = self.path.rate_bps else { return Some(now) };
        let begins = self.free_at.max(now);
        if begins.since(now) > self.path.queue {
            return None;
        }
        self.free_at = begins + Duration::from_micros(len as u64 * 8 * 1_000_000 / rate.max(1));
        Some(self.free_at)
    }

    fn put(&mut self, leaves: Time, packet: T) {
        let jitter = self.random.below(self.path.jitter.as_micros() as u64 + 1);
        let at = leaves + self.path.delay + Duration::from_micros(jitter);
        self.count += 1;
        self.under_way.push(Reverse(UnderWay { at, order: self.count, packet }));
    }

    /// The next packet that has arrived by now.
    pub fn poll(&mut self, now: Time) -> Option<T> {
        if self.next_arrival()? > now {
            return None;
        }
        self.under_way.pop().map(|Reverse(under_way)| under_way.packet)
    }

    /// When the next packet arrives.
    pub fn next_arrival(&self) -> Option<Time> {
        self.under_way.peek().map(|Reverse(under_way)| under_way.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carry(path: Path, packets: u32) -> Vec<(u64, u32)> {
        let mut link = Link::new(path, 1);
        for packet in 0..packets {
            link.send(Time::from_millis(u64::from(packet)), 1_000, packet);
        }
        let arrivals = || link.next_arrival().map(|at| (at.as_micros() / 1_000, link.poll(at).unwrap_or(u32::MAX)));
        std::iter::from_fn(arrivals).collect()
    }

    #[test]
    fn a_clear_path_delays_and_nothing_else() {
        let path = Path { delay: Duration::from_millis(25), ..Path::default() };
        assert_eq!(carry(path, 3), [(25, 0), (26, 1), (27, 2)]);
    }

    #[test]
    fn loss_duplication_and_jitter_do_what_they_say() {
        let lossy = carry(Path { loss_per_mille: 50, ..Path::default() }, 10_000).len();
        assert!((9_400..9_600).contains(&lossy), "{lossy}");
        let doubled = carry(Path { duplicate_per_mille: 100, ..Path::default() }, 10_000).len();
        assert!((10_900..11_100).contains(&doubled), "{doubled}");
        let shaken = carry(Path { jitter: Duration::from_millis(10), ..Path::default() }, 100);
        assert!(shaken.windows(2).any(|pair| pair[0].1 > pair[1].1));
    }

    #[test]
    fn a_narrow_path_queues_and_then_drops() {
        let narrow = Path { rate_bps: Some(4_000_000), queue: Duration::from_millis(20), ..Path::default() };
        let arrived = carry(narrow, 200);
        assert!((110..125).contains(&arrived.len()), "half of 8 Mbit/s and the queue: {}", arrived.len());
        assert!(arrived.iter().all(|(ms, packet)| ms - u64::from(*packet) <= 22));
    }
}
