//! C titles: all `.c` files of a folder in one go, against the headers in `sdk/c`.

use std::path::PathBuf;

use super::{Toolchain, folder};
use crate::shell::{Cmd, Failure, root, target};

/// The compiler whose bytes are in the tree, a package of the Python index.
const ZIG: &str = "0.15.2";

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

/// The pinned compiler, installed if need be, or else clang.
fn compiler() -> Result<(Cmd, Toolchain), Failure> {
    let venv = target().join("titles-venv");
    let python = venv.join("bin/python");
    let zig = || Cmd::at(&python).args(["-m", "ziglang"]);
    if zig().args(["version"]).read().is_ok_and(|version| version.trim() == ZIG) || install(&venv, &python) {
        return Ok((zig().args(["cc", "-target", "wasm32-freestanding"]), Toolchain::Pinned));
    }
    if Cmd::new("clang --version").works() && Cmd::new("wasm-ld --version").works() {
        println!("C compiler: clang, for want of the Python package ziglang {ZIG}");
        return Ok((Cmd::new("clang --target=wasm32"), Toolchain::Other));
    }
    Err(Failure::new(format!(
        "no C compiler for Wasm: `pip install ziglang=={ZIG}` in {} did not work, and clang with lld is not there; run: apt-get install python3-venv, or clang lld",
        venv.display()
    )))
}

fn install(venv: &PathBuf, python: &PathBuf) -> bool {
    println!("installing the C compiler ziglang {ZIG} into {}", venv.display());
    (python.exists() || Cmd::new("python3 -m venv").args([venv]).run().is_ok())
        && Cmd::at(python).args(["-m", "pip", "install", "--quiet", &format!("ziglang=={ZIG}")]).run().is_ok()
}
