//! What is told of what happened, and the numbers up to then.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::heat::Heat;
use super::line::Direction;
use super::tally::Tally;
use crate::metadata::Point;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// When, by the device's clock: Unix time in milliseconds. It is when it happened, not when it was sure.
    pub time_ms: u64,
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// The thing that did it, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<Thing>,
    /// Numbers of its zone or line for each class, this event counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<PlaceCount>,
}

/// What happened. Zones and lines are told by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum What {
    /// A thing crossed a line.
    Cross {
        /// The line.
        line: String,
        /// Which way.
        direction: Direction,
    },
    /// A thing came into a zone.
    Enter {
        /// The zone.
        zone: String,
    },
    /// A thing went out of a zone.
    Leave {
        /// The zone.
        zone: String,
        /// When it had come in.
        entered_ms: u64,
        /// How long it was inside.
        seconds: f32,
        /// Whether it was last seen inside, and no more since.
        vanished: bool,
    },
    /// A thing stays in a zone for as long as the settings call dwelling.
    Dwell {
        /// The zone.
        zone: String,
        /// When it came in.
        entered_ms: u64,
        /// How long it is inside.
        seconds: f32,
    },
    /// A crowd begins or ends.
    Crowd {
        /// The zone.
        zone: String,
        /// Whether it begins.
        begins: bool,
        /// How many there are.
        count: u64,
    },
    /// There is nobody, or somebody again.
    Absent {
        /// The zone.
        zone: String,
        /// Whether it begins.
        begins: bool,
        /// For how long there was nobody.
        seconds: f32,
    },
    /// A thing is faster than the settings say.
    Speed {
        /// The zone.
        zone: String,
        /// How fast may be, in metres a second. How fast it is, is told of the thing.
        limit_mps: f32,
    },
    /// Numbers of a zone or line, told at times.
    Count {
        /// The zone or line.
        place: String,
    },
    /// A thing is gone, and had come from one place to another.
    Route {
        /// The first zone or line it was in.
        from: String,
        /// The last one.
        to: String,
        /// How long it took.
        seconds: f32,
    },
    /// There were no pictures: what happened meanwhile was not seen.
    Gap {
        /// For how long.
        seconds: f32,
    },
    /// An edge app said something.
    App {
        /// The app's id.
        app: String,
        /// Its declared fields.
        #[schema(value_type = Object)]
        value: serde_json::Value,
    },
}

/// A thing, as it was when something happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Thing {
    /// Its number.
    pub track: u64,
    /// Its class, by its place in the model's list of labels.
    pub class: u16,
    /// Where it stands: the middle of its lower edge.
    pub at: Point,
    /// Zones it is in.
    pub zones: Vec<String>,
    /// Whether it moves.
    pub moves: bool,
    /// How fast, in metres a second, where the ground is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f32>,
}

/// Numbers of a zone or line for one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaceCount {
    /// The class, by its place in the model's list of labels.
    pub class: u16,
    /// How many came in, or crossed that way.
    #[serde(rename = "in")]
    pub came: u64,
    /// How many went out.
    #[serde(rename = "out")]
    pub left: u64,
    /// How many are in the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<u64>,
}

impl PlaceCount {
    /// Those of all classes of which there are any.
    pub fn of(came: &Tally, left: &Tally, now: Option<&Tally>) -> Vec<PlaceCount> {
        let mut classes: Vec<u16> = came.iter().chain(left.iter()).map(|it| it.class).collect();
        classes.extend(now.into_iter().flat_map(Tally::iter).map(|it| it.class));
        classes.sort_unstable();
        classes.dedup();
        let count =
            |class| PlaceCount { class, came: came.of(class), left: left.of(class), now: now.map(|now| now.of(class)) };
        classes.into_iter().map(count).collect()
    }
}

/// All numbers, and what a restart keeps of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Counts {
    /// Of each zone.
    pub zones: Vec<ZoneCounts>,
    /// Of each line.
    pub lines: Vec<LineCounts>,
    /// From where to where things went.
    pub routes: Vec<RouteCounts>,
}

/// Numbers of a zone, for each class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ZoneCounts {
    /// Which.
    pub name: String,
    /// How many are inside.
    pub now: Tally,
    /// How many came in.
    #[serde(rename = "in")]
    pub came: Tally,
    /// How many went out.
    #[serde(rename = "out")]
    pub left: Tally,
    /// How long those that went out had been inside, in all, in ms.
    pub stayed_ms: u64,
}

/// Numbers of a line, for each class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LineCounts {
    /// Which.
    pub name: String,
    /// How many crossed it to the left hand.
    #[serde(rename = "in")]
    pub came: Tally,
    /// How many crossed it to the right hand.
    #[serde(rename = "out")]
    pub left: Tally,
}

/// How many of each class went from one place to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RouteCounts {
    /// The first zone or line they were in.
    pub from: String,
    /// The last one.
    pub to: String,
    /// How many.
    pub count: Tally,
}

/// What a restart keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct State {
    /// All numbers.
    pub counts: Counts,
    /// Where things were.
    pub heat: Option<Heat>,
}
