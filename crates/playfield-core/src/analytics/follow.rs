//! One thing in the picture, and what it did in each zone and to each line.

use super::config::Anchor;
use super::geometry::{Segment, in_heights};
use super::line::{LineState, Step};
use super::motion::Motion;
use super::zone::ZoneState;
use crate::metadata::{Object, Point, Rect};
use crate::track::Vote;

/// A zone or a line, by its place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A zone.
    Zone(usize),
    /// A line.
    Line(usize),
}

/// One thing.
#[derive(Debug)]
pub struct Follow {
    /// Its number.
    pub track: u64,
    /// What it is.
    pub vote: Vote,
    /// How it moves.
    pub motion: Motion,
    /// When it was seen last.
    pub seen_ms: u64,
    /// The picture that showed it last.
    pub picture: u64,
    /// It and each zone.
    pub zones: Vec<ZoneState>,
    /// It and each line.
    pub lines: Vec<LineState>,
    /// The first place it was in, and when.
    pub origin: Option<(Place, u64)>,
    /// The last one.
    pub goal: Option<(Place, u64)>,
    /// Whether it was not seen for longer than it counts as being where it was.
    pub vanished: bool,
    before: Rect,
    before_ms: u64,
}

impl Follow {
    /// A thing that is seen for the first time, among so many zones and lines.
    pub fn new(track: u64, now_ms: u64, area: &Rect, zones: usize, lines: usize) -> Follow {
        Follow {
            track,
            vote: Vote::default(),
            motion: Motion::new(now_ms, area),
            seen_ms: now_ms,
            picture: 0,
            zones: vec![ZoneState::default(); zones],
            lines: vec![LineState::default(); lines],
            origin: None,
            goal: None,
            vanished: false,
            before: *area,
            before_ms: now_ms,
        }
    }

    /// It is seen there.
    pub fn see(&mut self, now_ms: u64, picture: u64, object: &Object, area: &Rect, aspect: f32) {
        self.vote.hear(object.class, object.score, object.area.area());
        (self.before, self.before_ms) = (*self.motion.area(), self.seen_ms);
        if self.picture != 0 && self.motion.see(now_ms, area, aspect) {
            self.before = *self.motion.area();
            self.lines.fill(LineState::default());
        }
        (self.seen_ms, self.picture, self.vanished) = (now_ms, picture, false);
    }

    /// It is nowhere, and its way from place to place is over.
    pub fn vanish(&mut self) {
        self.zones.fill(ZoneState::default());
        (self.origin, self.goal, self.vanished) = (None, None, true);
    }

    /// How far that point of it went with the last picture.
    pub fn step(&self, anchor: Anchor, aspect: f32) -> Step {
        let at = |area| in_heights(anchor.of(area), aspect);
        let way = Segment { from: at(&self.before), to: at(self.motion.area()) };
        Step { way, from_ms: self.before_ms, to_ms: self.seen_ms }
    }

    /// It was in that place.
    pub fn was_in(&mut self, place: Place, at_ms: u64) {
        self.origin.get_or_insert((place, at_ms));
        self.goal = Some((place, at_ms));
    }

    /// Where it stands.
    pub fn at(&self) -> Point {
        Anchor::Bottom.of(self.motion.area())
    }
}
