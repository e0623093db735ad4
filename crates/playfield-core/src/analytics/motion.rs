//! Where a thing is, as far as counting goes: what stands stays where it stands until it surely goes.
//!
//! ```text
//!   Stands --away from its place for half a second, and on the way--> Goes
//!    |  ^---------- within one place for two seconds ------------------'
//!    '--away for half a second, but in one place--> Stands there
//! ```
//!
//! Boxes of what stands still tremble, and jump for a picture or two when something passes before it. Whatever counts sees a
//! thing that stands in one place, so neither a line nor a border counts it, for hours. A thing begins as one that stands.

use super::ground::Ground;
use crate::metadata::{Point, Rect};

/// A thing is in one place while its box stays within that share of its size, and a little.
const PLACE: f32 = 0.15;
const LEAST_PLACE: f32 = 0.01;
/// What stands goes when it was away for so long, and in so many pictures. A box or two may be anywhere.
const AWAY_MS: u64 = 500;
const AWAY_PICTURES: u32 = 2;
/// A first place that was seen in no more pictures than that was a box that was anywhere.
const DOUBTFUL: u32 = 2;
/// What stays in one place for so long stands.
const STAYS_MS: u64 = 2_000;
/// Pictures whose middle is the place of a thing that stands.
const SETTLES: u32 = 16;
/// Speed is measured over so many places, so far apart, and no older than that.
const PLACES: usize = 8;
const APART_MS: u64 = 125;
const OLDEST_MS: u64 = 2_000;
const LEAST_SPAN_MS: u64 = 250;

/// A thing that stands is seen elsewhere.
#[derive(Clone, Copy, Debug)]
struct Away {
    since_ms: u64,
    pictures: u32,
    /// The middle of where it is seen since.
    place: Rect,
    /// In how many of them it was not in that one place.
    far: u32,
}

/// The way of one thing.
#[derive(Clone, Debug)]
pub struct Motion {
    /// Its box, as counting sees it.
    shown: Rect,
    /// Where it stands, and from how many pictures that is known; or where it last was for a while.
    place: Rect,
    pictures: u32,
    since_ms: u64,
    stands: bool,
    /// Whether it stands where it was seen first.
    fresh: bool,
    /// When it last stood elsewhere. What does so again soon is slow, and goes.
    strayed: Option<u64>,
    away: Option<Away>,
    places: [(u64, Point); PLACES],
    known: usize,
}

impl Motion {
    /// A thing that is seen for the first time.
    pub fn new(now_ms: u64, area: &Rect) -> Motion {
        let mut motion = Motion {
            shown: *area,
            place: *area,
            pictures: 1,
            since_ms: now_ms,
            stands: true,
            fresh: true,
            strayed: None,
            away: None,
            places: [(0, Point::default()); PLACES],
            known: 0,
        };
        motion.remember(now_ms, area);
        motion
    }

    /// It is seen there. Whether it always was, and its first box was wrong.
    pub fn see(&mut self, now_ms: u64, area: &Rect, aspect: f32) -> bool {
        self.remember(now_ms, area);
        let away = moved(&self.place, area, aspect) > size_of_place(area, aspect);
        match (self.stands, away) {
            (true, true) => return self.stray(now_ms, area, aspect),
            (true, false) => self.stand(area),
            (false, _) => self.go(now_ms, area, away),
        }
        false
    }

    fn stand(&mut self, area: &Rect) {
        self.away = None;
        if self.pictures < SETTLES {
            self.pictures += 1;
            self.place = mix(&self.place, area, 1.0 / self.pictures as f32);
        }
    }

    /// It stands, and is not where it stands.
    fn stray(&mut self, now_ms: u64, area: &Rect, aspect: f32) -> bool {
        let away = self.away.get_or_insert(Away { since_ms: now_ms, pictures: 0, place: *area, far: 0 });
        away.pictures = away.pictures.saturating_add(1);
        away.far += u32::from(moved(&away.place, area, aspect) > size_of_place(area, aspect));
        away.place = mix(&away.place, area, 1.0 / away.pictures as f32);
        let Away { since_ms, pictures, place, far } = *away;
        if now_ms.saturating_sub(since_ms) < AWAY_MS || pictures < AWAY_PICTURES {
            return false;
        }
        let again = self.strayed.is_some_and(|before| now_ms.saturating_sub(before) < STAYS_MS);
        let goes = again || far >= 2 || far + 1 == pictures;
        let wrong = !goes && self.fresh && self.pictures <= DOUBTFUL;
        (self.stands, self.fresh, self.away, self.since_ms) = (!goes, wrong, None, now_ms);
        self.strayed = (!goes && !wrong).then_some(now_ms);
        let area = if goes { *area } else { place };
        (self.shown, self.place, self.pictures) = (area, area, pictures);
        wrong
    }

    fn go(&mut self, now_ms: u64, area: &Rect, away: bool) {
        self.shown = *area;
        if away {
            (self.place, self.since_ms) = (*area, now_ms);
        } else if now_ms.saturating_sub(self.since_ms) >= STAYS_MS {
            (self.stands, self.pictures, self.place) = (true, 1, *area);
        }
    }

