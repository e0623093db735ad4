//! What leaves a camera of its app: what the app said, and how it does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that an app said, as its schema lets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Emitted {
    /// The app's id.
    pub app: String,
    /// The time of the picture that it was said of: Unix time in milliseconds.
    pub time_ms: u64,
    /// Its declared fields.
    #[schema(value_type = Object)]
    pub value: serde_json::Value,
}

/// How an app does. Nothing in it is the app's own words, and its numbers are few: an app that counted on them to say something
/// could say next to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppStatus {
    /// The app's id.
    pub app: String,
    /// Its version.
    pub version: String,
    /// What it was made for: `playfield`, or `aitrios`, of which a run is no other run's equal, and which has a process of its own.
    #[serde(default)]
    pub dialect: String,
    /// What it is doing.
    pub state: AppState,
    /// Why it does not run, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How often it ended by a fault since its camera started.
    pub restarts: u32,
    /// Bytes of what it said since then.
    pub bytes: u64,
    /// How often something that it said was refused, roughly: 0, 1, 10, 100 or 1,000 times or more.
    pub refused: u32,
}

/// What an app is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AppState {
    /// It is about to run.
    #[default]
    Starting,
    /// It is told of each picture.
    Running,
    /// It ended by a fault, and is started again after a while.
    Waiting,
    /// It said that it is done.
    Done,
    /// It cannot be run here.
    Refused,
}

/// A number that an app has a hand in, as it is told: the power of ten below it, at most 1,000.
pub fn coarse(count: u64) -> u32 {
    match count {
        0 => 0,
        1..10 => 1,
        10..100 => 10,
        100..1_000 => 100,
        _ => 1_000,
    }
}
