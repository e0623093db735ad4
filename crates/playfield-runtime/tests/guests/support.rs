//! Small modules and short ways to run them.

use std::sync::LazyLock;

use playfield_core::frame::Picture;
use playfield_core::input::TickInput;
use playfield_core::input::log::InputLog;
use playfield_runtime::conformance::config_for;
use playfield_runtime::wasm::{Engine, WasmGuest};
use playfield_runtime::{Guest, GuestConfig, GuestError, GuestEvent, Tick};

/// One engine for all tests, as in a worker.
pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new().unwrap());

/// Imports every function of the ABI, `$group_name`, and has two pages of memory.
pub const PRELUDE: &str = r#"
(import "playfield:host@1" "tick_rate" (func $tick_rate (param i32)))
(import "playfield:host@1" "tick" (func $tick (result i64)))
(import "playfield:host@1" "time_us" (func $time_us (result i64)))
(import "playfield:host@1" "unix_ms" (func $unix_ms (result i64)))
(import "playfield:host@1" "random" (func $random (param i32 i32)))
(import "playfield:host@1" "exit" (func $exit))
(import "playfield:log@1" "write" (func $log (param i32 i32 i32)))
(import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
(import "playfield:video@1" "palette" (func $palette (param i32 i32 i32)))
(import "playfield:video@1" "dirty" (func $dirty (param i32 i32 i32 i32)))
(import "playfield:video@1" "present" (func $present (param i32 i32)))
(import "playfield:audio@1" "wanted" (func $wanted (result i32)))
(import "playfield:audio@1" "push" (func $push (param i32 i32) (result i32)))
(import "playfield:input@1" "players" (func $players (result i32)))
(import "playfield:input@1" "pad" (func $pad (param i32 i32)))
(import "playfield:input@1" "keys" (func $keys (param i32 i32)))
(import "playfield:input@1" "pointer" (func $pointer (param i32 i32)))
(import "playfield:input@1" "touches" (func $touches (param i32 i32 i32) (result i32)))
(import "playfield:input@1" "text" (func $text (param i32 i32 i32) (result i32)))
(import "playfield:input@1" "rumble" (func $rumble (param i32 i32 i32 i32)))
(import "playfield:storage@1" "read" (func $read (param i32 i32 i32 i32) (result i32)))
(import "playfield:storage@1" "write" (func $store (param i32 i32 i32 i32) (result i32)))
(import "playfield:storage@1" "remove" (func $remove (param i32 i32) (result i32)))
(import "playfield:timeline@1" "event" (func $event (param i32 i32 i64)))
(import "playfield:timeline@1" "mode" (func $playing (param i32)))
(memory (export "memory") 2)
"#;

/// A module from its text.
pub fn module(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {text})")).unwrap()
}

/// A title with every import, from the rest of its text.
pub fn title(text: &str) -> Vec<u8> {
    module(&format!("{PRELUDE} {text}"))
}

/// A title with every import, from the body of its tick.
pub fn ticking(body: &str) -> Vec<u8> {
    title(&format!("(func (export \"pf_tick\") {body})"))
}

/// A title whose picture is 64 bytes of its memory from 0 on, as 16x1 RGBA, after `body`. What `body` leaves there is what
/// tests look at.
pub fn showing(body: &str) -> Vec<u8> {
    title(&format!(
        "(func (export \"pf_init\") (call $mode (i32.const 16) (i32.const 1) (i32.const 2)))
         (func (export \"pf_tick\") {body} (call $present (i32.const 0) (i32.const 64)))"
    ))
}

/// A configuration with the usual limits.
pub fn config() -> GuestConfig {
    config_for(&InputLog::default())
}

/// Opens a module.
pub fn open(wasm: &[u8]) -> Result<WasmGuest, GuestError> {
    open_with(wasm, config())
}

/// Opens a module.
pub fn open_with(wasm: &[u8], config: GuestConfig) -> Result<WasmGuest, GuestError> {
    ENGINE.load_wasm(wasm)?.open(config)
}

/// Why a module is not opened.
pub fn refusal(wasm: &[u8]) -> GuestError {
    match open(wasm) {
        Ok(_) => panic!("the module was opened"),
        Err(error) => error,
    }
}

/// Nobody does anything.
pub fn idle() -> TickInput {
    let mut input = TickInput::default();
    input.players[0].connected = true;
    input
}

/// Makes a picture with idle players.
pub fn tick(guest: &mut WasmGuest) -> Tick {
    guest.tick(&idle()).unwrap()
}

/// Makes pictures with idle players.
pub fn ticks(guest: &mut WasmGuest, count: u32) {
    (0..count).for_each(|_| {
        tick(guest);
    });
}

/// How the first tick of a title with this body fails.
pub fn failure(body: &str) -> GuestError {
    open(&ticking(body)).unwrap().tick(&idle()).unwrap_err()
}

/// Everything the guest said.
pub fn events(guest: &mut WasmGuest) -> Vec<GuestEvent> {
    let mut events = Vec::new();
    guest.take_events(&mut events);
    events
}

/// 32-bit words of a picture's bytes.
pub fn words(picture: &Picture) -> Vec<u32> {
    picture.pixels.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// A log.
pub fn log(text: &str) -> InputLog {
    InputLog::parse(text).unwrap()
}
