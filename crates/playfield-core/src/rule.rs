//! Rules: which of the things that cameras tell are worth doing something about, and what is done then.
//!
//! A rule says for which cameras it is, what must happen, at which hours, how long it rests after it fired, and what follows.
//! [`Rules`] is told each event once, with the time at which the control plane took it down, and says which rules fire. It has no
//! timers: a rule fires because of an event. So equal events make equal firings; after a restart the last ones are told again,
//! with who fired last, to get back to where it was.
//!
//! ```text
//!   event -> for this camera? -> the right kind, place, class, way, number? -> at these hours? -> rested? -> often enough? -> Firing
//! ```
//!
//! ```json
//! {
//!   "name": "Somebody at the gate by night",
//!   "when": {"event": "enter", "place": "gate", "classes": ["person"]},
//!   "during": {"days": ["mon", "tue"], "from": "22:00", "to": "06:00", "utc_offset": "+01:00"},
//!   "cool_down_s": 300,
//!   "actions": [{"do": "webhook", "url": "https://example.com/hook"}]
//! }
//! ```

mod action;
mod check;
mod machine;
mod schedule;
mod steer;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::analytics::{ClassName, Direction, Event, PlaceCount, What};
pub use action::{Action, InputAction, Subject};
pub use check::RuleError;
pub use machine::{Firing, Known, Rules};
pub use schedule::{ClockTime, Day, Schedule, UtcOffset};
pub use steer::{Along, SteerAction, Steering, View};

/// Most rules of an installation.
pub const MOST_RULES: usize = 256;
/// Most actions of a rule.
pub const MOST_ACTIONS: usize = 8;
/// Most cameras that a rule names.
pub const MOST_DEVICES: usize = 64;
/// Most times that something must happen before a rule fires.
pub const MOST_TIMES: u32 = 1_000;
/// No wait of a rule is longer, in seconds: a day.
pub const MOST_SECONDS: u32 = 86_400;

/// What is done when something happens in front of a camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What people call it, 1 to 80 characters.
    pub name: String,
    /// Whether it does anything.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// For which cameras it is, by id, at most [`MOST_DEVICES`]; `*` is any.
    #[serde(default = "any")]
    pub devices: Vec<String>,
    /// What must happen.
    pub when: When,
    /// At which hours; none: at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub during: Option<Schedule>,
    /// How long it rests after it fired, for each camera on its own, in seconds, at most [`MOST_SECONDS`]. What happens meanwhile
    /// does not count.
    #[serde(default = "minute")]
    pub cool_down_s: u32,
    /// What is done, 1 to [`MOST_ACTIONS`].
    pub actions: Vec<Action>,
}

/// What must happen. All that is said must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// What kind of thing.
    pub event: Kind,
    /// The name of the zone or line; of a route the place where it ends. None: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Classes of things; none: all. Of a crowd and a count, those that are added up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassName>,
    /// Which way a line is crossed; none: either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Whether a crowd, or nobody being there, begins; false: whether it ends.
    #[serde(default = "yes")]
    pub begins: bool,
    /// The least number. Of a crowd and of the count of a zone, how many are inside; of the count of a line, how many crossed it
    /// so far; of `leave`, `dwell`, `absent`, `route` and `gap` seconds; of `speed` metres a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// How often it must happen before one camera, 1 to [`MOST_TIMES`].
    #[serde(default = "once")]
    pub times: u32,
    /// Within how many seconds, at most [`MOST_SECONDS`]. Needed where `times` is more than 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_s: Option<u32>,
}

/// Kinds of events, as [`What`] has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A thing crosses a line.
    Cross,
    /// A thing comes into a zone.
    Enter,
    /// A thing goes out of a zone.
    Leave,
    /// A thing stays in a zone.
    Dwell,
    /// A crowd begins or ends.
    Crowd,
    /// There is nobody, or somebody again.
    Absent,
    /// A thing is too fast.
    Speed,
    /// Numbers of a zone or line, told at times.
    Count,
    /// A thing went from one place to another.
    Route,
    /// There were no pictures.
    Gap,
    /// An edge app said something; `place` is the app.
    App,
    /// A thing is there, in the zone `place` or anywhere: nothing that happens, but what lasts. It fires nothing; its actions steer
    /// as long as it is so.
    Present,
}

