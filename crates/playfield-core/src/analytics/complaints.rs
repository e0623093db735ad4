//! What people complained of in other counters, each as a test: threads of supervision, opendatacam, frigate, tile38 and others.

use super::*;
use crate::metadata::{Object, Point, Rect};
use crate::sim::Random;
use crate::time::Time;
use crate::track::{self, Tracker};

const PERSON: u16 = 0;
const CAR: u16 = 1;

/// A line across the middle of the picture that ends before its edges; up is in.
const GATE: &str = "[[line]]\nname = 'gate'\nfrom = [0.2, 0.5]\nto = [0.8, 0.5]\n";
/// The upper half of the picture.
const YARD: &str = "[[zone]]\nname = 'yard'\npoints = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.5], [0.0, 0.5]]\n";

/// A camera, and all that was told of its pictures.
struct Camera {
    analytics: Analytics,
    events: Vec<Event>,
    ms: u64,
    frame: u64,
}

/// A thing that stands there.
fn thing(track: impl Into<Option<u64>>, class: u16, x: f32, y: f32, height: f32) -> Object {
    let area = Rect::around(Point { x, y: y - height / 2.0 }, 0.08, height);
    Object { class, score: 0.9, area, track: track.into(), ..Object::default() }
}

impl Camera {
    fn new(settings: &str) -> Camera {
        let config: Config = toml::from_str(&format!("labels = ['person', 'car']\n{settings}")).unwrap();
        let analytics = Analytics::new(&config).unwrap();
        Camera { analytics, events: Vec::new(), ms: 1_700_000_000_000, frame: 0 }
    }

    fn see(&mut self, after_ms: u64, objects: Vec<Object>) {
        self.ms += after_ms;
        self.frame += 1;
        let picture = Metadata { frame: self.frame, time_ms: self.ms, objects, ..Metadata::default() };
        self.analytics.update(&picture, &mut self.events);
    }

    /// A thing of that number goes from height to height, sideways too if it should, in so many pictures.
    fn walk(&mut self, track: u64, class: u16, from: (f32, f32), to: (f32, f32), pictures: u32) {
        for n in 0..=pictures {
            let share = n as f32 / pictures as f32;
            let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            self.see(100, vec![thing(track, class, x, y, 0.2)]);
        }
    }

    /// How many of a class crossed the gate in, and out.
    fn crossed(&self, class: u16) -> (u64, u64) {
        let line = &self.analytics.counts().lines[0];
        (line.came.of(class), line.left.of(class))
    }

    /// How many are in the first zone.
    fn inside(&self) -> u64 {
        self.analytics.counts().zones[0].now.total()
    }

    fn names(&self) -> Vec<&'static str> {
        let name = |event: &Event| match event.what {
            What::Cross { direction: Direction::In, .. } => "in",
            What::Cross { .. } => "out",
            What::Enter { .. } => "enter",
            What::Leave { vanished: true, .. } => "vanish",
            What::Leave { .. } => "leave",
            What::Dwell { .. } => "dwell",
            What::Crowd { begins: true, .. } => "crowd",
            What::Crowd { .. } => "no crowd",
            What::Absent { begins: true, .. } => "absent",
            What::Absent { .. } => "present",
            What::Speed { .. } => "speed",
            What::Count { .. } => "count",
            What::Route { .. } => "route",
            What::Gap { .. } => "gap",
            What::App { .. } => "app",
        };
        self.events.iter().map(name).collect()
    }
}

#[test]
fn c01_a_box_that_is_on_the_other_side_for_one_picture_did_not_cross() {
    let mut camera = Camera::new(GATE);
    for y in [0.6, 0.6, 0.6, 0.4, 0.6, 0.6, 0.6] {
        camera.see(100, vec![thing(1, CAR, 0.5, y, 0.2)]);
    }
    // The same while it drives along the line.
    for n in 0..60 {
        let y = if n % 7 == 3 { 0.42 } else { 0.56 };
        camera.see(100, vec![thing(2, CAR, 0.2 + n as f32 * 0.01, y, 0.2)]);
    }
    assert_eq!(camera.crossed(CAR), (0, 0));
}

#[test]
fn c02_boxes_without_a_number_on_alternating_sides_are_no_crossing() {
    let mut camera = Camera::new(GATE);
    for y in [0.2, 0.9, 0.2, 0.9, 0.2, 0.9] {
        camera.see(100, vec![thing(None, CAR, 0.5, y, 0.2)]);
    }
    assert_eq!((camera.crossed(CAR), camera.analytics.things()), ((0, 0), 0));
}

