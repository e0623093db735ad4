;; A cartridge with a memory of its own: what it writes is never seen, not even its colours, and what the console reads of it
;; are zeros. Only the disk carries bytes across.
(import "env" "rect" (func $rect (param i32 i32 i32 i32)))
(import "env" "text" (func $text (param i32 i32 i32)))
(import "env" "blit" (func $blit (param i32 i32 i32 i32 i32 i32)))
(import "env" "diskw" (func $diskw (param i32 i32) (result i32)))
(import "env" "diskr" (func $diskr (param i32 i32) (result i32)))
(memory (export "memory") 2)
(data (i32.const 4) "\00\00\ff\00")
(data (i32.const 0x2000) "HELLO\00")
(global $frame (mut i32) (i32.const 0))
(func (export "update")
  (global.set $frame (i32.add (global.get $frame) (i32.const 1)))
  (i32.store16 (i32.const 20) (global.get $frame))
  (i32.store8 (i32.const 0x1f) (i32.const 1))
  (call $rect (global.get $frame) (i32.load8_u (i32.const 0x16)) (i32.const 30) (i32.const 20))
  (call $text (i32.const 0x2000) (i32.const 20) (i32.const 100))
  (call $blit (i32.const 0x2000) (global.get $frame) (i32.const 120) (i32.const 8) (i32.const 5) (i32.const 0))
  ;; The console's palette, written to the disk and read back one byte further: the screen turns.
  (if (i32.eqz (i32.rem_u (global.get $frame) (i32.const 50))) (then
    (drop (call $diskw (i32.const 4) (i32.const 16))) (drop (call $diskr (i32.const 5) (i32.const 15))))))
