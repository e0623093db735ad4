//! `tidy`: the invariants of ARCHITECTURE.md that a program can check.
//!
//! Each rule looks at the tree as git sees it and says what is wrong, where, and why it matters. A rule is a function
//! from [`Tree`](tree::Tree) to findings, so each is tested on a tree of a few lines.
//!
//! ```text
//!   arrows   which crate may know which; who alone may know a library
//!   code     unsafe, environment, pure core, bounded queues
//!   shape    sizes, head comments, machine paths, links, argued dependencies
//! ```

mod arrows;
mod code;
mod shape;
mod tree;

use std::fmt;

use crate::shell::{Cmd, Failure};
use tree::Tree;

/// Something a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    /// The file.
    path: String,
    /// The line, from 1; 0: the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    what: String,
    /// To be noticed, not to be fixed now.
    mild: bool,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Finding { path: path.to_owned(), line, what: what.into(), mild: false }
    }

    fn mild(self) -> Self {
        Finding { mild: true, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.mild { "note: " } else { "" };
        match self.line {
            0 => write!(f, "{word}{}: {}", self.path, self.what),
            line => write!(f, "{word}{}:{line}: {}", self.path, self.what),
        }
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    arrows::only_down,
    arrows::owners,
    arrows::lints,
    code::unsafe_has_its_rooms,
    code::forbid_unsafe,
    code::environment,
    code::pure_core,
    code::bounded_queues,
    shape::sizes,
    shape::head_comments,
    shape::machine_paths,
    shape::links,
    shape::argued_dependencies,
];

/// Checks all. True: nothing but notes was found.
pub fn run() -> Result<bool, Failure> {
    let tree = Tree::load()?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    for package in arrows::LIGHT {
        let deps = Cmd::new("cargo tree --edges normal,build --prefix none --format {p} --package").args([package]);
        findings.extend(arrows::light(package, &deps.read()?));
    }
    findings.sort_by_key(|finding| (!finding.mild, finding.path.clone(), finding.line));
    findings.iter().for_each(|finding| println!("{finding}"));
    let wrong = findings.iter().filter(|finding| !finding.mild).count();
    println!("{} files, {} problems, {} notes", tree.len(), wrong, findings.len() - wrong);
    Ok(wrong == 0)
}
