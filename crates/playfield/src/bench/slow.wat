;; The slow title of `playfield bench starts`: its start makes 8 MiB of tables, in about 300 ms; its ticks look something up.
(module
  (import "playfield:host@1" "tick" (func $tick (result i64)))
  (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
  (import "playfield:video@1" "present" (func $present (param i32 i32)))
  (memory (export "memory") 160)
  (func (export "pf_init") (local $at i32) (local $value i32) (local $left i32)
    (call $mode (i32.const 160) (i32.const 160) (i32.const 0))
    (local.set $at (i32.const 0x100000))
    (loop $next
      (local.set $left (i32.const 110))
      (loop $mix
        (local.set $value (i32.add (i32.rotl (i32.xor (local.get $value) (local.get $at)) (i32.const 5)) (i32.const 12345)))
        (br_if $mix (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (i32.store (local.get $at) (local.get $value))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 0x900000)))))
  (func (export "pf_tick")
    (i32.store (i32.const 0) (i32.load (i32.add (i32.const 0x100000)
      (i32.mul (i32.const 4096) (i32.and (i32.wrap_i64 (call $tick)) (i32.const 1023))))))
    (call $present (i32.const 0) (i32.const 160))))
