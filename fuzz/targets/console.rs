#![no_main]
//! See `playfield_fuzz::console`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::console(data));
