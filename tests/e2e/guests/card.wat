;; A card that stands still, full of edges that video does not get right; a square of it is another colour while the space bar is held.
;; tests/e2e/exact.rs looks at it.
(module
  (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
  (import "playfield:video@1" "dirty" (func $dirty (param i32 i32 i32 i32)))
  (import "playfield:video@1" "present" (func $present (param i32 i32)))
  (import "playfield:input@1" "keys" (func $keys (param i32 i32)))
  (memory (export "memory") 16)
  (global $held (mut i32) (i32.const -1))

  (func (export "pf_init")
    (call $mode (i32.const 640) (i32.const 360) (i32.const 2)))

  ;; Lines of something like text: 16 colours, on grey.
  (func $card (param $x i32) (param $y i32) (result i32)
    (if (result i32)
      (i32.or
        (i32.eqz (i32.and (local.get $y) (i32.const 8)))
        (i32.lt_u (i32.and (i32.mul (local.get $x) (i32.const 5)) (i32.const 31)) (i32.const 12)))
      (then (i32.const 0xff303030))
      (else
        (i32.or
          (i32.const 0xff000000)
          (i32.mul
            (i32.and (i32.xor (local.get $x) (i32.mul (local.get $y) (i32.const 3))) (i32.const 15))
            (i32.const 0x0d110b))))))

  (func $fill (param $left i32) (param $top i32) (param $width i32) (param $height i32) (param $square i32)
    (local $x i32) (local $y i32)
    (loop $rows
      (local.set $x (i32.const 0))
      (loop $columns
        (i32.store
          (i32.add
            (i32.const 1024)
            (i32.mul
              (i32.const 4)
              (i32.add
                (i32.add (local.get $left) (local.get $x))
                (i32.mul (i32.const 640) (i32.add (local.get $top) (local.get $y))))))
          (if (result i32) (local.get $square)
            (then (i32.const 0xff2040e0))
            (else
              (call $card
                (i32.add (local.get $left) (local.get $x))
                (i32.add (local.get $top) (local.get $y))))))
        (br_if $columns
          (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $width))))
      (br_if $rows
        (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (local.get $height)))))

  (func (export "pf_tick")
    (local $held i32)
    (call $keys (i32.const 0) (i32.const 0))
    (local.set $held (i32.and (i32.shr_u (i32.load8_u (i32.const 5)) (i32.const 4)) (i32.const 1)))
    (if (i32.eq (local.get $held) (global.get $held))
      (then (return)))
    (if (i32.eq (global.get $held) (i32.const -1))
      (then (call $fill (i32.const 0) (i32.const 0) (i32.const 640) (i32.const 360) (i32.const 0)))
      (else (call $dirty (i32.const 300) (i32.const 140) (i32.const 64) (i32.const 64))))
    (call $fill (i32.const 300) (i32.const 140) (i32.const 64) (i32.const 64) (local.get $held))
    (global.set $held (local.get $held))
    (call $present (i32.const 1024) (i32.const 2560))))
