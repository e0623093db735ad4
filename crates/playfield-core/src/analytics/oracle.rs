//! The same tracks, counted by supervision's LineZone and PolygonZone and by ours. `testdata/make.py` asked them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::*;
use crate::metadata::{Object, Rect};

#[derive(Deserialize)]
struct Oracle {
    lines: BTreeMap<String, [[f32; 2]; 2]>,
    zones: BTreeMap<String, Vec<[f32; 2]>>,
    sequences: BTreeMap<String, Theirs>,
}

#[derive(Deserialize)]
struct Theirs {
    crossed: BTreeMap<String, Vec<(u64, Direction)>>,
    inside: BTreeMap<String, Vec<(u64, u32)>>,
}

#[derive(Deserialize)]
struct Sequence {
    frames: Vec<Vec<[i32; 5]>>,
    supervision: Vec<Vec<u64>>,
}

fn ours(oracle: &Oracle, sequence: &Sequence) -> Vec<Event> {
    let zone = |(name, points): (&String, &Vec<[f32; 2]>)| ZoneConfig {
        name: name.clone(),
        points: points.clone(),
        ..ZoneConfig::default()
    };
    let line = |(name, [from, to]): (&String, &[[f32; 2]; 2])| LineConfig {
        name: name.clone(),
        from: *from,
        to: *to,
        ..LineConfig::default()
    };
    let (zones, lines) = (oracle.zones.iter().map(zone).collect(), oracle.lines.iter().map(line).collect());
    let mut analytics = Analytics::new(&Config { zones, lines, ..Config::default() }).unwrap();
    let mut events = Vec::new();
    for (frame, (boxes, numbers)) in (0u64..).zip(sequence.frames.iter().zip(&sequence.supervision)) {
        let object = |([left, top, right, bottom, score], number): (&[i32; 5], &u64)| {
            let [left, top, right, bottom, score] = [left, top, right, bottom, score].map(|it| *it as f32 / 1000.0);
            let area = Rect { left, top, right, bottom };
            Object { score, area, track: Some(*number).filter(|number| *number > 0), ..Object::default() }
        };
        let objects = boxes.iter().zip(numbers).map(object).collect();
        let picture = Metadata { frame, time_ms: 1_000_000 + frame * 1_000 / 30, objects, ..Metadata::default() };
        analytics.update(&picture, &mut events);
    }
    events
}

fn track(event: &Event) -> u64 {
    event.thing.as_ref().map_or(0, |thing| thing.track)
}

macro_rules! sequences {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("../track/testdata/", $name, ".json")))),*] };
}

/// Crossings that one alone counts.
const DIFFERENT: &[(&str, &str, u64)] = &[
    // Hidden for half a second on the line: they have forgotten it by then.
    ("occlusion", "slanted", 1),
    // Across, but the sequence ends before it is surely so: two pictures clear of the line, by more than boxes tremble.
    ("dense", "across", 22),
    ("dense", "slanted", 33),
    ("dense", "slanted", 38),
    // They begin as near to the line as boxes tremble: nobody knows from which side they came.
    ("dense", "down", 17),
    ("dense", "slanted", 11),
];

#[test]
fn lines_and_zones_count_what_a_known_library_counts() {
    let oracle: Oracle = serde_json::from_str(include_str!("testdata/counts.json")).unwrap();
    let (mut different, mut same) = (Vec::new(), 0);
    for (name, text) in sequences!["crossing", "occlusion", "crowd", "dense"] {
        let sequence: Sequence = serde_json::from_str(text).unwrap();
        let (events, theirs) = (ours(&oracle, &sequence), &oracle.sequences[name]);
        for (line, crossed) in &theirs.crossed {
            let ours = events.iter().filter_map(|event| match &event.what {
                What::Cross { line: of, direction } if of == line => Some((track(event), *direction == Direction::In)),
                _ => None,
            });
            let ours: BTreeSet<(u64, bool)> = ours.collect();
            let theirs = crossed.iter().map(|(track, direction)| (*track, *direction == Direction::In)).collect();
            different.extend(ours.symmetric_difference(&theirs).map(|(track, _)| (name, line.as_str(), *track)));
            same += ours.intersection(&theirs).count();
        }
        for (zone, inside) in &theirs.inside {
            let entered = events.iter().filter_map(|event| match &event.what {
                What::Enter { zone: of } if of == zone => Some(track(event)),
                _ => None,
            });
            let theirs: Vec<u64> = inside.iter().map(|(track, _)| *track).collect();
            assert_eq!(entered.collect::<BTreeSet<u64>>().into_iter().collect::<Vec<_>>(), theirs, "{name} {zone}");
        }
    }
    different.sort_unstable();
    let mut expected = DIFFERENT.to_vec();
    expected.sort_unstable();
    assert_eq!((different, same), (expected, 18));
}
