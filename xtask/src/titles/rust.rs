//! Rust titles: cargo in the title's folder, with a compiler that can make Wasm.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Toolchain, folder, home};
use crate::shell::{Cmd, Failure, root, target};

/// The compiler whose bytes are in the tree.
const RUSTC: &str = "1.95.0";
const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler for the web, its library's source and what both need to run.
const DEBIAN: &[&str] = &["rustc-web", "rust-web-src", "rust-web-llvm", "libstd-rust-web-dev", "llvm-22-linker-tools"];

pub fn build(id: &str) -> Result<(PathBuf, Toolchain), Failure> {
    let folder = folder()?;
    let (cargo, toolchain) = if has_target() { pinned()? } else { debian()? };
    // Paths of this checkout must not reach the module.
    let remap = format!("target.{TARGET}.rustflags=[\"--remap-path-prefix={}=.\"]", root().display());
    let build = cargo.dir(&home(id)).args(["--release", "--locked", "--target", TARGET, "--config", &remap]);
    build.args(["--target-dir".as_ref(), folder.as_os_str()]).run()?;
    let file = format!("{}.wasm", id.replace('-', "_"));
    Ok((folder.join(TARGET).join("release").join(file), toolchain))
}

/// Whether rustc has, or rustup can fetch, the library for Wasm.
fn has_target() -> bool {
    let there = || {
        let folder = Cmd::new("rustc --print target-libdir --target").args([TARGET]).read();
        folder.is_ok_and(|folder| Path::new(folder.trim()).exists())
    };
    there() || (Cmd::new("rustup target add").args([TARGET]).minutes(3).works() && there())
}

fn pinned() -> Result<(Cmd, Toolchain), Failure> {
    let version = Cmd::new("rustc --version").read()?;
    let toolchain = if version.starts_with(&format!("rustc {RUSTC} ")) { Toolchain::Pinned } else { Toolchain::Other };
    if toolchain == Toolchain::Other {
        println!("Rust compiler: {}, not the pinned {RUSTC}", version.trim());
    }
    Ok((Cmd::new("cargo build"), toolchain))
}

/// Debian's compiler, which builds the core library from its source first.
fn debian() -> Result<(Cmd, Toolchain), Failure> {
    let variables = debian_variables()?;
    let cargo = variables.into_iter().fold(Cmd::new("cargo build"), |cargo, (name, value)| cargo.env(name, value));
    Ok((cargo, Toolchain::Other))
}

/// What makes a plain `cargo build` for Wasm work here: nothing, where rustc has the library for it.
pub fn variables() -> Result<Vec<(&'static str, OsString)>, Failure> {
    if has_target() { Ok(Vec::new()) } else { debian_variables() }
}

fn debian_variables() -> Result<Vec<(&'static str, OsString)>, Failure> {
    let unpacked = target().join("titles-rustc");
    let usr = if Path::new("/usr/lib/rustlib/src/rust/library").exists() && Path::new("/usr/bin/rustc").exists() {
        PathBuf::from("/usr")
    } else {
        unpack(&unpacked)?;
        unpacked.join("usr")
    };
    println!("Rust compiler: Debian's, under {}", usr.display());
    let libraries = format!("{0}/lib/x86_64-linux-gnu:{0}/lib/llvm-22/lib", usr.display());
    Ok(vec![
        ("CARGO_UNSTABLE_BUILD_STD", "core,panic_abort".into()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker(&usr)?.into()),
        ("RUSTC", usr.join("bin/rustc").into()),
        ("RUSTC_BOOTSTRAP", "1".into()),
        ("LD_LIBRARY_PATH", libraries.into()),
    ])
}

/// rustup's linker, or the one that came with Debian's compiler.
fn linker(usr: &Path) -> Result<PathBuf, Failure> {
    let sysroot = Cmd::new("rustc --print sysroot").read()?;
    let ours = Path::new(sysroot.trim()).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld");
    let theirs = usr.join("bin/rust-lld");
    let found = [ours, theirs].into_iter().find(|path| path.exists());
    found.ok_or_else(|| Failure::new("no rust-lld to link Wasm with; run: rustup component add llvm-tools"))
}

fn unpack(to: &Path) -> Result<(), Failure> {
    if to.join("usr/bin/rustc").exists() {
        return Ok(());
    }
    std::fs::create_dir_all(to).map_err(|error| Failure::new(format!("{}: {error}", to.display())))?;
    println!("fetching Debian's Rust compiler for Wasm, about 140 MB, into {}", to.display());
    let script = format!(
        "apt-get download {} $(apt-cache depends -i {0} | sed -n 's/^ *Depends: \\(lib\\(std-rust-web\\|llvm\\).*\\)$/\\1/p' | sort -u) && for each in *.deb; do dpkg -x \"$each\" . && rm \"$each\"; done",
        DEBIAN.join(" ")
    );
    let folder = to.to_str().unwrap_or_default();
    Cmd::new("sh").args(["-c", &script]).dir(folder).run().map_err(|failure| {
        Failure::new(format!("{failure}; rustup cannot fetch the target {TARGET} either: one of the two is needed"))
    })
}
