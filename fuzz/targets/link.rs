#![no_main]
//! See `playfield_fuzz::link`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::link(data));
