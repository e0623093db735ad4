#![no_main]
//! See `playfield_fuzz::mqtt`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::mqtt(data));
