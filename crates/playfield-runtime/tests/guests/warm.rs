//! A warm start cannot be told from a cold one.

use std::time::Duration;

use playfield_runtime::wasm::{Engine, Module, Options, WasmGuest};
use playfield_runtime::{Changes, Guest, GuestConfig, GuestEvent, LogLevel, Snapshot};

use crate::support::*;
use crate::titles::titles;

/// An engine of its own for each test: it keeps starts by module.
fn engine(warm_after: Duration) -> Engine {
    Engine::with(Options { warm_after, ..Options::default() }).unwrap()
}

/// A title with a start that makes tables, grows, says something, and sets everything that can be set; then `init`. Each tick
/// draws from tables, random numbers, the time and what is stored.
fn slow(init: &str) -> Vec<u8> {
    title(&format!(
        r#"(global $g (mut i32) (i32.const 3)) (data (i32.const 100) "k") (data (i32.const 70000) "initial")
        (func (export "pf_init") (local $n i32)
          (call $mode (i32.const 16) (i32.const 1) (i32.const 2))
          (drop (memory.grow (i32.const 30)))
          (local.set $n (i32.const 200000))
          (loop $next
            (i32.store (local.get $n) (i32.mul (local.get $n) (i32.const -1640531527)))
            (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 4))) (i32.const 900000))))
          (i32.store (i32.const 1900000) (i32.const 5))
          (i32.store8 (i32.const 70000) (i32.const 0))
          (global.set $g (i32.const 77))
          (call $log (i32.const 2) (i32.const 70001) (i32.const 6))
          (call $playing (i32.const 1))
          (drop (call $push (i32.const 200000) (i32.const 2000)))
          {init})
        (func (export "pf_tick")
          (i32.store (i32.const 0) (i32.load (i32.add (i32.const 200000) (i32.mul (i32.const 400) (i32.wrap_i64 (call $tick))))))
          (i32.store (i32.const 4) (global.get $g))
          (call $random (i32.const 8) (i32.const 8))
          (i64.store (i32.const 16) (call $unix_ms))
          (i32.store (i32.const 24) (call $read (i32.const 100) (i32.const 1) (i32.const 28) (i32.const 8)))
          (i64.store (i32.const 40) (i64.load (i32.const 70000)))
          (i32.store (i32.const 48) (memory.size))
          (i32.store (i32.const 300000) (i32.add (i32.load (i32.const 300000)) (i32.load (i32.const 8))))
          (i32.store (i32.const 52) (i32.load (i32.const 300000)))
          (call $present (i32.const 0) (i32.const 64)))"#
    ))
}

fn session(seed: u64) -> GuestConfig {
    let storage = [("k".to_owned(), seed.to_le_bytes().to_vec()), ("disk".to_owned(), vec![seed as u8; 8])].into();
    GuestConfig { seed, start_unix_ms: 1_000_000 * seed, storage, ..config() }
}

/// A module in an engine that keeps every start that can be kept, and in one that keeps none.
fn open_two(module: &[u8]) -> (Module, Module) {
    (keeping(module), engine(Duration::MAX).load_wasm(module).unwrap())
}

fn keeping(module: &[u8]) -> Module {
    engine(Duration::ZERO).load_wasm(module).unwrap()
}

fn state(guest: &mut WasmGuest) -> Snapshot {
    let mut state = Snapshot::default();
    guest.snapshot(&mut state).unwrap();
    state
}

/// The same session, opened in two ways, is the same.
fn check_same(one: &mut WasmGuest, two: &mut WasmGuest) {
    assert!(state(one) == state(two), "states differ at the start");
    for n in 0..30 {
        assert_eq!(events(one), events(two), "tick {n}");
        assert_eq!(one.tick(&idle()), two.tick(&idle()), "tick {n}");
        assert!(one.picture() == two.picture() && one.audio() == two.audio(), "tick {n}");
    }
    assert!(state(one) == state(two), "states differ in the end");
}

