//! Edge apps: every call, every refusal, every limit; and apps that try to take pictures out with them.

mod calls;
mod hostile;
mod shipped;
mod smuggling;

use playfield_core::analytics::{ClassCount, Counts, Event, LineCounts, Tally, What, ZoneCounts};
use playfield_core::app::Manifest;
use playfield_core::camera::{Report, Seen};
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::metadata::{Metadata, Object, Rect};
use playfield_core::time::Time;
use playfield_runtime::GuestError;
use playfield_runtime::camera::{App, AppSetting, Made};
use playfield_runtime::wasm::{AppRules, UploadTerms, View, WasmApp};

use crate::support::*;

/// Imports every function that apps get, and has four pages of memory; `$say` says a whole number in the field `n`, `$note` writes
/// bytes to the log.
const PRELUDE: &str = r#"
(import "playfield:host@1" "exit" (func $exit))
(import "playfield:host@1" "time_us" (func $time_us (result i64)))
(import "playfield:log@1" "write" (func $log (param i32 i32 i32)))
(import "playfield:camera@1" "frame" (func $frame (result i64)))
(import "playfield:camera@1" "time_ms" (func $time_ms (result i64)))
(import "playfield:camera@1" "size" (func $size (result i32)))
(import "playfield:camera@1" "config" (func $config (param i32 i32) (result i32)))
(import "playfield:camera@1" "pixels" (func $pixels (param i32 i32 i32) (result i32)))
(import "playfield:camera@1" "emit" (func $emit (param i32 i32) (result i32)))
(import "playfield:infer@1" "objects" (func $objects (param i32 i32) (result i32)))
(import "playfield:infer@1" "labels" (func $labels (result i32)))
(import "playfield:infer@1" "label" (func $label (param i32 i32 i32) (result i32)))
(import "playfield:infer@1" "place" (func $place (param i32 i32 i32 i32) (result i32)))
(import "playfield:infer@1" "count" (func $count (param i32 i32 i32) (result i64)))
(import "playfield:infer@1" "events" (func $events (param i32 i32) (result i32)))
(import "playfield:infer@1" "counts" (func $counts (param i32 i32) (result i32)))
(memory (export "memory") 4)
(func $digits (param $v i64) (param $at i32) (result i32)
  (loop $more
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (i32.store8 (local.get $at) (i32.wrap_i64 (i64.add (i64.const 48) (i64.rem_u (local.get $v) (i64.const 10)))))
    (local.set $v (i64.div_u (local.get $v) (i64.const 10)))
    (br_if $more (i64.ne (local.get $v) (i64.const 0))))
  (local.get $at))
(func $say (param $v i64) (local $at i32)
  (i32.store8 (i32.const 1023) (i32.const 125))
  (if (i64.ge_s (local.get $v) (i64.const 0))
    (then (local.set $at (call $digits (local.get $v) (i32.const 1023))))
    (else
      (local.set $at (i32.sub (call $digits (i64.sub (i64.const 0) (local.get $v)) (i32.const 1023)) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.const 45))))
  (local.set $at (i32.sub (local.get $at) (i32.const 5)))
  (i32.store (local.get $at) (i32.const 0x226e227b))
  (i32.store8 offset=4 (local.get $at) (i32.const 58))
  (if (call $emit (local.get $at) (i32.sub (i32.const 1024) (local.get $at))) (then unreachable)))
(func $say32 (param $v i32) (call $say (i64.extend_i32_s (local.get $v))))
(func $note (param $at i32) (param $len i32) (call $log (i32.const 2) (local.get $at) (local.get $len)))
"#;

/// What the test apps declare; `n` is what `$say` says.
const FIELDS: &str = "n = { kind = 'integer', min = -1000000000, max = 1000000000 }";

/// An app from the rest of its text.
fn app(text: &str) -> Vec<u8> {
    module(&format!("{PRELUDE} {text}"))
}

/// An app from the body of its tick.
fn looking(body: &str) -> Vec<u8> {
    app(&format!("(func (export \"pf_tick\") {body})"))
}

