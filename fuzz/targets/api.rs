#![no_main]
//! See `playfield_fuzz::api`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::api(data));
