#![no_main]
//! See `playfield_fuzz::voice`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::voice(data));
