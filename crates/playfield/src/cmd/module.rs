//! A module named on the command line, and what its maker says of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use playfield_core::manifest::{Kind, Limits, Manifest};

/// A module to run.
pub struct Module {
    /// The `.wasm` file.
    pub path: PathBuf,
    /// What it may take.
    pub limits: Limits,
}

impl Module {
    /// A `.wasm` file, or a folder with a `title.toml`. A file that is the entry of a `title.toml` beside it has that
    /// title's limits, so that it runs here as it does in a session.
    pub fn find(path: &Path) -> anyhow::Result<Module> {
        if path.is_dir() {
            let manifest = manifest(path)?;
            if manifest.kind() != Kind::Wasm {
                bail!("{} is played by a libretro core, which makes no promise to play the same twice", path.display());
            }
            return Ok(Module { path: path.join(manifest.entry), limits: manifest.limits });
        }
        if !path.exists() {
            bail!("there is no {}", path.display());
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let beside = folder.join("title.toml").exists().then(|| manifest(folder)).transpose()?;
        let its_own = beside.filter(|manifest| path.ends_with(&manifest.entry));
        Ok(Module { path: path.to_owned(), limits: its_own.map(|manifest| manifest.limits).unwrap_or_default() })
    }
}

/// The manifest in a folder.
pub fn manifest(folder: &Path) -> anyhow::Result<Manifest> {
    let path = folder.join("title.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Manifest::parse(&text).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_the_limits_of_the_title_it_is_the_entry_of() {
        let titles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../titles");
        let limits = |path: &str| Module::find(&titles.join(path)).unwrap().limits.memory_mb;
        assert_eq!(limits("gloamling"), 4);
        assert_eq!(limits("gloamling/gloamling.wasm"), 4);
        assert_eq!(limits("gloamling/cover.png"), Limits::default().memory_mb, "another file of the folder");
        assert!(Module::find(&titles.join("nothing.wasm")).is_err());
    }
}
