//! What stands still is sent again, exactly: which parts of a picture a viewer of encoded video has pixel for pixel.
//!
//! ```text
//!   Changed --a third of a second without change--> UnderWay --acknowledged--> There
//!      ^----------- changed again, or lost --------------'----- changed --------'
//!      '--> TooRich, until it changes: its exact pixels take more than they are worth
//! ```
//!
//! With each encoded picture the viewer is told which tiles it shows exactly, all of them ([`Still::there`]), and it shows none with a
//! picture it was told nothing about. So a loss costs sharpness for a moment, and never shows what is no longer there.

use std::collections::VecDeque;
use std::time::Duration;

use crate::frame::{Damage, Rect};
use crate::time::Time;

/// Width of a tile, in pixels; at the right edge of the picture it may be less.
pub const TILE_WIDTH: u16 = 256;
/// Height of a tile, in pixels; at the lower edge of the picture it may be less.
pub const TILE_HEIGHT: u16 = 128;
/// Numbers of tiles; those of exact pictures are below.
pub const FIRST_NUMBER: u32 = 0x8000_0000;

/// What did not change for so long stands still.
const STANDS: Duration = Duration::from_millis(333);
/// A tile that changes soon after it was sent, such as one with a cursor that blinks, must stand twice as long each time, up to this.
const MOST_STANDS: Duration = Duration::from_secs(6);
const SOON: Duration = Duration::from_secs(2);
/// Tiles under way: acknowledgements tell of no more.
const MOST_UNDER_WAY: usize = 12;
/// What of a tile was not acknowledged for so long, and three round trips, is sent again; the next time of the same tile, and with
/// nothing heard in between, after twice as long each, so many times.
const LOST: Duration = Duration::from_millis(300);
const MOST_TRIES: u32 = 3;
const MOST_DOUBLINGS: u32 = 5;
/// Acknowledgements tell of the newest tiles, sixteen at most: one that so many follow gets another number.
const TOLD: u32 = 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Changed,
    UnderWay,
    There,
    TooRich,
}

#[derive(Clone, Copy, Debug)]
struct Tile {
    state: State,
    changed: Time,
    sent: Option<Time>,
    stands: Duration,
}

#[derive(Clone, Copy, Debug)]
struct UnderWay {
    number: u32,
    tile: usize,
    /// When the last of its datagrams left.
    at: Time,
    datagrams: u8,
    acked: u64,
    tries: u32,
}

/// The tiles of the pictures of one viewer.
#[derive(Debug, Default)]
pub struct Still {
    width: u16,
    height: u16,
    tiles: Vec<Tile>,
    under_way: VecDeque<UnderWay>,
    numbers: u32,
    rtt: Duration,
    /// Times that tiles were lost since an acknowledgement came, and when last.
    unheard: u32,
    lost: Time,
    there: Vec<u8>,
}

impl Still {
    /// Nothing is known of the pictures yet.
    pub fn new() -> Still {
        Still::default()
    }

    /// The viewer has nothing. Numbers go on, since acknowledgements of older ones may still come.
    pub fn reset(&mut self) {
        *self = Still { numbers: self.numbers, ..Still::default() };
    }

    /// A picture of that size was encoded; that much of it is new.
    pub fn encoded(&mut self, now: Time, width: u16, height: u16, damage: Damage) {
        let mut damage = damage;
        if (self.width, self.height) != (width, height) {
            (self.width, self.height) = (width, height);
            let tile = Tile { state: State::Changed, changed: now, sent: None, stands: STANDS };
            self.tiles.clear();
            self.tiles.resize(self.columns() * self.rows(), tile);
            self.under_way.clear();
            self.there.clear();
            self.there.resize(self.tiles.len().div_ceil(8), 0);
            damage = Damage::All;
        }
        let (x, y) = match damage {
            Damage::None => return,
            Damage::All => (0..self.columns(), 0..self.rows()),
            Damage::Area(area) => {
                let span = |from: u16, size: u16, tile: u16, all: usize| {
                    usize::from(from / tile)..(usize::from(from) + usize::from(size)).div_ceil(tile.into()).min(all)
                };
                (
                    span(area.x, area.width, TILE_WIDTH, self.columns()),
                    span(area.y, area.height, TILE_HEIGHT, self.rows()),
                )
            }
        };
        for row in y {
            for column in x.clone() {
                self.change(now, row * self.columns() + column);
            }
        }
    }

