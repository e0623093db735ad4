//! C titles: all `.c` files of a folder in one go, against the headers in `sdk/c`.

use std::path::PathBuf;

use super::ziglang::ziglang;
use super::{Toolchain, folder};
use crate::shell::{Cmd, Failure, root};

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
    compiler.args(FLAGS).args(sources(id)?).args(["-o".as_ref(), out.as_os_str()]).run()?;
    Ok((out, toolchain))
}

/// Relative to the root and sorted, so that the order of a directory does not reach the module.
fn sources(id: &str) -> Result<Vec<String>, Failure> {
    let entries = std::fs::read_dir(root().join("titles").join(id))
        .map_err(|error| Failure::new(format!("titles/{id}: {error}")))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<String> =
        names.filter(|name| name.ends_with(".c")).map(|name| format!("titles/{id}/{name}")).collect();
    files.sort();
    Ok(files)
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
