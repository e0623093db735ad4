;; A circle that grows until its edge is far outside the picture, as wipes between scenes do.
(import "env" "memory" (memory 1))
(import "env" "oval" (func $oval (param i32 i32 i32 i32)))
(global $radius (mut i32) (i32.const 1))
(func (export "update")
  (i32.store16 (i32.const 0x14) (i32.const 0x0042))
  (call $oval
    (i32.sub (i32.const 80) (global.get $radius))
    (i32.sub (i32.const 70) (global.get $radius))
    (i32.mul (global.get $radius) (i32.const 2))
    (i32.mul (global.get $radius) (i32.const 2)))
  (call $oval
    (i32.sub (i32.const 40) (global.get $radius))
    (i32.const 20)
    (i32.mul (global.get $radius) (i32.const 2))
    (i32.const 31))
  (global.set $radius (i32.add (global.get $radius) (i32.const 109))))
