//! The book does what it says: its pages' blocks are taken out of the Markdown and done, as a reader would, in a fresh
//! folder; so page and product cannot drift apart.
//!
//! ```text
//!   page     the blocks of a page, and what the fences say of them
//!   pieces   a step's change to a file, as the page tells its reader to make it
//!   reader   somebody at a terminal: commands, one after the other
//!   server   what serves: started, asked, ended
//! ```
//!
//! Of `first-title.md` more is asked: it is read once for each language, each step's title is replayed, and the pictures
//! on the page are those that the title makes.

mod page;
mod pieces;
mod reader;
mod server;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::shell::{Cmd, Failure, playfield, root, target, text};
use crate::step::Outcome;
use crate::titles;
use page::Block;
use reader::Reader;

/// The pages whose commands are run, in the reader's order.
const PAGES: [&str; 7] = [
    "README.md",
    "docs/start.md",
    "docs/create.md",
    "docs/bring.md",
    "docs/sense.md",
    "docs/measure.md",
    "docs/reference/api.md",
];
const FIRST_TITLE: &str = "docs/first-title.md";
/// What the pictures on that page begin with.
const PICTURES: &str = "pictures/first-title-";
/// Pictures of each step that are compared, and how many of them must differ.
const FRAMES: usize = 240;
const MOVES: usize = 40;

/// `cargo xtask docs [--write] [PAGE...]`; `--write` replaces the pictures on the page by those that the title makes.
pub fn run(args: &[String]) -> Result<(), Failure> {
    let (flags, wanted): (Vec<&String>, Vec<&String>) = args.iter().partition(|arg| arg.starts_with("--"));
    if let Some(unknown) = flags.iter().find(|flag| **flag != "--write") {
        return Err(Failure::new(format!("unknown option {unknown}; there is --write")));
    }
    if let Some(unknown) = wanted.iter().find(|page| !PAGES.contains(&page.as_str()) && **page != FIRST_TITLE) {
        return Err(Failure::new(format!("{unknown} is none of {}, {FIRST_TITLE}", PAGES.join(", "))));
    }
    if !playfield().exists() {
        return Err(Failure::new(format!("{} is not there; run: cargo build --release", playfield().display())));
    }
    let is_wanted = |page: &str| wanted.is_empty() || wanted.iter().any(|name| *name == page);
    if is_wanted(FIRST_TITLE) {
        for language in page::LANGUAGES {
            timed(&format!("{FIRST_TITLE}, in {language}"), || first_title(language, !flags.is_empty()))?;
        }
    }
    PAGES.iter().filter(|page| is_wanted(page)).try_for_each(|page| timed(page, || plain(page)))
}

/// The part of `cargo xtask test`.
pub fn check() -> Result<Outcome, Failure> {
    run(&[]).map(|()| Outcome::Passed)
}

