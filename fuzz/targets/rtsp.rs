#![no_main]
//! See `playfield_fuzz::rtsp`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::rtsp(data));
