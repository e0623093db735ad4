//! Compiles what Rust cannot define: the variadic function that libretro cores log with, and a stand-in for libxkbcommon, which
//! is opened when it is needed instead of linked.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/libretro/log.c");
    println!("cargo::rerun-if-changed=src/desktop/xkbcommon/stand_in.c");
    cc::Build::new().file("src/libretro/log.c").warnings_into_errors(true).compile("playfield_libretro_log");
    // The crate `xkbcommon` asks the linker for a library of this name, and finds this one first.
    let mut stand_in = cc::Build::new();
    stand_in
        .file("src/desktop/xkbcommon/stand_in.c")
        .warnings_into_errors(true)
        .cargo_metadata(false)
        .compile("xkbcommon");
    println!("cargo::rustc-link-search=native={}", env::var("OUT_DIR").expect("cargo sets it"));
}
