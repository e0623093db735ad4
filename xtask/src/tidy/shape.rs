//! The look of the house: sizes, head comments, words that do not belong, links that lead nowhere.

use super::Finding;
use super::tree::Tree;
use crate::toml;

/// Kinds of files that people write line by line.
const WRITTEN: &[&str] = &[".rs", ".ts", ".svelte", ".css", ".js", ".mjs", ".c", ".h", ".sh"];
/// Lines a file may have; and past which it is worth a thought.
const MOST_LINES: usize = 1000;
const MANY_LINES: usize = 400;

/// Folders of one person's machine.
const HOMES: &[&str] = &["home", "root", "Users", "work"];

/// Files stay small enough to be read in one go.
pub fn sizes(tree: &Tree) -> Vec<Finding> {
    let written = tree.files().filter(|(path, _)| WRITTEN.iter().any(|end| path.ends_with(end)));
    let finding = |(path, text): (&str, &str)| match text.lines().count() {
        lines @ MOST_LINES.. => {
            Some(Finding::new(path, 0, format!("{lines} lines: split it, {MOST_LINES} is the most")))
        }
        lines @ MANY_LINES.. => Some(Finding::new(path, 0, format!("{lines} lines: does it do two things?")).mild()),
        _ => None,
    };
    written.filter_map(finding).collect()
}

/// The first thing one reads in a room is what it is.
pub fn head_comments(tree: &Tree) -> Vec<Finding> {
    let rooms = tree.files().filter(|(path, _)| path.contains("src/") && path.ends_with(".rs"));
    let rooms = rooms.filter(|(path, _)| path.starts_with("crates/") || path.starts_with("xtask/"));
    let rooms = rooms.filter(|(path, _)| !path.ends_with("/tests.rs"));
    let bare = rooms.filter(|(_, text)| !text.starts_with("//!"));
    bare.map(|(path, _)| Finding::new(path, 1, "begin with `//!`: what this file is and why it is so")).collect()
}

/// Nothing names a folder of somebody's machine.
pub fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for (line, number) in text.lines().zip(1..) {
            if let Some(home) = HOMES.iter().find(|home| names_folder(line, home)) {
                findings.push(Finding::new(path, number, format!("names a folder of one machine: /{home}/")));
            }
        }
    }
    findings
}

/// A guest's home is a folder of no machine.
const GUEST: &str = "player";

/// Whether `/home/` and something begins a path on this line, not merely goes on with one.
fn names_folder(line: &str, home: &str) -> bool {
    let folder = format!("/{home}/");
    line.match_indices(&folder).any(|(at, _)| {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}' | '$' | '~' | '*');
        let rest = &line[at + folder.len()..];
        !line[..at].ends_with(inside)
            && rest.starts_with(|c: char| c.is_alphanumeric() || c == '.')
            && !rest.strip_prefix(GUEST).is_some_and(|rest| !rest.starts_with(inside) || rest.starts_with('/'))
    })
}

/// A link in a document leads to a file of the tree.
pub fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md")) {
        for (line, number) in text.lines().zip(1..) {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = target.split(['#', ' ']).next().unwrap_or_default();
                let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
                if !elsewhere && !tree.has(&resolve(path, file)) {
                    findings.push(Finding::new(path, number, format!("the link to {file} leads nowhere")));
                }
            }
        }
    }
    findings
}

/// The path that `link` means in the document at `path`.
fn resolve(path: &str, link: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Each third-party crate is argued for in ARCHITECTURE.md.
pub fn argued_dependencies(tree: &Tree) -> Vec<Finding> {
    let (Some(manifest), Some(document)) = (tree.get("Cargo.toml"), tree.get("ARCHITECTURE.md")) else {
        return Vec::new();
    };
    let entries = toml::entries(manifest).into_iter().filter(|entry| entry.table == "workspace.dependencies");
    let names = entries.map(|entry| entry.key.split('.').next().unwrap_or_default().to_owned());
    let foreign = names.filter(|name| !name.starts_with("playfield"));
    let unargued = foreign.filter(|name| !document.contains(&format!("`{name}`")));
    let what = |name| format!("says nothing of `{name}`: argue for it under Dependencies, or do without");
    unargued.map(|name| Finding::new("ARCHITECTURE.md", 0, what(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
        rule(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn long_files_are_noticed_and_longer_ones_refused() {
        let check = |path: &str, lines: usize, expect: &[&str]| {
            assert_eq!(found(sizes, &[(path, &"x\n".repeat(lines))]), expect);
        };
        check("crates/a/src/a.rs", 399, &[]);
        check("crates/a/src/a.rs", 400, &["note: crates/a/src/a.rs: 400 lines: does it do two things?"]);
        check("web/src/a.svelte", 1000, &["web/src/a.svelte: 1000 lines: split it, 1000 is the most"]);
        check("web/package-lock.json", 9000, &[]);
    }

    #[test]
    fn a_room_says_what_it_is() {
        assert_eq!(found(head_comments, &[("crates/a/src/a/b.rs", "//! B.\n")]).len(), 0);
        assert_eq!(found(head_comments, &[("crates/a/src/a/b.rs", "use x;\n")]).len(), 1);
        assert_eq!(found(head_comments, &[("crates/a/src/b/tests.rs", "use x;\n")]).len(), 0);
        assert_eq!(found(head_comments, &[("crates/a/build.rs", "fn main() {}\n")]).len(), 0);
    }

    #[test]
    fn a_folder_of_one_machine_is_found() {
        let check = |before: &str, home: &str, after: &str, expect| {
            let line = format!("{before}/{home}/{after}");
            assert_eq!(found(machine_paths, &[("a.md", &line)]).len(), expect, "{line}");
        };
        check("in `", "home", "me/x`", 1);
        check("", "root", ".cargo", 1);
        check("https://example.org", "home", "page", 0);
        check("under ", "home", " as usual", 0);
        check("$X", "work", "a", 0);
        check("in `", "home", "player`, which", 0);
        check("in ", "home", "player/saves", 0);
        check("in ", "home", "player1/saves", 1);
    }

    #[test]
    fn links_lead_somewhere() {
        let check = |text: &str, expect| {
            let files = [("docs/a.md", text), ("docs/b.md", ""), ("README.md", ""), ("sdk/ABI.md", "")];
            assert_eq!(found(links, &files).len(), expect, "{text}");
        };
        check("[b](b.md) [r](../README.md#top) [s](../sdk/) [w](https://example.org) [h](#here)", 0);
        check("[c](c.md)", 1);
        check("[b](../b.md)", 1);
    }

    #[test]
    fn a_dependency_is_argued_for() {
        let manifest =
            "[workspace.dependencies]\nplayfield-core = { path = \"x\" }\nserde = \"1\"\nmio = { version = \"1\" }\n";
        let files = [("Cargo.toml", manifest), ("ARCHITECTURE.md", "| `serde` | words |")];
        assert_eq!(
            found(argued_dependencies, &files),
            ["ARCHITECTURE.md: says nothing of `mio`: argue for it under Dependencies, or do without"]
        );
    }
}
