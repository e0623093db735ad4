;; No memory, a result where the console has none, and one function under two types.
(import "env" "rect" (func $rect (param i32 i32 i32 i32) (result i32)))
(import "env" "rect" (func $again (param i32 f32 f64 i32 i64)))
(global $frame (mut i32) (i32.const -30))
(func (export "update")
  (global.set $frame (i32.add (global.get $frame) (i32.const 1)))
  (drop (call $rect (global.get $frame) (call $rect (i32.const 70) (global.get $frame) (i32.const 20) (i32.const 12))
    (i32.const 30) (i32.const 9)))
  (call $again (i32.sub (i32.const 160) (global.get $frame)) (f32.const 80) (f64.const 10) (i32.const 10) (i64.const 1)))
