//! Settings are checked before anything is counted by them, and what is wrong is said in a sentence.

use std::collections::BTreeSet;

use super::config::{ClassName, Config, LineConfig, PerClass, ZoneConfig};
use super::geometry::{Polygon, Segment, in_heights};
use super::ground::Ground;
use crate::metadata::Point;

/// Most zones, and most lines.
pub const MOST_PLACES: usize = 64;
/// Most corners of a zone.
pub const MOST_POINTS: usize = 64;
/// Shorter lines and smaller areas, in heights of the picture and their squares, are mistakes.
const LEAST_LENGTH: f32 = 1e-3;
const LEAST_SIZE: f32 = 1e-6;
/// No time of the settings is longer: a year.
const MOST_SECONDS: f32 = 366.0 * 86_400.0;

/// What is wrong with settings.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A zone or line without a name.
    #[error("{what} {number} has no name: events tell it by its name")]
    NoName {
        /// Zone or line.
        what: &'static str,
        /// Its number, from 1.
        number: usize,
    },
    /// A name that two have.
    #[error("`{0}` names two zones or lines: give each a name of its own")]
    Twice(String),
    /// Too many zones, lines or points.
    #[error("there are {count} {what}: {most} is the most")]
    TooMany {
        /// Of what.
        what: String,
        /// So many.
        count: usize,
        /// So many may be.
        most: usize,
    },
    /// A zone with fewer than three points.
    #[error("zone `{name}` has {count} points: an area has at least three")]
    FewPoints {
        /// Which.
        name: String,
        /// Its points.
        count: usize,
    },
    /// A point outside of the picture.
    #[error("`{name}`: the point [{x}, {y}] is outside of the picture, whose points are 0 to 1 across and down")]
    Outside {
        /// Of which zone or line.
        name: String,
        /// From the left.
        x: f32,
        /// From above.
        y: f32,
    },
    /// A zone whose border crosses itself.
    #[error("zone `{name}` crosses itself: its edges {one} and {other} meet; name its corners in order around it")]
    CrossesItself {
        /// Which.
        name: String,
        /// An edge, by its number from 1: from that corner to the next.
        one: usize,
        /// The other.
        other: usize,
    },
    /// A zone without an area.
    #[error("zone `{0}` has no area: its points lie on one line")]
    Flat(String),
    /// A line without a length.
    #[error("line `{0}` has no length: it begins and ends in one point")]
    NoLength(String),
    /// A class that the model does not know.
    #[error("`{name}`: there is no class `{class}`; the model knows {known}")]
    UnknownClass {
        /// In which zone or line.
        name: String,
        /// That class.
        class: String,
        /// Those there are.
        known: String,
    },
    /// A number that makes no sense.
    #[error("{key} is {value}: it must be {must}")]
    Number {
        /// Which setting.
        key: String,
        /// What it is.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// Speeds without a calibration.
    #[error("zone `{0}` has `speed_mps`, which needs to know the ground: add `[ground]`")]
    NeedsGround(String),
    /// A calibration that is none.
    #[error("ground: {0}")]
    Ground(&'static str),
}

type Checked = Result<(), ConfigError>;

/// Whether all of it makes sense.
pub fn check(config: &Config) -> Checked {
    check_numbers(config)?;
    most("zones", config.zones.len(), MOST_PLACES)?;
    most("lines", config.lines.len(), MOST_PLACES)?;
    check_names(config)?;
    config.zones.iter().try_for_each(|zone| check_zone(config, zone))?;
    config.lines.iter().try_for_each(|line| check_line(config, line))?;
    if let Some(ground) = &config.ground {
        Ground::new(ground).map_err(ConfigError::Ground)?;
    }
    match &config.heat {
        Some(heat) => {
            within("heat.columns", heat.columns.into(), 1.0, 256.0, "1 to 256")?;
            within("heat.rows", heat.rows.into(), 1.0, 256.0, "1 to 256")?;
            heat.half_life_s.map_or(Ok(()), |value| some_time("heat.half_life_s", value))?;
            classes(config, "heat", &heat.classes).map(drop)
        }
        None => Ok(()),
    }
}

fn check_numbers(config: &Config) -> Checked {
    within("aspect", config.aspect.into(), 0.01, 100.0, "width over height, 0.01 to 100")?;
    within("settle", config.settle.into(), 1.0, 100.0, "1 to 100 pictures")?;
    within("travel", config.travel.into(), 0.0, 1.0, "a fraction of the picture, 0 to 1")?;
    time("grace_s", config.grace_s)?;
    time("grace_still_s", config.grace_still_s)?;
    some_time("gap_s", config.gap_s)?;
    config.report_s.map_or(Ok(()), |value| some_time("report_s", value))
}

fn check_names(config: &Config) -> Checked {
    let zones = config.zones.iter().zip(1..).map(|(zone, number)| ("zone", number, &zone.name));
    let lines = config.lines.iter().zip(1..).map(|(line, number)| ("line", number, &line.name));
    let mut names = BTreeSet::new();
    for (what, number, name) in zones.chain(lines) {
        if name.trim().is_empty() {
            return Err(ConfigError::NoName { what, number });
        }
        most(&format!("characters in the name of {what} {number}"), name.chars().count(), 100)?;
        if !names.insert(name) {
            return Err(ConfigError::Twice(name.clone()));
        }
    }
    Ok(())
}

fn check_zone(config: &Config, zone: &ZoneConfig) -> Checked {
    let name = || zone.name.clone();
    if zone.points.len() < 3 {
        return Err(ConfigError::FewPoints { name: name(), count: zone.points.len() });
    }
    most(&format!("points in zone `{}`", zone.name), zone.points.len(), MOST_POINTS)?;
    zone.points.iter().try_for_each(|point| inside(&zone.name, *point))?;
    let area = polygon(&zone.points, config.aspect);
    // What lies on one line touches itself too; that it has no area says more.
    if area.size() < LEAST_SIZE && zone.points.len() == 3 {
        return Err(ConfigError::Flat(name()));
    }
    if let Some((one, other)) = area.crosses_itself() {
        return Err(ConfigError::CrossesItself { name: name(), one, other });
    }
    if area.size() < LEAST_SIZE {
        return Err(ConfigError::Flat(name()));
    }
    classes(config, &zone.name, &zone.classes)?;
    let key = |key: &str| format!("{key} of zone `{}`", zone.name);
    settle(&key("settle"), zone.settle)?;
    time(&key("crowd_s"), zone.crowd_s)?;
    zone.absent_s.map_or(Ok(()), |value| some_time(&key("absent_s"), value))?;
    within(&key("crowd"), zone.crowd.unwrap_or(1).into(), 1.0, 1e6, "at least 1")?;
    within(&key("speed_mps"), zone.speed_mps.unwrap_or(1.0).into(), 0.01, 1_000.0, "0.01 to 1000 metres a second")?;
    if zone.speed_mps.is_some() && config.ground.is_none() {
        return Err(ConfigError::NeedsGround(name()));
    }
    match &zone.dwell_s {
        None => Ok(()),
        Some(PerClass::All(seconds)) => some_time(&key("dwell_s"), *seconds),
        Some(PerClass::Each(each)) => each.iter().try_for_each(|(class, seconds)| {
            some_time(&key(&format!("dwell_s.{class}")), *seconds)?;
            if class == "*" { Ok(()) } else { number(config, &zone.name, &ClassName::Name(class.clone())).map(drop) }
        }),
    }
}

fn check_line(config: &Config, line: &LineConfig) -> Checked {
    inside(&line.name, line.from)?;
    inside(&line.name, line.to)?;
    if segment(line, config.aspect).length() < LEAST_LENGTH {
        return Err(ConfigError::NoLength(line.name.clone()));
    }
    classes(config, &line.name, &line.classes)?;
    settle(&format!("settle of line `{}`", line.name), line.settle)?;
    let travel = line.travel.unwrap_or(0.0).into();
    within(&format!("travel of line `{}`", line.name), travel, 0.0, 1.0, "a fraction of the picture, 0 to 1")
}

/// The area of these points, in heights of the picture.
pub fn polygon(points: &[[f32; 2]], aspect: f32) -> Polygon {
    Polygon::new(points.iter().map(|[x, y]| in_heights(Point { x: *x, y: *y }, aspect)).collect())
}

/// Where a line is, in heights of the picture.
pub fn segment(line: &LineConfig, aspect: f32) -> Segment {
    let at = |[x, y]: [f32; 2]| in_heights(Point { x, y }, aspect);
    Segment { from: at(line.from), to: at(line.to) }
}

/// Numbers of these classes, in order.
pub fn classes(config: &Config, name: &str, classes: &[ClassName]) -> Result<Vec<u16>, ConfigError> {
    let mut numbers = classes.iter().map(|class| number(config, name, class)).collect::<Result<Vec<u16>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The number of a class: of the label of that name, or the number that is written there.
pub fn number(config: &Config, name: &str, class: &ClassName) -> Result<u16, ConfigError> {
    let text = match class {
        ClassName::Number(number) => return Ok(*number),
        ClassName::Name(text) => text,
    };
    let label = config.labels.iter().position(|label| label == text).and_then(|at| u16::try_from(at).ok());
    label.or_else(|| text.parse().ok()).ok_or_else(|| ConfigError::UnknownClass {
        name: name.to_owned(),
        class: text.chars().take(100).collect(),
        known: match config.labels.len() {
            0 => "them by number alone".to_owned(),
            count => {
                let some = config.labels.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
                if count > 12 { format!("{some} and {} more", count - 12) } else { some }
            }
        },
    })
}

fn inside(name: &str, [x, y]: [f32; 2]) -> Checked {
    let fits = (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y);
    if fits { Ok(()) } else { Err(ConfigError::Outside { name: name.to_owned(), x, y }) }
}

fn most(what: &str, count: usize, most: usize) -> Checked {
    if count <= most { Ok(()) } else { Err(ConfigError::TooMany { what: what.to_owned(), count, most }) }
}

fn within(key: &str, value: f64, least: f64, most: f64, must: &'static str) -> Checked {
    let fits = (least..=most).contains(&value);
    if fits { Ok(()) } else { Err(ConfigError::Number { key: key.to_owned(), value, must }) }
}

fn settle(key: &str, value: Option<u8>) -> Checked {
    within(key, value.unwrap_or(1).into(), 1.0, 100.0, "1 to 100 pictures")
}

fn time(key: &str, seconds: f32) -> Checked {
    within(key, seconds.into(), 0.0, MOST_SECONDS.into(), "a time in seconds")
}

fn some_time(key: &str, seconds: f32) -> Checked {
    within(key, seconds.into(), 0.001, MOST_SECONDS.into(), "a time in seconds, more than 0")
}
