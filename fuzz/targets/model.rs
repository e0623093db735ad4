#![no_main]
//! See `playfield_fuzz::model`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::model(data));
