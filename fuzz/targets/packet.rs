#![no_main]
//! See `playfield_fuzz::packet`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::packet(data));
