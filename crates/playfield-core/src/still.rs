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
/// Without an acknowledgement for so long, and three round trips, a tile is sent again; with nothing heard in between, after twice as long
/// each time, so many times.
const LOST: Duration = Duration::from_millis(300);
const MOST_DOUBLINGS: u32 = 5;

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
    at: Time,
    datagrams: u8,
    acked: u64,
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
        let patience = LOST.max(self.rtt * 3) * (1 << self.unheard);
        while let Some(oldest) = self.under_way.front().filter(|sent| now.since(sent.at) > patience) {
            self.tiles[oldest.tile].state = State::Changed;
            if oldest.at >= self.lost {
                self.unheard = (self.unheard + 1).min(MOST_DOUBLINGS);
                self.lost = now;
            }
            self.under_way.pop_front();
        }
        if self.under_way.len() >= MOST_UNDER_WAY {
            return None;
        }
        let waits = |tile: &&Tile| tile.state == State::Changed && now.since(tile.changed) >= tile.stands;
        let at = self.tiles.iter().position(|tile| waits(&tile))?;
        Some((at, self.place(at)))
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
        self.under_way.push_back(UnderWay { number, tile: at, at: now, datagrams, acked: 0 });
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
        let UnderWay { tile, at: left, .. } = *sent;
        self.rtt = now.since(left).min(Duration::from_secs(1));
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
    fn what_is_lost_is_sent_again_under_another_number() {
        let mut still = Still::new();
        still.encoded(ms(0), 300, 100, Damage::All);
        assert_eq!(send(&mut still, 400, false), [0, 1]);
        let before = still.next_number();
        assert!(send(&mut still, 600, true).is_empty());
        assert_eq!(send(&mut still, 720, true), [0, 1]);
        assert_eq!(still.next_number(), before + 2);
    }

    #[test]
    fn a_viewer_that_is_not_heard_of_is_sent_ever_less() {
        let mut still = Still::new();
        still.encoded(ms(0), 256, 128, Damage::All);
        let sent: Vec<u64> = (0..60_000)
            .step_by(20)
            .flat_map(|now| send(&mut still, now, false).into_iter().map(move |_| now))
            .collect();
        assert!(sent.len() <= 12, "{sent:?}");
        assert_eq!(send(&mut still, 70_000, true), [0]);
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
