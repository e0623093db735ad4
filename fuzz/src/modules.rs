//! What titles bring: modules, the calls they make, and saved states of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

use playfield_core::frame::{Damage, MAX_HEIGHT, MAX_WIDTH};
use playfield_core::input::TickInput;
use playfield_runtime::wasm::rewrite::{inspect, rewrite};
use playfield_runtime::wasm::{Engine, WasmGuest};
use playfield_runtime::{Guest, GuestConfig, GuestEvent, Snapshot};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use crate::Bytes;

/// Largest module that is compiled here: what is larger only takes longer.
const COMPILED: usize = 4 * 1024;
/// Memory a guest may have, in bytes.
const MEMORY: u64 = 2 << 20;
/// Stored bytes a guest may have.
const STORAGE: u64 = 64 << 10;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new().expect("an engine starts"));

/// A foreign module, made ready or refused. What is made ready is a module, has what the host looks for, and nothing new.
pub fn cartridge(data: &[u8]) {
    let Ok(rewritten) = rewrite(data) else { return };
    assert_eq!(inspect(data).expect("as before"), rewritten.facts);
    let features = (WasmFeatures::WASM2 | WasmFeatures::LIME1 | WasmFeatures::TAIL_CALL) & !WasmFeatures::GC_TYPES;
    let valid = Validator::new_with_features(features).validate_all(&rewritten.bytes);
    valid.expect("what was made ready is a module");
    let (before, after) = (exports(data), exports(&rewritten.bytes));
    assert!(after.starts_with(&before));
    let ours: Vec<&str> = after[before.len()..].iter().map(String::as_str).collect();
    assert!(ours.iter().all(|name| name.starts_with("playfield:")));
    assert!(ours.contains(&"playfield:memory"));
    let globals = ours.iter().filter(|name| name.starts_with("playfield:global:")).count();
    assert_eq!(globals, rewritten.facts.globals as usize);
    assert!(rewrite(&rewritten.bytes).is_err(), "names of ours are not a title's");
}

fn exports(module: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(exports) = payload.expect("it was valid") {
            names.extend(exports.into_iter().map(|export| export.expect("it was valid").name.to_owned()));
        }
    }
    names
}

/// A foreign module, compiled and run for a moment.
pub fn guest(data: &[u8]) {
    if data.len() > COMPILED || rewrite(data).is_err() {
        return;
    }
    let module = ENGINE.load_wasm(data).expect("what was made ready is compiled");
    let Ok(mut guest) = module.open(config(BTreeMap::new())) else { return };
    run(&mut guest, 2);
    check_snapshot(&mut guest);
}

fn config(storage: BTreeMap<String, Vec<u8>>) -> GuestConfig {
    GuestConfig { seed: 7, start_unix_ms: 1, memory_limit: MEMORY, storage_limit: STORAGE, storage }
}

