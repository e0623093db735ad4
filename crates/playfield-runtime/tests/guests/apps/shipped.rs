//! The apps that come along do what their descriptions say.

use std::path::Path;

use playfield_core::analytics::{Counts, LineCounts, Tally, ZoneCounts};
use playfield_core::app::{AppState, FILE};
use serde_json::{Value, json};

use super::*;

/// An app of the tree, beside a camera with these classes.
fn shipped(id: &str, config: Value, labels: &[&str]) -> App {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps").join(id);
    let manifest = Manifest::parse(&std::fs::read_to_string(folder.join(FILE)).unwrap()).unwrap();
    assert_eq!(manifest.id, id);
    let module = ENGINE.load_wasm(&std::fs::read(folder.join(&manifest.entry)).unwrap()).unwrap();
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    App::new(
        module,
        AppSetting { manifest, labels, model: String::new(), config: config.to_string(), pixels: false, hz: 15 },
    )
    .unwrap()
}

fn tally(of: &[(u16, u64)]) -> Tally {
    let mut tally = Tally::default();
    of.iter().for_each(|(class, count)| tally.add(*class, *count));
    tally
}

fn at(ms: u64, zones: Vec<ZoneCounts>, lines: Vec<LineCounts>) -> View {
    View { counts: Counts { zones, lines, routes: Vec::new() }, ..view(ms) }
}

fn zone(name: &str, now: &[(u16, u64)]) -> ZoneCounts {
    ZoneCounts { name: name.to_owned(), now: tally(now), ..ZoneCounts::default() }
}

fn line(name: &str, came: &[(u16, u64)], left: &[(u16, u64)]) -> LineCounts {
    LineCounts { name: name.to_owned(), came: tally(came), left: tally(left) }
}

#[test]
fn every_app_of_the_tree_can_be_opened_and_is_bounded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        let id = entry.file_name().into_string().unwrap();
        let mut app = shipped(&id, json!({}), &["person", "car"]);
        let made = app.see(view(0));
        assert!(
            matches!(made.reports.last(), Some(Report::App(status)) if status.state == AppState::Running),
            "{id}: {made:?}"
        );
        count += 1;
    }
    assert!(count >= 2);
}

#[test]
fn people_are_counted_apart_from_everything_else() {
    let mut app = shipped("people-counter", json!({ "line": "road", "zone": "crossing" }), &["person", "car", "truck"]);
    let mut see = |ms, came: &[(u16, u64)], left: &[(u16, u64)], now: &[(u16, u64)]| {
        let zones = vec![zone("pavement", &[(0, 9)]), zone("crossing", now)];
        emitted(&app.see(at(ms, zones, vec![line("far", &[(0, 50)], &[]), line("road", came, left)])))
    };
    let said = |people: [u64; 3], others: [u64; 3]| {
        json!({
            "people_in": people[0], "people_out": people[1], "people_now": people[2],
            "others_in": others[0], "others_out": others[1], "others_now": others[2],
        })
    };
    // What was counted before it came is no crossing.
    assert_eq!(see(0, &[(0, 3)], &[], &[(0, 1), (1, 2)]), [said([3, 0, 1], [0, 0, 2])]);
    assert!(see(400, &[(0, 3)], &[], &[]).is_empty(), "once a second");
    let mut crossing = said([4, 0, 1], [0, 0, 0]);
    crossing["crossed"] = json!("person");
    crossing["way"] = json!("in");
    assert_eq!(see(600, &[(0, 4)], &[], &[(0, 1)]), [crossing], "and at each crossing");
    let mut crossing = said([4, 0, 0], [0, 1, 0]);
    crossing["crossed"] = json!("truck");
    crossing["way"] = json!("out");
    assert_eq!(see(1_000, &[(0, 4)], &[(2, 1)], &[]), [crossing, said([4, 0, 0], [0, 1, 0])]);
}

#[test]
fn where_nothing_is_a_person_everything_is_counted() {
    let mut app = shipped("people-counter", json!({}), &["moving"]);
    let said = emitted(&app.see(at(0, vec![zone("z", &[(0, 2)])], vec![line("l", &[(0, 5)], &[])])));
    assert_eq!(
        (&said[0]["people_in"], &said[0]["people_now"], &said[0]["others_in"]),
        (&json!(5), &json!(2), &json!(0))
    );
    let without_places = emitted(&app.see(at(1_000, Vec::new(), Vec::new())));
    assert_eq!(without_places, [json!({})]);
}

#[test]
fn a_loading_bay_is_taken_by_a_vehicle_that_stays() {
    let mut app = shipped("loading-bay", json!({ "zone": "bay", "free_after_s": 5 }), &["person", "car", "truck"]);
    let mut see = |s: u64, now: &[(u16, u64)]| {
        emitted(&app.see(at(s * 1_000, vec![zone("street", &[(1, 4)]), zone("bay", now)], Vec::new())))
    };
    let said = |free: bool, seconds: u64, vehicles: u64| {
        vec![json!({ "free": free, "seconds": seconds, "vehicles": vehicles })]
    };
    let nothing = Vec::<Value>::new();
    assert_eq!(see(0, &[]), nothing);
    assert_eq!(see(2, &[(2, 1)]), nothing, "it has only just come");
    assert_eq!(see(3, &[]), nothing, "and was gone again");
    assert_eq!(see(4, &[(0, 3)]), nothing, "people take nothing");
    assert_eq!(see(8, &[(0, 1)]), nothing);
    assert_eq!(see(10, &[(2, 1)]), said(true, 10, 1), "every ten seconds");
    assert_eq!(see(13, &[(2, 1), (1, 1)]), said(false, 3, 2), "three seconds are enough");
    assert_eq!(see(14, &[]), nothing);
    assert_eq!(see(17, &[(2, 1)]), nothing, "it was hidden for a moment");
    assert_eq!(see(23, &[]), said(false, 13, 0));
    assert_eq!(see(28, &[]), said(true, 5, 0), "five seconds without one");
    // A clock that is set back stops nothing.
    assert_eq!(see(1, &[]), nothing);
    assert_eq!(see(11, &[]), said(true, 10, 0));
}