impl Kind {
    /// The kind of what happened.
    pub const fn of(what: &What) -> Kind {
        match what {
            What::Cross { .. } => Kind::Cross,
            What::Enter { .. } => Kind::Enter,
            What::Leave { .. } => Kind::Leave,
            What::Dwell { .. } => Kind::Dwell,
            What::Crowd { .. } => Kind::Crowd,
            What::Absent { .. } => Kind::Absent,
            What::Speed { .. } => Kind::Speed,
            What::Count { .. } => Kind::Count,
            What::Route { .. } => Kind::Route,
            What::Gap { .. } => Kind::Gap,
            What::App { .. } => Kind::App,
        }
    }
}

impl When {
    /// Whether this is it, at the hours aside. `labels` are the names of the camera's classes, by number.
    pub fn matches(&self, event: &Event, labels: &[String]) -> bool {
        Kind::of(&event.what) == self.event
            && self.place.as_deref().is_none_or(|place| place_of(&event.what) == Some(place))
            && self.is_of_class(event, labels)
            && self.goes_that_way(&event.what)
            && self.at_least.is_none_or(|least| self.number(event, labels) >= least)
    }

    /// A thing has a class; what several did together is told apart by its numbers.
    fn is_of_class(&self, event: &Event, labels: &[String]) -> bool {
        match &event.thing {
            Some(thing) => self.names(thing.class, labels),
            None => self.classes.is_empty() || matches!(self.event, Kind::Crowd | Kind::Count),
        }
    }

    fn names(&self, class: u16, labels: &[String]) -> bool {
        let is = |name: &ClassName| match name {
            ClassName::Number(number) => *number == class,
            ClassName::Name(name) => labels.get(usize::from(class)) == Some(name),
        };
        self.classes.is_empty() || self.classes.iter().any(is)
    }

    fn goes_that_way(&self, what: &What) -> bool {
        match what {
            What::Cross { direction, .. } => self.direction.is_none_or(|wanted| wanted == *direction),
            What::Crowd { begins, .. } | What::Absent { begins, .. } => *begins == self.begins,
            _ => true,
        }
    }

    fn number(&self, event: &Event, labels: &[String]) -> f64 {
        match &event.what {
            What::Leave { seconds, .. }
            | What::Dwell { seconds, .. }
            | What::Absent { seconds, .. }
            | What::Route { seconds, .. }
            | What::Gap { seconds } => f64::from(*seconds),
            What::Speed { .. } => event.thing.as_ref().and_then(|thing| thing.speed_mps).map_or(0.0, f64::from),
            What::App { .. } => 0.0,
            What::Crowd { count, .. } if self.classes.is_empty() => *count as f64,
            What::Crowd { .. } | What::Count { .. } | What::Cross { .. } | What::Enter { .. } => {
                let counted = event.counts.iter().filter(|count| self.names(count.class, labels));
                counted.map(PlaceCount::shown).fold(0, u64::saturating_add) as f64
            }
        }
    }
}

impl PlaceCount {
    /// The number that a person would look at: how many are inside, or have crossed either way.
    fn shown(&self) -> u64 {
        self.now.unwrap_or_else(|| self.came.saturating_add(self.left))
    }
}

/// The zone or line of what happened.
pub fn place_of(what: &What) -> Option<&str> {
    match what {
        What::Cross { line, .. } => Some(line),
        What::Enter { zone }
        | What::Leave { zone, .. }
        | What::Dwell { zone, .. }
        | What::Crowd { zone, .. }
        | What::Absent { zone, .. }
        | What::Speed { zone, .. } => Some(zone),
        What::Count { place } => Some(place),
        What::Route { to, .. } => Some(to),
        What::App { app, .. } => Some(app),
        What::Gap { .. } => None,
    }
}

fn yes() -> bool {
    true
}

fn any() -> Vec<String> {
    vec!["*".to_owned()]
}

fn minute() -> u32 {
    60
}

fn once() -> u32 {
    1
}
