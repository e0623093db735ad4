#![no_main]
//! See `playfield_fuzz::sdp`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::sdp(data));
