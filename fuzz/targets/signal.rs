#![no_main]
//! See `playfield_fuzz::signal`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::signal(data));
