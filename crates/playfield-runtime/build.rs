//! Compiles the one function that Rust cannot define: a variadic one, which libretro cores log with.

fn main() {
    println!("cargo::rerun-if-changed=src/libretro/log.c");
    cc::Build::new().file("src/libretro/log.c").warnings_into_errors(true).compile("playfield_libretro_log");
}
