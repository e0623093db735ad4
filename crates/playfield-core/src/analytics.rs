//! What happens in front of a camera: things cross lines, come into zones, stay, leave; counted once each, for months.
//!
//! It is told what was understood of each picture, with the numbers that [`crate::track`] or a camera gave to things, and tells
//! events. Places are fractions of the picture; all else is in its settings, [`Config`].
//!
//! ```text
//!   picture -> Follow (a thing: motion, class by vote) -> ZoneState, LineState (settled sides) -> events, counts
//!                 '--no longer seen, grace is over--> left all zones, its route is known
//! ```
//!
//! Counting wrong is easy: boxes tremble, numbers change, classes flicker, pictures are missing. Each rule here answers a
//! complaint about another counter; `complaints` has them as tests. How many are inside is never added up: it is counted anew with
//! each picture, so that no error stays.

mod check;
#[cfg(test)]
mod complaints;
mod config;
mod event;
mod follow;
mod geometry;
mod ground;
mod heat;
mod line;
mod motion;
#[cfg(test)]
mod oracle;
mod place;
mod step;
mod tally;
#[cfg(test)]
mod tests;
mod zone;

use std::collections::BTreeMap;

use crate::metadata::Metadata;
pub use check::{ConfigError, MOST_PLACES, MOST_POINTS};
pub use config::{Anchor, ClassName, Config, Directions, GroundConfig, HeatConfig, LineConfig, PerClass, ZoneConfig};
pub use event::{Counts, Event, LineCounts, PlaceCount, RouteCounts, State, Thing, What, ZoneCounts};
use follow::{Follow, Place};
use ground::Ground;
pub use heat::Heat;
pub use line::Direction;
use place::{Filter, Line, Watched, Zone};
pub use tally::{ClassCount, OTHER, Tally};

/// Things that are followed at once. More than so many are not counted.
pub const MOST_THINGS: usize = 1024;
/// How long it is remembered on which side of a line something was that vanished: as long as a tracker waits for it.
const REMEMBERS_MS: u64 = 10_000;
/// A clock that was set forward by more is not believed.
const MOST_STEP_MS: u64 = 86_400_000;

/// Something that happened, before it is told.
#[derive(Debug)]
struct Found {
    at_ms: u64,
    place: Option<Place>,
    what: What,
    thing: Option<Thing>,
}

/// Counts what happens in the pictures of one camera.
#[derive(Debug)]
pub struct Analytics {
    aspect: f32,
    travel: f32,
    grace_ms: u64,
    grace_still_ms: u64,
    gap_ms: u64,
    report_ms: Option<u64>,
    ground: Option<Ground>,
    zones: Vec<Zone>,
    lines: Vec<Line>,
    routes: BTreeMap<(Place, Place), Tally>,
    heat: Option<(Heat, Filter, Option<f32>)>,
    things: Vec<Follow>,
    found: Vec<Found>,
    pictures: u64,
    /// Time that went by, however often the device's clock was set.
    now_ms: u64,
    clock: Option<(u64, u64)>,
    reported_ms: u64,
}

impl Analytics {
    /// Watches what the settings say, from the next picture on.
    pub fn new(config: &Config) -> Result<Analytics, ConfigError> {
        check::check(config)?;
        let heat = |heat: &HeatConfig| {
            let filter = Filter::new(config, "heat", &heat.classes)?;
            Ok((Heat::new(heat.columns, heat.rows), filter, heat.half_life_s))
        };
        Ok(Analytics {
            aspect: config.aspect,
            travel: config.travel,
            grace_ms: ms(config.grace_s),
            grace_still_ms: ms(config.grace_still_s),
            gap_ms: ms(config.gap_s),
            report_ms: config.report_s.map(ms),
            ground: config.ground.as_ref().map(Ground::new).transpose().map_err(ConfigError::Ground)?,
            zones: config.zones.iter().map(|zone| Zone::new(config, zone)).collect::<Result<_, _>>()?,
            lines: config.lines.iter().map(|line| Line::new(config, line)).collect::<Result<_, _>>()?,
            routes: BTreeMap::new(),
            heat: config.heat.as_ref().map(heat).transpose()?,
            things: Vec::new(),
            found: Vec::new(),
            pictures: 0,
            now_ms: 0,
            clock: None,
            reported_ms: 0,
        })
    }

