//! Small modules: titles, cartridges, and what is refused.

/// Name and bytes.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    TEXTS.iter().map(|(name, text)| (*name, wat::parse_str(text).expect("a module"))).collect()
}

const TEXTS: &[(&str, &str)] = &[
    ("smallest", r#"(module (memory (export "memory") 1) (func (export "pf_tick")))"#),
    (
        "draws",
        r#"(module
        (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
        (import "playfield:video@1" "present" (func $present (param i32 i32)))
        (import "playfield:input@1" "pad" (func $pad (param i32 i32)))
        (import "playfield:host@1" "tick" (func $tick (result i64)))
        (memory (export "memory") 1 3)
        (global $x (mut i32) (i32.const 7)) (global $f (mut f64) (f64.const 1.5)) (global $c i32 (i32.const 3))
        (data (i32.const 16) "picture")
        (func $begin (global.set $x (i32.const 2))) (start $begin)
        (func (export "pf_init") (call $mode (i32.const 4) (i32.const 4) (i32.const 2)))
        (func (export "pf_tick") (call $pad (i32.const 0) (i32.const 64))
          (i64.store (i32.const 0) (call $tick)) (call $present (i32.const 0) (i32.const 64))))"#,
    ),
    (
        "stores",
        r#"(module
        (import "playfield:storage@1" "read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "playfield:storage@1" "write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "playfield:log@1" "write" (func $log (param i32 i32 i32)))
        (memory (export "memory") 1) (data (i32.const 0) "key") (data $passive "later")
        (func (export "pf_tick") (drop (call $write (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 9)))
          (drop (call $read (i32.const 0) (i32.const 3) (i32.const 50) (i32.const 9)))
          (call $log (i32.const 2) (i32.const 0) (i32.const 3))
          (memory.init $passive (i32.const 70) (i32.const 0) (i32.const 5))))"#,
    ),
    (
        "tables",
        r#"(module (type $t (func (param i32) (result i32)))
        (memory (export "memory") 1) (table $all 4 funcref) (elem (i32.const 0) $a $b)
        (func $a (param i32) (result i32) (local.get 0)) (func $b (param i32) (result i32) (i32.const 1))
        (func (export "pf_tick") (drop (call_indirect (type $t) (i32.const 5) (i32.const 1)))
          (table.set $all (i32.const 2) (ref.func $a))))"#,
    ),
    (
        "vectors",
        r#"(module (memory (export "memory") 1) (global $v (mut v128) (v128.const i32x4 1 2 3 4))
        (func $deep (param i32) (result i32) (if (result i32) (local.get 0)
          (then (return_call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
        (func (export "pf_tick") (drop (call $deep (i32.const 9)))
          (global.set $v (i32x4.add (global.get $v) (global.get $v)))
          (v128.store (i32.const 0) (global.get $v)) (memory.fill (i32.const 9) (i32.const 1) (i32.const 9))))"#,
    ),
    (
        "cartridge",
        r#"(module (import "env" "memory" (memory 1 1))
        (import "env" "rect" (func $rect (param i32 i32 i32 i32)))
        (import "env" "tone" (func $tone (param i32 i32 i32 i32)))
        (import "env" "traceUtf8" (func $trace (param i32 i32)))
        (global $x (mut i32) (i32.const 1)) (data (i32.const 0x04) "\01\02\03") (data (i32.const 0x2000) "Hello")
        (func (export "start") (call $trace (i32.const 0x2000) (i32.const 5)))
        (func (export "update") (global.set $x (i32.add (global.get $x) (i32.const 1)))
          (call $rect (global.get $x) (i32.const 4) (i32.const 9) (i32.const 9))
          (call $tone (i32.const 440) (i32.const 9) (i32.const 50) (i32.const 1))))"#,
    ),
    (
        "loose-cartridge",
        r#"(module (import "env" "memory" (memory 2))
        (import "env" "rect" (func $rect (param f32 f64 i32) (result i32)))
        (import "env" "blit" (func $blit (param i32 i32 f64)))
        (import "env" "diskr" (func $diskr (param i32 i32) (result f64)))
        (data $count "abc")
        (func (export "update") (param i32) (result f32)
          (drop (call $rect (f32.const 1.5) (f64.const -2.25) (i32.const 9)))
          (call $blit (i32.const 0x2000) (i32.const 3) (f64.const 8)) (drop (call $diskr (i32.const 0) (i32.const 8)))
          (memory.init $count (i32.const 0x3000) (i32.const 0) (i32.const 3)) (f32.const 1)))"#,
    ),
    ("apart", r#"(module (memory 1) (func (export "update")))"#),
    ("no-memory", r#"(module (func $begin) (start $begin))"#),
    ("wasi", r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)) (func (export "pf_tick")))"#),
    (
        "hidden-name",
        r#"(module (memory (export "memory") 1) (func (export "pf_tick")) (func (export "playfield:start")))"#,
    ),
    ("two-memories", r#"(module (memory (export "memory") 1) (memory 1) (func (export "pf_tick")))"#),
];
