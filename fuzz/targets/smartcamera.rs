#![no_main]
//! See `playfield_fuzz::smartcamera`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::smartcamera(data));
