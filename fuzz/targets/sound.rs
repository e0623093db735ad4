#![no_main]
//! See `playfield_fuzz::sound`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::sound(data));