    /// What was understood of the next picture. Appends what happened to `events`, in the order of its time.
    pub fn update(&mut self, picture: &Metadata, events: &mut Vec<Event>) {
        let Some(passed_ms) = self.pass(picture) else { return };
        self.fade(passed_ms);
        for object in &picture.objects {
            self.see(object);
        }
        self.vanish();
        self.expire(|this, thing| thing.vanished && this.now_ms.saturating_sub(thing.seen_ms) > REMEMBERS_MS);
        self.count();
        self.watch();
        self.report();
        self.tell(picture.time_ms, events);
    }

    /// Numbers up to now.
    pub fn counts(&self) -> Counts {
        let routes = self.routes.iter().map(|((from, to), count)| RouteCounts {
            from: self.name(*from),
            to: self.name(*to),
            count: count.clone(),
        });
        Counts {
            zones: self.zones.iter().map(|zone| zone.counts.clone()).collect(),
            lines: self.lines.iter().map(|line| line.counts.clone()).collect(),
            routes: routes.collect(),
        }
    }

    /// Where things were, and how long.
    pub fn heat(&self) -> Option<&Heat> {
        self.heat.as_ref().map(|(heat, ..)| heat)
    }

    /// The zones that a thing is in: bit N for the Nth of the settings.
    pub fn zones_of(&self, track: u64) -> u64 {
        let thing = self.things.iter().find(|thing| thing.track == track);
        let inside = thing.into_iter().flat_map(|thing| thing.zones.iter().enumerate());
        inside.filter(|(_, state)| state.inside == Some(true)).fold(0, |bits, (nth, _)| bits | 1 << nth)
    }

    /// How many things are followed.
    pub fn things(&self) -> usize {
        self.things.iter().filter(|thing| !thing.vanished).count()
    }

    /// What a restart keeps: numbers, not things.
    pub fn state(&self) -> State {
        State { counts: self.counts(), heat: self.heat().cloned() }
    }

    /// Goes on counting from there: zones and lines are found by name, and what has no place any longer is dropped. Who was inside has
    /// left, since nobody saw.
    pub fn restore(&mut self, state: &State) {
        for before in &state.counts.zones {
            if let Some(zone) = self.zones.iter_mut().find(|zone| zone.name == before.name) {
                zone.counts.came.merge(&before.came);
                zone.counts.left.merge(&before.left);
                zone.counts.left.merge(&before.now);
                zone.counts.stayed_ms = zone.counts.stayed_ms.saturating_add(before.stayed_ms);
            }
        }
        for before in &state.counts.lines {
            if let Some(line) = self.lines.iter_mut().find(|line| line.name == before.name) {
                line.counts.came.merge(&before.came);
                line.counts.left.merge(&before.left);
            }
        }
        for before in &state.counts.routes {
            if let Some(way) = self.place(&before.from).zip(self.place(&before.to)) {
                self.routes.entry(way).or_default().merge(&before.count);
            }
        }
        if let (Some((heat, ..)), Some(before)) = (&mut self.heat, &state.heat) {
            heat.restore(before);
        }
    }

    /// Numbers of things begin anew, as after a restart of a camera that gives them: nothing seen before is seen again.
    pub fn forget_things(&mut self, events: &mut Vec<Event>) {
        let Some((_, time_ms)) = self.clock else { return };
        self.expire(|_, _| true);
        self.count();
        self.tell(time_ms, events);
    }

    fn name(&self, place: Place) -> String {
        match place {
            Place::Zone(at) => self.zones[at].name.clone(),
            Place::Line(at) => self.lines[at].name.clone(),
        }
    }

    fn place(&self, name: &str) -> Option<Place> {
        let zone = self.zones.iter().position(|zone| zone.name == name).map(Place::Zone);
        zone.or_else(|| self.lines.iter().position(|line| line.name == name).map(Place::Line))
    }

    /// How much time went by; none if the picture was there already. A clock that is set back stands still for a picture.
    fn pass(&mut self, picture: &Metadata) -> Option<u64> {
        let here = (picture.frame, picture.time_ms);
        let before = self.clock.replace(here);
        if before == Some(here) {
            return None;
        }
        let passed_ms = before.map_or(0, |(_, before)| picture.time_ms.saturating_sub(before)).min(MOST_STEP_MS);
        self.now_ms = self.now_ms.saturating_add(passed_ms);
        self.pictures += 1;
        if passed_ms > self.gap_ms {
            self.expire(|_, _| true);
            self.zones.iter_mut().for_each(Zone::forget);
            let what = What::Gap { seconds: seconds(passed_ms) };
            self.found.push(Found { at_ms: self.now_ms - passed_ms, place: None, what, thing: None });
        }
        Some(passed_ms)
    }