    fn change(&mut self, now: Time, at: usize) {
        let tile = &mut self.tiles[at];
        if matches!(tile.state, State::UnderWay | State::There) {
            let soon = tile.sent.is_some_and(|sent| now.since(sent) < SOON + tile.stands);
            tile.stands = if soon { (tile.stands * 2).min(MOST_STANDS) } else { STANDS };
        }
        (tile.state, tile.changed) = (State::Changed, now);
        self.there[at / 8] &= !(1 << (at % 8));
        self.under_way.retain(|sent| sent.tile != at);
    }

    /// A tile that stands still and is to be sent now, and where it is.
    pub fn next(&mut self, now: Time) -> Option<(usize, Rect)> {
        if self.under_way.len() >= MOST_UNDER_WAY {
            return None;
        }
        let waits = |tile: &&Tile| tile.state == State::Changed && now.since(tile.changed) >= tile.stands;
        let at = self.tiles.iter().position(|tile| waits(&tile))?;
        Some((at, self.place(at)))
    }

    /// What seems to be lost of a tile, and is to be sent again: the tile's number, and bit i for its datagram i.
    pub fn missing(&mut self, now: Time) -> Option<(u32, u64)> {
        let patience = LOST.max(self.rtt * 3) * (1 << self.unheard);
        let late = |sent: &UnderWay| now.since(sent.at) > patience * (1 << sent.tries.min(MOST_TRIES));
        while let Some(at) = self.under_way.iter().position(late) {
            let sent = &mut self.under_way[at];
            if sent.at >= self.lost {
                self.unheard = (self.unheard + 1).min(MOST_DOUBLINGS);
                self.lost = now;
            }
            if self.numbers.wrapping_sub(sent.number) & !FIRST_NUMBER > TOLD {
                self.tiles[sent.tile].state = State::Changed;
                self.under_way.remove(at);
                continue;
            }
            (sent.at, sent.tries) = (now, sent.tries + 1);
            return Some((sent.number, !sent.acked & (u64::MAX >> (64 - sent.datagrams.clamp(1, 64)))));
        }
        None
    }

    /// A datagram of a tile leaves. It may have waited for others.
    pub fn left(&mut self, now: Time, number: u32) {
        self.under_way.iter_mut().filter(|sent| sent.number == number).for_each(|sent| sent.at = now);
    }

    /// Whether something of a tile is still to be acknowledged, and it has not changed.
    pub fn is_under_way(&self, number: u32) -> bool {
        self.under_way.iter().any(|sent| sent.number == number)
    }

    /// The tile goes out in so many datagrams, under the number that is returned; with none it is too rich to.
    pub fn sent(&mut self, now: Time, at: usize, datagrams: u8) -> u32 {
        let tile = &mut self.tiles[at];
        tile.sent = Some(now);
        let number = FIRST_NUMBER | (self.numbers & !FIRST_NUMBER);
        if datagrams == 0 {
            tile.state = State::TooRich;
            return number;
        }
        tile.state = State::UnderWay;
        self.numbers = self.numbers.wrapping_add(1);
        self.under_way.push_back(UnderWay { number, tile: at, at: now, datagrams, acked: 0, tries: 0 });
        number
    }

    /// The number that the next tile gets.
    pub fn next_number(&self) -> u32 {
        FIRST_NUMBER | (self.numbers & !FIRST_NUMBER)
    }

