//! Zig titles: cartridges for the WASM-4 console, compiled from a folder's `main.zig` and the files it imports.

use std::path::PathBuf;

use super::ziglang::ziglang;
use super::{Toolchain, folder};
use crate::shell::Failure;

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
    let compiler = ziglang().map_err(|why| Failure::new(format!("no Zig compiler: {why}")))?;
    compiler
        .args(["build-exe", &format!("titles/{id}/main.zig")])
        .args(FLAGS)
        .args(["--cache-dir".as_ref(), cache.as_os_str(), "--global-cache-dir".as_ref(), cache.as_os_str()])
        .args([format!("-femit-bin={}", out.display())])
        .run()?;
    Ok((out, Toolchain::Pinned))
}
