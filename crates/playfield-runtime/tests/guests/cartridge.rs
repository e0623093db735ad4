//! WASM-4 cartridges: the console's code is tested in its own room; here it is tied to the engine.

use playfield_core::frame::{Damage, PixelFormat};
use playfield_core::input::log::InputLog;
use playfield_core::input::{PadButton, TickInput};
use playfield_runtime::conformance::{check_guest_damage, check_guest_determinism, check_guest_snapshot};
use playfield_runtime::{Guest, GuestConfig, GuestError, GuestEvent, LogLevel};

use crate::support::*;

/// Imports everything a cartridge can.
const CONSOLE: &str = r#"
(import "env" "memory" (memory 1 1))
(import "env" "blit" (func $blit (param i32 i32 i32 i32 i32 i32)))
(import "env" "blitSub" (func $blitSub (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(import "env" "line" (func $line (param i32 i32 i32 i32)))
(import "env" "hline" (func $hline (param i32 i32 i32)))
(import "env" "vline" (func $vline (param i32 i32 i32)))
(import "env" "oval" (func $oval (param i32 i32 i32 i32)))
(import "env" "rect" (func $rect (param i32 i32 i32 i32)))
(import "env" "text" (func $text (param i32 i32 i32)))
(import "env" "textUtf8" (func $textUtf8 (param i32 i32 i32 i32)))
(import "env" "textUtf16" (func $textUtf16 (param i32 i32 i32 i32)))
(import "env" "tone" (func $tone (param i32 i32 i32 i32)))
(import "env" "diskr" (func $diskr (param i32 i32) (result i32)))
(import "env" "diskw" (func $diskw (param i32 i32) (result i32)))
(import "env" "trace" (func $trace (param i32)))
(import "env" "traceUtf8" (func $traceUtf8 (param i32 i32)))
(import "env" "traceUtf16" (func $traceUtf16 (param i32 i32)))
(import "env" "tracef" (func $tracef (param i32 i32)))
"#;

fn cartridge(text: &str) -> Vec<u8> {
    module(&format!("{CONSOLE} {text}"))
}

/// A cartridge that draws with everything, follows player 0 and makes noise.
fn busy() -> Vec<u8> {
    cartridge(
        "(global $x (mut i32) (i32.const 10)) (data (i32.const 0x2000) \"Hello\\00\\81\\42\\24\\18\\18\\24\\42\\81\")
         (func (export \"update\") (local $pad i32)
           (local.set $pad (i32.load8_u (i32.const 0x16)))
           (if (i32.and (local.get $pad) (i32.const 32)) (then (global.set $x (i32.add (global.get $x) (i32.const 1)))))
           (if (i32.and (local.get $pad) (i32.const 1)) (then
             (call $tone (i32.const 262) (i32.const 10) (i32.const 100) (i32.const 0))))
           (call $text (i32.const 0x2000) (global.get $x) (i32.const 10))
           (call $textUtf8 (i32.const 0x2000) (i32.const 2) (i32.const 10) (i32.const 20))
           (call $textUtf16 (i32.const 0x2000) (i32.const 2) (i32.const 10) (i32.const 30))
           (call $rect (global.get $x) (i32.const 40) (i32.const 8) (i32.const 8))
           (call $oval (i32.const 30) (i32.const 40) (i32.const 9) (i32.const 9))
           (call $line (i32.const 0) (i32.const 0) (global.get $x) (i32.const 159))
           (call $hline (i32.const 0) (i32.const 70) (i32.const 50)) (call $vline (i32.const 70) (i32.const 0) (i32.const 50))
           (call $blit (i32.const 0x2006) (i32.const 80) (i32.const 80) (i32.const 8) (i32.const 8) (i32.const 0))
           (call $blitSub (i32.const 0x2006) (i32.const 90) (i32.const 80) (i32.const 4) (i32.const 4) (i32.const 2) (i32.const 2)
             (i32.const 8) (i32.const 0)))",
    )
}

const PLAY: &str =
    "{\"frame\":5,\"pad\":[\"right\"]}\n{\"frame\":9,\"pad\":[\"right\",\"a\"]}\n{\"frame\":12,\"pad\":[]}";

#[test]
fn a_cartridge_draws_sounds_and_follows_the_pad() {
    let mut guest = open(&busy()).unwrap();
    assert_eq!(guest.tick_hz(), 60);
    tick(&mut guest);
    let picture = guest.picture().clone();
    assert_eq!((picture.width, picture.height, picture.format), (160, 160, PixelFormat::Indexed8));
    assert_eq!(picture.palette[0], [0xe0, 0xf8, 0xcf]);
    assert!(picture.pixels.iter().filter(|pixel| **pixel != 0).count() > 300);
    assert_eq!(tick(&mut guest).damage, Damage::None);
    let mut input = TickInput::default();
    input.players[0].pad.buttons = PadButton::Right.bit() | PadButton::A.bit();
    assert!(matches!(guest.tick(&input).unwrap().damage, Damage::Area(_)));
    assert_ne!(guest.picture().pixels, picture.pixels);
    assert_eq!(guest.audio().len(), 1_600);
}

#[test]
fn cartridges_keep_what_every_guest_keeps() {
    let log = log(PLAY);
    check_guest_determinism(&ENGINE, &busy(), &log, 30).unwrap();
    check_guest_damage(&ENGINE, &busy(), &log, 30).unwrap();
    for save_at in [0, 1, 8, 10, 20] {
        check_guest_snapshot(&ENGINE, &busy(), &log, save_at, 40).unwrap();
    }
    check_guest_snapshot(&ENGINE, &busy(), &InputLog::default(), 3, 6).unwrap();
}

#[test]
fn starts_run_in_order() {
    let note = "(global $at (mut i32) (i32.const 0x3000))
        (func $note (param $what i32)
          (i32.store8 (global.get $at) (local.get $what)) (global.set $at (i32.add (global.get $at) (i32.const 1))))
        (func $first (call $note (i32.const 49))) (start $first)
        (func (export \"start\") (call $note (i32.const 51)))
        (func (export \"update\") (call $note (i32.const 52)) (call $trace (i32.const 0x3000)))";
    for both in [
        "(func (export \"_start\") (call $note (i32.const 50)))",
        "(func (export \"_initialize\") (call $note (i32.const 50)))",
        "(func (export \"_start\")) (func (export \"_initialize\") (call $note (i32.const 50)))",
    ] {
        let mut guest = open(&cartridge(&format!("{note} {both}"))).unwrap();
        tick(&mut guest);
        assert_eq!(events(&mut guest), [GuestEvent::Log { level: LogLevel::Info, line: "1234".to_owned() }]);
    }
}

/// The console's runtime is a script: arguments too many or too few, and results, are all the same to it.
#[test]
fn imports_and_exports_may_have_types_of_their_own() {
    let memory = "(import \"env\" \"memory\" (memory 1))";
    let rect = "(import \"env\" \"rect\" (func $rect (param i32 i32 i32 i32)))";
    let plain = "(i32.const 7) (i32.const 0) (i32.const 9) (i32.const 9)";
    let check = |text: &str| {
        let mut guest = open(&module(text)).unwrap();
        tick(&mut guest);
        let drawn = guest.picture().pixels[..160].iter().filter(|pixel| **pixel != 0).count();
        assert_eq!(drawn, 9, "{text}");
        assert_ne!(guest.picture().pixels[7], 0, "{text}");
    };
    check(&format!("{memory} {rect} (func (export \"update\") (result i32) (call $rect {plain}) (i32.const 1))"));
    check(&format!(
        "{memory} {rect} (func (export \"update\") (param $x i32) (param f64) (result i64 f32)
          (call $rect (i32.add (local.get $x) (i32.const 7)) (i32.const 0) (i32.const 9) (i32.const 9))
          (i64.const 0) (f32.const 0))"
    ));
    // No memory: it draws with the registers as they begin.
    check(&format!("{rect} (func (export \"update\") (call $rect {plain}))"));
    check(&format!(
        "{memory} {rect} (import \"env\" \"trace\" (func $trace (param i32 i32 f64)))
         (import \"env\" \"rect\" (func $more (param i32 f32 f64 i32 i64) (result i32)))
         (import \"env\" \"diskr\" (func $diskr (param i32 i32) (result f64)))
         (func (export \"update\")
           (call $trace (i32.const 9000) (i32.const 3) (f64.const 1)) (drop (call $diskr (i32.const 0) (i32.const 9)))
           (call $more (i32.const 7) (f32.const 0) (f64.const 9) (i32.const 9) (i64.const 5)) (drop))"
    ));
}

/// With these the console's script ends in an error of its own.
#[test]
fn numbers_of_64_bits_end_a_cartridge() {
    let rect = "(import \"env\" \"rect\" (func $rect (param i32 i32 i32 i64)))";
    let call = "(call $rect (i32.const 1) (i32.const 1) (i32.const 1) (i64.const 1))";
    let mut guest = open(&module(&format!("{rect} (func (export \"update\") {call})"))).unwrap();
    assert!(
        matches!(guest.tick(&idle()), Err(GuestError::Trap(why)) if why.contains("`rect`") && why.contains("64 bits"))
    );
    let mut guest = open(&module("(func (export \"update\") (param i64))")).unwrap();
    assert!(matches!(guest.tick(&idle()), Err(GuestError::Trap(why)) if why.contains("left out")));
}

/// Each is a cartridge, since the console shows something for it.
#[test]
fn cartridges_come_without_much() {
    let memory = "(import \"env\" \"memory\" (memory 1))";
    let wide = "(i32.store8 (i32.const 0xa0) (i32.const 0xff))";
    let rect = "(import \"env\" \"rect\" (func $rect (param i32 i32 i32 i32)))";
    let call = "(call $rect (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1))";
    for (text, drawn) in [
        ("(func (export \"start\"))".to_owned(), 0),
        ("(func (export \"_initialize\"))".to_owned(), 0),
        ("(func) (start 0)".to_owned(), 0),
        (memory.to_owned(), 0),
        // The screen is cleared before the first picture, unless the cartridge asked for it to be kept.
        (format!("{memory} (func {wide}) (start 0)"), 0),
        (format!("{memory} (func {wide} (i32.store8 (i32.const 0x1f) (i32.const 1))) (start 0)"), 4),
        (format!("{memory} {rect} (func (export \"update\") (return_call $draw)) (func $draw {call})"), 4),
    ] {
        let mut guest = open(&module(&text)).unwrap();
        tick(&mut guest);
        tick(&mut guest);
        assert_eq!(guest.picture().pixels.iter().filter(|pixel| **pixel != 0).count(), drawn, "{text}");
    }
}

#[test]
fn a_cartridge_without_update_keeps_its_picture() {
    let mut guest = open(&cartridge(
        "(func (export \"start\") (i32.store8 (i32.const 0x1f) (i32.const 1))
        (call $rect (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 9)))",
    ))
    .unwrap();
    tick(&mut guest);
    assert_eq!(tick(&mut guest).damage, Damage::None);
}

#[test]
fn the_registers_are_there_before_the_cartridges_own_data() {
    let show = "(func (export \"start\") (call $traceUtf8 (i32.const 0x3000) (i32.const 1)))
        (func (export \"update\") (call $tracef (i32.const 0x3000) (i32.const 0x3008)))";
    // Prints the first colour and the mouse's x.
    let data = "(data (i32.const 0x3000) \"%x %d\\00\")";
    let colour = |text: &str| {
        let mut guest = open(&cartridge(&format!(
            "{text} {data} {show}
            (func $copy (i32.store (i32.const 0x3008) (i32.load (i32.const 4)))
              (i32.store (i32.const 0x300c) (i32.load16_s (i32.const 0x1a)))) (start $copy)"
        )))
        .unwrap();
        tick(&mut guest);
        match events(&mut guest).pop() {
            Some(GuestEvent::Log { line, .. }) => line,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(colour(""), "e0f8cf 32767");
    assert_eq!(colour("(data (i32.const 0) \"aaaa\\01\")"), "e0f801 32767");
    assert_eq!(colour("(data (i32.const 7) \"\\07\") (data (i32.const 0x1b) \"\\00\\00\\00\\00\")"), "7e0f8cf 255");
    assert_eq!(colour("(data (i32.add (i32.const 9) (i32.const -5)) \"bb\")"), "e06262 32767");
    assert_eq!(
        colour("(data $p \"zz\") (func (memory.init $p (i32.const 9000) (i32.const 0) (i32.const 2)))"),
        "e0f8cf 32767"
    );
}

#[test]
fn the_disk_is_told_when_it_changes_and_there_when_it_comes_back() {
    let text = "(data (i32.const 0x2000) \"save\")
        (func (export \"update\")
          (drop (call $diskr (i32.const 0x3000) (i32.const 4))) (call $traceUtf8 (i32.const 0x3000) (i32.const 4))
          (drop (call $diskw (i32.const 0x2000) (i32.const 4))))";
    let stored = GuestEvent::Stored { key: "disk".to_owned(), value: Some(b"save".to_vec()) };
    let mut guest = open(&cartridge(text)).unwrap();
    tick(&mut guest);
    assert!(events(&mut guest).contains(&stored));
    tick(&mut guest);
    assert!(!events(&mut guest).contains(&stored), "nothing new");
    let storage = [("disk".to_owned(), b"old!".to_vec())].into();
    let mut guest = open_with(&cartridge(text), GuestConfig { storage, ..config() }).unwrap();
    tick(&mut guest);
    let line = GuestEvent::Log { level: LogLevel::Info, line: "old!".to_owned() };
    assert_eq!(events(&mut guest), [line, stored]);
    // What was kept comes back in groups of four bytes.
    let length = "(func (export \"update\") (local $n i32)
        (local.set $n (call $diskr (i32.const 0x3000) (i32.const 99)))
        (i32.store8 (i32.const 0x2000) (i32.add (local.get $n) (i32.const 48)))
        (call $trace (i32.const 0x2000)))";
    for (kept, read) in [(0, "0"), (1, "4"), (4, "4"), (5, "8")] {
        let storage = [("disk".to_owned(), vec![7; kept])].into();
        let mut guest = open_with(&cartridge(length), GuestConfig { storage, ..config() }).unwrap();
        tick(&mut guest);
        assert_eq!(events(&mut guest), [GuestEvent::Log { level: LogLevel::Info, line: read.to_owned() }]);
    }
}

#[test]
fn its_memory_is_one_page_for_good() {
    for import in ["(memory 1 1)", "(memory 1)", "(memory 0)", "(memory 1 4)"] {
        let text = format!(
            "(import \"env\" \"memory\" {import}) (import \"env\" \"tracef\" (func $tracef (param i32 i32)))
             (data (i32.const 0x3000) \"%d %d\\00\")
             (func (export \"update\") (i32.store (i32.const 0x3008) (memory.grow (i32.const 1)))
               (i32.store (i32.const 0x300c) (memory.size)) (call $tracef (i32.const 0x3000) (i32.const 0x3008)))"
        );
        let mut guest = open(&module(&text)).unwrap();
        tick(&mut guest);
        assert_eq!(
            events(&mut guest),
            [GuestEvent::Log { level: LogLevel::Info, line: "-1 1".to_owned() }],
            "{import}"
        );
    }
}

#[test]
fn pointers_outside_crash_it() {
    for call in ["(call $text (i32.const 0x7fffffff) (i32.const 0) (i32.const 0))", "(call $trace (i32.const -1))"] {
        let mut guest = open(&cartridge(&format!("(func (export \"update\") {call})"))).unwrap();
        assert!(guest.tick(&idle()).is_err(), "{call}");
    }
}
