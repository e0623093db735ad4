//! One thing that is followed: where it is expected, and how long it was out of sight.

use super::kalman::Kalman;
use super::vote::Vote;
use super::{Config, Round};
use crate::metadata::{Point, Rect};

/// A thing whose middle stays within this share of its height for so long stands still.
const STILL: f32 = 0.15;
const STILL_US: u64 = 3_000_000;
/// Pictures that may be missed however long they are apart.
const MAY_MISS: u32 = 2;

/// One thing that is followed.
#[derive(Debug)]
pub struct Thing {
    /// Its number; 0 until it has one.
    pub number: u64,
    /// Whether this picture shows it.
    pub here: bool,
    /// Whether it is no longer followed.
    pub gone: bool,
    /// Pictures in a row that showed it, until it has a number.
    pub hits: u8,
    /// How long ago it was seen.
    pub unseen_us: u64,
    /// Of it, how long something nearer hid it.
    hidden_us: u64,
    /// How long it is known, up to when it was seen last.
    pub age_us: u64,
    /// What it is.
    pub vote: Vote,
    confirmed: bool,
    missed: u32,
    kalman: Kalman,
    rest: Point,
    rested_us: u64,
    aspect: f32,
}

impl Thing {
    /// A thing that was seen once.
    pub fn new(area: &Rect, class: u16, score: f32, config: &Config) -> Thing {
        let mut vote = Vote::default();
        vote.hear(class, score, area.area());
        Thing {
            number: 0,
            here: true,
            gone: false,
            hits: 1,
            unseen_us: 0,
            hidden_us: 0,
            age_us: 0,
            vote,
            confirmed: config.confirm == 1,
            missed: 0,
            kalman: Kalman::new(area, config.aspect),
            rest: area.middle(),
            rested_us: 0,
            aspect: config.aspect,
        }
    }

    /// Time goes by. What stood still when it was seen last is expected there.
    pub fn pass(&mut self, passed_us: u64, steps: f64) {
        self.here = false;
        self.unseen_us = self.unseen_us.saturating_add(passed_us);
        if self.missed > 0 {
            self.kalman.keep_size();
        }
        if !self.stands() {
            self.kalman.predict(steps);
        } else if self.missed == 0 {
            self.kalman.predict(steps.min(1.0));
        }
    }

    /// Whether it may meet boxes in that round.
    pub fn joins(&self, round: Round, config: &Config) -> bool {
        match round {
            Round::Sure => self.confirmed && !self.overdue(self.unseen_us, config),
            Round::Hidden => self.confirmed && self.hidden_us > 0,
            Round::Unsure => self.confirmed && self.missed == 0,
            Round::New => !self.confirmed,
        }
    }

    /// It was seen there.
    pub fn meet(&mut self, area: &Rect, class: u16, score: f32) {
        self.kalman.correct(area);
        self.vote.hear(class, score, area.area());
        self.here = true;
        self.hits = self.hits.saturating_add(1);
        let middle = area.middle();
        let (x, y) = ((middle.x - self.rest.x) * self.aspect, middle.y - self.rest.y);
        if x.hypot(y) > STILL * area.height() {
            (self.rest, self.rested_us) = (middle, 0);
        } else {
            self.rested_us = self.rested_us.saturating_add(self.unseen_us);
        }
        self.age_us = self.age_us.saturating_add(self.unseen_us);
        (self.unseen_us, self.hidden_us, self.missed) = (0, 0, 0);
    }

    /// Something nearer hides it for so long.
    pub fn hide(&mut self, passed_us: u64, config: &Config) {
        let most_us = u64::from(config.hidden_ms) * 1_000;
        self.hidden_us = self.hidden_us.saturating_add(passed_us).min(most_us);
    }

    /// The picture is done. Whether the thing is still followed.
    pub fn settle(&mut self, config: &Config) -> bool {
        self.confirmed |= self.hits >= config.confirm;
        if !self.here {
            self.missed = self.missed.saturating_add(1);
            self.gone = !self.confirmed || self.overdue(self.unseen_us - self.hidden_us, config);
        }
        !self.gone
    }

    /// Whether so long is too long to be out of sight.
    fn overdue(&self, unseen_us: u64, config: &Config) -> bool {
        let patience_ms = if self.stands() { config.lost_still_ms } else { config.lost_ms };
        unseen_us > u64::from(patience_ms) * 1_000 && self.missed > MAY_MISS
    }

    /// Whether it stood still when it was seen last.
    pub fn stands(&self) -> bool {
        self.rested_us >= STILL_US
    }

    /// Where it is expected.
    pub fn area(&self) -> Rect {
        self.kalman.area()
    }
}
