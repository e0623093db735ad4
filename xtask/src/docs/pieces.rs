//! What a step of a page changes in a file, as the page tells its reader: a piece (a function, a struct, a line with
//! `use`) that is there already is replaced; a new one goes above the function `rules`, a new line with `use` or
//! `#include` to the others at the top, sorted.
//!
//! A piece has the comments above it, and ends with the first line that leaves no bracket open and ends with `;` or `}`.

/// The function that new pieces go above, in each language.
const ANCHORS: [&str; 2] = ["fn rules", "static void rules"];

/// `file` with the pieces of `step` in it; else what is wrong.
pub fn apply(file: &str, step: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = file.lines().collect();
    let step: Vec<&str> = step.lines().collect();
    let mut new: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < step.len() {
        if step[at].trim().is_empty() {
            at += 1;
            continue;
        }
        let head = head(&step, at).ok_or("it ends with a comment")?;
        let end = end(&step, head).ok_or_else(|| format!("`{}` does not end", step[head]))?;
        let piece = &step[at..end];
        if let Some((from, to)) = find(&lines, &key(step[head])) {
            if lines[from..to] == *piece {
                return Err(format!("`{}` is there already, as it is", step[head]));
            }
            lines.splice(from..to, piece.iter().copied());
        } else if is_import(step[head]) {
            let last = lines.iter().rposition(|line| is_import(line)).ok_or("nothing is imported yet")?;
            let after = lines.iter().position(|line| is_import(line) && *line > step[head]).unwrap_or(last + 1);
            lines.splice(after..after, piece.iter().copied());
        } else if step[head].starts_with(' ') {
            return Err(format!("`{}` is new, and inside something", step[head].trim()));
        } else {
            if at > 0 && step[at - 1].trim().is_empty() && !new.is_empty() {
                new.push("");
            }
            new.extend(piece);
        }
        at = end;
    }
    if !new.is_empty() {
        new.push("");
        let anchor = ANCHORS.iter().find_map(|anchor| find(&lines, anchor)).ok_or("there is no `rules` yet")?;
        lines.splice(anchor.0..anchor.0, new);
    }
    Ok(lines.join("\n") + "\n")
}

/// The first line from `at` that is no comment or attribute.
fn head(lines: &[&str], at: usize) -> Option<usize> {
    (at..lines.len()).find(|i| !is_remark(lines[*i]))
}

fn is_remark(line: &str) -> bool {
    let line = line.trim();
    ["//", "/*", "#[", "* "].iter().any(|begin| line.starts_with(begin))
}

fn is_import(line: &str) -> bool {
    line.starts_with("use ") || line.starts_with("#include")
}

/// The line after the piece whose head this is.
fn end(lines: &[&str], head: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, line) in lines.iter().enumerate().skip(head) {
        depth += line.chars().map(|c| i32::from("([{".contains(c)) - i32::from(")]}".contains(c))).sum::<i32>();
        if depth == 0 && (line.ends_with([';', '}']) || line.starts_with("#include")) {
            return Some(i + 1);
        }
    }
    None
}

/// What makes two heads the same piece: how far they are in, and what they name.
fn key(head: &str) -> String {
    if head.starts_with("#include") {
        return head.to_owned();
    }
    if let Some(path) = head.strip_prefix("use ") {
        let path = path.split(['{', ';']).next().unwrap_or_default();
        return format!("use {}", path.rsplit_once("::").map_or(path, |(room, _)| room));
    }
    head.split(['(', '=', '{', ';', ':']).next().unwrap_or_default().trim_end().to_owned()
}

/// Where the piece of this key is: its first line, comments included, and the line after its last.
fn find(lines: &[&str], wanted: &str) -> Option<(usize, usize)> {
    let head = lines.iter().position(|line| key(line) == wanted)?;
    let from = (0..head).rev().take_while(|i| is_remark(lines[*i])).last().unwrap_or(head);
    // The comment that says what the file is stays.
    let from = if lines[from].starts_with("//!") { head } else { from };
    Some((from, end(lines, head)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
//! A file.
use sdk::{A, B};

const X: i32 = 1;

/// What happens.
fn rules() {
    one(X);
}

impl Title for T {
    fn tick(&mut self) {
        rules();
    }
}
";

    #[test]
    fn a_piece_that_is_there_is_replaced_and_a_new_one_goes_above_rules() {
        let step = "\
use sdk::{A, C};
use sdk::input::D;

const Y: i32 = 2;
/// Another.
const X: i32 =
    Y + 1;

fn more() {
    x[1] = 2;

    y();
}

    fn tick(&mut self) {
        more();
    }
";
        let expect = "\
//! A file.
use sdk::input::D;
use sdk::{A, C};

/// Another.
const X: i32 =
    Y + 1;

const Y: i32 = 2;

fn more() {
    x[1] = 2;

    y();
}

/// What happens.
fn rules() {
    one(X);
}

impl Title for T {
    fn tick(&mut self) {
        more();
    }
}
";
        assert_eq!(apply(FILE, step).as_deref(), Ok(expect));
    }

    #[test]
    fn what_cannot_be_applied_is_said() {
        let check = |step: &str, expect: &str| {
            let said = apply(FILE, step).unwrap_err();
            assert!(said.contains(expect), "{said}");
        };
        check("const X: i32 = 1;\n", "there already, as it is");
        check("    fn tock() {\n    }\n", "new, and inside something");
        check("fn more() {\n", "does not end");
        assert!(apply("use a::b;\n", "const Z: i32 = 1;\n").unwrap_err().contains("no `rules`"));
    }

    #[test]
    fn c_has_the_same_pieces() {
        let file = "#include \"a.h\"\n\nstatic struct game {\n    int x;\n} game;\n\nstatic void rules(void) {\n}\n";
        let step = "#include \"b.h\"\nstatic struct game {\n    int y;\n} game = {1};\n";
        let expect = "#include \"a.h\"\n#include \"b.h\"\n\nstatic struct game {\n    int y;\n} game = {1};\n\nstatic void rules(void) {\n}\n";
        assert_eq!(apply(file, step).as_deref(), Ok(expect));
    }
}