    /// Those datagrams of a tile came. Returns whether the viewer has one more tile.
    pub fn handle_ack(&mut self, now: Time, number: u32, datagrams: u64) -> bool {
        let Some(at) = self.under_way.iter().position(|sent| sent.number == number) else { return false };
        self.unheard = 0;
        let sent = &mut self.under_way[at];
        sent.acked |= datagrams;
        if sent.acked.count_ones() < sent.datagrams.into() {
            return false;
        }
        let UnderWay { tile, at: left, tries, .. } = *sent;
        // Of what was sent twice nobody knows which of them came.
        if tries == 0 {
            self.rtt = now.since(left).min(Duration::from_secs(1));
        }
        self.under_way.remove(at);
        self.tiles[tile].state = State::There;
        self.there[tile / 8] |= 1 << (tile % 8);
        true
    }

    /// Tiles that the viewer has and that did not change since: bit i is tile i, row by row from the top left.
    pub fn there(&self) -> &[u8] {
        &self.there
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.there.iter().any(|byte| *byte != 0)
    }

    fn columns(&self) -> usize {
        usize::from(self.width.div_ceil(TILE_WIDTH))
    }

    fn rows(&self) -> usize {
        usize::from(self.height.div_ceil(TILE_HEIGHT))
    }

    fn place(&self, at: usize) -> Rect {
        let (x, y) = ((at % self.columns()) as u16 * TILE_WIDTH, (at / self.columns()) as u16 * TILE_HEIGHT);
        Rect { x, y, width: TILE_WIDTH.min(self.width - x), height: TILE_HEIGHT.min(self.height - y) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Damage = Damage::Area(Rect { x: 250, y: 130, width: 10, height: 5 });

    fn ms(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    /// Sends all that stands still; acknowledges it if it comes.
    fn send(still: &mut Still, now: u64, comes: bool) -> Vec<usize> {
        let mut sent = Vec::new();
        while let Some((at, _)) = still.next(ms(now)) {
            let number = still.sent(ms(now), at, 2);
            sent.push(at);
            if comes {
                assert!(!still.handle_ack(ms(now + 20), number, 1));
                assert!(still.handle_ack(ms(now + 20), number, 2));
            }
        }
        sent
    }

    #[test]
    fn what_stands_still_for_a_third_of_a_second_is_sent_once() {
        let mut still = Still::new();
        still.encoded(ms(0), 600, 200, Damage::All);
        assert!(send(&mut still, 300, true).is_empty());
        assert_eq!(still.next(ms(333)).map(|(_, place)| place), Some(Rect { x: 0, y: 0, width: 256, height: 128 }));
        assert_eq!(send(&mut still, 340, true), [0, 1, 2, 3, 4, 5]);
        assert_eq!(still.there(), [0b11_1111]);
        assert_eq!(still.place(5), Rect { x: 512, y: 128, width: 88, height: 72 });
        assert!(send(&mut still, 9_000, true).is_empty());
    }

    #[test]
    fn what_changes_is_not_there_from_that_picture_on() {
        let mut still = Still::new();
        still.encoded(ms(0), 600, 200, Damage::All);
        send(&mut still, 400, true);
        still.encoded(ms(5_000), 600, 200, AREA);
        assert_eq!(still.there(), [0b10_0111], "two tiles of the second row");
        assert_eq!(send(&mut still, 5_400, true), [3, 4]);
        still.encoded(ms(6_000), 640, 200, Damage::None);
        assert!(!still.any(), "another size is another picture");
    }

    #[test]
    fn an_acknowledgement_of_what_changed_meanwhile_counts_for_nothing() {
        let mut still = Still::new();
        still.encoded(ms(0), 256, 128, Damage::All);
        let (at, _) = still.next(ms(400)).unwrap();
        let number = still.sent(ms(400), at, 1);
        still.encoded(ms(410), 256, 128, AREA);
        still.encoded(ms(411), 256, 128, Damage::All);
        assert!(!still.handle_ack(ms(420), number, 1) && !still.any());
    }

    #[test]
    fn what_is_lost_of_a_tile_is_sent_again() {
        let mut still = Still::new();
        still.encoded(ms(0), 300, 100, Damage::All);
        let [first, second] = [0, 1].map(|at| still.sent(ms(400), at, 3));
        assert!(!still.handle_ack(ms(450), first, 0b101));
        assert!(still.handle_ack(ms(450), second, 0b111));
        assert_eq!((still.missing(ms(700)), still.next(ms(700))), (None, None));
        assert_eq!(still.missing(ms(701)), Some((first, 0b010)));
        assert!(!still.handle_ack(ms(750), first, 0b101));
        assert_eq!(still.missing(ms(1_301)), None, "it is given twice as long");
        assert_eq!(still.missing(ms(1_302)), Some((first, 0b010)));
        // However late, and whichever of them it was.
        assert!(still.handle_ack(ms(1_310), first, 0b010));
        assert_eq!(still.missing(ms(9_000)), None);
        assert_eq!(still.there(), [0b11]);
    }

    #[test]
    fn what_waits_for_others_to_leave_is_not_lost() {
        let mut still = Still::new();
        still.encoded(ms(0), 256, 128, Damage::All);
        let number = still.sent(ms(400), 0, 64);
        (400..=1_600).step_by(20).for_each(|now| still.left(ms(now), number));
        assert_eq!(still.missing(ms(1_900)), None);
        assert_eq!(still.missing(ms(1_901)), Some((number, u64::MAX)));
    }

    #[test]
    fn a_tile_that_many_follow_gets_another_number() {
        let mut still = Still::new();
        still.encoded(ms(0), 1920, 1080, Damage::All);
        let first = still.sent(ms(400), 0, 1);
        for at in 1..16 {
            assert_eq!(still.next(ms(400)).map(|(next, _)| next), Some(at));
            let number = still.sent(ms(400), at, 1);
            still.handle_ack(ms(410), number, 1);
        }
        assert!(!still.handle_ack(ms(420), first + 99, 1));
        assert_eq!(still.missing(ms(800)), None);
        assert_eq!(still.next(ms(800)).map(|(next, _)| next), Some(0));
        assert!(!still.is_under_way(first));
    }

    #[test]
    fn a_viewer_that_is_not_heard_of_is_sent_ever_less() {
        let mut still = Still::new();
        still.encoded(ms(0), 256, 128, Damage::All);
        let number = still.sent(ms(400), 0, 2);
        let sent: Vec<_> = (400..60_000).step_by(20).filter(|now| still.missing(ms(*now)).is_some()).collect();
        assert!((4..=8).contains(&sent.len()), "{sent:?}");
        assert!(still.handle_ack(ms(70_000), number, 0b11));
    }

    #[test]
    fn a_cursor_that_blinks_makes_its_tile_wait_ever_longer() {
        let mut still = Still::new();
        still.encoded(ms(0), 256, 128, Damage::All);
        let mut sent = Vec::new();
        for now in (0..60_000).step_by(100) {
            if now % 500 == 0 {
                still.encoded(ms(now), 256, 128, Damage::All);
            }
            sent.extend(send(&mut still, now, true).iter().map(|_| now));
        }
        assert!(sent.len() <= 2, "{sent:?}");
    }

    #[test]
    fn there_is_an_end_to_what_is_under_way_and_rich_tiles_wait_for_a_change() {
        let mut still = Still::new();
        still.encoded(ms(0), 1920, 1080, Damage::All);
        assert_eq!(send(&mut still, 400, false).len(), MOST_UNDER_WAY);
        let mut still = Still::new();
        still.encoded(ms(0), 256, 128, Damage::All);
        still.sent(ms(400), 0, 0);
        assert_eq!(still.next(ms(5_000)), None);
        still.encoded(ms(5_000), 256, 128, Damage::All);
        assert!(still.next(ms(6_000)).is_some());
    }
}
