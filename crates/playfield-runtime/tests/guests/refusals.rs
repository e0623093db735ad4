//! What cannot be run here is refused before it runs, by name.

use playfield_core::manifest::InputKind;
use playfield_runtime::GuestError;
use playfield_runtime::wasm::rewrite::{self, Dialect};

use crate::support::*;

const TICK: &str = "(func (export \"pf_tick\"))";
const MEMORY: &str = "(memory (export \"memory\") 1)";

fn check(text: &str, says: &[&str]) {
    let GuestError::BadModule(why) = refusal(&module(text)) else { panic!("{text}: another error") };
    for part in says {
        assert!(why.contains(part), "{text}\n  says: {why}\n  not: {part}");
    }
}

#[test]
fn what_is_not_offered_is_refused_by_name() {
    let with = |import: &str| format!("{import} {MEMORY} {TICK}");
    check(&with("(import \"playfield:gpu@1\" \"draw\" (func))"), &["`playfield:gpu@1`", "`draw`", "playfield:video@1"]);
    check(
        &with("(import \"playfield:video@2\" \"mode\" (func))"),
        &["`playfield:video@2`", "offers `playfield:video@1`"],
    );
    check(
        &with("(import \"playfield:video@1\" \"blit\" (func))"),
        &["`playfield:video@1.blit`", "mode, palette, dirty, present"],
    );
    check(
        &with("(import \"playfield:video@1\" \"mode\" (func (param i32 f32)))"),
        &["`playfield:video@1.mode`", "(i32, f32) -> ()", "(i32, i32, i32) -> ()"],
    );
    check(&with("(import \"playfield:video@1\" \"mode\" (global i32))"), &["not as a function"]);
    check(&with("(import \"env\" \"blit\" (func))"), &["`env`", "`blit`"]);
    let wasi = "(import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))";
    check(&with(wasi), &["`wasi_snapshot_preview1.fd_write`", "without WASI"]);
}

#[test]
fn modules_of_the_wrong_shape_are_refused() {
    check("", &["`pf_tick`", "`update`"]);
    check(&format!("{TICK} (memory 1)"), &["export its memory"]);
    check(&format!("{MEMORY} (func (export \"pf_tick\") (param i32))"), &["`pf_tick`", "(i32) -> ()"]);
    check(&format!("{MEMORY} {TICK} (func (export \"pf_init\") (result i32) (i32.const 0))"), &["`pf_init`"]);
    check(&format!("{MEMORY} {TICK} (func (export \"playfield:start\"))"), &["`playfield:start`", "the host's"]);
    check(
        "(import \"env\" \"memory\" (memory 1)) (import \"env\" \"sprite\" (func)) (func (export \"update\"))",
        &["`env.sprite`", "blit, blitSub"],
    );
    check(
        "(import \"env\" \"memory\" (memory 1)) (import \"foo\" \"bar\" (func)) (func (export \"update\"))",
        &["`foo.bar`", "from `env` only"],
    );
}

#[test]
fn proposals_beyond_webassembly_2_are_refused() {
    for text in [
        "(memory (export \"memory\") 1 1 shared)",
        "(memory (export \"memory\") i64 1)",
        "(memory (export \"memory\") 1) (memory 1)",
        "(memory (export \"memory\") 1) (tag)",
        "(memory (export \"memory\") 1) (type (struct))",
        "(memory (export \"memory\") 1) (table 1 externref)",
        "(memory (export \"memory\") 1) (func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0))))",
    ] {
        check(&format!("{text} {TICK}"), &["WebAssembly 2.0", "externref", "exceptions"]);
    }
    // And what 2.0 has is allowed.
    let all = "(table 1 funcref) (elem (i32.const 0) func 0) (func (result i32 i64) (i32.const 1) (i64.const 2))
        (func (drop (i32.extend8_s (i32.trunc_sat_f32_s (f32.const 1)))) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
          (drop (i32x4.splat (i32.const 1))) (drop (ref.is_null (ref.null func))))";
    open(&module(&format!("{MEMORY} {TICK} {all}"))).unwrap();
}

#[test]
fn what_is_no_module_is_refused() {
    for bytes in [&b""[..], b"\0asm", b"MZ\x90\0", b"\0asm\x0d\0\x01\0", &[0; 100]] {
        assert!(matches!(refusal(bytes), GuestError::BadModule(_)), "{bytes:?}");
    }
    let huge = vec![0; rewrite::MAX_MODULE + 1];
    assert!(refusal(&huge).to_string().contains("the most is 64 MiB"));
}

#[test]
fn facts_tell_what_a_module_is() {
    let facts = rewrite::inspect(&ticking("")).unwrap();
    assert_eq!((facts.dialect, facts.no_snapshots, facts.groups.len()), (Dialect::Playfield, None, 7));
    let all = [InputKind::Pad, InputKind::Keys, InputKind::Mouse, InputKind::Touch, InputKind::Text];
    assert_eq!(facts.input, all);
    let bare = rewrite::inspect(&module(&format!("{MEMORY} {TICK}"))).unwrap();
    assert_eq!((bare.groups.len(), bare.input.len()), (0, 0));
    let cart = rewrite::inspect(&module("(import \"env\" \"memory\" (memory 1)) (func (export \"update\"))")).unwrap();
    assert_eq!(cart.to_bus().dialect, "wasm4");
}

#[test]
fn modules_that_hide_state_lose_the_badge_and_still_play() {
    let table = "(table 2 funcref) (elem func 0) (data \"x\")";
    for (text, reason) in [
        ("(func (table.set (i32.const 0) (ref.null func)))", "table.set"),
        ("(func (drop (table.grow (ref.null func) (i32.const 1))))", "table.grow"),
        ("(func (table.fill (i32.const 0) (ref.null func) (i32.const 1)))", "table.fill"),
        ("(func (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))", "table.copy"),
        ("(func (table.init 0 (i32.const 0) (i32.const 0) (i32.const 1)))", "table.init"),
        ("(func (data.drop 0))", "data.drop"),
        ("(func (elem.drop 0))", "elem.drop"),
        ("(global (mut funcref) (ref.null func))", "global that holds a reference"),
    ] {
        let wasm = module(&format!("{MEMORY} {TICK} {table} {text}"));
        let why = rewrite::inspect(&wasm).unwrap().no_snapshots.unwrap();
        assert!(why.contains(reason), "{text}: {why}");
        use playfield_runtime::{Guest, Snapshot};
        let mut guest = open(&wasm).unwrap();
        tick(&mut guest);
        assert!(matches!(guest.snapshots(), Err(GuestError::NoSnapshot(_))));
        assert!(guest.snapshot(&mut Snapshot::default()).is_err());
        assert!(guest.restore(&Snapshot::default()).is_err());
        tick(&mut guest);
    }
}
