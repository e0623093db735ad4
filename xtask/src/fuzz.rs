//! `fuzz`: bytes that nobody thought of, against every parser that foreign bytes reach.
//!
//! What must hold is in `fuzz/src`. Here it is built with coverage, and libFuzzer makes up bytes for a while:
//!
//! ```text
//!   fuzz/targets --build--> a program for each target
//!   fuzz/corpus/NAME, target/fuzz/corpus/NAME --campaign--> more of the latter --merge--> the former, few and small
//!                                                  |
//!                                                  +--> an input that breaks something: fuzz/corpus/NAME/crash-*
//! ```
//!
//! The tests replay `fuzz/corpus` on any toolchain; only this needs what is not stable yet, by the bootstrap switch, and
//! libFuzzer, which is of no use to anybody else: so it is a workspace of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shell::{Cmd, Failure, root, target};

/// Minutes for all targets together, if not said.
const MINUTES: u64 = 60;
/// Seconds that a target gets at least.
const LEAST_S: u64 = 10;
/// Seconds for one input: more is a hang.
const INPUT_S: u32 = 25;
/// Most memory, in MiB: more is a leak.
const MEMORY_MB: u32 = 2_048;
/// Longest input that is made up, in bytes, unless it began with a longer one; and longest that is kept.
const MADE_UP: u64 = 4_096;
const KEPT: u32 = 16 * 1_024;

/// Most inputs of a target that are kept in the tree, besides those that [`STAY`].
const MOST_INPUTS: usize = 64;

/// Coverage as libFuzzer reads it: a counter for each edge, and what is compared with what.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1";
/// Finds what `unsafe` code does to memory that is not its own; twice as slow.
const ADDRESSES: &str = "-Zsanitizer=address";

/// Inputs that stay whatever they reach: what it began with, and what once broke something.
const STAY: [&str; 2] = ["seed-", "crash-"];

#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    targets: Vec<String>,
    minutes: u64,
    addresses: bool,
}

/// How a campaign went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Campaign {
    name: String,
    seconds: u64,
    executions: u64,
    /// Inputs in the tree, and their bytes.
    inputs: usize,
    bytes: u64,
    /// Inputs that broke something, in the tree.
    found: Vec<PathBuf>,
}

/// Runs campaigns. True: nothing broke.
pub fn run(args: &[String]) -> Result<bool, Failure> {
    let wish = wish(args, &all_targets()?)?;
    let programs = build(&wish)?;
    let seconds = (wish.minutes * 60 / wish.targets.len() as u64).max(LEAST_S);
    let mut campaigns = Vec::new();
    for name in &wish.targets {
        println!("==> {name}, {seconds} s; see {}", log_of(name, "campaign").display());
        let campaign = campaign(&programs, name, seconds)?;
        campaign.found.iter().for_each(|input| println!("{}", how_to_replay(name, input)));
        campaigns.push(campaign);
    }
    if wish.targets.iter().any(|name| name == "delta") {
        // The browser's decoder is compared with what ours makes of the corpus.
        Cmd::new("cargo run --release --package playfield-fuzz --example stories").run()?;
    }
    print!("{}", table(&campaigns));
    Ok(campaigns.iter().all(|campaign| campaign.found.is_empty()))
}

fn wish(args: &[String], all: &[String]) -> Result<Wish, Failure> {
    let mut wish = Wish { minutes: MINUTES, ..Wish::default() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--minutes" => {
                let minutes = args.next().and_then(|minutes| minutes.parse().ok());
                wish.minutes = minutes.ok_or_else(|| Failure::new("--minutes needs a whole number"))?;
            }
            "--addresses" => wish.addresses = true,
            name if all.iter().any(|known| known == name) => wish.targets.push(name.to_owned()),
            other => return Err(Failure::new(format!("there is no target `{other}`; there are {}", all.join(" ")))),
        }
    }
    if wish.targets.is_empty() {
        wish.targets = all.to_vec();
    }
    Ok(wish)
}

/// The programs of `fuzz/targets`, by name.
fn all_targets() -> Result<Vec<String>, Failure> {
    let files = files(&root().join("fuzz/targets"))?;
    let stems = files.iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    Ok(stems.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect())
}

/// Builds the programs; returns the folder they are in.
fn build(wish: &Wish) -> Result<PathBuf, Failure> {
    same_versions()?;
    let host = host(&Cmd::new("rustc -vV").read()?)?;
    let (folder, flags) = match wish.addresses {
        false => (work().join("build"), COVERAGE.to_owned()),
        true => (work().join("build-addresses"), format!("{COVERAGE} {ADDRESSES}")),
    };
    // The target is named so that build scripts and macros, which run here, are built without coverage.
    let bins = wish.targets.iter().flat_map(|name| ["--bin", name]);
    let cargo = Cmd::new("cargo build --release").dir("fuzz/targets").args(["--target", &host]).args(bins);
    let cargo = cargo.env("CARGO_TARGET_DIR", &folder).env("RUSTFLAGS", flags).env("RUSTC_BOOTSTRAP", "1");
    cargo.minutes(120).run()?;
    Ok(folder.join(host).join("release"))
}

