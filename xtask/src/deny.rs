//! `deny`: every crate we link has a licence on the list in deny.toml, comes from the registry, and is not banned there.
//!
//! `cargo-deny` reads the same deny.toml and does more (advisories, above all); where it is installed it is run as
//! well. Building it takes longer than all our own crates, so nobody needs it: this covers what a change can break.

mod spdx;

use std::collections::BTreeSet;

use crate::shell::{Cmd, Failure, text};
use crate::toml;

/// Machines we link for.
const TARGETS: &[&str] = &["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
/// Where crates may come from, as Cargo.lock names it.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What deny.toml says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rules {
    allow: Vec<String>,
    /// Crate, and licences allowed for it alone.
    exceptions: Vec<(String, Vec<String>)>,
    /// Crate, and why not.
    bans: Vec<(String, String)>,
}

/// A crate that is linked: name, and licence as its author wrote it.
type Linked = (String, String);

/// Checks all. True: nothing was found.
pub fn run() -> Result<bool, Failure> {
    let rules = Rules::read(&text("deny.toml")?);
    let linked = linked()?;
    let mut problems = problems(&rules, &linked);
    problems.extend(strangers(&text("Cargo.lock")?));
    problems.iter().for_each(|problem| println!("{problem}"));
    println!("{} crates, {} problems", linked.len(), problems.len());
    let more = Cmd::new("cargo deny --version").works();
    if more {
        Cmd::new("cargo deny check bans licenses sources").run()?;
    }
    Ok(problems.is_empty())
}

/// All crates that are linked or run while building, on any of our machines.
fn linked() -> Result<BTreeSet<Linked>, Failure> {
    let mut all = BTreeSet::new();
    for target in TARGETS {
        let tree = Cmd::new("cargo tree --workspace --edges normal,build --prefix none --target").args([target]);
        all.extend(tree.args(["--format", "{p}|{l}"]).read()?.lines().filter_map(parse));
    }
    Ok(all)
}

fn parse(line: &str) -> Option<Linked> {
    let (package, licence) = line.trim().trim_end_matches(" (*)").split_once('|')?;
    Some((package.split(' ').next()?.to_owned(), licence.trim().to_owned()))
}

impl Rules {
    fn read(text: &str) -> Rules {
        let mut rules = Rules::default();
        for entry in toml::entries(text) {
            let tables = || toml::tables(&entry.value).into_iter();
            let first = |table, key| toml::field(table, key).into_iter().next().unwrap_or_default();
            match (entry.table.as_str(), entry.key.as_str()) {
                ("licenses", "allow") => rules.allow = toml::strings(&entry.value),
                ("licenses", "exceptions") => {
                    rules.exceptions =
                        tables().map(|table| (first(table, "crate"), toml::field(table, "allow"))).collect();
                }
                ("bans", "deny") => {
                    rules.bans = tables().map(|table| (first(table, "crate"), first(table, "reason"))).collect();
                }
                _ => {}
            }
        }
        rules
    }

    fn allows(&self, name: &str, licence: &str) -> bool {
        let exceptions = self.exceptions.iter().filter(|(known, _)| known == name).flat_map(|(_, allow)| allow);
        let allowed: Vec<&String> = self.allow.iter().chain(exceptions).collect();
        spdx::satisfied(licence, &|id| allowed.iter().any(|known| *known == id))
    }
}

fn problems(rules: &Rules, linked: &BTreeSet<Linked>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, licence) in linked {
        if let Some((_, why)) = rules.bans.iter().find(|(banned, _)| banned == name) {
            problems.push(format!("{name}: banned: {why} (`cargo tree -i {name}` tells who brings it)"));
        }
        if !rules.allows(name, licence) {
            let licence = if licence.is_empty() { "none stated" } else { licence };
            problems.push(format!("{name}: its licence is not on the list in deny.toml: {licence}"));
        }
    }
    problems
}

/// Crates that come from elsewhere than the registry.
fn strangers(lock: &str) -> Vec<String> {
    let (mut name, mut problems) = (String::new(), Vec::new());
    for entry in toml::entries(lock).into_iter().filter(|entry| entry.table == "package") {
        let value = toml::strings(&entry.value).pop().unwrap_or_default();
        match entry.key.as_str() {
            "name" => name = value,
            "source" if value != SOURCE => problems.push(format!("{name}: comes from {value}, not from crates.io")),
            _ => {}
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        exceptions = [{ crate = "odd", allow = ["Odd-1.0"] }]
        [bans]
        deny = [{ crate = "openssl", reason = "we have one TLS" }]
    "#;

    #[test]
    fn a_crate_is_judged_by_licence_and_name() {
        let check = |line: &str, expect: &str| {
            let linked = parse(line).into_iter().collect();
            assert_eq!(problems(&Rules::read(RULES), &linked).join("; "), expect);
        };
        check("serde v1.0.0|MIT OR Apache-2.0", "");
        check("serde v1.0.0 (proc-macro)|MIT OR Apache-2.0 (*)", "");
        check("odd v1.0.0|Odd-1.0", "");
        check("gnu v1.0.0|GPL-3.0", "gnu: its licence is not on the list in deny.toml: GPL-3.0");
        check("bare v1.0.0|", "bare: its licence is not on the list in deny.toml: none stated");
        let banned = "openssl: banned: we have one TLS (`cargo tree -i openssl` tells who brings it)";
        check("openssl v1.0.0|Apache-2.0", banned);
    }

    #[test]
    fn only_the_registry_is_a_source() {
        let lock = format!(
            "[[package]]\nname = \"ours\"\nversion = \"1\"\n\n[[package]]\nname = \"a\"\nsource = \"{SOURCE}\"\n\n\
             [[package]]\nname = \"b\"\nsource = \"git+https://example.org/b\"\n"
        );
        assert_eq!(strangers(&lock), ["b: comes from git+https://example.org/b, not from crates.io"]);
    }
}
