//! The same thing in picture after picture: boxes get numbers that stay.
//!
//! It is ByteTrack's way (Zhang et al. 2022): sure boxes find their track first, unsure ones may go on with a track that would
//! otherwise be lost, and only sure ones begin a new one. Who is who is decided for all at once, exactly.
//!
//! ```text
//!   sure box of no track -> New --seen in `confirm` pictures in a row--> Followed <--seen again-- Lost
//!                            '--missed once--> gone                         '------missed----------^ '--too long--> gone
//! ```
//!
//! What something nearer hides is not out of sight for long: a bicycle that a lorry overtakes comes out again on its other side. The
//! time it is hidden does not count, within bounds, and the first box of its class and size near where it is expected is its own.
//!
//! Pictures may come unevenly and seldom: what is foreseen follows from the time that passed, and the longer it was, the
//! less exactly boxes must meet. What stands still is waited for longer: a parked car that is hidden for a while is no new car.

mod assign;
mod kalman;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
mod thing;
mod vote;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metadata::{Object, Rect};
use crate::time::Time;
use assign::{Assigner, Pair};
use thing::Thing;
pub use vote::Vote;

/// Most tracks and boxes that any setting allows.
pub const MOST_TRACKS: u16 = 1024;

/// The step for which the filter's noise was tuned.
const STEP_US: f64 = 1e6 / 30.0;
/// A longer pause of the source ends what moved: nobody knows where it is.
const MOST_GAP_US: u64 = 10_000_000;
/// What lies further outside of the picture is nonsense, and what is smaller is nothing.
const OUTSIDE: f32 = 1.0;
const LEAST_SIZE: f32 = 1e-4;
/// Two tracks that share so much of their boxes are one thing.
const SAME: f32 = 0.85;
/// What a pair that is just good enough is worth.
const JUST: f32 = 1e-4;
/// Of what is hidden that share is behind one other thing.
const HIDES: f32 = 0.3;
/// What comes out again is so many times as tall at most, or as short.
const ALIKE: f32 = 1.6;
/// By how much of its size a box grows on each side for each further step between two pictures, and at most
/// (as in C-BIoU, Yang et al. 2023): things that move leave their place between two pictures of a slow source.
const GROWS: f64 = 0.07;
const MOST_GROWTH: f64 = 1.0;

/// What may be one track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Classes {
    /// Boxes of any class: a model that calls one thing now a car, now a truck, does not tear it apart. Its class is a vote.
    #[default]
    Together,
    /// Boxes of one class.
    Apart,
}

/// How things are followed. Scores and overlaps are 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Boxes of at least this score are sure.
    pub sure: f32,
    /// Boxes of less are not looked at.
    pub unsure: f32,
    /// Boxes of at least this score may begin a track.
    pub begin: f32,
    /// Least overlap, times the score, of a sure box and its track.
    pub overlap: f32,
    /// Least overlap of an unsure box and its track.
    pub overlap_unsure: f32,
    /// Least overlap, times the score, of a sure box and a track that has no number yet.
    pub overlap_new: f32,
    /// Pictures in a row, 1 to 255, in which a thing must be seen to get a number.
    pub confirm: u8,
    /// How long a thing may be out of sight, in ms; in any case two pictures.
    pub lost_ms: u32,
    /// How long one may that stood still before, in ms.
    pub lost_still_ms: u32,
    /// How much longer one may that something nearer hides, in ms.
    pub hidden_ms: u32,
    /// Most things followed at once, up to [`MOST_TRACKS`]; of more boxes the surest count.
    pub most: u16,
    /// What may be one track.
    pub classes: Classes,
    /// Width over height of the picture.
    pub aspect: f32,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            sure: 0.5,
            unsure: 0.1,
            begin: 0.6,
            overlap: 0.2,
            overlap_unsure: 0.5,
            overlap_new: 0.3,
            confirm: 2,
            lost_ms: 1_000,
            lost_still_ms: 30_000,
            hidden_ms: 5_000,
            most: 256,
            classes: Classes::Together,
            aspect: 16.0 / 9.0,
        }
    }
}

impl Config {
    /// Within its bounds, whatever it was.
    fn bounded(mut self) -> Config {
        let share = |value: &mut f32| *value = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.5 };
        let shares = [&mut self.sure, &mut self.unsure, &mut self.begin];
        shares.into_iter().for_each(share);
        let shares = [&mut self.overlap, &mut self.overlap_unsure, &mut self.overlap_new];
        shares.into_iter().for_each(share);
        self.confirm = self.confirm.max(1);
        self.most = self.most.clamp(1, MOST_TRACKS);
        self.aspect = if self.aspect.is_finite() { self.aspect.clamp(0.01, 100.0) } else { 1.0 };
        self
    }
}

/// A box of this picture that may be followed.
#[derive(Clone, Copy, Debug)]
struct Seen {
    object: usize,
    area: Rect,
    grown: Rect,
    score: f32,
    class: u16,
    /// The track it belongs to, once that is known.
    track: Option<usize>,
}

