//! The modules of the titles in the tree: rebuilt from their sources, or compared with them.
//!
//! A folder under `titles/` with a `main.c` is a C title (all its `.c` files are compiled together), one with a
//! `Cargo.toml` a Rust title, one with a `main.zig` a WASM-4 cartridge in Zig; a C title with an `nes.cfg` is a cartridge
//! for the NES, one with a `gb.s` a cartridge for the Game Boy. Under the pinned toolchains a rebuild gives the same
//! bytes; under others it must give the same pictures, which `playfield replay` counts on the title's own input log,
//! `demo.ndjson`. Cartridges of those two consoles are compared by their bytes alone, and so are the edge apps of cameras, under
//! `apps/`, which are built like titles.
//!
//! | language | pinned | else |
//! |---|---|---|
//! | C | Python package `ziglang`, in a virtual environment under the target folder | `clang` with `lld` |
//! | Zig | the same package, whose own language it is | nothing |
//! | Rust | rustc with the target wasm32-unknown-unknown, from rustup | Debian's `rustc-web`, unpacked under the target folder |
//! | C for the NES | cc65, the version of Debian 12 | another cc65 |
//! | C for the Game Boy | sdcc, the version of Debian 12 | another sdcc |

mod c;
mod cc65;
mod rust;
mod sdcc;
mod zig;
mod ziglang;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Cmd, Failure, exists, playfield, root, target};
use crate::step::Outcome;

/// Pictures of a title's own input log that are compared.
const DEMO_FRAMES: usize = 3600;

/// Where titles are, and the edge apps of cameras.
const FOLDERS: [&str; 2] = ["titles", "apps"];

/// The file that says a folder is a title with sources, and in which language.
const SOURCES: [&str; 3] = ["main.c", "main.zig", "Cargo.toml"];

/// Whether the toolchain in use is the one whose bytes are in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Toolchain {
    Pinned,
    Other,
}

/// `cargo xtask titles [--check] [ID...]`
pub fn run(args: &[String]) -> Result<(), Failure> {
    let (flags, wanted): (Vec<&String>, Vec<&String>) = args.iter().partition(|arg| arg.starts_with("--"));
    let check = flags.iter().any(|flag| *flag == "--check");
    if let Some(unknown) = flags.iter().find(|flag| **flag != "--check") {
        return Err(Failure::new(format!("unknown option {unknown}; there is --check")));
    }
    let ids = ids()?;
    if let Some(unknown) = wanted.iter().find(|id| !ids.contains(id)) {
        return Err(Failure::new(format!("there is no title or app {unknown}; there are {}", ids.join(", "))));
    }
    let chosen = ids.iter().filter(|id| wanted.is_empty() || wanted.contains(id));
    let failures: Vec<String> =
        chosen.filter_map(|id| one(id, check).err().map(|why| format!("{id}: {why}"))).collect();
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("; "))) }
}

/// The part of `cargo xtask test`: every module is what its source makes, and plays its log as it did.
pub fn check() -> Result<Outcome, Failure> {
    if !exists("titles") {
        return Ok(Outcome::Skipped("there is no titles folder"));
    }
    run(&["--check".to_owned()]).map(|()| Outcome::Passed)
}

/// The pinned compiler for C is there, under the target folder.
pub fn c_compiler() -> Result<(), Failure> {
    ziglang::ziglang().map(drop).map_err(Failure::new)
}

/// What a plain `cargo build` in a title's folder needs to know on this machine.
pub fn rust_variables() -> Result<Vec<(&'static str, OsString)>, Failure> {
    rust::variables()
}

/// Folders of titles with sources, by name.
fn ids() -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for folder in FOLDERS.into_iter().filter(|folder| exists(folder)) {
        let entries = fs::read_dir(root().join(folder)).map_err(|error| Failure::new(format!("{folder}: {error}")))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        ids.extend(names.filter(|id| SOURCES.iter().any(|file| exists(&format!("{folder}/{id}/{file}")))));
    }
    ids.sort();
    Ok(ids)
}

/// The folder of a title or an app.
fn home(id: &str) -> String {
    let [titles, apps] = FOLDERS;
    let folder = if exists(&format!("{apps}/{id}")) { apps } else { titles };
    format!("{folder}/{id}")
}

fn one(id: &str, check: bool) -> Result<(), Failure> {
    let made_for = made_for(id);
    let (built, toolchain) = build(id, made_for)?;
    let kept = root().join(format!("{}/{id}.{}", home(id), made_for.ending()));
    let same = kept.exists() && read(&built)? == read(&kept)?;
    match (same, check, toolchain) {
        (true, ..) => println!("{id}: bytes equal"),
        (false, true, Toolchain::Pinned) => {
            return Err(Failure::new(format!("its module is not what its source makes; run: cargo xtask titles {id}")));
        }
        (false, true, Toolchain::Other) if made_for != MadeFor::Wasm || is_app(id) => {
            println!("{id}: bytes differ, as they may under another toolchain; nothing else is compared");
        }
        (false, true, Toolchain::Other) => same_pictures(id, &built, &kept)?,
        (false, false, Toolchain::Pinned) => {
            copy(&built, &kept)?;
            println!("{id}: written");
        }
        (false, false, Toolchain::Other) => {
            copy(&built, &kept)?;
            println!("{id}: written, by a toolchain other than the pinned one: rebuild with that before you commit it");
        }
    }
    if made_for == MadeFor::Wasm && !is_app(id) { demo(id, &kept, check) } else { Ok(()) }
}

