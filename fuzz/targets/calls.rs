#![no_main]
//! See `playfield_fuzz::calls`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::calls(data));
