#![no_main]
//! See `playfield_fuzz::rules`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::rules(data));
