#![no_main]
//! See `playfield_fuzz::log`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::log(data));
