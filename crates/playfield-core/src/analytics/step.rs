//! What one thing does with one picture: to each line, in each zone.

use super::follow::{Follow, Place};
use super::line::Direction;
use super::place::clear;
use super::zone::{Change, ZoneState};
use super::{Analytics, Found, MOST_THINGS, What, seconds};
use crate::metadata::{Object, Rect};

impl Analytics {
    /// A thing with a number. What has none is not followed, and counts for nothing.
    pub(super) fn see(&mut self, object: &Object) {
        let Some((track, area)) = object.track.zip(sane(&object.area)) else { return };
        let at = match self.things.binary_search_by_key(&track, |thing| thing.track) {
            Ok(at) if self.things[at].picture == self.pictures => return,
            Ok(at) if self.is_another(at, object, &area) => {
                self.end(at);
                self.things[at] = self.new_thing(track, &area);
                at
            }
            Ok(at) => at,
            Err(_) if self.things.len() >= MOST_THINGS && !self.make_room() => return,
            Err(_) => {
                let at = self.things.partition_point(|thing| thing.track < track);
                self.things.insert(at, self.new_thing(track, &area));
                at
            }
        };
        let thing = &self.things[at];
        let unseen_ms = if thing.vanished { 0 } else { self.now_ms.saturating_sub(thing.seen_ms) };
        self.things[at].see(self.now_ms, self.pictures, object, &area, self.aspect);
        self.warm(at, unseen_ms);
        (0..self.zones.len()).for_each(|zone| self.step_zone(at, zone));
        (0..self.lines.len()).for_each(|line| self.step_line(at, line));
    }

    fn new_thing(&self, track: u64, area: &Rect) -> Follow {
        Follow::new(track, self.now_ms, area, self.zones.len(), self.lines.len())
    }

    /// Whether a number that is known was given to something else.
    fn is_another(&self, at: usize, object: &Object, area: &Rect) -> bool {
        let thing = &self.things[at];
        let unseen_s = seconds(self.now_ms.saturating_sub(thing.seen_ms));
        let other = thing.vanished || thing.vote.class() != object.class;
        other && thing.motion.jumps(area, self.aspect, if thing.vanished { unseen_s } else { 1.0 })
    }

    /// Forgets what vanished. Whether there is room then.
    fn make_room(&mut self) -> bool {
        self.things.retain(|thing| !thing.vanished);
        self.things.len() < MOST_THINGS
    }

    fn warm(&mut self, at: usize, unseen_ms: u64) {
        let thing = &self.things[at];
        if let Some((heat, filter, _)) = &mut self.heat
            && filter.has(thing.vote.class())
        {
            heat.add(thing.at(), seconds(unseen_ms));
        }
    }

    fn step_line(&mut self, at: usize, number: usize) {
        let (thing, line) = (&mut self.things[at], &mut self.lines[number]);
        let class = thing.vote.class();
        let step = thing.step(line.anchor, self.aspect);
        let clear = clear(line.travel, thing.motion.area().height());
        let Some((at_ms, direction)) = thing.lines[number].step(&line.line, &step, clear, line.settle) else { return };
        if !line.filter.has(class) || !line.counts(direction) {
            return;
        }
        let counts = &mut line.counts;
        let tally = if direction == Direction::In { &mut counts.came } else { &mut counts.left };
        tally.add(class, 1);
        if line.route {
            thing.was_in(Place::Line(number), at_ms);
        }
        let what = What::Cross { line: line.name.clone(), direction };
        self.found(at, Some(Place::Line(number)), at_ms, what);
    }

    fn step_zone(&mut self, at: usize, number: usize) {
        let (thing, zone) = (&mut self.things[at], &self.zones[number]);
        if !zone.filter.has(thing.vote.class()) {
            // The vote turned: it is none of those that count, and was none.
            self.leave(at, number, self.now_ms, false);
            self.things[at].zones[number] = ZoneState::default();
            return;
        }
        let step = thing.step(zone.anchor, self.aspect);
        let clear = clear(self.travel, thing.motion.area().height());
        match thing.zones[number].step(&zone.area, &step, clear, zone.settle) {
            Some(Change::Enter(at_ms)) => self.enter(at, number, at_ms),
            Some(Change::Leave(at_ms)) => {
                self.things[at].zones[number].inside = Some(true);
                self.leave(at, number, at_ms, false);
            }
            Some(Change::Pass(from_ms, to_ms)) => {
                self.enter(at, number, from_ms);
                self.things[at].zones[number].entered_ms = from_ms;
                self.things[at].zones[number].inside = Some(true);
                self.leave(at, number, to_ms, false);
            }
            None => {}
        }
        if self.things[at].zones[number].inside == Some(true) {
            self.stay(at, number);
        }
    }