#[test]
fn a_warm_start_is_a_cold_one_with_any_seed_time_and_storage() {
    let (warm, cold) = open_two(&slow(""));
    for (seed, is_warm) in [(1, false), (2, true), (3, true), (1, true)] {
        let mut one = warm.open(session(seed)).unwrap();
        assert_eq!(one.is_warm(), is_warm);
        let mut two = cold.open(session(seed)).unwrap();
        assert!(!two.is_warm());
        check_same(&mut one, &mut two);
    }
}

#[test]
fn what_a_start_says_is_said_in_every_session() {
    let warm = keeping(&slow("(call $log (i32.const 1) (i32.const 100) (i32.const 1))"));
    let said = [(); 3].map(|()| events(&mut warm.open(session(1)).unwrap()));
    assert!(said[0].contains(&GuestEvent::Log { level: LogLevel::Warn, line: "k".to_owned() }), "{said:?}");
    assert!(said[1] == said[0] && said[2] == said[0], "{said:?}");
}

#[test]
fn a_start_that_asks_for_something_of_its_session_is_run_each_time() {
    let asks = [
        "(call $random (i32.const 8) (i32.const 4))",
        "(drop (call $unix_ms))",
        "(drop (call $store (i32.const 100) (i32.const 1) (i32.const 28) (i32.const 4)))",
        "(drop (call $remove (i32.const 100) (i32.const 1)))",
        "(call $rumble (i32.const 0) (i32.const 255) (i32.const 9) (i32.const 100))",
    ];
    for ask in asks {
        let (warm, cold) = open_two(&slow(ask));
        for seed in [1, 2] {
            let (mut one, mut two) = (warm.open(session(seed)).unwrap(), cold.open(session(seed)).unwrap());
            assert!(!one.is_warm(), "{ask}");
            check_same(&mut one, &mut two);
        }
    }
}

#[test]
fn a_start_that_reads_what_is_stored_is_warm_where_it_reads_the_same() {
    let (warm, cold) = open_two(&slow(
        "(i32.store (i32.const 300000) (call $read (i32.const 100) (i32.const 1) (i32.const 300004) (i32.const 8)))",
    ));
    let with = |seed, stored: Option<u8>| {
        let other = ("other".to_owned(), vec![seed as u8]);
        let stored = stored.map(|value| ("k".to_owned(), vec![value; 8]));
        GuestConfig { storage: stored.into_iter().chain([other]).collect(), ..session(seed) }
    };
    let cases = [
        (1, None, false),
        (2, None, true),
        (3, Some(7), false),
        (4, Some(8), false),
        (5, Some(7), true),
        (6, None, true),
        (7, Some(8), true),
    ];
    for (seed, stored, is_warm) in cases {
        let mut one = warm.open(with(seed, stored)).unwrap();
        assert_eq!(one.is_warm(), is_warm, "{seed}");
        check_same(&mut one, &mut cold.open(with(seed, stored)).unwrap());
    }
}

#[test]
fn a_start_that_asks_for_what_is_the_same_for_all_is_warm() {
    let asks = [
        "(drop (call $tick))",
        "(drop (call $time_us))",
        "(drop (call $players))",
        "(call $pad (i32.const 0) (i32.const 8))",
    ];
    for ask in asks {
        let warm = keeping(&slow(ask));
        warm.open(session(1)).unwrap();
        assert!(warm.open(session(2)).unwrap().is_warm(), "{ask}");
    }
}

#[test]
fn another_limit_of_memory_is_another_start() {
    let (warm, cold) = open_two(&slow("(i32.store (i32.const 1000) (memory.grow (i32.const 200)))"));
    warm.open(session(1)).unwrap();
    let narrow = |seed| GuestConfig { memory_limit: 4 << 20, ..session(seed) };
    let mut one = warm.open(narrow(1)).unwrap();
    assert!(!one.is_warm());
    check_same(&mut one, &mut cold.open(narrow(1)).unwrap());
    assert!(warm.open(narrow(2)).unwrap().is_warm() && warm.open(session(2)).unwrap().is_warm());
}