#[test]
fn c03_a_car_that_stands_on_the_line_for_four_hours_and_changes_its_number_counts_nothing() {
    for seed in 0..5 {
        let mut random = Random::new(seed);
        let mut camera = Camera::new(GATE);
        for n in 0..4 * 3_600 * 5 {
            // Boxes tremble by 7 % of their size, and one in forty is somewhere near.
            let by = if random.chance(25) { 0.06 } else { 0.015 };
            let mut tremble = |size: f32| (random.below(2_001) as f32 / 1_000.0 - 1.0) * size;
            let car = thing(1 + n / 193, CAR, 0.5 + tremble(by * 0.4), 0.5 + tremble(by), 0.2);
            camera.see(200, if n % 17 == 0 { Vec::new() } else { vec![car] });
        }
        assert_eq!(camera.crossed(CAR), (0, 0), "{seed}");
    }
}

#[test]
fn c04_a_box_that_jumps_back_while_its_car_stands_counts_nothing_the_other_way() {
    let mut camera = Camera::new(GATE);
    camera.walk(1, CAR, (0.5, 0.8), (0.5, 0.45), 20);
    for n in 0..300 {
        let y = if n % 50 > 46 { 0.56 } else { 0.45 };
        camera.see(100, vec![thing(1, CAR, 0.5, y, 0.2)]);
    }
    assert_eq!(camera.crossed(CAR), (1, 0));
    camera.walk(1, CAR, (0.5, 0.45), (0.5, 0.8), 20);
    assert_eq!(camera.crossed(CAR), (1, 1), "and when it does go back, it counts");
}

#[test]
fn c05_a_way_beyond_the_end_of_the_line_does_not_cross_it() {
    let mut camera = Camera::new(GATE);
    camera.walk(1, CAR, (0.9, 0.8), (0.9, 0.2), 20);
    camera.walk(2, CAR, (0.1, 0.2), (0.1, 0.8), 20);
    // Around the end, and back over the line: once.
    camera.walk(3, CAR, (0.9, 0.8), (0.9, 0.2), 20);
    camera.walk(3, CAR, (0.9, 0.2), (0.5, 0.2), 20);
    camera.walk(3, CAR, (0.5, 0.2), (0.5, 0.8), 20);
    assert_eq!(camera.crossed(CAR), (0, 1));
}

#[test]
fn c06_the_point_that_crosses_can_be_chosen_and_is_where_a_thing_stands() {
    let check = |anchor: &str, expect| {
        let mut camera = Camera::new(&format!("{GATE}{anchor}"));
        // A lorry whose foot comes up to 0.4, and whose middle and top are above the line all along.
        for n in 0..=20 {
            camera.see(100, vec![thing(1, CAR, 0.5, 0.64 - n as f32 * 0.012, 0.5)]);
        }
        assert_eq!(camera.crossed(CAR), expect, "{anchor}");
    };
    check("", (1, 0));
    check("anchor = 'bottom'", (1, 0));
    check("anchor = 'bottom-left'", (1, 0));
    check("anchor = 'middle'", (0, 0));
    check("anchor = 'top'", (0, 0));
}

#[test]
fn c07_a_number_that_another_class_gets_later_leaves_both_classes_right() {
    // Another thing, elsewhere: it did not cross.
    let mut camera = Camera::new(&format!("{GATE}\n{YARD}"));
    camera.walk(1, CAR, (0.5, 0.9), (0.5, 0.7), 10);
    camera.walk(1, PERSON, (0.7, 0.1), (0.75, 0.3), 10);
    assert_eq!((camera.crossed(CAR), camera.crossed(PERSON)), ((0, 0), (0, 0)));
    // One thing that is called otherwise for a while: it is what it was called most.
    let mut camera = Camera::new(&format!("{GATE}\n{YARD}"));
    camera.walk(1, CAR, (0.5, 0.9), (0.5, 0.6), 30);
    camera.walk(1, PERSON, (0.5, 0.6), (0.5, 0.45), 8);
    camera.walk(1, CAR, (0.5, 0.45), (0.5, 0.1), 20);
    assert_eq!((camera.crossed(CAR), camera.crossed(PERSON)), ((1, 0), (0, 0)));
    // And where the vote does turn, those inside are still as many as there are.
    camera.walk(1, PERSON, (0.5, 0.1), (0.5, 0.3), 120);
    let zone = &camera.analytics.counts().zones[0];
    assert_eq!((zone.now.of(CAR), zone.now.of(PERSON)), (0, 1));
}

