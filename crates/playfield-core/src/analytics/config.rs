//! What to watch for, as a person writes it down.
//!
//! ```toml
//! labels = ["person", "car"]
//!
//! [[line]]
//! name = "entrance"
//! from = [0.2, 0.6]
//! to = [0.8, 0.6]                       # who walks up the picture here goes in
//! classes = ["person"]
//!
//! [[zone]]
//! name = "loading bay"
//! points = [[0.1, 0.5], [0.6, 0.5], [0.6, 1.0], [0.1, 1.0]]
//! dwell_s = { car = 3, person = 15 }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::metadata::{Point, Rect};

/// What to watch for in the pictures of one camera. Places are fractions of the picture, times are seconds. Unknown keys are
/// refused by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Names of the model's classes, in its order; without them classes are told by number.
    pub labels: Vec<String>,
    /// Width over height of the picture.
    pub aspect: f32,
    /// Pictures in a row, 1 to 100, in which a thing must be on one side before and after it counts.
    pub settle: u8,
    /// Least way across a line, or out of a zone, as a fraction of the picture's height: what is less is jitter.
    pub travel: f32,
    /// How long a thing that moved and is no longer seen still counts as being where it was.
    pub grace_s: f32,
    /// The same for a thing that stood still: it is hidden rather than gone.
    pub grace_still_s: f32,
    /// A longer pause between two pictures is told as a gap: what happened in it was not seen.
    pub gap_s: f32,
    /// How often counts are told although nothing happened.
    pub report_s: Option<f32>,
    /// Areas.
    #[serde(rename = "zone", alias = "zones")]
    pub zones: Vec<ZoneConfig>,
    /// Lines that things cross.
    #[serde(rename = "line", alias = "lines")]
    pub lines: Vec<LineConfig>,
    /// How picture and ground belong together; without it there are no speeds.
    pub ground: Option<GroundConfig>,
    /// Where things were, and how long.
    pub heat: Option<HeatConfig>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            labels: Vec::new(),
            aspect: 16.0 / 9.0,
            settle: 2,
            travel: 0.02,
            grace_s: 2.0,
            grace_still_s: 30.0,
            gap_s: 5.0,
            report_s: None,
            zones: Vec::new(),
            lines: Vec::new(),
            ground: None,
            heat: None,
        }
    }
}

/// An area to watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneConfig {
    /// Names it in events; no other zone or line has that name.
    pub name: String,
    /// Its corners, at least three, around it in either direction.
    pub points: Vec<[f32; 2]>,
    /// Classes that count; none: all.
    #[serde(default)]
    pub classes: Vec<ClassName>,
    /// The point of a thing that must be in it.
    #[serde(default)]
    pub anchor: Anchor,
    /// In place of the settings' `settle`.
    #[serde(default)]
    pub settle: Option<u8>,
    /// Who stays for so long dwells.
    #[serde(default)]
    pub dwell_s: Option<PerClass>,
    /// So many things are a crowd.
    #[serde(default)]
    pub crowd: Option<u32>,
    /// How long there must be as many, or no longer as many, for a crowd to begin or end.
    #[serde(default)]
    pub crowd_s: f32,
    /// Nobody for so long is worth an event.
    #[serde(default)]
    pub absent_s: Option<f32>,
    /// Who is faster is worth an event, in metres a second. Needs `ground`.
    #[serde(default)]
    pub speed_mps: Option<f32>,
    /// Whether ways from place to place begin and end here.
    #[serde(default = "yes")]
    pub route: bool,
}

/// A line to watch. In is to the left hand of one who walks it, as the picture shows it: up, where it leads to the right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineConfig {
    /// Names it in events; no other zone or line has that name.
    pub name: String,
    /// Where it begins.
    pub from: [f32; 2],
    /// Where it ends.
    pub to: [f32; 2],
    /// Classes that count; none: all.
    #[serde(default)]
    pub classes: Vec<ClassName>,
    /// The point of a thing that crosses it.
    #[serde(default)]
    pub anchor: Anchor,
    /// The direction that counts.
    #[serde(default)]
    pub direction: Directions,
    /// In place of the settings' `settle`.
    #[serde(default)]
    pub settle: Option<u8>,
    /// In place of the settings' `travel`.
    #[serde(default)]
    pub travel: Option<f32>,
    /// Whether ways from place to place begin and end here.
    #[serde(default = "yes")]
    pub route: bool,
}

fn yes() -> bool {
    true
}

/// A class: by its name among the labels, or by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ClassName {
    /// By number.
    Number(u16),
    /// By name.
    Name(String),
}

/// Seconds: the same for all classes, or for each by its name or number, where `*` is any other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PerClass {
    /// For all.
    All(f32),
    /// For each.
    Each(BTreeMap<String, f32>),
}

/// A point of a box that stands for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// The middle of its lower edge: where a thing stands.
    #[default]
    Bottom,
    /// Its middle.
    Middle,
    /// The middle of its upper edge.
    Top,
    /// The middle of its left edge.
    Left,
    /// The middle of its right edge.
    Right,
    /// Its lower left corner.
    BottomLeft,
    /// Its lower right corner.
    BottomRight,
}

impl Anchor {
    /// That point of a box.
    pub fn of(self, area: &Rect) -> Point {
        let middle = area.middle();
        match self {
            Anchor::Bottom => Point { x: middle.x, y: area.bottom },
            Anchor::Middle => middle,
            Anchor::Top => Point { x: middle.x, y: area.top },
            Anchor::Left => Point { x: area.left, y: middle.y },
            Anchor::Right => Point { x: area.right, y: middle.y },
            Anchor::BottomLeft => Point { x: area.left, y: area.bottom },
            Anchor::BottomRight => Point { x: area.right, y: area.bottom },
        }
    }
}

/// Directions in which a line counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Directions {
    /// Both.
    #[default]
    Both,
    /// In alone.
    In,
    /// Out alone.
    Out,
}

/// Which places of the picture are which of the ground, on one plane.
///
/// `size_m` alone: a camera that looks straight down, and its picture is so wide and high. With `points`: they are the corners of
/// a rectangle on the ground of that width and length, around it from one that is far and left. With `metres`: each of the
/// four points lies there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroundConfig {
    /// Four places in the picture; none: its corners, from the upper left around it.
    pub points: Vec<[f32; 2]>,
    /// Width and length of the rectangle that they are, in metres.
    pub size_m: Option<[f32; 2]>,
    /// Where each of them is on the ground, in metres.
    pub metres: Vec<[f32; 2]>,
}

/// A table of how long things were where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeatConfig {
    /// Cells across, 1 to 256.
    pub columns: u16,
    /// Cells down, 1 to 256.
    pub rows: u16,
    /// After so long half of it has faded; without it nothing does.
    pub half_life_s: Option<f32>,
    /// Classes that count; none: all.
    pub classes: Vec<ClassName>,
}

impl Default for HeatConfig {
    fn default() -> HeatConfig {
        HeatConfig { columns: 64, rows: 36, half_life_s: None, classes: Vec::new() }
    }
}
