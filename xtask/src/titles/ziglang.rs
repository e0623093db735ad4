//! The pinned compiler of C and Zig titles: a package of the Python index, in a virtual environment of its own.

use crate::shell::{Cmd, target};

/// The compiler whose bytes are in the tree.
const VERSION: &str = "0.15.2";

/// The compiler, installed if need be; else what did not work.
pub fn ziglang() -> Result<Cmd, String> {
    let venv = target().join("titles-venv");
    let python = venv.join("bin/python");
    let zig = || Cmd::at(&python).args(["-m", "ziglang"]);
    if zig().args(["version"]).read().is_ok_and(|version| version.trim() == VERSION) {
        return Ok(zig());
    }
    println!("installing the compiler ziglang {VERSION} into {}", venv.display());
    let there = python.exists() || Cmd::new("python3 -m venv").args([&venv]).run().is_ok();
    let package = format!("ziglang=={VERSION}");
    if there && Cmd::at(&python).args(["-m", "pip", "install", "--quiet", &package]).run().is_ok() {
        return Ok(zig());
    }
    Err(format!(
        "`pip install {package}` in {} did not work (Debian wants the package python3-venv for it)",
        venv.display()
    ))
}