/// Begins with the versions of the product, to which cargo adds libFuzzer. For that it may ask the registry, so it is done
/// only when they changed.
fn same_versions() -> Result<(), Failure> {
    let (from, to) = (root().join("Cargo.lock"), root().join("fuzz/targets/Cargo.lock"));
    let changed = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    if changed(&to) >= changed(&from) {
        return Ok(());
    }
    fs::copy(from, &to).map(drop).map_err(|error| Failure::new(format!("{}: {error}", to.display())))
}

fn host(version: &str) -> Result<String, Failure> {
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("rustc -vV does not say its host"))
}

fn campaign(programs: &Path, name: &str, seconds: u64) -> Result<Campaign, Failure> {
    let tree = root().join("fuzz/corpus").join(name);
    let (learned, broken) = (work().join("corpus").join(name), work().join("found").join(name));
    // What an earlier run found is in the tree by now, or was taken out of it.
    drop(fs::remove_dir_all(&broken));
    for folder in [&tree, &learned, &broken] {
        make(folder)?;
    }
    let began = std::time::Instant::now();
    let limits = [
        format!("-max_total_time={seconds}"),
        format!("-timeout={INPUT_S}"),
        format!("-rss_limit_mb={MEMORY_MB}"),
        format!("-max_len={}", sizes(&tree)?.fold(MADE_UP, u64::max)),
        format!("-artifact_prefix={}/", broken.display()),
    ];
    let (log, well) = fuzzer(programs, name, "campaign", limits.iter().map(String::as_str), &[&learned, &tree])?;
    let seconds = began.elapsed().as_secs();
    let found = keep(&broken, &tree)?;
    if !well && found.is_empty() {
        return Err(Failure::new(format!("{name} ended early; see {}", log_of(name, "campaign").display())));
    }
    merge(programs, name, &learned, &tree)?;
    let (inputs, bytes) = (sizes(&tree)?.count(), sizes(&tree)?.sum());
    Ok(Campaign { name: name.to_owned(), seconds, executions: executions(&log), inputs, bytes, found })
}

/// Runs a program of libFuzzer; returns what it said, and whether it ended well.
fn fuzzer<'a>(
    programs: &Path,
    name: &str,
    doing: &str,
    flags: impl Iterator<Item = &'a str>,
    folders: &[&Path],
) -> Result<(String, bool), Failure> {
    let path = log_of(name, doing);
    make(path.parent().unwrap_or(&path))?;
    let failed = |error: std::io::Error| Failure::new(format!("{name} does not run: {error}"));
    let log = fs::File::create(&path).map_err(failed)?;
    let mut command = Command::new(programs.join(name));
    command.current_dir(root()).arg("-print_final_stats=1").args(flags).args(folders);
    // A wrong guess is one line, not a page.
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let status = command.status().map_err(failed)?;
    let said = fs::read(&path).map_err(failed)?;
    Ok((String::from_utf8_lossy(&said).into_owned(), status.success()))
}

/// Puts what broke something into the tree, where the tests find it.
fn keep(broken: &Path, tree: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut kept = Vec::new();
    for input in files(broken)? {
        let name = input.file_name().unwrap_or_default().to_string_lossy();
        // `slow-unit-*` is a hint, no more.
        let Some(hash) = ["crash-", "timeout-", "oom-", "leak-"].iter().find_map(|kind| name.strip_prefix(kind)) else {
            continue;
        };
        let to = tree.join(format!("crash-{hash}"));
        fs::copy(&input, &to).map_err(|error| Failure::new(format!("{}: {error}", to.display())))?;
        kept.push(to);
    }
    Ok(kept)
}

