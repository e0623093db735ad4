#![no_main]
//! See `playfield_fuzz::still`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::still(data));
