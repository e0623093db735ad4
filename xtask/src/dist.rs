//! `dist`: what one copies to another machine, as an archive.

use std::path::Path;

use crate::shell::{Cmd, Failure, exists, playfield, root, target, text};
use crate::{play, toml};

/// Files of the tree that go along, where they exist.
const ALONG: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "SPECIFICATION.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "THIRD_PARTY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "playfield.toml",
    "titles",
    "models",
    "apps",
    "sdk",
    "docs",
];

/// Builds `target/dist/playfield-VERSION-ARCH-OS.tar.gz`.
pub fn run() -> Result<(), Failure> {
    if !play::build() {
        return Err(Failure::new("nothing was packed"));
    }
    let name = format!("playfield-{}-{}-{}", version()?, std::env::consts::ARCH, std::env::consts::OS);
    let dist = target().join("dist");
    let folder = dist.join(&name);
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(failed)?;
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    std::fs::copy(playfield(), folder.join("playfield")).map_err(failed)?;
    for item in ALONG.iter().filter(|item| exists(item)) {
        copy(item, &folder)?;
    }
    let archive = dist.join(format!("{name}.tar.gz"));
    // Sorted names and no times or owners: the same tree makes the same archive.
    let fixed = "tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf";
    Cmd::new(fixed).args([&archive]).args(["-C"]).args([&dist]).args([&name]).run()?;
    println!("{}", archive.display());
    Ok(())
}

/// Copies what git knows of a file or folder.
fn copy(item: &str, to: &Path) -> Result<(), Failure> {
    let files = Cmd::new("git ls-files -z --").args([item]).read()?;
    for file in files.split('\0').filter(|file| !file.is_empty()) {
        let target = to.join(file);
        let failed = |error: std::io::Error| Failure::new(format!("{file}: {error}"));
        target.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        let source = root().join(file);
        // A link stays one: what it leads to is packed too.
        match std::fs::read_link(&source) {
            Ok(to) => std::os::unix::fs::symlink(to, target).map_err(failed)?,
            Err(_) => std::fs::copy(source, target).map(drop).map_err(failed)?,
        }
    }
    Ok(())
}

fn version() -> Result<String, Failure> {
    let entries = toml::entries(&text("Cargo.toml")?);
    let version = entries.iter().find(|entry| entry.table == "workspace.package" && entry.key == "version");
    let missing = || Failure::new("Cargo.toml has no workspace version");
    version.and_then(|entry| toml::strings(&entry.value).pop()).ok_or_else(missing)
}
