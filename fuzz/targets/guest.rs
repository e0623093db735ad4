#![no_main]
//! See `playfield_fuzz::guest`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::guest(data));
