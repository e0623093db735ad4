//! C titles: all `.c` files of a folder in one go, against the headers in `sdk/c`.

use std::path::PathBuf;

use super::ziglang::ziglang;
use super::{Toolchain, folder, sources};
use crate::shell::{Cmd, Failure};

const FLAGS: &[&str] = &[
    "-std=c11",
    "-O2",
    "-mbulk-memory",
    "-ffreestanding",
    "-nostdlib",
    "-Wall",
    "-Wextra",
    "-Wno-unused-function",
    "-Isdk/c",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=65536",
];

pub fn build(id: &str) -> Result<(PathBuf, Toolchain), Failure> {
    let out = folder()?.join(format!("{id}.wasm"));
    let (compiler, toolchain) = compiler()?;
    compiler.args(FLAGS).args(sources(id, ".c")?).args(["-o".as_ref(), out.as_os_str()]).run()?;
    Ok((out, toolchain))
}

/// The pinned compiler, or else clang.
fn compiler() -> Result<(Cmd, Toolchain), Failure> {
    let why = match ziglang() {
        Ok(zig) => return Ok((zig.args(["cc", "-target", "wasm32-freestanding"]), Toolchain::Pinned)),
        Err(why) => why,
    };
    if Cmd::new("clang --version").works() && Cmd::new("wasm-ld --version").works() {
        println!("C compiler: clang, since {why}");
        return Ok((Cmd::new("clang --target=wasm32"), Toolchain::Other));
    }
    Err(Failure::new(format!(
        "no C compiler for Wasm: {why}, and clang with lld is not there; run: apt-get install python3-venv, or clang lld"
    )))
}
