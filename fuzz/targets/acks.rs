#![no_main]
//! See `playfield_fuzz::acks`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::acks(data));
