#![no_main]
//! See `playfield_fuzz::config`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::config(data));