/// Whether it is an edge app: it makes no pictures to compare.
fn is_app(id: &str) -> bool {
    exists(&format!("{}/app.toml", home(id)))
}

/// What a title runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MadeFor {
    Wasm,
    Nes,
    GameBoy,
}

impl MadeFor {
    /// How the name of its module ends.
    fn ending(self) -> &'static str {
        match self {
            MadeFor::Wasm => "wasm",
            MadeFor::Nes => "nes",
            MadeFor::GameBoy => "gb",
        }
    }
}

fn made_for(id: &str) -> MadeFor {
    if exists(&format!("titles/{id}/nes.cfg")) {
        MadeFor::Nes
    } else if exists(&format!("titles/{id}/gb.s")) {
        MadeFor::GameBoy
    } else {
        MadeFor::Wasm
    }
}

fn build(id: &str, made_for: MadeFor) -> Result<(PathBuf, Toolchain), Failure> {
    match made_for {
        MadeFor::Nes => return cc65::build(id),
        MadeFor::GameBoy => return sdcc::build(id),
        MadeFor::Wasm => {}
    }
    if exists(&format!("{}/Cargo.toml", home(id))) {
        rust::build(id)
    } else if exists(&format!("titles/{id}/main.zig")) {
        zig::build(id)
    } else {
        c::build(id)
    }
}

/// The title's own log makes the pictures it made before: `demo.sha256` is the hash of their hashes.
fn demo(id: &str, module: &Path, check: bool) -> Result<(), Failure> {
    if !exists(&format!("titles/{id}/demo.ndjson")) || !playfield().exists() {
        println!("{id}: its demo was not replayed, for want of demo.ndjson or of {}", playfield().display());
        return Ok(());
    }
    let hash = hash_of_hashes(id, module)?;
    let path = root().join(format!("titles/{id}/demo.sha256"));
    let before = fs::read_to_string(&path).unwrap_or_default();
    if before.trim() == hash {
        println!("{id}: pictures equal");
    } else if check {
        return Err(Failure::new(format!("its demo makes other pictures than demo.sha256 says: {hash}")));
    } else {
        fs::write(&path, format!("{hash}\n")).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        println!("{id}: demo.sha256 written");
    }
    Ok(())
}

fn same_pictures(id: &str, built: &Path, kept: &Path) -> Result<(), Failure> {
    if !playfield().exists() {
        return Err(Failure::new(format!(
            "bytes differ, as they may under another toolchain, and {} is not there to compare pictures; run: cargo build --release",
            playfield().display()
        )));
    }
    if hash_of_hashes(id, built)? != hash_of_hashes(id, kept)? {
        return Err(Failure::new("its module makes other pictures than its source"));
    }
    println!("{id}: bytes differ, as they may under another toolchain; pictures equal");
    Ok(())
}

/// SHA-256 of what `playfield replay --hashes` prints for the title's own log.
fn hash_of_hashes(id: &str, module: &Path) -> Result<String, Failure> {
    let log = root().join(format!("titles/{id}/demo.ndjson"));
    let replay = Cmd::at(playfield()).args(["replay".as_ref(), module.as_os_str()]);
    let hashes = replay
        .args(["--inputs".as_ref(), log.as_os_str()])
        .args(["--frames", &DEMO_FRAMES.to_string(), "--hashes"])
        .read()?;
    if hashes.lines().count() != DEMO_FRAMES {
        return Err(Failure::new(format!(
            "{} printed other than {DEMO_FRAMES} hashes; build it anew",
            playfield().display()
        )));
    }
    let file = folder()?.join(format!("{id}.hashes"));
    fs::write(&file, hashes).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    let said = Cmd::new("sha256sum").args([&file]).read()?;
    Ok(said.split_whitespace().next().unwrap_or_default().to_owned())
}

/// Where builds go.
fn folder() -> Result<PathBuf, Failure> {
    let folder = target().join("titles");
    fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

/// An empty folder for what is compiled on the way to a title.
fn parts(id: &str) -> Result<PathBuf, Failure> {
    let parts = folder()?.join(format!("{id}.parts"));
    let failed = |error| Failure::new(format!("{}: {error}", parts.display()));
    if parts.exists() {
        fs::remove_dir_all(&parts).map_err(failed)?;
    }
    fs::create_dir_all(&parts).map_err(failed)?;
    Ok(parts)
}

/// A title's files with that ending: relative to the root and sorted, so that the order of a directory does not reach
/// the module.
fn sources(id: &str, ending: &str) -> Result<Vec<String>, Failure> {
    let home = home(id);
    let entries = fs::read_dir(root().join(&home)).map_err(|error| Failure::new(format!("{home}: {error}")))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<String> =
        names.filter(|name| name.ends_with(ending)).map(|name| format!("{home}/{name}")).collect();
    files.sort();
    Ok(files)
}

/// What a source is called among the parts: without its folder, and with an ending more.
fn part(parts: &Path, source: &str, ending: &str) -> PathBuf {
    let name = Path::new(source).file_name().unwrap_or_default().to_string_lossy();
    parts.join(format!("{name}.{ending}"))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    // Read and written, not copied, so that the module does not inherit an executable bit.
    fs::write(to, read(from)?).map_err(|error| Failure::new(format!("{}: {error}", to.display())))
}
