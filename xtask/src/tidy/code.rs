//! What may stand in which room's code.

use super::Finding;
use super::tree::{Tree, lines_with};

/// Files in which `unsafe` may stand, and the crates that may have such files.
const UNSAFE_FILES: &[&str] = &["ffi.rs", "simd.rs", "socket.rs", "sandbox.rs"];
const UNSAFE_CRATES: &[&str] = &["runtime", "media", "transport", "session"];

/// What would make a decision depend on more than its arguments.
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "thread_local",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "tokio",
];

/// Queues without a bound.
const UNBOUNDED: &[&str] = &["unbounded_channel", "unbounded", "std::sync::mpsc::channel"];

fn unsafe_room(name: &str, path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    UNSAFE_CRATES.contains(&name) && UNSAFE_FILES.contains(&file)
}

/// A finding for each line with one of the words.
fn each(path: &str, code: &str, words: &[&str], what: impl Fn(&str) -> String) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for word in words {
        for line in lines_with(code, word) {
            if findings.iter().all(|finding| finding.line != line) {
                findings.push(Finding::new(path, line, what(word)));
            }
        }
    }
    findings
}

/// `unsafe` stands only where readers look for it.
pub fn unsafe_has_its_rooms(tree: &Tree) -> Vec<Finding> {
    let what = |_: &str| {
        let (files, crates) = (UNSAFE_FILES.join(", "), UNSAFE_CRATES.join(", "));
        format!("`unsafe` belongs into files named {files}, in {crates}")
    };
    let outside = tree.sources().filter(|(name, path, _)| !unsafe_room(name, path));
    outside.flat_map(|(_, path, code)| each(path, &code, &["unsafe"], what)).collect()
}

/// A crate without such files says so to the compiler.
pub fn forbid_unsafe(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, manifest, _) in tree.manifests() {
        let folder = manifest.trim_end_matches("Cargo.toml");
        let has_rooms = tree.files().any(|(path, _)| path.starts_with(folder) && unsafe_room(name, path));
        let root = ["src/lib.rs", "src/main.rs"].map(|file| format!("{folder}{file}"));
        for (path, text) in root.iter().filter_map(|path| Some((path, tree.get(path)?))) {
            if !has_rooms && !text.contains("#![forbid(unsafe_code)]") {
                findings.push(Finding::new(path, 0, "add `#![forbid(unsafe_code)]`: the crate has no room for unsafe"));
            }
        }
    }
    findings
}

/// Only the binary's crate reads the environment and the command line.
pub fn environment(tree: &Tree) -> Vec<Finding> {
    let what =
        |word: &str| format!("{word}: only the `playfield` crate reads environment and arguments; take a setting");
    let others = tree.sources().filter(|(name, _, _)| *name != "playfield");
    others.flat_map(|(_, path, code)| each(path, &code, &["std::env", "env::var", "env::args"], what)).collect()
}

/// Decisions are made from arguments alone.
pub fn pure_core(tree: &Tree) -> Vec<Finding> {
    let what =
        |word: &str| format!("{word}: core has no clock, file, socket or thread; take what is needed as an argument");
    let core = tree.sources().filter(|(name, _, _)| *name == "core");
    core.flat_map(|(_, path, code)| each(path, &code, IMPURE, what)).collect()
}

/// Every queue says how much may wait.
pub fn bounded_queues(tree: &Tree) -> Vec<Finding> {
    let what = |word: &str| format!("{word}: a queue without a bound hides delay; say how much may wait");
    tree.sources().flat_map(|(_, path, code)| each(path, &code, UNBOUNDED, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> usize {
        rule(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn unsafe_outside_its_rooms_is_found() {
        let check = |path, text, expect| assert_eq!(count(unsafe_has_its_rooms, path, text), expect, "{path}: {text}");
        let code = "fn f() { unsafe { g() } }";
        check("crates/playfield-media/src/convert/simd.rs", code, 0);
        check("crates/playfield-media/src/convert.rs", code, 1);
        check("crates/playfield-core/src/simd.rs", code, 1);
        check("crates/playfield-core/src/a.rs", "// unsafe\nlet unsafe_code = \"unsafe\";", 0);
        check("crates/playfield-core/tests/a.rs", code, 0);
        check("xtask/src/a.rs", code, 0);
    }

    #[test]
    fn a_crate_without_unsafe_forbids_it() {
        let check = |files: &[(&str, &str)], expect| assert_eq!(forbid_unsafe(&Tree::of(files)).len(), expect);
        let manifest = ("crates/playfield-media/Cargo.toml", "");
        check(&[manifest, ("crates/playfield-media/src/lib.rs", "//! m")], 1);
        check(&[manifest, ("crates/playfield-media/src/lib.rs", "#![forbid(unsafe_code)]")], 0);
        check(&[manifest, ("crates/playfield-media/src/lib.rs", ""), ("crates/playfield-media/src/ffi.rs", "")], 0);
    }

    #[test]
    fn the_environment_is_read_in_one_place() {
        let check = |path, text, expect| assert_eq!(count(environment, path, text), expect, "{text}");
        check("crates/playfield/src/config.rs", "std::env::var(\"X\")", 0);
        check("crates/playfield-node/src/a.rs", "let x = std::env::args();", 1);
        check("crates/playfield-node/src/a.rs", "env!(\"CARGO_PKG_VERSION\")", 0);
        check("crates/playfield-node/src/a.rs", "#[cfg(test)]\nmod tests { use std::env; }", 0);
    }

    #[test]
    fn core_is_pure() {
        let check =
            |text, expect| assert_eq!(count(pure_core, "crates/playfield-core/src/a.rs", text), expect, "{text}");
        check("use std::net::{IpAddr, SocketAddr};", 0);
        check("let now = Instant::now();", 1);
        check("use std::fs;", 1);
        check("/// Unlike `Instant::now`", 0);
        assert_eq!(count(pure_core, "crates/playfield-node/src/a.rs", "use std::fs;"), 0);
    }

    #[test]
    fn a_queue_without_a_bound_is_found() {
        let check = |text, expect| assert_eq!(count(bounded_queues, "crates/playfield-node/src/a.rs", text), expect);
        check("mpsc::unbounded_channel()", 1);
        check("mpsc::channel(16)", 0);
    }
}
