//! Every call of the groups of edge apps.

use playfield_core::app::AppState;
use playfield_runtime::wasm::View;

use super::*;

#[test]
fn an_app_is_told_of_its_picture() {
    let body =
        "(call $say (call $frame)) (call $say (call $time_ms)) (call $say32 (call $size)) (call $say (call $time_us))";
    assert_eq!(says(body, view(33)), [41, 1_000_033, 640 | 360 << 16, 0]);
    let body =
        "(call $say32 (call $config (i32.const 2048) (i32.const 100))) (call $note (i32.const 2048) (i32.const 14))";
    assert_eq!(says(body, view(0)), [14]);
    assert_eq!(notes(body, view(0)), ["{\"zone\":\"bay\"}"]);
    let short = "(drop (call $config (i32.const 2048) (i32.const 3))) (call $note (i32.const 2048) (i32.const 4))";
    assert_eq!(notes(short, view(0)), ["{\"z\0"]);
}

#[test]
fn before_the_first_picture_there_is_none() {
    let start = "(func (export \"pf_init\") (if (i64.ne (call $frame) (i64.const 0)) (then unreachable))
          (if (i32.ne (call $objects (i32.const 0) (i32.const 9)) (i32.const 0)) (then unreachable))
          (if (i64.ne (call $count (i32.const 0) (i32.const 0) (i32.const -1)) (i64.const -1)) (then unreachable))
          (if (i32.ne (call $labels) (i32.const 2)) (then unreachable))) (func (export \"pf_tick\"))";
    open_app(&app(start)).unwrap();
    let early = "(func (export \"pf_init\") (call $say (i64.const 1))) (func (export \"pf_tick\"))";
    let error = open_app(&app(early)).err().unwrap();
    assert!(error.to_string().contains("before the first picture"), "{error}");
}

#[test]
fn objects_are_forty_bytes_each() {
    let body = "(call $say32 (call $objects (i32.const 2048) (i32.const 1)))
        (call $say (i64.load (i32.const 2048))) (call $say32 (i32.load (i32.const 2056)))
        (call $say32 (i32.trunc_f32_s (f32.mul (f32.load (i32.const 2060)) (f32.const 1000))))
        (call $say32 (i32.trunc_f32_s (f32.mul (f32.load (i32.const 2064)) (f32.const 1000))))
        (call $say32 (i32.trunc_f32_s (f32.mul (f32.load (i32.const 2076)) (f32.const 1000))))
        (call $say (i64.load (i32.const 2080))) (call $say (i64.load (i32.const 2088)))
        (drop (call $objects (i32.const 2048) (i32.const 5)))
        (call $say (i64.load (i32.const 2088))) (call $say32 (i32.load (i32.const 2096))) (call $say (i64.load (i32.const 2120)))";
    // Two there are, one is written; then both, of which the second has no number and is in no zone.
    assert_eq!(says(body, view(0)), [2, 9, 1, 500, 125, 750, 1, 0, 0, 0, 0]);
}

#[test]
fn classes_and_places_have_names_and_numbers() {
    let name = |call: &str| {
        let body = format!("(call $say32 {call}) (call $note (i32.const 2048) (i32.const 8))");
        (says(&body, view(0))[0], notes(&body, view(0))[0].trim_end_matches('\0').to_owned())
    };
    assert_eq!(name("(call $label (i32.const 0) (i32.const 2048) (i32.const 8))"), (6, "person".to_owned()));
    assert_eq!(name("(call $label (i32.const 2) (i32.const 2048) (i32.const 8))"), (-1, String::new()));
    assert_eq!(name("(call $label (i32.const -1) (i32.const 2048) (i32.const 8))"), (-1, String::new()));
    assert_eq!(name("(call $place (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 8))"), (3, "bay".to_owned()));
    assert_eq!(
        name("(call $place (i32.const 1) (i32.const 0) (i32.const 2048) (i32.const 8))"),
        (4, "road".to_owned())
    );
    assert_eq!(name("(call $place (i32.const 1) (i32.const 1) (i32.const 2048) (i32.const 8))"), (-1, String::new()));
    let count = |what: i32, nth: i32, class: i32| {
        let body = format!("(call $say (call $count (i32.const {what}) (i32.const {nth}) (i32.const {class})))");
        says(&body, view(0))[0]
    };
    for (what, class, expect) in
        [(0, -1, 2), (0, 1, 2), (0, 0, 0), (1, 1, 5), (2, -1, 3), (3, 0, 7), (3, 1, 0), (4, -1, 4), (4, 9, 0)]
    {
        assert_eq!(count(what, 0, class), expect, "{what} {class}");
    }
    assert_eq!([count(0, 1, -1), count(4, -1, -1)], [-1, -1]);
}

#[test]
fn events_and_counts_are_json() {
    let of = |call: &str| {
        let body = format!("(call $note (i32.const 2048) (call ${call} (i32.const 2048) (i32.const 4000)))");
        serde_json::from_str::<serde_json::Value>(&notes(&body, view(0))[0]).unwrap()
    };
    assert_eq!(of("events")[0]["event"], "enter");
    assert_eq!(of("events")[0]["zone"], "bay");
    assert_eq!(of("counts")["lines"][0]["name"], "road");
}

#[test]
fn pixels_come_only_where_manifest_and_camera_both_allow_them() {
    let body = "(call $say32 (call $pixels (i32.const 2048) (i32.const 2) (i32.const 2)))
        (call $say32 (i32.load (i32.const 2048))) (call $say32 (i32.load (i32.const 2060)))";
    let sees = |wants: bool, may: bool| {
        let manifest = manifest(FIELDS, if wants { "pixels = true" } else { "" });
        let mut app = beside(&looking(body), manifest, may);
        let made = app.see(view_of(0, |at| if at < 64 * 18 * 4 { 1 } else { 2 }));
        emitted(&made).iter().map(|value| value["n"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(sees(true, true), [0, 0x0101_0101, 0x0202_0202], "the upper half is ones, the lower one twos");
    for (wants, may) in [(true, false), (false, true), (false, false)] {
        assert_eq!(sees(wants, may), [-1, 0, 0]);
    }
}

#[test]
fn what_is_refused_has_a_code() {
    let code = |json: &str| {
        let text = json.replace('"', "\\\"");
        let data = format!("(data (i32.const 2048) \"{text}\")");
        let tick = format!(
            "(func (export \"pf_tick\") (call $say32 (call $emit (i32.const 2048) (i32.const {}))))",
            json.len()
        );
        let tick = open_app(&app(&format!("{data} {tick}"))).unwrap().see(view(0)).unwrap();
        (tick.emitted.last().unwrap()["n"].as_i64().unwrap(), tick.emitted.len(), tick.refused)
    };
    assert_eq!(code("{\"n\":5}"), (0, 2, 0));
    assert_eq!(code("[5]"), (-1, 1, 1));
    assert_eq!(code("{\"m\":5}"), (-2, 1, 1));
    assert_eq!(code("{\"n\":\"5\"}"), (-3, 1, 1));
    assert_eq!(code(&format!("{{\"n\":5{}}}", " ".repeat(5_000))), (-5, 1, 1));
}

#[test]
fn values_that_are_not_allowed_crash() {
    let fails = |body: &str, says: &str| {
        let error = open_app(&looking(body)).unwrap().see(view(0)).unwrap_err().to_string();
        assert!(error.contains(says), "{body}\n  says: {error}\n  not: {says}");
    };
    fails("(drop (call $emit (i32.const 262140) (i32.const 8)))", "outside its memory");
    fails("(drop (call $emit (i32.const 0) (i32.const -1)))", "outside its memory");
    fails("(drop (call $objects (i32.const 0) (i32.const -1)))", "room for -1 objects");
    fails("(drop (call $objects (i32.const 0) (i32.const 0x7fffffff)))", "outside its memory");
    fails("(drop (call $config (i32.const 262143) (i32.const 2)))", "outside its memory");
    fails("(drop (call $events (i32.const -1) (i32.const 2)))", "outside its memory");
    fails("(drop (call $counts (i32.const 0) (i32.const -1)))", "outside its memory");
    fails("(drop (call $label (i32.const 0) (i32.const 0) (i32.const 300000)))", "outside its memory");
    fails("(drop (call $place (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1)))", "kind 2");
    fails("(drop (call $count (i32.const 5) (i32.const 0) (i32.const 0)))", "infer.count: 5");
    for size in ["(i32.const 0) (i32.const 1)", "(i32.const 641) (i32.const 1)", "(i32.const 1) (i32.const -1)"] {
        fails(&format!("(drop (call $pixels (i32.const 0) {size}))"), "it is 1x1 to 640x480");
    }
    fails("(drop (call $pixels (i32.const 0) (i32.const 640) (i32.const 480)))", "outside its memory");
}

#[test]
fn an_app_that_is_done_is_not_called_again() {
    let mut app = beside(&looking("(call $say (i64.const 1)) (call $exit)"), manifest(FIELDS, ""), false);
    assert_eq!(emitted(&app.see(view(0))).len(), 1);
    let states: Vec<_> = (1..2_000).flat_map(|nth| app.see(view(nth * 100)).reports).collect();
    assert!(
        states.iter().all(|report| matches!(report, Report::App(status) if status.state == AppState::Done)),
        "{states:?}"
    );
}

#[test]
fn titles_and_apps_are_told_apart_by_name() {
    let why = refusal(&looking(""));
    assert!(why.to_string().contains("`playfield:camera@1`, which a title does not get: it is an edge app"), "{why}");
    for (group, function) in [
        ("video", "\"present\" (func (param i32 i32))"),
        ("audio", "\"wanted\" (func (result i32))"),
        ("input", "\"players\" (func (result i32))"),
        ("storage", "\"remove\" (func (param i32 i32) (result i32))"),
        ("timeline", "\"mode\" (func (param i32))"),
    ] {
        let import = format!("(import \"playfield:{group}@1\" {function})");
        let both = module(&format!("{import} {PRELUDE} (func (export \"pf_tick\"))"));
        let why = ENGINE.load_wasm(&both).err().unwrap().to_string();
        assert!(why.contains(&format!("`playfield:{group}@1`, which an edge app does not get")), "{why}");
        let alone = module(&format!("{import} (memory (export \"memory\") 1) (func (export \"pf_tick\"))"));
        let why = open_app(&alone).err().unwrap().to_string();
        assert!(why.contains(&format!("`playfield:{group}@1`, which an edge app does not get")), "{why}");
    }
    let cartridge = module("(import \"env\" \"memory\" (memory 1)) (func (export \"update\"))");
    assert!(open_app(&cartridge).err().unwrap().to_string().contains("WASM-4 cartridge"));
}

#[test]
fn the_same_pictures_are_answered_the_same() {
    let body = "(call $say (call $frame)) (drop (call $objects (i32.const 2048) (i32.const 9))) (call $say32 (i32.load (i32.const 2056)))";
    let run = || {
        let mut app = open_app(&looking(body)).unwrap();
        (0..20).map(|nth| app.see(View { now: Time::ZERO, ..view(nth) }).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
