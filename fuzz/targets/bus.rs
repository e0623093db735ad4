#![no_main]
//! See `playfield_fuzz::bus`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::bus(data));
