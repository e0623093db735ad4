//! A page of the book: its fenced blocks, in order, with what the opening fence says of each.
//!
//! | fence | the block is |
//! |---|---|
//! | `sh` | commands, for a reader of either language |
//! | `sh rust`, `sh c` | commands for one of them |
//! | `rust FILE`, `c FILE`, `sh c FILE`, `toml FILE` … | a file, or what changes in it |
//! | `text`, after commands | what they print, among other things |
//!
//! A comment `<!-- not run: WHY -->` above a block keeps it from being run.

/// The languages that a page may be read for.
pub const LANGUAGES: [&str; 2] = ["rust", "c"];

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of its fence, from 1.
    pub line: usize,
    /// The words of the fence.
    pub info: Vec<String>,
    /// What is in it, each line with its end.
    pub text: String,
    /// Why it is not run, if it is not.
    pub not_run: Option<String>,
}

impl Block {
    /// Whether a reader of this language does what it says.
    pub fn is_for(&self, language: &str) -> bool {
        let others = LANGUAGES.iter().filter(|other| **other != language);
        !others.into_iter().any(|other| self.info.iter().any(|word| word == other))
    }

    /// The file it is, or changes.
    pub fn file(&self) -> Option<&str> {
        self.info.last().map(String::as_str).filter(|word| word.contains('.'))
    }

    /// Whether these are commands.
    pub fn is_commands(&self) -> bool {
        self.kind() == "sh" && self.file().is_none()
    }

    /// The first word of the fence.
    pub fn kind(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }
}

/// The blocks of a page.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let (mut blocks, mut open, mut not_run) = (Vec::new(), None::<Block>, None);
    for (line, number) in markdown.lines().zip(1..) {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(info)) => {
                let info = info.split_whitespace().map(str::to_owned).collect();
                open = Some(Block { line: number, info, text: String::new(), not_run: not_run.take() });
            }
            (None, None) => {
                let why = line.strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
                not_run = why.map(str::to_owned).or(not_run.filter(|_| line.trim().is_empty()));
            }
        }
    }
    blocks
}

/// The commands of a block, one each: a line that ends with a backslash goes on in the next.
pub fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", "");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// The pictures a page shows whose names begin so.
pub fn pictures<'a>(markdown: &'a str, begin: &str) -> Vec<&'a str> {
    let targets = markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| target.starts_with(begin)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# A page

```sh
one
two \\
    and more   # with a word
```

<!-- not run: it takes an hour -->

```sh c build.sh
three
```
text
```rust src/lib.rs
four
```
![p](pictures/a-one.png) ![p](pictures/b.png)
";

    #[test]
    fn blocks_are_found_with_what_their_fences_say() {
        let found = blocks(PAGE);
        let seen: Vec<_> = found.iter().map(|b| (b.line, b.file(), b.is_commands(), b.not_run.is_some())).collect();
        let expect =
            [(3, None, true, false), (11, Some("build.sh"), false, true), (15, Some("src/lib.rs"), false, false)];
        assert_eq!(seen, expect);
        let check = |block: usize, rust, c| {
            assert_eq!((found[block].is_for("rust"), found[block].is_for("c")), (rust, c), "block {block}");
        };
        check(0, true, true);
        check(1, false, true);
        check(2, true, false);
        assert_eq!(commands(&found[0].text), ["one", "two     and more   # with a word"]);
        assert_eq!(pictures(PAGE, "pictures/a-"), ["pictures/a-one.png"]);
    }
}
