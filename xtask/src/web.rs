//! The browser side: built when something in it changed since the last time.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::shell::{Cmd, Failure, root, target};

/// Folders of `web` that are made, not written.
const MADE: &[&str] = &["node_modules", "dist", "shots"];
/// Most bytes of the player, before compression: other people's pages load it.
const PLAYER_BYTES: u64 = 184_000;

/// Installs what the lock file names, if that is not there yet.
pub fn install(folder: &str) -> Result<(), Failure> {
    let folder_path = root().join(folder);
    let wanted = modified(&folder_path.join("package-lock.json"));
    // npm writes this file last, so one that is newer than the lock means a finished installation of it.
    let installed = modified(&folder_path.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= wanted {
        return Ok(());
    }
    Cmd::new("npm ci --no-audit --no-fund").dir(folder).run()
}

/// Builds `web/dist`, if anything changed.
pub fn build() -> Result<(), Failure> {
    let web = root().join("web");
    if !web.join("package.json").exists() {
        return Err(Failure::new("web/package.json is missing"));
    }
    let stamp_file = target().join("xtask/web.stamp");
    let stamp = format!("{:016x}\n", fingerprint(&web)?);
    let built = web.join("dist/index.html").exists();
    if built && std::fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        println!("web/dist is up to date");
        return Ok(());
    }
    install("web")?;
    Cmd::new("npm run --silent build").dir("web").run()?;
    let player = web.join("dist/player.js");
    let made = player.metadata().map_err(|error| Failure::new(format!("{}: {error}", player.display())))?;
    within_budget(made.len())?;
    let written = std::fs::create_dir_all(target().join("xtask")).and_then(|()| std::fs::write(&stamp_file, stamp));
    written.map_err(|error| Failure::new(format!("{}: {error}", stamp_file.display())))
}

/// A player that outgrew its budget is not taken for built.
fn within_budget(bytes: u64) -> Result<(), Failure> {
    if bytes <= PLAYER_BYTES {
        return Ok(());
    }
    let most = "leave something out, or argue for more in xtask/src/web.rs and SPECIFICATION.md";
    Err(Failure::new(format!("web/dist/player.js has {bytes} bytes, and may have {PLAYER_BYTES}: {most}")))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|meta| meta.modified()).ok()
}

/// A number that changes with any name or byte of what people wrote there.
fn fingerprint(folder: &Path) -> Result<u64, Failure> {
    let mut files = Vec::new();
    let failed = |error| Failure::new(format!("{}: {error}", folder.display()));
    walk(folder, &mut files).map_err(failed)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(folder).unwrap_or(&file).hash(&mut hasher);
        std::fs::read(&file).map_err(failed)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let made = MADE.iter().any(|made| entry.file_name() == *made);
        match entry.file_type()? {
            kind if kind.is_dir() && !made => walk(&entry.path(), into)?,
            kind if kind.is_file() => into.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_that_is_too_large_is_refused_with_both_sizes() {
        assert!(within_budget(PLAYER_BYTES).is_ok());
        let error = within_budget(PLAYER_BYTES + 1).unwrap_err().to_string();
        assert!(error.contains("184001") && error.contains("184000"), "{error}");
    }

    #[test]
    fn what_is_made_does_not_change_the_fingerprint() {
        let folder = std::env::temp_dir().join(format!("xtask-web-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            fingerprint(&folder).unwrap()
        };
        let first = write("src/a.ts", "1");
        assert_eq!(write("dist/a.js", "1"), first);
        assert_eq!(write("node_modules/x/a.js", "1"), first);
        assert_ne!(write("src/a.ts", "2"), first);
        assert_eq!(write("src/a.ts", "1"), first);
        assert_ne!(write("src/b.ts", ""), first);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
