#![no_main]
//! See `playfield_fuzz::cartridge`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| playfield_fuzz::cartridge(data));
