#![no_main]
//! See `playfield_fuzz::evp`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::evp(data));
