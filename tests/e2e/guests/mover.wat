;; A square that the pad's right moves a step at each press, and nothing else does: the same place is the same picture. `$colour`
;; stands for what another version of it looks like. tests/e2e/states.rs plays it.
(module
  (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
  (import "playfield:video@1" "present" (func $present (param i32 i32)))
  (import "playfield:input@1" "pad" (func $pad (param i32 i32)))
  (memory (export "memory") 1)
  (global $place (mut i32) (i32.const 0))
  (func (export "pf_init") (call $mode (i32.const 32) (i32.const 24) (i32.const 2)))
  (func (export "pf_tick")
    (call $pad (i32.const 0) (i32.const 0))
    (if (i32.and (i32.load16_u (i32.const 2)) (i32.const 0x8000))
      (then
        (i32.store (i32.add (i32.const 1024) (i32.mul (global.get $place) (i32.const 4))) (i32.const 0x302010))
        (global.set $place (i32.rem_u (i32.add (global.get $place) (i32.const 1)) (i32.const 768)))))
    (i32.store (i32.add (i32.const 1024) (i32.mul (global.get $place) (i32.const 4))) (i32.const 0x00ff40))
    (call $present (i32.const 1024) (i32.const 128))))
