//! State is saved and restored exactly.

use playfield_core::frame::Damage;
use playfield_runtime::conformance::{Broken, check_guest_damage, check_guest_determinism, check_guest_snapshot};
use playfield_runtime::{Guest, GuestConfig, GuestError, GuestEvent, PlayMode, Snapshot};

use crate::support::*;

/// A title whose every state shows: memory that grows, globals of all types, random, sound, storage, edges of all inputs,
/// palette, dirty rectangles that wait, and a mode that changes.
fn everything() -> Vec<u8> {
    title(
        r#"
        (global $i (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 2))
        (global $f (mut f32) (f32.const 1.5)) (global $d (mut f64) (f64.const 2.5))
        (global $v (mut v128) (v128.const i32x4 1 2 3 4))
        (func $begin (i32.store (i32.const 1000) (i32.const 5))) (start $begin)
        (func (export "pf_init") (call $tick_rate (i32.const 75)) (call $mode (i32.const 32) (i32.const 32) (i32.const 0)))
        (func (export "pf_tick") (local $n i32)
          (local.set $n (i32.wrap_i64 (call $tick)))
          (global.set $i (i32.mul (global.get $i) (i32.const 3)))
          (global.set $l (i64.add (global.get $l) (i64.const 5)))
          (global.set $f (f32.mul (global.get $f) (f32.const 1.25)))
          (global.set $d (f64.sqrt (f64.add (global.get $d) (f64.const 3))))
          (global.set $v (i32x4.add (global.get $v) (v128.const i32x4 9 8 7 6)))
          (i32.store (i32.const 0) (global.get $i)) (i64.store (i32.const 8) (global.get $l))
          (f32.store (i32.const 16) (global.get $f)) (f64.store (i32.const 24) (global.get $d))
          (v128.store (i32.const 32) (global.get $v))
          (call $random (i32.const 48) (i32.const 7))
          (call $pad (i32.const 0) (i32.const 64)) (call $pointer (i32.const 0) (i32.const 80))
          (call $keys (i32.const 0) (i32.const 96))
          (drop (call $touches (i32.const 0) (i32.const 160) (i32.const 2)))
          (drop (call $text (i32.const 0) (i32.const 176) (i32.const 8)))
          (i64.store (i32.const 184) (call $time_us)) (i64.store (i32.const 192) (call $unix_ms))
          ;; a value that is read before it is written
          (drop (call $read (i32.const 1000) (i32.const 1) (i32.const 200) (i32.const 8)))
          (drop (call $store (i32.const 1000) (i32.const 1) (i32.const 0) (i32.const 8)))
          ;; more sound than the tick plays, every third tick
          (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 3))) (then (drop (call $push (i32.const 0) (i32.const 1500)))))
          (call $palette (local.get $n) (i32.const 1) (i32.const 48))
          ;; a page more every tenth tick, and a mark at its end that shows two ticks later
          (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 10))) (then (drop (memory.grow (i32.const 1)))))
          (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (local.get $n))
          (i32.store (i32.const 212) (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4))))
          (i32.store (i32.const 216) (memory.size))
          (if (i32.eq (local.get $n) (i32.const 33)) (then (call $mode (i32.const 16) (i32.const 20) (i32.const 0))))
          ;; what is dirty is said a tick before it is presented
          (if (i32.and (local.get $n) (i32.const 1))
            (then (call $dirty (i32.const 1) (i32.const 0) (i32.const 30) (i32.rem_u (local.get $n) (i32.const 9))))
            (else (call $present (i32.const 0) (i32.const 32)))))
        "#,
    )
}

const PLAY: &str = r#"{"playfield":1,"seed":7}
{"frame":5,"pad":["a","left"],"lx":0.5,"keys":["KeyA"]}
{"frame":9,"pad":["a"],"mouse":{"x":3,"buttons":["left"]},"touch":[{"id":1,"x":4,"y":4}]}
{"frame":15,"keys":["KeyA","KeyB"],"text":"hi"}
{"frame":20,"pad":[],"mouse":{"dx":5,"buttons":[]},"touch":[{"id":1,"x":4,"y":4},{"id":2,"x":0,"y":0}]}"#;

#[test]
fn a_title_goes_on_from_any_saved_tick_as_it_did() {
    let (wasm, log) = (everything(), log(PLAY));
    check_guest_determinism(&ENGINE, &wasm, &log, 60).unwrap();
    check_guest_damage(&ENGINE, &wasm, &log, 60).unwrap();
    for save_at in [0, 1, 2, 8, 9, 10, 14, 19, 20, 21, 32, 33, 34, 45] {
        // Far enough for the memory to have grown since, so that going back makes it smaller.
        check_guest_snapshot(&ENGINE, &wasm, &log, save_at, save_at + 25)
            .unwrap_or_else(|broken| panic!("{save_at}: {broken}"));
    }
}

