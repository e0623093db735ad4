//! A zone and a line, ready to be watched, and their numbers.

use super::check::{classes, number, polygon, segment};
use super::config::{Anchor, ClassName, Config, Directions, LineConfig, PerClass, ZoneConfig};
use super::event::{LineCounts, ZoneCounts};
use super::geometry::{Polygon, Segment};
use super::line::Direction;
use super::{ConfigError, ms};

/// Classes that count; none: all.
#[derive(Debug, Default)]
pub struct Filter(Vec<u16>);

impl Filter {
    /// Of these classes.
    pub fn new(config: &Config, name: &str, names: &[ClassName]) -> Result<Filter, ConfigError> {
        classes(config, name, names).map(Filter)
    }

    /// Whether a class counts.
    pub fn has(&self, class: u16) -> bool {
        self.0.is_empty() || self.0.binary_search(&class).is_ok()
    }
}

/// An area that is watched.
#[derive(Debug)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Where it is, in heights of the picture.
    pub area: Polygon,
    /// Classes that count.
    pub filter: Filter,
    /// The point that must be inside.
    pub anchor: Anchor,
    /// In so many pictures.
    pub settle: u8,
    /// A greater speed is told.
    pub speed_mps: Option<f32>,
    /// Whether routes begin and end here.
    pub route: bool,
    /// Its numbers.
    pub counts: ZoneCounts,
    dwell_ms: Vec<(u16, u64)>,
    dwell_other_ms: Option<u64>,
    crowd: Option<u64>,
    crowd_ms: u64,
    absent_ms: Option<u64>,
    crowded: bool,
    crowd_changes: Option<u64>,
    absent: bool,
    empty_since: Option<u64>,
}

/// What a look at all things of a zone tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Watched {
    /// A crowd begins or ends, of so many.
    Crowd(bool, u64),
    /// Absence begins or ends, after so long, in ms.
    Absent(bool, u64),
}

impl Zone {
    /// As the settings say.
    pub fn new(config: &Config, zone: &ZoneConfig) -> Result<Zone, ConfigError> {
        let (mut dwell_ms, mut dwell_other_ms) = (Vec::new(), None);
        match &zone.dwell_s {
            None => {}
            Some(PerClass::All(seconds)) => dwell_other_ms = Some(ms(*seconds)),
            Some(PerClass::Each(each)) => {
                dwell_other_ms = each.get("*").map(|seconds| ms(*seconds));
                for (class, seconds) in each.iter().filter(|(class, _)| *class != "*") {
                    dwell_ms.push((number(config, &zone.name, &ClassName::Name(class.clone()))?, ms(*seconds)));
                }
            }
        }
        Ok(Zone {
            name: zone.name.clone(),
            area: polygon(&zone.points, config.aspect),
            filter: Filter::new(config, &zone.name, &zone.classes)?,
            anchor: zone.anchor,
            settle: zone.settle.unwrap_or(config.settle),
            speed_mps: zone.speed_mps,
            route: zone.route,
            counts: ZoneCounts { name: zone.name.clone(), ..ZoneCounts::default() },
            dwell_ms,
            dwell_other_ms,
            crowd: zone.crowd.map(u64::from),
            crowd_ms: ms(zone.crowd_s),
            absent_ms: zone.absent_s.map(ms),
            crowded: false,
            crowd_changes: None,
            absent: false,
            empty_since: None,
        })
    }

    /// How long a thing of that class must be inside to dwell.
    pub fn dwell_ms(&self, class: u16) -> Option<u64> {
        let own = self.dwell_ms.iter().find(|(of, _)| *of == class).map(|(_, dwell)| *dwell);
        own.or(self.dwell_other_ms)
    }

    /// It is known how many are inside now. Tells when that began or ended something.
    pub fn watch(&mut self, now_ms: u64) -> [Option<(u64, Watched)>; 2] {
        let count = self.counts.now.total();
        [self.watch_crowd(now_ms, count), self.watch_absence(now_ms, count)]
    }

    fn watch_crowd(&mut self, now_ms: u64, count: u64) -> Option<(u64, Watched)> {
        let changes = self.crowd.is_some_and(|crowd| (count >= crowd) != self.crowded);
        if !changes {
            self.crowd_changes = None;
            return None;
        }
        let since = *self.crowd_changes.get_or_insert(now_ms);
        if now_ms.saturating_sub(since) < self.crowd_ms {
            return None;
        }
        (self.crowded, self.crowd_changes) = (!self.crowded, None);
        Some((since, Watched::Crowd(self.crowded, count)))
    }

    fn watch_absence(&mut self, now_ms: u64, count: u64) -> Option<(u64, Watched)> {
        let absent_ms = self.absent_ms?;
        let since = *self.empty_since.get_or_insert(now_ms);
        let empty_ms = now_ms.saturating_sub(since);
        if count > 0 {
            self.empty_since = Some(now_ms);
            return std::mem::take(&mut self.absent).then_some((now_ms, Watched::Absent(false, empty_ms)));
        }
        if self.absent || empty_ms < absent_ms {
            return None;
        }
        self.absent = true;
        Some((now_ms, Watched::Absent(true, empty_ms)))
    }

    /// Nothing was seen for a while: nobody knows whether somebody was there.
    pub fn forget(&mut self) {
        self.crowd_changes = None;
        if !self.absent {
            self.empty_since = None;
        }
    }
}

/// A line that is watched.
#[derive(Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Where it is, in heights of the picture.
    pub line: Segment,
    /// Classes that count.
    pub filter: Filter,
    /// The point that crosses it.
    pub anchor: Anchor,
    /// In so many pictures a side must be held.
    pub settle: u8,
    /// Least way across, in heights of the picture.
    pub travel: f32,
    /// Whether routes begin and end here.
    pub route: bool,
    /// Its numbers.
    pub counts: LineCounts,
    directions: Directions,
}

impl Line {
    /// As the settings say.
    pub fn new(config: &Config, line: &LineConfig) -> Result<Line, ConfigError> {
        Ok(Line {
            name: line.name.clone(),
            line: segment(line, config.aspect),
            filter: Filter::new(config, &line.name, &line.classes)?,
            anchor: line.anchor,
            settle: line.settle.unwrap_or(config.settle),
            travel: line.travel.unwrap_or(config.travel),
            route: line.route,
            counts: LineCounts { name: line.name.clone(), ..LineCounts::default() },
            directions: line.direction,
        })
    }

    /// Whether it counts that way.
    pub fn counts(&self, direction: Direction) -> bool {
        match self.directions {
            Directions::Both => true,
            Directions::In => direction == Direction::In,
            Directions::Out => direction == Direction::Out,
        }
    }
}

/// How far from a line or border a box of that height is clear of it: half the least way, or what boxes tremble by.
pub fn clear(travel: f32, height: f32) -> f32 {
    const TREMBLES: f32 = 0.05;
    (travel / 2.0).max(TREMBLES * height)
}