/// A round of finding who is who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Sure,
    Hidden,
    Unsure,
    New,
}

/// Follows the things of one camera.
#[derive(Debug)]
pub struct Tracker {
    config: Config,
    tracks: Vec<Thing>,
    last: Option<Time>,
    numbers: u64,
    seen: Vec<Seen>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    pairs: Vec<Pair>,
    chosen: Vec<(usize, usize)>,
    assigner: Assigner,
}

impl Tracker {
    /// Nothing was seen yet. Settings out of bounds are taken to their bounds.
    pub fn new(config: Config) -> Tracker {
        Tracker {
            config: config.bounded(),
            tracks: Vec::new(),
            last: None,
            numbers: 0,
            seen: Vec::new(),
            rows: Vec::new(),
            columns: Vec::new(),
            pairs: Vec::new(),
            chosen: Vec::new(),
            assigner: Assigner::default(),
        }
    }

    /// A picture of that time shows these. Each that is followed gets its number, from 1 and never given twice, and the class
    /// its thing has by a vote of all pictures; all others get none.
    pub fn update(&mut self, now: Time, objects: &mut [Object]) {
        let passed = now.since(self.last.unwrap_or(now));
        self.last = Some(now);
        let steps = passed.as_micros() as f64 / STEP_US;
        self.look(objects, growth(steps));
        self.pass(passed, steps);
        for round in [Round::Sure, Round::Hidden, Round::Unsure, Round::New] {
            self.find(round, growth(steps));
        }
        self.hide(passed);
        self.settle();
        self.begin();
        self.drop_doubles();
        self.number(objects);
    }

    /// How many things are followed, those out of sight too.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// The boxes that make sense; of too many, the surest.
    fn look(&mut self, objects: &mut [Object], growth: f32) {
        self.seen.clear();
        for (index, object) in objects.iter_mut().enumerate() {
            object.track = None;
            let score = object.score;
            if let Some(area) = sane(&object.area).filter(|_| score.is_finite() && score >= self.config.unsure) {
                let score = score.min(1.0);
                let grown = grow(&area, growth);
                self.seen.push(Seen { object: index, area, grown, score, class: object.class, track: None });
            }
        }
        let most = usize::from(self.config.most);
        if self.seen.len() > most {
            self.seen
                .sort_unstable_by(|one, other| other.score.total_cmp(&one.score).then(one.object.cmp(&other.object)));
            self.seen.truncate(most);
        }
    }

    fn pass(&mut self, passed: Duration, steps: f64) {
        let passed = passed.as_micros() as u64;
        self.tracks.iter_mut().for_each(|track| track.pass(passed, steps));
        let still_us = u64::from(self.config.lost_still_ms) * 1_000;
        self.tracks.retain(|track| track.unseen_us <= if track.stands() { still_us } else { MOST_GAP_US });
    }

    /// One round: which tracks and boxes may meet, and which do.
    fn find(&mut self, round: Round, growth: f32) {
        let sure = self.config.sure;
        let tracks = self.tracks.iter().enumerate();
        let tracks = tracks.filter(|(_, track)| !track.here && track.joins(round, &self.config));
        self.rows.clear();
        self.rows.extend(tracks.map(|(at, _)| at));
        let boxes = self.seen.iter().enumerate();
        let boxes = boxes.filter(|(_, seen)| seen.track.is_none() && (seen.score >= sure) == (round != Round::Unsure));
        self.columns.clear();
        self.columns.extend(boxes.map(|(at, _)| at));
        self.pairs.clear();
        for (row, track) in self.rows.iter().enumerate() {
            let track = &self.tracks[*track];
            let area = grow(&track.area(), growth);
            for (column, seen) in self.columns.iter().enumerate() {
                let seen = &self.seen[*seen];
                if let Some(worth) = self.config.worth(round, track, &area, seen, growth) {
                    self.pairs.push(Pair { row: row as u32, column: column as u32, worth });
                }
            }
        }
        self.chosen.clear();
        self.assigner.solve(self.rows.len(), self.columns.len(), &self.pairs, &mut self.chosen);
        for (row, column) in &self.chosen {
            let (track, seen) = (self.rows[*row], &mut self.seen[self.columns[*column]]);
            seen.track = Some(track);
            self.tracks[track].meet(&seen.area, seen.class, seen.score);
        }
    }

    /// What was not seen may be behind something nearer that was.
    fn hide(&mut self, passed: Duration) {
        for lost in 0..self.tracks.len() {
            let area = self.tracks[lost].area();
            let hides = |other: &Thing| other.here && other.area().bottom > area.bottom && behind(&area, &other.area());
            if !self.tracks[lost].here && self.tracks.iter().any(hides) {
                self.tracks[lost].hide(passed.as_micros() as u64, &self.config);
            }
        }
    }

