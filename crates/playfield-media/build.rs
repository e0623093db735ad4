//! Compiles the shims of libraries that not every build has.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "svt-av1")]
    shim("svt_av1", "SvtAv1Enc");
    #[cfg(feature = "x264")]
    shim("x264", "x264");
}

#[cfg(any(feature = "svt-av1", feature = "x264"))]
fn shim(name: &str, library: &str) {
    let source = format!("src/encode/{name}/shim.c");
    println!("cargo::rerun-if-changed={source}");
    cc::Build::new().file(source).warnings_into_errors(true).compile(&format!("playfield_{name}"));
    println!("cargo::rustc-link-lib={library}");
}
