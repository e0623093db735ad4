//! Arrows between crates only go down, and some libraries have one owner.

use super::Finding;
use super::tree::{Tree, short};
use crate::toml;

/// The floor of each crate; a new crate says its floor here. A crate may know those on lower floors only, so the
/// rooms of one floor never see each other.
const FLOORS: &[(&str, u8)] = &[
    ("core", 1),
    ("store", 2),
    ("runtime", 2),
    ("media", 2),
    ("transport", 2),
    ("control", 3),
    ("node", 3),
    ("session", 3),
    ("playfield", 4),
];

/// Libraries that stand for a concern, and the crates that own it.
const OWNERS: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("wasmtime", &["runtime"]),
    ("wasm-encoder", &["runtime"]),
    ("wasmparser", &["runtime"]),
    ("openh264-sys2", &["media"]),
    ("unsafe-libopus", &["media"]),
    ("str0m", &["transport"]),
    ("mio", &["transport"]),
    ("socket2", &["transport"]),
    ("axum", &["control"]),
    ("hyper", &["control"]),
    ("rcgen", &["control"]),
    ("rustls", &["control", "node"]),
    ("include_dir", &["control"]),
    ("clap", &["playfield"]),
    ("anyhow", &["playfield"]),
    ("tracing-subscriber", &["playfield"]),
];

/// Crates that build and test without engine and codecs.
pub const LIGHT: &[&str] = &["playfield-core", "playfield-store", "playfield-control", "playfield-node"];
/// What they must not bring in, by whatever way.
const HEAVY: &[&str] = &["wasmtime", "openh264-sys2", "unsafe-libopus", "str0m"];

struct Dependency {
    name: String,
    /// Only tests know it.
    dev: bool,
}

fn dependencies(manifest: &str) -> Vec<Dependency> {
    let known =
        |table: &str| table == "dependencies" || table.ends_with("-dependencies") || table.ends_with(".dependencies");
    let entries = toml::entries(manifest).into_iter().filter(|entry| known(&entry.table));
    let name = |key: &str| key.split('.').next().unwrap_or_default().trim_matches('"').to_owned();
    entries.map(|entry| Dependency { name: name(&entry.key), dev: entry.table.contains("dev-") }).collect()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

/// A crate knows crates of lower floors only.
pub fn only_down(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, path, text) in tree.manifests() {
        let Some(own) = floor(name) else {
            findings.push(Finding::new(path, 0, "has no floor yet: give it one in xtask/src/tidy/arrows.rs"));
            continue;
        };
        for dependency in dependencies(text) {
            let other = short(&dependency.name);
            let ours = dependency.name.starts_with("playfield");
            if ours && floor(other).is_none_or(|other| other >= own) {
                findings.push(Finding::new(path, 0, format!("{name} must not know {other}: arrows only go down")));
            }
        }
    }
    findings
}

/// A library that stands for a concern is known to the owner of that concern alone.
pub fn owners(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, path, text) in tree.manifests() {
        for dependency in dependencies(text).into_iter().filter(|dependency| !dependency.dev) {
            let owned = OWNERS.iter().find(|(library, _)| *library == dependency.name);
            if let Some((library, owners)) = owned.filter(|(_, owners)| !owners.contains(&name)) {
                let what = format!("only {} may know {library}", owners.join(" and "));
                findings.push(Finding::new(path, 0, what));
            }
        }
    }
    findings
}

/// Every crate takes the workspace's lints.
pub fn lints(tree: &Tree) -> Vec<Finding> {
    let takes = |text: &str| toml::entries(text).iter().any(|entry| entry.table == "lints" && entry.key == "workspace");
    let without = tree.manifests().filter(|(_, _, text)| !takes(text));
    without.map(|(_, path, _)| Finding::new(path, 0, "add `[lints]` with `workspace = true`")).collect()
}

/// A light crate brings in nothing heavy; `listed` has a package on each line.
pub fn light(package: &str, listed: &str) -> Vec<Finding> {
    let heavy = HEAVY.iter().filter(|heavy| listed.lines().any(|line| line.split(' ').next() == Some(heavy)));
    let what = |heavy: &&str| format!("brings in {heavy}; it must build and test without engine and codecs");
    heavy.map(|heavy| Finding::new(&format!("crates/{package}/Cargo.toml"), 0, what(heavy))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
        rule(&Tree::of(files)).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn an_arrow_up_or_across_is_found() {
        let check = |name: &str, dependency: &str, expect: &[&str]| {
            let path = format!("crates/playfield-{name}/Cargo.toml");
            let text = format!("[dependencies]\nplayfield-{dependency}.workspace = true\nserde = \"1\"\n");
            assert_eq!(found(only_down, &[(&path, &text)]), expect, "{name} -> {dependency}");
        };
        check("session", "media", &[]);
        check("node", "store", &[]);
        check("core", "store", &["core must not know store: arrows only go down"]);
        check("media", "transport", &["media must not know transport: arrows only go down"]);
        check("control", "node", &["control must not know node: arrows only go down"]);
        check("cellar", "core", &["has no floor yet: give it one in xtask/src/tidy/arrows.rs"]);
        check("node", "cellar", &["node must not know cellar: arrows only go down"]);
    }

    #[test]
    fn tests_do_not_look_up_either() {
        let text = "[dev-dependencies]\nplayfield-session = { path = \"../playfield-session\" }\n";
        assert_eq!(found(only_down, &[("crates/playfield-media/Cargo.toml", text)]).len(), 1);
    }

    #[test]
    fn a_library_has_its_owner() {
        let check = |name: &str, table: &str, expect: &[&str]| {
            let path = format!("crates/playfield-{name}/Cargo.toml");
            let text = format!("[{table}]\nrusqlite.workspace = true\n");
            assert_eq!(found(owners, &[(&path, &text)]), expect);
        };
        check("store", "dependencies", &[]);
        check("control", "dependencies", &["only store may know rusqlite"]);
        check("control", "target.'cfg(unix)'.dependencies", &["only store may know rusqlite"]);
        check("control", "dev-dependencies", &[]);
    }

    #[test]
    fn every_crate_takes_the_lints() {
        let path = "crates/playfield-core/Cargo.toml";
        assert_eq!(found(lints, &[(path, "[lints]\nworkspace = true\n")]).len(), 0);
        assert_eq!(found(lints, &[(path, "[package]\nname = \"x\"\n")]).len(), 1);
    }

    #[test]
    fn a_light_crate_stays_light() {
        assert_eq!(light("playfield-core", "serde v1\nwasmtime-environ v1\n").len(), 0);
        assert_eq!(light("playfield-core", "serde v1\nwasmtime v48.0.8\n").len(), 1);
    }
}
