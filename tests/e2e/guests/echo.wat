;; Shows what it is told of player 0, and of player 1's pad: byte N of its memory is the grey of pixel N. tests/e2e/echo.rs
;; reads it.
(module
  (import "playfield:host@1" "tick" (func $tick (result i64)))
  (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
  (import "playfield:video@1" "palette" (func $palette (param i32 i32 i32)))
  (import "playfield:video@1" "present" (func $present (param i32 i32)))
  (import "playfield:input@1" "keys" (func $keys (param i32 i32)))
  (import "playfield:input@1" "pad" (func $pad (param i32 i32)))
  (import "playfield:input@1" "pointer" (func $pointer (param i32 i32)))
  (import "playfield:input@1" "touches" (func $touches (param i32 i32 i32) (result i32)))
  (import "playfield:input@1" "rumble" (func $rumble (param i32 i32 i32 i32)))
  (import "playfield:input@1" "text" (func $text (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "pf_init")
    (local $i i32)
    (loop $greys
      (i32.store
        (i32.add (i32.const 4096) (i32.mul (local.get $i) (i32.const 4)))
        (i32.mul (local.get $i) (i32.const 0x010101)))
      (br_if $greys (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256))))
    (call $mode (i32.const 64) (i32.const 8) (i32.const 0))
    (call $palette (i32.const 0) (i32.const 256) (i32.const 4096)))

  ;; Adds a signed half word to the word at an address.
  (func $sum (param $into i32) (param $from i32)
    (i32.store (local.get $into) (i32.add (i32.load (local.get $into)) (i32.load16_s (local.get $from)))))

  (func (export "pf_tick")
    (local $len i32)
    (call $keys (i32.const 0) (i32.const 0))
    (call $pad (i32.const 0) (i32.const 64))
    (call $pad (i32.const 1) (i32.const 288))
    (call $pointer (i32.const 0) (i32.const 80))
    (memory.fill (i32.const 96) (i32.const 0) (i32.const 24))
    (i32.store8 (i32.const 120) (call $touches (i32.const 0) (i32.const 96) (i32.const 3)))
    ;; What is typed is kept: 128 bytes of it, their number before them.
    (local.set $len (i32.load (i32.const 124)))
    (i32.store (i32.const 124)
      (i32.add (local.get $len)
        (call $text
          (i32.const 0)
          (i32.add (i32.const 128) (local.get $len))
          (i32.sub (i32.const 128) (local.get $len)))))
    ;; The x of a pad shakes it.
    (if (i32.and (i32.load16_u (i32.const 66)) (i32.const 4))
      (then (call $rumble (i32.const 0) (i32.const 255) (i32.const 51) (i32.const 80))))
    (i64.store (i32.const 256) (call $tick))
    ;; Motion and the wheel are summed up, presses are collected.
    (call $sum (i32.const 264) (i32.const 84))
    (call $sum (i32.const 268) (i32.const 86))
    (call $sum (i32.const 272) (i32.const 90))
    (i32.store (i32.const 276) (i32.or (i32.load (i32.const 276)) (i32.load16_u (i32.const 66))))
    (i32.store (i32.const 280) (i32.or (i32.load (i32.const 280)) (i32.load8_u (i32.const 93))))
    (call $present (i32.const 0) (i32.const 64))))
