#![no_main]
//! See `playfield_fuzz::restore`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::restore(data));
