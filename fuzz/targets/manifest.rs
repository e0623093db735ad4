#![no_main]
//! See `playfield_fuzz::manifest`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::manifest(data));
