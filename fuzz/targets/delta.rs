#![no_main]
//! See `playfield_fuzz::delta`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::delta(data));