    fn enter(&mut self, at: usize, number: usize, at_ms: u64) {
        let (thing, zone) = (&mut self.things[at], &mut self.zones[number]);
        zone.counts.came.add(thing.vote.class(), 1);
        if zone.route {
            thing.was_in(Place::Zone(number), at_ms);
        }
        let what = What::Enter { zone: zone.name.clone() };
        self.found(at, Some(Place::Zone(number)), at_ms, what);
    }

    /// If it is inside, it is no more.
    fn leave(&mut self, at: usize, number: usize, at_ms: u64, vanished: bool) {
        let (thing, zone) = (&mut self.things[at], &mut self.zones[number]);
        let state = &mut thing.zones[number];
        if state.inside != Some(true) {
            return;
        }
        state.inside = Some(false);
        let stayed_ms = at_ms.saturating_sub(state.entered_ms);
        zone.counts.left.add(thing.vote.class(), 1);
        zone.counts.stayed_ms = zone.counts.stayed_ms.saturating_add(stayed_ms);
        if zone.route {
            thing.was_in(Place::Zone(number), at_ms);
        }
        let what = What::Leave {
            zone: zone.name.clone(),
            entered_ms: thing.zones[number].entered_ms,
            seconds: seconds(stayed_ms),
            vanished,
        };
        self.found(at, Some(Place::Zone(number)), at_ms, what);
    }

    /// It is inside, and perhaps for long, or fast.
    fn stay(&mut self, at: usize, number: usize) {
        let (thing, zone) = (&mut self.things[at], &self.zones[number]);
        let speed = self.ground.as_ref().and_then(|ground| thing.motion.speed(ground));
        let dwell_ms = zone.dwell_ms(thing.vote.class());
        let state = &mut thing.zones[number];
        let entered_ms = state.entered_ms;
        let stayed_ms = self.now_ms.saturating_sub(entered_ms);
        let dwells = !state.dwells && dwell_ms.is_some_and(|dwell_ms| stayed_ms >= dwell_ms);
        let limit = zone.speed_mps.filter(|limit| !state.fast && speed.is_some_and(|speed| speed > *limit));
        state.dwells |= dwells;
        state.fast |= limit.is_some();
        let name = (dwells || limit.is_some()).then(|| zone.name.clone());
        let Some(zone) = name else { return };
        if dwells {
            let what = What::Dwell { zone: zone.clone(), entered_ms, seconds: seconds(stayed_ms) };
            self.found(at, Some(Place::Zone(number)), self.now_ms, what);
        }
        if let Some(limit_mps) = limit {
            self.found(at, Some(Place::Zone(number)), self.now_ms, What::Speed { zone, limit_mps });
        }
    }

    fn found(&mut self, at: usize, place: Option<Place>, at_ms: u64, what: What) {
        let thing = self.describe(at);
        self.found.push(Found { at_ms, place, what, thing: Some(thing) });
    }

    /// It is gone: it left where it was, and its route is known.
    pub(super) fn end(&mut self, at: usize) {
        let seen_ms = self.things[at].seen_ms;
        (0..self.zones.len()).for_each(|zone| self.leave(at, zone, seen_ms, true));
        let thing = &self.things[at];
        let Some(((from, from_ms), (to, to_ms))) = thing.origin.zip(thing.goal) else { return };
        if from == to {
            return;
        }
        self.routes.entry((from, to)).or_default().add(thing.vote.class(), 1);
        let took = seconds(to_ms.saturating_sub(from_ms));
        let what = What::Route { from: self.name(from), to: self.name(to), seconds: took };
        self.found(at, None, to_ms, what);
    }
}

/// The part of a box that is in the picture, if it is a box.
fn sane(area: &Rect) -> Option<Rect> {
    let finite = [area.left, area.top, area.right, area.bottom].iter().all(|edge| edge.is_finite());
    Some(area.clipped()).filter(|area| finite && area.area() > 0.0)
}