    fn remember(&mut self, now_ms: u64, area: &Rect) {
        let at = Point { x: area.middle().x, y: area.bottom };
        if self.known > 0 && now_ms.saturating_sub(self.places[self.known - 1].0) < APART_MS {
            return;
        }
        if self.known == PLACES {
            self.places.rotate_left(1);
            self.known -= 1;
        }
        self.places[self.known] = (now_ms, at);
        self.known += 1;
    }

    /// Its box, as counting sees it.
    pub fn area(&self) -> &Rect {
        &self.shown
    }

    /// Whether it moves.
    pub fn moves(&self) -> bool {
        !self.stands
    }

    /// How fast it is, in metres a second; nothing while that is not known. What stands has no speed.
    pub fn speed(&self, ground: &Ground) -> Option<f32> {
        let (newest, to) = *self.places[..self.known].last()?;
        let recent = self.places[..self.known].iter().filter(|(at, _)| newest.saturating_sub(*at) <= OLDEST_MS);
        let (oldest, from) = *recent.min_by_key(|(at, _)| *at)?;
        let span = newest.saturating_sub(oldest);
        if self.stands {
            return Some(0.0);
        }
        let (one, other) = (ground.metres(from)?, ground.metres(to)?);
        let way = (other.0 - one.0).hypot(other.1 - one.1);
        (span >= LEAST_SPAN_MS).then_some((way * 1_000.0 / span as f64) as f32)
    }

    /// Whether a box cannot be the same thing a picture or so many seconds later: it is further away than three times its size,
    /// for each of them.
    pub fn jumps(&self, area: &Rect, aspect: f32, seconds: f32) -> bool {
        let far = 3.0 * (area.width() * aspect).max(area.height()) * seconds.max(1.0);
        moved(&self.shown, area, aspect) > far && moved(&self.place, area, aspect) > far
    }
}

fn size_of_place(area: &Rect, aspect: f32) -> f32 {
    (PLACE * (area.width() * aspect).max(area.height())).max(LEAST_PLACE)
}

/// How far the middle or the foot of a box moved, in heights of the picture.
fn moved(from: &Rect, to: &Rect, aspect: f32) -> f32 {
    let (one, other) = (from.middle(), to.middle());
    let across = (one.x - other.x) * aspect;
    across.hypot(one.y - other.y).max(across.hypot(from.bottom - to.bottom))
}

fn mix(one: &Rect, other: &Rect, share: f32) -> Rect {
    let mix = |one: f32, other: f32| one + (other - one) * share;
    Rect {
        left: mix(one.left, other.left),
        top: mix(one.top, other.top),
        right: mix(one.right, other.right),
        bottom: mix(one.bottom, other.bottom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEIGHT: f32 = 0.2;

    /// Whether it moves after each picture, as letters: a thing that is seen that many times its height from where it began.
    fn moves(passed_ms: u64, places: impl IntoIterator<Item = f32>) -> String {
        let area = |place: f32| Rect::around(Point { x: 0.5, y: 0.5 + place * HEIGHT }, 0.1, HEIGHT);
        let mut motion = Motion::new(0, &area(0.0));
        let moves = places.into_iter().zip(1..).map(|(place, n)| {
            motion.see(n * passed_ms, &area(place), 1.0);
            if motion.moves() { 'm' } else { '.' }
        });
        moves.collect()
    }

    #[test]
    fn what_walks_goes_within_a_second_and_what_trembles_stands() {
        let walks = |heights_a_second: f32, passed_ms: u64, pictures: u64| {
            moves(passed_ms, (1..=pictures).map(|n| heights_a_second * (n * passed_ms) as f32 / 1_000.0))
        };
        assert_eq!(walks(0.8, 100, 10), ".......mmm");
        assert_eq!(walks(0.8, 500, 4), ".mmm");
        assert!(walks(0.4, 100, 30).ends_with('m'), "slowly");
        assert!(!walks(0.02, 100, 100).contains('m'), "a shadow that creeps");
        let trembles = [0.07, -0.07, 0.05, 0.0, -0.03];
        assert!(!moves(100, trembles.into_iter().cycle().take(200)).contains('m'));
    }

    #[test]
    fn a_jump_is_not_a_way_and_what_stops_stands_after_two_seconds() {
        let jumps = |pictures: usize| [vec![0.0; 20], vec![0.6; pictures], vec![0.0; 20]].concat();
        assert!(!moves(100, jumps(4)).contains('m'));
        assert!(!moves(100, jumps(20)).contains('m'), "it stands there for a while");
        let stops = (1..=10).map(|n| n as f32 * 0.1).chain([1.0; 25]);
        assert_eq!(moves(100, stops), "......mmmmmmmmmmmmmmmmmmmmmm.......");
    }

    #[test]
    fn speed_is_what_the_ground_says() {
        let ground = super::super::GroundConfig { size_m: Some([10.0, 10.0]), ..Default::default() };
        let ground = Ground::new(&ground).unwrap();
        let mut motion = Motion::new(0, &Rect::default());
        for n in 1..=30 {
            let area = Rect::around(Point { x: 0.2 + n as f32 * 0.02, y: 0.5 }, 0.05, 0.1);
            motion.see(n * 100, &area, 1.0);
        }
        assert!((motion.speed(&ground).unwrap() - 2.0).abs() < 1e-3);
    }
}