    fn fade(&mut self, passed_ms: u64) {
        if let Some((heat, _, Some(half_life))) = &mut self.heat {
            heat.fade((-seconds(passed_ms) / *half_life).exp2());
        }
    }

    fn describe(&self, at: usize) -> Thing {
        let thing = &self.things[at];
        let inside = self.zones.iter().zip(&thing.zones).filter(|(_, state)| state.inside == Some(true));
        Thing {
            track: thing.track,
            class: thing.vote.class(),
            at: thing.at(),
            zones: inside.map(|(zone, _)| zone.name.clone()).collect(),
            moves: thing.motion.moves(),
            speed_mps: self.ground.as_ref().and_then(|ground| thing.motion.speed(ground)),
        }
    }

    /// What was not seen for long left where it was. Should it come again, it is known which side of a line it was on.
    fn vanish(&mut self) {
        for at in 0..self.things.len() {
            let thing = &self.things[at];
            let grace_ms = if thing.motion.moves() { self.grace_ms } else { self.grace_still_ms };
            if !thing.vanished && self.now_ms.saturating_sub(thing.seen_ms) > grace_ms {
                self.end(at);
                self.things[at].vanish();
            }
        }
    }

    /// Those are no longer followed.
    fn expire(&mut self, gone: impl Fn(&Analytics, &Follow) -> bool) {
        for at in 0..self.things.len() {
            if gone(self, &self.things[at]) {
                self.end(at);
                self.things[at].track = 0;
                self.things[at].picture = u64::MAX;
            }
        }
        self.things.retain(|thing| thing.picture != u64::MAX);
    }

    /// How many are inside, all anew.
    fn count(&mut self) {
        for (number, zone) in self.zones.iter_mut().enumerate() {
            zone.counts.now.clear();
            let inside = self.things.iter().filter(|thing| thing.zones[number].inside == Some(true));
            inside.for_each(|thing| zone.counts.now.add(thing.vote.class(), 1));
        }
    }

    fn watch(&mut self) {
        for (number, zone) in self.zones.iter_mut().enumerate() {
            for (at_ms, watched) in zone.watch(self.now_ms).into_iter().flatten() {
                let zone = zone.name.clone();
                let what = match watched {
                    Watched::Crowd(begins, count) => What::Crowd { zone, begins, count },
                    Watched::Absent(begins, after) => What::Absent { zone, begins, seconds: seconds(after) },
                };
                self.found.push(Found { at_ms, place: Some(Place::Zone(number)), what, thing: None });
            }
        }
    }

    fn report(&mut self) {
        let due = |every: u64| self.now_ms.saturating_sub(self.reported_ms) >= every;
        if !self.report_ms.is_some_and(due) {
            return;
        }
        self.reported_ms = self.now_ms;
        let zones = (0..self.zones.len()).map(Place::Zone);
        for place in zones.chain((0..self.lines.len()).map(Place::Line)) {
            let what = What::Count { place: self.name(place) };
            self.found.push(Found { at_ms: self.now_ms, place: Some(place), what, thing: None });
        }
    }

    fn tell(&mut self, time_ms: u64, events: &mut Vec<Event>) {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|found| found.at_ms);
        let wall = |at_ms: u64| time_ms.saturating_sub(self.now_ms.saturating_sub(at_ms));
        events.extend(found.drain(..).map(|mut found| {
            if let What::Leave { entered_ms, .. } | What::Dwell { entered_ms, .. } = &mut found.what {
                *entered_ms = wall(*entered_ms);
            }
            let counts = found.place.map(|place| self.place_counts(place)).unwrap_or_default();
            Event { time_ms: wall(found.at_ms), what: found.what, thing: found.thing, counts }
        }));
        self.found = found;
    }

    fn place_counts(&self, place: Place) -> Vec<PlaceCount> {
        match place {
            Place::Zone(at) => {
                let counts = &self.zones[at].counts;
                PlaceCount::of(&counts.came, &counts.left, Some(&counts.now))
            }
            Place::Line(at) => PlaceCount::of(&self.lines[at].counts.came, &self.lines[at].counts.left, None),
        }
    }
}

fn ms(seconds: f32) -> u64 {
    (f64::from(seconds) * 1_000.0).round() as u64
}

fn seconds(ms: u64) -> f32 {
    (ms as f64 / 1_000.0) as f32
}