#[test]
fn the_check_finds_a_guest_that_differs() {
    let wasm = showing("(call $random (i32.const 0) (i32.const 64))");
    let mut guest = open_with(&wasm, GuestConfig { seed: 1, ..config() }).unwrap();
    let mut other = open_with(&wasm, GuestConfig { seed: 2, ..config() }).unwrap();
    let (mut a, mut b) = (Snapshot::default(), Snapshot::default());
    guest.snapshot(&mut a).unwrap();
    other.snapshot(&mut b).unwrap();
    assert_ne!(a, b);
    let hidden = module(
        "(memory (export \"memory\") 1) (table 1 funcref)
        (func (export \"pf_tick\") (table.set (i32.const 0) (ref.null func)))",
    );
    let broken = check_guest_snapshot(&ENGINE, &hidden, &log(""), 1, 2).unwrap_err();
    assert!(matches!(broken, Broken::Guest(GuestError::NoSnapshot(_))));
}

#[test]
fn going_back_makes_memory_small_again() {
    let body = "(i32.store (i32.const 0) (memory.grow (i32.const 3))) (i32.store (i32.const 4) (memory.size))";
    let mut guest = open_with(&showing(body), GuestConfig { memory_limit: 8 << 16, ..config() }).unwrap();
    let mut saved = Snapshot::default();
    guest.snapshot(&mut saved).unwrap();
    let sizes = [1, 2, 3].map(|_| {
        tick(&mut guest);
        words(guest.picture())[1]
    });
    assert_eq!(sizes, [5, 8, 8]);
    guest.restore(&saved).unwrap();
    assert_eq!(guest.tick_count(), 0);
    assert_eq!(tick(&mut guest).damage, Damage::All, "all may differ after going back");
    assert_eq!(words(guest.picture())[1], 5);
}

#[test]
fn a_guest_that_failed_is_well_again_after_going_back() {
    let mut guest = open(&ticking("(if (i64.eq (call $tick) (i64.const 3)) (then unreachable))")).unwrap();
    tick(&mut guest);
    let mut saved = Snapshot::default();
    guest.snapshot(&mut saved).unwrap();
    tick(&mut guest);
    guest.tick(&idle()).unwrap_err();
    assert!(guest.snapshot(&mut Snapshot::default()).is_err(), "it is spent");
    guest.restore(&saved).unwrap();
    tick(&mut guest);
    guest.tick(&idle()).unwrap_err();
}

#[test]
fn going_back_tells_what_is_stored_again() {
    let body = "(i32.store8 (i32.const 100) (i32.const 107)) (i64.store (i32.const 8) (call $tick))
        (drop (call $store (i32.const 100) (i32.const 1) (i32.const 8) (i32.const 1))) (call $playing (i32.wrap_i64 (call $tick)))";
    let mut guest = open(&ticking(body)).unwrap();
    let stored = |value: u8| GuestEvent::Stored { key: "k".to_owned(), value: Some(vec![value]) };
    tick(&mut guest);
    let mut saved = Snapshot::default();
    guest.snapshot(&mut saved).unwrap();
    tick(&mut guest);
    assert_eq!(events(&mut guest), [GuestEvent::Mode(PlayMode::Loading), stored(2)]);
    guest.restore(&saved).unwrap();
    assert_eq!(events(&mut guest), [GuestEvent::Mode(PlayMode::Menu), stored(1)]);
}

#[test]
fn snapshots_of_others_and_damaged_ones_are_refused() {
    let mut guest = open(&everything()).unwrap();
    ticks(&mut guest, 12);
    let mut saved = Snapshot::default();
    guest.snapshot(&mut saved).unwrap();

    let mut other = open(&ticking("")).unwrap();
    let error = other.restore(&saved).unwrap_err();
    assert!(error.to_string().contains("another module"), "{error}");
    tick(&mut other);

    let lengths = (0..200).chain((200..saved.bytes.len()).step_by(3_001)).chain([saved.bytes.len() - 1]);
    for length in lengths {
        let cut = Snapshot { tick: saved.tick, bytes: saved.bytes[..length].to_vec() };
        assert!(matches!(guest.restore(&cut), Err(GuestError::NoSnapshot(_))), "{length}");
    }
    let mut long = saved.clone();
    long.bytes.push(0);
    assert!(guest.restore(&long).is_err());
    guest.restore(&saved).unwrap();
    tick(&mut guest);
}

#[test]
fn bytes_changed_anywhere_never_panic() {
    let mut guest = open_with(&everything(), GuestConfig { memory_limit: 1 << 20, ..config() }).unwrap();
    ticks(&mut guest, 12);
    let mut saved = Snapshot::default();
    guest.snapshot(&mut saved).unwrap();
    let memory = 3 << 16;
    let places = (40..60).chain(memory..saved.bytes.len());
    for (nth, place) in places.step_by(7).enumerate() {
        let mut bad = saved.clone();
        let place = place.min(bad.bytes.len() - 1);
        bad.bytes[place] ^= 1 << (nth % 8);
        if guest.restore(&bad).is_ok() {
            let _ = guest.tick(&idle());
        }
    }
    guest.restore(&saved).unwrap();
    tick(&mut guest);
}

#[test]
fn a_buffer_is_used_again() {
    let mut guest = open(&everything()).unwrap();
    let mut saved = Snapshot::default();
    guest.snapshot(&mut saved).unwrap();
    saved.bytes.reserve(1 << 20);
    let room = saved.bytes.as_ptr();
    for _ in 0..3 {
        tick(&mut guest);
        guest.snapshot(&mut saved).unwrap();
        assert_eq!(saved.bytes.as_ptr(), room);
    }
}
