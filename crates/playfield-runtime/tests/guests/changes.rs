//! What is saved by changes is what is saved whole, however a guest writes, grows and goes back.

use std::sync::LazyLock;

use playfield_runtime::changes::{MEMORY_AT, ROUND};
use playfield_runtime::wasm::{Engine, Options, WasmGuest};
use playfield_runtime::{Changes, Guest, GuestConfig, Snapshot, Tracking};

use crate::support::*;

/// An engine that always compares, as on a machine whose kernel does not note writes.
static COMPARING: LazyLock<Engine> =
    LazyLock::new(|| Engine::with(Options { tracking: Tracking::Compare, ..Options::default() }).unwrap());

fn engines() -> [&'static Engine; 2] {
    [&ENGINE, &COMPARING]
}

/// A title of so many pages of 64 KiB that writes to `places` places drawn at random at each tick, and grows by a page at
/// each tick that `grows` divides. Its picture is drawn from what it finds there.
fn scribbler(pages: u32, places: u32, grows: u32) -> Vec<u8> {
    let prelude = with_pages(pages);
    module(&format!(
        r#"{prelude} (global $seen (mut i64) (i64.const 0))
        (func (export "pf_init") (call $mode (i32.const 16) (i32.const 1) (i32.const 2)))
        (func (export "pf_tick") (local $n i32) (local $at i32)
          (if (i32.eqz (i32.rem_u (i32.wrap_i64 (call $tick)) (i32.const {grows})))
            (then (drop (memory.grow (i32.const 1)))))
          (local.set $n (i32.const {places}))
          (block $done (loop $next
            (br_if $done (i32.eqz (local.get $n)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (call $random (i32.const 128) (i32.const 8))
            (local.set $at (i32.add (i32.const 256)
              (i32.rem_u (i32.load (i32.const 128))
                (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 512)))))
            (global.set $seen (i64.add (i64.rotl (global.get $seen) (i64.const 7)) (i64.load (local.get $at))))
            (i32.store (local.get $at) (i32.load (i32.const 132)))
            (br $next)))
          (i64.store (i32.const 0) (global.get $seen))
          (call $present (i32.const 0) (i32.const 64)))"#
    ))
}

/// Every import, and so many pages of memory.
fn with_pages(pages: u32) -> String {
    PRELUDE.replace(r#"(memory (export "memory") 2)"#, &format!(r#"(memory (export "memory") {pages})"#))
}

fn roomy() -> GuestConfig {
    GuestConfig { memory_limit: 80 << 20, ..config() }
}

/// Saves by changes into `state`, ticking between the rounds of what is much; how many rounds and bytes that took.
fn save(guest: &mut WasmGuest, changes: &mut Changes, state: &mut Snapshot) -> (u32, usize) {
    let (mut rounds, mut bytes) = (0, 0);
    loop {
        guest.save_changes(changes).unwrap();
        changes.apply(state);
        rounds += 1;
        bytes += changes.size();
        if changes.done {
            return (rounds, bytes);
        }
        tick(guest);
    }
}

/// Runs a title, saving by changes at intervals drawn from `seed`: each time that must be what is saved whole. Goes back and
/// forth meanwhile. At the end another guest goes on from it as this one does.
fn check(engine: &Engine, wasm: &[u8], seed: u64, saves: u32) {
    let module = engine.load_wasm(wasm).unwrap();
    let mut guest = module.open(roomy()).unwrap();
    let (mut changes, mut state, mut whole) = (Changes::default(), Snapshot::default(), Snapshot::default());
    let mut earlier = None;
    let mut dice = seed;
    let mut pick = |most: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (dice >> 33) % most
    };
    for _ in 0..saves {
        ticks(&mut guest, pick(4) as u32);
        save(&mut guest, &mut changes, &mut state);
        guest.snapshot(&mut whole).unwrap();
        assert!(state == whole, "seed {seed}, tick {}", whole.tick);
        match pick(8) {
            0 => earlier = Some(state.clone()),
            1 => guest.forget_saved(),
            2 => {
                if let Some(earlier) = &earlier {
                    guest.restore(earlier).unwrap();
                }
            }
            _ => {}
        }
    }
    let mut other = module.open(config()).unwrap();
    save(&mut guest, &mut changes, &mut state);
    other.restore(&state).unwrap();
    for _ in 0..20 {
        tick(&mut guest);
        tick(&mut other);
        assert_eq!(guest.picture(), other.picture(), "seed {seed}");
    }
}

#[test]
fn changes_add_up_to_the_state() {
    for engine in engines() {
        for seed in 0..12 {
            // Small ones are compared, larger ones watched; some grow from the one to the other.
            for (pages, places, grows) in [(1, 3, 1_000), (2, 40, 2), (5, 200, 3), (20, 5, 7), (40, 900, 4)] {
                check(engine, &scribbler(pages, places, grows), seed, 25);
            }
        }
    }
}

#[test]
fn a_large_memory_comes_in_rounds_while_the_guest_goes_on() {
    let module = ENGINE.load_wasm(&scribbler(1_024, 50, 1_000)).unwrap();
    let mut guest = module.open(roomy()).unwrap();
    let (mut changes, mut state, mut whole) = (Changes::default(), Snapshot::default(), Snapshot::default());
    let (rounds, bytes) = save(&mut guest, &mut changes, &mut state);
    guest.snapshot(&mut whole).unwrap();
    assert!(state == whole);
    if ENGINE.tracking() == Tracking::Compare {
        return;
    }
    assert!((64..=100).contains(&rounds), "{rounds} rounds");
    assert!(bytes < (80 << 20), "{bytes} bytes");
    tick(&mut guest);
    let (rounds, bytes) = save(&mut guest, &mut changes, &mut state);
    guest.snapshot(&mut whole).unwrap();
    assert!(state == whole);
    assert_eq!(rounds, 1);
    assert!(bytes < 60 * 4_096, "{bytes} bytes for 50 places and what lies around");
}

#[test]
fn a_guest_that_writes_faster_than_it_is_copied_is_saved_all_the_same() {
    let body = "(memory.fill (i32.const 4096) (i32.wrap_i64 (call $tick)) (i32.const 4000000))";
    let wasm = module(&format!("{} (func (export \"pf_tick\") {body})", with_pages(64)));
    let mut guest = ENGINE.load_wasm(&wasm).unwrap().open(roomy()).unwrap();
    let (mut changes, mut state, mut whole) = (Changes::default(), Snapshot::default(), Snapshot::default());
    for _ in 0..3 {
        tick(&mut guest);
        let (rounds, bytes) = save(&mut guest, &mut changes, &mut state);
        guest.snapshot(&mut whole).unwrap();
        assert!(state == whole);
        assert!(rounds <= 24 && bytes <= 24 * ROUND + (4 << 20), "{rounds} rounds, {bytes} bytes");
    }
}

#[test]
fn a_guest_that_only_ticks_saves_hardly_anything() {
    for engine in engines() {
        let mut guest = engine.load_wasm(&scribbler(32, 0, 1_000)).unwrap().open(roomy()).unwrap();
        let (mut changes, mut state) = (Changes::default(), Snapshot::default());
        save(&mut guest, &mut changes, &mut state);
        tick(&mut guest);
        let (_, bytes) = save(&mut guest, &mut changes, &mut state);
        assert!(bytes <= 4 * 4_096, "{bytes} bytes");
        let at: Vec<u64> = changes.pieces().map(|(at, _)| at).collect();
        assert!(at.iter().all(|at| *at >= MEMORY_AT as u64), "its length did not change: {at:?}");
    }
}

#[test]
fn a_guest_that_cannot_be_saved_says_so_here_too() {
    let wasm = title("(table 2 funcref) (func (export \"pf_tick\") (table.set 0 (i32.const 0) (ref.null func)))");
    let mut guest = open(&wasm).unwrap();
    assert!(guest.save_changes(&mut Changes::default()).is_err());
}