fn manifest(fields: &str, more: &str) -> Manifest {
    let head = "id = 'test'\nname = 'Test'\nentry = 'test.wasm'";
    Manifest::parse(&format!("{head}\n{more}\n[output]\nbytes_per_minute = 65536\n[output.fields]\n{fields}\n"))
        .unwrap()
}

fn labels() -> Vec<String> {
    ["person", "car"].map(str::to_owned).to_vec()
}

/// Opens an app that may say `FIELDS`.
fn open_app(wasm: &[u8]) -> Result<WasmApp, GuestError> {
    let manifest = manifest(FIELDS, "");
    ENGINE.load_wasm(wasm)?.open_app(AppRules {
        schema: manifest.schema().unwrap(),
        budget: playfield_core::app::Budget::new(manifest.output.bytes_per_minute),
        labels: labels(),
        config: "{\"zone\":\"bay\"}".to_owned(),
        memory_limit: manifest.limits.memory(),
        tick: manifest.limits.tick(),
        start_unix_ms: 0,
        model: String::new(),
        hz: 15,
        raw_image: false,
    })
}

/// What an app with this body says of `view`, in the field `n`.
fn says(body: &str, view: View) -> Vec<i64> {
    let tick = open_app(&looking(body)).unwrap().see(view).unwrap();
    tick.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect()
}

/// What it logs.
fn notes(body: &str, view: View) -> Vec<String> {
    let mut app = open_app(&looking(body)).unwrap();
    app.see(view).unwrap();
    app.take_log()
}

/// An app beside a camera, with its restarts and its budget.
fn beside(wasm: &[u8], manifest: Manifest, pixels: bool) -> App {
    let setting =
        AppSetting { manifest, labels: labels(), model: String::new(), config: "{}".to_owned(), pixels, hz: 15 };
    App::new(ENGINE.load_wasm(wasm).unwrap(), setting).unwrap()
}

/// A picture so many milliseconds after the camera started, with a person in the zone and a car.
fn view(ms: u64) -> View {
    let object = |track, class, score, left| Object {
        class,
        score,
        area: Rect { left, top: 0.25, right: left + 0.125, bottom: 0.75 },
        track,
        ..Object::default()
    };
    let tally = |class, count| {
        let mut tally = Tally::default();
        [ClassCount { class, count }].iter().for_each(|it| tally.add(it.class, it.count));
        tally
    };
    let zone =
        ZoneCounts { name: "bay".to_owned(), now: tally(1, 2), came: tally(1, 5), left: tally(1, 3), stayed_ms: 0 };
    let line = LineCounts { name: "road".to_owned(), came: tally(0, 7), left: tally(1, 4) };
    let event = Event { time_ms: ms, what: What::Enter { zone: "bay".to_owned() }, thing: None, counts: Vec::new() };
    let objects = vec![object(Some(9), 1, 0.5, 0.125), object(None, 0, 0.75, 0.5)];
    View {
        now: Time::from_millis(ms),
        seen: Seen {
            metadata: Metadata { frame: 41, time_ms: 1_000_000 + ms, objects, ..Metadata::default() },
            events: vec![event],
        },
        zones: vec![1, 0],
        counts: Counts { zones: vec![zone], lines: vec![line], routes: Vec::new() },
        size: [640, 360],
        picture: None,
        tensors: None,
        uploads: UploadTerms::default(),
    }
}

/// The same with a picture, whose bytes the function gives.
fn view_of(ms: u64, byte: impl Fn(usize) -> u8) -> View {
    let mut picture = Picture::black(64, 36, PixelFormat::Rgba8);
    picture.pixels.iter_mut().enumerate().for_each(|(at, to)| *to = byte(at));
    View { picture: Some(picture), ..view(ms) }
}

/// What an app said.
fn emitted(made: &Made) -> Vec<serde_json::Value> {
    let value = |report: &Report| match report {
        Report::Emitted(emitted) => Some(emitted.value.clone()),
        _ => None,
    };
    made.reports.iter().filter_map(value).collect()
}