/// Makes the tree's corpus the fewest inputs that reach all that was reached, besides those that [`STAY`].
fn merge(programs: &Path, name: &str, learned: &Path, tree: &Path) -> Result<(), Failure> {
    let fewer = work().join("merged").join(name);
    drop(fs::remove_dir_all(&fewer));
    make(&fewer)?;
    let failed = |error: std::io::Error| Failure::new(format!("the corpus of {name} cannot be kept: {error}"));
    let stays = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        STAY.iter().any(|start| name.starts_with(start))
    };
    for file in files(tree)?.iter().filter(|file| stays(file)) {
        fs::copy(file, fewer.join(file.file_name().unwrap_or_default())).map_err(failed)?;
    }
    // How often an edge was taken makes no difference here: that would keep ten times as many.
    let (size, memory) = (format!("-max_len={KEPT}"), format!("-rss_limit_mb={MEMORY_MB}"));
    let flags = ["-merge=1", "-set_cover_merge=1", "-use_counters=0", &size, &memory];
    let (_, merged) = fuzzer(programs, name, "merge", flags.into_iter(), &[&fewer, learned, tree])?;
    if !merged {
        let log = log_of(name, "merge");
        return Err(Failure::new(format!(
            "the corpus of {name} stays as it was: merging failed, see {}",
            log.display()
        )));
    }
    for file in files(tree)?.iter().filter(|file| !stays(file)) {
        fs::remove_file(file).map_err(failed)?;
    }
    let mut new = files(&fewer)?;
    new.retain(|file| !stays(file));
    // They were written in order: the one that reaches most comes first.
    new.sort_by_key(|file| file.metadata().and_then(|about| about.modified()).ok());
    for file in new.iter().take(MOST_INPUTS) {
        fs::copy(file, tree.join(file.file_name().unwrap_or_default())).map_err(failed)?;
    }
    Ok(())
}

/// How many inputs a campaign tried, from what it said last.
fn executions(log: &str) -> u64 {
    let stat = |line: &str| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok();
    let step = |line: &str| line.strip_prefix('#')?.split_whitespace().next()?.parse().ok();
    log.lines().rev().find_map(stat).or_else(|| log.lines().rev().find_map(step)).unwrap_or(0)
}

fn how_to_replay(name: &str, input: &Path) -> String {
    let path = input.strip_prefix(root()).unwrap_or(input).display();
    format!("BROKEN: {path}\n  replay it: cargo test --release -p playfield-fuzz --test replay {name}")
}

fn table(campaigns: &[Campaign]) -> String {
    let mut text = format!(
        "\n{:10} {:>8} {:>12} {:>7} {:>7} {:>6}\n",
        "target", "seconds", "executions", "inputs", "KiB", "broken"
    );
    for it in campaigns {
        let (kib, broken) = (it.bytes.div_ceil(1_024), it.found.len());
        text += &format!("{:10} {:8} {:12} {:7} {kib:7} {broken:6}\n", it.name, it.seconds, it.executions, it.inputs);
    }
    text
}

/// Where all of this happens.
fn work() -> PathBuf {
    target().join("fuzz")
}

fn log_of(name: &str, doing: &str) -> PathBuf {
    work().join("log").join(format!("{name}-{doing}.log"))
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))
}

/// The files of a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(failed)?.collect();
    let mut files: Vec<_> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

/// How many bytes each file of a folder has.
fn sizes(folder: &Path) -> Result<impl Iterator<Item = u64>, Failure> {
    Ok(files(folder)?.into_iter().filter_map(|file| Some(file.metadata().ok()?.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_minutes_are_understood() {
        let all = ["sdp", "wire"].map(str::to_owned);
        let check = |args: &[&str], expect: Result<(&[&str], u64, bool), &str>| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            match (wish(&args, &all), expect) {
                (Ok(wish), Ok(expect)) => {
                    assert_eq!((wish.minutes, wish.addresses), (expect.1, expect.2));
                    assert_eq!(wish.targets, expect.0);
                }
                (Err(failure), Err(expect)) => assert!(failure.to_string().contains(expect), "{failure}"),
                (got, expect) => panic!("{got:?}, not {expect:?}"),
            }
        };
        check(&[], Ok((&["sdp", "wire"], 60, false)));
        check(&["wire", "--minutes", "5"], Ok((&["wire"], 5, false)));
        check(&["--addresses"], Ok((&["sdp", "wire"], 60, true)));
        check(&["--minutes"], Err("a whole number"));
        check(&["dance"], Err("no target `dance`; there are sdp wire"));
    }

    #[test]
    fn executions_are_read_from_the_last_words() {
        let check = |log, expect| assert_eq!(executions(log), expect);
        check("#2\tINITED\n#900\tNEW\nstat::number_of_executed_units: 1234\nstat::x: 5\n", 1_234);
        check("#2\tINITED\n#900\tpulse cov: 5\n==1== ERROR\n", 900);
        check("no such file", 0);
    }

    #[test]
    fn the_table_has_a_line_for_each_target() {
        let campaign = Campaign { name: "wire".to_owned(), executions: 77, bytes: 1_025, ..Campaign::default() };
        let text = table(&[campaign]);
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("wire") && text.contains("77") && text.contains(" 2 "), "{text}");
    }

    #[test]
    fn the_host_is_read_from_the_compiler() {
        assert_eq!(host("rustc 1\nhost: x86_64-unknown-linux-gnu\n"), Ok("x86_64-unknown-linux-gnu".to_owned()));
        assert!(host("rustc 1").is_err());
    }
}