#[test]
fn a_start_that_fails_fails_each_time() {
    let warm = keeping(&slow("unreachable"));
    assert!((0..3).all(|_| warm.open(session(1)).is_err()));
}

#[test]
fn what_a_session_writes_no_other_sees() {
    let (warm, cold) = open_two(&slow(""));
    warm.open(session(1)).unwrap();
    let mut first = warm.open(session(5)).unwrap();
    ticks(&mut first, 50);
    check_same(&mut warm.open(session(6)).unwrap(), &mut cold.open(session(6)).unwrap());
}

#[test]
fn a_warm_guest_is_saved_by_changes_and_goes_back() {
    let (warm, _) = open_two(&slow(""));
    warm.open(session(1)).unwrap();
    let mut guest = warm.open(session(2)).unwrap();
    let (mut changes, mut saved) = (Changes::default(), Snapshot::default());
    for _ in 0..10 {
        loop {
            guest.save_changes(&mut changes).unwrap();
            changes.apply(&mut saved);
            if changes.done {
                break;
            }
        }
        assert!(saved == state(&mut guest));
        ticks(&mut guest, 3);
    }
    let mut other = warm.open(session(3)).unwrap();
    other.restore(&saved).unwrap();
    guest.restore(&saved).unwrap();
    tick(&mut guest);
    tick(&mut other);
    assert!(state(&mut guest) == state(&mut other));
}

#[test]
fn a_cartridge_keeps_its_own_disk() {
    let body = |start: &str| {
        format!(
            r#"(import "env" "memory" (memory 1)) (import "env" "diskr" (func $diskr (param i32 i32) (result i32)))
            (import "env" "rect" (func $rect (param i32 i32 i32 i32)))
            (func (export "start") (local $n i32) (loop $next
              (i32.store (i32.add (i32.const 0x2000) (local.get $n)) (i32.mul (local.get $n) (i32.const 77)))
              (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 4))) (i32.const 0x8000))))
              (call $rect (i32.const 3) (i32.const 4) (i32.const 50) (i32.const 60)) {start})
            (func (export "update") (drop (call $diskr (i32.const 0xa0) (i32.const 8))))"#
        )
    };
    for (start, is_warm) in [("", true), ("(drop (call $diskr (i32.const 0x7000) (i32.const 8)))", false)] {
        let (warm, cold) = open_two(&module(&body(start)));
        warm.open(session(1)).unwrap();
        for (seed, is_warm) in [(2, is_warm), (3, is_warm), (2, true)] {
            let mut one = warm.open(session(seed)).unwrap();
            assert_eq!(one.is_warm(), is_warm);
            check_same(&mut one, &mut cold.open(session(seed)).unwrap());
        }
    }
}

#[test]
fn a_quick_start_is_not_kept() {
    let module = engine(Duration::from_secs(3_600)).load_wasm(&slow("")).unwrap();
    assert!((0..3).all(|_| !module.open(session(1)).unwrap().is_warm()));
}

#[test]
fn every_title_is_the_same_warm_and_cold() {
    let mut warm_ones = 0;
    for (path, wasm, log) in titles() {
        let (warm, cold) = open_two(&wasm);
        warm.open(session(1)).unwrap();
        for seed in [2, 3] {
            let (mut one, mut two) = (warm.open(session(seed)).unwrap(), cold.open(session(seed)).unwrap());
            warm_ones += u32::from(one.is_warm());
            assert!(state(&mut one) == state(&mut two), "{}", path.display());
            let mut inputs = log.cursor();
            for frame in 1..=120 {
                let input = inputs.at(frame);
                assert_eq!(one.tick(input), two.tick(input), "{}, {frame}", path.display());
                assert!(one.picture() == two.picture() && one.audio() == two.audio(), "{}, {frame}", path.display());
                assert_eq!(events(&mut one), events(&mut two), "{}, {frame}", path.display());
            }
        }
    }
    assert!(warm_ones > 0, "no title starts warm");
}
