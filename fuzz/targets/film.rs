#![no_main]
//! See `playfield_fuzz::film`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::film(data));