fn timed(name: &str, work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    println!("{name}");
    let began = Instant::now();
    work().map_err(|failure| Failure::new(format!("{name}: {failure}")))?;
    println!("    {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Makes a folder look like the tree's root after a build.
fn tree(folder: &Path) -> Result<(), Failure> {
    let done = || {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder.join("target/release"))?;
        for name in ["sdk", "titles", "models", "tests", "web", "playfield.toml", "crates"] {
            symlink(root().join(name), folder.join(name))?;
        }
        symlink(playfield(), folder.join("target/release/playfield"))?;
        // The compiler for C is fetched once, not once a page: what the page says then finds it there.
        symlink(target().join("titles-venv"), folder.join("target/zig"))
    };
    done().map_err(|error| Failure::new(format!("{}: {error}", folder.display())))
}

fn reader(name: &str) -> Result<Reader, Failure> {
    titles::c_compiler()?;
    let variables = titles::rust_variables()?;
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Reader::new(target().join("docs").join(name), variables)
}

/// The commands of a page.
fn plain(path: &str) -> Result<(), Failure> {
    let mut reader = reader("page")?;
    let start = reader.place.clone();
    for block in page::blocks(&text(path)?) {
        let here = |failure| Failure::new(format!("line {}: {failure}", block.line));
        if let Some(file) = block.file().filter(|file| file.contains('/')) {
            put(&reader.file(file), &block.text).map_err(here)?;
        }
        if block.is_commands() && is_run(&block) {
            for command in page::commands(&block.text) {
                reader.run(&command).map_err(here)?;
            }
            // A page says where its commands begin; a section does not go on where another one ended.
            reader.place.clone_from(&start);
        }
    }
    reader.close()
}

fn is_run(block: &Block) -> bool {
    if let Some(why) = &block.not_run {
        println!("    line {} is not run: {why}", block.line);
    }
    block.not_run.is_none()
}

/// The first title, from nothing to playable, by a reader of one language.
fn first_title(language: &str, write: bool) -> Result<(), Failure> {
    let markdown = text(FIRST_TITLE)?;
    let mut reader = reader(language)?;
    let mut said = String::new();
    let blocks = page::blocks(&markdown);
    for block in blocks.iter().filter(|block| block.is_for(language) && is_run(block)) {
        let here = |failure| Failure::new(format!("line {}: {failure}", block.line));
        if let Some(file) = block.file() {
            put(&reader.file(file), &block.text).map_err(here)?;
        } else if block.is_commands() {
            said.clear();
            for command in page::commands(&block.text) {
                said += &reader.run(&command).map_err(here)?;
                if command == "sh build.sh" {
                    plays(&mut reader).map_err(here)?;
                }
            }
        } else if block.kind() == "text" && (block.text.trim().is_empty() || !said.contains(block.text.trim())) {
            return Err(here(Failure::new(format!("it is not what the commands before it print:\n{said}"))));
        }
    }
    let place = reader.place.clone();
    reader.close()?;
    page::pictures(&markdown, PICTURES).into_iter().try_for_each(|picture| shown(&place, picture, write))
}

/// Writes a new file, or changes one that is there.
fn put(path: &Path, block: &str) -> Result<(), Failure> {
    let fail = |what: String| Failure::new(format!("{}: {what}", path.display()));
    // The template's own, which the first block of the page replaces.
    let known = fs::read_to_string(path).ok().filter(|text| text.contains("Windfall"));
    let text = known.map_or_else(|| Ok(block.to_owned()), |known| pieces::apply(&known, block)).map_err(fail)?;
    fs::write(path, text).map_err(|error| fail(error.to_string()))
}

/// The title that was just built moves, and does something else when something is pressed.
fn plays(reader: &mut Reader) -> Result<(), Failure> {
    let hashes = |more: &str| {
        let module = reader.file("windfall.wasm");
        let replay = Cmd::at(playfield()).args(["replay".as_ref(), module.as_os_str()]);
        let replay = replay.args(["--hashes", "--frames", &FRAMES.to_string()]);
        let replay =
            if more.is_empty() { replay } else { replay.args(["--inputs".as_ref(), reader.file(more).as_os_str()]) };
        let hashes = replay.read()?;
        let pictures = hashes.lines().filter_map(|line| line.split(' ').nth(1).map(str::to_owned));
        Ok::<Vec<String>, Failure>(pictures.collect())
    };
    let alone = hashes("")?;
    let mut different = alone.clone();
    different.sort();
    different.dedup();
    if different.len() < MOVES {
        return Err(Failure::new(format!("only {} of {FRAMES} pictures differ", different.len())));
    }
    if reader.file("moves.ndjson").exists() && hashes("moves.ndjson")? == alone {
        return Err(Failure::new("input changes nothing"));
    }
    Ok(())
}

/// A picture on the page is the one that the title made.
fn shown(place: &Path, picture: &str, write: bool) -> Result<(), Failure> {
    let kept = root().join("docs").join(picture);
    let made: PathBuf = place.join(picture.trim_start_matches(PICTURES));
    let fail = |path: &Path, error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let bytes = fs::read(&made).map_err(|error| fail(&made, error))?;
    if fs::read(&kept).is_ok_and(|kept| kept == bytes) {
        return Ok(());
    }
    if write {
        println!("    docs/{picture} written");
        return fs::write(&kept, bytes).map_err(|error| fail(&kept, error));
    }
    Err(Failure::new(format!("docs/{picture} is not what the title makes; look at it, then: cargo xtask docs --write")))
}
