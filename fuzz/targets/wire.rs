#![no_main]
//! See `playfield_fuzz::wire`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::wire(data));
