//! AITRIOS edge apps: one as anyone would write it for a device of theirs, and some that mean no good.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use playfield_core::app::{AppState, Budget, Manifest, is_app, refuse_app, refuse_title};
use playfield_core::camera::{Report, Seen};
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::metadata::{Metadata, Object, Rect};
use playfield_core::time::Time;
use playfield_runtime::GuestError;
use playfield_runtime::camera::{App, AppSetting, Made};
use playfield_runtime::model::Bare;
use playfield_runtime::wasm::{
    AitriosApp, AppRules, Dialect, Given, Infer, Lent, Load, Models, Tensor, Tensors, View, rewrite,
};

use crate::support::*;

mod uploads;

/// `aitrios/detector.rs`
const DETECTOR: &[u8] = include_bytes!("aitrios/detector.wasm");
/// `aitrios/threads.c`
const THREADS: &[u8] = include_bytes!("aitrios/threads.wasm");
/// `aitrios/keeper.rs`
const KEEPER: &[u8] = include_bytes!("aitrios/keeper.wasm");
/// Most pictures that are shown to an app until it has ended: how long it may work is the time of a processor, which others use too.
const PATIENCE: u64 = 200;

/// Imports what the tests call, and gives memory from a page on. `$say` sends a whole number as telemetry, `{"n": …}`; `$look` gets
/// a frame of a stream that `$open` opened.
const PRELUDE: &str = r#"
(import "env" "EVP_initialize" (func $init (result i32)))
(import "env" "EVP_setConfigurationCallback" (func $on_config (param i32 i32 i32) (result i32)))
(import "env" "EVP_sendState" (func $state (param i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "EVP_sendTelemetry" (func $telemetry (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "EVP_blobOperation" (func $blob (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "EVP_processEvent" (func $process (param i32 i32) (result i32)))
(import "env" "senscord_core_init" (func $core_init (param i32) (result i32)))
(import "env" "senscord_core_open_stream" (func $open_stream (param i64 i32 i32) (result i32)))
(import "env" "senscord_stream_start" (func $start (param i64) (result i32)))
(import "env" "senscord_stream_get_frame" (func $get_frame (param i64 i32 i32) (result i32)))
(import "env" "senscord_stream_release_frame" (func $release (param i64 i64) (result i32)))
(import "env" "senscord_stream_get_property" (func $get (param i64 i32 i32 i32) (result i32)))
(import "env" "senscord_stream_set_property" (func $set (param i64 i32 i32 i32) (result i32)))
(import "env" "senscord_frame_get_channel_from_channel_id" (func $channel (param i64 i32 i32) (result i32)))
(import "env" "senscord_channel_get_raw_data" (func $raw (param i64 i32) (result i32)))
(import "env" "senscord_channel_get_raw_data_handle" (func $raw_handle (param i64 i32) (result i32)))
(import "env" "senscord_channel_get_property" (func $get_of (param i64 i32 i32 i32) (result i32)))
(import "env" "senscord_get_last_error_cause" (func $cause (result i32)))
(import "env" "EsfCodecEncodeJpeg" (func $jpeg (param i32 i32) (result i32)))
(import "env" "EsfCodecJpegEncodeHandle" (func $jpeg_handle (param i32 i32 i32 i32) (result i32)))
(import "env" "EsfCodecJpegEncodeRelease" (func $jpeg_release (param i32) (result i32)))
(import "env" "EsfMemoryManagerPread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_open"
  (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
(import "wasi_nn" "load" (func $nn_load (param i32 i32 i32 i32) (result i32)))
(import "wasi_nn" "load_by_name" (func $nn_named (param i32 i32 i32) (result i32)))
(import "wasi_nn" "init_execution_context" (func $nn_context (param i32 i32) (result i32)))
(import "wasi_nn" "set_input" (func $nn_input (param i32 i32 i32) (result i32)))
(import "wasi_nn" "compute" (func $nn_compute (param i32) (result i32)))
(import "wasi_nn" "get_output" (func $nn_output (param i32 i32 i32 i32) (result i32)))
(memory (export "memory") 4)
(table 5 funcref)
(data (i32.const 100) "inference_stream\00")
(data (i32.const 128) "k\00")
(data (i32.const 132) "camera_image_flip_property\00")
(data (i32.const 160) "street\00")
(data (i32.const 168) "tensor_shapes_property\00")
(global $brk (mut i32) (i32.const 65536))
(global $client (mut i32) (i32.const 0))
(func (export "free") (param i32))
(func $digits (param $v i32) (param $at i32) (result i32)
  (loop $more
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $v) (i32.const 10))))
    (local.set $v (i32.div_u (local.get $v) (i32.const 10)))
    (br_if $more (local.get $v)))
  (local.get $at))
(func $say (param $v i32) (local $at i32)
  (i32.store16 (i32.const 1023) (i32.const 125))
  (if (i32.ge_s (local.get $v) (i32.const 0))
    (then (local.set $at (call $digits (local.get $v) (i32.const 1023))))
    (else
      (local.set $at (i32.sub (call $digits (i32.sub (i32.const 0) (local.get $v)) (i32.const 1023)) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.const 45))))
  (local.set $at (i32.sub (local.get $at) (i32.const 5)))
  (i32.store (local.get $at) (i32.const 0x226e227b))
  (i32.store8 offset=4 (local.get $at) (i32.const 58))
  (i32.store (i32.const 1032) (i32.const 128)) (i32.store (i32.const 1036) (local.get $at))
  (if (call $telemetry (global.get $client) (i32.const 1032) (i32.const 1) (i32.const 0) (i32.const 0)) (then unreachable)))
(func $open
  (global.set $client (call $init))
  (drop (call $core_init (i32.const 0)))
  (drop (call $open_stream (i64.load (i32.const 0)) (i32.const 100) (i32.const 8)))
  (if (call $start (i64.load (i32.const 8))) (then unreachable)))
(func $look (drop (call $get_frame (i64.load (i32.const 8)) (i32.const 16) (i32.const -1))))
"#;

const MALLOC: &str = r#"(func (export "malloc") (param i32) (result i32)
  (global.get $brk) (global.set $brk (i32.and (i32.add (global.get $brk) (i32.add (local.get 0) (i32.const 15))) (i32.const -8))))"#;

/// An app from the body of its `_start`, which has opened the stream.
fn starting(body: &str) -> Vec<u8> {
    starting_with(MALLOC, body)
}

fn starting_with(more: &str, body: &str) -> Vec<u8> {
    module(&format!("{PRELUDE} {more} (func (export \"_start\") (local $i i32) (call $open) {body})"))
}

fn manifest(more: &str) -> Manifest {
    Manifest::parse(&format!("id = 'test'\nname = 'Test'\nentry = 'test.wasm'\n{more}")).unwrap()
}

fn numbers(bytes_per_minute: u32) -> Manifest {
    let field = "n = { kind = 'integer', min = -1000000000, max = 1000000000 }";
    manifest(&format!("[output]\nbytes_per_minute = {bytes_per_minute}\n[output.fields]\n{field}"))
}

fn open_app(wasm: &[u8]) -> Result<AitriosApp, GuestError> {
    ENGINE.load_wasm(wasm)?.open_aitrios(rules(&numbers(65536), "{\"threshold\": 0.6, \"mode\": \"day\"}"))
}

fn rules(manifest: &Manifest, config: &str) -> AppRules {
    AppRules {
        schema: manifest.schema().unwrap(),
        budget: Budget::new(manifest.output.bytes_per_minute),
        labels: Vec::new(),
        config: config.to_owned(),
        memory_limit: manifest.limits.memory(),
        tick: manifest.limits.tick(),
        start_unix_ms: 1_700_000_000_000,
        model: "street".to_owned(),
        hz: 15,
        raw_image: manifest.raw_image,
    }
}

/// Lends models, and nothing else.
fn lent(models: Models) -> Lent {
    Lent { models, ..Lent::default() }
}

/// What an app with this body says of a picture.
fn says(body: &str, view: View) -> Vec<i64> {
    let mut app = open_app(&starting(&format!("{body} (call $look)"))).unwrap();
    let said = app.see(view).unwrap_or_else(|error| panic!("{error}: {:?}", app.take_log()));
    said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect()
}

fn failure(wasm: &[u8]) -> String {
    match open_app(wasm) {
        Err(error) => error.to_string(),
        Ok(mut app) => (0..PATIENCE).find_map(|nth| app.see(view(nth)).err()).unwrap().to_string(),
    }
}

fn beside(wasm: &[u8], manifest: Manifest, pixels: bool) -> App {
    beside_with(wasm, manifest, pixels, "{\"threshold\": \"0.6\"}")
}

fn beside_with(wasm: &[u8], manifest: Manifest, pixels: bool, config: &str) -> App {
    let (labels, model, config) = (Vec::new(), "street".to_owned(), config.to_owned());
    let setting = AppSetting { manifest, labels, model, config, pixels, hz: 15 };
    App::new(ENGINE.load_wasm(wasm).unwrap(), setting).unwrap()
}

/// A picture with two things in it.
fn view(ms: u64) -> View {
    let object = |class, score, left| Object {
        class,
        score,
        area: Rect { left, top: 0.25, right: left + 0.125, bottom: 0.75 },
        ..Object::default()
    };
    let objects = vec![object(1, 0.5, 0.125), object(0, 0.75, 0.5)];
    View {
        now: Time::from_millis(ms),
        seen: Seen {
            metadata: Metadata { frame: 41, time_ms: 1_000 + ms, objects, ..Metadata::default() },
            events: Vec::new(),
        },
        size: [640, 360],
        ..View::default()
    }
}

fn view_of(ms: u64) -> View {
    let mut picture = Picture::black(640, 360, PixelFormat::Rgba8);
    picture.pixels.fill(7);
    View { picture: Some(picture), ..view(ms) }
}

fn emitted(made: &Made) -> Vec<String> {
    let value = |report: &Report| match report {
        Report::Emitted(emitted) => Some(emitted.value.to_string()),
        _ => None,
    };
    made.reports.iter().filter_map(value).collect()
}

#[test]
fn an_app_written_for_aitrios_runs_as_it_is() {
    let mut app = beside(DETECTOR, manifest(""), false);
    let (mut told, mut lines) = (Vec::new(), Vec::new());
    for nth in 0..4 {
        let made = app.see(view(nth * 100));
        told.push(emitted(&made));
        lines.extend(made.lines);
    }
    // What is surer than its threshold, in pixels of the picture that it believes the model saw; nothing else of its telemetry.
    let one = r#"{"bottom":135,"class":0,"left":160,"right":200,"score":0.75,"top":45}"#;
    assert_eq!(told, vec![vec![one.to_owned()]; 4], "{lines:?}");
    assert_eq!(lines, ["test: the detector is at work", "test: threshold is 0.6"]);
}

#[test]
fn it_is_known_by_what_it_imports_and_is_no_title() {
    let facts = rewrite::inspect(DETECTOR).unwrap();
    assert_eq!(facts.dialect, Dialect::Aitrios);
    assert_eq!(facts.groups, ["aitrios:evp", "aitrios:senscord", "aitrios:wasi"]);
    let told = facts.to_bus();
    assert_eq!((told.dialect.as_str(), told.snapshots, told.deterministic), ("aitrios", false, false));
    assert!(is_app(&facts.groups) && refuse_app(&facts.groups).is_none());
    assert!(refuse_title(&facts.groups).unwrap().contains("`aitrios:evp`"));
    let error = refusal(DETECTOR).to_string();
    assert!(error.contains("it is an AITRIOS edge app, and runs next to a camera"), "{error}");
}

#[test]
fn what_it_cannot_have_is_refused_by_name() {
    let check = |text: &str, expect: &str| {
        let text = format!("(import \"env\" \"EVP_initialize\" (func (result i32))) {text}");
        let error = ENGINE.load_wasm(&module(&text)).err().unwrap().to_string();
        assert!(error.contains(expect), "{error}");
    };
    let whole = "(memory (export \"memory\") 1) (func (export \"_start\"))";
    let spawn = "(import \"wasi\" \"thread-spawn\" (func (param i32) (result i32)))";
    let gives = "(func (export \"_start\")) (func (export \"malloc\") (param i32) (result i32) i32.const 0)
        (func (export \"free\") (param i32))";
    check(&format!("{spawn} (memory (export \"memory\") 1) {gives}"), "its memory is not shared");
    check(&format!("{spawn} (memory 1 1 shared) {gives}"), "does not export `wasi_thread_start(i32, i32)`");
    check("(import \"wasi\" \"thread-fly\" (func))", "`wasi.thread-fly`, which does not exist; there is thread-spawn");
    check("(import \"wasi_other\" \"x\" (func))", "imports from `env`, `wasi_snapshot_preview1`, `wasi` and `wasi_nn`");
    check("(import \"env\" \"memory\" (memory 1))", "`env.memory`, which does not exist");
    check("(import \"env\" \"EVP_fly\" (func))", "`env.EVP_fly`, which does not exist");
    check("(import \"env\" \"EVP_processEvent\" (func))", "that is (i32, i32) -> (i32)");
    check("(memory (export \"memory\") 1)", "without a `_start` or `main`");
    check(whole, "does not export `malloc` and `free`");
}

#[test]
fn what_leaves_is_declared_and_within_the_budget() {
    // A state goes the same way; what is not declared is refused, and said so to its callback.
    let data = "(data (i32.const 200) \"{\\22n\\22:5}\") (data (i32.const 220) \"{\\22secret\\22:5}\") (elem (i32.const 1) $sent)
        (func $sent (param i32 i32) (call $say (local.get 0)))";
    let send = |at: u32, len: u32| {
        format!("(drop (call $state (global.get $client) (i32.const 128) (i32.const {at}) (i32.const {len}) (i32.const 1) (i32.const 0)))
            (drop (call $process (global.get $client) (i32.const 0)))")
    };
    let body = format!("(call $look) {} {} (call $look)", send(200, 7), send(220, 12));
    let mut app = open_app(&starting_with(&format!("{MALLOC} {data}"), &body)).unwrap();
    let said = app.see(view(0)).unwrap_or_else(|error| panic!("{error}"));
    let values: Vec<_> = said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect();
    assert_eq!((values, said.refused), (vec![5, 0, 3], 1));
    // As many as a budget of 512 bytes lets go at once.
    let many =
        "(call $look) (loop $more (call $say (local.get $i)) (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $more (i32.lt_s (local.get $i) (i32.const 20)))) (call $look)";
    let made = beside(&starting(many), numbers(512), false).see(view(0));
    assert_eq!(emitted(&made), ["{\"n\":0}"]);
    // What was found in one picture goes out whole, or not at all.
    let detector = |bytes_per_minute: u32| {
        let fields = "class = { kind = 'integer', min = 0, max = 9 }";
        let output = format!("[output]\nbytes_per_minute = {bytes_per_minute}\n[output.fields]\n{fields}");
        let mut sure = view(0);
        sure.seen.metadata.objects.iter_mut().for_each(|object| object.score = 0.9);
        emitted(&beside(DETECTOR, manifest(&output), false).see(sure)).len()
    };
    assert_eq!((detector(512), detector(1024)), (0, 2));
}

#[test]
fn bad_pointers_and_made_up_handles_are_answered_with_their_errors() {
    let check =
        |body: &str, expect: &[i64]| assert_eq!(says(&format!("(call $look) {body}"), view(0)), expect, "{body}");
    let telemetry = |client: &str, at: &str| {
        format!("(call $say (call $telemetry {client} (i32.const {at}) (i32.const 1) (i32.const 0) (i32.const 0)))")
    };
    check(&telemetry("(global.get $client)", "-4"), &[10]);
    check(&telemetry("(i32.const 77)", "1032"), &[4]);
    check(
        "(call $say (call $telemetry (global.get $client) (i32.const 0) (i32.const 1001) (i32.const 0) (i32.const 0)))",
        &[6],
    );
    check("(call $say (call $process (i32.const 0) (i32.const 0)))", &[4]);
    check("(call $say (call $core_init (i32.const -3))) (call $say (call $cause))", &[-1, 2]);
    check("(call $say (call $start (i64.const 99))) (call $say (call $cause))", &[-1, 1]);
    check(
        "(call $say (call $get_frame (i64.load (i32.const 8)) (i32.const 24) (i32.const 0))) (call $say (call $cause))",
        &[-1, 5],
    );
    check("(call $say (call $raw (i64.const 0x400000002) (i32.const -1))) (call $say (call $cause))", &[-1, 2]);
    check("(call $say (call $release (i64.load (i32.const 8)) (i64.const 3))) (call $say (call $cause))", &[-1, 1]);
    // A channel of a frame that it has let go of.
    check(
        "(drop (call $channel (i64.load (i32.const 16)) (i32.const 0) (i32.const 24)))
         (call $say (call $raw (i64.load (i32.const 24)) (i32.const 32)))
         (call $say (i32.load (i32.const 36)))
         (call $say (call $release (i64.load (i32.const 8)) (i64.load (i32.const 16))))
         (call $say (call $raw (i64.load (i32.const 24)) (i32.const 32)))",
        &[0, 1540, 0, -1],
    );
    check("(call $say (call $fd_write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)))", &[21]);
    check("(call $say (call $fd_write (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))", &[8]);
    let opened = |fd: i32, at: i32, length: i32, to: i32| {
        let (folder, path) =
            (format!("(i32.const {fd}) (i32.const 0)"), format!("(i32.const {at}) (i32.const {length})"));
        let how = "(i32.const 1) (i64.const -1) (i64.const -1) (i32.const -1)";
        format!("(call $say (call $path_open {folder} {path} {how} (i32.const {to})))")
    };
    check(&opened(3, 100, 4, 40), &[0]);
    check(&opened(4, 100, 4, 40), &[8]);
    check(&opened(3, -8, 4, 40), &[21]);
    check(&opened(3, 100, 4, -8), &[21]);
    check(&opened(3, 100, -1, 40), &[37]);
    check("(call $say (call $readdir (i32.const 3) (i32.const 0) (i32.const -1) (i64.const 0) (i32.const 0)))", &[21]);
    check("(call $say (call $readdir (i32.const 3) (i32.const 64) (i32.const 9) (i64.const 0) (i32.const 40)))", &[0]);
    check("(call $say (call $readdir (i32.const 3) (i32.const 64) (i32.const 9) (i64.const -1) (i32.const 40)))", &[0]);
    check("(call $say (call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))", &[58]);
    check("(call $say (call $nn_load (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))", &[2]);
    check("(call $say (call $nn_load (i32.const -8) (i32.const 1) (i32.const 0) (i32.const 0)))", &[1]);
}

#[test]
fn the_sensor_is_not_the_app_s_to_set() {
    let set = |value: u32| {
        format!("(call $look) (i32.store16 (i32.const 300) (i32.const {value}))
            (call $say (call $set (i64.load (i32.const 8)) (i32.const 132) (i32.const 300) (i32.const 2))) (call $say (call $cause))")
    };
    assert_eq!(says(&set(0), view(0)), [0, 0]);
    assert_eq!(says(&set(1), view(0)), [-1, 4]);
    let small =
        "(call $look) (call $say (call $get (i64.load (i32.const 8)) (i32.const 132) (i32.const 300) (i32.const 1)))";
    assert_eq!(says(small, view(0)), [-1]);
}

#[test]
fn it_sees_pixels_only_where_it_may() {
    let told = |channel: u32, last: u32, manifest: &str, pixels: bool| {
        let body = format!(
            "(call $look) (call $say (call $channel (i64.load (i32.const 16)) (i32.const {channel}) (i32.const 24)))
            (call $say (call $raw_handle (i64.load (i32.const 24)) (i32.const 32)))
            (call $say (call $pread (i32.load (i32.const 32)) (i32.const 2048) (i32.const 9) (i64.const {last}) (i32.const 80)))
            (call $say (i32.load8_u (i32.const 2048))) (call $say (i32.load (i32.const 80)))
            (drop (call $get_of (i64.load (i32.const 24)) (i32.const 200) (i32.const 300) (i32.const 76)))
            (call $say (i32.load (i32.const 300))) (call $look)"
        );
        let wasm = starting_with(&format!("{MALLOC} (data (i32.const 200) \"image_property\\00\")"), &body);
        let output =
            "[output]\nbytes_per_minute = 8192\n[output.fields]\nn = { kind = 'integer', min = -9, max = 99999 }";
        let said = emitted(&beside(&wasm, self::manifest(&format!("{manifest}\n{output}")), pixels).see(view_of(0)));
        said.iter().map(|value| value[5..value.len() - 1].parse().unwrap()).collect::<Vec<i64>>()
    };
    // As the model saw it: the last byte of 320 x 180 x 3, and its width. In its own size the same of 640 x 360 x 3.
    let input = |manifest: &str, pixels: bool| told(1, 172_799, manifest, pixels);
    let raw = |manifest: &str, pixels: bool| told(0x8000_0000, 691_199, manifest, pixels);
    assert_eq!(input("pixels = true", true), [0, 0, 0, 7, 1, 320]);
    assert_eq!(raw("pixels = true\nraw_image = true", true), [0, 0, 0, 7, 1, 640]);
    let blind = [-1, -1, -1, 0, 0, 0];
    assert_eq!([input("pixels = true", false), input("", true)], [blind, blind]);
    let wants = "pixels = true\nraw_image = true";
    assert_eq!([raw("pixels = true", true), raw(wants, false), raw("raw_image = true", true)], [blind; 3]);
}

#[test]
fn what_nobody_here_knows_or_takes_is_answered_so() {
    let imports = r#"(import "env" "EsfSensorLatencySetMode" (func $mode (param i32 i32) (result i32)))
        (import "env" "EsfSensorLatencyGetTimestamps" (func $times (param i64 i32) (result i32)))
        (import "env" "senscord_ub_create_stream" (func $ub (param i32 i32 i32 i32 i32) (result i64)))
        (import "env" "senscord_ub_create_stream_depth"
          (func $ub_depth (param i32 i32 i32 i32 i32 f32 f32 f32) (result i64)))
        (import "env" "senscord_ub_send_data" (func $ub_send (param i64 i32) (result i32)))
        (import "env" "senscord_ub_destroy_stream" (func $ub_end (param i64) (result i32)))"#;
    let body = "(call $say (call $mode (i32.const 1) (i32.const 8)))
        (call $say (call $times (i64.const 1) (i32.const 300)))
        (call $say (i32.wrap_i64 (call $ub (i32.const 100) (i32.const 8) (i32.const 8) (i32.const 8) (i32.const 100))))
        (call $say (call $ub_send (i64.const 1) (i32.const 300))) (call $say (call $ub_end (i64.const 1)))";
    let text = format!(
        "{imports} {PRELUDE} {MALLOC} (func (export \"_start\") (call $open) (call $look) {body} (call $look))"
    );
    let mut app = open_app(&module(&text)).unwrap();
    let said = app.see(view(0)).unwrap();
    let codes: Vec<i64> = said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect();
    assert_eq!(codes, [-1, -1, 0, -1, -1]);
    let log = app.take_log();
    assert!(log[0].contains("it called EsfSensorLatencySetMode, which is refused here"), "{log:?}");
}

#[test]
fn one_that_never_waits_or_grows_too_large_is_ended() {
    let check = |body: &str, detail: &str| {
        let mut app = beside(&starting(body), numbers(8192), false);
        let made = (0..PATIENCE)
            .map(|nth| app.see(view(nth)))
            .find(|made| !made.lines.is_empty())
            .unwrap_or_else(|| panic!("{body}"));
        let Some(Report::App(status)) = made.reports.last() else { panic!("{made:?}") };
        assert_eq!((status.state, status.detail.as_deref()), (AppState::Waiting, Some(detail)), "{:?}", made.lines);
    };
    check("(loop $l (br $l))", "it did not start in time");
    check("(call $look) (loop $l (br $l))", "a picture took it longer than its 100 ms");
    check("(call $look) (drop (memory.grow (i32.const 4000))) unreachable", "it needs more than its 8 MiB of memory");
    check("(call $look) (call $exit (i32.const 3))", "it crashed");
    // One that asks without end whether there is something leaves the processor to others, and ends when it is told to.
    let asks = starting("(loop $l (drop (call $process (global.get $client) (i32.const 0))) (br $l))");
    let mut app = open_app(&asks).unwrap();
    app.see(view(0)).unwrap();
    drop(app);
}

#[test]
fn callbacks_into_nothing_end_it_in_words() {
    let configure = |function: u32| {
        format!(
            "(drop (call $on_config (global.get $client) (i32.const {function}) (i32.const 0)))
            (call $look) (drop (call $process (global.get $client) (i32.const 0)))"
        )
    };
    for number in [2, 9_999] {
        let error = failure(&starting(&configure(number)));
        assert!(error.contains(&format!("at function {number} of its table, which is none")), "{error}");
    }
    // A function of another type, and one that comes back for more.
    let wrong = format!("{MALLOC} (elem (i32.const 1) $wrong) (func $wrong (param i64))");
    let error = failure(&starting_with(&wrong, &configure(1)));
    assert!(error.contains("which is of another type"), "{error}");
    let again = format!(
        "{MALLOC} (elem (i32.const 1) $again) (func $again (param i32 i32 i32 i32)
        (call $say (call $process (global.get $client) (i32.const 0))) (call $say (local.get 2)))"
    );
    let wasm = starting_with(&again, &format!("{} (call $look)", configure(1)));
    let mut app = open_app(&wasm).unwrap();
    let said = app.see(view(0)).unwrap();
    assert_eq!(said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 3]);
}

#[test]
fn a_malloc_that_means_no_good_harms_nobody_else() {
    let get = "(call $look) (drop (call $channel (i64.load (i32.const 16)) (i32.const 0) (i32.const 24)))
        (call $say (call $raw (i64.load (i32.const 24)) (i32.const 32))) (call $say (call $cause)) (call $look)";
    let says = |malloc: &str| {
        let malloc = format!("(func (export \"malloc\") (param i32) (result i32) {malloc})");
        let said = open_app(&starting_with(&malloc, get)).unwrap().see(view(0))?;
        Ok::<Vec<i64>, GuestError>(said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect())
    };
    assert_eq!(says("(i32.const 0)").unwrap(), [-1, 3]);
    assert_eq!(says("(i32.const -16)").unwrap(), [-1, 3]);
    // It lets go of the frame that it is asked to make room for.
    assert_eq!(
        says("(drop (call $release (i64.load (i32.const 8)) (i64.load (i32.const 16)))) (i32.const 65536)").unwrap(),
        [-1, 1]
    );
    let deep = says("(drop (call $raw (i64.load (i32.const 24)) (i32.const 32))) (i32.const 65536)").unwrap_err();
    assert!(deep.to_string().contains("call stack exhausted"), "{deep}");
}

#[test]
fn an_app_with_threads_runs_as_it_is() {
    let facts = rewrite::inspect(THREADS).unwrap();
    assert_eq!(facts.groups, ["aitrios:evp", "aitrios:senscord", "aitrios:wasi", "aitrios:threads"]);
    let run = "{\"edge_app\": {\"common_settings\": {\"process_state\":2}}}";
    let mut app = beside_with(THREADS, manifest("[limits]\ntick_ms = 1000"), false, run);
    let (mut told, mut lines) = (Vec::new(), Vec::new());
    for nth in 0..4 {
        let made = app.see(view(nth * 100));
        told.push(emitted(&made));
        lines.extend(made.lines);
    }
    let both = [
        r#"{"bottom":75,"class":0,"left":50,"right":62,"score":0.75,"top":25}"#,
        r#"{"bottom":75,"class":1,"left":12,"right":25,"score":0.5,"top":25}"#,
    ];
    assert_eq!(told, vec![both; 4], "{lines:?}");
    lines.sort_unstable();
    assert_eq!(lines, ["test: running", "test: the threads are at work"]);
}

#[test]
fn an_app_keeps_files_in_its_workspace_until_it_ends() {
    let told = |app: &mut App| {
        let all: Vec<Made> = (0..3).map(|nth| app.see(view(nth * 100))).collect();
        let lines: Vec<&String> = all.iter().flat_map(|made| &made.lines).collect();
        let told: Vec<String> = all.iter().flat_map(emitted).collect();
        assert_eq!(told, [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#], "{lines:?}");
    };
    for _ in 0..2 {
        let mut manifest = numbers(65536);
        manifest.limits.tick_ms = 1_000;
        told(&mut beside_with(KEEPER, manifest, false, "{}"));
    }
}

#[test]
fn an_app_with_threads_ends_by_itself_when_it_is_told_to() {
    let mut app = ENGINE
        .load_wasm(THREADS)
        .unwrap()
        .open_aitrios(rules(&manifest(""), "{\"edge_app\": \"\\\"process_state\\\":2\"}"))
        .unwrap();
    app.see(view(0)).unwrap();
    assert!(app.stop(), "its threads are gone");
    assert_eq!(app.take_log().last().map(String::as_str), Some("it ends"));
    assert!(app.said().exited);
}

/// Two threads: `_start` starts `$more` threads and does `main`, `wasi_thread_start` does `other`.
fn threads(more: u32, main: &str, other: &str) -> Vec<u8> {
    module(&format!(
        "(import \"env\" \"EVP_initialize\" (func $init (result i32)))
        (import \"env\" \"EVP_processEvent\" (func $process (param i32 i32) (result i32)))
        (import \"wasi\" \"thread-spawn\" (func $spawn (param i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
        (memory 1 200 shared)
        (func (export \"malloc\") (param i32) (result i32) (i32.const 0)) (func (export \"free\") (param i32))
        (func $pump (drop (call $init)) (loop $l (br_if $l (i32.ne (call $process (call $init) (i32.const -1)) (i32.const 1)))))
        (func (export \"wasi_thread_start\") (param i32 i32) {other})
        (func (export \"_start\") (local $i i32)
          (loop $l (i32.store (i32.const 8) (call $spawn (local.get $i)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {more}))))
          {main})"
    ))
}

#[test]
fn while_one_thread_ends_the_app_another_that_asks_again_and_again_does_not_use_up_its_time() {
    let ends = "(call $pump) (drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const 100000000))) (call $exit (i32.const 0))";
    let asks = "(loop $l (drop (call $process (call $init) (i32.const 1000))) (br $l))";
    let mut manifest = manifest("");
    manifest.limits.tick_ms = 20;
    let mut app = ENGINE.load_wasm(&threads(1, ends, asks)).unwrap().open_aitrios(rules(&manifest, "{}")).unwrap();
    assert!(app.stop(), "its threads are gone");
    assert!(app.said().exited, "{:?}", app.see(view(0)));
}

#[test]
fn threads_that_mean_no_good_end_their_app_and_nothing_else() {
    let check = |wasm: &[u8], expect: &str| {
        let error = failure(wasm);
        assert!(error.contains(expect), "{error}");
    };
    check(&threads(1, "(call $pump)", "unreachable"), "unreachable");
    check(&threads(1, "(call $pump)", "(loop $l (br $l))"), "did not finish its work between two waits");
    check(&threads(1, "(call $pump)", "(call $exit (i32.const 7))"), "ended with code 7");
    check(&threads(2, "(loop $l (br $l))", "unreachable"), "unreachable");
    // It is as large as it may get, and fails.
    let grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";
    let mut app = beside(&threads(1, "(call $pump)", grow), numbers(8192), false);
    let made = (0..PATIENCE).map(|nth| app.see(view(nth))).find(|made| !made.lines.is_empty()).unwrap();
    let Some(Report::App(status)) = made.reports.last() else { panic!("{made:?}") };
    assert_eq!(status.detail.as_deref(), Some("it needs more than its 8 MiB of memory"));
    // The engine goes on.
    assert_eq!(says("(call $say (i32.const 5))", view(0)), [5]);
}

#[test]
fn there_are_sixteen_threads_and_the_next_one_is_refused() {
    let wait = "(drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1)))";
    let refused = "(if (i32.ne (i32.load (i32.const 8)) (i32.const -6)) (then unreachable))";
    let notify =
        "(i32.atomic.store (i32.const 64) (i32.const 1)) (drop (memory.atomic.notify (i32.const 64) (i32.const -1)))";
    let mut app = open_app(&threads(40, &format!("{refused} (call $pump) {notify}"), wait)).unwrap();
    assert_eq!(app.take_log().iter().filter(|line| *line == "it was refused one more thread").count(), 25);
    assert!(app.stop());
    assert!(app.said().exited);
}

#[test]
fn a_thread_that_waits_for_good_takes_no_time_and_holds_nobody_up() {
    let wait = "(drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1)))";
    let mut app = open_app(&threads(1, "(call $pump)", wait)).unwrap();
    for nth in 0..3 {
        app.see(view(nth)).unwrap();
    }
    // It is told to end, and its main thread does; the other one stays until the process ends.
    assert!(!app.stop());
    assert!(app.said().exited);
}

#[test]
fn shared_memory_is_for_aitrios_apps_alone() {
    let error =
        ENGINE.load_wasm(&module("(memory (export \"memory\") 1 1 shared) (func (export \"pf_tick\"))")).err().unwrap();
    let error = error.to_string();
    assert!(error.contains("threads must be enabled") && error.contains("but no references"), "{error}");
    let atomics = "(memory (export \"memory\") 1) (func (export \"update\") (drop (i32.atomic.load (i32.const 0))))";
    let error = ENGINE.load_wasm(&module(atomics)).err().unwrap().to_string();
    assert!(error.contains("threads support is not enabled"), "{error}");
}

/// Doubles what it is given, of one row.
struct Doubles;

impl Infer for Doubles {
    fn run(&mut self, given: &[Tensor]) -> Result<Vec<Vec<f32>>, String> {
        match given {
            [Tensor { shape, numbers: Given::Floats(numbers) }] if *shape == [1, 1, 1, 2] => {
                Ok(vec![numbers.iter().map(|number| number * 2.0).collect()])
            }
            _ => Err("it takes one row of two".to_owned()),
        }
    }
}

#[test]
fn an_app_runs_its_camera_s_model_on_what_it_likes() {
    let load: Load = Arc::new(|| Ok(Box::new(Doubles)));
    let told = |numbering: u32, load: Option<Load>| {
        let body = format!(
            "(call $look) (call $say (call $nn_named (i32.const 160) (i32.const 6) (i32.const 400)))
            (call $say (call $nn_context (i32.load (i32.const 400)) (i32.const 404)))
            (i32.store (i32.const 408) (i32.const 1)) (i32.store (i32.const 412) (i32.const 1))
            (i32.store (i32.const 416) (i32.const 1)) (i32.store (i32.const 420) (i32.const 2))
            (i32.store (i32.const 424) (i32.const 408)) (i32.store (i32.const 428) (i32.const 4))
            (i32.store (i32.const 432) (i32.const 424)) (i32.store (i32.const 436) (i32.const {numbering}))
            (i32.store (i32.const 440) (i32.const 444))
            (f32.store (i32.const 444) (f32.const 1.5)) (f32.store (i32.const 448) (f32.const 21))
            (call $say (call $nn_input (i32.load (i32.const 404)) (i32.const 0) (i32.const 432)))
            (call $say (call $nn_compute (i32.load (i32.const 404))))
            (i32.store (i32.const 460) (i32.const 64))
            (call $say (call $nn_output (i32.load (i32.const 404)) (i32.const 0) (i32.const 464) (i32.const 460)))
            (call $say (i32.load (i32.const 460))) (call $say (i32.trunc_f32_s (f32.load (i32.const 468)))) (call $look)"
        );
        let module = ENGINE.load_wasm(&starting(&body)).unwrap();
        let models = Models { camera: load, brought: None };
        let mut app = module.open_aitrios_with(rules(&numbers(65536), "{}"), lent(models)).unwrap();
        let said = app.see(view(0)).unwrap_or_else(|error| panic!("{error}"));
        let numbers: Vec<i64> = said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect();
        (numbers, app.take_log())
    };
    assert_eq!(told(1, Some(load.clone())), (vec![0, 0, 0, 0, 0, 8, 42], Vec::new()));
    let (codes, log) = told(2, Some(load));
    assert_eq!(codes[..5], [0, 0, 0, 5, 1]);
    assert!(log[0].contains("it takes one row of two"), "{log:?}");
    let (codes, log) = told(1, None);
    assert_eq!(codes[..5], [8, 1, 1, 1, 1]);
    assert!(log[0].contains("a model that is not its camera's, which is: none"), "{log:?}");
}

/// An app that brings this file as a model, and gives it two tensors of 1x3x64x96, whose second numbers are 1.5 and 20.
fn bringing(file: &[u8]) -> Vec<u8> {
    let data: String = file.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let store = |words: &[(u32, u32)]| -> String {
        words.iter().map(|(at, word)| format!("(i32.store (i32.const {at}) (i32.const {word}))")).collect()
    };
    let parts = store(&[(400, 408), (404, 1), (408, 2_048), (412, file.len() as u32)]);
    let tensor =
        store(&[(440, 1), (444, 3), (448, 64), (452, 96), (456, 440), (460, 4), (464, 456), (468, 1), (472, 262_144)]);
    let room = store(&[(480, 4 * 3 * 64 * 96)]);
    module(&format!(
        "{PRELUDE} {MALLOC} (data (i32.const 2048) \"{data}\") (func (export \"_start\") (call $open) (call $look)
            (drop (memory.grow (i32.const 4))) {parts} {tensor} {room}
            (call $say (call $nn_load (i32.const 400) (i32.const 1) (i32.const 0) (i32.const 416)))
            (call $say (call $nn_context (i32.load (i32.const 416)) (i32.const 420)))
            (f32.store (i32.const 262148) (f32.const 1.5))
            (call $say (call $nn_input (i32.load (i32.const 420)) (i32.const 0) (i32.const 464)))
            (f32.store (i32.const 262148) (f32.const 20))
            (call $say (call $nn_input (i32.load (i32.const 420)) (i32.const 1) (i32.const 464)))
            (call $say (call $nn_compute (i32.load (i32.const 420))))
            (call $say (call $nn_output (i32.load (i32.const 420)) (i32.const 0) (i32.const 262144) (i32.const 480)))
            (call $say (i32.trunc_f32_s (f32.load (i32.const 262148)))) (call $look))"
    ))
}

#[test]
fn an_app_runs_a_model_that_it_brings() {
    let read = |bytes| -> Result<Box<dyn Infer>, String> {
        Ok(Box::new(Bare::load(bytes).map_err(|error| error.to_string())?))
    };
    let models = Models { camera: None, brought: Some(Arc::new(read)) };
    let told = |file: &str| {
        let file = std::fs::read(format!("{}/testdata/model/{file}.onnx", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let module = ENGINE.load_wasm(&bringing(&file)).unwrap();
        let mut app = module.open_aitrios_with(rules(&numbers(65536), "{}"), lent(models.clone())).unwrap();
        let said = app.see(view(0)).unwrap_or_else(|error| panic!("{error}"));
        let numbers: Vec<i64> = said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect();
        (numbers, app.take_log())
    };
    assert_eq!(told("two-inputs"), (vec![0, 0, 0, 0, 0, 0, 21], Vec::new()));
    let (codes, log) = told("other-file");
    assert_eq!(codes[..2], [5, 1]);
    assert!(log[0].contains("keeps its weights in another file"), "{log:?}");
    let (codes, log) = told("unknown");
    assert_eq!(codes[0], 5);
    assert!(log[0].contains("the model that it brings cannot be had: rten cannot load the model"), "{log:?}");
    let (codes, log) = told("cells");
    assert_eq!(codes[..5], [0, 0, 0, 0, 5]);
    assert!(log[0].contains("it has 1 inputs, and was given 2"), "{log:?}");
}

/// An encoder of tests: a picture is its width, its height, its first red and blue, and the quality.
fn fake_jpeg(picture: &Picture, quality: u8) -> Option<Vec<u8>> {
    let [red, blue] = [picture.pixels[0], picture.pixels[2]];
    (quality < 99).then(|| vec![picture.width as u8, picture.height as u8, red, blue, quality])
}

/// What an app that looked at the picture of [`view_of`] says, and what its log says; `encoder`: it is lent one.
fn codes(body: &str, encoder: bool) -> (Vec<i64>, Vec<String>) {
    let lent = Lent { jpeg: encoder.then_some(fake_jpeg), ..Lent::default() };
    let wasm = starting(&format!("(call $look) {body} (call $look)"));
    let mut app = ENGINE.load_wasm(&wasm).unwrap().open_aitrios_with(rules(&numbers(65536), "{}"), lent).unwrap();
    let said = app.see(view_of(0)).unwrap_or_else(|error| panic!("{error}: {:?}", app.take_log()));
    (said.emitted.iter().map(|value| value["n"].as_i64().unwrap()).collect(), app.take_log())
}

/// Five 32-bit numbers in a row: format, width, height, stride, quality.
fn info(at: u32, numbers: [i32; 5]) -> String {
    let store =
        |(nth, number): (usize, i32)| format!("(i32.store (i32.const {}) (i32.const {number}))", at as usize + 4 * nth);
    numbers.into_iter().enumerate().map(store).collect()
}

#[test]
fn an_app_makes_a_jpeg_of_pixels_of_its_own() {
    let told = |from: i64, to: i64, room: i32, what: [i32; 5], encoder: bool| {
        let body = format!(
            "(i32.store (i32.const 2048) (i32.const 0x04030201)) (i32.store (i32.const 2052) (i32.const 0x08070605))
            (i64.store (i32.const 400) (i64.const {from})) (i64.store (i32.const 408) (i64.const {to}))
            (i32.store (i32.const 416) (i32.const {room})) {}
            (call $say (call $jpeg (i32.const 400) (i32.const 460))) (call $say (i32.load (i32.const 460)))
            (call $say (i32.load (i32.const 3000)))",
            info(424, what)
        );
        codes(&body, encoder).0
    };
    let bgr = [2, 1, 2, 4, 80];
    // One wide, two high; the first pixel's red is the third byte, and its blue the first.
    assert_eq!(told(2048, 3000, 5, bgr, true), [0, 5, 0x0103_0201]);
    assert_eq!(told(2048, 3000, 4, bgr, true), [5, 0, 0], "there is too little room, and nothing was written");
    let refused = [
        told(0, 3000, 5, bgr, true),
        told(2048, 0, 5, bgr, true),
        told(2048, 1 << 32 | 3000, 5, bgr, true),
        told(262_140, 3000, 5, bgr, true),
        told(2048, 262_142, 5, bgr, true),
        told(2048, 3000, -1, bgr, true),
        told(2048, 3000, 5, [7, 1, 2, 4, 80], true),
        told(2048, 3000, 5, [1, 1920, 1080, 5760, 80], true),
    ];
    assert!(refused.iter().all(|said| *said == [1, 0, 0]), "{refused:?}");
    assert_eq!(told(2048, 3000, 5, [2, 1, 2, 4, 99], true), [2, 0, 0], "the encoder fails");
    assert_eq!(told(2048, 3000, 5, bgr, false), [2, 0, 0], "there is none");
    let (said, _) = codes("(call $say (call $jpeg (i32.const -8) (i32.const 460)))", true);
    assert_eq!(said, [1]);
}

#[test]
fn an_app_makes_a_jpeg_of_its_frame_and_lets_go_of_it() {
    let whole = info(424, [1, 320, 180, 960, 80]);
    let make = |of: u32| {
        format!("(call $say (call $jpeg_handle (i32.const {of}) (i32.const 464) (i32.const 424) (i32.const 460)))")
    };
    // The picture is the second channel's, by its handle; the JPEG has a handle too, until it is released.
    let body = format!(
        "{whole} {} (call $say (i32.load (i32.const 460)))
        (call $say (call $pread (i32.load (i32.const 464)) (i32.const 3000) (i32.const 64) (i64.const 1) (i32.const 468)))
        (call $say (i32.load (i32.const 468))) (call $say (i32.load16_u (i32.const 3000)))
        (call $say (i32.load16_u (i32.const 3002)))
        (call $say (call $jpeg_release (i32.load (i32.const 464))))
        (call $say (call $jpeg_release (i32.load (i32.const 464))))
        (call $say (call $pread (i32.load (i32.const 464)) (i32.const 3000) (i32.const 64) (i64.const 0) (i32.const 468)))",
        make(2)
    );
    assert_eq!(codes(&body, true).0, [0, 5, 0, 4, 0x07b4, 0x5007, 0, 1, -1]);
    // Tensors are no picture of that size; no such handle; one more than it may hold.
    assert_eq!(codes(&format!("{whole} {} {}", make(1), make(9)), true).0, [1, 1]);
    assert_eq!(codes(&format!("{whole} {}", make(2).repeat(5)), true).0, [0, 0, 0, 0, 3]);
    assert_eq!(codes(&format!("{whole} {}", make(2)), false).0, [2]);
    let none = "(call $say (call $jpeg_handle (i32.const 2) (i32.const -1) (i32.const 424) (i32.const 460)))";
    assert_eq!(codes(&format!("{whole} {none}"), true).0, [1]);
}

/// Works until nobody waits for it any more.
struct Hangs(Mutex<Receiver<()>>);

impl Infer for Hangs {
    fn run(&mut self, _: &[Tensor]) -> Result<Vec<Vec<f32>>, String> {
        let _ = self.0.lock().unwrap().recv();
        Err("it hung".to_owned())
    }
}

#[test]
fn an_app_whose_model_does_not_come_to_an_end_is_ended() {
    let (waits, held) = sync_channel::<()>(0);
    let held = Mutex::new(Some(held));
    let read = move |_| -> Result<Box<dyn Infer>, String> {
        Ok(Box::new(Hangs(Mutex::new(held.lock().unwrap().take().unwrap()))))
    };
    let models = Models { camera: None, brought: Some(Arc::new(read)) };
    let manifest = manifest(
        "[limits]\ntick_ms = 20\n[output]\nbytes_per_minute = 1024\n[output.fields]\nn = { kind = 'integer', min = -9, max = 9 }",
    );
    let mut app =
        ENGINE.load_wasm(&bringing(&[0])).unwrap().open_aitrios_with(rules(&manifest, "{}"), lent(models)).unwrap();
    let ended = (0..10_000).find_map(|nth| app.see(view(nth)).err()).expect("it is ended");
    assert!(matches!(ended, GuestError::Hung(_)), "{ended}");
    drop(app);
    drop(waits);
}

#[test]
fn an_app_that_asks_gets_what_the_model_made_of_the_picture() {
    let body = "(call $look) (drop (call $channel (i64.load (i32.const 16)) (i32.const 0) (i32.const 24)))
        (drop (call $raw (i64.load (i32.const 24)) (i32.const 32))) (call $say (i32.load (i32.const 36)))
        (call $say (i32.trunc_f32_s (f32.load offset=4 (i32.load (i32.const 32)))))
        (drop (call $get (i64.load (i32.const 8)) (i32.const 168) (i32.const 2048) (i32.const 772)))
        (loop $l (call $say (i32.load (i32.add (i32.const 2048) (i32.shl (local.get $i) (i32.const 2)))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 6)))) (call $look)";
    let wasm = starting(body);
    let told = |tensors: &str| {
        let bytes = [0.5f32, 7.0, 9.0].iter().flat_map(|number| number.to_le_bytes()).collect();
        let tensors_of = Tensors { shapes: vec![vec![1, 2], vec![1]], bytes };
        let view = View { tensors: Some(tensors_of), ..view(0) };
        let output =
            "[output]\nbytes_per_minute = 65536\n[output.fields]\nn = { kind = 'integer', min = -9, max = 99999 }";
        let made = beside(&wasm, manifest(&format!("{tensors}\n{output}")), false).see(view);
        emitted(&made).join(" ").replace("{\"n\":", "").replace('}', "")
    };
    assert_eq!(told("tensors = true"), "12 7 2 2 1 2 1 1");
    assert_eq!(told(""), "1540 0 4 2 4 64 1 64");
}
