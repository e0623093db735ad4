#![no_main]
//! See `playfield_fuzz::pictures`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::pictures(data));
