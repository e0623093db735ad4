//! The tree of files that the rules look at, and Rust code without what is not code.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use crate::shell::{Cmd, Failure, root};

/// Every file that git tracks or would: path to text, and the paths of what is not text.
#[derive(Debug, Default)]
pub struct Tree {
    texts: BTreeMap<String, String>,
    others: BTreeSet<String>,
}

impl Tree {
    /// The house as it stands.
    pub fn load() -> Result<Tree, Failure> {
        let listed = Cmd::new("git ls-files -z --cached --others --exclude-standard").read()?;
        let mut tree = Tree::default();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            match std::fs::read_to_string(root().join(path)) {
                Ok(text) => {
                    tree.texts.insert(path.to_owned(), text);
                }
                // Gone but not yet removed from the index: no business of ours.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(_) => {
                    tree.others.insert(path.to_owned());
                }
            }
        }
        Ok(tree)
    }

    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Tree { texts, others: BTreeSet::new() }
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether a file or a folder of this name is there.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.texts.contains_key(path)
            || self.others.contains(path)
            || self.texts.range(folder.clone()..).next().is_some_and(|(key, _)| key.starts_with(&folder))
    }

    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Source files of the crates, tests aside: crate without `playfield-`, path, and code.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str, String)> {
        let tests = self.test_files();
        self.files().filter_map(move |(path, text)| {
            let (name, rest) = path.strip_prefix("crates/")?.split_once('/')?;
            let source = rest.starts_with("src/") && rest.ends_with(".rs");
            let test = tests.iter().any(|stem| path.strip_prefix(stem).is_some_and(|end| end.starts_with(['.', '/'])));
            (source && !test).then(|| (short(name), path, code(text)))
        })
    }

    /// Paths, without `.rs`, of modules that are declared for tests only.
    fn test_files(&self) -> Vec<String> {
        let mut stems = Vec::new();
        for (path, text) in self.files().filter(|(path, _)| path.starts_with("crates/") && path.ends_with(".rs")) {
            let stem = path.trim_end_matches(".rs");
            let folder = match stem.rsplit_once('/') {
                Some((folder, "lib" | "main")) => folder,
                _ => stem,
            };
            for name in test_modules(text).filter_map(|(_, declared)| declared.strip_suffix(';')) {
                stems.push(format!("{folder}/{name}"));
            }
        }
        stems
    }

    /// The crates: name without `playfield-`, path of the manifest, and its text.
    pub fn manifests(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.files().filter_map(|(path, text)| {
            let name = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
            (!name.contains('/')).then(|| (short(name), path, text))
        })
    }
}

/// `playfield-core` is `core`; `playfield` stays.
pub fn short(name: &str) -> &str {
    name.strip_prefix("playfield-").unwrap_or(name)
}

/// Rust code with comments and what is in quotes blanked, and its test module cut off; lines stay where they are.
pub fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = skipped(rest, &out);
        let (piece, tail) = rest.split_at(length.max(c.len_utf8()));
        if length == 0 {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = tail;
    }
    let inline = test_modules(&out).find(|(_, declared)| declared.ends_with('{')).map(|(at, _)| at);
    out.truncate(inline.unwrap_or(out.len()));
    out
}

/// Where test modules begin, and their declaration: `tests {` or `tests;`.
fn test_modules(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let attribute = "#[cfg(test)]\nmod ";
    let declared = |rest: &str| rest.find([';', '{']).map_or(rest.len(), |end| end + 1);
    code.match_indices(attribute).map(move |(at, _)| {
        let rest = &code[at + attribute.len()..];
        (at, &rest[..declared(rest)])
    })
}

/// How many bytes at the start of `rest` are a comment or a literal; 0: it is code.
fn skipped(rest: &str, before: &str) -> usize {
    let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    let word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let raw = rest.trim_start_matches('b');
    if !word && raw.starts_with('r') {
        let hashes = raw[1..].len() - raw[1..].trim_start_matches('#').len();
        if raw[1 + hashes..].starts_with('"') {
            let start = rest.len() - raw.len() + 2 + hashes;
            return until(&format!("\"{}", "#".repeat(hashes)), start);
        }
    }
    match rest.as_bytes() {
        [b'"', ..] => quoted(rest, b'"'),
        // A lifetime has no closing quote nearby; a character has.
        [b'\'', b'\\', ..] | [b'\'', _, b'\'', ..] => quoted(rest, b'\''),
        _ => 0,
    }
}

fn quoted(rest: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Lines, from 1, on which `word` stands as a word of its own. A word may contain `::`.
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |line: &str| {
        line.match_indices(word)
            .any(|(at, _)| !line[..at].ends_with(inside) && !line[at + word.len()..].starts_with(inside))
    };
    code.lines().zip(1..).filter(|(line, _)| stands(line)).map(|(_, number)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_code_is_blanked() {
        let check = |text: &str, expect: &str| assert_eq!(code(text), expect, "{text:?}");
        check("a // unsafe\nb", "a          \nb");
        check("/* x\n y */z", "    \n     z");
        check(r#"f("un\"safe")"#, "f(          )");
        check(r##"f(r#"a "b" c"#)x"##, "f(            )x");
        check("br\"x\" y", "      y");
        check("for<'a> 'x' '\\''", "for<'a>         ");
        check("var\"s\"", "var   ");
        check("fn a() {}\n#[cfg(test)]\nmod tests {}\n", "fn a() {}\n");
        check("#[cfg(test)]\nmod tests;\nfn a() {}\n", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(lines_with("unsafe_code\nx unsafe {\nunsafety", "unsafe"), [2]);
        assert_eq!(lines_with("std::env::var\nmystd::env", "std::env"), [1]);
    }

    #[test]
    fn modules_for_tests_are_no_sources() {
        let declares = "mod b;\n#[cfg(test)]\nmod golden;\n";
        let tree = Tree::of(&[
            ("crates/x/src/lib.rs", declares),
            ("crates/x/src/b.rs", declares),
            ("crates/x/src/golden.rs", ""),
            ("crates/x/src/golden/more.rs", ""),
            ("crates/x/src/b/golden.rs", ""),
            ("crates/x/src/b/goldener.rs", ""),
        ]);
        let paths: Vec<_> = tree.sources().map(|(_, path, _)| path).collect();
        assert_eq!(paths, ["crates/x/src/b.rs", "crates/x/src/b/goldener.rs", "crates/x/src/lib.rs"]);
    }

    #[test]
    fn folders_are_known_by_their_files() {
        let tree = Tree::of(&[("docs/a.md", ""), ("docs-b/c.md", "")]);
        assert!(tree.has("docs") && tree.has("docs/") && tree.has("docs/a.md"));
        assert!(!tree.has("doc") && !tree.has("docs/b"));
    }
}
