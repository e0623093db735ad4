//! Zig titles: cartridges for the WASM-4 console, compiled from a folder's `main.zig` and the files it imports.

use std::path::PathBuf;

use super::{Toolchain, folder};
use crate::shell::{Cmd, Failure, target};

/// The compiler whose bytes are in the tree: the package that C titles are compiled with, in the same virtual environment.
/// Raise it there and here together.
const ZIG: &str = "0.15.2";

/// The memory is the console's, one page: its registers and its framebuffer end at 6,560, then comes the cartridge's data,
/// then its stack. Nothing of where or when it was compiled reaches the module.
const FLAGS: &[&str] = &[
    "-target",
    "wasm32-freestanding",
    "-O",
    "ReleaseSmall",
    "-fstrip",
    "-fno-entry",
    "--export=start",
    "--export=update",
    "--import-memory",
    "--initial-memory=65536",
    "--max-memory=65536",
    "--global-base=6560",
    "--stack",
    "14752",
];

pub fn build(id: &str) -> Result<(PathBuf, Toolchain), Failure> {
    let folder = folder()?;
    let out = folder.join(format!("{id}.wasm"));
    let cache = folder.join("zig-cache");
    compiler()?
        .args(["build-exe", &format!("titles/{id}/main.zig")])
        .args(FLAGS)
        .args(["--cache-dir".as_ref(), cache.as_os_str(), "--global-cache-dir".as_ref(), cache.as_os_str()])
        .args([format!("-femit-bin={}", out.display())])
        .run()?;
    Ok((out, Toolchain::Pinned))
}

/// The pinned compiler, installed if need be; there is no other.
fn compiler() -> Result<Cmd, Failure> {
    let venv = target().join("titles-venv");
    let python = venv.join("bin/python");
    let zig = || Cmd::at(&python).args(["-m", "ziglang"]);
    if zig().args(["version"]).read().is_ok_and(|version| version.trim() == ZIG) {
        return Ok(zig());
    }
    println!("installing the Zig compiler ziglang {ZIG} into {}", venv.display());
    let there = python.exists() || Cmd::new("python3 -m venv").args([&venv]).run().is_ok();
    let package = format!("ziglang=={ZIG}");
    if there && Cmd::at(&python).args(["-m", "pip", "install", "--quiet", &package]).run().is_ok() {
        return Ok(zig());
    }
    Err(Failure::new(format!(
        "no Zig compiler: `pip install {package}` in {} did not work; it may want: apt-get install python3-venv",
        venv.display()
    )))
}
