;; Counts its ticks on from what it stored, and stores the count every tenth. Shows both: pixels 0 to 3 are the bytes of what
;; it began with, 4 to 7 those of the count. tests/e2e/kills.rs reads them.
(module
  (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
  (import "playfield:video@1" "palette" (func $palette (param i32 i32 i32)))
  (import "playfield:video@1" "present" (func $present (param i32 i32)))
  (import "playfield:storage@1" "read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "playfield:storage@1" "write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "n")

  (func (export "pf_init")
    (local $i i32)
    (loop $greys
      (i32.store
        (i32.add (i32.const 4096) (i32.mul (local.get $i) (i32.const 4)))
        (i32.mul (local.get $i) (i32.const 0x010101)))
      (br_if $greys (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256))))
    (call $mode (i32.const 16) (i32.const 16) (i32.const 0))
    (call $palette (i32.const 0) (i32.const 256) (i32.const 4096))
    (drop (call $read (i32.const 1024) (i32.const 1) (i32.const 0) (i32.const 4)))
    (i32.store (i32.const 4) (i32.load (i32.const 0))))

  (func (export "pf_tick")
    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
    (if (i32.eqz (i32.rem_u (i32.load (i32.const 4)) (i32.const 10)))
      (then (drop (call $write (i32.const 1024) (i32.const 1) (i32.const 4) (i32.const 4)))))
    (call $present (i32.const 0) (i32.const 16))))