#[test]
fn c08_all_lines_and_zones_that_one_step_crosses_count() {
    let second = "[[line]]\nname = 'second'\nfrom = [0.2, 0.45]\nto = [0.8, 0.45]\n";
    let strip = "[[zone]]\nname = 'strip'\npoints = [[0.2, 0.4], [0.8, 0.4], [0.8, 0.55], [0.2, 0.55]]\n";
    let mut camera = Camera::new(&format!("{GATE}{second}{strip}"));
    for y in [0.95, 0.85, 0.75, 0.65, 0.25, 0.15, 0.1] {
        camera.see(500, vec![thing(1, CAR, 0.5, y, 0.1), thing(2, CAR, 0.3, y, 0.1)]);
    }
    assert_eq!(camera.names(), ["enter", "enter", "in", "in", "in", "in", "leave", "leave"], "in order of time");
    let counts = camera.analytics.counts();
    assert_eq!(counts.lines.iter().map(|line| line.came.total()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!((counts.zones[0].came.total(), counts.zones[0].left.total(), camera.inside()), (2, 2, 0));
}

#[test]
fn c09_a_parked_car_that_is_hidden_and_seen_again_is_nothing_new() {
    let mut tracker = Tracker::new(track::Config::default());
    let mut camera = Camera::new(&format!("{GATE}{YARD}"));
    let mut random = Random::new(6);
    for n in 0..1_200 {
        let mut tremble = || (random.below(101) as f32 - 50.0) * 0.0001;
        let mut objects = vec![thing(None, CAR, 0.5 + tremble(), 0.48 + tremble(), 0.2)];
        if (200..600).contains(&n) {
            objects.clear();
        }
        tracker.update(Time::from_millis(n * 50), &mut objects);
        camera.see(50, objects);
    }
    assert_eq!(camera.names(), ["enter"]);
    assert_eq!((camera.inside(), camera.crossed(CAR)), (1, (0, 0)));
}

#[test]
fn c10_each_event_has_the_number_the_class_and_counts_in_and_out_of_all_classes() {
    let mut camera = Camera::new(GATE);
    camera.walk(1, CAR, (0.5, 0.8), (0.5, 0.2), 20);
    camera.walk(2, PERSON, (0.4, 0.8), (0.4, 0.2), 20);
    camera.walk(3, CAR, (0.6, 0.2), (0.6, 0.8), 20);
    let event = camera.events.last().unwrap();
    let thing = event.thing.as_ref().unwrap();
    assert_eq!((thing.track, thing.class), (3, CAR));
    let count = |class, came, left| PlaceCount { class, came, left, now: None };
    assert_eq!(event.counts, [count(PERSON, 1, 0), count(CAR, 1, 1)]);
    let text = serde_json::to_value(event).unwrap();
    assert_eq!((&text["event"], &text["direction"]), (&"cross".into(), &"out".into()));
    assert_eq!(text["counts"][1], serde_json::json!({"class": 1, "in": 1, "out": 1}));
    assert_eq!(serde_json::from_value::<Event>(text).unwrap(), *event);
}

#[test]
fn c11_two_pictures_a_second_are_enough_and_a_gap_is_told() {
    let mut tracker = Tracker::new(track::Config::default());
    let mut camera = Camera::new(GATE);
    for n in 0..8u64 {
        let mut objects = vec![thing(None, CAR, 0.5, 0.95 - n as f32 * 0.1, 0.15)];
        tracker.update(Time::from_millis(n * 500), &mut objects);
        camera.see(500, objects);
    }
    assert_eq!((camera.names(), camera.crossed(CAR)), (vec!["in"], (1, 0)));
    camera.see(12_000, Vec::new());
    assert_eq!(camera.events.last().unwrap().what, What::Gap { seconds: 12.0 });
}

#[test]
fn c12_who_stays_dwells_after_the_time_of_its_class_and_leaves_with_when_and_how_long() {
    let settings = format!("{YARD}dwell_s = {{ car = 3, person = 15 }}");
    let mut camera = Camera::new(&settings);
    camera.walk(1, PERSON, (0.1, 0.8), (0.1, 0.45), 35);
    // Sixteen seconds up and down inside.
    (0..4).for_each(|_| camera.walk(1, PERSON, (0.1, 0.45), (0.5, 0.2), 40));
    camera.walk(1, PERSON, (0.1, 0.45), (0.1, 0.8), 35);
    assert_eq!(camera.names(), ["enter", "dwell", "leave"]);
    let What::Dwell { seconds, entered_ms, .. } = camera.events[1].what else { panic!() };
    assert_eq!((seconds, entered_ms), (15.0, camera.events[0].time_ms));
    let What::Leave { seconds, entered_ms, .. } = camera.events[2].what else { panic!() };
    assert!((16.0..20.0).contains(&seconds), "{seconds}");
    assert_eq!(entered_ms, camera.events[0].time_ms);
    assert_eq!(camera.events[2].time_ms - entered_ms, (seconds * 1_000.0).round() as u64);

    let mut camera = Camera::new(&settings);
    (0..31).for_each(|_| camera.see(100, vec![thing(1, CAR, 0.5, 0.3, 0.2), thing(2, PERSON, 0.2, 0.3, 0.2)]));
    assert_eq!(camera.names(), ["enter", "enter", "dwell"], "the car alone");
}

#[test]
fn c13_what_vanishes_inside_is_inside_no_more_after_a_while() {
    let mut camera = Camera::new(&format!("grace_s = 2\ngrace_still_s = 10\n{YARD}"));
    let check = |camera: &mut Camera, after_ms: u64, inside: u64| {
        (0..after_ms / 100).for_each(|_| camera.see(100, Vec::new()));
        assert_eq!(camera.inside(), inside, "{after_ms}");
    };
    camera.walk(1, PERSON, (0.2, 0.8), (0.2, 0.2), 30);
    check(&mut camera, 1_900, 1);
    check(&mut camera, 300, 0);
    assert_eq!(camera.names(), ["enter", "vanish"]);
    (0..50).for_each(|_| camera.see(100, vec![thing(2, PERSON, 0.5, 0.3, 0.2)]));
    check(&mut camera, 9_900, 1);
    check(&mut camera, 300, 0);
}

#[test]
fn c14_from_where_to_where_things_went_is_a_table_of_places() {
    let left = "[[zone]]\nname = 'left'\npoints = [[0.0, 0.7], [0.3, 0.7], [0.3, 1.0], [0.0, 1.0]]\n";
    let right = "[[zone]]\nname = 'right'\npoints = [[0.7, 0.7], [1.0, 0.7], [1.0, 1.0], [0.7, 1.0]]\n";
    let mut camera = Camera::new(&format!("{GATE}{left}{right}"));
    camera.walk(1, CAR, (0.15, 0.9), (0.85, 0.9), 30);
    camera.walk(2, CAR, (0.15, 0.9), (0.85, 0.9), 30);
    camera.walk(3, CAR, (0.15, 0.9), (0.5, 0.8), 15);
    camera.walk(3, CAR, (0.5, 0.8), (0.5, 0.3), 15);
    camera.walk(4, CAR, (0.85, 0.9), (0.9, 0.8), 15);
    (0..400).for_each(|_| camera.see(100, Vec::new()));
    let routes = camera.analytics.counts().routes;
    let table: Vec<_> = routes.iter().map(|it| (it.from.as_str(), it.to.as_str(), it.count.of(CAR))).collect();
    assert_eq!(table, [("left", "right", 2), ("left", "gate", 1)]);
    assert_eq!(camera.names().iter().filter(|name| **name == "route").count(), 3);
}

#[test]
fn c15_each_event_has_the_zones_whether_the_thing_moves_and_its_speed() {
    let settings = format!("aspect = 1.0\n{YARD}speed_mps = 2.0\n{GATE}[ground]\nsize_m = [40.0, 40.0]\n");
    let mut camera = Camera::new(&settings);
    // 0.6 of 40 m in 6 s.
    camera.walk(1, CAR, (0.5, 0.8), (0.5, 0.2), 60);
    assert_eq!(camera.names(), ["enter", "speed", "in"]);
    let things: Vec<&Thing> = camera.events.iter().map(|event| event.thing.as_ref().unwrap()).collect();
    assert!(things.iter().all(|thing| thing.moves && (thing.speed_mps.unwrap() - 4.0).abs() < 0.1), "{things:?}");
    assert!(things.iter().all(|thing| thing.zones == ["yard"]));
    assert_eq!(camera.events[0].counts[0].now, Some(1));
    let text = serde_json::to_value(&camera.events[2]).unwrap();
    assert_eq!(text["thing"]["zones"], serde_json::json!(["yard"]));
}