fn run(guest: &mut WasmGuest, ticks: u32) {
    let (mut input, mut events) = (TickInput::default(), Vec::new());
    for tick in 0..ticks {
        input.players[0].connected = true;
        input.players[0].pad.buttons = tick as u16 * 0x1111;
        input.players[0].text = "hé".repeat(tick as usize % 3);
        let ticked = guest.tick(&input);
        let picture = guest.picture();
        assert!((1..=MAX_WIDTH).contains(&picture.width) && (1..=MAX_HEIGHT).contains(&picture.height));
        assert_eq!(picture.pixels.len(), picture.area() * picture.format.bytes_per_pixel());
        assert!(guest.audio().len().is_multiple_of(2) && guest.audio().len() <= 2 * 48_000);
        events.clear();
        guest.take_events(&mut events);
        assert!(events.iter().all(is_small), "{events:?}");
        match ticked.map(|ticked| ticked.damage) {
            Ok(Damage::Area(area)) => {
                let picture = guest.picture();
                assert!(area.width > 0 && u32::from(area.x) + u32::from(area.width) <= picture.width.into());
                assert!(area.height > 0 && u32::from(area.y) + u32::from(area.height) <= picture.height.into());
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

fn is_small(event: &GuestEvent) -> bool {
    match event {
        GuestEvent::Log { line, .. } => line.len() <= 16 * 1024,
        GuestEvent::Stored { key, value } => key.len() as u64 + value.as_ref().map_or(0, Vec::len) as u64 <= STORAGE,
        GuestEvent::Timeline { name, .. } => name.len() <= 1024,
        GuestEvent::Mode(_) => true,
        // No module can say these.
        GuestEvent::Message(_)
        | GuestEvent::Settings(_)
        | GuestEvent::Cursor(_)
        | GuestEvent::Lock(_)
        | GuestEvent::Copied(_)
        | GuestEvent::Answers(_)
        | GuestEvent::Records(_)
        | GuestEvent::LastWords(_)
        | GuestEvent::Camera(_)
        | GuestEvent::Sample(_)
        | GuestEvent::Upload(_) => false,
        GuestEvent::Rumble { player, rumble } => *player < 4 && rumble.ms <= 5_000,
    }
}

/// What is saved and restored is the same.
fn check_snapshot(guest: &mut WasmGuest) {
    let (mut saved, mut again) = (Snapshot::default(), Snapshot::default());
    if guest.snapshot(&mut saved).is_err() {
        return;
    }
    guest.restore(&saved).expect("what was saved is restored");
    guest.snapshot(&mut again).expect("what could be saved can be");
    // They are too large to be shown.
    let differs = saved.bytes.iter().zip(&again.bytes).position(|(a, b)| a != b);
    assert_eq!((again.tick, again.bytes.len(), differs), (saved.tick, saved.bytes.len(), None));
    run(guest, 1);
}

/// Every function of the ABI, and what it takes: `i` and `l` are 32 and 64 bits, what comes after `>` is dropped.
#[rustfmt::skip]
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("host", "tick_rate", "i"), ("host", "tick", ">l"), ("host", "time_us", ">l"), ("host", "unix_ms", ">l"),
    ("host", "random", "ii"), ("host", "exit", ""),
    ("log", "write", "iii"),
    ("video", "mode", "iii"), ("video", "palette", "iii"), ("video", "dirty", "iiii"), ("video", "present", "ii"),
    ("audio", "wanted", ">i"), ("audio", "push", "ii>i"),
    ("input", "players", ">i"), ("input", "pad", "ii"), ("input", "keys", "ii"), ("input", "pointer", "ii"),
    ("input", "touches", "iii>i"), ("input", "text", "iii>i"),
    ("storage", "read", "iiii>i"), ("storage", "write", "iiii>i"), ("storage", "remove", "ii>i"),
    ("timeline", "event", "iil"), ("timeline", "mode", "i"),
];

/// Bytes of an instruction of [`calls`].
pub const INSTRUCTION: usize = 17;

/// A title that does what a program says, which it finds among what it stored. An instruction is the number of a function
/// and four numbers of 32 bits; past the functions come a store to memory, growing it, and the end of the tick.
fn caller() -> Vec<u8> {
    let mut text = String::from("(module ");
    let types = |list: &str| list.chars().map(|ty| if ty == 'l' { " i64" } else { " i32" }).collect::<String>();
    for (nth, (group, name, ty)) in FUNCTIONS.iter().enumerate() {
        let (params, results) = ty.split_once('>').unwrap_or((ty, ""));
        let (params, results) = (types(params), types(results));
        let ty = format!("(param{params}) (result{results})").replace("(param)", "").replace("(result)", "");
        writeln!(text, "(import \"playfield:{group}@1\" \"{name}\" (func $f{nth} {ty}))").expect("a string takes all");
    }
    text += "(memory (export \"memory\") 2) (data (i32.const 0) \"program\")
        (global $pc (mut i32) (i32.const 65536)) (global $end (mut i32) (i32.const 65536))
        (func $run (local $op i32) (local $a i32) (local $b i32) (local $c i32) (local $d i32)
          (loop $next
            (if (i32.gt_u (i32.add (global.get $pc) (i32.const 17)) (global.get $end)) (then (return)))
            (local.set $op (i32.load8_u (global.get $pc)))
            (local.set $a (i32.load offset=1 (global.get $pc))) (local.set $b (i32.load offset=5 (global.get $pc)))
            (local.set $c (i32.load offset=9 (global.get $pc))) (local.set $d (i32.load offset=13 (global.get $pc)))
            (global.set $pc (i32.add (global.get $pc) (i32.const 17)))\n";
    let args = ["(local.get $a)", "(local.get $b)", "(local.get $c)", "(local.get $d)"];
    for (nth, (_, _, ty)) in FUNCTIONS.iter().enumerate() {
        let (params, results) = ty.split_once('>').unwrap_or((ty, ""));
        let given = params.chars().zip(args);
        let given: String = given
            .map(|(ty, arg)| if ty == 'l' { format!("(i64.extend_i32_s {arg})") } else { arg.to_owned() })
            .collect();
        let call = format!("(call $f{nth} {given})");
        let call = if results.is_empty() { call } else { format!("(drop {call})") };
        writeln!(text, "(if (i32.eq (local.get $op) (i32.const {nth})) (then {call}))").expect("a string takes all");
    }
    let more = FUNCTIONS.len();
    write!(
        text,
        "(if (i32.eq (local.get $op) (i32.const {more})) (then (i32.store (local.get $a) (local.get $b))))
         (if (i32.eq (local.get $op) (i32.const {})) (then (drop (memory.grow (local.get $a)))))
         (br_if $next (i32.le_u (local.get $op) (i32.const {})))))
         (func (export \"pf_init\")
           (global.set $end (i32.add (i32.const 65536)
             (call $f19 (i32.const 0) (i32.const 7) (i32.const 65536) (i32.const 32768))))
           (call $run))
         (func (export \"pf_tick\") (call $run)))",
        more + 1,
        more + 1
    )
    .expect("a string takes all");
    wat::parse_str(text).expect("a module")
}

/// The calls of a title: instructions of [`INSTRUCTION`] bytes each.
pub fn calls(data: &[u8]) {
    static CALLER: LazyLock<playfield_runtime::wasm::Module> =
        LazyLock::new(|| ENGINE.load_wasm(&caller()).expect("a title"));
    if data.len() > 32 * 1024 {
        return;
    }
    let storage = BTreeMap::from([("program".to_owned(), data.to_vec())]);
    let Ok(mut guest) = CALLER.open(config(storage)) else { return };
    run(&mut guest, 4);
    check_snapshot(&mut guest);
}

/// A title with state of every kind: globals of all types, a picture, sound, values.
const STATE: &str = r#"(module
  (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
  (import "playfield:video@1" "dirty" (func $dirty (param i32 i32 i32 i32)))
  (import "playfield:audio@1" "push" (func $push (param i32 i32) (result i32)))
  (import "playfield:host@1" "random" (func $random (param i32 i32)))
  (import "playfield:storage@1" "write" (func $store (param i32 i32 i32 i32) (result i32)))
  (import "playfield:timeline@1" "mode" (func $playing (param i32)))
  (memory (export "memory") 1)
  (global $i (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 2)) (global $f (mut f32) (f32.const 1.5))
  (global $d (mut f64) (f64.const 2.5)) (global $v (mut v128) (v128.const i32x4 1 2 3 4))
  (func (export "pf_init") (call $mode (i32.const 8) (i32.const 8) (i32.const 0)))
  (func (export "pf_tick")
    (global.set $i (i32.add (global.get $i) (i32.const 1)))
    (call $dirty (i32.const 1) (i32.const 1) (i32.const 2) (i32.const 2))
    (call $random (i32.const 0) (i32.const 3))
    (drop (call $push (i32.const 0) (i32.const 900)))
    (drop (call $store (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 5)))
    (call $playing (i32.and (global.get $i) (i32.const 3)))))"#;
/// A cartridge that makes noise and writes its disk.
const CARTRIDGE: &str = r#"(module
  (import "env" "memory" (memory 1 1))
  (import "env" "tone" (func $tone (param i32 i32 i32 i32)))
  (import "env" "diskw" (func $diskw (param i32 i32) (result i32)))
  (global $n (mut i32) (i32.const 0))
  (func (export "update")
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (call $tone (i32.const 262) (i32.const 60) (i32.const 100) (i32.and (global.get $n) (i32.const 3)))
    (drop (call $diskw (i32.const 0) (i32.const 12)))))"#;

/// The bytes of a snapshot before its memory: what it is, and whose.
const HEAD: usize = 40;

struct Saved {
    guest: WasmGuest,
    good: Snapshot,
}

thread_local! {
    static SAVED: RefCell<[Saved; 2]> = RefCell::new([STATE, CARTRIDGE].map(|text| {
        let module = ENGINE.load_wasm(&wat::parse_str(text).expect("a module")).expect("a title");
        let mut guest = module.open(config(BTreeMap::new())).expect("it opens");
        let mut good = Snapshot::default();
        run(&mut guest, 3);
        guest.snapshot(&mut good).expect("it is saved");
        Saved { guest, good }
    }));
}

/// A saved state: whose it is (a byte), the size of its memory (64 bits), where in what follows zeros are to be put in and how
/// many (16 bits each: a black picture), and all that comes after the memory.
pub fn restore(data: &[u8]) {
    let mut data = Bytes(data);
    SAVED.with_borrow_mut(|both| {
        let Saved { guest, good } = &mut both[usize::from(data.u8() & 1)];
        let (size, at, zeros) = (data.u64(), usize::from(data.u16()), usize::from(data.u16()));
        let mut bytes = good.bytes[..HEAD].to_vec();
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.resize(bytes.len() + size.min(2 * MEMORY) as usize, 0);
        bytes.extend_from_slice(data.take(at));
        bytes.resize(bytes.len() + zeros, 0);
        bytes.extend_from_slice(data.0);
        if guest.restore(&Snapshot { tick: good.tick, bytes }).is_ok() {
            run(guest, 2);
        }
        guest.restore(good).expect("what was saved is restored");
        assert_eq!(guest.tick_count(), good.tick);
    });
}

/// What [`restore`] takes for the two states it knows.
pub fn saved_states() -> [Vec<u8>; 2] {
    SAVED.with_borrow(|both| {
        [0, 1].map(|nth| {
            let bytes = &both[nth].good.bytes[HEAD..];
            let (size, rest) = bytes.split_first_chunk::<8>().expect("it has memory");
            let rest = &rest[u64::from_le_bytes(*size) as usize..];
            let (at, zeros) = longest_zeros(rest);
            let fill = [at as u16, zeros as u16].map(u16::to_le_bytes).concat();
            [&[nth as u8], size.as_slice(), &fill, &rest[..at], &rest[at + zeros..]].concat()
        })
    })
}

/// Where the most zeros in a row are, and how many.
fn longest_zeros(bytes: &[u8]) -> (usize, usize) {
    let (mut best, mut start) = ((0, 0), 0);
    for end in 0..=bytes.len() {
        if bytes.get(end) != Some(&0) {
            best = if end - start > best.1 { (start, end - start) } else { best };
            start = end + 1;
        }
    }
    best
}
