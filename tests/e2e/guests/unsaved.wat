;; A picture that lives, of a module whose state cannot be saved: it changes its table.
(module
  (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
  (import "playfield:video@1" "present" (func $present (param i32 i32)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (func (export "pf_init")
    (call $mode (i32.const 16) (i32.const 16) (i32.const 2))
    (table.set 0 (i32.const 0) (ref.null func)))
  (func (export "pf_tick")
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (call $present (i32.const 0) (i32.const 64))))