    /// What was not seen is lost, or gone. Boxes keep their tracks by their new places.
    fn settle(&mut self) {
        let config = &self.config;
        let mut places = std::mem::take(&mut self.rows);
        places.clear();
        let mut kept = 0;
        self.tracks.iter_mut().for_each(|track| {
            let keep = track.settle(config);
            places.push(if keep { kept } else { usize::MAX });
            kept += usize::from(keep);
        });
        self.tracks.retain(|track| !track.gone);
        for seen in &mut self.seen {
            seen.track = seen.track.map(|track| places[track]).filter(|place| *place != usize::MAX);
        }
        self.rows = places;
    }

    /// Sure boxes of no track begin one, while there is room; for them the longest lost give way.
    fn begin(&mut self) {
        let most = usize::from(self.config.most);
        let begin = self.config.begin.max(self.config.sure);
        for at in 0..self.seen.len() {
            let seen = self.seen[at];
            if seen.track.is_some() || seen.score < begin {
                continue;
            }
            let track = Thing::new(&seen.area, seen.class, seen.score, &self.config);
            if self.tracks.len() < most {
                self.tracks.push(track);
                self.seen[at].track = Some(self.tracks.len() - 1);
                continue;
            }
            let lost = self.tracks.iter().enumerate().filter(|(_, track)| !track.here);
            let Some((place, _)) = lost.max_by_key(|(_, track)| track.unseen_us) else { return };
            self.tracks[place] = track;
            self.seen[at].track = Some(place);
        }
    }

    /// Where a track and one that is out of sight are in one place, the older one is right.
    fn drop_doubles(&mut self) {
        for lost in 0..self.tracks.len() {
            if self.tracks[lost].here {
                continue;
            }
            for here in 0..self.tracks.len() {
                let (one, other) = (&self.tracks[lost], &self.tracks[here]);
                if !other.here || one.gone || other.gone || one.area().iou(&other.area()) <= SAME {
                    continue;
                }
                let gone = if other.age_us > one.age_us { lost } else { here };
                self.tracks[gone].gone = true;
            }
        }
    }

    fn number(&mut self, objects: &mut [Object]) {
        for seen in &self.seen {
            let Some(track) = seen.track.map(|track| &mut self.tracks[track]).filter(|track| !track.gone) else {
                continue;
            };
            if track.number == 0 && track.hits >= self.config.confirm {
                self.numbers += 1;
                track.number = self.numbers;
            }
            if track.number != 0 {
                objects[seen.object].track = Some(track.number);
                objects[seen.object].class = track.vote.class();
            }
        }
        self.tracks.retain(|track| !track.gone);
    }
}

impl Config {
    /// What it would be worth if that track, expected in that area, were that box. Of boxes that grew less is asked.
    fn worth(&self, round: Round, track: &Thing, area: &Rect, seen: &Seen, growth: f32) -> Option<f32> {
        if round == Round::Hidden {
            return self.worth_after(track, seen);
        }
        let apart = self.classes == Classes::Apart && track.vote.class() != seen.class;
        let overlap = if apart { 0.0 } else { area.iou(&seen.grown) };
        let (overlap, least) = match round {
            Round::Sure => (overlap * seen.score, self.overlap),
            Round::Unsure => (overlap, self.overlap_unsure),
            Round::Hidden | Round::New => (overlap * seen.score, self.overlap_new),
        };
        let least = least / (1.0 + growth);
        (overlap > 0.0 && overlap >= least).then_some(overlap - least + JUST)
    }

    /// The same of what was hidden: the longer it was, the further away it may be, but it is what it was.
    fn worth_after(&self, track: &Thing, seen: &Seen) -> Option<f32> {
        let expected = track.area();
        let taller = seen.area.height() / expected.height();
        let like = track.vote.class() == seen.class && (1.0 / ALIKE..=ALIKE).contains(&taller);
        let growth = growth(track.unseen_us as f64 / STEP_US);
        let overlap = grow(&expected, growth).iou(&grow(&seen.area, growth)) * seen.score;
        let least = self.overlap / (1.0 + growth);
        (like && overlap > 0.0 && overlap >= least).then_some(overlap - least + JUST)
    }
}

/// Whether enough of a thing's area is behind another.
fn behind(area: &Rect, other: &Rect) -> bool {
    area.overlap(other).area() >= HIDES * area.area()
}

/// By how much boxes grow where pictures are so many steps apart.
fn growth(steps: f64) -> f32 {
    (GROWS * (steps - 1.0)).clamp(0.0, MOST_GROWTH) as f32
}

fn grow(area: &Rect, by: f32) -> Rect {
    let (x, y) = (area.width() * by, area.height() * by);
    Rect { left: area.left - x, top: area.top - y, right: area.right + x, bottom: area.bottom + y }
}

/// The box, if it is one: it may reach out of the picture by the picture's size.
fn sane(area: &Rect) -> Option<Rect> {
    let (least, most) = (-OUTSIDE, 1.0 + OUTSIDE);
    let finite = [area.left, area.top, area.right, area.bottom].iter().all(|edge| edge.is_finite());
    let area = area.overlap(&Rect { left: least, top: least, right: most, bottom: most });
    (finite && area.width() >= LEAST_SIZE && area.height() >= LEAST_SIZE).then_some(area)
}
