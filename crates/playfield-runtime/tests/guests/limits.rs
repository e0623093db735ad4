//! What goes too far ends the guest, and only the guest.

use playfield_runtime::{Guest, GuestConfig, GuestError};

use crate::support::*;

fn traps(body: &str, says: &str) {
    let error = failure(body);
    let GuestError::Trap(why) = &error else { panic!("{body}: {error}") };
    assert!(why.contains(says), "{body}\n  says: {why}\n  not: {says}");
}

#[test]
fn an_endless_tick_is_stopped() {
    let mut guest = open(&ticking("(loop $on (br $on))")).unwrap();
    assert_eq!(guest.tick(&idle()), Err(GuestError::Hung("a picture")));
    assert_eq!(guest.tick(&idle()), Err(GuestError::Hung("a picture")), "it is spent");
    let other = open(&ticking("")).unwrap().tick(&idle());
    assert!(other.is_ok(), "others go on");
}

#[test]
fn crashes_say_what_happened() {
    traps("unreachable", "unreachable");
    traps("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "divide by zero");
    traps("(drop (i32.load (i32.const -4)))", "out of bounds memory access");
    let wasm =
        title("(func $deep (call $deep) (drop (i32.load (i32.const 0)))) (func (export \"pf_tick\") (call $deep))");
    let error = open(&wasm).unwrap().tick(&idle()).unwrap_err();
    assert!(error.to_string().contains("call stack exhausted"), "{error}");
    let wasm = title("(func $bad unreachable) (start $bad) (func (export \"pf_tick\"))");
    assert!(matches!(refusal(&wasm), GuestError::Trap(_)));
}

#[test]
fn values_that_are_not_allowed_crash() {
    traps("(call $tick_rate (i32.const 60))", "tick_rate: called after");
    traps("(call $mode (i32.const 0) (i32.const 1) (i32.const 0))", "0x1");
    traps("(call $mode (i32.const 1921) (i32.const 1) (i32.const 0))", "1921x1");
    traps("(call $mode (i32.const 1) (i32.const 1081) (i32.const 0))", "1x1081");
    traps("(call $mode (i32.const -1) (i32.const 65537) (i32.const 0))", "video.mode");
    traps("(call $mode (i32.const 1) (i32.const 1) (i32.const 3))", "format 3");
    traps("(call $present (i32.const 0) (i32.const 64))", "before video.mode");
    let mode = "(call $mode (i32.const 4) (i32.const 4) (i32.const 2))";
    traps(&format!("{mode} (call $present (i32.const 0) (i32.const 15))"), "a row has 16 bytes");
    traps(&format!("{mode} (call $present (i32.const 0) (i32.const -16))"), "rows -16 bytes apart");
    traps(&format!("{mode} (call $present (i32.const 0) (i32.const 0x7fffffff))"), "outside its memory");
    traps(&format!("{mode} (call $present (i32.const 131009) (i32.const 16))"), "outside its memory of 131072");
    traps("(call $palette (i32.const 255) (i32.const 2) (i32.const 0))", "2 colours from 255");
    traps("(call $palette (i32.const -1) (i32.const 1) (i32.const 0))", "video.palette");
    traps("(call $palette (i32.const 0x7fffffff) (i32.const 0x7fffffff) (i32.const 0))", "video.palette");
    traps("(call $palette (i32.const 0) (i32.const 256) (i32.const 131072))", "outside");
    traps("(drop (call $push (i32.const 0) (i32.const -1)))", "-1 frames");
    traps("(drop (call $push (i32.const 0) (i32.const 0x7fffffff)))", "outside");
    traps("(drop (call $push (i32.const 0) (i32.const 40000)))", "outside");
    for call in ["(call $pad", "(call $keys", "(call $pointer"] {
        traps(&format!("{call} (i32.const 4) (i32.const 0))"), "player 4");
        traps(&format!("{call} (i32.const 0) (i32.const 131064))"), "outside");
        traps(&format!("{call} (i32.const 0) (i32.const -1))"), "outside");
    }
    traps("(drop (call $touches (i32.const -1) (i32.const 0) (i32.const 0)))", "player -1");
    traps("(drop (call $touches (i32.const 0) (i32.const 0) (i32.const -1)))", "-1 touches");
    traps("(drop (call $touches (i32.const 0) (i32.const 0) (i32.const 0x10000000)))", "touches");
    traps("(drop (call $text (i32.const 0) (i32.const 0) (i32.const -1)))", "outside");
    traps("(call $random (i32.const 131071) (i32.const 2))", "outside");
    traps("(call $log (i32.const 4) (i32.const 0) (i32.const 0))", "level 4");
    traps("(call $log (i32.const 0) (i32.const 0) (i32.const 200000))", "outside");
    for call in [
        "(call $store (i32.const 0) (i32.const LEN) (i32.const 0) (i32.const 1))",
        "(call $remove (i32.const 0) (i32.const LEN))",
    ] {
        for len in ["0", "65", "-1"] {
            traps(&format!("(drop {})", call.replace("LEN", len)), "it has 1 to 64");
        }
    }
    traps(
        "(drop (call $read (i32.const 0) (i32.const 1) (i32.const 131072) (i32.const 1)))\
           (drop (call $store (i32.const 0) (i32.const 1) (i32.const 131072) (i32.const 1)))",
        "outside",
    );
    traps("(i32.store8 (i32.const 0) (i32.const 255)) (drop (call $remove (i32.const 0) (i32.const 1)))", "not UTF-8");
    traps("(call $event (i32.const 0) (i32.const 0) (i64.const 0))", "a name of 0 bytes");
    traps("(call $playing (i32.const 4))", "timeline.mode");
    let init = "(func (export \"pf_init\") (call $tick_rate (i32.const HZ))) (func (export \"pf_tick\"))";
    for hz in ["0", "241", "-60"] {
        assert!(refusal(&title(&init.replace("HZ", hz))).to_string().contains("1 to 240"));
    }
    assert_eq!(open(&title(&init.replace("HZ", "240"))).unwrap().tick_hz(), 240);
}

#[test]
fn growing_past_the_limit_fails_as_memory_grow_does() {
    let body =
        "(i32.store (i32.const 0) (memory.grow (i32.const 2))) (i32.store (i32.const 4) (memory.grow (i32.const 1)))
        (i32.store (i32.const 8) (memory.size))";
    let mut guest = open_with(&showing(body), GuestConfig { memory_limit: 4 << 16, ..config() }).unwrap();
    tick(&mut guest);
    assert_eq!(words(guest.picture())[..3], [2, u32::MAX, 4]);
}

#[test]
fn starting_with_too_much_memory_is_said_so() {
    let wasm = module("(memory (export \"memory\") 1025) (func (export \"pf_tick\"))");
    assert_eq!(refusal(&wasm), GuestError::OutOfMemory { limit_mb: 64 });
    let wasm = module("(memory (export \"memory\") 65536) (func (export \"pf_tick\"))");
    assert_eq!(refusal(&wasm), GuestError::OutOfMemory { limit_mb: 64 });
}

#[test]
fn tables_are_limited() {
    let wasm = module("(memory (export \"memory\") 1) (table 100000000 funcref) (func (export \"pf_tick\"))");
    open(&wasm).err().unwrap();
    let body = "(i32.store (i32.const 0) (table.grow (ref.null func) (i32.const 100)))
        (i32.store (i32.const 4) (table.grow (ref.null func) (i32.const 0x1000000)))";
    let text = format!(
        "(table 0 funcref) (func (export \"pf_init\") (call $mode (i32.const 16) (i32.const 1) (i32.const 2)))
        (func (export \"pf_tick\") {body} (call $present (i32.const 0) (i32.const 64)))"
    );
    let mut guest = open(&title(&text)).unwrap();
    tick(&mut guest);
    assert_eq!(words(guest.picture())[..2], [0, u32::MAX]);
}
